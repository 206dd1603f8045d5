"""Turns a checked configuration into the fields of Settings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from opslint.config.document import failure
from opslint.config.rebase import rebase_file, rebase_glob, rebase_path, rebase_pattern
from opslint.model.records import NamedTuple
from opslint.model.settings import ChartEnvironment, ClusterSettings, SuppressSettings, TerraformEnvironment
from opslint.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opslint.model.node import Node

_LISTS = ("select", "extend_select", "ignore", "registries", "system_namespaces", "known_objects")
_TEXTS = ("preset", "fail_on")
_FLAGS = ("require_reason", "foreign_suppressions")
_MAPS = ("severity", "accounts", "extra_podspecs")


class Frame(NamedTuple):
    """Where paths of a configuration start: `base` is relative to `root`, "" for the root itself."""

    root: Path
    base: str


def settings_fields(root: Node, frame: Frame) -> dict[str, Any]:
    """Return the fields of Settings that the configuration sets.

    Raises:
        ConfigError: a date does not exist, a pattern is none, or a path leads out of the root.
    """
    fields: dict[str, Any] = {}
    read: dict[str, Callable[[Node], Any]] = {
        **dict.fromkeys(_LISTS, _names),
        **dict.fromkeys(_TEXTS, lambda node: node.text),
        **dict.fromkeys(_FLAGS, lambda node: node.is_true),
        **dict.fromkeys(_MAPS, lambda node: {key: child.text for key, child in node.items()}),
        "as_of": _day,
        "exclude": lambda node: tuple(rebase_pattern(_pattern(item), frame.base) for item in node),
        "per_path": lambda node: {
            rebase_glob(glob, frame.base): {key: _names(names) for key, names in child.items()}
            for glob, child in node.items()
        },
        "suppress": lambda node: tuple(_suppress(item, frame) for item in node),
        "clusters": lambda node: tuple(_cluster(key, child, frame) for key, child in node.items()),
        "charts": lambda node: _by_path(node, frame, _chart_environments),
        "terraform": lambda node: _by_path(node, frame, _terraform_environments),
        "rules": lambda node: {rule: options.plain() for rule, options in node.items()},
        "baseline": lambda node: _path(node, frame),
    }
    for key, node in root.items():
        if key in read:
            fields[key] = read[key](node)
    if root["target_version"].present:
        fields |= {
            "target_version": plain_versions(root["target_version"].text),
            "target_source": "configuration",
            "target_location": root["target_version"].location,
        }
    if root["rules"].present:
        fields["rule_locations"] = dict(_rule_locations(root["rules"]))
    if selectors := dict(_selector_locations(root)):
        fields["selector_locations"] = selectors
    helm = root["helm"]
    if helm["engine"].present:
        fields["helm_engine"] = helm["engine"].text
    if helm["include_vendored"].present:
        fields["include_vendored"] = helm["include_vendored"].is_true
    return fields


def plain_versions(text: str) -> str:
    """Return target versions as minors: `v1.33.2, next` is `1.33,next`."""
    return ",".join(".".join(part.strip().removeprefix("v").split(".")[:2]) for part in text.split(","))


def _names(node: Node) -> tuple[str, ...]:
    return tuple(node.texts())


def _pattern(node: Node) -> str:
    from opslint.read.ignore import is_pattern

    if not is_pattern(node.text):
        raise failure(f"{node.text!r} is no pattern of a .gitignore", node.location)
    return node.text


def _day(node: Node) -> date:
    try:
        return date.fromisoformat(node.text)
    except ValueError as error:
        raise failure(f"{node.text} is no day of the calendar", node.location) from error


def _path(node: Node, frame: Frame) -> str:
    path = rebase_path(node.text, frame.base)
    if path.split("/", 1)[0] == ".." or path.startswith("/"):
        raise failure(f"{node.text!r} leads out of {frame.root}, outside of which nothing is read", node.location)
    return path


def _suppress(node: Node, frame: Frame) -> SuppressSettings:
    path = node["path"].text
    return SuppressSettings(
        rule=node["rule"].text,
        resource=node["resource"].text,
        path=rebase_glob(path, frame.base) if path else "",
        reason=node["reason"].text,
        until=_day(node["until"]) if node["until"].present else None,
        location=node["rule"].location,
    )


def _cluster(name: str, node: Node, frame: Frame) -> ClusterSettings:
    version = node["version"].text
    return ClusterSettings(
        name=name,
        terraform=node["terraform"].text,
        version=plain_versions(version) if version else "",
        environment=node["environment"].text,
        account=node["account"].text,
        region=node["region"].text,
        units=tuple(rebase_glob(glob, frame.base) for glob in node["units"].texts()),
        location=(node["version"] if version else node).location,
    )


def _by_path(node: Node, frame: Frame, environments: Callable[[Node, str, Frame], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in node:
        path = _path(item["path"], frame)
        if path in found:
            raise failure(
                f"{item['path'].text!r} stands here twice: put its environments together", item["path"].location
            )
        found[path] = environments(item["environments"], path, frame)
    return found


def _chart_environments(node: Node, chart: str, frame: Frame) -> tuple[ChartEnvironment, ...]:
    return tuple(
        ChartEnvironment(
            name=name,
            values=tuple(rebase_file(file, chart, frame.base, frame.root) for file in item["values"].texts()),
            namespace=item["namespace"].text,
            release_name=item["release_name"].text,
            set={key: child.value for key, child in item["set"].items()},
        )
        for name, item in node.items()
    )


def _terraform_environments(node: Node, module: str, frame: Frame) -> tuple[TerraformEnvironment, ...]:
    return tuple(
        TerraformEnvironment(
            name, tuple(rebase_file(file, module, frame.base, frame.root) for file in item["var_files"].texts())
        )
        for name, item in node.items()
    )


def _rule_locations(node: Node) -> Iterator[tuple[str, Location]]:
    for rule, options in node.items():
        yield rule, _key_location(options)
        for name, value in options.items():
            yield f"{rule}.{name}", _key_location(value)


def _selector_locations(root: Node) -> Iterator[tuple[str, Location]]:
    lists = [root[key] for key in ("select", "extend_select", "ignore")]
    lists += [child["ignore"] for _, child in root["per_path"].items()]
    for names in lists:
        yield from ((name.text, name.location) for name in names)
    yield from ((name, _key_location(child)) for name, child in root["severity"].items())


def _key_location(node: Node) -> Location:
    span = node.key_span
    return node.location if span is None else Location(node.source, span)
