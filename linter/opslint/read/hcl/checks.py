"""What is checked of a tree after it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.read.hcl.nodes import ATTR, BLOCK, NUM, OBJ, STR, Body, HclProblem, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

Span: TypeAlias = tuple[int, int]

_CONTAINERS: Final = (tuple, list)


def deeper_than(node: Node, limit: int) -> bool:
    """Tell whether a value holds more than `limit` levels of nodes.

    A level takes at least one character, so only long nodes are looked into.
    """
    level = [node]
    left = limit
    while level:
        if not left:
            return True
        level = [child for item in level for child in _children(item) if child[2] - child[1] >= left]
        left -= 1
    return False


def _children(node: Node) -> Iterator[Node]:
    """Give the nodes right inside a node."""
    for part in node[3:]:
        if type(part) is tuple:
            yield part
        elif type(part) is list:
            for member in part:
                if type(member) is tuple:
                    if type(member[0]) is tuple:  # the key and value of an object's item
                        yield from member
                    else:
                        yield member


def second_attributes(root: Body, room: int) -> list[HclProblem]:
    """Return an error for each attribute that its body has already, at most `room` of them."""
    problems: list[HclProblem] = []
    waiting = [root]
    while waiting and len(problems) < room:
        body = waiting.pop()
        names: list[str] = []
        for node in body:
            kind = node[0]
            if kind == ATTR:
                names.append(node[3])
            elif kind == BLOCK:
                waiting.append(node[6])
        if len(names) > 1 and len(set(names)) < len(names):
            seen: set[str] = set()
            for node in body:
                if node[0] == ATTR:
                    if node[3] in seen:
                        problems.append(HclProblem(node[1], f"the attribute {node[3]} is set twice"))
                    seen.add(node[3])
    return problems[: max(room, 0)]


def duplicate_keys(body: Body) -> list[tuple[str, Span, Span, bool]]:
    """Return the keys that an object expression has twice, wherever it stands in the body.

    Each is (key, span of the first, span of the second, whether both values are the same); only keys known as they
    stand are compared. HCL takes the last one without a word.
    """
    found: list[tuple[str, Span, Span, bool]] = []
    waiting: list[Any] = [body]
    while waiting:
        item = waiting.pop()
        if item and item[0] == OBJ and type(item) is tuple:
            found += _duplicates(item)
        waiting += [part for part in item if type(part) in _CONTAINERS]
    found.sort(key=lambda entry: entry[2])
    return found


def _duplicates(node: Node) -> list[tuple[str, Span, Span, bool]]:
    found: list[tuple[str, Span, Span, bool]] = []
    first: dict[str, tuple[Node, Node]] = {}
    for key, value in node[3]:
        if key[0] not in (STR, NUM):
            continue
        name = str(key[3])
        before = first.setdefault(name, (key, value))
        if before[0] is not key:
            found.append((name, before[0][1:3], key[1:3], same(before[1], value)))
    return found


def same(one: Node, other: Node) -> bool:
    """Tell whether two expressions are the same text apart from places and blanks."""
    waiting: list[tuple[Any, Any]] = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if type(left) is not type(right):
            return False
        if type(left) is tuple or type(left) is list:
            if len(left) != len(right):
                return False
            if type(left) is tuple and left and type(left[0]) is int:  # a node: its second and third items are places
                waiting.append((left[0], right[0]))
                waiting += zip(left[3:], right[3:], strict=True)
            else:
                waiting += zip(left, right, strict=True)
        elif left != right:
            return False
    return True
