"""Secrets stay out of every frame and snippet, also out of those of other findings on the same line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

    from opslint.model.finding import Finding
    from opslint.model.source import Location, Source

MASK: Final = "\u2022" * 6  # a fixed number: the length of a secret is not told either
_KEY: Final = regex(r"""\s*(?:-\s+)?["']?[\w./-]+["']?(?::\s+|\s+=\s+)(?=\S)""")

_BEFORE_KEY: Final = regex(r"""(?:.*[{,])?[\s-]*["']?""")
_AFTER_KEY: Final = regex(r"""["']?\s*(?::(?=\s|$)|=(?!=))[^\S\n]*""")
_REFERENCES: Final = {
    "template": regex(r"\$?\.Values(?:\.\w+)+"),
    "hcl": regex(r"(?:var|local|module|data)(?:\.[A-Za-z_][\w-]*)+"),
}


class Masks(NamedTuple):
    """Which stretches of which lines are secret: 0-based code points, the end exclusive."""

    ranges: Mapping[tuple[str, int], tuple[tuple[int, int], ...]]

    @classmethod
    def of(cls, findings: Iterable[Finding], secrets: Iterable[Location] = ()) -> Masks:
        """Collect secrets, and the places, related ones included, of the findings that are marked secret."""
        collected: dict[tuple[str, int], set[tuple[int, int]]] = {}
        places = list(secrets)
        for finding in findings:
            if finding.secret:
                places += [finding.location, *(place for _, place in finding.related)]
        for location in places:
            if not _is_reference(location):
                for line, start, end in _stretches(location):
                    collected.setdefault((location.source.path, line), set()).add((start, end))
        return cls({key: _joined(ranges) for key, ranges in collected.items()})

    def on(self, source: Source, line: int) -> tuple[tuple[int, int], ...]:
        """Return the secret stretches of a line, in order and apart from each other."""
        return self.ranges.get((source.path, line), ())

    def line(self, path: str, number: int, text: str) -> str:
        """Return the text of a line with its secret stretches masked."""
        return "".join(_covered(text, 0, len(text), self.ranges.get((path, number), ())))

    def text(self, location: Location) -> str:
        """Return the text under a location with its secret stretches masked."""
        if not self.ranges:
            return location.text
        span, source = location.span, location.source
        lines = []
        for number in range(span.line, span.end_line + 1):
            text = source.line(number)
            start = span.column - 1 if number == span.line else 0
            end = span.end_column - 1 if number == span.end_line else len(text)
            lines.append("".join(_covered(text, start, end, self.on(source, number))))
        return "\n".join(lines)


def _is_reference(location: Location) -> bool:
    """Return whether the text only names the secret (`.Values.password`, `var.password`), which is worth seeing."""
    pattern = _REFERENCES.get(location.source.kind)
    return pattern is not None and pattern.fullmatch(location.text) is not None


def _stretches(location: Location) -> Iterable[tuple[int, int, int]]:
    span, source = location.span, location.source
    separator = _separator(location)
    if separator is not None:
        yield from _value(location, separator.end())
        return
    for number in range(span.line, min(span.end_line, source.line_count) + 1):
        text = source.line(number)
        start = span.column - 1 if number == span.line else 0
        end = span.end_column - 1 if number == span.end_line else len(text)
        if number == span.line and not text[:start].strip():
            # A whole line is marked: its key may stay, which is what one looks for.
            key = _KEY.match(text, 0, end)
            start = key.end() if key else start
        elif number > span.line:
            start = max(start, len(text) - len(text.lstrip()))
        if start < end:
            yield number, start, end


def _separator(location: Location) -> re.Match[str] | None:
    """Return the `:` or `=` behind a location that is a key, as where a value was put together from others."""
    span, source = location.span, location.source
    if span.line != span.end_line or not 1 <= span.line <= source.line_count:
        return None
    text = source.line(span.line)
    if not _BEFORE_KEY.fullmatch(text, 0, span.column - 1):
        return None
    return _AFTER_KEY.match(text, span.end_column - 1)


def _value(location: Location, start: int) -> Iterable[tuple[int, int, int]]:
    """Return the stretches of a key's value: the rest of its line, or the lines below that are further in."""
    source, number = location.source, location.span.line
    text = source.line(number)
    if text.startswith("{{", start):  # what a template says of it
        return
    if text[start : start + 1] not in {"", "|", ">", "#"}:
        yield number, start, len(text)
        return
    indent = len(text) - len(text.lstrip())
    for below in range(number + 1, source.line_count + 1):
        line = source.line(below)
        further = len(line) - len(line.lstrip())
        if line.strip() and further <= indent:
            return
        if line.strip():
            yield below, further, len(line)


def _joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _covered(text: str, start: int, end: int, ranges: tuple[tuple[int, int], ...]) -> Iterable[str]:
    at = start
    for first, last in ranges:
        if last <= at or first >= end:
            continue
        yield text[at : max(first, at)]
        yield MASK
        at = min(last, end)
    yield text[at:end]
