"""Pods and the nodes that could take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import (
    STRICT,
    Block,
    Cluster,
    KubeObject,
    ModuleCall,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Unit,
    Workload,
    cluster_of,
    once,
    registry_name,
    releases_of,
    rule,
    workload,
)
from opslint_rules.reliability.controllers import has_auto_mode

if TYPE_CHECKING:
    from collections.abc import Iterator

# Labels that the kubelet, EKS, Karpenter or a device plugin put on nodes: what is not derived counts as there.
_AUTOMATIC: Final = (
    "kubernetes.io/",
    "beta.kubernetes.io/",
    "node.kubernetes.io/",
    "node-role.kubernetes.io/",
    "topology.",
    "failure-domain.",
    "karpenter.",
    "eks.amazonaws.com/",
    "vpc.amazonaws.com/",
    "k8s.amazonaws.com/",
    "feature.node.kubernetes.io/",
    "nvidia.com/",
    "amd.com/",
)
_KARPENTER: Final = "terraform-aws-modules/eks/aws//modules/karpenter"
_MAKERS: Final = ("eks", "node", "karpenter", "cluster", "addon", "compute")
_EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute"}
_HARD: Final = frozenset({"NoSchedule", "NoExecute"})
_AFFINITY: Final = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")


class Want(NamedTuple):
    """A demand on a node's labels, as matchExpressions has it; `at` is where it is written."""

    key: str
    operator: str
    values: tuple[str, ...]
    at: Node

    @property
    def text(self) -> str:
        """`disktype=ssd`, `tier in (a, b)`, `gpu exists`."""
        if self.operator == "In":
            only = len(self.values) == 1
            return f"{self.key}={self.values[0]}" if only else f"{self.key} in ({', '.join(self.values)})"
        return f"{self.key} {self.operator} {' '.join(self.values)}".rstrip()


class Taint(NamedTuple):
    """A taint that keeps pods away: NoSchedule or NoExecute."""

    key: str
    value: str
    effect: str

    @property
    def text(self) -> str:
        """`dedicated=batch:NoSchedule`."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class Pool(NamedTuple):
    """Nodes that are alike: the labels they carry (a value of each key is one of several) and their taints.

    `block` is the node group, None for a NodePool of Karpenter.
    """

    name: str
    labels: dict[str, frozenset[str]]
    limits: tuple[Want, ...]
    taints: tuple[Taint, ...]
    block: Block | None

    def offers(self, want: Want) -> bool:
        """True when a node of the pool can have such a label."""
        have = self.labels.get(want.key)
        if want.operator == "DoesNotExist":
            return have is None
        if want.operator == "NotIn":
            return have is None or not have.issubset(want.values)
        if have is None:
            return want.key.startswith(_AUTOMATIC) and self._allows(want)
        if want.operator == "In":
            return not have.isdisjoint(want.values) and self._allows(want)
        return True  # Exists; Gt and Lt are not worth guessing

    def _allows(self, want: Want) -> bool:
        """True unless a requirement of a NodePool rules all wanted values out."""
        if want.operator != "In":
            return True
        for one in self.limits:
            if one.key == want.key and one.operator == "NotIn" and set(want.values) <= set(one.values):
                return False
        return True


# -- the pools of a cluster
def pools_of(unit: Unit, project: Project) -> list[Pool]:
    """Return the node groups and NodePools that pods of a unit may run on; none when some may be elsewhere."""
    known = _known_pools(project)
    found = known.get(unit)
    if found is None:
        found = known[unit] = _pools(unit, project)
    return found


@once
def _known_pools(_: Project) -> dict[Unit, list[Pool]]:
    return {}


def _pools(unit: Unit, project: Project) -> list[Pool]:
    if any(may_make_nodes(call) for module in project.modules for call in module.opaque):
        return []
    if any(not one.closed for one in project.units if _shares(one.cluster, unit)):
        return []
    if project.resources("aws_autoscaling_group", "aws_eks_fargate_profile") or project.eksctl:
        return []
    if any(has_auto_mode(block) for block in project.resources("aws_eks_cluster")):
        return []
    if any(_has_others(call) for call in project.calls):
        return []
    groups = [one for one in project.resources("aws_eks_node_group") if _may_serve(one, unit, project)]
    if any(one.stand_in for one in groups):
        return []
    pools = [_of_group(one) for one in groups]
    karpenter = [
        one for one in project.of_kind("NodePool") if one.group == "karpenter.sh" and _shares(one.unit.cluster, unit)
    ]
    if not karpenter and (releases_of(project, "karpenter") or project.of_kind("Provisioner")):
        return []
    return [*pools, *map(_of_karpenter, karpenter)]


def may_make_nodes(call: ModuleCall) -> bool:
    """True for an unread module that may hold node groups; Karpenter's own module makes a role and a queue only."""
    said = f"{call.source} {call.name}".lower()
    return registry_name(call) != _KARPENTER and any(word in said for word in _MAKERS)


