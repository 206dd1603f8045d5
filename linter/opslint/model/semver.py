"""Version constraints as Helm reads them (github.com/Masterminds/semver), for `kubeVersion` of charts."""

from __future__ import annotations

import re
from typing import Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

_PART: Final = r"(?:\d+|[xX*])"
_VERSION: Final = rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
_OPERATOR: Final = r"(?:!=|>=|=>|<=|=<|=|>|<|~>|~|\^)?"
_ONE: Final = regex(rf"\s*({_OPERATOR})\s*{_VERSION}\s*,?")
_RANGE: Final = regex(rf"\s*({_VERSION})\s+-\s+({_VERSION})\s*")
_WILD: Final = frozenset({"x", "X", "*", None})


class _Version(NamedTuple):
    numbers: tuple[int, int, int]
    pre: str = ""

    def key(self) -> tuple[tuple[int, int, int], int, list[tuple[int, int, str]]]:
        """Order as semver does: a prerelease comes before its release."""
        parts = (
            [(0, int(one), "") if one.isdecimal() else (1, 0, one) for one in self.pre.split(".")] if self.pre else []
        )
        return self.numbers, 0 if self.pre else 1, parts


class _Bound(NamedTuple):
    operator: str
    version: _Version
    fixed: int  # how many of the numbers are written: 2 for 1.25 and 1.25.x

    def allows(self, version: _Version, *, prereleases: bool) -> bool:
        """Tell whether a version is within it; a prerelease is only where prereleases are meant."""
        if version.pre and not self.version.pre and not prereleases:
            return False
        return self._compare(version)

    def _compare(self, version: _Version) -> bool:
        low, high = self.version.key(), _Version(self._after()).key()
        here = version.key()
        if self.operator in {">", ">=", "=>"}:
            whole = self.fixed == 3
            return (here > low if whole else here >= high) if self.operator == ">" else here >= low
        if self.operator in {"<", "<=", "=<"}:
            if self.operator == "<":
                return here < low
            return here <= low if self.fixed == 3 else here < high
        if self.operator == "!=":
            return here != low if self.fixed == 3 else not low <= here < high
        if self.operator in {"", "="} and self.fixed == 3:
            return here == low
        return low <= here and version.numbers < self._limit()

    def _after(self) -> tuple[int, int, int]:
        """The first version above what the written numbers cover."""
        major, minor, patch = self.version.numbers
        return {0: (10**9, 0, 0), 1: (major + 1, 0, 0), 2: (major, minor + 1, 0)}.get(
            self.fixed, (major, minor, patch + 1)
        )

    def _limit(self) -> tuple[int, int, int]:
        """Where `~`, `^` and wildcards end."""
        major, minor, patch = self.version.numbers
        if self.fixed == 0:
            return (10**9, 0, 0)
        if self.operator == "^":
            if major or self.fixed == 1:
                return (major + 1, 0, 0)
            return (0, minor + 1, 0) if minor or self.fixed == 2 else (0, 0, patch + 1)
        return (major + 1, 0, 0) if self.fixed == 1 else (major, minor + 1, 0)


def satisfies(version: str, constraint: str) -> bool | None:
    """Tell whether a version fulfils a constraint; None when the constraint is not one.

    Where releases of Helm differ (a prerelease beside bounds of which only some name one), it does.
    """
    wanted = _Version(*_parse(version))
    for alternative in constraint.split("||"):
        bounds = _bounds(alternative)
        if bounds is None:
            return None
        # semver 3.4 lets one bound with a prerelease speak for all of its group, older ones ask each.
        prereleases = any(bound.version.pre for bound in bounds)
        if all(bound.allows(wanted, prereleases=prereleases) for bound in bounds):
            return True
    return False


def with_prereleases(constraint: str) -> str:
    """Return the constraint with `-0` at each bound that names no prerelease."""

    def bound(match: re.Match[str]) -> str:
        text = match[0]
        # `1.25.x` and `*` take no prerelease: `>=1.25.0-0` is another bound.
        return text if match["pre"] or not text[-1].isdecimal() else f"{_full(text)}-0"

    return re.sub(rf"v?{_PART}(?:\.{_PART})*(?P<pre>-[0-9A-Za-z.-]+)?", bound, constraint)


def _full(text: str) -> str:
    """A bound with all three numbers: `-0` stands behind a whole version."""
    return text + ".0" * (2 - text.count("."))


def _parse(text: str) -> tuple[tuple[int, int, int], str]:
    numbers, _, pre = text.removeprefix("v").partition("-")
    major, minor, patch = (int(one) for one in numbers.split("."))
    return (major, minor, patch), pre


def _bounds(text: str) -> list[_Bound] | None:
    ranged = _RANGE.fullmatch(text)
    if ranged:
        text = f">={ranged[1]} <={ranged[6]}"
    found: list[_Bound] = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _ONE.match(text, at)
        if match is None or match.end() == at:
            return None
        found.append(_bound(match))
        at = match.end()
    return found or None


def _bound(match: re.Match[str]) -> _Bound:
    operator, major, minor, patch, pre = match.groups()
    numbers = [major, minor, patch]
    fixed = next((at for at, one in enumerate(numbers) if one in _WILD), 3)
    filled = [int(one) for one in numbers[:fixed]] + [0] * (3 - fixed)
    return _Bound(operator, _Version((filled[0], filled[1], filled[2]), pre or ""), fixed)
