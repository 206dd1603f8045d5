"""Code frames: lines of a file with their numbers, and a caret under the exact text."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from opslint.model.records import NamedTuple
from opslint.output.escape import visible_character
from opslint.output.masking import MASK
from opslint.output.style import character_width, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.source import Location
    from opslint.output.masking import Masks
    from opslint.output.style import Line

_TAB: Final = 4
_PIPED_COLUMNS: Final = 160  # of a frame's text when there is no terminal
_LEAST_COLUMNS: Final = 20
_MARGIN: Final = 6  # columns to see behind the caret


class Frame(NamedTuple):
    """How a frame is drawn: the columns of its line numbers, of the whole line (0: no terminal), and its caret."""

    gutter: int
    columns: int
    caret: str = "^"
    style: str = ""
    context: int = 1

    @property
    def available(self) -> int:
        """Columns for the text of a line."""
        return max(self.columns - self.gutter - 3, _LEAST_COLUMNS) if self.columns else _PIPED_COLUMNS


class _Cells(NamedTuple):
    """A line as it is shown: one text for each code point, and the column where each begins."""

    texts: Sequence[str]
    columns: Sequence[int]  # one more than texts: the last is the whole width

    @property
    def total(self) -> int:
        return self.columns[-1]


def number_width(locations: list[Location], context: int = 1) -> int:
    """Return the columns that the line numbers of these frames need."""
    return max((len(str(place.span.line + context)) for place in locations), default=1)


def frame(location: Location, masks: Masks, how: Frame) -> list[Line]:
    """Return the lines of a frame around the first line of a location; none when the file has no such line."""
    source, span = location.source, location.span
    if not 1 <= span.line <= source.line_count:
        return []
    text = source.line(span.line)
    first = min(span.column - 1, len(text))
    last = len(text) if span.end_line > span.line else min(span.end_column - 1, len(text))
    # Of a line of megabytes only the part that can be seen is measured.
    skip = max(0, first - 4 * how.available)
    cells = _cells(text, masks.on(source, span.line), skip, skip + 8 * how.available)
    start = cells.columns[first - skip]
    end = max(cells.columns[min(max(last - skip, 0), len(cells.texts))], start + 1)
    offset = _offset(start, end, cells.total, how.available)
    shown: list[Line] = []
    for number in range(max(1, span.line - how.context), min(source.line_count, span.line + how.context) + 1):
        if number == span.line:
            shown.append(_numbered(number, _window(cells, offset, how.available, cut=skip > 0), how))
            shown.append(_caret(start - offset, end - offset, how))
        elif source.line(number).strip():
            other = _cells(source.line(number), masks.on(source, number), 0, offset + 2 * how.available)
            shown.append(_numbered(number, _window(other, offset, how.available, cut=False), how))
    return shown


def _numbered(number: int, text: str, how: Frame) -> Line:
    return [(f"{number:>{how.gutter}} | ", "dim"), (text.rstrip(), "")]


def _caret(start: int, end: int, how: Frame) -> Line:
    end = min(end, how.available)
    return [(f"{'':>{how.gutter}} | ", "dim"), (" " * start, ""), (how.caret * max(end - start, 1), how.style)]


def _offset(start: int, end: int, total: int, available: int) -> int:
    """Return the first column to show, so that the caret is in view."""
    if total <= available or end + _MARGIN < available:
        return 0
    before = max(available // 3, available - (end - start) - 4)
    return max(0, min(start - min(before, start, available // 2), total - available))


def _cells(text: str, ranges: tuple[tuple[int, int], ...], start: int, stop: int) -> _Cells:
    part = text[start:stop]
    if not ranges and part.isascii() and part.isprintable():
        return _Cells(part, range(len(part) + 1))
    texts: list[str] = []
    sizes: list[int] = []
    column = 0
    hidden = {index for first, last in ranges for index in range(max(first, start), min(last, stop))}
    begins = {max(first, start) for first, last in ranges if last > start}
    for index, character in enumerate(part, start):
        if index in hidden:
            shown = MASK if index in begins else ""
        elif character == "\t":
            shown = " " * (_TAB - column % _TAB)
        else:
            shown = visible_character(character)
        size = character_width(shown) if len(shown) == 1 else width(shown)
        texts.append(shown)
        sizes.append(size)
        column += size
    return _Cells(texts, [0, *accumulate(sizes)])


def _window(cells: _Cells, offset: int, available: int, *, cut: bool) -> str:
    """Return the text between two columns; what is cut off shows as an ellipsis."""
    if not cut and not offset and cells.total <= available:
        return "".join(cells.texts)
    left_out = cut or offset > 0
    right_out = cells.total > offset + available
    low = offset + (1 if left_out else 0)
    high = offset + available - (1 if right_out else 0)
    parts: list[str] = []
    at = low
    for text, start, end in zip(cells.texts, cells.columns, cells.columns[1:], strict=False):
        if start >= low and end <= high:
            parts.append(text)
            at = max(at, end)
        elif start < low < end:  # a wide character cut in two
            parts.append(" " * (min(end, high) - low))
            at = min(end, high)
    padding = " " * (high - at) if right_out else ""
    return ("\u2026" if left_out else "") + "".join(parts) + padding + ("\u2026" if right_out else "")
