"""Text that is harmless in each format and still readable."""

from __future__ import annotations

import json
import unicodedata

import pytest

from opslint.output import escape
from opslint.output.json_text import encode, encode_list, encode_object


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 최신 é 🙂", "plain 최신 é 🙂"),
        ("a\tb\nc\rd", "a␉b␊c␍d"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x7f\x9b", "␡<U+009B>"),
        ("abc\u202egnp\u2066", "abc<U+202E>gnp<U+2066>"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("\U000e0041tag", "<U+E0041>tag"),
        ("\udcff", "<U+DCFF>"),
        ("[red]rich[/red]", "[red]rich[/red]"),
        ("##[error]a ##vso[task] ## b", "# #[error]a # #vso[task] ## b"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


def test_visible_leaves_no_control_or_format_character_of_the_first_planes() -> None:
    text = escape.visible("".join(map(chr, range(0x11000))))
    left = {character for character in text if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}}
    assert left == set()
    left = {character for character in text if unicodedata.bidirectional(character) in {"LRE", "RLE", "PDF", "LRO"}}
    assert left == set()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("::error::x\n  ::add-mask::y\na::b", "<U+003A>:error::x\n  <U+003A>:add-mask::y\na::b"),
        ("no colon", "no colon"),
    ],
)
def test_no_line_is_a_workflow_command(text: str, safe: str) -> None:
    assert escape.without_commands(text) == safe


def test_command_parts() -> None:
    assert escape.command_data("50% of\r\na: b, c") == "50%25 of%0Aa: b, c"
    assert escape.command_property("a:b,c%\n") == "a%3Ab%2Cc%25␊"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a | b", "a &#124; b"),
        ("[x](http://y)", "&#91;x&#93;(http&#58;//y)"),
        ("<b>&amp;", "&#60;b&#62;&#38;amp;"),
        ("@team fixes #12", "@&#8203;team fixes #&#8203;12"),
        ("www.evil.com", "www&#8203;.evil.com"),
        ("`code` *b* _i_ ~s~", "&#96;code&#96; &#42;b&#42; &#95;i&#95; &#126;s&#126;"),
        ("values.yaml:3: a (b)", "values.yaml:3: a (b)"),
    ],
)
def test_markdown(text: str, safe: str) -> None:
    assert escape.markdown_text(text) == safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "＝", "::"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert escape.csv_cell(f"{start}cmd").startswith("'")
    assert escape.csv_cell(f"x{start}cmd").startswith("x")


def test_xml() -> None:
    assert escape.xml_text('<a b="c">&\x00\x1b\ufffe\n') == "&lt;a b=&quot;c&quot;&gt;&amp;␀␛\ufffd&#10;"


def test_sarif_messages_have_no_links() -> None:
    assert escape.plain_message("[a](1)") == "[a] (1)"


@pytest.mark.parametrize("text", ["plain", "최신 🙂 \x7f\x1b\u202e", 'quote " \\ ##[error] ##', "\U000e0041"])
def test_encode_keeps_every_text_in_printable_ascii(text: str) -> None:
    encoded = encode({"a": text})
    assert json.loads(encoded) == {"a": text}
    assert encoded.isascii()
    assert encoded.isprintable()
    assert "##[" not in encoded


def test_encode_replaces_lone_surrogates() -> None:
    assert json.loads(encode("a\udcffb")) == "a\ufffdb"


def test_lists_and_objects_have_one_item_a_line() -> None:
    text = encode_object({"a": encode_list(["1", "2"], "  "), "b": encode_list([], "  ")})
    assert text == '{\n  "a": [\n    1,\n    2\n  ],\n  "b": []\n}'
    assert json.loads(text) == {"a": [1, 2], "b": []}
