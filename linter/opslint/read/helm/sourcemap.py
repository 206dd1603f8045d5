"""The way back from a rendered template to the repository."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from opslint.model.records import dataclass, field
from opslint.model.source import Confidence, Location, Origin, Span
from opslint.read.helm.provenance import Provenance, dotted, paths_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.source import Source
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.markers import Mark
    from opslint.read.helm.strip import Alignment, Stripped
    from opslint.read.helm.values import Found, Path

_RELATED_KEYS: Final = 4
_RELATED_CALLS: Final = 5
_QUOTES: Final = "\"' \t\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class EntryMap:
    """The map of a text inside an archive: everything stands at the dependency's entry in Chart.yaml."""

    entry: Location

    def locate(self, span: Span) -> Origin:  # noqa: ARG002 - the interface of SourceMap
        """Return the dependency's entry: more of an archive is not in the repository."""
        return Origin(self.entry, Confidence.BLOCK)


@dataclass(slots=True, eq=False)
class FileMap:
    """The map of a text of which only the file is known."""

    source: Source

    def locate(self, span: Span) -> Origin:  # noqa: ARG002 - the interface of SourceMap
        """Return the first line of the file."""
        return Origin(Location(self.source, Span.of_line(1, self.source.line(1))), Confidence.FILE)


