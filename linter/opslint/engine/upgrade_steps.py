"""A finding as a step of an upgrade plan: when it is due, whether it blocks, and how it is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.finding import Safety, Severity
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint_schemas import crds, fields, lifecycle

if TYPE_CHECKING:
    from opslint.model.finding import Finding

__all__ = ["PHASES", "RULES", "Step", "is_independent", "step_of"]

# The parts of a hop in the order in which they are done; a step's phase is its index.
PHASES: Final = (
    "Objects to change before the hop",
    "Custom resources and their controllers",
    "Charts and controllers to move first",
    "Node groups",
    "Add-ons",
    "Before nodes are drained",
    "Not urgent, but due in one of the next hops",
)
_APIS, _CUSTOM, _CONTROLLERS, _NODES, _ADDONS, _DRAIN, _LATER = range(len(PHASES))
_PHASE: Final = {
    "removed-api": _APIS,
    "stale-api-reference": _APIS,
    "obsolete-setting": _APIS,
    "stale-crd-api": _CUSTOM,
    "chart-kubeversion-excludes-cluster": _CONTROLLERS,
    "controller-version-incompatible": _CONTROLLERS,
    "eks-module-input-mismatch": _CONTROLLERS,
    "nodegroup-version-skew": _NODES,
    "nodegroup-version-unmanaged": _NODES,
    "amazon-linux-2-nodes": _NODES,
    "node-update-too-aggressive": _NODES,
    "addon-version-incompatible": _ADDONS,
    "pdb-blocks-drain": _DRAIN,
    "overlapping-pdbs": _DRAIN,
    "pod-blocks-node-drain": _DRAIN,
    "webhook-can-block-cluster": _DRAIN,
    "missing-pdb": _DRAIN,
    "deprecated-api": _LATER,
}
RULES: Final = tuple(_PHASE)
"""The rules whose findings make the steps."""
# What they say does not depend on a version: it belongs to the first hop, not to what is broken today.
_INDEPENDENT: Final = frozenset(rule for rule, phase in _PHASE.items() if phase == _DRAIN)
_ALWAYS: Final = frozenset({"removed-api", "stale-api-reference", "pdb-blocks-drain", "overlapping-pdbs"})
_WHEN_HIGH: Final = frozenset(
    {
        "chart-kubeversion-excludes-cluster",
        "controller-version-incompatible",
        "nodegroup-version-skew",
        "amazon-linux-2-nodes",
        "addon-version-incompatible",
    }
)
# What a plan says already: the target, and what the cluster is at.
_TARGET: Final = regex(
    r"; the target(?: after the upgrade)? is [^()]*\([^()]*\)| \(the target[^()]*\)| \(the cluster declares [^()]*\)"
)
_WRITTEN: Final = regex(r" uses (\S+) (as .+?), which ")
_COMMAND: Final = {Safety.SAFE: "opslint --fix", Safety.UNSAFE: "opslint --fix --unsafe-fixes"}


class Step(NamedTuple):
    """Something to do, at a place of the repository.

    `phase` indexes PHASES. `old` and `new` are API versions (or one with its kind), "" when it is no rewrite; `fix` the
    command that does it, "" when it is done by hand; `moves` the fields that move with a rewrite.
    """

    phase: int
    text: str
    path: str
    line: int
    rule: str
    blocks: bool
    old: str = ""
    new: str = ""
    fix: str = ""
    moves: tuple[tuple[str, str], ...] = ()
    environments: tuple[str, ...] = ()


def is_independent(finding: Finding) -> bool:
    """True for what is so at every version."""
    return finding.rule_id in _INDEPENDENT


def step_of(finding: Finding) -> Step:
    """Return the step that settles a finding."""
    old = new = ""
    text = _TARGET.sub("", finding.message)
    resource = finding.resource
    if finding.rule_id in {"removed-api", "deprecated-api"}:
        written = _WRITTEN.search(finding.message)  # a live object is served in another version than it was written in
        version, how = (written[1], f", {written[2]}") if written else (resource.api_version, "")
        row = lifecycle.api(version, resource.kind)
        if row is not None:
            since = row.removed if finding.rule_id == "removed-api" else row.deprecated
            gone = "not served" if finding.rule_id == "removed-api" else "deprecated"
            removal = row.removed if row.removed is not None else row.planned_removal
            later = f", removed in 1.{removal}" if gone == "deprecated" and removal is not None else ""
            text = f"{resource.kind}/{resource.name} ({gone} since 1.{since}{later}{how})"
            old, new = version, _named(row.replacement, resource.kind)
    elif finding.rule_id == "stale-crd-api":
        custom = crds.crd(resource.api_version, resource.kind)
        if custom is not None:
            old, new = resource.api_version, _named(custom.replacement, resource.kind)
            text = _custom(finding, custom)
    if finding.vendored:
        text += ", in a chart of a third party: raise the dependency"
    fix = finding.fix if not finding.vendored else None
    phase = _PHASE.get(finding.rule_id, _LATER)
    blocks = _blocks(finding)
    if finding.rule_id == "obsolete-setting" and not blocks:
        phase = _LATER
    return Step(
        phase,
        text,
        finding.location.source.path,
        finding.location.span.line,
        finding.rule_id,
        blocks,
        old,
        new,
        _COMMAND.get(fix.safety, "") if fix is not None else "",
        ()
        if fix is not None or finding.vendored
        else _moves(resource.kind, old, new),  # what a fix rewrites has the same fields
        tuple(name for name, _ in finding.environments),
    )


def _blocks(finding: Finding) -> bool:
    rule = finding.rule_id
    if rule in _ALWAYS:
        return True
    if rule == "obsolete-setting":  # without effect; what is merely deprecated is lower
        return finding.severity.rank <= Severity.MEDIUM.rank
    if rule == "stale-crd-api":  # only where a deployed release is known not to serve it
        return finding.severity.rank <= Severity.HIGH.rank and bool(finding.related)
    # A retired controller goes on working through the hop.
    return rule in _WHEN_HIGH and finding.severity.rank <= Severity.HIGH.rank and "was retired" not in finding.message


def _custom(finding: Finding, row: crds.CrdRow) -> str:
    """A custom resource, why it is stale, and the release of the controller that has to come first."""
    _, _, said = finding.message.partition(", which ")
    why = said.partition("; use ")[0].replace("still serves and", "still serves it and")
    first = ""
    if row.replacement is not None and "raise the controller" in said:
        new = crds.crd(*row.replacement)
        first = f"; raise {row.component} to {new.introduced} first" if new is not None else ""
    return f"{finding.resource.kind}/{finding.resource.name} ({why}{first})"


def _named(replacement: tuple[str, str] | None, kind: str) -> str:
    if replacement is None:
        return ""
    version, new_kind = replacement
    return version if new_kind == kind else f"{version} {new_kind}"


def _moves(kind: str, old: str, new: str) -> tuple[tuple[str, str], ...]:
    """The fields that move when an object goes from one API version to another, with what takes their place."""
    if not old or not new:
        return ()
    version = old.rpartition("/")[2]
    found = []
    for row in fields.fields("conversion"):
        head, _, _ = row.applies_to.partition(" -> ")
        speaks_of_kind = kind in head or (old in head and "/" in head)
        if speaks_of_kind and re.search(rf"\b{version}\b", head):
            found.append((row.key, row.instead or "gone"))
    return tuple(found)
