"""Reads files for fixing, and writes them so that a reader sees the old or the new content, never half of it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.report import Failure
from opslint.read.files import is_within, open_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

BOM: Final = b"\xef\xbb\xbf"


class WriteError(Exception):
    """A fix cannot be written."""


def real_path(root: Path, path: str) -> str:
    """Return where a file of the repository really is, links followed.

    Raises:
        WriteError: it leads outside the root.
    """
    bound = os.path.realpath(root)
    real = os.path.realpath(Path(bound, path))
    if not is_within(real, bound):
        raise WriteError(f"{path}: leads outside {bound}: not fixed")
    return real


def read_bytes(root: Path, path: str) -> bytes:
    """Return the content of a file.

    Raises:
        WriteError: it cannot be read.
    """
    try:
        opened = open_bytes(root, path)
    except (OSError, ValueError) as error:
        raise WriteError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if isinstance(opened, Failure):
        raise WriteError(f"{path}: {opened.message}")
    return opened[0]


def write_all(root: Path, contents: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write files, each with one rename; `contents` has for each path the content it was read with and the new one.

    Raises:
        WriteError: one cannot be written, or was changed by someone else meanwhile. What can be told beforehand is told
            before anything is written; otherwise the message names the files that are written already.
    """
    for path, (old, _) in contents.items():
        _check(root, path, old)
    done: list[str] = []
    for path, (_, new) in contents.items():
        try:
            _replace(real_path(root, path), new)
        except OSError as error:
            already = f"; already written: {', '.join(done)}" if done else ""
            raise WriteError(f"{path}: cannot be written: {error.strerror or error}{already}") from error
        done.append(path)


def _check(root: Path, path: str, old: bytes) -> None:
    real = Path(real_path(root, path))
    for what, place in (("the file", real), ("its folder", real.parent)):
        try:
            mode = place.stat().st_mode
        except OSError as error:
            raise WriteError(f"{path}: cannot be written: {error.strerror or error}") from error
        # For root every file is writable: a file marked read-only is left alone for everyone.
        if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(place, os.W_OK):
            raise WriteError(f"{path}: cannot be written: {what} is read-only")
    if read_bytes(root, path) != old:
        raise WriteError(f"{path}: was changed while it was being fixed: nothing is written")


def _replace(real: str, content: bytes) -> None:
    status = os.stat(real)  # noqa: PTH116 - an absolute str
    import tempfile

    descriptor, temporary = tempfile.mkstemp(prefix=".opslint-", dir=os.path.dirname(real))  # noqa: PTH120
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(OSError):  # only root may give a file away
                os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))  # noqa: PTH101
        os.replace(temporary, real)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
