"""Pods that must not share a node, and the nodes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    SCALED_KINDS,
    STRICT,
    Block,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Workload,
    autoscaler_of,
    budgets_of,
    int_or_percent,
    is_scaled,
    labels_of,
    replicas_of,
    rule,
    selects,
    template_of,
    workload,
)
from opslint_rules.reliability.placement import fits, group_name, pools_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST: Final = "kubernetes.io/hostname"
_REQUIRED: Final = ("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")


class Spread(NamedTuple):
    """A rule that lets at most `each` of the workload's pods run on one node; `at` is where it is written."""

    each: int
    at: Node


@rule(each=workload(*SCALED_KINDS), severity=Severity.HIGH, preset=STRICT, applies_to="cross")
def replicas_exceed_nodes(item: Workload, project: Project) -> Problems:
    """Hard spreading rules and budgets need more nodes than the node groups can provide, so pods wait or drains hang.

    With a required anti-affinity over host names each pod takes a node of its own. More replicas than nodes leave pods
    Pending for ever, and Helm or Argo CD waits for them. As many replicas as nodes run well until the next upgrade:
    when EKS drains several nodes at once, the budget lets one pod go, its replacement finds no node, and after 15
    minutes EKS gives up.

    The most replicas (of the autoscaler, else `spec.replicas`) are compared with the sum of `max_size` of the managed
    node groups that labels and taints admit. A topology spread with DoNotSchedule over host names bounds the number of
    pods on a node only with `minDomains`, which counts then. A NodePool that fits, unknown sizes, and groups that
    cannot be read pass. Leave it for a workload that is scaled up together with its nodes by hand.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      replicas: 4  # <- two nodes at most
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          affinity:
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: api}}}
          containers: [{name: api, image: "api:1"}]
    ```
    ```hcl bad
    resource "aws_eks_node_group" "web" {
      cluster_name    = "shop"
      node_group_name = "web"
      scaling_config {
        min_size     = 1
        desired_size = 2
        max_size     = 2
      }
    }
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      replicas: 4
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          affinity:
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: api}}}
          containers: [{name: api, image: "api:1"}]
    ```
    ```hcl good
    resource "aws_eks_node_group" "web" {
      cluster_name    = "shop"
      node_group_name = "web"
      scaling_config {
        min_size     = 1
        desired_size = 4
        max_size     = 6
      }
    }
    ```

    See <https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/>,
    <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/> and
    <https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html>.
    """
    spread = next(_spreads(item), None)
    if spread is None or not is_scaled(item):
        return
    count, said = _most(item)
    if count is None:
        return
    pools = [pool for pool in pools_of(item.unit, project) if fits(pool, template_of(item)["spec"])]
    groups = [pool.block for pool in pools if pool.block is not None]
    if not groups or len(groups) != len(pools):
        return
    nodes = _nodes(groups)
    also = (("what keeps them apart", spread.at), *((f"node group {group_name(one)}", _scaling(one)) for one in groups))
    if count > nodes * spread.each:
        names = ", ".join(dict.fromkeys(map(group_name, groups)))
        share = "one on each" if spread.each == 1 else f"{spread.each} on each"
        yield Problem(
            f"{item.title} runs up to {count} pods, {share} node, and its node groups ({names}) have at most"
            f" {_counted(nodes)}",
            said,
            also=also,
        )
    elif count == nodes and spread.each == 1:
        for budget in budgets_of(item):
            allowed = _evictions(budget, count)
            for group in groups:
                step = _step(group)
                if 0 < allowed < step:
                    yield Problem(
                        f"{item.title} needs every one of its {_counted(nodes)}, and {budget.title} lets {allowed} of"
                        f" its pods go at once: an update of node group {group_name(group)} drains {step} together",
                        said,
                        also=((budget.title, budget.metadata["name"]), *also),
                    )
                    return


def _nodes(groups: list[Block]) -> int:
    """Return the most nodes of one cluster: those of dev and prod, or of two roots, do not add up."""
    sizes: dict[int, int] = {}
    for group in groups:
        sizes[id(group.root)] = sizes.get(id(group.root), 0) + _size(group)
    return max(sizes.values())


def _counted(nodes: int) -> str:
    return f"{nodes} node{'' if nodes == 1 else 's'}"


def _spreads(item: Workload) -> Iterator[Spread]:
    """Yield what bounds the number of the workload's own pods on a node."""
    spec, labels = template_of(item)["spec"], labels_of(item)
    for term in spec.at(*_REQUIRED):
        other = term["namespaces"].present or term["namespaceSelector"].present
        if term["topologyKey"].text == _HOST and not other and selects(term["labelSelector"], labels):
            yield Spread(1, term["topologyKey"])
    for one in spec["topologySpreadConstraints"]:
        skew, domains = one["maxSkew"].number, one["minDomains"].number
        hard = one["whenUnsatisfiable"].text in {"", "DoNotSchedule"} and one["topologyKey"].text == _HOST
        # With fewer nodes than minDomains the global minimum counts as 0, so no node may have more than maxSkew.
        if hard and skew and domains and selects(one["labelSelector"], labels):
            yield Spread(int(skew), one["minDomains"])


def _most(item: Workload) -> tuple[int | None, Node]:
    """Return the largest number of pods, and the node that says it."""
    scaler = autoscaler_of(item)
    if scaler is None:
        replicas = replicas_of(item)
        return replicas.count, replicas.node
    node = scaler.spec["maxReplicaCount" if scaler.kind == "ScaledObject" else "maxReplicas"]
    number = node.number
    return (int(number) if number is not None else None), node


def _scaling(group: Block) -> Node:
    return group.body.one("scaling_config")["max_size"]


def _size(group: Block) -> int:
    """Return the most nodes of a group; one that is not told may be any number."""
    number = _scaling(group).number
    return int(number) if number is not None else 10**9


def _step(group: Block) -> int:
    """Return how many nodes an update drains together: 1 unless it is told otherwise."""
    config, desired = group.body.one("update_config"), group.body.one("scaling_config")["desired_size"].number
    number, share = config["max_unavailable"].number, config["max_unavailable_percentage"].number
    if number is not None:
        return int(number)
    return max(1, int(share * desired // 100)) if share is not None and desired is not None else 1


def _evictions(budget: KubeObject, count: int) -> int:
    """Return how many pods a budget lets go at once when all of them run, 0 when it says nothing readable."""
    least, most = budget.spec["minAvailable"], budget.spec["maxUnavailable"]
    if most.present:
        return int_or_percent(most, count) or 0
    kept = int_or_percent(least, count)
    return count - kept if kept is not None else 0
