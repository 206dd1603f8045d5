"""Texts and module directories, read once."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import ERRORS_PER_FILE, FILE_BYTES
from opslint.model.project import DuplicateKey, SourceFile
from opslint.model.report import Failure
from opslint.model.source import Location, Source
from opslint.read import hcl
from opslint.read.environments import environment_of_directory
from opslint.read.evaluate.module import Module
from opslint.read.evaluate.trees import Trees
from opslint.read.files import decode, too_large
from opslint.read.overlay import overlaid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opslint.read.evaluate.trees import Tree

SUFFIXES: Final = (".tf", ".tf.json", ".tofu", ".tofu.json")


class Loader:
    """Reads the files of a run.

    `listed` has the directories that were asked for, with their files; with `keep`, trees are kept in the user's cache
    folder.
    """

    def __init__(
        self,
        root: Path,
        listed: Mapping[Path, Sequence[str]],
        excluded: Callable[[str], bool] = lambda _path: False,
        *,
        keep: bool = False,
    ) -> None:
        self.root, self._listed, self._excluded = root, listed, excluded
        self._trees = Trees(keep=keep)
        self.files: list[SourceFile] = []
        self.failures: list[Failure] = []
        self._modules: dict[Path, Module | None] = {}
        self._texts: dict[Path, Source | None] = {}
        self._real: dict[Path, Path] = {}

    def relative(self, path: Path) -> str:
        """Return a path as reports show it, "" for the root."""
        text = path.relative_to(self.root).as_posix()
        return "" if text == "." else text

    def names(self, directory: Path) -> list[str]:
        """Return the names in a directory that are not excluded, sorted; none when it cannot be read."""
        # Most directories that are asked for are not there: that is told sooner than where they would be.
        if not os.path.lexists(directory) or not self.is_inside(directory):
            return []
        shown = self.relative(directory)
        prefix = f"{shown}/" if shown else ""
        return [name for name in _names(directory) if not self._excluded(prefix + name)]

    def is_inside(self, path: Path) -> bool:
        """Return True for a path under the root, symbolic links followed."""
        try:
            return path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):
            return False

    def real(self, directory: Path) -> Path:
        """Return a directory without symbolic links on the way: one that has two names is one module."""
        found = self._real.get(directory)
        if found is None:
            try:
                found = directory.resolve()
            except (OSError, RuntimeError):
                found = directory
            self._real[directory] = found
        return found

    def module(self, directory: Path) -> Module | None:
        """Return the module of a directory; None when it has no files or lies outside the root."""
        directory = self.real(directory)
        if directory not in self._modules:
            self._modules[directory] = self._load(directory)
        return self._modules[directory]

    def _load(self, directory: Path) -> Module | None:
        if not self.is_inside(directory):
            return None
        scanned = directory in self._listed
        names = [Path(name).name for name in self._listed[directory]] if scanned else _names(directory)
        chosen = _chosen(names)
        if not chosen:
            return None
        module = Module(directory, self.relative(directory), scanned)
        chosen.sort(key=lambda name: (_is_override(name), name))
        texts = [(name, self.text(directory / name, vendored=not scanned)) for name in chosen]
        read = [(name, source) for name, source in texts if source is not None]
        for (name, source), tree in zip(read, self._trees.of([source for _, source in read]), strict=True):
            self._take(source, tree)
            module.add(tree.body, source, override=_is_override(name))
        return module

    def text(self, path: Path, *, vendored: bool = False) -> Source | None:
        """Return the text of a file, None (and a failure) when it cannot be read."""
        if path not in self._texts:
            self._texts[path] = self._read(path, vendored=vendored)
        return self._texts[path]

    def _read(self, path: Path, *, vendored: bool) -> Source | None:
        shown = self.relative(path)
        if not self.is_inside(path):
            self.fail(shown, 0, "the file is a link to a place outside the root: it is not read", "file")
            return None
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # to open a named pipe would wait for its writer
                self.fail(shown, 0, "is not a regular file", "file")
                return None
            if status.st_size > FILE_BYTES:
                self.fail(shown, 0, too_large(shown, status.st_size).message, "limit")
                return None
            instead = overlaid(path)
            text = decode(path.read_bytes() if instead is None else instead)
        except OSError as error:
            self.fail(shown, 0, f"the file cannot be read: {error.strerror}", "file")
            return None
        if not isinstance(text, str):
            self.fail(shown, *text, "file")
            return None
        kind = "json" if path.suffix == ".json" else "hcl"
        return Source(shown, text, kind, vendored=vendored, absolute=str(path))

    def parse(self, source: Source) -> list[Any]:
        """Return the blocks and attributes of a text; its errors become failures."""
        (tree,) = self._trees.of([source])
        self._take(source, tree)
        return tree.body

    def _take(self, source: Source, tree: Tree) -> None:
        for offset, message in tree.errors[:ERRORS_PER_FILE]:
            line, column = source.position(offset)
            self.fail(source.path, line, f"column {column}: {message}", "terraform")
        if not source.vendored:
            duplicates = [
                DuplicateKey(key, _place(source, lost), _place(source, kept), equal)
                for key, lost, kept, equal in tree.duplicates
            ]
            folder = source.path.rpartition("/")[0]
            self.files.append(SourceFile(source, duplicates, environment_of_directory(folder)))

    def variables(self, path: Path) -> tuple[Source, dict[str, Any]] | None:
        """Return a tfvars file and its values (expression trees) by name."""
        source = self.text(path)
        if source is None:
            return None
        if source.kind == "json":
            return source, self._json_values(source)
        return source, {item[3]: item[4] for item in self._body(source) if item[0] == hcl.ATTR}

    def _body(self, source: Source) -> Iterable[Any]:
        known = next((each for each in self.files if each.source is source), None)
        return self._trees.of([source])[0].body if known is not None else self.parse(source)

    def _json_values(self, source: Source) -> dict[str, Any]:
        try:
            node = hcl.parse_expression(source.text)  # an object of JSON is one of HCL
        except hcl.HclError as error:
            line, column = source.position(error.offset)
            self.fail(source.path, line, f"column {column}: {error.message}", "terraform")
            return {}
        if all(each.source is not source for each in self.files):
            self.files.append(SourceFile(source))
        return {key[3]: value for key, value in node[3] if key[0] == hcl.STR} if node[0] == hcl.OBJ else {}

    def fail(self, path: str, line: int, message: str, kind: str) -> None:
        """Record a failure once."""
        failure = Failure(path, line, message, kind)
        if failure not in self.failures:
            self.failures.append(failure)


def _place(source: Source, span: tuple[int, int]) -> Location:
    return Location(source, source.span(*span))


def _names(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir())
    except OSError:
        return []


def _chosen(names: Iterable[str]) -> list[str]:
    """Keep Terraform's files; a `.tofu` file hides the `.tf` file of its name."""
    found = [name for name in names if name.endswith(SUFFIXES) and not name.startswith((".", "#"))]
    hidden = {name.replace(".tofu", ".tf") for name in found if name.endswith((".tofu", ".tofu.json"))}
    return [name for name in found if name not in hidden]


def _is_override(name: str) -> bool:
    stem = name
    for suffix in (".tf.json", ".tofu.json", ".tf", ".tofu"):
        if name.endswith(suffix):
            stem = name.removesuffix(suffix)
            break
    return stem == "override" or stem.endswith("_override")
