"""Texts and the places in them."""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from typing import Protocol

from opslint.model.records import NamedTuple, dataclass, field


class Confidence(StrEnum):
    """How exactly a place is known; never an invented line."""

    EXACT = "exact"
    LINE = "line"
    BLOCK = "block"
    FILE = "file"


class Span(NamedTuple):
    """A stretch of text: 1-based lines and columns (in code points), the end column exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of_line(cls, line: int, text: str) -> Span:
        """Return the span of a whole line, from its first non-blank character to its end."""
        stripped = text.rstrip()
        start = len(stripped) - len(stripped.lstrip())
        return cls(line, start + 1, line, max(len(stripped), start) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One text that was read, or rendered.

    `path` is relative to the root of the run, with `/`. `origin` is the map from a rendered text back to the files
    of the repository; None for a text that stands in the repository itself. `vendored` is true for a third party's
    subchart. `absolute` is where the file can be opened again (for fixes), empty for stdin and rendered texts.
    """

    path: str
    text: str
    kind: str = "yaml"  # yaml | template | values | rendered | hcl | json | stdin
    origin: SourceMap | None = None
    vendored: bool = False
    absolute: str = ""
    _starts: list[int] = field(default_factory=list, init=False, repr=False)

    def _line_starts(self) -> list[int]:
        starts = self._starts
        if not starts:
            starts.append(0)
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
        return starts

    @property
    def line_count(self) -> int:
        """Number of lines; a final line break does not begin another one."""
        starts = self._line_starts()
        return len(starts) - (1 if len(starts) > 1 and starts[-1] == len(self.text) else 0)

    def line(self, number: int) -> str:
        """Return the text of the 1-based line without its line break, "" when there is no such line."""
        starts = self._line_starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def offset(self, line: int, column: int) -> int:
        """Return the code-point offset of a 1-based line and column."""
        starts = self._line_starts()
        return min(starts[min(line, len(starts)) - 1] + column - 1, len(self.text))

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of a code-point offset."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Return the span between two code-point offsets."""
        return Span(*self.position(start), *self.position(end))


class Location(NamedTuple):
    """A span of a source."""

    source: Source
    span: Span

    @property
    def text(self) -> str:
        """The text under the span."""
        source, span = self.source, self.span
        return source.text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]


class Origin(NamedTuple):
    """Where a stretch of rendered text comes from.

    `location` is the place in the repository, `related` what else led there (a helper's call site, a values key),
    each with its label. `editable` is the values key's scalar when the rendered text came whole from it: there a person
    (or a fix) edits instead of the template.
    """

    location: Location
    confidence: Confidence
    related: tuple[tuple[str, Location], ...] = ()
    editable: Location | None = None


class SourceMap(Protocol):
    """The way back from a rendered text to the repository."""

    def locate(self, span: Span) -> Origin:
        """Return the origin of a span of the rendered text."""
        ...
