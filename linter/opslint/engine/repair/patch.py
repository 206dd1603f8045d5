"""Replacements of text by offsets, and what all languages share in making them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.source import Source, Span


class Patch(NamedTuple):
    """A replacement of the code points from `start` to `end` (exclusive) of a text of the repository."""

    source: Source
    start: int
    end: int
    text: str


def offsets(source: Source, span: Span) -> tuple[int, int]:
    """Return the code-point offsets of a span."""
    return source.offset(span.line, span.column), source.offset(span.end_line, span.end_column)


def extent_of(node: Node) -> tuple[int, int]:
    """Return the offsets of a node's own text in its source."""
    return offsets(node.source, node.extent)


def is_editable(source: Source) -> bool:
    """Return whether a text is a file of the repository's own."""
    return bool(source.absolute) and not source.vendored and source.origin is None


def line_break(source: Source) -> str:
    """Return the line break that the file uses."""
    at = source.text.find("\n")
    return "\r\n" if at > 0 and source.text[at - 1] == "\r" else "\n"


def line_end(source: Source, offset: int) -> int:
    """Return the end of the line at an offset, in front of its line break."""
    text = source.text
    at = text.find("\n", offset)
    at = len(text) if at < 0 else at
    return at - 1 if at > offset and text[at - 1] == "\r" else at


def line_start(source: Source, offset: int) -> int:
    """Return the start of the line at an offset."""
    return source.text.rfind("\n", 0, offset) + 1


def next_line(source: Source, offset: int) -> int:
    """Return the start of the line after the one at an offset, or the end of the text."""
    at = source.text.find("\n", offset)
    return len(source.text) if at < 0 else at + 1


def appended(source: Source, text: str) -> Patch:
    """Return a patch that writes whole lines at the end of a file, in its line breaks."""
    lead = "" if not source.text or source.text.endswith("\n") else "\n"
    body = (lead + text.rstrip("\n") + "\n").replace("\n", line_break(source))
    return Patch(source, len(source.text), len(source.text), body)
