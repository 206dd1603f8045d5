"""The shapes of nodes, and where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from opslint.read.hcl import (
    ATTR,
    BIN,
    BLOCK,
    CALL,
    COND,
    FOR,
    GET,
    IDX,
    LIT,
    NUM,
    OBJ,
    PAREN,
    REF,
    SPLAT,
    STR,
    TFOR,
    TIF,
    TMPL,
    TUP,
    UN,
    HclError,
    parse,
    parse_expression,
    parse_template,
)
from opslint.read.hcl.checks import duplicate_keys, same


def value_of(text: str) -> Any:
    """Return the value of the one attribute of a text."""
    parsed = parse(text)
    assert parsed.errors == []
    return parsed.body[0][4]


def test_a_block_has_labels_and_the_end_of_its_header() -> None:
    text = 'resource "aws_vpc" main {\n  cidr = 1\n}\n'
    assert parse(text).body == [
        (
            BLOCK,
            0,
            text.index("}") + 1,
            "resource",
            (("aws_vpc", 9, 18), ("main", 19, 23)),
            text.index("{") + 1,
            [(ATTR, 28, 36, "cidr", (NUM, 35, 36, 1))],
        )
    ]


def test_labels_in_odd_places_are_the_same_labels() -> None:
    plain = parse('a "b" c {\n}\n').body[0]
    odd = parse('a /* x */ "\\u0062" c /* y */ {\n}\n').body[0]
    assert [label[0] for label in odd[4]] == [label[0] for label in plain[4]] == ["b", "c"]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("12", (NUM, 0, 2, 12)),
        ("1.5e1", (NUM, 0, 5, 15.0)),
        ("true", (LIT, 0, 4, True)),
        ("null", (LIT, 0, 4, None)),
        ('"x\\n"', (STR, 0, 5, "x\n")),
        ("a.b", (REF, 0, 3, ["a", "b"])),
        ("a . b", (REF, 0, 5, ["a", "b"])),
        ("f(1).b", (GET, 0, 6, (CALL, 0, 4, "f", [(NUM, 2, 3, 1)], False), "b")),
        ("a[0]", (IDX, 0, 4, (REF, 0, 1, ["a"]), (NUM, 2, 3, 0))),
        ("a.0", (IDX, 0, 3, (REF, 0, 1, ["a"]), (NUM, 2, 3, 0))),
        ("a.*.b", (SPLAT, 0, 5, (REF, 0, 1, ["a"]), False, ["b"])),
        ("a[*].b[0]", (SPLAT, 0, 9, (REF, 0, 1, ["a"]), True, ["b", (NUM, 7, 8, 0)])),
        ("a[*][*]", (SPLAT, 0, 7, (REF, 0, 1, ["a"]), True, [None])),
        ("f(a...)", (CALL, 0, 7, "f", [(REF, 2, 3, ["a"])], True)),
        ("a::b()", (CALL, 0, 6, "a::b", [], False)),
        ("[1]", (TUP, 0, 3, [(NUM, 1, 2, 1)])),
        ("{a=1}", (OBJ, 0, 5, [((STR, 1, 2, "a"), (NUM, 3, 4, 1))])),
        ("{true /**/ = 1}", (OBJ, 0, 15, [((STR, 1, 5, "true"), (NUM, 13, 14, 1))])),
        ("{(a)=1}", (OBJ, 0, 7, [((PAREN, 1, 4, (REF, 2, 3, ["a"])), (NUM, 5, 6, 1))])),
        ("[for x in y:x]", (FOR, 0, 14, None, "x", (REF, 10, 11, ["y"]), None, (REF, 12, 13, ["x"]), None, False)),
        (
            "{for k,v in y:k=>v... if z}",
            (
                *(FOR, 0, 27, "k", "v", (REF, 12, 13, ["y"])),
                *((REF, 14, 15, ["k"]), (REF, 17, 18, ["v"]), (REF, 25, 26, ["z"]), True),
            ),
        ),
        ("a?1:2", (COND, 0, 5, (REF, 0, 1, ["a"]), (NUM, 2, 3, 1), (NUM, 4, 5, 2))),
        ("1+2*3", (BIN, 0, 5, "+", (NUM, 0, 1, 1), (BIN, 2, 5, "*", (NUM, 2, 3, 2), (NUM, 4, 5, 3)))),
        ("1-2-3", (BIN, 0, 5, "-", (BIN, 0, 3, "-", (NUM, 0, 1, 1), (NUM, 2, 3, 2)), (NUM, 4, 5, 3))),
        ("-a.b", (UN, 0, 4, "-", (REF, 1, 4, ["a", "b"]))),
        ('"x${a}y"', (TMPL, 0, 8, ["x", (REF, 4, 5, ["a"]), "y"], 0)),
        ('"%{if a}x%{else}y%{endif}"', (TMPL, 0, 26, [(TIF, 1, 17, (REF, 6, 7, ["a"]), ["x"], ["y"])], 0)),
        ('"%{for k,v in a}x%{endfor}"', (TMPL, 0, 27, [(TFOR, 1, 17, "k", "v", (REF, 14, 15, ["a"]), ["x"])], 0)),
        ("<<A\nx\nA\n", (STR, 0, 7, "x\n")),
        ("<<A\n${b}\nA\n", (TMPL, 0, 10, [(REF, 6, 7, ["b"]), "\n"], 1)),
    ],
)
def test_expressions(text: str, node: Any) -> None:
    assert parse_expression(text) == node


@pytest.mark.parametrize(("text", "offset"), [("", 0), ("1 2", 2), ("a b", 2), ("f(", 2), ("x\0", 1), ("<<A\nx\nA", 0)])
def test_one_expression_and_nothing_else(text: str, offset: int) -> None:
    with pytest.raises(HclError) as caught:
        parse_expression(text)
    assert caught.value.offset == offset


def test_a_slash_after_a_value_may_begin_a_comment() -> None:
    assert value_of("a = b // c\n") == (REF, 4, 5, ["b"])
    assert value_of("a = b/* c */\n") == (REF, 4, 5, ["b"])
    assert value_of("a = b/c\n")[3] == "/"


def test_offsets_are_code_points_and_count_the_byte_order_mark() -> None:
    parsed = parse('\ufeffé = "日本"\r\nb = 1\r\n')
    assert parsed.errors == []
    assert [node[:4] for node in parsed.body] == [(ATTR, 1, 9, "é"), (ATTR, 11, 16, "b")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('a = "x ${~ b ~} y"\n', ["x", "y"]),
        ('a = "x ${b ~} y"\n', ["x ", "y"]),
        ('a = "x ${~ b} y"\n', ["x", " y"]),
        ("a = <<E\nx\n  ${~ b ~}\n  y\nE\n", ["x\n", "  y\n"]),  # one literal a line is trimmed, and no more
        ("a = <<-E\n    x\n      ${b}\n    E\n", ["x\n  ", "\n"]),
        ("a = <<-E\n    x\n  ${b}\n    E\n", ["  x\n", "\n"]),
        ("a = <<-E\n    x\n${b}\n    E\n", ["    x\n", "\n"]),  # a line that starts with a sequence has no indent
    ],
)
def test_trimming(text: str, parts: list[str]) -> None:
    node = value_of(text)
    assert node[0] == TMPL
    assert [part for part in node[3] if isinstance(part, str)] == parts


def test_a_flush_heredoc_keeps_blank_lines() -> None:
    assert value_of("a = <<-E\n    x\n\n      y\n    E\n")[3] == "x\n\n  y\n"


def test_a_heredoc_ends_behind_a_marker_that_stands_in_a_sequence() -> None:
    node = value_of("a = <<A\n${f(<<A\nx\nA\n)}y\nA\n")
    assert [type(part) for part in node[3]] == [tuple, str]
    assert node[3][0][4][0][3] == "x\n"


def test_template_files() -> None:
    assert parse_template("plain\n")[3] == "plain\n"
    assert parse_template("a ${b}\n%{ if c ~}\nd\n%{ endif }") == (
        *(TMPL, 0, 30),
        ["a ", (REF, 4, 5, ["b"]), "\n", (TIF, 7, 20, (REF, 13, 14, ["c"]), ["d\n"], [])],
        0,
    )
    with pytest.raises(HclError, match="missing endif"):
        parse_template("%{ if x }")


def test_duplicate_keys_are_found_everywhere() -> None:
    text = 'a {\n  b = [{ x = f(1), "x" = f( 1 ), (x) = 2, 1 = 3 }]\n  c = "${ { y = 1, y = 2 }["y"]}"\n}\nx = 1\n'
    parsed = parse(text)
    assert parsed.errors == []
    found = duplicate_keys(parsed.body)
    assert [(key, text[slice(*first)], text[slice(*second)], equal) for key, first, second, equal in found] == [
        ("x", "x", '"x"', True),
        ("y", "y", "y", False),
    ]


def test_three_of_a_key_are_compared_with_the_first() -> None:
    found = duplicate_keys(parse("a = {\n  b = 1\n  b = 2\n  b = 1\n}\n").body)
    assert [(first[0], second[0], equal) for _, first, second, equal in found] == [(8, 16, False), (8, 24, True)]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("f( a.b )", "f(a.b)", True),
        ("1", "2", False),
        ("1", '"1"', False),
        ("true", "1", False),
        ("[1, 2]", "[1]", False),
        ('"x${a}"', '"x${ a }"', True),
        ("a[*].b", "a.*.b", False),
    ],
)
def test_same(one: str, other: str, equal: bool) -> None:
    assert same(parse_expression(one), parse_expression(other)) is equal
