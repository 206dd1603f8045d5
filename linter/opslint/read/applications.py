"""Releases that files declare: Argo CD Application and ApplicationSet, Flux HelmRelease of charts that are here."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opslint.model.node import Undecided
from opslint.model.project import Environment
from opslint.model.report import Notice
from opslint.read.environments import environment_of_directory, environment_of_file, is_environment, stage_of
from opslint.read.generators import Unresolved, fill, generate
from opslint.read.helm.releases import Declared, key_path
from opslint.read.inline_values import parsed_values, values_settings, values_source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Unit
    from opslint.model.source import Location, Source

_LABELS: Final = ("environment", "env", "stage")
_REMOTE_NAME: Final = re.compile(r"url\s*=\s*\S*?([^/:\s]+?)(?:\.git)?/?\s*$", re.MULTILINE)
_CONFIG_BYTES: Final = 100_000
_KINDS: Final = ("Application", "ApplicationSet", "HelmRelease")


@dataclass(slots=True)
class Applications:
    """The releases by the path of their chart, and what could not be told."""

    releases: dict[str, list[Declared]] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


def find_applications(units: Iterable[Unit], root: Path, charts: Collection[str]) -> Applications:
    """Return the releases of `charts` (paths relative to the root) that the objects of units declare."""
    finder = _Finder(root, charts)
    for unit in units:
        for item in unit.of_kind(*_KINDS):
            finder.look(item)
    return finder.result


class _Finder:
    def __init__(self, root: Path, charts: Collection[str]) -> None:
        self._root, self._charts = root, charts
        self._own_name = _own_name(root)
        self._seen: set[str] = set()
        self.result = Applications()

    def look(self, item: KubeObject) -> None:
        """Take the releases of one object; what it says that only a cluster could tell is a notice."""
        try:
            if item.kind == "HelmRelease" and item.group == "helm.toolkit.fluxcd.io":
                self._flux(item)
            elif item.kind == "Application" and item.group == "argoproj.io":
                self._argo(_Template(item, item.root))
            elif item.kind == "ApplicationSet" and item.group == "argoproj.io":
                self._set(item)
        except Undecided:
            self._say(item, "it holds values that are not known, so it is not used")

    def _say(self, item: KubeObject, message: str) -> None:
        place = _place(item)
        self.result.notices.append(Notice(place.source.path, place.span.line, f"{item.title}: {message}"))

    def _add(self, chart: str, declared: Declared) -> None:
        """Take a release, once: a chart of Applications may render the same one for each of its environments."""
        texts = tuple(layer if isinstance(layer, str) else layer.text for layer in declared.layers)
        key = (chart, declared.name, declared.namespace, declared.environment.name, texts, declared.cluster)
        whole = repr((key, declared.set, declared.set_strings))
        if whole not in self._seen:
            self._seen.add(whole)
            self.result.releases.setdefault(chart, []).append(declared)

    # -- Argo CD
    def _set(self, item: KubeObject) -> None:
        go = item.spec["goTemplate"].is_true
        used = False
        try:
            for params in generate(item.spec["generators"], self._root, go=go):
                used = self._argo(_Template(item, item.spec["template"], params, go=go)) or used
        except Unresolved as error:
            if used or self._may_be_local(item.spec["template"]["spec"]):
                self._say(item, f"{error} cannot be told from files: its releases are not, or not all, known")

    def _may_be_local(self, spec: Node) -> bool:
        """Return whether a template may be of a chart of the repository: it has a path that fits one."""
        for source in _sources(spec):
            pattern = re.sub(r"\\\{\\\{.*?\\\}\\\}", ".*", re.escape(_normal(source["path"].text)))
            if source["path"].present and any(re.fullmatch(pattern, chart) for chart in self._charts):
                return True
        return False

    def _argo(self, template: _Template) -> bool:
        """Take the releases of an Application; True when it has one of a chart of the repository."""
        spec = template.root["spec"]
        sources = _sources(spec)
        used = False
        for source in sources:
            if not source["path"].present or source["chart"].present:
                continue
            try:
                path = _normal(template.text(source["path"]))
                if path in self._charts and self._is_here(source, template):
                    used = True
                    self._add(path, self._release(template, source, sources))
            except Unresolved as error:
                if self._may_be_local(spec):
                    self._say(template.item, f"{error} cannot be told from files, so this release is not rendered")
        return used

    def _is_here(self, source: Node, template: _Template) -> bool:
        """Return whether a source is this repository, as far as its remote's name tells."""
        try:
            url = template.text(source["repoURL"])
        except Unresolved:
            return True
        name = re.sub(r"(\.git)?/?$", "", url).rpartition("/")[2]
        return not self._own_name or not name or name.lower() == self._own_name.lower()

    def _release(self, template: _Template, source: Node, sources: Sequence[Node]) -> Declared:
        helm, spec = source["helm"], template.root["spec"]
        refs = {entry["ref"].text: entry for entry in sources if entry["ref"].present}
        unknown: list[str] = []
        layers: list[str | Source] = []
        for node in helm["valueFiles"]:
            name = self._values_file(template.text(node), refs, template, unknown)
            if name:
                layers.append(name)
        settings: list[tuple[tuple[str | int, ...], object]] = []
        inline = helm["valuesObject"] if helm["valuesObject"].present else helm["values"]
        if inline.present:
            self._inline(template, inline, layers, settings, unknown)
        texts = []
        for entry in helm["parameters"]:
            key, value = template.text(entry["name"]), template.text(entry["value"])
            if entry["forceString"].is_true:
                settings.append((key_path(key), value))
            else:
                texts.append(f"{key}={value.replace(',', chr(92) + ',')}")
        if source["plugin"].present:
            unknown.append("its plugin is not run")
        if helm["fileParameters"].present:
            unknown.append("fileParameters are not read")
        if template.item.spec["templatePatch"].present:
            unknown.append("templatePatch is not applied")
        namespace = template.text(helm["namespace"]) or template.soft(spec["destination"]["namespace"])
        cluster = template.soft(spec["destination"]["name"])
        name = template.text(template.root["metadata"]["name"])
        files = [layer for layer in layers if isinstance(layer, str)]
        return Declared(
            template.text(helm["releaseName"]) or name,
            namespace,
            _environment(template, files, cluster, (namespace, name)),
            template.title,
            _place(template.item),
            tuple(layers),
            tuple(settings),
            tuple(texts),
            optional=helm["ignoreMissingValueFiles"].is_true,
            unknown=tuple(unknown),
            cluster="" if cluster == "in-cluster" else cluster,
        )

    def _values_file(self, name: str, refs: Mapping[str, Node], template: _Template, unknown: list[str]) -> str:
        """Return a values file's name as `Declared.layers` has it, "" when it is not in the repository."""
        if not name.startswith("$"):
            if "://" in name:
                unknown.append(f"values file {name} is not in the repository")
                return ""
            return name
        ref, _, path = name[1:].partition("/")
        if ref in refs and self._is_here(refs[ref], template):
            return f"/{path}"
        unknown.append(f"values file {name} is not in the repository")
        return ""

    def _inline(
        self,
        template: _Template,
        node: Node,
        layers: list[str | Source],
        settings: list[tuple[tuple[str | int, ...], object]],
        unknown: list[str],
    ) -> None:
        source = None if template.changes(node) else values_source(node)
        if source is not None:
            layers.append(source)
            return
        plain = template.filled(node.plain()) if node.is_map else parsed_values(template.text(node))
        if plain is None:
            unknown.append("its values are not a YAML map")
        settings.extend(values_settings(plain))

    # -- Flux
    def _flux(self, item: KubeObject) -> None:
        spec, template = item.spec, _Template(item, item.root)
        chart = spec["chart"]["spec"]
        if chart["sourceRef"]["kind"].text != "GitRepository":
            return
        path = _normal(chart["chart"].text)
        if path not in self._charts:
            return
        unknown: list[str] = []
        # Flux reads these from the root of the source, and the chart's own defaults only when they are named.
        layers: list[str | Source] = [
            f"/{_normal(name)}" for name in (*chart["valuesFiles"].texts(), *chart["valuesFile"].texts())
        ]
        if spec["valuesFrom"].present:
            unknown.append("valuesFrom is read from the cluster")
            self._say(item, "valuesFrom is read from the cluster, so those values are not known")
        if spec["postRenderers"].present:
            unknown.append("postRenderers are not applied")
        settings: list[tuple[tuple[str | int, ...], object]] = []
        if spec["values"].present:
            self._inline(template, spec["values"], layers, settings, unknown)
        target = spec["targetNamespace"].text
        name = spec["releaseName"].text or "-".join(part for part in (target, item.name) if part)
        namespace = target or item.namespace
        files = [layer for layer in layers if isinstance(layer, str)]
        self._add(
            path,
            Declared(
                name,
                namespace,
                _environment(template, files, "", (namespace, item.name)),
                template.title,
                _place(item),
                tuple(layers),
                tuple(settings),
                optional=chart["ignoreMissingValuesFiles"].is_true,
                unknown=tuple(unknown),
            ),
        )


