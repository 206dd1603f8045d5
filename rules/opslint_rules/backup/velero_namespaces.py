"""Namespaces that Velero's schedules leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Append,
    Cluster,
    Fix,
    KubeObject,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    glob_matches,
    installs_of,
    project,
    rule,
    yaml_string,
)
from opslint_rules.backup.velero_locations import Schedule, schedules_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_TERRAFORM: Final = ("kubernetes_namespace", "kubernetes_namespace_v1")


@rule(
    each=project(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    applies_to="cross",
    fixable="unsafe",
    options={
        "scope": "data: namespaces with volumes that last; all: every namespace with workloads",
        "ignore": "namespaces that are not backed up on purpose",
    },
    forms={"scope": "data|all"},
)
def velero_namespace_uncovered(
    item: Project, project: Project, *, scope: str = "data", ignore: tuple[str, ...] = ("kube-system", "velero")
) -> Problems:
    """A namespace with persistent data is in no active Velero schedule, or a schedule names one nobody declares.

    The list of namespaces in a schedule is written once. A database that moves into a namespace of its own is then in
    no backup, and a renamed namespace turns the schedule into one that backs up nothing and still succeeds.

    Claims for volumes and StatefulSets with claim templates count as data. A schedule without `includedNamespaces`
    covers all; one that picks objects by labels or kinds may cover any and makes the rule silent. Names in a schedule
    are reported only where everything that could declare a namespace can be read. Leave it for data that can
    be made again, and list the namespace in `ignore`.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template: {includedNamespaces: [shop]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: search-index
      namespace: search  # <- in no schedule
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
    ```

    ```yaml fixed
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template: {includedNamespaces: [shop, search]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: search-index
      namespace: search
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
    ```

    ```yaml good
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template: {includedNamespaces: [search]}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: search-index
      namespace: search
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
    ```

    See <https://velero.io/docs/main/resource-filtering/> and <https://velero.io/docs/main/api-types/schedule/>.
    """
    schedules = list(schedules_of(project))
    if not schedules or any(not one.whole for one in schedules) or not _are_all_told(project):
        return
    seen: set[str] = set()
    for one in project.objects:
        namespace = one.namespace
        if not namespace or namespace in seen or namespace in ignore or not _counts(one, scope):
            continue
        near = [schedule for schedule in schedules if _reaches(schedule.cluster, one.unit.cluster)]
        if not near or any(_covers(schedule, namespace) for schedule in near):
            continue
        seen.add(namespace)
        yield Problem(
            f"namespace {namespace} is in no active Velero schedule, and {one.title}"
            f" {'keeps data' if _has_data(one) else 'runs'} there",
            one.metadata["namespace"] if one.metadata["namespace"].present else one.metadata["name"],
            also=((near[0].title, near[0].at),),
            fix=_fix(near, namespace),
        )
    known = _namespaces(project)
    if known is None:
        return
    for schedule in schedules:
        for name in schedule.names:
            if name.text and not any(char in name.text for char in "*?[") and name.text not in known:
                yield Problem(f"{schedule.title} backs up namespace {name.text}, which nothing declares", name)


def _fix(near: list[Schedule], namespace: str) -> Fix | None:
    """Return the fix that adds the namespace to the one schedule that lists namespaces."""
    if len(near) != 1 or any(glob_matches(namespace, glob) for glob in near[0].excluded):
        return None
    listed = near[0].names[0].parent if near[0].names else None
    title = f"add {namespace} to includedNamespaces of {near[0].title}"
    return Fix(title, (Append(listed, yaml_string(namespace)),), Safety.UNSAFE) if listed is not None else None


def _are_all_told(project: Project) -> bool:
    """True when no values of Velero's chart could hold more schedules."""
    return all(one.tells("schedules") for one in installs_of(project, "velero"))


def _reaches(schedule: Cluster | None, other: Cluster | None) -> bool:
    return schedule is None or other is None or schedule is other


def _counts(one: KubeObject, scope: str) -> bool:
    return _has_data(one) or (scope == "all" and one.is_workload)


def _has_data(one: KubeObject) -> bool:
    if one.kind == "StatefulSet":
        return one.spec["volumeClaimTemplates"].present and len(one.spec["volumeClaimTemplates"]) > 0
    return one.kind == "PersistentVolumeClaim"


def _covers(schedule: Schedule, namespace: str) -> bool:
    included = not schedule.included or any(glob_matches(namespace, glob) for glob in schedule.included)
    return included and not any(glob_matches(namespace, glob) for glob in schedule.excluded)


def _namespaces(project: Project) -> set[str] | None:
    """Return the namespaces that anything declares or uses; None when some cannot be told."""
    if any(not unit.closed for unit in project.units) or any(module.opaque for module in project.modules):
        return None
    if project.of_kind("Application", "ApplicationSet", "Kustomization", "HelmRelease"):
        return None
    built_in = {"default", *project.system_namespaces}
    found = set(built_in)
    for one in project.objects:
        if one.kind == "Namespace":
            found.add(one.name)
        elif one.kind != "Schedule":
            found.add(one.namespace)
    for name in _of_terraform(project):
        if not name:
            return None
        found.add(name)
    return found if len(found) > len(built_in) else None


def _of_terraform(project: Project) -> Iterator[str]:
    """Yield the namespaces of Terraform, "" for one that cannot be told."""
    for block in project.resources("helm_release"):
        where = block["namespace"]
        if where.known and where.present:
            yield where.text
        elif block.virtual or not where.known:
            yield ""
    for block in project.resources(*_IN_TERRAFORM):
        metadata = block.body.one("metadata")
        yield metadata["name"].text if metadata.known and metadata["name"].known else ""
