"""Where a value that a chart renders stands in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.source import Location, Span

if TYPE_CHECKING:
    from opslint.model.node import Node


def committed(node: Node, text: str) -> Location | None:
    """Return the place in a file of the repository where `text`, a part of the node's value, is written.

    A line of a longer text is found inside it, and white space does not count. None when a chart makes the value up
    (a random password) or puts it together of parts.
    """
    place = _line(node, text)
    origin_map = node.source.origin
    if origin_map is None:
        return place
    origin = origin_map.locate(place.span)
    if origin.editable is not None:
        return origin.editable
    wanted = "".join(text.split())
    for found in (origin.location, *(other for _, other in origin.related)):
        if wanted in _entry(found, text.count("\n")):
            return found
    return None


def _entry(place: Location, breaks: int) -> str:
    """The lines of an entry from its key on, as many more as a text of that many breaks has, without white space."""
    last = place.span.line + breaks + 1 if breaks else place.span.line
    lines = range(place.span.line, max(last, place.span.end_line) + 1)
    return "".join("".join(place.source.line(number).split()) for number in lines)


def _line(node: Node, text: str) -> Location:
    extent, source = node.extent, node.source
    if extent.end_line > extent.line:
        for number in range(extent.line, extent.end_line + 1):
            line = source.line(number)
            if text in line:
                return Location(source, Span.of_line(number, line))
    return node.location
