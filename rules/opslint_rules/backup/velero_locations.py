"""Velero's locations and active schedules, whether objects or values of its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import Cluster, NamedTuple, Node, Project, duration_seconds, installs_of, longest_gap_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP: Final = "velero.io"
_DEFAULT_DAYS: Final = 30  # ttl of a backup that names none: 720h
_DAY: Final = 86_400


class Place(NamedTuple):
    """A backup location: where Velero writes to; `at` is where its bucket is named."""

    name: str
    bucket: str
    region: str
    prefix: str
    is_default: bool
    at: Node
    cluster: Cluster | None


class Schedule(NamedTuple):
    """An active schedule; `included` is empty for all namespaces, `whole` False when it picks objects."""

    title: str
    location: str
    days: float
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    whole: bool
    at: Node
    names: tuple[Node, ...]
    cluster: Cluster | None


def locations_of(project: Project) -> Iterator[Place]:
    """Yield the backup locations: objects, and those in the values of the chart."""
    for one in project.of_kind("BackupStorageLocation"):
        if one.group == GROUP:
            store, config = one.spec["objectStorage"], one.spec["config"]
            is_default = one.spec["default"].is_true or one.name == "default"
            yield Place(
                one.name,
                store["bucket"].text,
                config["region"].text,
                store["prefix"].text,
                is_default,
                store["bucket"],
                one.unit.cluster,
            )
    for install in installs_of(project, "velero"):
        configuration = install.values.get("configuration")
        listed = configuration.get("backupStorageLocation") if isinstance(configuration, dict) else None
        entries = listed if isinstance(listed, list) else [listed]
        for entry in entries:
            if isinstance(entry, dict):
                settings = entry.get("config")
                yield Place(
                    _text(entry.get("name")) or "default",
                    _text(entry.get("bucket")),
                    _text(settings.get("region")) if isinstance(settings, dict) else "",
                    _text(entry.get("prefix")),
                    len(entries) == 1 or entry.get("default") is True,
                    install.at,
                    None,
                )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def schedules_of(project: Project) -> Iterator[Schedule]:
    """Yield the active schedules: objects, and those in the values of the chart."""
    for one in project.of_kind("Schedule"):
        template, cron = one.spec["template"], one.spec["schedule"]
        if one.group != GROUP or one.spec["paused"].is_true or longest_gap_hours(cron.text) is None:
            continue
        picks = ("labelSelector", "orLabelSelectors", "includedResources", "includedNamespaceScopedResources")
        yield Schedule(
            one.title,
            template["storageLocation"].text,
            _days(template["ttl"].text),
            tuple(template["includedNamespaces"].texts()),
            tuple(template["excludedNamespaces"].texts()),
            not any(_restricts(template[key]) for key in picks),
            template if template.present else cron,
            tuple(template["includedNamespaces"]),
            one.unit.cluster,
        )
    for install in installs_of(project, "velero"):
        schedules = install.values.get("schedules")
        for name, entry in schedules.items() if isinstance(schedules, dict) else ():
            if not isinstance(entry, dict) or str(entry.get("disabled", False)).lower() == "true":
                continue
            written = entry.get("template")
            given: dict[str, Any] = written if isinstance(written, dict) else {}
            lists = [given.get(key) for key in ("includedNamespaces", "excludedNamespaces")]
            readable = all(
                one is None or (isinstance(one, list) and all(isinstance(x, str) for x in one)) for one in lists
            )
            yield Schedule(
                f"schedule {name} of the chart velero",
                _text(given.get("storageLocation")),
                _days(_text(given.get("ttl"))),
                tuple(lists[0] or ()) if readable else (),
                tuple(lists[1] or ()) if readable else (),
                readable
                and not any(key in given for key in ("labelSelector", "orLabelSelectors", "includedResources")),
                install.at,
                (),
                None,
            )


def _restricts(node: Node) -> bool:
    return node.present and len(node) > 0 and "*" not in node.texts()


def _days(ttl: str) -> float:
    seconds = duration_seconds(ttl) if ttl else 0
    return seconds / _DAY if seconds else _DEFAULT_DAYS
