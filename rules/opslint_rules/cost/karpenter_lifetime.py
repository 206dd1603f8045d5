"""How long Karpenter's nodes live, and how many may go at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    duration_seconds,
    is_zero,
    kind,
    longest_gap_hours,
    percent,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

KARPENTER: Final = ("karpenter.sh",)
# An empty node may always go, so its reason is not asked for.
REASONS: Final = ("Drifted", "Underutilized")


@rule(
    each=kind("NodePool", "Provisioner", groups=KARPENTER),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"max_age": "oldest accepted node"},
    forms={"max_age": "duration"},
)
def karpenter_never_expires(item: KubeObject, project: Project, *, max_age: str = "1440h") -> Problems:
    """Karpenter nodes are never recycled, so they miss image patches.

    A node that lives for months runs the kernel and the kubelet of the day it was started, collects full disks and
    leaks, and makes the next upgrade the first time that its pods are moved. Expiry replaces nodes one by one, at
    moments that the disruption budgets allow, and drift does it for a new image only when one is chosen.

    A NodePool without `expireAfter` has 720h and passes; a Provisioner without `ttlSecondsUntilExpired` never expires.
    Static pools are looked at as well. Leave it for pools whose jobs run longer than that.

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          expireAfter: Never  # <-
    ```

    ```yaml fixed
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          expireAfter: 720h
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          expireAfter: 720h
    ```

    See <https://karpenter.sh/docs/concepts/disruption/#expiration>.
    """
    oldest = duration_seconds(max_age) or 0.0
    if item.kind == "Provisioner":
        ttl = item.spec["ttlSecondsUntilExpired"]
        if not ttl.present:
            yield Problem(f"{item.title} has no ttlSecondsUntilExpired, so its nodes are never replaced", ttl)
        elif (ttl.number or 0) > oldest:
            yield Problem(f"{item.title} keeps nodes for {(ttl.number or 0) / 3600:g}h (at most {max_age})", ttl)
        return
    is_old = item.api_version == "karpenter.sh/v1beta1"
    expire = item.spec["disruption"]["expireAfter"] if is_old else item.spec["template"]["spec"]["expireAfter"]
    fix = Fix("Set expireAfter: 720h", (Set(expire, "720h"),), Safety.UNSAFE)
    if expire.text == "Never":
        yield Problem(f"{item.title} has expireAfter Never, so its nodes are never replaced", expire, fix=fix)
    elif (duration_seconds(expire.text) or 0.0) > oldest:
        yield Problem(f"{item.title} keeps nodes for {expire.text} (at most {max_age})", expire, fix=fix)


@rule(
    each=kind("NodePool", groups=KARPENTER),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"max_percent": "largest accepted share of nodes that may go at once"},
)
def karpenter_budget_extreme(item: KubeObject, project: Project, *, max_percent: int = 50) -> Problems:
    """The NodePool's disruption budgets block every disruption for good, or let too many nodes go at once.

    With `nodes: "0"` at all times nodes never follow an upgrade of the cluster or a new image, until they are too old
    for the control plane. With a large share most of the pool is replaced at once, and new pods wait for nodes. The
    default of one tenth holds only while no budgets are written: a list whose budgets are all for certain hours or
    reasons leaves the rest of the time without any.

    Zero within a window is the usual way to have quiet hours and passes, when another budget holds outside of it.
    Empty nodes may go at any rate. A number instead of a share is not judged. Leave it for small pools, where one node
    is a large share.

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      disruption:
        budgets:
          - nodes: "0"  # <-
    ```

    ```yaml fixed
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      disruption:
        budgets:
          - nodes: "10%"
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      disruption:
        budgets:
          - nodes: 10%
          - nodes: "0"
            schedule: "0 9 * * mon-fri"
            duration: 8h
    ```

    See <https://karpenter.sh/docs/concepts/disruption/#nodepool-disruption-budgets>.
    """
    budgets = item.spec["disruption"]["budgets"]
    if not len(budgets):
        return
    always = [one for one in budgets if _is_permanent(one)]
    blocked = [one for one in always if is_zero(one["nodes"]) and "Drifted" in _reasons(one)]
    for one in blocked:
        fix = Fix("Let one tenth of the nodes go at once", (Set(one["nodes"], "10%"),), Safety.UNSAFE)
        message = f"{item.title} never lets a node go, so its nodes do not follow an upgrade"
        yield Problem(message, one["nodes"], fix=fix)
    if not blocked:
        yield from _unbounded(item, budgets, always, max_percent)


def _unbounded(item: KubeObject, budgets: Node, always: list[Node], max_percent: int) -> Iterator[Problem]:
    """Budgets that let too many nodes go; of those that hold at one time the smallest counts."""
    said: list[Node] = []
    for reason in REASONS:
        nodes = [one["nodes"] for one in always if reason in _reasons(one)]
        if not nodes:
            yield Problem(
                f"{item.title} has no budget that always holds for {reason} nodes: all may go at once", budgets
            )
            return
        shares = [(percent(one), one) for one in nodes]
        if any(share is None for share, _ in shares):
            continue
        share, node = min(((share or 0, one) for share, one in shares), key=lambda pair: pair[0])
        if share > max_percent and not any(one is node for one in said):
            said.append(node)
            fix = Fix("Let one tenth of the nodes go at once", (Set(node, "10%"),), Safety.UNSAFE)
            yield Problem(f"{item.title} lets {share}% of its nodes go at once (at most {max_percent}%)", node, fix=fix)


def _reasons(budget: Node) -> tuple[str, ...]:
    return tuple(budget["reasons"].texts()) or REASONS


def _is_permanent(budget: Node) -> bool:
    """True for a budget without a schedule, or with one whose duration lasts until it begins anew."""
    schedule, duration = budget["schedule"], budget["duration"]
    if not schedule.present:
        return True
    lasts, gap = duration_seconds(duration.text), longest_gap_hours(schedule.text)
    return lasts is not None and gap is not None and lasts >= gap * 3600
