"""Texts that are read in place of files: a fix is tried out before anything is written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_contents: Final[dict[str, bytes]] = {}  # by real path


def overlaid(path: str | os.PathLike[str]) -> bytes | None:
    """Return what is read in place of a file, None for the file itself."""
    return _contents.get(os.path.realpath(path)) if _contents else None


@contextmanager
def overlay(contents: Mapping[str, bytes]) -> Iterator[None]:
    """Let all readers see these contents, by real path, in place of the files; not to be nested."""
    _contents.update(contents)
    try:
        yield
    finally:
        _contents.clear()
