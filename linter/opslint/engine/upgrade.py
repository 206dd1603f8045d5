"""The upgrade of a cluster as a plan: hop by hop, what the repository must change before, with and after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from opslint.engine.judge import judge
from opslint.engine.place import finding_of, origin_of
from opslint.engine.select import select
from opslint.engine.support_dates import Dated, dates_of
from opslint.engine.suppress import Suppressions
from opslint.engine.terraform import minor_of, name_of
from opslint.engine.upgrade_steps import RULES, Step, is_independent, step_of
from opslint.model.finding import Severity
from opslint.model.patterns import regex
from opslint.read.plan import read_project
from opslint.read.targets import place_of_value
from opslint_schemas import data_as_of, lifecycle, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from opslint.engine.packs import Pack
    from opslint.model.finding import Finding
    from opslint.model.project import Cluster, Project
    from opslint.model.report import Failure
    from opslint.model.settings import Settings
    from opslint.model.source import Location
    from opslint.model.terraform import Block
    from opslint.read.plan import Reading

    Progress = Callable[[str, int, int], None]

__all__ = ["Addon", "ClusterLine", "Hop", "Support", "UpgradeError", "UpgradePlan", "plan_upgrade"]

_OLDEST_HOP: Final = 16  # the API data starts there
_KEY: Final = regex(r'.*\["([^"]+)"\]')
_ASSIGNED: Final = regex(r'([\w."-]+)\s*([=:])\s*("?v?1\.\d+[^"\s]*"?)\Z')
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


class ClusterLine(NamedTuple):
    """The line of Terraform (or of a var file) that sets a cluster's version."""

    cluster: str
    environment: str
    version: str
    path: str
    line: int
    text: str  # the assignment as it reads, without the rest of its line


class Addon(NamedTuple):
    """An add-on to move with the control plane.

    `declared` is "" without a version, None when only an apply tells it; `newest` is "" when none was seen.
    """

    name: str
    declared: str | None
    newest: str
    path: str
    line: int


class Hop(NamedTuple):
    """One minor up. `lines` are those to change in it; a cluster that is further already has none."""

    before: str
    after: str
    support: tuple[Support, ...]  # of both ends, as far as known
    steps: tuple[Step, ...]
    addons: tuple[Addon, ...]
    lines: tuple[ClusterLine, ...]
    node_groups: tuple[str, ...]  # their names, and those of Karpenter's pools
    node_pools: tuple[str, ...]

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
    lines = _cluster_lines(project)
    first = given if given is not None else min((_minor(line) for line in lines), default=None)
    if first is None:
        raise UpgradeError("no file declares the version of an EKS cluster that can be told; give it with --from")
    if goal < first:
        raise UpgradeError(f"--to 1.{goal} lies below the start, 1.{first}: a control plane never goes back")
    seen: set[tuple[object, ...]] = set()
    today = [
        (finding, step)
        for finding in base.findings
        if not is_independent(finding) and (step := step_of(finding)).blocks
    ]
    seen.update(_key(finding) for finding, _ in today)
    failures, suppressed = set(base.failures), base.suppressed
    hops = []
    for number, minor in enumerate(range(first, goal)):
        if progress is not None:
            progress("judging hops", number, goal - first)
        after = _judge(paths, settings._replace(target_version=f"1.{minor + 1}"), packs)
        failures |= set(after.failures)
        suppressed = max(suppressed, after.suppressed)
        done = frozenset(line.environment for line in lines if line.environment and _minor(line) > minor)
        fresh = [one for one in after.findings if _key(one) not in seen and not _is_done(one, done)]
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
        _merged(step for _, step in today),
        tuple(hops),
        dates_of(project, f"1.{goal}"),
        _further(goal, project.as_of),
        suppressed,
        tuple(sorted(failures, key=lambda one: (one.path, one.line, one.message))),
        _unclear(project),
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
        if finding.vendored or not reading.wants(finding):
            continue
        if suppressions.find(finding, said.selected.rule, said.item) is not None:
            suppressed += 1
        else:
            kept.append(finding)
    kept.sort(key=lambda finding: finding.sort_key)
    return _Judged(kept, suppressed, reading, [*reading.failures, *judgement.failures])


