"""The main job: paths and settings in, a Report out."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from opslint.engine.docs import rule_info
from opslint.engine.judge import Judgement, judge, judge_items
from opslint.engine.place import finding_of, fingerprint, merge, plan_fix
from opslint.engine.select import select
from opslint.engine.suppress import Suppressions
from opslint.model.finding import Suppressed
from opslint.model.records import NamedTuple, dataclass, field
from opslint.model.report import Hidden, Report
from opslint.read.plan import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opslint.engine.baseline import Baseline
    from opslint.engine.changed import Changes
    from opslint.engine.judge import Said
    from opslint.engine.packs import Pack
    from opslint.engine.rule import Rule
    from opslint.engine.select import Selected
    from opslint.model.finding import Finding, Problem
    from opslint.model.project import Target
    from opslint.model.settings import Settings
    from opslint.model.suppression import Suppression
    from opslint.read.plan import Reading

    Progress = Callable[[str, int, int], None]


def lint(
    paths: Sequence[str],
    settings: Settings,
    packs: Sequence[Pack],
    stdin: str | None = None,
    progress: Progress | None = None,
    *,
    fixing: bool = False,
) -> Report:
    """Read the paths and run the selected rules.

    Args:
        paths: files and directories, as the user gave them; none: the current directory.
        settings: configuration and command line, merged.
        packs: the rule packs.
        stdin: manifests read from standard input, when a path is `-`.
        fixing: write out the blocks of Terraform that fixes append, which costs time and is seldom looked at.
        progress: called with what is being done, how many are done and how many there are.

    Raises:
        SelectionError: the settings name a rule or an option that does not exist.
        BaselineError: the baseline that the settings name cannot be used.
        ChangedError: git cannot tell what changed since the revision that the settings name.
    """
    selected = select(packs, settings)
    # Nothing of the project is freed before the report is written: collecting in between only costs time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        baseline = _baseline(settings)
        changes = None
        if settings.changed_since:
            from opslint.engine.changed import Asked, Changes, remember

            asked = Asked(Path(settings.root), settings.changed_since)
        reading = read_project(paths, settings, stdin, progress)
        if settings.changed_since:
            remember(reading.project, asked)
            changes = Changes(reading.project)
        asked_for = selected if changes is None else changes.worth_asking(selected)
        judgement = judge(reading.project, asked_for, progress)
        left_out = frozenset(one.rule.id for one in selected) - {one.rule.id for one in asked_for}
        rules = [rule for pack in packs for rule in pack.rules]
        run = Run(reading, judgement, asked_for, rules, paths, changes, left_out)
        if progress is not None:
            progress("making the report", 0, 0)
        return _report(run, baseline, fixing=fixing)
    finally:
        if collecting:
            gc.enable()


class Run(NamedTuple):
    """What a run was about."""

    reading: Reading
    judgement: Judgement
    selected: Sequence[Selected]  # those that were asked
    rules: Sequence[Rule]  # of all packs
    paths: Sequence[str]
    changes: Changes | None  # None: the run is about everything
    left_out: frozenset[str]  # the ids of rules that could say nothing of what changed


@dataclass(slots=True)
class _Sorted:
    """Findings by what becomes of them."""

    shown: list[Finding] = field(default_factory=list)
    suppressed: list[Finding] = field(default_factory=list)
    vendored: list[Finding] = field(default_factory=list)
    messages: dict[tuple[object, ...], list[str]] = field(default_factory=dict)
    fixable: list[tuple[Finding, Problem]] = field(default_factory=list)  # of all findings, shown or not

    def make(self, said: Said) -> Finding:
        finding = finding_of(said)
        if said.problem.fix is not None:
            self.fixable.append((finding, said.problem))
        key = (finding.rule_id, id(said.item), finding.location.source.path, finding.location.span, finding.field_path)
        # The same words of the same place are one finding: a rule over the project meets a line once an environment.
        said_here = self.messages.setdefault(key, [])
        if finding.message not in said_here:
            said_here.append(finding.message)
        finding.ordinal = said_here.index(finding.message)
        return finding

    def put(self, finding: Finding, *, include_vendored: bool) -> None:
        if finding.suppressed is not None:
            self.suppressed.append(finding)
        elif finding.vendored and not include_vendored:
            self.vendored.append(finding)
        else:
            self.shown.append(finding)


def _baseline(settings: Settings) -> Baseline | None:
    if not settings.baseline:
        return None
    from opslint.engine.baseline import read_baseline

    return read_baseline(Path(settings.root), settings.baseline)


def _report(run: Run, baseline: Baseline | None, *, fixing: bool) -> Report:
    reading, judgement, selected = run.reading, run.judgement, run.selected
    project = reading.project
    settings = project.settings
    suppressions = Suppressions(settings, project.as_of)
    found = _Sorted()
    for said in judgement.said:
        finding = found.make(said)
        # Also of findings that are not wanted: what silences them is of use.
        finding.suppressed = suppressions.find(finding, said.selected.rule, said.item)
        if reading.wants(finding):
            found.put(finding, include_vendored=settings.include_vendored)
    nonprod = [finding_of(said) for said in judgement.nonprod]
    for finding, said in zip(nonprod, judgement.nonprod, strict=True):
        suppressions.find(finding, said.selected.rule, said.item)
    for finding in _of_suppressions(suppressions, run, found, judgement):
        if reading.wants(finding):
            found.put(finding, include_vendored=False)
    releases = frozenset(unit.id.rpartition("@")[0].rpartition("/")[2] for unit in project.units if unit.chart)
    findings, hidden = merge(found.shown), merge(found.suppressed)
    # One numbering over both: suppressing one of two equal findings leaves the other's fingerprint alone.
    fingerprint(sorted((*findings, *hidden), key=lambda finding: finding.sort_key), releases)
    known: list[Finding] = []
    if baseline is not None:
        findings, known = _without_known(findings, baseline)
        findings += _of_baseline(baseline, hidden, run, judgement)
        findings.sort(key=lambda finding: finding.sort_key)
    unchanged = 0
    if run.changes is not None:
        kept = [finding for finding in findings if run.changes.touch(finding)]
        unchanged, findings = len(findings) - len(kept), kept
    reported = {id(finding) for finding in (*findings, *hidden, *known)}
    for finding, problem in found.fixable:
        if id(finding) in reported:
            plan_fix(finding, problem, write_blocks=fixing)
    coverage = reading.coverage
    coverage.rules_run = len(selected)
    coverage.unknown_arguments = sum(module.unknown_arguments for module in project.modules)
    late = {notice for module in project.modules for notice in module.notices}  # said while rules read values
    coverage.notices = sorted(
        {*coverage.notices, *late, *judgement.notices}, key=lambda one: (one.path, one.line, one.message)
    )
    coverage.silent_for_unknown = dict(sorted(judgement.silent.items()))
    targets: dict[Target, list[str]] = {}
    for unit in project.units:
        for target in unit.targets:
            targets.setdefault(target, []).append(unit.id)
    failures = sorted({*reading.failures, *judgement.failures}, key=lambda one: (one.path, one.line, one.message))
    return Report(
        findings=tuple(findings),
        suppressed=tuple(sorted((*hidden, *known), key=lambda finding: finding.sort_key)),
        failures=tuple(failures),
        coverage=coverage,
        targets=tuple((target, tuple(units)) for target, units in targets.items()),
        hidden=Hidden(
            nonprod=len(merge(nonprod)),
            vendored=len(merge(found.vendored)),
            suppressed=len(hidden),
            baseline=len(known),
            unchanged=unchanged,
        ),
        files=reading.files,
        resources=len(project.objects) + sum(len(module.blocks) for module in (*project.modules, *project.eksctl)),
        rules={one.rule.id: rule_info(one.rule) for one in selected},
        secrets=tuple(place for module in project.modules for place in module.secrets),
    )


def _of_suppressions(suppressions: Suppressions, run: Run, found: _Sorted, judgement: Judgement) -> Iterator[Finding]:
    """Yield what rules say of the suppressions, when all others have spoken."""
    judges = [one for one in run.selected if one.rule.each.what == "suppression"]
    if not judges:
        return
    from opslint.engine.unused import judged_suppressions

    for mark, item in judged_suppressions(suppressions, run):
        for said in _ask(judges, item, run, judgement):
            finding = found.make(said)
            finding.suppressed = suppressions.find(finding, said.selected.rule, said.item, about=mark)
            yield finding


def _ask(judges: Sequence[Selected], item: Suppression, run: Run, judgement: Judgement) -> list[Said]:
    later = Judgement()
    for selected in judges:
        judge_items(selected, (item,), run.reading.project, later)
    judgement.failures += later.failures
    return later.said


def _without_known(findings: Sequence[Finding], baseline: Baseline) -> tuple[list[Finding], list[Finding]]:
    new, known = [], []
    for finding in findings:
        if finding in baseline:
            finding.suppressed = Suppressed("baseline")
            known.append(finding)
        else:
            new.append(finding)
    return new, known


def _of_baseline(baseline: Baseline, hidden: Sequence[Finding], run: Run, judgement: Judgement) -> list[Finding]:
    """Return one finding for all entries that match nothing any more."""
    judges = [one for one in run.selected if one.rule.each.what == "suppression"]
    for finding in hidden:
        _ = finding in baseline  # suppressed as well: the entry is still of use
    from opslint.engine.unused import stale

    item = stale(baseline, run) if judges else None
    said = _ask(judges, item, run, judgement) if item is not None else []
    made = [finding_of(one) for one in said]
    for finding, one in zip(made, said, strict=True):
        plan_fix(finding, one.problem)
    fingerprint(made, frozenset())
    return [finding for finding in made if run.reading.wants(finding)]
