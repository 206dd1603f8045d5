"""The upgrade of a cluster as a plan: hop by hop, what the repository must change before, with and after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.judge import judge
from opslint.engine.place import finding_of, plan_fix
from opslint.engine.select import select
from opslint.engine.support_dates import Dated, dates_of
from opslint.engine.suppress import Suppressions
from opslint.engine.terraform import minor_of
from opslint.engine.upgrade_declared import (
    Addon,
    ClusterLine,
    NodeGroup,
    addons,
    cluster_lines,
    moving,
    node_groups,
    node_pools,
    unclear,
)
from opslint.engine.upgrade_steps import RULES, Step, is_independent, step_of
from opslint.model.finding import Severity
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint.read.plan import read_project
from opslint_schemas import data_as_of, lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from opslint.engine.packs import Pack
    from opslint.model.finding import Finding
    from opslint.model.project import Project
    from opslint.model.report import Failure
    from opslint.model.settings import Settings
    from opslint.read.plan import Reading

    Progress = Callable[[str, int, int], None]

__all__ = ["Addon", "ClusterLine", "Hop", "NodeGroup", "Support", "UpgradeError", "UpgradePlan", "plan_upgrade"]

_OLDEST_HOP: Final = 16  # the API data starts there
_NEEDED: Final = regex(r"Kubernetes 1\.(\d+)")
# Rules whose findings in third parties' subcharts count too: the release would fail, whoever wrote the chart.
_VENDORED: Final = frozenset({"chart-kubeversion-excludes-cluster", "removed-api", "stale-crd-api"})
_SOON: Final = 90  # days
# Rules that ask for more at each hop: what they say at one is not what they say at the next.
_RISING: Final = frozenset({"controller-version-incompatible", "addon-version-incompatible"})


class UpgradeError(ValueError):
    """There is nothing to plan: a version is missing, unknown or the wrong way round."""


class Support(NamedTuple):
    """EKS support of a version on the day of the plan."""

    version: str
    state: str  # upcoming | standard | extended | ended
    standard_end: date
    extended_end: date | None
    unverified: str


class Hop(NamedTuple):
    """One minor up. `lines` are those to change in it; a cluster that is further already has none."""

    before: str
    after: str
    support: tuple[Support, ...]  # of both ends, as far as known
    steps: tuple[Step, ...]
    addons: tuple[Addon, ...]
    lines: tuple[ClusterLine, ...]
    node_groups: tuple[NodeGroup, ...]
    node_pools: tuple[str, ...]  # names of Karpenter's

    @property
    def blocked(self) -> bool:
        """True while something has to be done first."""
        return any(step.blocks for step in self.steps)


class UpgradePlan(NamedTuple):
    """From the lowest version to the target.

    `today` is what is broken before any hop; `further` the newest version that EKS offers, when the target itself
    leaves standard support within a quarter.
    """

    before: str
    after: str
    as_of: date
    clusters: tuple[ClusterLine, ...]
    given: bool  # the start was given, not read
    today: tuple[Step, ...]
    hops: tuple[Hop, ...]
    dates: tuple[Dated, ...]
    further: Support | None
    suppressed: int
    failures: tuple[Failure, ...]
    unclear: tuple[tuple[str, str, int], ...]  # clusters whose version cannot be told: what, path, line

    @property
    def blocked(self) -> bool:
        """True while something blocks the next hop."""
        return bool(self.hops) and (self.hops[0].blocked or any(step.blocks for step in self.today))


class _Judged(NamedTuple):
    findings: list[Finding]
    suppressed: int
    reading: Reading
    failures: list[Failure]


def plan_upgrade(
    paths: Sequence[str],
    settings: Settings,
    packs: Sequence[Pack],
    target: str,
    *,
    start: str = "",
    progress: Progress | None = None,
) -> UpgradePlan:
    """Make the plan.

    Args:
        paths: files and directories, as the user gave them.
        settings: configuration and command line, merged; its target version is not looked at.
        packs: the rule packs; the plan uses what they say of upgrades, nodes and drains.
        target: the version to reach, such as "1.34".
        start: the version to start from, "" for what the clusters declare.
        progress: called with what is being done, how many are done and how many there are.

    Raises:
        UpgradeError: a version is not one, EKS is not known to offer the target, or it lies below the start.
    """
    goal = _known_minor(target, "--to")
    given = _known_minor(start, "--from") if start else None
    settings = settings._replace(
        target_version=f"1.{given}" if given is not None else "",
        target_source="flag",
        select=_selectors(packs),
        ignore=(),
        extend_select=(),
    )
    base = _judge(paths, settings, packs)
    project = base.reading.project
    lines = cluster_lines(project)
    first = given if given is not None else min((_minor(line) for line in lines), default=None)
    if first is None:
        raise UpgradeError("no file declares the version of an EKS cluster that can be told; give it with --from")
    if goal < first:
        raise UpgradeError(f"--to 1.{goal} lies below the start, 1.{first}: a control plane never goes back")
    seen: set[tuple[object, ...]] = set()
    today = _strictest(finding for finding in base.findings if not is_independent(finding) and step_of(finding).blocks)
    seen.update(map(_key, today))
    # One line serves several environments: what one of them needs today is done for the others too.
    done_today = {_shared(_key(finding)) for finding in today}
    failures, suppressed = set(base.failures), base.suppressed
    hops = []
    for number, minor in enumerate(range(first, goal)):
        if progress is not None:
            progress("judging hops", number, goal - first)
        after = _judge(paths, settings._replace(target_version=f"1.{minor + 1}"), packs)
        failures |= set(after.failures)
        suppressed = max(suppressed, after.suppressed)
        done = frozenset(line.environment for line in lines if line.environment and _minor(line) > minor)
        fresh = [
            one
            for one in after.findings
            if not (_key(one) in seen or _shared(_key(one)) in done_today or _is_done(one, done))
        ]
        # What one environment has listed is done for the others too: they share the line.
        listed = {_shared(_key(finding)) for finding in fresh}
        seen.update(key for key in map(_key, after.findings) if _shared(key) in listed)
        hops.append(_hop(minor, fresh, lines if given is None else (), project))
    return UpgradePlan(
        f"1.{first}",
        f"1.{goal}",
        project.as_of,
        lines,
        given is not None,
        _merged(map(step_of, today)),
        tuple(hops),
        dates_of(project, f"1.{goal}"),
        _further(goal, project.as_of),
        suppressed,
        tuple(sorted(failures, key=lambda one: (one.path, one.line, one.message))),
        unclear(project),
    )


def _known_minor(text: str, option: str) -> int:
    minor = minor_of(text)
    versions = lifecycle.eks_versions()
    newest = minor_of(versions[-1]) or 0
    if minor is None:
        raise UpgradeError(f'{option}: "{text}" is no Kubernetes version such as {versions[-1]}')
    if not _OLDEST_HOP <= minor <= newest:
        known = f"opslint knows 1.{_OLDEST_HOP} to {versions[-1]} (data as of {data_as_of()})"
        raise UpgradeError(f"{option}: EKS is not known to offer 1.{minor}; {known}")
    return minor


def _selectors(packs: Sequence[Pack]) -> tuple[str, ...]:
    """The rules of the plan, as far as the packs have them."""
    known = {rule.id for pack in packs for rule in pack.rules}
    return tuple(rule for rule in RULES if rule in known) or ("all",)


def _judge(paths: Sequence[str], settings: Settings, packs: Sequence[Pack]) -> _Judged:
    reading = read_project(paths, settings)
    selected = select(packs, settings)
    judgement = judge(reading.project, selected)
    suppressions = Suppressions(settings, reading.project.as_of)
    kept, suppressed = [], 0
    for said in judgement.said:
        finding = finding_of(said)
        if (finding.vendored and finding.rule_id not in _VENDORED) or not reading.wants(finding):
            continue
        if suppressions.find(finding, said.selected.rule, said.item) is not None:
            suppressed += 1
        else:
            plan_fix(finding, said.problem)
            kept.append(finding)
    kept.sort(key=lambda finding: finding.sort_key)
    return _Judged(kept, suppressed, reading, [*reading.failures, *judgement.failures])


def _strictest(findings: Iterable[Finding]) -> list[Finding]:
    """Of what a rule asks of one line at several versions, keep what the newest one asks."""
    found: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        key = _key(finding)
        if finding.rule_id in _RISING:
            key = (finding.rule_id, finding.location.source.path, finding.location.span)
        known = found.get(key)
        if known is None or _minor_said(known) < _minor_said(finding):
            found[key] = finding
    return list(found.values())


def _minor_said(finding: Finding) -> int:
    said = _NEEDED.search(finding.message)
    return int(said[1]) if said else 0


def _minor(line: ClusterLine) -> int:
    return minor_of(line.version) or 0


def _key(finding: Finding) -> tuple[object, ...]:
    """What makes a finding the same one at another hop: a worse severity makes it another."""
    span = finding.location.span
    names = tuple(name for name, _ in finding.environments)
    needed = _minor_said(finding) if finding.rule_id in _RISING and finding.severity is Severity.HIGH else 0
    return (finding.rule_id, finding.location.source.path, span, finding.field_path, names, finding.severity, needed)


def _shared(key: tuple[object, ...]) -> tuple[object, ...]:
    """A key without the environments."""
    return (*key[:4], *key[5:])


def _is_done(finding: Finding, environments: frozenset[str]) -> bool:
    """True when it is about clusters alone that are past the hop."""
    names = {name for name, _ in finding.environments}
    return bool(names) and names <= environments


def _further(goal: int, on: date) -> Support | None:
    here = _support(f"1.{goal}", on)
    if here is None or (here.standard_end - on).days > _SOON:
        return None
    offered = [row for row in map(lifecycle.eks, lifecycle.eks_versions()) if row is not None and row.release <= on]
    return _support(offered[-1].version, on) if offered and offered[-1].version != here.version else None


def _hop(minor: int, findings: list[Finding], lines: Sequence[ClusterLine], project: Project) -> Hop:
    before, after = f"1.{minor}", f"1.{minor + 1}"
    return Hop(
        before,
        after,
        tuple(support for version in (before, after) if (support := _support(version, project.as_of)) is not None),
        _merged(map(step_of, findings)),
        addons(project, minor + 1),
        moving(tuple(lines), minor),
        node_groups(project),
        node_pools(project),
    )


def _merged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """One step for what several environments share, blocking ones first."""
    found: dict[tuple[object, ...], Step] = {}
    for step in steps:
        key = step._replace(environments=())
        known = found.get(key)
        environments = step.environments if known is None else known.environments + step.environments
        found[key] = step._replace(environments=tuple(sorted(set(environments))))
    return tuple(sorted(found.values(), key=lambda one: (one.phase, not one.blocks, one.path, one.line, one.text)))


def _support(version: str, on: date) -> Support | None:
    row = lifecycle.eks(version)
    if row is None:
        return None
    return Support(version, row.support(on), row.standard_end, row.extended_end, row.unverified)
