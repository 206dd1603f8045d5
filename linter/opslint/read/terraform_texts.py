"""Texts that Terraform puts together (heredocs, files, templates), with the line that each of their lines comes from.

What is unknown in a text is kept as one character, a gap, so that the rest can still be read as YAML.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple, dataclass, field
from opslint.model.source import Confidence, Location, Origin, Source, Span
from opslint.read import hcl
from opslint.read.evaluate.expressions import evaluate, render
from opslint.read.evaluate.trace import follow
from opslint.read.evaluate.values import EvalError, to_text
from opslint.read.files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.node import Form, Node
    from opslint.read.evaluate.scope import Names, Scope
    from opslint.read.evaluate.scope import Origin as Expression

_FIRST_GAP: Final = 0xE800  # of the private use area
_GAPS: Final = 2_000
_GAP: Final = regex(f"[{chr(_FIRST_GAP)}-{chr(_FIRST_GAP + _GAPS)}]")
_NEAR: Final = 8  # lines around the expected one in which a line is looked for
_SEQUENCE: Final = regex(r"[$%]\{[^}]*\}")


class Line(NamedTuple):
    """Where a line of a text comes from: the source and its 1-based line."""

    source: Source
    number: int


@dataclass(slots=True)
class Text:
    """A text with gaps, the origin of each of its lines, and what stands in the gaps."""

    text: str
    lines: list[Line]
    gaps: list[Unknown] = field(default_factory=list)
    file: Source | None = None  # the file it is the whole of, unchanged


@dataclass(slots=True, eq=False)
class LineMap:
    """The way back from a text that Terraform puts together, line by line.

    Never called exact: an edit of the text as it is read could not be written where it stands.
    """

    text: Source
    lines: Sequence[Line]
    used_by: tuple[tuple[str, Location], ...] = ()

    def locate(self, span: Span) -> Origin:
        """Return the same words on the line they come from, else that line."""
        line, shift = self._at(span.line)
        there = line.source.line(line.number)
        if shift is None:
            return Origin(Location(line.source, Span.of_line(line.number, there)), Confidence.LINE, self.used_by)
        last, last_shift = self._at(span.end_line)
        start = span.column + shift
        if last.source is line.source and last.number > line.number and last_shift is not None:
            found = Span(line.number, start, last.number, span.end_column + last_shift)
        else:
            end = span.end_column if span.end_line == span.line else len(self.text.line(span.line)) + 1
            found = Span(line.number, start, line.number, max(end, span.column) + shift)
        return Origin(Location(line.source, found), Confidence.LINE, self.used_by)

    def _at(self, number: int) -> tuple[Line, int | None]:
        """Return the origin of a line, and by how much its columns are shifted there; None when its words differ."""
        line = self.lines[min(number, len(self.lines)) - 1]
        here, there = self.text.line(number), line.source.line(line.number)
        words = here.strip()
        at = there.find(words)
        if not words or at < 0:
            return line, 0 if not words else None
        return line, at - (len(here) - len(here.lstrip()))


class GapForm:
    """A YAML form in which what holds a gap is unknown."""

    __slots__ = ("_form", "_gaps", "derived")

    def __init__(self, form: Form, gaps: Sequence[Unknown], *, derived: bool) -> None:
        self._form, self._gaps, self.derived = form, gaps, derived

    def open(self, raw: Any) -> object:
        """Return the value; a map that has a gap among its keys may hold anything."""
        value = self._form.open(raw)
        if isinstance(value, str):
            return self._filled(value)
        if isinstance(value, dict) and any(_GAP.search(key) for key in value):
            return next(self._unknown(key) for key in value if _GAP.search(key))
        return value

    def _filled(self, text: str) -> object:
        return self._unknown(text) if _GAP.search(text) else text

    def _unknown(self, text: str) -> Unknown:
        parts: list[object] = []
        for piece in re.split(f"({_GAP.pattern})", text):
            if _GAP.fullmatch(piece):
                parts.append(self._gap(piece))
            elif piece:
                parts.append(piece)
        first = next(part for part in parts if isinstance(part, Unknown))
        return first if len(parts) == 1 else Unknown(first.why, parts=tuple(parts))

    def _gap(self, character: str) -> Unknown:
        at = ord(character) - _FIRST_GAP
        return self._gaps[at] if at < len(self._gaps) else Unknown("a part of a text")

    def extent(self, raw: Any) -> Span:
        """Return the span of the value's own text."""
        return self._form.extent(raw)

    def key_span(self, raw: Any, key: str) -> Span | None:
        """Return the span of a key."""
        return self._form.key_span(raw, key)

    def source(self, raw: Any) -> Source | None:
        """Return the source of the value when it differs from the document's."""
        return self._form.source(raw)

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:
        """Return the places the value passed through."""
        return self._form.via(raw)


def text_of(origin: Expression) -> Text | None:
    """Return the text that an expression stands for, None when it is none whose lines can be told."""
    try:
        end = follow(origin).origin
        if end.node[0] == hcl.CALL:
            return _of_call(end)
        if end.node[0] in {hcl.STR, hcl.TMPL}:
            return _of_template(end)
    except (EvalError, RecursionError):
        return None
    return None


