"""Charts that something in the repository installs: helm_release, Argo CD Applications, Flux HelmReleases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.cached import once
from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.model.records import dataclass, field
from opslint.model.source import Location, Source
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Project
    from opslint.model.terraform import Block

_WRITTEN_OUT: Final = regex(r"yamlencode\(\s*\{")


@dataclass(slots=True, eq=False)
class Install:
    """A chart somebody installs.

    `at` is the node that names the chart, `values` the values given to it as plain data (later ones win; a part that
    cannot be told stays `Unknown`), `complete` is False when more values come from where the files do not say,
    `partly` the text of expressions that write out their keys but hold something unknown.
    """

    chart: str
    version: Node
    at: Node
    owner: KubeObject | Block
    values: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    partly: list[str] = field(default_factory=list)

    def tells(self, key: str) -> bool:
        """True when everything that is given for a top-level key is in `values`."""
        return self.complete and not any(key in text for text in self.partly)


def installs_of(project: Project, chart: str) -> list[Install]:
    """Return the installations of a chart by name (`velero`, or the last part of `oci://registry/velero`)."""
    return [one for one in _every(project) if one.chart.rstrip("/").rpartition("/")[2] == chart]


def all_installs(project: Project) -> list[Install]:
    """Return the installations of every chart."""
    return list(_every(project))


@once
def _every(project: Project) -> tuple[Install, ...]:
    """All of them, with their values read: many rules ask for one chart or another."""
    return tuple(_installs(project))


def _installs(project: Project) -> Iterator[Install]:
    for block in project.resources("helm_release"):
        if block["chart"].known and block["chart"].text:
            yield _of_terraform(block)
    for item in project.of_kind("Application"):
        if item.group == "argoproj.io" and item.spec.known:
            sources = [item.spec["source"], *(item.spec["sources"] if item.spec["sources"].known else ())]
            yield from (
                _of_argo(item, one) for one in sources if one.known and one["chart"].known and one["chart"].text
            )
    for item in project.of_kind("HelmRelease"):
        spec = item.spec.at("chart", "spec") if item.spec.known else item.spec
        if spec.known and spec["chart"].known and spec["chart"].text:
            found = Install(spec["chart"].text, spec["version"], spec["chart"], item)
            found.complete = not item.spec["valuesFrom"].present
            _merge(found, item.spec["values"].plain())
            yield found


def _of_terraform(block: Block) -> Install:
    found = Install(block["chart"].text, block["version"], block["chart"], block)
    values = block["values"]
    for text in values if values.known and values.is_list else ():
        _merge_text(found, text)
    found.complete = found.complete and values.known
    for part in ("set", "set_sensitive"):
        entries = block[part]
        if not entries.known:
            found.complete = False
            continue
        for entry in entries:
            if entry.known and entry["name"].known:
                value = entry["value"]
                _set(found.values, entry["name"].text, value.value if value.known else Unknown(value.why))
            else:
                found.complete = False
    return found


def _of_argo(item: KubeObject, source: Node) -> Install:
    found = Install(source["chart"].text, source["targetRevision"], source["chart"], item)
    helm = source["helm"]
    if not helm.known:
        found.complete = False
        return found
    found.complete = not helm["valueFiles"].present
    _merge_text(found, helm["values"])
    _merge(found, helm["valuesObject"].plain())
    parameters = helm["parameters"]
    for entry in parameters if parameters.known else ():
        if entry.known and entry["name"].known and entry["value"].known:
            _set(found.values, entry["name"].text, entry["value"].value)
        else:
            found.complete = False
    return found


def _merge_text(found: Install, text: Node) -> None:
    if not text.known:
        written = Location(text.source, text.extent).text
        # `yamlencode({…})` has its keys in the open, whatever its values are.
        if _WRITTEN_OUT.match(written):
            found.partly.append(written)
        else:
            found.complete = False
        return
    for document in read_yaml(Source(text.source.path, text.text, "values")).documents:
        _merge(found, document.plain())


def _merge(found: Install, values: object) -> None:
    if isinstance(values, Unknown):
        found.complete = False
    elif isinstance(values, dict):
        _overlay(found.values, values)


def _overlay(under: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        below = under.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            _overlay(below, value)
        else:
            under[key] = value


def _set(values: dict[str, Any], name: str, value: object) -> None:
    """Write a value at a path as `--set` has it: `schedules.daily.schedule`; a list's index is a key like any other."""
    *path, last = name.replace("\\.", "\0").split(".")
    for key in path:
        below = values.setdefault(key.replace("\0", "."), {})
        if not isinstance(below, dict):
            return
        values = below
    values[last.replace("\0", ".")] = value
