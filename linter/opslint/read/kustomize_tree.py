"""What a kustomization is made of: its files, followed through resources, components and bases."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.project import SourceFile
from opslint.model.source import Source
from opslint.read.files import is_within, read_text
from opslint.read.kustomize_files import referenced
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_RESOURCES: Final = ("resources", "bases", "components")
_HELM: Final = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
_URL: Final = re.compile(r"://|git@|\bgithub\.com/")
_INLINE: Final = re.compile(r"[\n{]|:\s")
_LIMIT: Final = 1_000  # files of one tree


@dataclass(slots=True, eq=False)
class Tree:
    """A kustomization with everything it uses.

    `path` is its file, `kustomizations` the files of all kustomizations in it, `resources` the manifests, by path
    relative to the root of the run; `patches` the documents of patch files, outermost first. `obstacle` is why it must
    not be built (what it needs is not in the repository), with the place that says so.
    """

    path: str
    source: Source | None = None
    is_component: bool = False
    namespace: str = ""
    kustomizations: list[str] = field(default_factory=list)
    resources: dict[str, list[Node]] = field(default_factory=dict)
    patches: list[Node] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    obstacle: tuple[str, int, str] | None = None

    @property
    def folder(self) -> str:
        """The kustomization's directory, "" for the root of the run."""
        return posixpath.dirname(self.path)


def kustomization_in(root: Path, folder: str) -> str | None:
    """Return the path of the kustomization in a directory of the root, None when there is none."""
    for name in NAMES:
        path = f"{folder}/{name}" if folder else name
        if os.path.isfile(os.path.join(root, path)):  # noqa: PTH113, PTH118
            return path
    return None


def read_tree(root: Path, path: str) -> Tree:
    """Follow a kustomization; never raises and reads nothing outside the root."""
    tree = Tree(path)
    _Walk(Path(os.path.realpath(root)), tree).run(path)
    return tree


class _Walk:
    def __init__(self, root: Path, tree: Tree) -> None:
        self._root, self._tree = root, tree

    def run(self, path: str) -> None:
        tree = self._tree
        if path in tree.kustomizations:
            return
        tree.kustomizations.append(path)
        source = read_text(self._root, path, "yaml")
        if not isinstance(source, Source):
            self._stop(path, source.line, source.message)
            return
        parsed = read_yaml(source)
        if path == tree.path:
            tree.source = source
        if parsed.errors or len(parsed.documents) != 1 or not parsed.documents[0].is_map:
            line = parsed.errors[0].line if parsed.errors else 1
            self._stop(path, line, "the kustomization is not a YAML map")
            return
        (document,) = parsed.documents
        if path == tree.path:
            tree.is_component = document["kind"].text == "Component"
            tree.namespace = document["namespace"].text
        for key in _HELM:
            if document[key].present:
                self._stop(path, document[key].extent.line, "it inflates Helm charts, which are fetched")
        self._patches(path, document)
        for key in _RESOURCES:
            for node in document[key]:
                self._resource(path, node)
        for name, line in self._others(document):
            self._other(path, name, line)

    def _stop(self, path: str, line: int, why: str) -> None:
        if self._tree.obstacle is None:
            self._tree.obstacle = (path, line, why)

    def _inside(self, path: str, name: str) -> str | None:
        """Return a name of a kustomization relative to the root, None when nothing of the repository has it."""
        if "\0" in name:
            return None
        inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        absolute = os.path.realpath(os.path.join(self._root, inner))  # noqa: PTH118
        there = os.path.exists(absolute) and is_within(absolute, str(self._root))  # noqa: PTH110
        if inner.startswith(("../", "/")) or not there:
            return None
        return "" if inner == "." else inner

    def _resource(self, path: str, node: Node) -> None:
        name, line, tree = node.text, node.extent.line, self._tree
        inner = self._inside(path, name) if name and "\n" not in name else None
        if inner is None:
            self._stop(path, line, f"{name or 'a resource'} is not in the repository, and nothing is fetched")
        elif os.path.isdir(os.path.join(self._root, inner)):  # noqa: PTH112, PTH118
            found = kustomization_in(self._root, inner)
            if found is None:
                self._stop(path, line, f"there is no kustomization in {name}")
            else:
                self.run(found)
        elif inner not in tree.resources:
            if len(tree.resources) >= _LIMIT:
                self._stop(path, line, f"it has more than {_LIMIT} resources")
                return
            self._manifest(inner)

    def _manifest(self, path: str) -> None:
        tree = self._tree
        tree.resources[path] = []
        source = read_text(self._root, path, "yaml")
        if not isinstance(source, Source):
            self._stop(path, source.line, source.message)
            return
        parsed = read_yaml(source)
        tree.files.append(SourceFile(source, parsed.duplicates))
        if parsed.errors:
            self._stop(path, parsed.errors[0].line, parsed.errors[0].message)
        tree.resources[path] = [document for document in parsed.documents if document.is_map]

    def _patches(self, path: str, document: Node) -> None:
        names = [node.text for node in document["patchesStrategicMerge"]]
        names += [entry["path"].text for entry in document["patches"]]
        for name in names:
            inner = self._inside(path, name) if name and not _INLINE.search(name) else None
            source = read_text(self._root, inner, "yaml") if inner else None
            if isinstance(source, Source):
                self._tree.patches += [one for one in read_yaml(source).documents if one.is_map]

    def _others(self, document: Node) -> Iterator[tuple[str, int]]:
        line = document.extent.line
        for name in referenced(document):
            if name:
                yield name, line
        for name in document["crds"].texts():
            yield name, line

    def _other(self, path: str, name: str, line: int) -> None:
        """Look at a file that is used without being a resource: kustomize would fetch it as well."""
        if _INLINE.search(name):
            if _URL.search(name) and "kind:" in name:
                self._stop(path, line, "an inline generator, transformer or patch names an address")
            return
        inner = self._inside(path, name)
        if inner is None:
            self._stop(path, line, f"{name} is not in the repository, and nothing is fetched")
        elif os.path.isdir(os.path.join(self._root, inner)):  # noqa: PTH112, PTH118
            found = kustomization_in(self._root, inner)
            if found is not None:
                self.run(found)
        else:
            source = read_text(self._root, inner, "yaml")
            plugin = isinstance(source, Source) and re.search(
                r"^kind:.*(Generator|Transformer)", source.text, re.MULTILINE
            )
            if isinstance(source, Source) and plugin and _URL.search(source.text):
                self._stop(path, line, f"{name} names an address")