def _of_call(origin: Expression) -> Text | None:
    name, arguments = origin.node[3], origin.node[4]
    if name not in {"file", "templatefile"} or not arguments or origin.scope is None:
        return None
    source = _file(origin, arguments[0])
    if source is None:
        return None
    if name == "file":
        return Text(source.text, [Line(source, at + 1) for at in range(source.text.count("\n") + 1)], file=source)
    names = evaluate(arguments[1], origin.scope, origin.names) if len(arguments) > 1 else {}
    if isinstance(names, Unknown) or not isinstance(names, dict):
        return None
    try:
        node = hcl.parse_template(source.text)
    except hcl.HclError:
        return None
    builder = _Builder(source, 1, origin.scope.closed(), dict(names))
    builder.parts(node[3] if node[0] == hcl.TMPL else [node[3]], advance=True)
    return builder.done()


def _file(origin: Expression, argument: Any) -> Source | None:
    scope = origin.scope
    path = evaluate(argument, scope, origin.names)
    if scope is None or not isinstance(path, str) or path.startswith("~") or "\0" in path:
        return None
    root = scope.workspace.root
    try:
        real = Path(os.path.normpath(scope.top.module.directory / path)).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    if not real.is_relative_to(root):
        return None
    source = read_text(root, real.relative_to(root).as_posix(), "yaml")
    return source if isinstance(source, Source) else None


def _of_template(origin: Expression) -> Text | None:
    node, source = origin.node, origin.source
    if source.vendored:
        return None
    first = source.position(node[1])[0]
    heredoc = source.text.startswith("<<", node[1])
    builder = _Builder(source, first + 1 if heredoc else first, origin.scope, origin.names)
    builder.parts([node[3]] if node[0] == hcl.STR else node[3], advance=heredoc)
    return builder.done()


class _Builder:
    """Puts a text together, and remembers the line of the source that each of its lines begins on."""

    def __init__(self, source: Source, first: int, scope: Scope | None, names: Names | None) -> None:
        self._source, self._line, self._scope, self._names = source, first, scope, names
        self._pieces: list[str] = []
        self._lines = [first]
        self._gaps: list[Unknown] = []

    def parts(self, parts: Sequence[Any], *, advance: bool) -> None:
        """Add the parts of a template; `advance` says that a line break in a literal is one in the source."""
        for part in parts:
            if isinstance(part, str):
                self._add(part, advance=advance)
                continue
            if advance:
                self._line = self._source.position(part[1])[0]
            self.value(self._evaluated(part))
            if advance:
                self._line = self._source.position(part[2])[0]

    def _evaluated(self, part: Any) -> object:
        try:
            if part[0] in {hcl.TIF, hcl.TFOR}:
                return render([part], self._scope, self._names)
            value = to_text(evaluate(part, self._scope, self._names))
        except EvalError as error:
            return Unknown(f"error: {error}")
        return value if isinstance(value, (str, Unknown)) else Unknown("a value that is not known")

    def value(self, value: object) -> None:
        """Add a value: a text, or an unknown with the pieces that are known of it."""
        if isinstance(value, str):
            self._add(value, advance=False)
        elif isinstance(value, Unknown) and value.parts:
            for part in value.parts:
                self.value(part)
        elif isinstance(value, Unknown):
            self._pieces.append(chr(_FIRST_GAP + min(len(self._gaps), _GAPS)))
            self._gaps.append(value)

    def _add(self, text: str, *, advance: bool) -> None:
        self._pieces.append(text)
        for _ in range(text.count("\n")):
            self._line += 1 if advance else 0
            self._lines.append(self._line)

    def done(self) -> Text:
        """Return the text, each line at the nearest line of the source that reads like it."""
        text = "".join(self._pieces)
        lines = [
            Line(self._source, _nearest(self._source, expected, line))
            for expected, line in zip(self._lines, text.split("\n"), strict=True)
        ]
        return Text(text, lines, self._gaps)


def _nearest(source: Source, expected: int, line: str) -> int:
    """Return the line that reads like a line of the text: what sequences trim and repeat shifts the count."""
    wanted = line.strip()
    if not wanted or _reads_like(source.line(expected), wanted):
        return min(expected, source.line_count)
    for distance in range(1, _NEAR + 1):
        for number in (expected + distance, expected - distance):
            if 1 <= number <= source.line_count and _reads_like(source.line(number), wanted):
                return number
    return min(expected, source.line_count)


def _reads_like(line: str, wanted: str) -> bool:
    line = line.strip()
    if "{" not in line or line == wanted:
        return line == wanted
    pieces = _SEQUENCE.split(line)
    if len(pieces) == 1 or not any(piece.strip() for piece in pieces):
        return False
    return re.fullmatch(".*".join(map(re.escape, pieces)), wanted) is not None


def gapped(unknown: Unknown, line: Line) -> Text:
    """Return a text that is known in part, all of it from one line."""
    builder = _Builder(line.source, line.number, None, None)
    builder.value(unknown)
    return builder.done()


def has_gap(text: str) -> bool:
    """Return whether a text has a gap."""
    return _GAP.search(text) is not None


def documents_source(text: Text, used_by: tuple[tuple[str, Location], ...]) -> Source:
    """Return the text as one that can be read, with the way back to its lines; a whole file is itself."""
    if text.file is not None:
        return text.file
    made = Source(text.lines[0].source.path, text.text, "rendered")
    return Source(made.path, made.text, made.kind, origin=LineMap(made, text.lines, used_by))


def filled(root: Node, text: Text) -> Node:
    """Return a document in which gaps are unknown values."""
    return root.seen_through(GapForm(root.form, text.gaps, derived=text.file is None))


__all__ = ["GapForm", "Line", "LineMap", "Text", "documents_source", "filled", "gapped", "has_gap", "text_of"]
