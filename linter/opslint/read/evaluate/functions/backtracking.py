"""How many steps Python's engine may take to match a regular expression: Go's never goes back, Python's does."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDLESS: Final = 10**9  # where counting stops
_DEPTH: Final = 40
_TOKEN = regex(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|.", re.DOTALL)
_QUANTIFIER = regex(r"(?:([*+?])|\{(\d{1,9})(?:(,)(\d{1,9})?)?\})\??")
_OPENING = regex(r"\(\?[a-zA-Z-]*:|\(\?P?<\w+>|\(\?[a-zA-Z-]+\)|\(")
_ANCHORS: Final = frozenset({"^", "$", r"\A", r"\z", r"\Z", r"\b", r"\B"})
_SAMPLE: Final = [*map(chr, range(128)), "é"]  # with `re.ASCII`, all characters outside ASCII are alike
# Characters by number or outside ASCII, and what Python may read as an operation on sets one day (it warns).
_UNTOLD = regex(r"\\[xuUN0-7]|[^\x00-\x7f]|\[\^?\[|--|&&|~~|\|\|")
_LINES = regex(r"\(\?[a-zA-Z]*m")


class _One(NamedTuple):
    """What matches one character: those of the sample that it takes, None when that is not known."""

    takes: frozenset[str] | None


class _Anchor(NamedTuple):
    """What matches no character."""

    text: str


class _Group(NamedTuple):
    """Alternatives, each a sequence."""

    choices: tuple[tuple[_Part, ...], ...]


class _Repeat(NamedTuple):
    """A part that is repeated."""

    part: _Part
    low: int
    high: int


_Part: TypeAlias = "_One | _Anchor | _Group | _Repeat"


@lru_cache(maxsize=1024)
def steps(pattern: str, length: int) -> int:
    """Return an upper bound of the steps of a search in a text of a length, `ENDLESS` where it is too much to count."""
    reader = _Reader(pattern)
    group = reader.group(0)
    if group is None or reader.at < len(pattern):
        return ENDLESS
    once = _LINES.search(pattern) is None and all(map(_begins, group.choices))
    return min(_group(group, 0, None, length) * (1 if once else length + 1) + length, ENDLESS)


def _begins(choice: tuple[_Part, ...]) -> bool:
    """Return True for what matches at the beginning of a text only."""
    return bool(choice) and isinstance(choice[0], _Anchor) and choice[0].text in {"^", r"\A"}


class _Reader:
    """Reads a pattern into parts. A depth over the limit, or a form not known here, gives None."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0

    def group(self, depth: int) -> _Group | None:
        """Read alternatives up to the closing parenthesis or the end."""
        choices: list[tuple[_Part, ...]] = []
        choice: list[_Part] = []
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            if self.pattern[self.at] == "|":
                self.at += 1
                choices.append(tuple(choice))
                choice = []
                continue
            part = self._part(depth)
            if part is None:
                return None
            choice.append(self._repeated(part))
        return _Group((*choices, tuple(choice)))

    def _part(self, depth: int) -> _Part | None:
        opening = _OPENING.match(self.pattern, self.at)
        if opening is not None:
            self.at = opening.end()
            if opening[0].endswith(")"):  # flags for what follows
                return _Anchor(opening[0])
            found = self.group(depth + 1) if depth < _DEPTH else None
            self.at += 1
            return found
        token = _TOKEN.match(self.pattern, self.at)
        if token is None:
            return None
        self.at = token.end()
        return _Anchor(token[0]) if token[0] in _ANCHORS else _One(_taken(token[0]))

    def _repeated(self, part: _Part) -> _Part:
        while (match := _QUANTIFIER.match(self.pattern, self.at)) is not None:
            self.at = match.end()
            if match[1]:
                low, high = {"*": (0, ENDLESS), "+": (1, ENDLESS), "?": (0, 1)}[match[1]]
            else:
                low = int(match[2])
                high = low if not match[3] else int(match[4]) if match[4] else ENDLESS
            part = _Repeat(part, low, high)
        return part


@lru_cache(maxsize=512)
def _taken(token: str) -> frozenset[str] | None:
    if _UNTOLD.search(token):
        return None
    try:
        pattern = re.compile(token, re.ASCII | re.IGNORECASE | re.DOTALL)  # flags may ask for more than the plain token
    except re.error:
        return None
    return frozenset(char for char in _SAMPLE if pattern.fullmatch(char))


def _sequence(parts: Sequence[_Part], after: int, follows: _Part | None, length: int) -> int:
    """Count a sequence from its end: `after` are the steps that come behind it, 0 where nothing does."""
    for part in reversed(parts):
        after = min(_steps(part, after, follows, length), ENDLESS)
        follows = part
    return after


def _steps(part: _Part, after: int, follows: _Part | None, length: int) -> int:
    if isinstance(part, _Group):
        return _group(part, after, follows, length)
    if isinstance(part, _Repeat):
        return _repeat(part, after, follows, length)
    return 1 + after


def _group(group: _Group, after: int, follows: _Part | None, length: int) -> int:
    return 1 + sum(_sequence(choice, after, follows, length) for choice in group.choices)


def _repeat(repeat: _Repeat, after: int, follows: _Part | None, length: int) -> int:
    times = min(repeat.high, length)
    if isinstance(repeat.part, _One):
        if not after and repeat.low <= 1:
            return 2  # nothing behind it can fail, so it never goes back
        if _apart(repeat.part, follows):
            return times + 1 + after  # only one number of times can be followed by what follows
        return min(repeat.low, times) + (max(times - repeat.low, 0) + 1) * (1 + after)
    total = max(after, 1)
    for _ in range(times):
        total = after + _steps(repeat.part, total, None, length)
        if total >= ENDLESS:
            return ENDLESS
    return total


def _apart(one: _One, follows: _Part | None) -> bool:
    """Return True when what follows begins with no character that is taken."""
    if isinstance(follows, _Repeat) and follows.low:
        follows = follows.part
    if not isinstance(follows, _One) or one.takes is None or follows.takes is None:
        return False
    return one.takes.isdisjoint(follows.takes)
