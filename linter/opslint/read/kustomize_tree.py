"""What a kustomization is made of: its files, followed through resources, components and bases."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.project import SourceFile
from opslint.model.records import dataclass, field
from opslint.model.source import Source
from opslint.read.files import is_within, read_text
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_RESOURCES: Final = ("resources", "bases", "components")
_HELM: Final = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
# Kustomize takes a name for an address before it looks for a file of that name, so only plain names are local.
_LOCAL: Final = regex(r"[^\0:@?#%\\\n]+")
_REPOSITORY: Final = regex(r"^\W*(github\.com|gh\b|git\b)|\.git(/|$)|_git(/|$)", re.IGNORECASE)
_PLUGINS: Final = ("generators", "transformers", "validators")
# It reads its keys without regard to case.
_KEYS: Final = frozenset(
    (
        "resources",
        "bases",
        "components",
        "patches",
        "path",
        "patchesStrategicMerge",
        "patchesJson6902",
        "replacements",
        "configMapGenerator",
        "secretGenerator",
        "files",
        "envs",
        "env",
        "configurations",
        "crds",
        "openapi",
        "generators",
        "transformers",
        "validators",
        "helmCharts",
        "helmChartInflationGenerator",
        "helmGlobals",
        "kind",
        "namespace",
    )
)
_FOLDED: Final = frozenset(key.casefold() for key in _KEYS)
_TAG: Final = regex(r"(^|[\s\[{,:])![\w!<]", re.MULTILINE)
_LIMIT: Final = 1_000  # files of one tree


@dataclass(slots=True, eq=False)
class Tree:
    """A kustomization with everything it uses.

    `path` is its file, `kustomizations` the files of all kustomizations in it, `resources` the manifests, by path
    relative to the root of the run; `documents` the kustomizations' own, outermost first. `obstacle` is why it must not
    be built (what it needs is not in the repository), with the place that says so.
    """

    path: str
    source: Source | None = None
    is_component: bool = False
    namespace: str = ""
    kustomizations: list[str] = field(default_factory=list)
    resources: dict[str, list[Node]] = field(default_factory=dict)
    documents: list[Node] = field(default_factory=list)
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
        tree.documents.append(document)
        if path == tree.path:
            tree.is_component = document["kind"].text == "Component"
            tree.namespace = document["namespace"].text
        doubtful = _doubtful_key(document)
        if doubtful is None and _TAG.search(source.text):
            doubtful = document  # !!binary, for one, may spell an address that does not look like one
        if parsed.duplicates or doubtful is not None:
            line = doubtful.extent.line if doubtful is not None else parsed.duplicates[0].lost.span.line
            self._stop(
                path,
                line,
                "a key is written twice or in another case, or a value has a tag, so it is not clear what it needs",
            )
        for key in _HELM:
            if document[key].present:
                self._stop(path, document[key].extent.line, "it inflates Helm charts, which are fetched")
        self._files(path, document)
        for key in _RESOURCES:
            for node in document[key]:
                self._resource(path, node)

    def _stop(self, path: str, line: int, why: str) -> None:
        if self._tree.obstacle is None:
            self._tree.obstacle = (path, line, why)

    def _inside(self, path: str, name: str) -> str | None:
        """Return a name of a kustomization relative to the root, None when nothing of the repository has it."""
        if not _LOCAL.fullmatch(name) or _REPOSITORY.search(name):
            return None
        inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        absolute = os.path.realpath(os.path.join(self._root, inner))  # noqa: PTH118
        there = os.path.exists(absolute) and is_within(absolute, str(self._root))  # noqa: PTH110
        if inner.startswith(("../", "/")) or not there:
            return None
        return "" if inner == "." else inner

    def _resource(self, path: str, node: Node) -> None:
        name, line, tree = node.text, node.extent.line, self._tree
        inner = self._inside(path, name)
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

    def _files(self, path: str, document: Node) -> None:
        """Look at the files that are used without being resources: kustomize would fetch those as well."""
        for node in _file_nodes(document):
            name = node.text.rpartition("=")[2]
            if self._inside(path, name) is None:
                self._missing(path, node)
        for node in document["patchesStrategicMerge"]:
            if self._inside(path, node.text) is None and not _is_inline(node.text):
                self._missing(path, node)
        for key in _PLUGINS:
            for node in document[key]:
                self._plugin(path, node)

    def _plugin(self, path: str, node: Node) -> None:
        """Look at a generator, transformer or validator: it may name files of its own, and addresses for them."""
        inner = self._inside(path, node.text)
        if inner is None and not _is_inline(node.text):
            self._missing(path, node)
            return
        source = read_text(self._root, inner, "yaml") if inner is not None else Source(path, node.text)
        parsed = read_yaml(source) if isinstance(source, Source) else None
        texts = [one.text for document in parsed.documents for one in document.walk()] if parsed else []
        if parsed is None or parsed.errors or any("://" in text for text in texts):
            self._stop(path, node.extent.line, "a generator or transformer is not one file without addresses")

    def _missing(self, path: str, node: Node) -> None:
        name = node.text or "a file"
        self._stop(path, node.extent.line, f"{name} is not in the repository, and nothing is fetched")


def _file_nodes(document: Node) -> Iterator[Node]:
    """Yield the nodes that hold the name of a file, and nothing else."""
    for key in ("configurations", "crds"):
        yield from document[key]
    for key in ("patches", "patchesJson6902", "replacements"):
        yield from (entry["path"] for entry in document[key] if entry["path"].present)
    for key in ("configMapGenerator", "secretGenerator"):
        for entry in document[key]:
            yield from entry["files"]
            yield from entry["envs"]
            if entry["env"].present:
                yield entry["env"]
    if document["openapi"]["path"].present:
        yield document["openapi"]["path"]


def _is_inline(text: str) -> bool:
    """Return whether a text is YAML of its own, where a file's name may stand as well."""
    if "://" in text.lstrip()[:12]:
        return False
    documents = read_yaml(Source("", text)).documents
    return bool(documents) and all(document.is_map for document in documents)


def _doubtful_key(document: Node) -> Node | None:
    """Return an entry whose key kustomize takes for one of its own though it is written in another case."""
    for node in document.walk():
        key = node.key
        if isinstance(key, str) and key not in _KEYS and key.casefold() in _FOLDED:
            return node
    return None
