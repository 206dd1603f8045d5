"""Broken texts give what can be read, and errors with their places; nothing takes long or raises."""

from __future__ import annotations

import gc
import sys
import threading
import time
from typing import Any

import pytest

from opslint.model.limits import ERRORS_PER_FILE, HCL_DEPTH
from opslint.read.hcl import ATTR, BLOCK, ERR, HclError, parse, parse_expression, parse_json

DEEP = 10_000
TOO_DEEP = f"nested deeper than {HCL_DEPTH} levels"


def outline(body: list[Any]) -> list[Any]:
    """Return the names in a body: a list for a block, "!" for an error."""
    names: list[Any] = []
    for node in body:
        if node[0] == BLOCK:
            names.append([".".join([node[3], *(label[0] for label in node[4])]), *outline(node[6])])
        else:
            names.append(node[3] if node[0] == ATTR else "!")
    return names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = 1\nb = )\nc = 2\n", ["a", "!", "c"]),
        ("x {\n  a = 1 2\n  b = [\n    1 2,\n  ]\n  c = 3\n}\n", [["x", "!", "!", "c"]]),
        ("x { b = 1, c = 2 }\nd = 1\n", [["x", "b", "!"], "d"]),
        ("x { y {} }\nd = 1\n", [["x", ["y"]], "d"]),
        ("x {\n  b = 1 }\nd = 1\n", [["x", "b"], "d"]),
        ('x {\n  a = "\n  b = 1\n}\n', [["x", "!", "b"]]),
        # a broken heredoc is skipped with all its lines
        ("x {\n  a = <<E\nfor you } and me\n%{ if y }\nfoo bar\n  E\n  c = 1\n}\n", [["x", "!", "c"]]),
        # an object without its brace: the next block is not lost
        (
            'resource "a" "b" {\n  tags = {\n    x = 1\n\nresource "c" "d" {\n  y = 1\n}\n',
            [["resource.a.b", "!"], ["resource.c.d", "y"]],
        ),
        # nor when the brace that is missing is the block's
        (
            'resource "a" "b" {\n  tags = {\n    x = 1\n}\nresource "c" "d" {\n}\nlocals {\n  e = 1\n}\n',
            [["resource.a.b", "tags"], ["resource.c.d"], ["locals", "e"]],
        ),
        (
            'resource "a" "b" {\n  c {\n    x = 1\n}\nresource "c" "d" {\n}\n',
            [["resource.a.b", ["c", "x"]], ["resource.c.d"]],
        ),
        # after a heredoc without an end only a top-level block is sure to be one
        (
            'resource "a" "b" {\n  c = <<E\nx = 1\n}\nresource "c" "d" {\n  y = 1\n}\n',
            [["resource.a.b", "!"], ["resource.c.d", "y"]],
        ),
    ],
)
def test_the_rest_is_read(text: str, names: list[Any]) -> None:
    parsed = parse(text)
    assert len(parsed.errors) in (1, 2)
    assert outline(parsed.body) == names


