"""How many pods of a workload run at least: its autoscaler's minimum, else its own count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from opslint.engine.pods import share_namespace
from opslint.model.cached import once
from opslint.model.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opslint.model.kube import KubeObject, Workload
    from opslint.model.node import Node
    from opslint.model.project import Unit

PAUSED: Final = "autoscaling.keda.sh/paused"
PAUSED_REPLICAS: Final = "autoscaling.keda.sh/paused-replicas"
SCALED_KINDS: Final = ("Deployment", "StatefulSet", "Rollout", "ReplicaSet", "ReplicationController")


@once
def is_scaled(item: KubeObject) -> bool:
    """True for a workload with a replica count of its own; a ReplicaSet that another object owns has none."""
    if not item.is_workload or item.kind not in SCALED_KINDS:
        return False
    owned = item.kind in {"ReplicaSet", "ReplicationController"} and item.metadata["ownerReferences"].present
    return not owned


@dataclass(frozen=True, slots=True, eq=False)
class Replicas:
    """The lower bound of running pods and the node that says so; `count` is None when it cannot be told."""

    count: int | None
    node: Node
    autoscaler: KubeObject | None = None


@once
def replicas_of(item: Workload) -> Replicas:
    """Return the least number of pods that run.

    minReplicas (default 1) of the HorizontalPodAutoscaler, or minReplicaCount (default 0) of the KEDA ScaledObject,
    that targets the workload in its unit and namespace; otherwise spec.replicas (default 1). A ScaledObject that is
    paused holds the number it names, or what runs: the workload's own number, which is not known when it has none.

    KEDA's idleReplicaCount does not count: it is zero, when there are no pods to lose, and minReplicaCount is the least
    that run while there is work.
    """
    scaler = autoscaler_of(item)
    absent: int | None
    if scaler is None:
        node, absent = item.spec["replicas"], 1
    elif scaler.kind == "ScaledObject":
        node, absent = _least_of_keda(scaler, item)
    else:
        node, absent = scaler.spec["minReplicas"], 1
    if not node.known:
        return Replicas(None, node, scaler)
    if not node.present:
        return Replicas(absent, node, scaler)
    number = node.number
    if number is None or not math.isfinite(number):
        return Replicas(None, node, scaler)
    return Replicas(int(number), node, scaler)


def _least_of_keda(scaler: KubeObject, item: Workload) -> tuple[Node, int | None]:
    """The node with the least number of pods, and what its absence means.

    How pausing works: https://keda.sh/docs/latest/concepts/scaling-deployments/#pause-autoscaling.
    """
    annotations = scaler.metadata["annotations"]
    held, paused = annotations[PAUSED_REPLICAS], annotations[PAUSED]
    if held.present:
        return held, None
    if paused.present and (not paused.known or paused.text != "false"):
        return item.spec["replicas"], None
    return scaler.spec["minReplicaCount"], 0


@once
def autoscaler_of(item: Workload) -> KubeObject | None:
    """Return the HPA or ScaledObject of the unit that targets the workload, None when there is none."""
    return _nearest(_index(item.unit).scalers.get((item.kind, item.name), ()), item)


def target_of(scaler: KubeObject) -> Workload | None:
    """Return the workload of the unit that an HPA or ScaledObject targets, None when there is none."""
    target = _target(scaler)
    return _nearest(_index(scaler.unit).workloads.get(target, ()) if target is not None else (), scaler)


def _nearest(found: Iterable[KubeObject], item: KubeObject) -> KubeObject | None:
    """Return the one of the item's namespace, else one that may land there: an object may leave it to the apply."""
    near = [one for one in found if share_namespace(one, item)]
    return next((one for one in near if one.namespace == item.namespace), near[0] if near else None)


def _target(scaler: KubeObject) -> tuple[str, str] | None:
    """The kind and name of the target, None when they cannot be told."""
    target = scaler.spec["scaleTargetRef"] if scaler.spec.known else scaler.spec
    if not target.known or not target["kind"].known or not target["name"].known:
        return None
    # KEDA's target is a Deployment when it names no kind.
    kind = target["kind"].text or ("Deployment" if scaler.kind == "ScaledObject" else "")
    return kind, target["name"].text


class _Index:
    """The autoscalers of a unit by their target, and its workloads, by kind and name."""

    __slots__ = ("scalers", "workloads")

    def __init__(self, unit: Unit) -> None:
        self.scalers: dict[tuple[str, str], list[KubeObject]] = {}
        for scaler in unit.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
            target = _target(scaler)
            if target is not None:
                self.scalers.setdefault(target, []).append(scaler)
        self.workloads: dict[tuple[str, str], list[Workload]] = {}
        for item in unit.workloads:
            self.workloads.setdefault((item.kind, item.name), []).append(item)


@once
def _index(unit: Unit) -> _Index:
    return _Index(unit)
