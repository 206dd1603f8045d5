"""Suppressions: comments beside the line, annotations on the object, entries of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.marks import Mark, comments, split_names, split_until
from opslint.engine.place import origin_of
from opslint.engine.select import matches
from opslint.model.finding import Suppressed
from opslint.model.kube import Container, KubeObject
from opslint.model.patterns import glob_matches
from opslint.model.records import NamedTuple
from opslint.model.source import Location, Span
from opslint.model.terraform import Block, ModuleCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from opslint.engine.judge import Item
    from opslint.engine.rule import Rule
    from opslint.model.finding import Finding
    from opslint.model.node import Node
    from opslint.model.settings import Settings
    from opslint.model.source import Source

ANNOTATION: Final = "opslint.dev/ignore"
REASON: Final = "opslint.dev/reason"


class FileMarks(NamedTuple):
    """The marks of one file, by what they hold for."""

    by_line: Mapping[int, list[Mark]]
    whole: list[Mark]
    block: list[Mark]

    def beside(self, line: int) -> Iterator[Mark]:
        """Yield the marks on a line and those that stand alone above it; stacked ones all speak of it."""
        by_line = self.by_line
        yield from by_line.get(line, ())
        line -= 1
        while line in by_line and all(mark.alone for mark in by_line[line]):
            yield from by_line[line]
            line -= 1


class Suppressions:
    """Finds what suppresses a finding, and remembers what was of use; reads each file's comments once."""

    def __init__(self, settings: Settings, as_of: date) -> None:
        self._settings, self._as_of = settings, as_of
        self._files: dict[str, FileMarks] = {}
        self._objects: dict[int, tuple[KubeObject, list[Mark]]] = {}
        self._starts: dict[int, tuple[KubeObject, Location]] = {}
        self._annotated: dict[int, tuple[Source, bool]] = {}
        self._annotations: dict[tuple[object, ...], Mark] = {}
        self._names: dict[tuple[str, str], bool] = {}
        self._foreign_names: dict[str, frozenset[str]] = {}
        self._entries = [
            Mark("configuration", entry.location, (entry.rule,), entry.reason, entry.until)
            for entry in settings.suppress
        ]

    def find(self, finding: Finding, rule: Rule, item: Item, about: Mark | None = None) -> Suppressed | None:
        """Return what suppresses the finding, None when nothing does; `about` is a mark that may not hide it."""
        late: list[Mark] = []
        for mark in self._marks(finding, item):
            if mark.kind == "foreign":
                late.append(mark)  # ours first, so that they count as used
            elif mark is not about and (found := self._take(mark, rule)):
                return found
        for glob, changes in self._settings.per_path.items():
            if glob_matches(finding.location.source.path, glob) and any(
                self._speaks_of(name, rule) for name in changes.get("ignore", ())
            ):
                return Suppressed("configuration", f"per_path {glob}")
        return next((found for mark in late if (found := self._take(mark, rule))), None)

    def _take(self, mark: Mark, rule: Rule) -> Suppressed | None:
        if not mark.holds(self._as_of):
            return None
        names = [name for name in mark.names or ("",) if self._names_rule(mark, name, rule)]
        if not names:
            return None
        mark.used.update(names)
        return Suppressed(mark.kind, mark.reason)

    def _names_rule(self, mark: Mark, name: str, rule: Rule) -> bool:
        if mark.kind != "foreign":
            return not name or self._speaks_of(name, rule)
        known = self._foreign_names.get(rule.id)
        if known is None:
            from opslint.engine.foreign import names_of

            known = self._foreign_names[rule.id] = names_of(rule)
        return name in known

    def _speaks_of(self, name: str, rule: Rule) -> bool:
        key = (name, rule.id)
        if key not in self._names:
            self._names[key] = matches(rule, name)
        return self._names[key]

    def _marks(self, finding: Finding, item: Item) -> Iterator[Mark]:
        owner = item.owner if isinstance(item, Container) else item
        files: dict[str, FileMarks] = {}
        for place in self._places(finding, owner):
            marks = files[place.source.path] = self.file(place.source)
            yield from marks.beside(place.span.line)
        for path, marks in files.items():
            yield from marks.whole
            if marks.block:
                first, last = _extent(owner, path)
                yield from (mark for mark in marks.block if first <= mark.line <= last)
        if isinstance(owner, KubeObject):
            yield from self.of_object(owner)
        yield from self._configured(finding)

    def _places(self, finding: Finding, item: Item) -> Iterator[Location]:
        yield finding.location
        for _, place in finding.related:
            yield place
        if isinstance(item, KubeObject):
            if id(item) not in self._starts:
                self._starts[id(item)] = item, origin_of(item.root.location).location
            yield self._starts[id(item)][1]
        elif isinstance(item, (Block, ModuleCall)):
            yield item.header

    def file(self, source: Source) -> FileMarks:
        """Return the marks in a file's comments."""
        known = self._files.get(source.path)
        if known is None:
            known = self._files[source.path] = self._read(source)
        return known

    def _read(self, source: Source) -> FileMarks:
        found = list(comments(source))
        if self._settings.foreign_suppressions:
            from opslint.engine.foreign import foreign_comments

            found += foreign_comments(source)
        by_line: dict[int, list[Mark]] = {}
        for mark in found:
            if mark.scope == "line":
                by_line.setdefault(mark.line, []).append(mark)
        whole, block = ([mark for mark in found if mark.scope == scope] for scope in ("file", "block"))
        return FileMarks(by_line, whole, block)

    def of_object(self, item: KubeObject) -> list[Mark]:
        """Return the marks in the annotations of an object and of its pod template."""
        known = self._objects.get(id(item))
        if known is None:
            marks = list(self._read_object(item)) if self._may_be_annotated(item.source) else []
            known = self._objects[id(item)] = (item, marks)
        return known[1]

    def _may_be_annotated(self, source: Source) -> bool:
        known = self._annotated.get(id(source))
        if known is None:
            needles: Iterable[str] = (ANNOTATION,)
            if self._settings.foreign_suppressions:
                from opslint.engine.foreign import ANNOTATION_NEEDLES

                needles = (ANNOTATION, *ANNOTATION_NEEDLES)
            known = self._annotated[id(source)] = (source, any(needle in source.text for needle in needles))
        return known[1]

    def _read_object(self, item: KubeObject) -> Iterator[Mark]:
        on_pods = item.pod_template["metadata"] if item.pod_template.known else None
        for metadata in (item.metadata, on_pods):
            node = metadata["annotations"] if metadata is not None and metadata.known else None
            if node is None or not node.known:
                continue
            given = {key: value.text for key, value in node.items() if value.known}
            if ANNOTATION in given:
                yield self._annotation(node[ANNOTATION], given)
            if self._settings.foreign_suppressions:
                from opslint.engine.foreign import foreign_annotations

                yield from foreign_annotations(given, node)

    def _annotation(self, node: Node, given: Mapping[str, str]) -> Mark:
        """One mark for one place in the repository, however many environments its text is rendered for."""
        place = origin_of(node.location).location
        names = split_names(given[ANNOTATION])
        key = (place.source.path, place.span, names)
        known = self._annotations.get(key)
        if known is None:
            reason, until, wrong = split_until(given.get(REASON, ""))
            wrong = wrong or ("" if names else f"{ANNOTATION} names no rule")
            known = self._annotations[key] = Mark("annotation", node, names, reason, until, wrong)
        return known

    def _configured(self, finding: Finding) -> Iterator[Mark]:
        resource, path = finding.resource, finding.location.source.path
        name = resource.address or f"{resource.kind}/{resource.namespace}/{resource.name}"
        for entry, mark in zip(self._settings.suppress, self._entries, strict=True):
            if (not entry.resource or glob_matches(name, entry.resource)) and (
                not entry.path or glob_matches(path, entry.path)
            ):
                yield mark

    def all_marks(self, sources: Iterable[Source], objects: Iterable[KubeObject]) -> Iterator[Mark]:
        """Yield our marks in these files and on these objects, and those of the configuration."""
        for source in sources:
            marks = self.file(source)
            for mark in (*(one for line in marks.by_line.values() for one in line), *marks.whole):
                if mark.kind == "comment":
                    yield mark
        for item in objects:
            self.of_object(item)
        yield from self._annotations.values()
        yield from (mark for mark in self._entries if mark.at is not None)


def _extent(item: Item, path: str) -> tuple[int, int]:
    """Return the first and last line of a resource in a file, (0, -1) when it does not stand there."""
    if isinstance(item, (Block, ModuleCall)):
        first = item.header
        last = Location(item.body.source, Span(*item.body.extent))
    elif isinstance(item, KubeObject):
        source, extent = item.root.source, item.root.extent
        first = origin_of(item.root.location).location
        end = max(extent.line, extent.end_line - (1 if extent.end_column == 1 else 0))
        last = origin_of(Location(source, Span.of_line(end, source.line(end)))).location
    else:
        return 0, -1
    if first.source.path != path:
        return 0, -1
    return first.span.line, max(first.span.line, last.span.end_line) if last.source.path == path else first.span.line
