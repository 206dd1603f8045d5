"""What stands in brackets: calls, lists, objects and `for`.

`read` reads one expression (`expressions.read_expression`, handed over so that the imports go one way).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.read.hcl.nodes import CALL, FOR, LIT, NUM, OBJ, REF, STR, TUP, HclError, Node, ReadExpression
from opslint.read.hcl.tokens import CONSTANTS, FOR_HEAD, FOR_WORD, OBJECT_ITEM, SKIP_L, SKIP_N, WORD_N, number

if TYPE_CHECKING:
    import re


def read_call(text: str, start: int, at: int, name: str, depth: int, read: ReadExpression) -> Node:  # noqa: PLR0917
    """Read the arguments of a call whose parenthesis opens at `at`."""
    arguments: list[Node] = []
    expand = False
    at += 1
    while True:
        at = SKIP_N(text, at).end()
        if text[at] == ")":
            break
        argument = read(text, at, True, depth + 1)
        arguments.append(argument)
        at = argument[2]
        after = text[at]
        if after not in (",", ")"):
            at = SKIP_N(text, at).end()
            after = text[at]
        if after == ",":
            at += 1
        elif after == ")":
            break
        elif text.startswith("...", at):
            expand = True
            at = SKIP_N(text, at + 3).end()
            if text[at] != ")":
                raise HclError(at, "expected ')' after ...")
            break
        else:
            raise HclError(at, "expected ',' or ')' in a call")
    return (CALL, start, at + 1, name, arguments, expand)


def _for_head(text: str, at: int) -> re.Match[str] | None:
    """Return the match of `for NAME in`, None when the bracket holds no `for`."""
    head = FOR_HEAD(text, at)
    if head is None:
        word = FOR_WORD(text, at)
        if word is not None:
            raise HclError(word.start(1), "expected 'for NAME in'")
    return head


def read_tuple(text: str, start: int, depth: int, read: ReadExpression) -> Node:
    """Read the list, or the `for`, whose bracket opens at `start`."""
    at = start + 1
    if text[at] == "f" or text[at] in " \n\r\t/#":
        head = _for_head(text, at)
        if head is not None:
            return _for(text, start, head, "]", depth, read)
    items: list[Node] = []
    while True:
        at = SKIP_N(text, at).end()
        if text[at] == "]":
            return (TUP, start, at + 1, items)
        item = read(text, at, True, depth + 1)
        items.append(item)
        at = item[2]
        after = text[at]
        if after not in (",", "]"):
            at = SKIP_N(text, at).end()
            after = text[at]
        if after == ",":
            at += 1
        elif after != "]":
            raise HclError(at, "expected ',' or ']' in a list")


def read_object(text: str, start: int, depth: int, read: ReadExpression) -> Node:
    """Read the object, or the `for`, whose brace opens at `start`."""
    at = start + 1
    head = _for_head(text, at)
    if head is not None:
        return _for(text, start, head, "}", depth, read)
    items: list[tuple[Node, Node]] = []
    while True:
        match = OBJECT_ITEM(text, at)
        if match is not None and match.lastindex == 6:
            return (OBJ, start, match.end(), items)
        if match is not None:
            key_start, at = match.span(1)
            key: Node = (STR, key_start, at, match[1])
            value = _simple_value(match)
        else:
            key = _object_key(text, at, depth, read)
            at = key[2]
            value = None
        if value is None:
            at = SKIP_L(text, at).end()
            if text[at] not in "=:":
                raise HclError(at, "expected '=' or ':' after an object key")
            value = read(text, at + 1, False, depth + 1)
        items.append((key, value))
        at = value[2]
        after = text[at]
        if after != "\n":  # the common end of an item: what follows is blank
            at = SKIP_L(text, at).end()
            after = text[at]
            if after == ",":
                at += 1
            elif after not in "\n#}" and not text.startswith("//", at):
                raise HclError(at, "expected a line break or ',' between items")


def _simple_value(match: re.Match[str]) -> Node | None:
    """Return the value of an object item that is one word and ends its line or item, else None."""
    rest = match[5]
    if not rest.strip(" \t"):
        return None
    start, end = match.span(2)
    if start >= 0:
        return (STR, start - 1, end + 1, match[2])
    start, end = match.span(3)
    if start >= 0:
        path = match[3]
        return (LIT, start, end, CONSTANTS[path]) if path in CONSTANTS else (REF, start, end, path.split("."))
    start, end = match.span(4)
    if start >= 0:
        return (NUM, start, end, number(match[4], start))
    return None


def _object_key(text: str, at: int, depth: int, read: ReadExpression) -> Node:
    """Read a key that is not a plain word before its sign: quoted, in parentheses, or with comments around."""
    key = read(text, SKIP_N(text, at).end(), False, depth + 1)
    if key[0] == REF and len(key[3]) == 1:
        return (STR, key[1], key[2], key[3][0])
    if key[0] == LIT:
        return (STR, key[1], key[2], text[key[1] : key[2]])
    return key


def _for(text: str, start: int, head: re.Match[str], close: str, depth: int, read: ReadExpression) -> Node:  # noqa: PLR0917
    """Read the rest of a `for` expression whose head is matched."""
    key_name, value_name = (head[1], head[2]) if head[2] else (None, head[1])
    collection = read(text, head.end(), True, depth + 1)
    at = SKIP_N(text, collection[2]).end()
    if text[at] != ":":
        raise HclError(at, "expected ':' in a for expression")
    value = read(text, at + 1, True, depth + 1)
    at = SKIP_N(text, value[2]).end()
    key = condition = None
    group = False
    if text.startswith("=>", at):
        key = value
        value = read(text, at + 2, True, depth + 1)
        at = SKIP_N(text, value[2]).end()
    if text.startswith("...", at):
        if key is None:
            raise HclError(at, "a for expression of a list does not group")
        group = True
        at = SKIP_N(text, at + 3).end()
    word = WORD_N(text, at)
    if word is not None and word[1] == "if":
        condition = read(text, word.end(), True, depth + 1)
        at = SKIP_N(text, condition[2]).end()
    if text[at] != close:
        raise HclError(at, f"expected '{close}' after a for expression")
    if (close == "}") != (key is not None):
        raise HclError(at, "a for expression of an object needs key => value, one of a list must not have it")
    return (FOR, start, at + 1, key_name, value_name, collection, key, value, condition, group)
