"""Reading a chart's directory: what Helm would read, and never anything outside the root of the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from opslint.model.report import Failure
from opslint.read.helm.archive import CHART_BYTES, CHART_FILE_BYTES, CHART_FILES
from opslint.read.helm.ignore import HelmIgnore
from opslint.read.overlay import overlaid

if TYPE_CHECKING:
    from collections.abc import Callable

BOM = b"\xef\xbb\xbf"


def within(path: Path, root: Path) -> bool:
    """Return True when the path, links followed, is inside the root (also resolved)."""
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


class DirectoryReader:
    """Reads one chart directory.

    `files` are the contents by path relative to the chart, in order; `failures` what could not be read, with paths
    relative to the root.
    """

    def __init__(self, root: Path, directory: Path, label: str) -> None:
        self._root, self._directory, self._label = root, directory, label
        self.files: dict[str, bytes] = {}
        self.failures: list[Failure] = []
        self._total = 0
        self._full = False
        self._rules = HelmIgnore(self.text(".helmignore"))

    def read(self) -> dict[str, bytes]:
        """Read everything Helm would and return the files."""
        self._walk(self._directory, "", (os.path.realpath(self._directory),))
        return self.files

    def text(self, name: str) -> str:
        """Return a file of the chart alone, "" when it cannot be read."""
        path = self._directory / name
        try:
            if not within(path, self._root) or path.stat().st_size > CHART_FILE_BYTES:
                return ""
            return path.read_bytes().removeprefix(BOM).decode("utf-8", "replace")
        except OSError:
            return ""

    def _fail(self, relative: str, message: str, kind: str = "file") -> None:
        self.failures.append(Failure(f"{self._label}/{relative}".lstrip("/"), 0, message, kind))

    def _walk(self, directory: str | Path, prefix: str, parents: tuple[str, ...]) -> None:
        try:
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self._fail(prefix.rstrip("/"), f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            relative = prefix + entry.name
            is_directory = _is(entry.is_dir)
            if self._full or self._rules.ignores(relative, directory=is_directory):
                continue
            if _is(entry.is_symlink) and not within(Path(entry.path), self._root):
                self._fail(relative, "is a link that leads outside the linted folder (or nowhere): not followed")
            elif is_directory:
                real = os.path.realpath(entry.path)
                if real not in parents and entry.name != ".git":
                    self._walk(entry.path, relative + "/", (*parents, real))
            elif _is(entry.is_file):
                self._add(entry.path, relative)

    def _add(self, path: str, relative: str) -> None:
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - here and below, thousands of files
            if size > CHART_FILE_BYTES:
                self._fail(relative, f"is larger than Helm reads ({CHART_FILE_BYTES} bytes)", "limit")
                return
            data = overlaid(path)
            if data is None:
                with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                    data = file.read()
        except OSError as error:
            self._fail(relative, f"cannot be read: {error.strerror}")
            return
        self._total += len(data)
        if self._total > CHART_BYTES or len(self.files) >= CHART_FILES:
            self._full = True
            self._fail("", "the chart is larger than Helm reads (100 MiB or 10,000 files)", "limit")
            return
        self.files[relative] = data.removeprefix(BOM)


def _is(test: Callable[[], bool]) -> bool:
    """Return what an entry of a folder says of itself; False when its link leads in a circle."""
    try:
        return test()
    except OSError:
        return False