def _has_others(call: ModuleCall) -> bool:
    """True for a module call that also makes nodes without a resource of their own in the tables."""
    return any(
        call[key].present for key in ("self_managed_node_groups", "worker_groups", "worker_groups_launch_template")
    )


def _shares(cluster: Cluster | None, unit: Unit) -> bool:
    return cluster is None or unit.cluster is None or cluster is unit.cluster


def _may_serve(group: Block, unit: Unit, project: Project) -> bool:
    if unit.cluster is None or unit.cluster.block is None:
        return True
    found = cluster_of(group, project)
    return found is None or found is unit.cluster.block


def _of_group(group: Block) -> Pool:
    labels = {key: frozenset({node.text}) for key, node in group["labels"].items()}
    kind, capacity = group["ami_type"], group["capacity_type"]
    if kind.known and kind.text not in {"", "CUSTOM"}:
        labels["kubernetes.io/arch"] = frozenset({"arm64" if "ARM" in kind.text.upper() else "amd64"})
        labels["kubernetes.io/os"] = frozenset({"windows" if kind.text.startswith("WINDOWS") else "linux"})
    if capacity.known and capacity.text in {"", "ON_DEMAND", "SPOT"}:
        labels["eks.amazonaws.com/capacityType"] = frozenset({capacity.text or "ON_DEMAND"})
    types = group["instance_types"]
    if types.known and types.present and all(one.known for one in types):
        labels["node.kubernetes.io/instance-type"] = frozenset(types.texts())
    taints = [
        Taint(one["key"].text, one["value"].text, _EFFECTS[one["effect"].text])
        for one in group["taint"]
        if one["effect"].text in _EFFECTS
    ]
    return Pool(f"node group {group_name(group)}", labels, (), tuple(taints), group)


def group_name(group: Block) -> str:
    """Return the name of a node group as people know it: without the dash that ends a prefix."""
    for key in ("node_group_name", "node_group_name_prefix"):
        node = group[key]
        if node.known and node.text:
            return node.text.rstrip("-") or node.text
    return group.address


def _of_karpenter(one: KubeObject) -> Pool:
    template = one.spec["template"]
    labels = {key: frozenset({node.text}) for key, node in template["metadata"]["labels"].items()}
    labels["karpenter.sh/nodepool"] = frozenset({one.name})
    limits = []
    for entry in template["spec"]["requirements"]:
        want = _want(entry)
        if want.operator == "In":
            labels[want.key] = frozenset(want.values)
        else:
            limits.append(want)
            if want.operator == "Exists" and not want.key.startswith(_AUTOMATIC):
                return Pool(one.title, _Anything(labels), (), _taints(template), None)
    return Pool(one.title, labels, tuple(limits), _taints(template), None)


