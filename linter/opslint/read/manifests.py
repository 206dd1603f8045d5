"""Plain manifests (and standard input) into units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.kube import KubeObject, unpack
from opslint.model.project import Environment, SourceFile, Unit
from opslint.model.report import Failure, Notice
from opslint.model.source import Source
from opslint.read.discover import looks_like_manifest
from opslint.read.environments import environment_of_directory, stage_of
from opslint.read.files import read_text
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opslint.model.node import Node
    from opslint.model.settings import Settings
    from opslint.model.terraform import RootModule
    from opslint.read.discover import Discovery

    Progress = Callable[[str, int, int], None]

# What only objects dumped from a cluster have (and few others).
DUMP_SIGNS: Final = (
    "last-applied-configuration",
    "managedFields",
    "helm.sh/release.v1",
    "sh.helm.release.v1",
    "ownerReferences",
)
# Folders whose children are environments or clusters: what is in one of them is not applied with what is in another.
SPLITTING: Final = frozenset({"envs", "environments", "overlays", "clusters"})


def is_cluster_config(root: Node) -> bool:
    """Tell whether a document is a ClusterConfig of eksctl."""
    return root["kind"].text == "ClusterConfig" and root["apiVersion"].text.partition("/")[0] == "eksctl.io"


class ManifestReader:
    """Reads the plain manifests of a run; `units`, `files`, `failures` and `notices` hold what came of it."""

    def __init__(self, root: Path, settings: Settings, discovery: Discovery) -> None:
        self._root, self._settings, self._discovery = root, settings, discovery
        self.units: list[Unit] = []
        self.files: list[SourceFile] = []
        self.failures: list[Failure] = []
        self.notices: list[Notice] = []
        self.eksctl: list[RootModule] = []
        self.found = 0
        self.read_count = 0
        self._documents: dict[str, list[tuple[str, Node]]] = {}  # unit folder -> (file, object)
        self._broken: set[str] = set()
        self._dumps: set[str] = set()  # files whose objects may come from a cluster
        self._open: dict[str, list[str]] = {}  # unit folder -> why its units are not closed

    def read(self, stdin: str | None, progress: Progress | None) -> None:
        """Read every manifest file, and standard input when it was asked for."""
        total = len(self._discovery.manifests)
        for number, path in enumerate(self._discovery.manifests):
            if progress is not None:
                progress("reading manifests", number, total)
            source = read_text(self._root, path, "yaml")
            if isinstance(source, Failure):
                self.failures.append(source)
                self._broken.add(self._folder(path))
            else:
                self._take(source, self._folder(path), named=path in self._discovery.named)
        if stdin is not None:
            self._take(Source("-", stdin, "stdin"), "-", named=True)
        for folder, documents in self._documents.items():
            self.units += self._units_of(folder, documents)

    def leave_open(self, path: str, why: str) -> None:
        """Let the unit that a file belongs to be open: something that is applied with it is not known."""
        self._open.setdefault(self._folder(path), []).append(why)

    def _folder(self, path: str) -> str:
        """The folder of the unit: split below envs/, environments/, overlays/ and clusters/."""
        parts = path.split("/")
        for at, part in enumerate(parts[:-2]):
            if part in SPLITTING:
                return "/".join(parts[: at + 2])
        return next((base for base in self._discovery.bases if path.startswith(base + "/")), "")

    def _take(self, source: Source, folder: str, *, named: bool) -> None:
        parsed = read_yaml(source)
        objects = [
            item
            for document in parsed.documents
            if document.known and document.is_map
            for item in unpack(document)
            if item["apiVersion"].present and item["kind"].present
        ]
        if objects or parsed.duplicates:
            self.files.append(SourceFile(source, parsed.duplicates, folder_environment(folder)))
        self.found += 1 if objects or parsed.errors else 0
        if parsed.errors:
            suspicious = named or bool(objects) or looks_like_manifest(source.text)
            if suspicious:
                self._broken.add(folder)
            for error in parsed.errors:
                if suspicious:
                    self.failures.append(Failure(source.path, error.line, error.message, "yaml"))
                else:
                    message = f"not read, and it does not look like a manifest: {error.message}"
                    self.notices.append(Notice(source.path, error.line, message))
            if not suspicious:
                self.found -= 1
        elif objects:
            self.read_count += 1
        if objects:
            if _may_be_dump(source.text):
                self._dumps.add(source.path)
            self._keep(source, folder, objects)

    def _keep(self, source: Source, folder: str, objects: list[Node]) -> None:
        """Keep the objects for their unit; eksctl's clusters are no objects of one."""
        for item in objects:
            if is_cluster_config(item):
                from opslint.read.eksctl import read_cluster_config

                environment = folder_environment(folder)
                self.eksctl.append(
                    read_cluster_config(item, environment if environment.name else environment_of_directory(folder))
                )
            else:
                self._documents.setdefault(folder, []).append((source.path, item))

    def _units_of(self, folder: str, documents: list[tuple[str, Node]]) -> Iterator[Unit]:
        groups = {folder: documents}
        if _identity_repeats(documents):
            # The same object in two folders is two deployments: each folder is applied on its own.
            groups = {}
            for path, item in documents:
                groups.setdefault(path.rpartition("/")[0], []).append((path, item))
        for path, members in groups.items():
            kind = "stdin" if folder == "-" else "manifests"
            unit = Unit(
                id=path or ".",
                kind=kind,
                path=path,
                environment=folder_environment(folder),
                namespace=self._settings.namespace,
            )
            if folder in self._broken:
                unit.open("a file of it could not be read")
            for why in self._open.get(folder, ()):
                unit.open(why)
            unit.objects += [KubeObject(item, unit) for _, item in members]
            yield unit
            if any(path in self._dumps for path, _ in members):
                from opslint.read.dumps import read_dump

                units, failures = read_dump(unit)
                self.failures += failures
                yield from units


def _may_be_dump(text: str) -> bool:
    """True when objects of a text say where they come from: a cheap look, the module that reads dumps is for them."""
    return any(sign in text for sign in DUMP_SIGNS)


def folder_environment(folder: str) -> Environment:
    """Return the environment of a folder below envs/, environments/, overlays/ or clusters/."""
    parts = folder.split("/")
    if len(parts) >= 2 and parts[-2] in SPLITTING:
        return Environment(parts[-1], stage_of(parts[-1]), f"folder {folder}")
    return Environment()


def _identity_repeats(documents: list[tuple[str, Node]]) -> bool:
    """True when two files of different folders hold an object of the same kind, namespace and name."""
    seen: dict[tuple[str, str, str, str], str] = {}
    for path, item in documents:
        metadata = item["metadata"]
        if not metadata.known or not metadata["name"].known or not metadata["namespace"].known:
            continue
        group = item["apiVersion"].text.rpartition("/")[0]
        identity = (group, item["kind"].text, metadata["namespace"].text, metadata["name"].text)
        folder = path.rpartition("/")[0]
        if identity[3] and seen.setdefault(identity, folder) != folder:
            return True
    return False
