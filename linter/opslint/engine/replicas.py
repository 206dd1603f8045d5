"""How many pods of a workload run at least: its autoscaler's minimum, else its own count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opslint.model.kube import KubeObject, Workload
    from opslint.model.node import Node

SCALED_KINDS: Final = ("Deployment", "StatefulSet", "Rollout", "ReplicaSet", "ReplicationController")


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


def replicas_of(item: Workload) -> Replicas:
    """Return the least number of pods that run.

    minReplicas (default 1) of the HorizontalPodAutoscaler, or minReplicaCount (default 0) of the KEDA ScaledObject, that
    targets the workload in its unit and namespace; otherwise spec.replicas (default 1).
    """
    scaler = autoscaler_of(item)
    if scaler is None:
        node, absent = item.spec["replicas"], 1
    elif scaler.kind == "ScaledObject":
        node, absent = scaler.spec["minReplicaCount"], 0
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


def autoscaler_of(item: Workload) -> KubeObject | None:
    """Return the HPA or ScaledObject of the unit that targets the workload, None when there is none."""
    for scaler in item.unit.of_kind("HorizontalPodAutoscaler", "ScaledObject", namespace=item.namespace):
        target = scaler.spec["scaleTargetRef"]
        if not target.known:
            continue
        kind, name = target["kind"], target["name"]
        if not (kind.known and name.known):
            continue
        # KEDA's target is a Deployment when it names no kind.
        wanted = kind.text or ("Deployment" if scaler.kind == "ScaledObject" else "")
        if wanted == item.kind and name.text == item.name:
            return scaler
    return None