@dataclass(slots=True, eq=False)
class HelmSourceMap:
    """The map of one rendered template.

    `plain` is the text spans refer to, `stripped` the marked rendering without its markers, `alignment` how the two
    lie over each other, `template` the path (in the chart's files) of the template that was rendered.
    """

    chart: LoadedChart
    template: str
    plain: Source
    stripped: Stripped
    alignment: Alignment
    marks: Sequence[Mark]
    provenance: Provenance
    _sites: list[int] = field(default_factory=list)
    _printed: dict[int, dict[tuple[int, int], Path]] = field(default_factory=dict)  # by the index of the action

    def locate(self, span: Span) -> Origin:
        """Return the template line that printed the first character of the span, and the values keys behind it."""
        start, confidence = self._offset(span.line, span.column)
        index = self.stripped.index(start) if start >= 0 else -1
        if index < 0:
            return self._file()
        end, _ = self._offset(span.end_line, span.end_column)
        if confidence is not Confidence.EXACT or end <= start:
            end = start + 1
        mark, sites = self._mark(index), self._chain(index)
        if confidence is Confidence.EXACT:
            confidence = self._exactness(index, mark)
        helper = mark
        if not self.plain.vendored and self._released(mark):
            # Such a helper is not for editing here: the place is the line of the chart that calls it.
            while sites and self._released(mark):
                mark, sites = sites[0], sites[1:]
        own = self._line(index, start)
        location, cap = self._place(mark, own if mark is helper else mark.line)
        related = [("included here", self._place(site, site.line)[0]) for site in sites[:_RELATED_CALLS]]
        if helper is not mark:
            confidence = Confidence.LINE if confidence is Confidence.EXACT else confidence
            if self._entry(helper.file) is None:
                related.insert(0, ("printed by this helper", self._place(helper, own)[0]))
        keys, editable = self._values(index, start, end)
        related += [(f"values key {dotted(found.path)}", found.key) for found in keys[:_RELATED_KEYS]]
        return Origin(location, cap or confidence, tuple(related), editable)

    def feeds_others(self, span: Span) -> bool:
        """True when the chart's templates read the values key behind a span, or a map around it, in other places too.

        Told by their text: `.Values.a.b` counts wherever it stands, what a helper is handed does not.
        """
        start, _ = self._offset(span.line, span.column)
        index = self.stripped.index(start) if start >= 0 else -1
        paths = self._paths(index, start) if index >= 0 and self._mark(index).token is not None else []
        if len(paths) != 1:
            return False
        first, *more = [re.escape(str(key)) for key in paths[0] if isinstance(key, str) and key != "*"] or [""]
        below = "".join(rf"(?:\.{key}" for key in more) + ")?" * len(more)
        reading = re.compile(rf"\.Values\.{first}{below}(?![\w.-])")
        texts = (data.decode("utf-8", "replace") for path, data in self.chart.files.items() if "templates/" in path)
        return bool(first) and sum(len(reading.findall(text)) for text in texts) > 1

    # -- places
    def _file(self) -> Origin:
        entry = self._entry(self.template)
        if entry is not None:
            return Origin(*entry)
        return FileMap(self.chart.source(self.template)).locate(Span(1, 1, 1, 1))

    def _entry(self, path: str) -> tuple[Location, Confidence] | None:
        """Return where findings of a file in an archive are shown: the dependency's entry, else Chart.yaml itself."""
        part = self.chart.part_of(path)
        if not part.archived:
            return None
        if part.entry is not None:
            return part.entry.location, Confidence.BLOCK
        source = self.chart.source("Chart.yaml")
        return Location(source, Span.of_line(1, source.line(1))), Confidence.FILE

    def _released(self, mark: Mark) -> bool:
        """True in a chart that comes released by itself: a third party's, or one that only stands in for it."""
        part = self.chart.part_of(mark.file)
        return part.vendored or bool(part.version)

    def _line(self, index: int, offset: int) -> int:
        """Return the template line of an offset: that of an action, or a text's own line counted from its marker."""
        mark = self._mark(index)
        if mark.token is not None:
            return mark.line
        starts = self.stripped.lines
        return mark.line + bisect_right(starts, offset) - bisect_right(starts, self.stripped.starts[index])

    def _place(self, mark: Mark, line: int) -> tuple[Location, Confidence | None]:
        entry = self._entry(mark.file)
        if entry is not None:
            return entry
        source = self.chart.source(mark.file)
        return Location(source, Span.of_line(line, source.line(line))), None

    def _offset(self, line: int, column: int) -> tuple[int, Confidence]:
        """Return the offset in the stripped text of a place of the plain one, -1 when it has no counterpart."""
        if self.alignment.whole:
            return self.plain.offset(line, column), Confidence.EXACT
        lines = self.alignment.lines
        at = min(line, len(lines)) - 1
        target = lines[at]
        if target is not None:
            first = self.stripped.lines[target]
            if self.alignment.equal[at]:
                return first + column - 1, Confidence.EXACT
            # The line's value differs (a checksum, a random one): its first text still tells the template line.
            text = self.plain.line(line)
            return first + min(column - 1, len(text) - len(text.lstrip())), Confidence.LINE
        while at > 0:
            at -= 1
            target = lines[at]
            if target is not None and self.plain.line(at + 1).strip():
                text = self.plain.line(at + 1)
                return self.stripped.lines[target] + len(text) - len(text.lstrip()), Confidence.BLOCK
        return -1, Confidence.FILE

    # -- marks
    def _mark(self, index: int) -> Mark:
        return self.marks[self.stripped.numbers[index]]

    def _exactness(self, index: int, mark: Mark) -> Confidence:
        """Return how exact a mark is: the text of a helper that could not be marked is known by its call only."""
        if mark.token is None or not mark.calls.names:
            return Confidence.EXACT
        text = self.stripped.text[self.stripped.starts[index] : self.stripped.end(index)]
        return Confidence.BLOCK if "\n" in text.strip() else Confidence.LINE

    def _chain(self, index: int) -> list[Mark]:
        """Return the calls around a mark, innermost first."""
        if not self._sites:
            self._sites = self._calls()
        chain: list[Mark] = []
        at = self._sites[index]
        while at >= 0 and len(chain) < 50:
            chain.append(self._mark(at))
            at = self._sites[at]
        return chain

    def _calls(self) -> list[int]:
        """Return, for each mark of the text, the index of the mark that called the helper it stands in; -1: none."""
        sites: list[int] = []
        stack: list[tuple[str, int]] = []
        for index, number in enumerate(self.stripped.numbers):
            mark = self.marks[number]
            if not mark.define:
                stack.clear()
            elif any(name == mark.define for name, _ in stack):
                while stack[-1][0] != mark.define:
                    stack.pop()
            sites.append(stack[-1][1] if stack and mark.define == stack[-1][0] else -1)
            if mark.calls.plain:
                stack.append((mark.calls.plain, index))
        return sites

    # -- values
    def _values(self, index: int, start: int, end: int) -> tuple[list[Found], Location | None]:
        """Return the values keys behind a stretch of the stripped text, and the scalar to edit when it is one."""
        stripped, found = self.stripped, []
        last = max(stripped.index(end - 1), index)
        pieces = [
            i
            for i in range(index, last + 1)
            if stripped.text[max(start, stripped.starts[i]) : min(end, stripped.end(i))].strip(_QUOTES)
        ]
        actions = [i for i in pieces if self._mark(i).token is not None]
        for i in actions[:_RELATED_KEYS]:
            begin = max(start, stripped.starts[i])
            shown = stripped.text[begin : min(end, stripped.end(i))].strip(_QUOTES)
            paths = self._paths(i, begin)
            found += [key for path in paths if (key := self.provenance.find(path, shown))]
        # Nothing but quotes may stand around the one action.
        editable = self._editable(actions[0], start, end) if len(actions) == 1 and pieces == actions else None
        if not actions:
            following = self._next_action(last, end)
            if following is not None:
                paths = self.provenance.refs(self._mark(following), self._chain(following))
                found += [key for path in paths if (key := self.provenance.find(path))]
        unique = {(id(key.key.source), key.key.span): key for key in found}
        return list(unique.values()), editable

    def _paths(self, index: int, start: int) -> list[Path]:
        """Return the value paths behind an action's text at an offset: within printed YAML, the key itself."""
        mark, sites = self._mark(index), self._chain(index)
        inner = self._inner(index, start)
        whole = self.provenance.whole(mark, sites)
        if whole is not None:
            return [(*whole, *inner)]
        paths = self.provenance.refs(mark, sites)
        # A helper may print a value changed a little: the key is behind it when it is there.
        deeper = [(*path, *inner) for path in paths if inner and self.provenance.find((*path, *inner))]
        return deeper or paths

    def _inner(self, index: int, start: int) -> Path:
        """Return the path of the key or scalar that begins at an offset within YAML that an action printed."""
        begin = self.stripped.starts[index]
        text = self.stripped.text[begin : self.stripped.end(index)]
        if "\n" not in text.strip("\n") and ":" not in text:
            return ()
        # Where the action begins in its line: what an `indent` around a call of its helper put before it.
        lead = begin - self.stripped.lines[bisect_right(self.stripped.lines, begin) - 1]
        lead = lead if not self.stripped.text[begin - lead : begin].strip() else 0
        paths = self._printed.get(index)
        if paths is None:
            paths = self._printed[index] = paths_within(" " * lead + text)
        before = " " * lead + text[: start - begin]
        return paths.get((before.count("\n"), len(before) - (before.rfind("\n") + 1)), ())

    def _editable(self, index: int, start: int, end: int) -> Location | None:
        """Return the scalar of the values key that was printed as it is from `start` to `end`."""
        at = max(start, self.stripped.starts[index])
        paths = self._paths(index, at)
        printed_whole = self._inner(index, at) or self.provenance.whole(self._mark(index), self._chain(index))
        shown = self.stripped.text[start:end].strip(_QUOTES)
        key = self.provenance.find(paths[0], shown) if len(paths) == 1 and printed_whole else None
        if key is None or key.scalar is None:
            return None
        return key.scalar if shown == key.place.text.strip() else None

    def _next_action(self, last: int, end: int) -> int | None:
        """Return the action whose text is the value of the key that the span ends with."""
        stripped = self.stripped
        following = last + 1
        while following < len(stripped.starts) and stripped.end(following) == stripped.starts[following]:
            following += 1
        if following >= len(stripped.starts) or self._mark(following).token is None:
            return None
        between = stripped.text[end : stripped.starts[following]]
        return following if ":" in between and not between.strip(" \n:\"'|->") else None
