"""The main job: paths and settings in, a Report out."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING

from opslint.engine.docs import rule_info
from opslint.engine.judge import judge
from opslint.engine.place import finding_of, fingerprint, merge
from opslint.engine.select import select
from opslint.engine.suppress import Suppressions
from opslint.model.report import Hidden, Report
from opslint.read.plan import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opslint.engine.judge import Judgement
    from opslint.engine.packs import Pack
    from opslint.engine.select import Selected
    from opslint.model.finding import Finding
    from opslint.model.project import Target
    from opslint.model.settings import Settings
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
    """
    selected = select(packs, settings)
    # Nothing of the project is freed before the report is written: collecting in between only costs time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        reading = read_project(paths, settings, stdin, progress)
        judgement = judge(reading.project, selected)
        return _report(reading, judgement, selected, settings, fixing=fixing)
    finally:
        if collecting:
            gc.enable()


def _report(
    reading: Reading, judgement: Judgement, selected: Sequence[Selected], settings: Settings, *, fixing: bool
) -> Report:
    project = reading.project
    suppressions = Suppressions(settings, project.as_of)
    shown: list[Finding] = []
    suppressed: list[Finding] = []
    vendored: list[Finding] = []
    ordinals: Counter[tuple[object, ...]] = Counter()
    for said in judgement.said:
        finding = finding_of(said, write_blocks=fixing)
        key = (finding.rule_id, id(said.item), finding.location.source.path, finding.location.span, finding.field_path)
        finding.ordinal = ordinals[key]
        ordinals[key] += 1
        if not reading.wants(finding):
            continue
        finding.suppressed = suppressions.find(finding, said.selected.rule, said.item)
        if finding.suppressed is not None:
            suppressed.append(finding)
        elif finding.vendored and not settings.include_vendored:
            vendored.append(finding)
        else:
            shown.append(finding)
    releases = frozenset(unit.id.rpartition("@")[0].rpartition("/")[2] for unit in project.units if unit.chart)
    findings, hidden = merge(shown), merge(suppressed)
    # One numbering over both: suppressing one of two equal findings leaves the other's fingerprint alone.
    fingerprint(sorted((*findings, *hidden), key=lambda finding: finding.sort_key), releases)
    coverage = reading.coverage
    coverage.rules_run = len(selected)
    coverage.unknown_arguments = sum(module.unknown_arguments for module in project.modules)
    coverage.silent_for_unknown = dict(sorted(judgement.silent.items()))
    targets: dict[Target, list[str]] = {}
    for unit in project.units:
        for target in unit.targets:
            targets.setdefault(target, []).append(unit.id)
    failures = sorted({*reading.failures, *judgement.failures}, key=lambda one: (one.path, one.line, one.message))
    return Report(
        findings=tuple(findings),
        suppressed=tuple(hidden),
        failures=tuple(failures),
        coverage=coverage,
        targets=tuple((target, tuple(units)) for target, units in targets.items()),
        hidden=Hidden(
            nonprod=len(merge(finding_of(said) for said in judgement.nonprod)),
            vendored=len(merge(vendored)),
            suppressed=len(hidden),
        ),
        files=reading.files,
        resources=len(project.objects) + sum(len(module.blocks) for module in project.modules),
        rules={one.rule.id: rule_info(one.rule) for one in selected},
    )