def test_an_error_node_has_the_message_and_the_attribute() -> None:
    assert parse("a = )\n").body == [(ERR, 0, 4, "expected an expression", "a")]
    assert parse(") = 1\n").body == [(ERR, 0, 0, "expected an attribute or a block", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {\n  b = 1\n", "the block a has no '}'"),
        ('a = "x\n', "a quoted string has no end on its line"),
        ("a = <<E\nx\n", "the heredoc E has no end"),
        ("a = <<E\nx\nE", "the line that ends the heredoc E has no line break"),
        ("a = << E\nx\n", "a heredoc begins with << or <<-, a name and a line break"),
        ("a = 1\n/* x\n", "a comment has no end"),
        ("a = 'x'\n", "a string is quoted with double quotes"),
        ("a = 1\na = 1\n", "the attribute a is set twice"),
        ("a = 1e999\n", "a number is too large"),
        ("a = " + "9" * 5000 + "\n", "a number is too large"),
        ('"a" {\n}\n', "the name of an attribute or block is not quoted"),
    ],
)
def test_messages(text: str, message: str) -> None:
    assert [problem.message for problem in parse(text).errors] == [message]


def test_a_line_has_one_error() -> None:
    assert len(parse("a = ) ) )\n} } }\n").errors) == 2


def test_errors_have_a_limit_and_the_last_one_says_so() -> None:
    parsed = parse("a = )\n" * 100)
    assert len(parsed.errors) == ERRORS_PER_FILE
    assert parsed.errors[-1].message == "expected an expression; the rest of the file is not read"
    assert len(parse("a = 1\n" * 100).errors) == ERRORS_PER_FILE
    assert len(parse_json('{"locals": {"a": "${", ' + '"b": "${", ' * 100 + '"c": 1}}').errors) == ERRORS_PER_FILE


@pytest.mark.parametrize("text", ["\0", "\0\1\2\3PK" * 500, "a = 1\n\0b = = =\n", "a = = =\n b c d\n\0"])
def test_a_binary_file_has_one_error(text: str) -> None:
    parsed = parse(text)
    assert [(problem.offset, problem.message) for problem in parsed.errors] == [
        (text.index("\0"), "a NUL character: this is not a text file")
    ]
    assert len(parse_json(text).errors) == 1


def test_what_stands_before_a_nul_is_read() -> None:
    assert outline(parse("a = 1\n\0b = 2\n").body) == ["a"]


DEEP_TEXTS = {
    "lists": "[" * DEEP + "]" * DEEP,
    "open lists": "[" * DEEP,
    "parentheses": "(" * DEEP + "1" + ")" * DEEP,
    "objects": "{a=" * DEEP + "1" + "}" * DEEP,
    "calls": "f(" * DEEP + ")" * DEEP,
    "minus": "-" * DEEP + "1",
    "not": "!" * DEEP + "x",
    "conditionals": "x ? 1 : " * DEEP + "2",
    "conditionals in front": "x ? " * DEEP + "1" + " : 2" * DEEP,
    "templates": '"${' * DEEP + "1" + '}"' * DEEP,
    "directives": '"' + "%{if x}" * DEEP + "%{endif}" * DEEP + '"',
    "for": "[for x in " * DEEP + "y" + " : x]" * DEEP,
    "operators": "1 + " * DEEP + "1",
    "every operator": "(a||b&&c==d<e+f*" * DEEP + "1" + ")" * DEEP,
    "everything": '[a||b&&c==d<e+f*-{x=f("${' * DEEP,
    "attributes": "f()" + ".x" * DEEP,
    "attributes of a splat": "x[*]" + ".a" * DEEP,
    "splats": "x" + "[*]" * DEEP,
    "indexes": "x" + "[0]" * DEEP,
    "indexes of indexes": "x[" * DEEP + "0" + "]" * DEEP,
    "heredocs": "<<A\n${" * DEEP,
    "chains in parentheses": "(1+1+1+1+1+" * 400 + "1" + ")" * 400,
    "parentheses in chains": "(" * 400 + "1" + "+1+1+1+1+1)" * 400,
}


@pytest.mark.parametrize("text", DEEP_TEXTS.values(), ids=DEEP_TEXTS.keys())
def test_deep_expressions_are_one_error_or_none(text: str) -> None:
    parsed = parse(f"before = 1\na = {text}\nresource {{\n}}\n")
    messages = [problem.message for problem in parsed.errors]
    if text != DEEP_TEXTS["chains in parentheses"]:
        assert TOO_DEEP in messages or messages == ["the heredoc A has no end"]
    assert all(problem.offset >= len("before = 1\n") for problem in parsed.errors)
    assert outline(parsed.body)[0] == "before"
    with pytest.raises(HclError):
        parse_expression(f"{text} ]")


@pytest.mark.parametrize(
    "text",
    [
        "[" * (HCL_DEPTH - 1) + "]" * (HCL_DEPTH - 1),
        "{ a = " * (HCL_DEPTH - 1) + "1" + " }" * (HCL_DEPTH - 1),
        "1 + " * (HCL_DEPTH - 1) + "1",
        "((" + "1 + " * (HCL_DEPTH - 3) + "1))",
    ],
    ids=["lists", "objects", "operators", "operators in parentheses"],
)
def test_the_deepest_that_is_allowed(text: str) -> None:
    assert parse(f"a = {text}\n").errors == []
    assert [problem.message for problem in parse(f"a = [({text})]\n").errors] == [TOO_DEEP]


def test_deep_blocks_are_one_error() -> None:
    parsed = parse("a {\n" * DEEP + "}\n" * DEEP)
    assert [(problem.offset, problem.message) for problem in parsed.errors] == [(4 * HCL_DEPTH, TOO_DEEP)]


def test_deep_json_is_one_error() -> None:
    assert TOO_DEEP in [problem.message for problem in parse_json("[" * DEEP).errors]
    assert [problem.message for problem in parse_json('{"a":' * DEEP).errors] == [TOO_DEEP]
    text = '{"locals": {"a": "${' + "[" * DEEP + '}"}}'
    assert [(problem.offset, problem.message) for problem in parse_json(text).errors] == [
        (text.index("${") + 2 + HCL_DEPTH, TOO_DEEP)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "/* " * 50_000,
        "a = {b = /*" * 10_000,
        "a = <<A\n" * 20_000,
        "".join(f"a = <<A{number}\n" for number in range(10_000)),
        "a = <<A\n" + "A b\n" * 50_000,
        "a = <<A\n" + "${b}\n" * 50_000,
        'a = "' + "$" * 100_000,
        "a" + " " * 100_000 + "b",
        "a = " + "." * 100_000,
        "a = 1 " + "*" * 100_000,
        "a" + " b" * 50_000,
        "a = {\n" * 20_000,
        '"' * 100_000,
        "}" * 300_000,
        "#" + "/*" * 50_000,
        "a = x" + " .y" * 50_000,
    ],
    ids=range(16),
)
def test_long_texts_are_read_at_once(text: str) -> None:
    """These took minutes or more with patterns that can match in two ways, or with searches that begin again."""
    parse(text)


