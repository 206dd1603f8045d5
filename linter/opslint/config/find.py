"""Where the configuration and the root of a run are."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.config.error import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES: Final = (".opslint.yaml", ".opslint.yml")
PYPROJECT: Final = "pyproject.toml"
_TABLE: Final = rb"^[ \t]*\[\[?[ \t]*tool[ \t]*\.[ \t]*[\"']?opslint\b"
_MENTION: Final = b"opslint"


def find_root(paths: Sequence[str], cwd: Path | None = None) -> Path:
    """Return the folder that bounds all reading.

    It is the git repository of the first path; without one the current directory when all paths lie in it, else the
    folder that holds all of them. `-` (standard input) is no path.

    Raises:
        ConfigError: a path does not lie in the repository of the first one.
    """
    here = (cwd or Path.cwd()).resolve()
    # Not resolved: a link belongs to the repository it stands in, and may then be refused for what it points to.
    named = [here / path for path in paths if path != "-"] or [here]
    start = Path(os.path.normpath(named[0]))
    root = next((folder for folder in (start, *start.parents) if _is_repository(folder)), None)
    if root is not None:
        root = root.resolve()
        for path in named:
            if not path.resolve().is_relative_to(root):
                raise ConfigError(
                    f"{path} is outside the repository {root} of the first path; nothing outside of it is read, "
                    "so run opslint for it alone"
                )
        return root
    resolved = [path.resolve() for path in named]
    if all(path.is_relative_to(here) for path in resolved):
        return here
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in resolved]))


def find_configuration(first: Path, root: Path) -> Path | None:
    """Return the configuration nearest to the path `first`, searched upward to `root`; None when there is none.

    In one folder a YAML file goes before `[tool.opslint]` of a pyproject.toml.

    Raises:
        ConfigError: both spellings of the YAML file stand in one folder, or the file is none, links to nothing or leads
            out of the root.
    """
    start = first if first.is_dir() else first.parent
    for folder in (start, *start.parents):
        if not folder.is_relative_to(root):
            return None
        found = _in_folder(folder)
        if found is not None:
            if not found.resolve().is_relative_to(root):
                raise ConfigError("links to a file outside the root, which is not read", _shown(found, root))
            return found
    return None


def _is_repository(folder: Path) -> bool:
    # Path.exists raises for a folder that may not be looked into.
    return os.path.exists(folder / ".git")  # noqa: PTH110


def _in_folder(folder: Path) -> Path | None:
    present = [folder / name for name in NAMES if os.path.lexists(folder / name)]
    if len(present) > 1:
        raise ConfigError(f"both {NAMES[0]} and {NAMES[1]} stand here: keep one", str(folder))
    if present:
        if not os.path.isfile(present[0]):  # noqa: PTH113 - never raises
            why = "links to nothing" if not os.path.exists(present[0]) else "is no file"  # noqa: PTH110
            raise ConfigError(f"the configuration {why}", str(present[0]))
        return present[0]
    project = folder / PYPROJECT
    return project if os.path.isfile(project) and _has_table(project) else None  # noqa: PTH113


def _has_table(project: Path) -> bool:
    """Tell whether a pyproject.toml configures opslint; one that does not parse and never names us is none of ours."""
    try:
        content = project.read_bytes()
    except OSError:
        return False
    if _MENTION not in content:
        return False
    if re.search(_TABLE, content, re.MULTILINE):
        return True
    import tomllib

    try:
        tool = tomllib.loads(content.decode("utf-8")).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    return isinstance(tool, dict) and "opslint" in tool


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