class _Anything(dict[str, frozenset[str]]):
    """Labels of a NodePool that takes any value of a key from the pod: not worth telling apart."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002
        """Return nothing that could rule a pod out."""
        return super().get(key, _Every())


class _Every(frozenset[str]):
    """A set that has something in common with every other."""

    def isdisjoint(self, other: object) -> bool:  # noqa: ARG002
        """Return False: anything may be in it."""
        return False

    def issubset(self, other: object) -> bool:  # noqa: ARG002
        """Return False: anything may be in it."""
        return False


def _taints(template: Node) -> tuple[Taint, ...]:
    return tuple(
        Taint(one["key"].text, one["value"].text, one["effect"].text)
        for one in template["spec"]["taints"]
        if one["effect"].text in _HARD
    )


# -- what a pod asks for
def _want(entry: Node) -> Want:
    return Want(entry["key"].text, entry["operator"].text, tuple(entry["values"].texts()), entry)


def wants_of(spec: Node) -> list[list[Want]]:
    """Return the alternatives that a pod spec accepts, each a list of demands that all must be met."""
    selector = [Want(key, "In", (node.text,), node) for key, node in spec["nodeSelector"].items()]
    terms = [[_want(entry) for entry in term["matchExpressions"]] for term in spec.at(*_AFFINITY)]
    return [[*selector, *term] for term in terms] or [selector]


def fits(pool: Pool, spec: Node) -> bool:
    """True when a pod can run on nodes of the pool: labels and taints."""
    return any(all(map(pool.offers, wants)) for wants in wants_of(spec)) and not untolerated(pool, spec)


def untolerated(pool: Pool, spec: Node) -> list[Taint]:
    """Return the taints of the pool that a pod does not tolerate."""
    entries = list(spec["tolerations"])
    return [taint for taint in pool.taints if not any(_tolerates(entry, taint) for entry in entries)]


def _tolerates(entry: Node, taint: Taint) -> bool:
    key, effect = entry["key"].text, entry["effect"].text
    if effect and effect != taint.effect:
        return False
    if entry["operator"].text == "Exists":
        return key in {"", taint.key}
    return key == taint.key and entry["value"].text == taint.value


@rule(each=workload(), severity=Severity.HIGH, preset=STRICT, applies_to="cross")
def node_selector_unsatisfiable(item: Workload, project: Project) -> Problems:
    """A pod selects node labels or needs tolerations that no declared node group or NodePool offers.

    Such a pod stays Pending for ever. It happens when a node group is renamed or a label moves while the charts keep
    the old one, and shows at the next rollout only: the pods that run already go on until then.

    The labels and taints of managed node groups and of Karpenter's NodePools are compared with nodeSelector, required
    node affinity and tolerations. Labels that EKS sets itself are derived from the image, instance and capacity types
    where they are written, and else count as there. DaemonSets pass, because they run wherever they fit.
    Self-managed groups, Fargate, Auto Mode, and node groups or NodePools that cannot be read make the rule silent.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: search, namespace: shop}
    spec:
      selector: {matchLabels: {app: search}}
      template:
        metadata: {labels: {app: search}}
        spec:
          nodeSelector:
            workload: memory  # <- the group is labelled workload=search
          containers: [{name: search, image: "search:1"}]
    ```
    ```hcl bad
    resource "aws_eks_node_group" "search" {
      cluster_name    = "shop"
      node_group_name = "search"
      labels          = { workload = "search" }
    }
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: search, namespace: shop}
    spec:
      selector: {matchLabels: {app: search}}
      template:
        metadata: {labels: {app: search}}
        spec:
          nodeSelector:
            workload: search
          containers: [{name: search, image: "search:1"}]
    ```
    ```hcl good
    resource "aws_eks_node_group" "search" {
      cluster_name    = "shop"
      node_group_name = "search"
      labels          = { workload = "search" }
    }
    ```

    See <https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/>,
    <https://docs.aws.amazon.com/eks/latest/userguide/node-taints-managed-node-groups.html> and
    <https://karpenter.sh/docs/concepts/scheduling/>.
    """
    if item.kind == "DaemonSet":
        return
    spec = item.pod_spec
    pools = pools_of(item.unit, project)
    if not pools or spec["nodeName"].present or any(fits(pool, spec) for pool in pools):
        return
    alternatives = wants_of(spec)
    labelled = [pool for pool in pools if any(all(map(pool.offers, wants)) for wants in alternatives)]
    if labelled:
        taints = untolerated(labelled[0], spec)
        more = f" (and {len(labelled) - 1} more)" if len(labelled) > 1 else ""
        yield Problem(
            f"{item.title} does not tolerate {taints[0].text} of {labelled[0].name}{more},"
            " the only nodes it may run on",
            spec["tolerations"],
            also=_also(labelled),
        )
        return
    lost = next((want for want in _flat(alternatives) if not any(pool.offers(want) for pool in pools)), None)
    names = ", ".join(pool.name for pool in pools[:3]) + (f" and {len(pools) - 3} more" if len(pools) > 3 else "")
    if lost is not None:
        yield Problem(
            f"{item.title} needs nodes with {lost.text}, and none has it: {names}", lost.at, also=_also(pools)
        )
    else:
        wanted = ", ".join(want.text for want in alternatives[0])
        yield Problem(
            f"{item.title} needs nodes with {wanted}, and none has all of it: {names}",
            alternatives[0][0].at,
            also=_also(pools),
        )


def _flat(alternatives: list[list[Want]]) -> Iterator[Want]:
    return (want for wants in alternatives for want in wants)


def _also(pools: list[Pool]) -> tuple[tuple[str, Node], ...]:
    return tuple((pool.name, pool.block["labels"]) for pool in pools[:3] if pool.block is not None)