@pytest.mark.parametrize("collect", [True, False])
def test_the_interpreter_is_left_as_it_was(collect: bool) -> None:
    before = gc.isenabled(), sys.getrecursionlimit()
    try:
        (gc.enable if collect else gc.disable)()
        parse("a = 1\nb = (\n")
        parse_json('{"a": "${"}')
        with pytest.raises(HclError):
            parse_expression("(")
        assert gc.isenabled() is collect
        assert sys.getrecursionlimit() == before[1]
    finally:
        (gc.enable if before[0] else gc.disable)()


def test_the_interpreter_is_left_as_it_was_after_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        assert not gc.isenabled()
        raise KeyboardInterrupt

    limit = sys.getrecursionlimit()
    monkeypatch.setattr("opslint.read.hcl.bodies._Reader.run", fail)
    with pytest.raises(KeyboardInterrupt):
        parse("a = 1\n")
    assert gc.isenabled()
    assert sys.getrecursionlimit() == limit


def test_readers_in_threads_do_not_disturb_each_other() -> None:
    text = "a = " + "(" * 400 + "1" + ")" * 400 + "\n"
    problems: list[Any] = []

    def work() -> None:
        for _ in range(20):
            problems.extend(parse(text).errors)

    threads = [threading.Thread(target=work) for _ in range(4)]
    limit = sys.getrecursionlimit()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert gc.isenabled()
    assert sys.getrecursionlimit() == limit


def test_stray_braces_of_a_line_are_one_error() -> None:
    parsed = parse("~}~}~}~}~}\na = 1\n")
    assert len(parsed.errors) == 1
    assert [item[3] for item in parsed.body if item[0] == ATTR] == ["a"]


def test_a_brace_behind_an_error_ends_the_block_around_it() -> None:
    parsed = parse('r "a" "b" { ? }\nr "c" "d" {\n  x = 1\n}\n')
    assert [[label[0] for label in item[4]] for item in parsed.body if item[0] == BLOCK] == [["a", "b"], ["c", "d"]]


def test_escaped_quotes_outside_strings_are_read_in_linear_time() -> None:
    begin = time.process_time()
    parse("a = [" + '\\"' * 9_000 + "\n" + '\\"' * 9_000 + "\n")
    assert time.process_time() - begin < 1
