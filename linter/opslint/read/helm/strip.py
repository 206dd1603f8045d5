"""Taking the markers out of a rendered text, and laying the rest over the plain rendering."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import dataclass, field
from opslint.read.helm.markers import DECODE, MARK, REMAINS, holds_markers

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY: Final = regex(r"[ \t]*(?:- +)?[^\s:]*:?")
_DIFF_LINES: Final = 4000  # difflib is quadratic: longer texts are compared by unique lines only


@dataclass(slots=True, eq=False)
class Stripped:
    """A text without its markers: `numbers[i]` is the marker of the text from offset `starts[i]` on."""

    text: str
    starts: list[int]
    numbers: list[int]
    _lines: list[int] = field(default_factory=list)

    @property
    def lines(self) -> list[int]:
        """The offsets where lines start; only a finding asks for it."""
        if not self._lines:
            text, at = self.text, 0
            self._lines.append(0)
            while (at := text.find("\n", at) + 1) > 0:
                self._lines.append(at)
        return self._lines

    def index(self, offset: int) -> int:
        """Return the index of the marker in front of an offset, -1 when there is none."""
        return bisect_right(self.starts, offset) - 1

    def end(self, index: int) -> int:
        """Return the offset where the text of a marker ends."""
        return self.starts[index + 1] if index + 1 < len(self.starts) else len(self.text)


def strip(text: str) -> Stripped:
    """Return the text without markers. Pieces of broken markers (a function cut them) are removed as well."""
    pieces = MARK.split(text)
    starts: list[int] = []
    numbers: list[int] = []
    if len(pieces) == 1:
        return Stripped(REMAINS.sub("", text), starts, numbers)
    clean = pieces[0::2]
    if any(holds_markers(piece) for piece in clean):
        clean = [REMAINS.sub("", piece) for piece in clean]
    at = len(clean[0])
    for number, piece in zip(pieces[1::2], clean[1:], strict=True):
        starts.append(at)
        numbers.append(int(number.translate(DECODE), 16))
        at += len(piece)
    return Stripped("".join(clean), starts, numbers)


@dataclass(slots=True, eq=False)
class Alignment:
    """How the lines of the plain text lie over those of the stripped one.

    `whole` is true when the two are the same. Otherwise `lines[i]` is the 0-based stripped line of plain line i (None
    when there is none) and `equal[i]` whether the two lines are the same text.
    """

    whole: bool
    lines: list[int | None] = field(default_factory=list)
    equal: list[bool] = field(default_factory=list)

    @property
    def known(self) -> int:
        """Number of lines that have a counterpart."""
        return sum(1 for line in self.lines if line is not None)


def alike(plain: str, stripped: str) -> Alignment | None:
    """Return the alignment of two texts that are the same but for values (checksums, random ones), else None."""
    if plain == stripped:
        return Alignment(whole=True)
    mine, other = plain.split("\n"), stripped.split("\n")
    if len(mine) != len(other):
        return None
    equal = [a == b for a, b in zip(mine, other, strict=True)]
    for same, a, b in zip(equal, mine, other, strict=True):
        if not same and _head(a) != _head(b):
            return None
    return Alignment(whole=False, lines=list(range(len(mine))), equal=equal)


def _head(line: str) -> str:
    """Return a line's indentation and key: what a changed value leaves alone."""
    match = _KEY.match(line)
    head = match[0] if match else ""
    return head if head.endswith(":") else head[: len(head) - len(head.lstrip(" -"))]


def align(plain: str, stripped: str) -> Alignment:
    """Return the alignment of two texts by their common lines."""
    mine, other = plain.split("\n"), stripped.split("\n")
    lines: list[int | None] = [None] * len(mine)
    for a, b, size in _blocks(mine, other):
        for i in range(size):
            lines[a + i] = b + i
    return Alignment(whole=False, lines=lines, equal=[line is not None for line in lines])


def differing(plain: str, stripped: Stripped) -> set[int]:
    """Return the numbers of the markers on and next to the stripped lines that the plain text does not have."""
    mine, other = plain.split("\n"), stripped.text.split("\n")
    matched: set[int] = set()
    for _, b, size in _blocks(mine, other):
        matched.update(range(b, b + size))
    found: set[int] = set()
    offset = 0
    for number, line in enumerate(other):
        end = offset + len(line) + 1
        if number not in matched or number + 1 not in matched or number - 1 not in matched:
            low, high = stripped.index(offset), stripped.index(end - 1)
            found.update(stripped.numbers[max(low, 0) : high + 1])
        offset = end
    return found


def _blocks(mine: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return the matching blocks of two texts as (start, start, number of lines)."""
    head = 0
    while head < min(len(mine), len(other)) and mine[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(mine), len(other)) - head and mine[-1 - tail] == other[-1 - tail]:
        tail += 1
    blocks = [(0, 0, head)] if head else []
    left, right = mine[head : len(mine) - tail], other[head : len(other) - tail]
    if left and right and len(left) <= _DIFF_LINES and len(right) <= _DIFF_LINES:
        from difflib import SequenceMatcher

        matcher = SequenceMatcher(None, left, right, autojunk=len(left) > _DIFF_LINES // 4)
        blocks += [(a + head, b + head, size) for a, b, size in matcher.get_matching_blocks() if size]
    if tail:
        blocks.append((len(mine) - tail, len(other) - tail, tail))
    return blocks
