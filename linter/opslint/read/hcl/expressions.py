"""Expressions: operators, references, calls, collections, `for`.

Each reader takes the text (which ends in a line break and a NUL, so that looking one character ahead is always safe),
the offset to read at, whether line breaks are blank there (`wide`) and how deep it is; each returns a node, whose third
item is the offset after it, or raises HclError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.model.limits import HCL_DEPTH
from opslint.read.hcl.brackets import read_call, read_object, read_tuple
from opslint.read.hcl.nodes import (
    BIN,
    COND,
    GET,
    IDX,
    LIT,
    NUM,
    PAREN,
    REF,
    SPLAT,
    STR,
    TOO_DEEP,
    UN,
    HclError,
    Node,
)
from opslint.read.hcl.templates import read_heredoc, read_quoted
from opslint.read.hcl.tokens import (
    CONSTANTS,
    NAMESPACE,
    POSTFIX_L,
    POSTFIX_N,
    PRECEDENCE,
    PRIMARY_L,
    PRIMARY_N,
    SKIP_L,
    SKIP_N,
    STOP_L,
    STOP_N,
    number,
)

if TYPE_CHECKING:
    import re


def read_expression(text: str, at: int, wide: bool, depth: int) -> Node:
    """Read one whole expression."""
    if depth > HCL_DEPTH:
        raise HclError((SKIP_N if wide else SKIP_L)(text, at).end(), TOO_DEEP)
    left = _binary(text, at, wide, 1, depth)
    at = left[2]
    if text[at] in (STOP_N if wide else STOP_L):
        return left
    match = (POSTFIX_N if wide else POSTFIX_L)(text, at)
    if match is None or match.lastindex != 2:
        return left
    yes = read_expression(text, match.end(), wide, depth + 1)
    at = (SKIP_N if wide else SKIP_L)(text, yes[2]).end()
    if text[at] != ":":
        raise HclError(at, "expected ':' of a conditional")
    no = read_expression(text, at + 1, wide, depth + 1)
    return (COND, left[1], no[2], left, yes, no)


def _binary(text: str, at: int, wide: bool, least: int, depth: int) -> Node:
    left = _unary(text, at, wide, depth)
    stop = STOP_N if wide else STOP_L
    postfix = POSTFIX_N if wide else POSTFIX_L
    links = depth
    while True:
        at = left[2]
        if text[at] in stop:
            return left
        match = postfix(text, at)
        if match is None or match.lastindex != 1:
            return left
        operator = match[1]
        precedence = PRECEDENCE[operator]
        if precedence < least:
            return left
        links += 1
        if links > HCL_DEPTH:
            raise HclError(match.start(1), TOO_DEEP)
        right = _binary(text, match.end(), wide, precedence + 1, depth)
        left = (BIN, left[1], right[2], operator, left, right)


def _unary(text: str, at: int, wide: bool, depth: int) -> Node:
    match = (PRIMARY_N if wide else PRIMARY_L)(text, at)
    if match is None:
        raise _not_an_expression(text, (SKIP_N if wide else SKIP_L)(text, at).end())
    kind = match.lastindex
    node: Node
    if kind == 1:
        node = _path(text, match, wide, depth)
    elif kind == 2:
        node = (STR, match.start(2) - 1, match.end(), match[2])
    elif kind == 3:
        start, end = match.span(3)
        node = (NUM, start, end, number(match[3], start))
    elif kind == 4:
        node = read_quoted(text, match.start(4), depth, read_expression)
    elif kind == 5:
        node = read_tuple(text, match.start(5), depth, read_expression)
    elif kind == 6:
        node = read_object(text, match.start(6), depth, read_expression)
    elif kind == 7:
        start = match.start(7)
        inner = read_expression(text, start + 1, True, depth + 1)
        end = SKIP_N(text, inner[2]).end()
        if text[end] != ")":
            raise HclError(end, "expected ')'")
        node = (PAREN, start, end + 1, inner)
    elif kind == 8:
        start = match.start(8)
        if depth > HCL_DEPTH:
            raise HclError(start, TOO_DEEP)
        operand = _unary(text, match.end(), wide, depth + 1)
        return (UN, start, operand[2], match[8], operand)
    else:
        node = read_heredoc(text, match, depth, read_expression)
    after = text[node[2]]
    if after in ",\n)]}" and (after != "\n" or not wide):
        return node
    return _traverse(text, node, wide, depth)


def unfinished_comment(at: int) -> HclError:
    """Return the error for a comment that begins at `at` and does not end."""
    return HclError(at, "a comment has no end", swallows=True)


def _not_an_expression(text: str, at: int) -> HclError:
    """Return the error for text that begins no expression."""
    if text.startswith("/*", at):
        return unfinished_comment(at)
    if text.startswith("<<", at):
        return HclError(at, "a heredoc begins with << or <<-, a name and a line break", swallows=True)
    if text[at] == "'":
        return HclError(at, "a string is quoted with double quotes")
    return HclError(at, "expected an expression")


def _path(text: str, match: re.Match[str], wide: bool, depth: int) -> Node:
    """Return the constant, reference or call that begins with a dotted path."""
    start, end = match.span(1)
    path = match[1]
    if path in CONSTANTS:
        return (LIT, start, end, CONSTANTS[path])
    after = text[end]
    if after == "(":
        if "." in path:
            raise HclError(end, "a function name has no dots")
        return read_call(text, start, end, path, depth, read_expression)
    if after == ":" and text[end + 1] == ":":
        name = NAMESPACE(text, end)
        opening = (SKIP_N if wide else SKIP_L)(text, name.end()).end() if name is not None else end
        if name is None or text[opening] != "(" or "." in path:
            raise HclError(end, "expected a function name after ::")
        full = path + name[0].replace(" ", "").replace("\t", "")
        return read_call(text, start, opening, full, depth, read_expression)
    if (after in " \t" or (wide and after in "\r\n/#")) and "." not in path:
        opening = (SKIP_N if wide else SKIP_L)(text, end).end()
        if text[opening] == "(":
            return read_call(text, start, opening, path, depth, read_expression)
    names = path.split(".")
    if names[0] not in CONSTANTS:
        return (REF, start, end, names)
    end = start + len(names[0])
    node: Node = (LIT, start, end, CONSTANTS[names[0]])
    for name_ in names[1:]:
        end += 1 + len(name_)
        node = (GET, start, end, node, name_)
    return node


def _traverse(text: str, node: Node, wide: bool, depth: int) -> Node:
    """Read the `.name`, `[index]` and splats after a value."""
    postfix = POSTFIX_N if wide else POSTFIX_L
    start = node[1]
    links = depth
    while True:
        if text[node[2]] not in ".[ \t\r\n/#":
            return node
        match = postfix(text, node[2])
        if match is None:
            return node
        kind: int = match.lastindex or 0
        if kind < 3:
            return node
        links += 1
        if links > HCL_DEPTH:
            raise HclError(match.start(kind), TOO_DEEP)
        if kind == 3:
            if node[0] == REF:
                node = (REF, start, match.end(), [*node[3], match[3]])
            else:
                node = (GET, start, match.end(), node, match[3])
        elif kind == 4:
            if node[0] == NUM:
                raise HclError(match.start(), "a number has one decimal point")
            node = (IDX, start, match.end(), node, _index(match))
        elif kind == 7:
            key = read_expression(text, match.end(), True, depth + 1)
            node = (IDX, start, _close(text, key[2]), node, key)
        else:
            node = _splat(text, node, match, wide, depth)


def _index(match: re.Match[str]) -> Node:
    start, end = match.span(4)
    return (NUM, start, end, number(match[4], start))


def _close(text: str, at: int) -> int:
    """Return the offset after the `]` that must come next."""
    at = SKIP_N(text, at).end()
    if text[at] != "]":
        raise HclError(at, "expected ']'")
    return at + 1


def _splat(text: str, node: Node, match: re.Match[str] | None, wide: bool, depth: int) -> Node:
    """Read a splat: the steps after it belong to each item."""
    assert match is not None  # noqa: S101 - the caller matched the star
    postfix = POSTFIX_N if wide else POSTFIX_L
    steps: list[Any] = []
    at = match.end()
    full = match.lastindex == 6
    while True:
        match = postfix(text, at)
        kind = match.lastindex if match is not None else 0
        if match is None:
            break
        if len(steps) + depth > HCL_DEPTH:
            raise HclError(match.start(kind or 0), TOO_DEEP)
        if kind == 3:
            steps.append(match[3])
            at = match.end()
        elif kind == 4:
            steps.append(_index(match))
            at = match.end()
        elif kind == 7 and full:
            key = read_expression(text, match.end(), True, depth + 1)
            at = _close(text, key[2])
            steps.append(key)
        elif kind == 6 and full:
            steps.append(None)  # a splat of each item
            at = match.end()
        elif kind in (5, 6) and not full and steps:
            raise HclError(match.start(kind), "a splat inside an attribute splat")
        else:
            break
    return (SPLAT, node[1], at, node, full, steps)
