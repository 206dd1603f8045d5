"""Volumes of one node or one zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    Workload,
    autoscaler_of,
    int_or_percent,
    is_referenced,
    objects_named,
    project,
    put,
    rule,
    template_of,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_NODE: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
EBS: Final = frozenset({"ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs"})
_IN_TERRAFORM: Final = ("kubernetes_storage_class", "kubernetes_storage_class_v1")
ZONE_LABELS: Final = ("topology.kubernetes.io/zone", "topology.ebs.csi.aws.com/zone")


@rule(
    each=workload("Deployment", "Rollout"),
    severity=Severity.HIGH,
    preset=STRICT,
    fixable="unsafe",
    options={"report_surge": "include one replica that a rolling update doubles for a while"},
)
def shared_rwo_volume(item: Workload, project: Project, *, report_surge: bool = True) -> Problems:
    """Several pods, or the old and the new pod of a rolling update, need the same single-node volume.

    An EBS volume is attached to one node. A second pod on another node waits for it in ContainerCreating and never
    starts; a rolling update starts the new pod first and so waits for the old one, which waits for the new one. It
    works for weeks while both happen to be on one node, and stops when a node is replaced.

    The claim must be in what is applied together or in the same namespace, and have no other access mode than
    ReadWriteOnce or ReadWriteOncePod; others pass. The upper bound of the autoscaler counts. Use a StatefulSet with
    claim templates, a shared file system, or the strategy Recreate for a single pod. Leave it for pods that are bound
    to one node on purpose.

    ```yaml bad
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: store, namespace: shop}
    spec:
      replicas: 1
      strategy: {type: RollingUpdate}
      selector: {matchLabels: {app: store}}
      template:
        metadata: {labels: {app: store}}
        spec:
          containers: [{name: store, image: "registry.example/store:2.1"}]
          volumes:
            - name: data
              persistentVolumeClaim:
                claimName: data  # <-
    ```

    ```yaml fixed
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: store, namespace: shop}
    spec:
      replicas: 1
      strategy: {type: Recreate}
      selector: {matchLabels: {app: store}}
      template:
        metadata: {labels: {app: store}}
        spec:
          containers: [{name: store, image: "registry.example/store:2.1"}]
          volumes:
            - name: data
              persistentVolumeClaim:
                claimName: data
    ```

    ```yaml good
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
    spec:
      accessModes: [ReadWriteMany]
      resources: {requests: {storage: 10Gi}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: store, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: store}}
      template:
        metadata: {labels: {app: store}}
        spec:
          containers: [{name: store, image: "registry.example/store:2.1"}]
          volumes:
            - name: data
              persistentVolumeClaim:
                claimName: data
    ```

    See <https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes>.
    """
    if is_referenced(item):
        return
    most = _most(item)
    if most is None or most < 1 or (most == 1 and not (report_surge and _doubles(item))):
        return
    for volume in template_of(item)["spec"]["volumes"]:
        name = volume["persistentVolumeClaim"]["claimName"]
        claims = objects_named(item, project, "PersistentVolumeClaim", name.text) if name.text else []
        modes = [mode for claim in claims[:1] for mode in claim.spec["accessModes"]]
        if not modes or not ONE_NODE.issuperset(mode.text for mode in modes):
            continue
        also = (("access mode", modes[0]),)
        if most > 1:
            message = (
                f"{item.title} may run {most} pods that all need the volume {name.text}, which one node can attach"
            )
            yield Problem(message, name, also=also, by_key=True)
        else:
            message = f"{item.title} starts a second pod when it is updated, and the volume {name.text} is still in use"
            yield Problem(message, name, also=also, fix=_recreate(item), by_key=True)


def _most(item: Workload) -> int | None:
    """The upper bound of running pods."""
    scaler = autoscaler_of(item)
    if scaler is None:
        node, absent = item.spec["replicas"], 1
    elif scaler.kind == "ScaledObject":
        node, absent = scaler.spec["maxReplicaCount"], 100
    else:
        node, absent = scaler.spec["maxReplicas"], 1
    if not node.present:
        return absent
    number = node.number
    return int(number) if number is not None and abs(number) < 1e9 else None


def _doubles(item: Workload) -> bool:
    """True when an update of the single pod starts the new one first."""
    strategy = item.spec["strategy"]
    if item.kind == "Rollout" or strategy["type"].text == "Recreate":
        return item.kind == "Rollout"
    surge = strategy["rollingUpdate"]["maxSurge"]
    return not surge.present or int_or_percent(surge, 1) != 0


def _recreate(item: Workload) -> Fix | None:
    strategy = item.spec["strategy"]
    if item.kind != "Deployment" or strategy["rollingUpdate"].present:
        return None
    change = put(strategy["type"], "Recreate") if strategy.present else put(strategy, "{type: Recreate}")
    return Fix("Stop the old pod first: strategy Recreate", (change,), Safety.UNSAFE)


@rule(
    each=project(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
)
def immediate_volume_binding(item: Project, project: Project) -> Problems:
    """The StorageClass binds zonal volumes before the pod is scheduled, so pods can get stuck in the wrong zone.

    With Immediate, which is the default, the EBS volume is made in any zone as soon as the claim exists. When the pod's
    other needs (a second volume, a node selector, free capacity) are met in another zone only, it stays pending with a
    volume node affinity conflict, and only deleting the volume helps. WaitForFirstConsumer makes the volume where the
    pod is going to run.

    Classes of the EBS drivers are looked at, in manifests and as `kubernetes_storage_class` of Terraform. A class that
    `allowedTopologies` pins to one zone passes. The field cannot be changed in place: delete the class and create it
    again, which existing volumes do not notice.

    ```yaml bad
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: gp3}
    provisioner: ebs.csi.aws.com
    parameters: {type: gp3}
    volumeBindingMode: Immediate  # <-
    ```

    ```yaml fixed
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: gp3}
    provisioner: ebs.csi.aws.com
    parameters: {type: gp3}
    volumeBindingMode: WaitForFirstConsumer
    ```

    ```yaml good
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: gp3}
    provisioner: ebs.csi.aws.com
    parameters: {type: gp3}
    volumeBindingMode: WaitForFirstConsumer
    ```

    ```hcl good
    resource "kubernetes_storage_class" "gp3" {
      metadata {
        name = "gp3"
      }
      storage_provisioner = "ebs.csi.aws.com"
      volume_binding_mode = "WaitForFirstConsumer"
    }
    ```

    See <https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode>.
    """
    for one in project.of_kind("StorageClass"):
        if one.block is None or one.block.type not in _IN_TERRAFORM:  # the block itself can be fixed
            yield from _of_manifest(one)
    for block in project.resources(*_IN_TERRAFORM):
        yield from _of_terraform(block)


def _of_manifest(item: KubeObject) -> Iterator[Problem]:
    provisioner, mode = item.root["provisioner"], item.root["volumeBindingMode"]
    if not provisioner.known or provisioner.text not in EBS or not mode.known:
        return
    if mode.text in {"", "Immediate"} and not _one_zone(item.root["allowedTopologies"], "matchLabelExpressions"):
        yield _immediate(item.title, mode, mode if mode.exists else item.root["kind"])


def _of_terraform(block: Block) -> Iterator[Problem]:
    provisioner, mode = block["storage_provisioner"], block["volume_binding_mode"]
    if not provisioner.known or provisioner.text not in EBS or not mode.known:
        return
    if mode.text in {"", "Immediate"} and not _one_zone(block["allowed_topologies"], "match_label_expressions"):
        yield _immediate(block.address, mode, mode)


def _immediate(title: str, mode: Node, at: Node) -> Problem:
    said = "" if mode.present else ", which is the default"
    fix = Fix("Wait for the pod: WaitForFirstConsumer", (put(mode, "WaitForFirstConsumer"),), Safety.UNSAFE)
    return Problem(f"{title} binds volumes Immediate{said}: in a zone where the pod may not fit", at, fix=fix)


def _one_zone(topologies: Node, key: str) -> bool:
    if not topologies.known:
        return True
    zones = {
        zone
        for one in topologies
        for expression in one[key]
        if expression["key"].text in ZONE_LABELS
        for zone in expression["values"].texts()
    }
    return len(zones) == 1
