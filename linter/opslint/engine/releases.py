"""Which releases of cluster controllers the repository deploys: by installed charts, image tags, chart dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.images import parse_image
from opslint.engine.installs import Install, all_installs
from opslint.model.cached import once
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint.model.terraform import Block
from opslint_schemas import release
from opslint_schemas.component_charts import component_charts, component_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Chart, Project
    from opslint_schemas.component_charts import ChartRow

_EXACT: Final = regex(r"[v=]?(\d+\.\d+(?:\.\d+)?(?:[-+][\w.+-]*)?)\Z")


class Release(NamedTuple):
    """A release of a component that somebody deploys.

    `version` is the component's own (`1.15`, not the chart's), "" when it cannot be told; `at` is the node that says
    it, `named` how it is written, for messages; `owner` what deploys it.
    """

    component: str
    version: str
    at: Node
    named: str
    owner: KubeObject | Block | Chart


def releases_of(project: Project, component: str = "") -> list[Release]:
    """Return the releases of a component (all of them without one), those of an unknown version too."""
    found = _every(project)
    return [one for one in found if one.component == component] if component else found


@once
def _every(project: Project) -> list[Release]:
    return [*_installed(project), *_dependencies(project), *_images(project)]


def _installed(project: Project) -> Iterator[Release]:
    for install in all_installs(project):
        name = install.chart.rstrip("/").rpartition("/")[2]
        row = component_charts().get(name)
        if row is None or not _is_of(row, install):
            continue
        version = install.version.text if install.version.known else ""
        told = _tag(install) or component_version(name, version)
        at = install.version if install.version.present else install.at
        yield Release(row.component, told, at, f"chart {name} {version}".rstrip(), install.owner)


def _is_of(row: ChartRow, install: Install) -> bool:
    """True unless the name is one that others use too, and the repository another one."""
    if not row.repository:
        return True
    repository = install.owner["repository"] if isinstance(install.owner, Block) else install.at
    return repository.known and row.repository in f"{repository.text} {install.chart}"


def _tag(install: Install) -> str:
    """The image tag among the values: it wins over the chart's own."""
    image = install.values.get("image")
    tag = image.get("tag") if isinstance(image, dict) else None
    return _exact(tag) if isinstance(tag, str) else ""


def component_version(chart: str, version: str) -> str:
    """Return the version of the component that a version of its chart installs, "" when that cannot be told."""
    exact, row = _exact(version), component_charts().get(chart)
    if not exact or row is None:
        return ""
    numbers = release(exact)
    if row.same or (row.same_from is not None and numbers[0] >= row.same_from):
        return exact
    if row.offset is None or numbers[0] != row.offset[0]:
        return ""
    _, major, offset = row.offset
    return f"{major}.{numbers[1] + offset}"


def _dependencies(project: Project) -> Iterator[Release]:
    for chart in project.charts:
        listed = chart.metadata["dependencies"] if chart.metadata.known else chart.metadata
        for entry in listed if listed.known else ():
            row = component_charts().get(entry["name"].text) if entry.known and entry["name"].known else None
            if row is None or row.repository or not entry["version"].known:
                continue
            name, node = entry["name"].text, entry["version"]
            named = f"chart {name} {node.text}".rstrip()
            yield Release(row.component, component_version(name, node.text), node, named, chart)


def _images(project: Project) -> Iterator[Release]:
    images, others = component_images()
    lasts = {end.rpartition("/")[2] for end in images}
    for item in project.objects:
        if not item.is_workload:
            continue
        for one in _containers(item):
            image = parse_image(one.text)
            if image is None or image.repository.rpartition("/")[2] not in lasts or image.repository.endswith(others):
                continue
            for end, component in images.items():
                if image.repository == end or image.repository.endswith(f"/{end}"):
                    yield Release(component, _exact(image.tag), one, f"image {end}:{image.tag}".rstrip(":"), item)


def _containers(item: KubeObject) -> Iterator[Node]:
    spec = item.pod_spec if item.pod_template.known else item.pod_template
    if not spec.known or not spec["containers"].known:
        return
    for one in spec["containers"]:
        if one.known and one["image"].known:
            yield one["image"]


def _exact(version: str) -> str:
    match = _EXACT.match(version.strip())
    return match[1] if match else ""


__all__ = ["Release", "component_version", "releases_of"]
