"""Going on after an error in a file of HCL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.records import NamedTuple
from opslint.read.hcl.nodes import BLOCK, HclError
from opslint.read.hcl.templates import heredoc_end
from opslint.read.hcl.tokens import BALANCE, NEXT_ITEM, NEXT_TOP_LEVEL, TOP_LEVEL

if TYPE_CHECKING:
    from opslint.read.hcl.nodes import Body, Node

_OPENING: Final = frozenset("[({")
_CLOSING: Final = frozenset("])}")

_REACH: Final = 20_000  # characters after an error in which its brackets must close


class GoingOn(NamedTuple):
    """Where reading goes on, and whether a top-level block begins there (so that every open block has ended)."""

    offset: int
    top_level: bool


def next_item(text: str, at: int, offset: int, *, swallows: bool, inside: bool) -> GoingOn:
    """Return where the item after the broken one may begin.

    `at` is a place in the broken item, `offset` the place of the error. The rest of the item is skipped with its
    brackets balanced, to the end of its line or to the brace that ends the block around it; when brackets are missing,
    everything to the next line that begins an item at its first column is skipped. After a comment or heredoc without
    an end (`swallows`) only a top-level block is sure to be one. Where no block is open (not `inside`) a brace ends
    none: the rest of its line is skipped with it.
    """
    if not swallows:
        balanced = _balanced_end(text, at, offset, inside=inside)
        if balanced is not None:
            return GoingOn(balanced, top_level=False)
    line = max(text.rfind("\n", 0, offset + 1), at)
    following = (NEXT_TOP_LEVEL if swallows else NEXT_ITEM)(text, line)
    if following is None:
        return GoingOn(len(text) - 1, top_level=False)
    return GoingOn(following.end(), TOP_LEVEL(text, following.end()) is not None)


def _balanced_end(text: str, at: int, offset: int, *, inside: bool) -> int | None:
    """Return the end of the item's line, or of its last line when its brackets span several; None without one."""
    depth = 0
    position = at
    while position < len(text) and position - offset < _REACH:
        match = BALANCE(text, position)
        assert match is not None  # noqa: S101 - every character matches
        word = match[0]
        position = match.end()
        if match[1]:
            try:
                position = heredoc_end(text, match.start(), position, match[1])[1]
            except HclError:
                return None
        elif word in _OPENING:
            depth += 1
        elif word in _CLOSING:
            if depth:
                depth -= 1
            elif word == "}" and inside:
                return position - 1
        elif word == "\n" and not depth and position > offset:
            return position
    return None


def hoisted(text: str, block: Node) -> Body:
    """Return an unclosed block, then what was read into it from the first top-level block on.

    A block such as `resource` at the first column of a line belongs to the file and not into the block before it, whose
    brace is missing.
    """
    path = [block]
    while True:
        body: Body = path[-1][6]
        first = next((index for index, node in enumerate(body) if _is_top_level(text, node)), None)
        if first is not None:
            break
        if not body or body[-1][0] != BLOCK:
            return [block]
        path.append(body[-1])
    found = body[first:]
    del body[first:]
    end = found[0][1]
    trimmed = (*path[-1][:2], end, *path[-1][3:])
    for parent in reversed(path[:-1]):
        parent[6][-1] = trimmed
        trimmed = (*parent[:2], end, *parent[3:])
    return [trimmed, *found]


def _is_top_level(text: str, node: Node) -> bool:
    """Tell whether a node inside an unclosed block is a block of the file's own level."""
    start = node[1]
    return node[0] == BLOCK and start > 0 and text[start - 1] == "\n" and TOP_LEVEL(text, start) is not None
