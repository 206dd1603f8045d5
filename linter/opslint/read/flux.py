"""What Flux objects deploy: HelmReleases of charts that are here, Kustomizations of paths that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.read.application_template import (
    Template,
    environment_of_template,
    inline_values,
    leads_out,
    normal,
    place_of,
)
from opslint.read.deployed import Deployed
from opslint.read.helm.releases import Declared, key_path
from opslint.read.inline_values import parsed_values, values_settings, values_source, without_unknown
from opslint.read.kustomize_tree import kustomization_in
from opslint.read.substitute import Substitution, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.source import Source
    from opslint.read.application_template import Setting


class Flux:
    """Reads Flux objects; `objects` are those of the project that they may refer to."""

    KINDS: Final = ("ConfigMap", "GitRepository", "HelmChart")

    def __init__(
        self, root: Path, charts: Collection[str], objects: Iterable[KubeObject], is_ours: Callable[[str], bool]
    ) -> None:
        self._root, self._charts, self._is_ours = root, charts, is_ours
        self._named: dict[tuple[str, str], list[KubeObject]] = {}
        for item in objects:
            self._named.setdefault((item.kind, item.name), []).append(item)

    def _find(self, kind: str, name: str, near: KubeObject, namespace: str = "") -> KubeObject | None:
        """Return the object of a name: of the same unit first, then the one there is in the project."""
        found = self._named.get((kind, name), ())
        wanted = namespace or near.namespace
        fits = [item for item in found if not item.namespace or not wanted or item.namespace == wanted]
        same = [item for item in fits if item.unit is near.unit]
        return next(iter(same or (fits if len(fits) == 1 else ())), None)

    def _from_here(self, reference: Node, item: KubeObject) -> bool:
        """Return whether a source is a Git repository that may be this one."""
        if reference["kind"].text != "GitRepository":
            return False
        source = self._find("GitRepository", reference["name"].text, item, reference["namespace"].text)
        return source is None or not source.spec["url"].known or self._is_ours(source.spec["url"].text)

    def release(self, item: KubeObject) -> tuple[str, Declared, list[str]] | None:
        """Return the path of a release's chart, the release, and what to say; None for a chart from elsewhere."""
        spec, template = item.spec, Template(item, item.root)
        chart, owner = spec["chart"]["spec"], item
        if spec["chartRef"]["kind"].text == "HelmChart":
            reference = spec["chartRef"]
            found = self._find("HelmChart", reference["name"].text, item, reference["namespace"].text)
            if found is None:
                return None
            chart, owner = found.spec, found
        path = normal(chart["chart"].text)
        if path not in self._charts or not self._from_here(chart["sourceRef"], owner):
            return None
        unknown: list[str] = []
        said: list[str] = []
        # Flux reads these from the root of the source, and the chart's own defaults only when they are named.
        layers: list[str | Source] = [
            f"/{normal(name)}" for name in (*chart["valuesFiles"].texts(), *chart["valuesFile"].texts())
        ]
        settings: list[Setting] = []
        targets: list[Setting] = []
        for entry in spec["valuesFrom"]:
            why = self._values_from(entry, item, layers, targets)
            if why:
                unknown.append(why)
                said.append(f"{why}, so those values are not known")
        if spec["postRenderers"].present:
            unknown.append("postRenderers are not applied")
        if spec["values"].present and targets:  # what the release says itself goes before what it names
            settings.extend(values_settings(without_unknown(spec["values"].plain(), unknown)))
        elif spec["values"].present:
            inline_values(template, spec["values"], layers, settings, unknown)
        target = spec["targetNamespace"].text
        namespace = target or item.namespace
        files = [layer for layer in layers if isinstance(layer, str)]
        declared = Declared(
            spec["releaseName"].text or "-".join(part for part in (target, item.name) if part),
            namespace,
            environment_of_template(template, files, "", (namespace, item.name)),
            template.title,
            place_of(item),
            tuple(layers),
            (*targets, *settings),
            optional=chart["ignoreMissingValuesFiles"].is_true,
            unknown=tuple(dict.fromkeys(unknown)),
        )
        return path, declared, list(dict.fromkeys(said))

    def _values_from(self, entry: Node, item: KubeObject, layers: list[str | Source], targets: list[Setting]) -> str:
        """Add the values of one `valuesFrom`; return why that cannot be ("": it could)."""
        kind, name = entry["kind"].text, entry["name"].text
        key = entry["valuesKey"].text or "values.yaml"
        if kind != "ConfigMap":
            return f"valuesFrom: {kind or 'an object'} {name} is read from the cluster"
        found = self._find("ConfigMap", name, item)
        if found is None:
            return "" if entry["optional"].is_true else f"valuesFrom: ConfigMap {name} is not in the files"
        node = found.root["data"][key]
        if not node.known or not node.present:
            return "" if entry["optional"].is_true else f"valuesFrom: ConfigMap {name} has no key {key}"
        if entry["targetPath"].present:
            targets.append((key_path(entry["targetPath"].text), node.value))
            return ""
        source = values_source(node)
        if source is None:
            plain = parsed_values(node.text)
            if plain is None:
                return f"valuesFrom: {key} of ConfigMap {name} is no YAML map"
            targets.extend(values_settings(plain))
            return ""
        layers.append(source)
        return ""

    def kustomization(self, item: KubeObject) -> Iterator[Deployed | str]:
        """Yield what a Kustomization deploys, or what is to be said of it."""
        spec, template = item.spec, Template(item, item.root)
        if not self._from_here(spec["sourceRef"], item):
            return
        path = normal(spec["path"].text)
        if path in self._charts or (not leads_out(path) and (self._root / path / "Chart.yaml").is_file()):
            return
        if leads_out(path) or not (self._root / path).is_dir():
            yield f"path {spec['path'].text} is not in the repository"
            return
        kustomized = kustomization_in(self._root, path) is not None
        unknown = [f"{key} of {template.title} are not applied" for key in ("patches", "images") if spec[key].present]
        substitution = self._substitution(spec["postBuild"], item, template.title)
        if substitution is not None and not substitution.complete:
            unknown.append(f"variables of {template.title} are read from the cluster")
        namespace = spec["targetNamespace"].text
        yield Deployed(
            path,
            item.name,
            namespace,
            environment_of_template(template, (), "", (namespace, item.name), path),
            template.title,
            kustomized=kustomized,
            recurse=not kustomized,
            unknown=tuple(unknown),
            substitution=substitution,
        )

    def _substitution(self, build: Node, item: KubeObject, title: str) -> Substitution | None:
        """Return the variables of a Kustomization, None when it substitutes nothing."""
        if not build.present:
            return None
        complete = True
        variables: list[Variable] = []
        for entry in build["substituteFrom"]:
            found = self._find("ConfigMap", entry["name"].text, item) if entry["kind"].text == "ConfigMap" else None
            if found is None:
                complete = complete and entry["kind"].text == "ConfigMap" and entry["optional"].is_true
            else:
                variables += _variables(found.root["data"])
        # What stands in the Kustomization goes before what it names.
        variables += _variables(build["substitute"])
        return Substitution(title, tuple(variables), complete)


def _variables(node: Node) -> Iterator[Variable]:
    for name, value in node.items():
        if value.known:
            yield Variable(name, value.text, value.location)
