"""An Application, an ApplicationSet's template or a Flux object, with what it tells of an environment."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from opslint.model.project import Environment
from opslint.read.environments import (
    environment_of_directory,
    environment_of_file,
    environment_words,
    is_environment,
    stage_of,
)
from opslint.read.generators import Unresolved, fill
from opslint.read.inline_values import parsed_values, values_settings, values_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.source import Location, Source

_LABELS: Final = ("environment", "env", "stage")

Setting = tuple[tuple[str | int, ...], object]


class Template:
    """An Application, or a template of one with the parameters of a generator."""

    def __init__(
        self, item: KubeObject, root: Node, params: Mapping[str, str] | None = None, *, go: bool = False
    ) -> None:
        self.item, self.root, self.params, self._go = item, root, params, go

    @property
    def title(self) -> str:
        """What declares it and where: `Application/api at apps/api.yaml:2`."""
        place = place_of(self.item)
        return f"{self.item.title} at {place.source.path}:{place.span.line}"

    def text(self, node: Node) -> str:
        """Return a node's text with its expressions resolved. Raises Unresolved."""
        return fill(node.text, self.params, go=self._go)

    def soft(self, node: Node) -> str:
        """Return a node's text, "" when it cannot be resolved."""
        try:
            return self.text(node)
        except Unresolved:
            return ""

    def changes(self, node: Node) -> bool:
        """Return whether the parameters change any text under a node."""
        return self.params is not None and any(one.is_scalar and "{{" in one.text for one in node.walk())

    def filled(self, value: object) -> object:
        """Return plain data with the expressions of its texts resolved."""
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return fill(value, self.params, go=self._go) if isinstance(value, str) else value


def environment_of_template(
    template: Template, files: Sequence[str], cluster: str, names: Sequence[str], path: str = ""
) -> Environment:
    """Return the environment of what is deployed: the most explicit sign there is; `path` is what it deploys."""
    return next(_signs(template, files, cluster, names, path), Environment())


def _signs(
    template: Template, files: Sequence[str], cluster: str, names: Sequence[str], path: str
) -> Iterator[Environment]:
    title = template.title
    labels = template.root["metadata"]["labels"]
    params = template.params or {}
    for key in _LABELS:
        word = template.soft(labels[key])
        if stage_of(word) != "unknown":
            yield Environment(word, stage_of(word), f"label {key} of {title}")
        word = params.get(key, "")
        if stage_of(word) != "unknown":
            yield Environment(word, stage_of(word), f"parameter {key} of {title}")
    deployed = environment_of_directory(path)
    if deployed.name:
        yield deployed._replace(sign=f"path {path} of {title}")
    if template.item.unit.environment.name:
        yield template.item.unit.environment
    for name in reversed(files):
        word = environment_of_file(name) or environment_of_directory(posixpath.dirname(name)).name
        if word:
            yield Environment(word, stage_of(word), f"values file {name.lstrip('/')} of {title}")
    if is_environment(cluster):
        yield Environment(cluster, stage_of(cluster), f"destination of {title}")
    folder = environment_of_directory(posixpath.dirname(place_of(template.item).source.path))
    if folder.name:
        yield folder
    yield from environments_in(names, title)


def environments_in(names: Sequence[str], title: str) -> Iterator[Environment]:
    """Yield the environments that are words of names, of a namespace or a release for one."""
    for name in names:
        for word in environment_words(name):
            yield Environment(word, stage_of(word), f"name {name} in {title}")


def normal(path: str) -> str:
    """Return a path of an object relative to the root, "" for the root itself."""
    normal = posixpath.normpath(path.strip().strip("/") or ".")
    return "" if normal == "." else normal


def leads_out(path: str) -> bool:
    """Return whether a normal path leads out of the repository."""
    return path == ".." or path.startswith("../")


def place_of(item: KubeObject) -> Location:
    """Return where an object stands in the repository."""
    source, place = item.source, item.root["kind"].location
    return source.origin.locate(place.span).location if source.origin is not None else place


def inline_values(
    template: Template, node: Node, layers: list[str | Source], settings: list[Setting], unknown: list[str]
) -> None:
    """Add values that stand in the object: as a text with places, or as settings where parameters change them."""
    source = None if template.changes(node) else values_source(node)
    if source is not None:
        layers.append(source)
        return
    plain = template.filled(node.plain()) if node.is_map else parsed_values(template.text(node))
    if plain is None:
        unknown.append("its values are not a YAML map")
    settings.extend(values_settings(plain))
