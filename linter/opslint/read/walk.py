"""One walk over a part of the repository: which files there are, without what git ignores."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from opslint.model.report import Failure, Notice
from opslint.read.files import is_within

if TYPE_CHECKING:
    from opslint.read.ignore import Ignore

SKIPPED: Final = frozenset(
    {".git", ".hg", ".svn", ".terraform", ".terragrunt-cache", "node_modules", ".venv", "__pycache__"}
)
READ: Final = (".yaml", ".yml", ".json", ".tf", ".tofu", ".tfvars")  # how the names of files end that are read


class Walk:
    """Collects files; several walks over one another's parts list everything once.

    `files` has for each directory that was looked at (relative to the root, "" for the root itself) the names of its
    files. Symbolic links are followed where they stay inside the root, and no directory is looked at twice.
    """

    def __init__(self, root: str, ignore: Ignore) -> None:
        self.root, self.ignore = root, ignore
        self.files: dict[str, list[str]] = {}
        self.links: dict[str, str] = {}  # files that are symbolic links: path -> path of the target
        self.failures: list[Failure] = []
        self.notices: list[Notice] = []
        self._seen: set[str] = set()

    def walk(self, start: str) -> None:
        """List a directory and everything under it; what is ignored is left out, `start` itself never is."""
        linked: list[tuple[str, str]] = []
        self.ignore.admit(start)
        self._descend(start, os.path.realpath(self._absolute(start)), linked)
        while linked:
            # After the rest, so that a directory is known by its own path rather than by a link's.
            linked.sort(reverse=True)
            path, real = linked.pop()
            self._descend(path, real, linked)

    def _absolute(self, path: str) -> str:
        return os.path.join(self.root, path) if path else self.root  # noqa: PTH118

    def _descend(self, start: str, real: str, linked: list[tuple[str, str]]) -> None:
        stack = [(start, real)]
        while stack:
            directory, real = stack.pop()
            if real in self._seen:
                continue
            self._seen.add(real)
            names, below = self._list(directory, real, linked)
            if names or directory not in self.files:
                self.files[directory] = names
            stack.extend(reversed(below))

    def _list(
        self, directory: str, real: str, linked: list[tuple[str, str]]
    ) -> tuple[list[str], list[tuple[str, str]]]:
        """Return the names of the files of a directory, and its directories to look at with their real paths."""
        try:
            with os.scandir(real) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            reason = (error.strerror or "input/output error").lower()
            self.failures.append(Failure(directory or ".", 0, f"the directory could not be read: {reason}", "file"))
            return [], []
        names: list[str] = []
        below: list[tuple[str, str]] = []
        prefix = f"{directory}/" if directory else ""
        for entry in entries:
            name = entry.name
            path = prefix + name
            if not _is_text(name):
                if name.endswith(READ) or entry.is_dir():  # what else it is would not be read either
                    shown = os.fsencode(path).decode(errors="replace")
                    self.failures.append(Failure(shown, 0, "the name is not UTF-8: not read", "file"))
            elif entry.is_symlink():
                self._link(directory, path, names, linked)
            elif entry.is_dir(follow_symlinks=False):
                if name not in SKIPPED and not self.ignore.ignored(directory, f"{path}/"):
                    below.append((path, os.path.join(real, name)))  # noqa: PTH118
            elif entry.is_file(follow_symlinks=False) and not self.ignore.ignored(directory, path):
                names.append(name)
        return names, below

    def _link(self, directory: str, path: str, names: list[str], linked: list[tuple[str, str]]) -> None:
        name = path.rpartition("/")[2]
        target = os.path.realpath(self._absolute(path))
        is_directory = os.path.isdir(target)  # noqa: PTH112
        if name in SKIPPED or self.ignore.ignored(directory, f"{path}/" if is_directory else path):
            return
        if not is_within(target, self.root):
            self.notices.append(Notice(path, 0, "the symbolic link leaves the directory that is linted: not followed"))
        elif is_directory:
            linked.append((path, target))
        elif os.path.isfile(target):  # noqa: PTH113
            names.append(name)
            self.links[path] = os.path.relpath(target, self.root).replace(os.sep, "/")
        else:
            self.notices.append(Notice(path, 0, "the symbolic link leads nowhere"))


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
