"""Volumes that go with what uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    kind,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
VELERO_CLASS: Final = "velero.io/csi-volumesnapshot-class"


@rule(
    each=kind("StatefulSet", "PersistentVolume", "StorageClass", "VolumeSnapshotClass", system=False),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    prod_only=True,
    options={"check_storage_class": "include classes of StatefulSets, whose default is Delete almost everywhere"},
)
def volume_deleted_with_workload(item: KubeObject, project: Project, *, check_storage_class: bool = False) -> Problems:
    """Deleting or scaling down a workload also deletes its data volumes.

    A StatefulSet is deleted by a renamed release, a prune of Argo CD or a move to another namespace; with
    `whenDeleted: Delete` its claims and EBS volumes go at once, and with `whenScaled: Delete` a night of fewer replicas
    does it. A backup is then the only copy, and a snapshot class with the policy Delete removes that one together with
    the object that names it.

    Both policies are Retain when they are not written. A PersistentVolume written by hand and the snapshot class that
    Velero uses are looked at too. Leave it for volumes that hold what can be made anew, such as a cache.

    ```yaml bad
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec:
      serviceName: db
      persistentVolumeClaimRetentionPolicy:
        whenDeleted: Delete  # <-
        whenScaled: Retain
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec:
          containers: [{name: db, image: "registry.example/db:16.4"}]
      volumeClaimTemplates:
        - metadata: {name: data}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec:
      serviceName: db
      persistentVolumeClaimRetentionPolicy:
        whenDeleted: Retain
        whenScaled: Retain
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec:
          containers: [{name: db, image: "registry.example/db:16.4"}]
      volumeClaimTemplates:
        - metadata: {name: data}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec:
      serviceName: db
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec:
          containers: [{name: db, image: "registry.example/db:16.4"}]
      volumeClaimTemplates:
        - metadata: {name: data}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
    ```

    See <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention> and
    <https://velero.io/docs/main/csi/>.
    """
    if item.kind == "StatefulSet":
        policy = item.spec["persistentVolumeClaimRetentionPolicy"]
        for key, when in (("whenDeleted", "deleting"), ("whenScaled", "scaling down")):
            if policy[key].text == "Delete":
                fix = Fix(f"Set {key}: Retain", (Set(policy[key], "Retain"),), Safety.UNSAFE)
                yield Problem(f"{when} {item.title} also deletes its volumes", policy[key], fix=fix)
    elif item.kind == "PersistentVolume":
        policy = item.spec["persistentVolumeReclaimPolicy"]
        if policy.text == "Delete":
            fix = Fix("Set persistentVolumeReclaimPolicy: Retain", (Set(policy, "Retain"),), Safety.UNSAFE)
            yield Problem(f"deleting the claim of {item.title} also deletes its data", policy, fix=fix)
    elif item.kind == "VolumeSnapshotClass":
        policy = item.root["deletionPolicy"]
        if item.labels.get(VELERO_CLASS) == "true" and policy.text == "Delete":
            fix = Fix("Set deletionPolicy: Retain", (Set(policy, "Retain"),), Safety.UNSAFE)
            message = f"Velero's snapshots of {item.title} are deleted with the namespace that they were made in"
            yield Problem(message, policy, fix=fix)
    elif check_storage_class:
        yield from _storage_class(item, project)


def _storage_class(item: KubeObject, project: Project) -> Iterator[Problem]:
    policy = item.root["reclaimPolicy"]
    if policy.text not in {"", "Delete"}:
        return
    is_default = item.annotations.get(DEFAULT_CLASS) == "true"
    for one in project.of_kind("StatefulSet"):
        for claim in one.spec["volumeClaimTemplates"]:
            name = claim["spec"]["storageClassName"]
            if name.text == item.name or (is_default and not name.present):
                at = policy if policy.exists else item.root["kind"]
                message = f"{item.title} deletes the volumes of {one.title} with their claims"
                yield Problem(message, at, also=((one.title, claim),))
                return