class _Template:
    """An Application, or a template of one with the parameters of a generator."""

    def __init__(
        self, item: KubeObject, root: Node, params: Mapping[str, str] | None = None, *, go: bool = False
    ) -> None:
        self.item, self.root, self.params, self._go = item, root, params, go

    @property
    def title(self) -> str:
        place = _place(self.item)
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


def _environment(template: _Template, files: Sequence[str], cluster: str, names: Sequence[str]) -> Environment:
    """Return the environment of a release: the most explicit sign there is."""
    return next(_signs(template, files, cluster, names), Environment())


def _signs(template: _Template, files: Sequence[str], cluster: str, names: Sequence[str]) -> Iterator[Environment]:
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
    if template.item.unit.environment.name:
        yield template.item.unit.environment
    for name in reversed(files):
        word = environment_of_file(name) or environment_of_directory(posixpath.dirname(name)).name
        if word:
            yield Environment(word, stage_of(word), f"values file {name.lstrip('/')} of {title}")
    if is_environment(cluster):
        yield Environment(cluster, stage_of(cluster), f"destination of {title}")
    folder = environment_of_directory(posixpath.dirname(_place(template.item).source.path))
    if folder.name:
        yield folder
    for name in names:
        for word in re.split(r"[-_.]", name):
            if is_environment(word):
                yield Environment(word, stage_of(word), f"name {name} in {title}")


def _sources(spec: Node) -> list[Node]:
    return [*spec["sources"]] if spec["sources"].present else [spec["source"]]


def _normal(path: str) -> str:
    normal = posixpath.normpath(path.strip().strip("/") or ".")
    return "" if normal == "." else normal


def _place(item: KubeObject) -> Location:
    """Return where an object stands in the repository."""
    source, place = item.source, item.root["kind"].location
    return source.origin.locate(place.span).location if source.origin is not None else place


def _own_name(root: Path) -> str:
    """Return the repository's name by its remote, "" when that is not known."""
    try:
        with (root / ".git" / "config").open(encoding="utf-8", errors="replace") as file:
            text = file.read(_CONFIG_BYTES)
    except OSError:
        return ""
    _, origin, rest = text.partition('[remote "origin"]')
    found = _REMOTE_NAME.search(rest.partition("\n[")[0]) if origin else None
    return found[1] if found else ""
