"""Which suppressions silence nothing, name no rule or have expired: told only where the run could know.

A suppression is unused when a rule it names ran over everything it speaks of and found nothing to silence. So nothing
is said of rules that did not run or had to be silent, of runs that are incomplete or about some environments only, and
of files that were not wholly rendered or whose resources are not all known.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opslint.engine.select import matches, nearest
from opslint.model.suppression import Suppression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.engine.baseline import Baseline, Entry
    from opslint.engine.marks import Mark
    from opslint.engine.rule import Rule
    from opslint.engine.run import Run
    from opslint.engine.suppress import Suppressions
    from opslint.model.project import Project
    from opslint.model.source import Source

_RENDERED_TOO = (".yaml", ".yml", ".json", ".tpl")


def judged_suppressions(suppressions: Suppressions, run: Run) -> Iterator[tuple[Mark, Suppression]]:
    """Yield the suppressions of the repository, each with what is to be said of it."""
    project = run.reading.project
    sources = list(_sources(project))
    if not project.settings.suppress and not any("opslint" in source.text for source in sources):
        objects = []
    else:
        objects = [item for item in project.objects if not item.source.vendored]
    judge = _Judge(run)
    for mark in suppressions.all_marks(sources, objects):
        said = judge.look(mark)
        if said is not None:
            yield mark, said


def _sources(project: Project) -> Iterator[Source]:
    """Yield the files of the repository that may hold comments, third parties' left out."""
    for file in project.files:
        # What a chart renders repeats its templates' comments: those stand in the templates, which follow.
        if not file.source.vendored and getattr(file.source.origin, "chart", None) is None:
            yield file.source
    seen: set[int] = set()
    for chart in project.charts:
        for release in chart.releases:
            for rendered in release.sources:
                loaded = getattr(rendered.origin, "chart", None)
                if loaded is None or id(loaded) in seen:
                    continue
                seen.add(id(loaded))
                for path, data in loaded.files.items():
                    if b"opslint:" in data and path.startswith("templates/") and path.endswith(_RENDERED_TOO):
                        yield loaded.source(path)


class _Judge:
    def __init__(self, run: Run) -> None:
        self._run = run
        project = run.reading.project
        self._settings = project.settings
        self._as_of = project.as_of
        self._ran = {one.rule.id for one in run.selected if one.rule.each.what != "suppression"}
        self._names = sorted({name for rule in run.rules for name in (rule.id, rule.area, *rule.tags)})
        self._partly = {place.source.path for chart in project.charts for place in chart.unrendered}
        self._open = {unit.path for unit in project.units if not unit.closed}
        self._open |= {module.path for module in project.modules if module.opaque}
        self._whole = _is_whole(run)
        self._complete = not (
            run.reading.failures or run.judgement.failures or self._settings.env or self._settings.cluster
        )
        self._narrowed = bool(self._settings.select or self._settings.ignore)

    def look(self, mark: Mark) -> Suppression | None:
        if mark.at is None:
            return None
        known = [name for name in mark.names if self._rules_of(name)]
        unknown = tuple((name, nearest(name, self._names)) for name in mark.names if name not in known)
        expired = not mark.wrong and mark.until is not None and mark.until < self._as_of
        unused = () if expired or mark.wrong else self._unused(mark, tuple(known) if mark.names else ("",))
        return Suppression(
            kind=mark.kind,
            at=mark.at,
            rules=mark.names,
            reason=mark.reason,
            until=mark.until,
            expired=expired,
            unknown=unknown,
            unused=unused,
            wrong=mark.wrong or self._blanket(mark),
            removal=mark.removal if expired or len(unused) == len(mark.names or ("",)) else None,
        )

    def _blanket(self, mark: Mark) -> str:
        """`ignore missing-pdb` silences every rule, and was meant for one."""
        word = mark.reason.partition(" ")[0].strip(",:")
        if mark.names or mark.kind != "comment" or not any(rule.id == word for rule in self._run.rules):
            return ""
        return f"without brackets it silences every rule: write [{word}]"

    def _rules_of(self, name: str) -> list[Rule]:
        return [rule for rule in self._run.rules if not name or matches(rule, name)]

    def _unused(self, mark: Mark, names: Sequence[str]) -> tuple[str, ...]:
        location = mark.at if isinstance(mark.at, tuple) else mark.at.location if mark.at is not None else None
        if location is None or not self._complete or (mark.kind == "configuration" and not self._whole):
            return ()
        path = location.source.path
        if mark.kind != "configuration" and (path in self._partly or any(_below(path, one) for one in self._open)):
            return ()
        there = mark.kind != "configuration" and self._run.changes is not None and self._run.changes.in_kubernetes(path)
        return tuple(name for name in names if name not in mark.used and self._is_judged(name, in_kubernetes=there))

    def _is_judged(self, name: str, *, in_kubernetes: bool) -> bool:
        """True when every rule of the name ran, and could tell; of a wide name, when no rule was left out by hand.

        Rules that `--changed-since` left out speak of Terraform only: in a manifest they would have said nothing.
        """
        rules = self._rules_of(name)
        left_out = [rule for rule in rules if rule.id in self._run.left_out]
        if left_out and not in_kubernetes:
            return False
        if len(left_out) == len(rules) == 1:
            return True
        if any(rule.each.what == "suppression" for rule in rules) and len(rules) == 1:
            return False
        if len(rules) == 1 and rules[0].id not in self._ran:
            return False
        if len(rules) > 1 and self._narrowed:
            return False
        silent = self._run.judgement.silent
        for rule in rules:
            if rule.id in self._ran and (silent[rule.id] or (rule.applies_to == "cross" and not self._whole)):
                return False
            if rule.area == "upgrade" and self._settings.target_source == "flag":
                return False
        return any(rule.id in self._ran for rule in rules)

    def stale(self, baseline: Baseline) -> list[Entry]:
        """Return the entries that matched nothing, of rules that ran over everything."""
        if not (self._complete and self._whole) or self._run.reading.report_only is not None:
            return []
        return [
            entry
            for entry in baseline.entries
            if entry.fingerprint not in baseline.met
            and entry.rule in self._ran
            and self._is_judged(entry.rule, in_kubernetes=False)
        ]


def _is_whole(run: Run) -> bool:
    """True when everything that belongs together was read: the root, or the folder of the configuration."""
    settings = run.reading.project.settings
    root = Path(settings.root).resolve()
    wholes = {root, (root / settings.project).resolve()}
    return any(path != "-" and Path(path).resolve() in wholes for path in run.paths or ["."])


def _below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def stale(baseline: Baseline, run: Run) -> Suppression | None:
    """Return the entries of the baseline that match nothing any more as one suppression, None when there are none."""
    judge = _Judge(run)
    entries = judge.stale(baseline)
    if not entries:
        return None
    at = baseline.place_of(entries[0])
    return Suppression("baseline", at, unused=tuple(entry.fingerprint for entry in entries))
