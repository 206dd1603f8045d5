"""Velero: whether anything is backed up, and where to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    Fix,
    Install,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    installs_of,
    kind,
    longest_gap_hours,
    parse_image,
    project,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP: Final = "velero.io"


class Active(NamedTuple):
    """An active schedule: its name, its longest gap in hours (None: cannot be told) and its place."""

    name: str
    gap: float | None
    at: Node


@rule(
    each=project(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    applies_to="kubernetes",
    related={"kyverno": ["validate-cron-schedule"]},
    fixable="unsafe",
    options={"max_interval_hours": "report when the most frequent active schedule runs less often; 0: off"},
)
def velero_no_active_schedule(item: Project, project: Project, *, max_interval_hours: int = 24) -> Problems:
    """Velero is installed but a schedule is paused, broken or missing, so nothing is backed up.

    Everything looks right: the pods run, the bucket is there, the last backups are listed. Only they get older every
    day, and their expiry removes them one by one. A schedule paused for a migration and never resumed is the usual
    way to find out, at the restore, that there is nothing to restore.

    A cron expression that Velero cannot parse puts the schedule into FailedValidation, which no alarm watches by
    default. Leave it when backups are started by something else.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: BackupStorageLocation  # <-
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage: {bucket: shop-backups}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      paused: true  # <-
      schedule: "0 2 * * *"
      template: {includedNamespaces: [shop]}
    ```

    ```yaml fixed
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage: {bucket: shop-backups}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      paused: false
      schedule: "0 2 * * *"
      template: {includedNamespaces: [shop]}
    ```

    ```yaml good
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage: {bucket: shop-backups}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template: {includedNamespaces: [shop]}
    ```

    See <https://velero.io/docs/main/api-types/schedule/> and <https://velero.io/docs/main/backup-reference/>.
    """
    active: list[Active] = []
    broken: list[Problem] = []
    for schedule in _schedules(project):
        problem = _inactive(schedule)
        if problem is None:
            cron = schedule.spec["schedule"]
            active.append(Active(schedule.title, longest_gap_hours(cron.text), cron))
        else:
            broken.append(problem)
    yield from broken
    charts = installs_of(project, "velero")
    told = True
    for chart in charts:
        found, complete = _chart_schedules(chart)
        active += found
        told = told and complete
    place = _installed(project, charts)
    if place is None or not told:
        return
    if not active:
        count = len(broken)
        because = f": {'its only schedule is' if count == 1 else f'all its {count} schedules are'} off" if count else ""
        yield Problem(f"Velero is installed but no schedule is active{because}, so nothing is backed up", place)
        return
    gaps = [one for one in active if one.gap is not None]
    if max_interval_hours and len(gaps) == len(active):
        best = min(gaps, key=lambda one: one.gap or 0)
        if best.gap is not None and best.gap > max_interval_hours:
            yield Problem(
                f"{best.name} is the most frequent active schedule and leaves up to {best.gap:g} hours between backups "
                f"(at most {max_interval_hours} are asked)",
                best.at,
            )


def _schedules(project: Project) -> Iterator[KubeObject]:
    return (one for one in project.of_kind("Schedule") if one.group == GROUP)


def _inactive(schedule: KubeObject) -> Problem | None:
    paused, cron = schedule.spec["paused"], schedule.spec["schedule"]
    if paused.is_true:
        fix = Fix("Set paused: false", (Set(paused, "false"),), Safety.UNSAFE)
        return Problem(f"{schedule.title} is paused, so it backs up nothing", paused, fix=fix)
    if not cron.text.strip():
        return Problem(f"{schedule.title} has no schedule, so it backs up nothing", cron)
    if longest_gap_hours(cron.text) is None:
        return Problem(f'{schedule.title} has the schedule "{cron.text}", which Velero cannot parse', cron)
    return None


def _chart_schedules(chart: Install) -> tuple[list[Active], bool]:
    """The active schedules among a chart's values, and whether they can be told."""
    schedules = chart.values.get("schedules")
    if schedules is None:
        return [], chart.tells("schedules")
    if not isinstance(schedules, dict):
        return [], False
    found: list[Active] = []
    for name, entry in schedules.items():
        if not isinstance(entry, dict):
            return [], False
        cron = entry.get("schedule")
        if cron is not None and not isinstance(cron, str):
            return [], False
        if cron and str(entry.get("disabled", False)).lower() != "true" and longest_gap_hours(cron) is not None:
            found.append(Active(f"schedule {name} of the chart velero", longest_gap_hours(cron), chart.at))
    return found, chart.tells("schedules") or bool(found)


def _installed(project: Project, charts: list[Install]) -> Node | None:
    """The place that shows that Velero is there."""
    for one in project.of_kind("BackupStorageLocation"):
        if one.group == GROUP:
            return one.root["kind"]
    for one in project.of_kind("Deployment"):
        for container in one.containers:
            image = parse_image(container.image.text) if container.image.known else None
            if image is not None and image.repository.endswith("/velero"):
                return one.root["kind"]
    return charts[0].at if charts else None


@rule(
    each=kind("Schedule", "Backup", "BackupStorageLocation", groups=(GROUP,)),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
)
def velero_storage_location_invalid(item: KubeObject, project: Project) -> Problems:
    """Schedules point at a backup location that is missing, read-only or incomplete.

    Every backup then fails or stays in validation, while the schedule itself looks healthy and goes on. It happens
    when a location is renamed or moved to another account, and when it was set to ReadOnly for a restore and never set
    back. The day it is noticed is the day of the next restore.

    Leave it when the location is created by hand in the cluster; better is to bring it into the files as well.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage: {bucket: shop-backups}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        storageLocation: seoul  # <-
    ```

    ```yaml good
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage: {bucket: shop-backups}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        storageLocation: default
    ```

    See <https://velero.io/docs/main/api-types/backupstoragelocation/> and <https://velero.io/docs/main/locations/>.
    """
    if item.kind == "BackupStorageLocation":
        yield from _location(item)
        return
    if not item.unit.closed or any(_makes_locations(chart) for chart in installs_of(project, "velero")):
        return
    spec = item.spec["template"] if item.kind == "Schedule" else item.spec
    yield from _storage(item, project, spec["storageLocation"])
    snapshots = {one.name for one in _of_kind(project, "VolumeSnapshotLocation", item.namespace)}
    for name in spec["volumeSnapshotLocations"]:
        if name.text and name.text not in snapshots:
            yield Problem(f"{item.title} names the VolumeSnapshotLocation {name.text}, which does not exist", name)


def _makes_locations(chart: Install) -> bool:
    """True when the chart may create locations: they are in its values, or the values cannot be told."""
    configuration = chart.values.get("configuration")
    return configuration is not None or not chart.tells("configuration")


def _of_kind(project: Project, kind_: str, namespace: str) -> list[KubeObject]:
    return [one for one in project.of_kind(kind_, namespace=namespace) if one.group == GROUP]


def _storage(item: KubeObject, project: Project, name: Node) -> Iterator[Problem]:
    """What is wrong with the location that a backup goes to."""
    locations = _of_kind(project, "BackupStorageLocation", item.namespace)
    if name.text:
        used = next((one for one in locations if one.name == name.text), None)
        if used is None:
            if not project.knows("BackupStorageLocation", item.namespace, name.text):
                yield Problem(f"{item.title} names the BackupStorageLocation {name.text}, which does not exist", name)
            return
    else:
        used = next((one for one in locations if one.spec["default"].is_true or one.name == "default"), None)
        if used is None:
            message = f"{item.title} names no storageLocation and no BackupStorageLocation is the default"
            yield Problem(message, name)
            return
    mode = used.spec["accessMode"]
    if mode.text == "ReadOnly":
        yield Problem(f"{item.title} writes to {used.title}, which is ReadOnly", mode, also=(("written by", name),))


def _location(item: KubeObject) -> Iterator[Problem]:
    """What is wrong with a location itself."""
    for field, node in (("provider", item.spec["provider"]), ("bucket", item.spec["objectStorage"]["bucket"])):
        if not node.text:
            yield Problem(f"{item.title} has no {field}", node)
    others = [one for one in item.unit.of_kind("BackupStorageLocation") if one.namespace == item.namespace]
    first = next((one for one in others if one.spec["default"].is_true), None)
    if first is not None and first is not item and item.spec["default"].is_true:
        message = f"{item.title} and {first.title} are both the default location"
        yield Problem(message, item.spec["default"], also=(("the other default", first.spec["default"]),))
    if item.spec["provider"].text in {"aws", "velero.io/aws"}:
        for one in item.unit.of_kind("Deployment", namespace=item.namespace):
            images = [container.image.text for container in one.containers]
            is_velero = any("/velero:" in f"/{image}" for image in images)
            if is_velero and not any("velero-plugin-for-aws" in image for image in images):
                message = f"{item.title} needs the plugin velero-plugin-for-aws, which {one.title} does not load"
                yield Problem(message, item.spec["provider"], also=((one.title, one.pod_spec["initContainers"]),))
