"""The words of an upgrade plan, the same in every format for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from opslint.engine.upgrade_steps import PHASES
from opslint.output.selection import place, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from opslint.engine.support_dates import Dated
    from opslint.engine.upgrade import ClusterLine, Hop, NodeGroup, Support, UpgradePlan
    from opslint.engine.upgrade_steps import Step

DESCRIBE: Final = "aws eks describe-addon-versions --kubernetes-version"
_NOTES: Final = "https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG"
_EKS_NOTES: Final = "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"
_WAIT: Final = "go through the whole hop there and watch it for one or two weeks before production"
# Phases that come after the control plane: nodes are drained when it has moved.
_AFTER: Final = frozenset({"Before nodes are drained", "Not urgent, but due in one of the next hops"})


def headline(plan: UpgradePlan) -> str:
    """Return what the plan does, in one line."""
    if not plan.hops:
        return f"Nothing to upgrade: Kubernetes {plan.after} is reached"
    hops = plural(len(plan.hops), "hop")
    return f"Kubernetes {plan.before} to {plan.after} in {hops}"


def verdict_words(plan: UpgradePlan) -> str:
    """Return whether the next hop is blocked, "" without one."""
    if not plan.hops:
        return ""
    first = plan.hops[0]
    count = sum(step.blocks for step in (*plan.today, *first.steps))
    if count:
        return f"{plural(count, 'thing')} in the way of {first.after}"
    return f"Nothing in these files blocks the hop to {first.after}"


def support_words(support: Support, on: date) -> str:
    """Return how long EKS supports a version."""
    standard, extended = support.standard_end, support.extended_end
    hedge = f" ({support.unverified})" if support.unverified else ""
    if support.state == "upcoming":
        return f"{support.version}: not offered yet{hedge}"
    if support.state == "standard":
        more = f", then extended support (billed) until {extended}" if extended else ""
        return f"{support.version}: standard support until {standard} ({away(standard, on)}){more}{hedge}"
    if support.state == "extended":
        return (
            f"{support.version}: extended support (billed) until {extended}; standard support ended {standard}{hedge}"
        )
    return f"{support.version}: no support since {extended or standard}; AWS upgrades such clusters by itself{hedge}"


def away(day: date, on: date) -> str:
    """Return how far away a day is."""
    days = (day - on).days
    if days < 0:
        return "past"
    return "today" if days == 0 else f"in {plural(days, 'day')}"


def advice_words(plan: UpgradePlan) -> str:
    """Return what to think of beyond the target."""
    if plan.further is None:
        return ""
    here = next((one for hop in reversed(plan.hops) for one in hop.support if one.version == plan.after), None)
    ends = f"leaves standard support on {here.standard_end}" if here is not None else "leaves standard support soon"
    if here is not None and here.state != "standard":
        ends = f"left standard support on {here.standard_end}"
    further = f"{plan.further.version} has it until {plan.further.standard_end}"
    return f"{plan.after} itself {ends}: plan to go on, {further}"


def dated_words(one: Dated, on: date) -> str:
    """Return what is on a day."""
    whose = f" ({', '.join(one.whose)})" if one.whose else ""
    if one.months:
        return f"{one.what}{whose}, every {one.months} months"
    then = f": {one.then}" if one.then else ""
    return f"{one.what} {'ended' if one.day < on else 'ends'}{then}{whose}"


def node_words(hop: Hop) -> str:
    """Return the nodes to raise."""
    parts = []
    following = sorted({one.name for one in hop.node_groups if one.version == ""})
    if following:
        parts.append(f"node groups {', '.join(following)} follow the control plane's version")
    untold = sorted({one.name for one in hop.node_groups if one.version is None})
    if untold:
        parts.append(f"node groups {', '.join(untold)}: their version is decided at apply")
    if hop.node_pools:
        parts.append(f"Karpenter replaces the nodes of {', '.join(hop.node_pools)} by drift")
    return "; ".join(parts)


def how(step: Step) -> str:
    """Return how a step is done."""
    return f"`{step.fix}`" if step.fix else "by hand"


def rewrite_words(step: Step) -> str:
    """Return the API version of a step and the one that replaces it."""
    return f"{step.old} → {step.new}" if step.old and step.new else ""


def environments_of(step: Step) -> str:
    """Return the environments of a step."""
    return f" [{', '.join(step.environments)}]" if step.environments else ""


def phases(steps: Sequence[Step], *, after: bool) -> Iterator[tuple[str, list[Step]]]:
    """Yield the phases before the control plane, or those after it, with their steps."""
    for phase, group in groupby(steps, key=lambda step: PHASES[step.phase]):
        if (phase in _AFTER) == after:
            yield phase, list(group)


def pinned(hop: Hop) -> Iterator[tuple[NodeGroup, str]]:
    """Yield the node groups with a version of their own, and how its line shall read after the hop."""
    for group in hop.node_groups:
        if group.version and int(group.version[2:]) < int(hop.after[2:]):
            yield group, _at_version(group.text, hop.after)


def reading(hop: Hop) -> str:
    """Return what to read before a hop."""
    return f"{_NOTES}/CHANGELOG-{hop.after}.md (urgent upgrade notes, deprecations), {_EKS_NOTES}"


def waiting(hop: Hop, number: int) -> str:
    """Return what to do after the line of that index, "" for nothing: production waits for what was tried elsewhere."""
    lines = hop.lines
    last = number + 1 == len(lines)
    return _WAIT if not last and lines[number].nonprod and not lines[number + 1].nonprod else ""


def changed_line(line: ClusterLine, hop: Hop) -> str:
    """Return the line as it shall read: later hops find it as the hop before has left it."""
    return _at_version(line.text, hop.after)


def _at_version(text: str, version: str) -> str:
    """An assignment as it shall read: what else than the minor stands in its quotes stays."""
    start, found, rest = text.partition('"1.')
    return f'{start}"{version}{rest.lstrip("0123456789")}' if found else version


def addon_words(hop: Hop) -> Iterator[tuple[str, str]]:
    """Yield an add-on with its versions, and its place."""
    for addon in hop.addons:
        declared = f"{addon.declared} declared" if addon.declared else "no version declared"
        if addon.declared is None:
            declared = "version decided at apply"
        newest = f", newest seen for {hop.after}: {addon.newest}" if addon.newest else ""
        yield f"{addon.name}: {declared}{newest}", place(addon.path, addon.line)
