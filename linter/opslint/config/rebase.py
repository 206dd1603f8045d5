"""Moves the paths and globs of a configuration from its own folder to the root of the run."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def rebase_path(path: str, base: str) -> str:
    """Return a path below `base` as one below the root: "" is the root itself, a leading ".." leads out of it."""
    moved = posixpath.normpath(posixpath.join(base, path))
    return "" if moved == "." else moved


def rebase_glob(glob: str, base: str) -> str:
    """Return a glob of whole paths below `base` as one below the root."""
    glob = glob.removeprefix("./").lstrip("/")
    return f"{base}/{glob}" if base else glob


def rebase_pattern(pattern: str, base: str) -> str:
    """Return a pattern of a .gitignore in the folder `base` as one of a .gitignore in the root.

    A pattern without a slash (but at its end) fits at any depth, every other one is anchored.
    """
    negated, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    body = body.removeprefix("./")
    if not base or not body or body.startswith("#"):
        return negated + body
    anchored = "/" in body.rstrip("/")
    return f"{negated}/{base}/{body.lstrip('/')}" if anchored else f"{negated}/{base}/**/{body}"


def rebase_file(file: str, folder: str, base: str, root: Path) -> str:
    """Return a file relative to `folder`, else to `base`, as one relative to `folder`, else to the root."""
    if not base or (root / folder / file).is_file() or not (root / base / file).is_file():
        return file
    return rebase_path(file, base)
