"""The spans of a tree are nested, in order and in range, whatever the text."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from opslint.read.hcl import ATTR, BLOCK, REF, STR, HclError, parse, parse_expression, parse_json

NAMES = st.sampled_from(["a", "b_1", "c-d", "é", "for", "null"])
LEAVES = st.sampled_from(
    ["1", "1.5", '"x"', '"${a.b}"', "a.b", "true", "a[0].b", "a.*.b", '"%{ if a }b%{ endif }"', "x[*].y[1]"]
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + " , ".join(items) + "]"),
        st.lists(st.tuples(NAMES, inner), min_size=1, max_size=3).map(
            lambda items: "{\n" + "\n".join([f'  "{key}" = {value}' for key, value in items]) + "\n}"
        ),
        st.lists(inner, max_size=3).map(lambda items: "f(" + ",\n".join(items) + ")"),
        inner.map(lambda value: f"( {value} )"),
        inner.map(lambda value: f'"p${{ {value} ~}} s"'),
        inner.map(lambda value: f"-{value}"),
        two.map(lambda pair: f"{pair[0]} + {pair[1]}"),
        two.map(lambda pair: f"({pair[0]}) ? {pair[1]} : 2"),
        two.map(lambda pair: f"[for k, v in {pair[0]} : {pair[1]} if v]"),
    )


EXPRESSIONS = st.recursive(LEAVES, _grow, max_leaves=12)
WORDS = st.lists(
    st.sampled_from(
        [
            *'{}[]()"=:,.?-<%$~\n\n \ta1',
            "a = ",
            "a {\n",
            "${",
            "%{ if x }",
            "%{endif}",
            "<<E\n",
            "<<-E\n",
            "E\n",
            "/*",
            "#",
            "for x in y",
        ]
    ),
    max_size=40,
).map("".join)


def check(item: Any, start: int, end: int) -> None:
    """Check that the spans of nodes lie in the span around them."""
    if type(item) is tuple and item and type(item[0]) is int:
        assert start <= item[1] <= item[2] <= end
        start, end = item[1:3]
        if item[0] == BLOCK:
            start = item[5]
            assert item[1] < start <= end
            before = start
            for node in item[6]:
                assert before <= node[1]
                before = node[2]
            check(item[6], start, end)
            return
    for part in item:
        if type(part) in (tuple, list):
            check(part, start, end)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_spans_of_valid_expressions(text: str) -> None:
    node = parse_expression(text)
    check(node, 0, len(text))
    assert node[1:3] == (0, len(text))
    body = f'x "l" {{\r\n  a = {text} # c\n  b = 1\n}}\n'
    parsed = parse(body)
    assert parsed.errors == []
    check(parsed.body, 0, len(body))
    attribute = parsed.body[0][6][0]
    assert attribute[0] == ATTR
    assert body[attribute[4][1] : attribute[4][2]] == text


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_the_text_under_a_reference_or_word_is_it(text: str) -> None:
    waiting: list[Any] = [parse_expression(text)]
    while waiting:
        node = waiting.pop()
        if node and node[0] == REF and type(node) is tuple:
            assert text[node[1] : node[2]] == ".".join(node[3])
        elif node and node[0] == STR and type(node) is tuple:
            assert text[node[1] : node[2]] in (node[3], f'"{node[3]}"')
        waiting += [part for part in node if type(part) in (tuple, list)]


@settings(max_examples=200, deadline=None)
@given(WORDS)
def test_no_text_raises_and_spans_stay_nested(text: str) -> None:
    for read in (parse, parse_json):
        parsed = read(text)
        check(parsed.body, 0, len(text))
        assert all(0 <= problem.offset <= len(text) for problem in parsed.errors)
    try:
        check(parse_expression(text), 0, len(text))
        offset = 0
    except HclError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


def test_an_error_in_a_block_on_one_line_stands_in_its_body() -> None:
    (block,) = parse("a{a = ").body
    check([block], 0, 6)
    assert block[6][0][1] >= block[5]
