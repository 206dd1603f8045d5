"""Suppressions: comments beside the line, annotations on the object, entries of the configuration."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, NamedTuple

from opslint.engine.place import origin_of
from opslint.model.finding import Suppressed
from opslint.model.kube import Container, KubeObject
from opslint.model.patterns import regex
from opslint.model.terraform import Block, ModuleCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opslint.engine.judge import Item
    from opslint.engine.rule import Rule
    from opslint.model.finding import Finding
    from opslint.model.settings import Settings
    from opslint.model.source import Location, Source

# `# opslint: ignore[a, b] reason until 2027-01-31`; in templates also {{/* opslint: … */}}; in HCL also // and /* */.
COMMENT: Final = regex(
    r"(?:#|//|/\*)[-\s]*opslint:\s*(?P<what>ignore-file|ignore)\s*(?:\[(?P<rules>[^\]\n]*)\])?(?P<rest>[^\n]*)"
)
UNTIL: Final = regex(r"\buntil\s+(\d{4}-\d{2}-\d{2})\s*$")
ANNOTATION: Final = "opslint.dev/ignore"
REASON: Final = "opslint.dev/reason"


class Comment(NamedTuple):
    """A suppression comment: the rules it names (none: all), on its line, for the file or for the next line."""

    line: int
    whole_file: bool
    rules: tuple[str, ...]
    reason: str
    until: date | None
    alone: bool  # nothing else on its line: it speaks of the line below

    def names(self, rule: Rule) -> bool:
        """True when it speaks of the rule: by id, area, or all."""
        return not self.rules or any(name in {rule.id, rule.area, "all"} for name in self.rules)


def comments(source: Source) -> list[Comment]:
    """Return the suppression comments of a text."""
    if "opslint:" not in source.text:
        return []
    found = []
    for match in COMMENT.finditer(source.text):
        line, _ = source.position(match.start())
        rest = match["rest"].split("*/")[0].strip().rstrip("-").strip()
        until = UNTIL.search(rest)
        text = source.line(line)
        before = text[: text.find(match[0].rstrip()[:8])].replace("{{", "").replace("-", "")
        found.append(
            Comment(
                line,
                match["what"] == "ignore-file",
                tuple(name.strip() for name in (match["rules"] or "").split(",") if name.strip()),
                UNTIL.sub("", rest).strip().rstrip("("),
                _date(until[1]) if until else None,
                not before.strip(),
            )
        )
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class Suppressions:
    """Finds what suppresses a finding; reads each file's comments once."""

    def __init__(self, settings: Settings, as_of: date) -> None:
        self._settings, self._as_of = settings, as_of
        self._by_source: dict[int, tuple[Source, Mapping[int, list[Comment]], list[Comment]]] = {}

    def find(self, finding: Finding, rule: Rule, item: Item) -> Suppressed | None:
        """Return what suppresses the finding, None when nothing does."""
        return (
            self._by_comment(finding, rule, item)
            or self._by_annotation(rule, item)
            or self._by_configuration(finding, rule)
        )

    def _by_comment(self, finding: Finding, rule: Rule, item: Item) -> Suppressed | None:
        for place in self._places(finding, item):
            by_line, whole = self._comments(place.source)
            beside = by_line.get(place.span.line, ())
            above = [comment for comment in self._above(by_line, place.span.line) if comment.alone]
            for comment in (*beside, *above, *whole):
                if comment.names(rule) and self._valid(comment.until):
                    return Suppressed("comment", comment.reason)
        return None

    @staticmethod
    def _above(by_line: Mapping[int, list[Comment]], line: int) -> Iterator[Comment]:
        """Comments stacked above one line all speak of it."""
        line -= 1
        while line in by_line and all(comment.alone for comment in by_line[line]):
            yield from by_line[line]
            line -= 1

    def _places(self, finding: Finding, item: Item) -> Iterator[Location]:
        yield finding.location
        for _, place in finding.related:
            yield place
        if isinstance(item, Container):
            item = item.owner
        if isinstance(item, KubeObject):
            yield origin_of(item.root.location).location
        elif isinstance(item, (Block, ModuleCall)):
            yield item.header

    def _comments(self, source: Source) -> tuple[Mapping[int, list[Comment]], list[Comment]]:
        known = self._by_source.get(id(source))
        if known is None:
            by_line: dict[int, list[Comment]] = {}
            whole = []
            for comment in comments(source):
                if comment.whole_file:
                    whole.append(comment)
                else:
                    by_line.setdefault(comment.line, []).append(comment)
            known = self._by_source[id(source)] = (source, by_line, whole)
        return known[1], known[2]

    def _valid(self, until: date | None) -> bool:
        return until is None or until >= self._as_of

    @staticmethod
    def _by_annotation(rule: Rule, item: Item) -> Suppressed | None:
        if isinstance(item, Container):
            item = item.owner
        if not isinstance(item, KubeObject):
            return None
        template = item.pod_template["metadata"]["annotations"]
        on_pods = template.plain() if template.known and template.is_map else {}
        for given in (item.annotations, on_pods):
            names = [name.strip() for name in str(given.get(ANNOTATION, "")).split(",")]
            if any(name in {rule.id, rule.area, "all"} for name in names):
                return Suppressed("annotation", str(given.get(REASON, "")))
        return None

    def _by_configuration(self, finding: Finding, rule: Rule) -> Suppressed | None:
        resource, path = finding.resource, finding.location.source.path
        name = resource.address or f"{resource.kind}/{resource.namespace}/{resource.name}"
        for entry in self._settings.suppress:
            if (
                (entry.rule in {rule.id, rule.area, "all"} or fnmatchcase(rule.id, entry.rule))
                and (not entry.resource or fnmatchcase(name, entry.resource))
                and (not entry.path or fnmatchcase(path, entry.path))
                and self._valid(entry.until)
            ):
                return Suppressed("configuration", entry.reason)
        for glob, changes in self._settings.per_path.items():
            if fnmatchcase(path, glob) and any(
                name in {rule.id, rule.area, "all", *rule.tags} for name in changes.get("ignore", ())
            ):
                return Suppressed("configuration", f"per_path {glob}")
        return None
