"""What files of the repository deploy: Argo CD Application and ApplicationSet, Flux HelmRelease and Kustomization."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from opslint.model.node import Undecided
from opslint.model.patterns import regex
from opslint.model.records import dataclass, field
from opslint.model.report import Notice
from opslint.read.application_template import (
    Template,
    environment_of_template,
    inline_values,
    leads_out,
    normal,
    place_of,
)
from opslint.read.deployed import Deployed
from opslint.read.generators import Unresolved, generate
from opslint.read.helm.releases import Declared, key_path
from opslint.read.kustomize_tree import kustomization_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Unit
    from opslint.model.source import Source
    from opslint.read.flux import Flux

_REMOTE_NAME: Final = regex(r"url\s*=\s*\S*?([^/:\s]+?)(?:\.git)?/?\s*$", re.MULTILINE)
_CONFIG_BYTES: Final = 100_000
_KINDS: Final = ("Application", "ApplicationSet", "HelmRelease", "Kustomization")


@dataclass(slots=True)
class Applications:
    """The releases by the path of their chart, the other paths that are deployed, and what could not be told."""

    releases: dict[str, list[Declared]] = field(default_factory=dict)
    deployed: list[Deployed] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def find_applications(
    units: Sequence[Unit], root: Path, charts: Collection[str], around: Iterable[Unit] = ()
) -> Applications:
    """Return what the objects of units deploy, of `charts` (paths relative to the root) and of other paths.

    What they refer to may be in `around` as well.
    """
    if not any(unit.of_kind(*_KINDS) for unit in units):
        return Applications()
    finder = _Finder(root, charts, (*units, *around))
    for unit in units:
        for item in unit.of_kind(*_KINDS):
            finder.look(item)
    return finder.result


class _Finder:
    def __init__(self, root: Path, charts: Collection[str], around: Sequence[Unit]) -> None:
        self._root, self._charts = root, charts
        self._own_name = _own_name(root)
        self._around = around
        self._seen: set[str] = set()
        self.result = Applications()

    @cached_property
    def _flux(self) -> Flux:
        from opslint.read.flux import Flux

        objects = (item for unit in self._around for item in unit.of_kind(*Flux.KINDS))
        return Flux(self._root, self._charts, objects, self._is_ours)

    def look(self, item: KubeObject) -> None:
        """Take what one object deploys; what it says that only a cluster could tell is a notice."""
        try:
            if item.kind == "HelmRelease" and item.group == "helm.toolkit.fluxcd.io":
                self._flux_release(item)
            elif item.kind == "Kustomization" and item.group == "kustomize.toolkit.fluxcd.io":
                for found in self._flux.kustomization(item):
                    self._deploy(item, found)
            elif item.kind == "Application" and item.group == "argoproj.io":
                self._argo(Template(item, item.root))
            elif item.kind == "ApplicationSet" and item.group == "argoproj.io":
                self._set(item)
        except Undecided:
            self._say(item, "it holds values that are not known, so it is not used")

    def _flux_release(self, item: KubeObject) -> None:
        found = self._flux.release(item)
        if found is not None:
            path, declared, said = found
            for message in said:
                self._say(item, message)
            self._add(path, declared)

    def _deploy(self, item: KubeObject, found: Deployed | str) -> None:
        if isinstance(found, str):
            self._say(item, found)
        elif found not in self.result.deployed:
            self.result.deployed.append(found)
            for why in found.unknown:
                self._say(item, why)

    def _say(self, item: KubeObject, message: str) -> None:
        place = place_of(item)
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
            for params in generate(item.spec["generators"], self._root, self._is_ours, go=go):
                used = self._argo(Template(item, item.spec["template"], params, go=go)) or used
        except Unresolved as error:
            if used or self._may_be_local(item.spec["template"]["spec"]):
                self._say(item, f"{error} cannot be told from files: what it deploys is not, or not all, known")

    def _may_be_local(self, spec: Node) -> bool:
        """Return whether a template may be of something in the repository: it has a path that fits a folder of it."""
        for source in _sources(spec):
            path = normal(source["path"].text)
            if not source["path"].present or source["chart"].present or not self._may_be_ours(source["repoURL"].text):
                continue
            if "{{" not in path and ((self._root / path).is_dir() or path in self._charts):
                return True
            pattern = re.sub(r"\\\{\\\{.*?\\\}\\\}", ".*", re.escape(path))
            if any(re.fullmatch(pattern, chart) for chart in self._charts):
                return True
            fixed = path.partition("{{")[0].rpartition("/")[0]
            if "{{" in path and (not fixed or (self._root / fixed).is_dir()):
                return True
        return False

    def _may_be_ours(self, url: str) -> bool:
        return "{{" in url or self._is_ours(url)

    def _argo(self, template: Template) -> bool:
        """Take what an Application deploys; True when it is something of the repository."""
        spec = template.root["spec"]
        sources = _sources(spec)
        used = False
        for source in sources:
            if not source["path"].present or source["chart"].present:
                continue
            try:
                path = normal(template.text(source["path"]))
                if not self._is_here(source, template):
                    continue
                if leads_out(path):
                    self._say(template.item, f"path {path} leads out of the repository: nothing there is read")
                    continue
                if path in self._charts:
                    used = True
                    self._add(path, self._release(template, source, sources))
                elif (self._root / path / "Chart.yaml").is_file():
                    used = True  # a chart that this run leaves out
                elif (self._root / path).is_dir():
                    used = True
                    self._deploy(template.item, self._path(template, source, path))
                elif self._own_name:
                    self._say(template.item, f"path {path} is not in the repository")
            except Unresolved as error:
                if self._may_be_local(spec):
                    self._say(template.item, f"{error} cannot be told from files, so what it deploys is not known")
        return used

    def _path(self, template: Template, source: Node, path: str) -> Deployed:
        """Return a path of manifests, or a kustomization, that an Application applies."""
        directory, kustomize = source["directory"], source["kustomize"]
        kustomized = kustomization_in(self._root, path) is not None
        unknown = []
        if source["plugin"].present:
            unknown.append(f"the plugin of {template.title} is not run")
        if changes := [key for key, node in kustomize.items() if key != "version" and node.present]:
            unknown.append(f"kustomize options of {template.title} are not applied: {', '.join(changes)}")
        if directory["jsonnet"].present:
            unknown.append(f"Jsonnet of {template.title} is not run")
        destination = template.root["spec"]["destination"]
        cluster, namespace = template.soft(destination["name"]), template.soft(destination["namespace"])
        name = template.soft(template.root["metadata"]["name"])
        return Deployed(
            path,
            name,
            namespace,
            environment_of_template(template, (), cluster, (namespace, name), path),
            template.title,
            kustomized=kustomized,
            recurse=directory["recurse"].is_true and not kustomized,
            include=template.soft(directory["include"]),
            exclude=template.soft(directory["exclude"]),
            cluster="" if cluster == "in-cluster" else cluster,
            unknown=tuple(unknown),
        )

    def _is_here(self, source: Node, template: Template) -> bool:
        """Return whether a source is this repository, as far as its remote's name tells."""
        try:
            return self._is_ours(template.text(source["repoURL"]))
        except Unresolved:
            return True

    def _is_ours(self, url: str) -> bool:
        name = re.sub(r"(\.git)?/?$", "", url).rpartition("/")[2]
        return not self._own_name or not name or name.lower() == self._own_name.lower()

    def _release(self, template: Template, source: Node, sources: Sequence[Node]) -> Declared:
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
            inline_values(template, inline, layers, settings, unknown)
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
            environment_of_template(template, files, cluster, (namespace, name)),
            template.title,
            place_of(template.item),
            tuple(layers),
            tuple(settings),
            tuple(texts),
            optional=helm["ignoreMissingValueFiles"].is_true,
            unknown=tuple(unknown),
            cluster="" if cluster == "in-cluster" else cluster,
        )

    def _values_file(self, name: str, refs: Mapping[str, Node], template: Template, unknown: list[str]) -> str:
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


def _sources(spec: Node) -> list[Node]:
    return [*spec["sources"]] if spec["sources"].present else [spec["source"]]


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
