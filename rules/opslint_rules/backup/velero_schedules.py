"""Velero's schedules: how long backups are kept, and whether they hold the volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    duration_seconds,
    installs_of,
    kind,
    longest_gap_hours,
    project,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP: Final = "velero.io"
VOLUMES: Final = frozenset({"pv", "pvc", "persistentvolume", "persistentvolumeclaim"})


@rule(
    each=kind("Schedule", "Backup", "Deployment"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="safe",
    options={"min_ttl": "shortest accepted retention"},
    forms={"min_ttl": "duration"},
)
def velero_retention_short(item: KubeObject, project: Project, *, min_ttl: str = "168h") -> Problems:
    """Velero backups expire too early to be of use.

    A mistake is often noticed after a weekend or a holiday: by then a backup that is kept for a day or two has been
    removed, together with the snapshots that belong to it. When backups expire before the next one is made, there are
    times without any.

    Without a `ttl` the server's default holds, 720h, which passes; its argument `--default-backup-ttl` is looked at
    too. `useOwnerReferencesInBackup` is mentioned, for it removes all backups of a Schedule that is deleted. Lower
    `min_ttl` for an hourly schedule beside a daily one.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        includedNamespaces: ["*"]
        ttl: 72h  # <-
    ```

    ```yaml fixed
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        includedNamespaces: ["*"]
        ttl: 168h
    ```

    ```yaml good
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        includedNamespaces: ["*"]
        ttl: 720h
    ```

    See <https://velero.io/docs/main/how-velero-works/#set-a-backup-to-expire>.
    """
    least = duration_seconds(min_ttl) or 0.0
    if item.kind == "Deployment":
        yield from _default_ttl(item, min_ttl, least)
        return
    if item.group != GROUP:
        return
    ttl = (item.spec["template"] if item.kind == "Schedule" else item.spec)["ttl"]
    owner = item.spec["useOwnerReferencesInBackup"]
    if owner.is_true:
        yield Problem(f"deleting {item.title} deletes all its backups", owner, severity=Severity.INFO)
    if not ttl.present:
        return
    kept = duration_seconds(ttl.text)
    fix = Fix(f"Set ttl: {min_ttl}", (Set(ttl, min_ttl),), Safety.SAFE)
    if kept is None:
        yield Problem(f'{item.title} has the ttl "{ttl.text}", which is no duration', ttl, fix=fix)
        return
    gap = longest_gap_hours(item.spec["schedule"].text) if item.kind == "Schedule" else None
    if kept and gap is not None and kept <= gap * 3600:
        message = (
            f"{item.title} keeps backups for {ttl.text}, but makes them every {gap:g} hours: at times there is none"
        )
        yield Problem(
            message, ttl, also=(("schedule", item.spec["schedule"]),), fix=fix if least > gap * 3600 else None
        )
    elif 0 < kept < least:
        yield Problem(f"{item.title} keeps backups for {ttl.text} (at least {min_ttl})", ttl, fix=fix)


def _default_ttl(item: KubeObject, min_ttl: str, least: float) -> Iterator[Problem]:
    if not any(one.image.known and "velero" in one.image.text for one in item.containers):
        return
    for one in item.containers:
        words = [node for part in ("command", "args") for node in one.root[part]]
        for node, following in zip(words, [*words[1:], None], strict=False):
            name, equals, text = node.text.partition("=")
            if name != "--default-backup-ttl":
                continue
            value = node if equals or following is None else following
            kept = duration_seconds(text if equals else value.text)
            if kept is not None and 0 < kept < least:
                said = text if equals else value.text
                yield Problem(f"{item.title} keeps backups for {said} by default (at least {min_ttl})", value)


class Covering(NamedTuple):
    """An active schedule, the namespaces with volumes that it covers, and what leaves their data out."""

    item: KubeObject
    namespaces: frozenset[str]
    faults: tuple[Problem, ...]


@rule(
    each=project(),
    severity=Severity.HIGH,
    preset=STRICT,
    applies_to="kubernetes",
    aliases={"kyverno": ["backup-all-volumes"]},
    fixable="unsafe",
)
def velero_volumes_skipped(item: Project, project: Project) -> Problems:
    """Schedules cover namespaces with volumes but leave the volume data out.

    The backup succeeds and holds every object, and a restore brings the claims back empty. It comes from
    `snapshotVolumes: false` that was meant for a test, from resources that are left out, or from a Velero that has
    neither a snapshot location nor a node agent.

    Namespaces in which the project has claims or claim templates are looked at. A schedule passes when another active
    one backs up the volumes of the same namespaces, and so does one with a label selector. Without `snapshotVolumes`
    Velero takes snapshots if it has a location. Leave it for volumes that hold nothing but a cache.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        includedNamespaces: [shop]
        snapshotVolumes: false  # <-
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
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
      template:
        includedNamespaces: [shop]
        snapshotVolumes: true
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
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
      template:
        includedNamespaces: [shop]
        snapshotVolumes: true
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
    ```

    See <https://velero.io/docs/main/api-types/schedule/> and <https://velero.io/docs/main/file-system-backup/>.
    """
    schedules = [one for one in project.of_kind("Schedule") if one.group == GROUP and not one.spec["paused"].is_true]
    if not schedules:
        return
    claimed = _claimed(project)
    nowhere = _has_no_place(project)
    covering = [_covering(one, claimed, nowhere=nowhere) for one in schedules]
    safe = frozenset[str]().union(*(one.namespaces for one in covering if not one.faults))
    for one in covering:
        if one.namespaces - safe:
            yield from one.faults
    covered = frozenset[str]().union(*(one.namespaces for one in covering))
    for workload in project.objects:
        if workload.is_workload and workload.namespace in covered:
            yield from _excluded(workload)


def _claimed(project: Project) -> frozenset[str]:
    """The namespaces in which the project has volume claims."""
    found = {one.namespace for one in project.of_kind("PersistentVolumeClaim")}
    sets = project.of_kind("StatefulSet")
    found |= {one.namespace for one in sets if one.spec.known and one.spec["volumeClaimTemplates"].present}
    return frozenset(found - {""})


def _covering(item: KubeObject, claimed: frozenset[str], *, nowhere: KubeObject | None) -> Covering:
    template = item.spec["template"]
    included, excluded = template["includedNamespaces"].texts(), template["excludedNamespaces"].texts()
    namespaces = claimed if not included or "*" in included else claimed & frozenset(included)
    namespaces -= frozenset(excluded)
    if template["labelSelector"].present or template["orLabelSelectors"].present:
        return Covering(item, frozenset(), ())
    where = ", ".join(sorted(namespaces))
    return Covering(item, namespaces, tuple(_faults(item, template, f"the volumes of {where}", nowhere)))


def _faults(item: KubeObject, template: Node, what: str, nowhere: KubeObject | None) -> Iterator[Problem]:
    snapshots, by_files = template["snapshotVolumes"], template["defaultVolumesToFsBackup"]
    if snapshots.is_false and not by_files.is_true and not template["snapshotMoveData"].is_true:
        fix = Fix("Set snapshotVolumes: true", (Set(snapshots, "true"),), Safety.UNSAFE)
        yield Problem(f"{item.title} leaves out {what}: snapshotVolumes is false", snapshots, fix=fix)
    elif nowhere is not None:
        message = f"{item.title} cannot back up {what}: Velero has no snapshot location, no CSI and no node agent"
        yield Problem(message, template, also=((nowhere.title, nowhere.root["kind"]),))
    for node in template["excludedResources"]:
        if _resource(node.text) in VOLUMES or node.text == "*":
            yield Problem(f"{item.title} leaves out {what}: {node.text} are excluded", node)
    included = template["includedResources"]
    names = {_resource(text) for text in included.texts()}
    if names and "*" not in names and not names & {"pvc", "persistentvolumeclaim"}:
        yield Problem(f"{item.title} leaves out {what}: its resources have no persistentvolumeclaims", included)


def _resource(text: str) -> str:
    return text.lower().partition(".")[0].rstrip("s")


def _has_no_place(project: Project) -> KubeObject | None:
    """The Deployment of a Velero that has nowhere to put volumes; None when it has, or when that cannot be told."""
    if installs_of(project, "velero") or project.of_kind("VolumeSnapshotLocation"):
        return None
    servers = []
    for one in project.of_kind("Deployment", "DaemonSet"):
        for container in one.containers:
            if not container.image.known or "velero/velero:" not in f"{container.image.text}:":
                continue
            words = [*container.root["command"].texts(), *container.root["args"].texts()]
            if one.kind == "DaemonSet" or any("EnableCSI" in word for word in words):
                return None
            servers.append(one)
    return servers[0] if servers else None


def _excluded(item: KubeObject) -> Iterator[Problem]:
    """Volumes with claims that a pod's annotation leaves out."""
    metadata = item.pod_template["metadata"] if item.pod_template.known else item.metadata
    node = metadata["annotations"]["backup.velero.io/backup-volumes-excludes"]
    if not node.present or not node.known or not item.pod_spec.known:
        return
    names = {name.strip() for name in node.text.split(",")}
    claims = {one["name"].text for one in item.pod_spec["volumes"] if one["persistentVolumeClaim"].present}
    claims |= {one["metadata"]["name"].text for one in item.spec["volumeClaimTemplates"]}
    if names & claims:
        message = f"{item.title} leaves the volumes {', '.join(sorted(names & claims))} out of file system backups"
        yield Problem(message, node, severity=Severity.LOW)