def _key(finding: Finding) -> tuple[object, ...]:
    """What makes a finding the same one at another hop: a worse severity makes it another."""
    span = finding.location.span
    names = tuple(name for name, _ in finding.environments)
    needed = finding.message if finding.rule_id in _RISING and finding.severity is Severity.HIGH else ""
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
    moving = tuple(line._replace(version=before) for line in lines if _minor(line) <= minor)
    return Hop(
        before,
        after,
        tuple(support for version in (before, after) if (support := _support(version, project.as_of)) is not None),
        _merged(map(step_of, findings)),
        _addons(project, minor),
        moving,
        _names(map(_group_name, project.resources("aws_eks_node_group"))),
        _names(one.name for one in project.of_kind("NodePool") if one.group == "karpenter.sh"),
    )


def _group_name(block: Block) -> str:
    """The name of a node group, or its key where a module makes it."""
    key = _KEY.search(block.address)
    return key[1] if block.virtual and key else name_of(block)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


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


def _minor(line: ClusterLine) -> int:
    return minor_of(line.version) or 0


def _cluster_lines(project: Project) -> tuple[ClusterLine, ...]:
    """The clusters whose version is known, those that are not production first, as they are upgraded first."""
    found = []
    for cluster in project.clusters:
        if not cluster.version.known or minor_of(cluster.version.text) is None:
            continue
        place = origin_of(place_of_value(cluster.version)).location
        line = place.span.line
        minor = minor_of(cluster.version.text)
        found.append(
            (
                not cluster.environment.is_nonprod,
                ClusterLine(
                    _name(cluster), cluster.environment.name, f"1.{minor}", place.source.path, line, _assignment(place)
                ),
            )
        )
    return tuple(line for _, line in sorted(found, key=lambda pair: (pair[0], pair[1].cluster)))


def _unclear(project: Project) -> tuple[tuple[str, str, int], ...]:
    found = []
    for cluster in project.clusters:
        version = cluster.version
        if version.known and minor_of(version.text) is not None:
            continue
        if not version.known:
            why = f"cannot be told from the files ({version.why})"
        else:
            why = f'"{version.text}" is none' if version.text else "is not declared"
        place = origin_of(version.location).location
        found.append((f"the version of cluster {_name(cluster)} {why}", place.source.path, place.span.line))
    return tuple(sorted(set(found)))


def _assignment(place: Location) -> str:
    """The key and the version: what else stands on the line may be nobody's business."""
    line, end = place.source.line(place.span.line), place.span.end_column - 1
    found = _ASSIGNED.search(line[: end + 1] if line[end : end + 1] == '"' else line[:end])
    return f"{found[1]}{' = ' if found[2] == '=' else ': '}{found[3]}" if found else place.text


def _name(cluster: Cluster) -> str:
    if cluster.name.known and cluster.name.text:
        return cluster.name.text
    return name_of(cluster.block) if cluster.block is not None else cluster.id


def _addons(project: Project, minor: int) -> tuple[Addon, ...]:
    """The add-ons that are declared, with the newest version seen for the next minor."""
    seen = load("aws/eks_addons")["latest_seen"]
    found: dict[tuple[str, str], Addon] = {}
    for block in project.resources("aws_eks_addon"):
        if not block["addon_name"].known:
            continue
        name, version = block["addon_name"].text, block["addon_version"]
        declared = version.text if version.known else None
        newest = seen.get(name, {}).get(str(minor + 1), ("",))[0]
        place = _addon_place(block, name)
        found.setdefault((name, declared or ""), Addon(name, declared, newest, place.source.path, place.span.line))
    return tuple(found[key] for key in sorted(found))


def _addon_place(block: Block, name: str) -> Location:
    """Where its version is written, or would be."""
    if block["addon_version"].known and block["addon_version"].present:
        return block["addon_version"].location
    if block.virtual and block.call is not None:
        for key in ("addons", "cluster_addons"):
            addons = block.call[key]
            if addons.known and addons[name].exists:
                return addons[name].location
    return block["addon_name"].location
