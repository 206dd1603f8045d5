"""Answers kept in the user's cache folder, by a key of everything they depend on.

An entry is a file of two parts: a line with the sum of the rest, and the answer, as JSON or as `marshal` writes it. It
is written beside its place and moved there, so runs at the same time see it whole or not at all; what does not match
its sum counts as not kept. A folder that cannot be used, and a full disk, are silently done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import marshal
import os
import sys
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER_BYTES: Final = 200_000_000  # of all entries together: the longest unused go first
ENTRY_BYTES: Final = 50_000_000
_ROOM: Final = 0.8  # a full folder is emptied to this share of its size, not at every entry again
_PART: Final = ".part"
_STALE: Final = 3600.0  # seconds after which a half-written file of a killed run is nobody's any more


def key_of(parts: Iterable[bytes]) -> str:
    """Return the key for what an answer depends on; the parts keep their borders."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()


class Cache:
    """The entries of one kind; `folder` None is the one in the user's cache folder. Never raises OSError."""

    suffix: ClassVar[str] = ".json"

    def __init__(self, kind: str, folder: Path | None = None, limit: int = FOLDER_BYTES) -> None:
        self._folder = folder if folder is not None else _user_folder(kind)
        self._limit = limit
        self._size = -1  # of the folder, in bytes; -1 before it was measured

    def get(self, key: str) -> object | None:
        """Return the answer kept under a key, None when there is none that is whole."""
        if self._folder is None:
            return None
        path = self._folder / (key + self.suffix)
        try:
            if path.stat().st_size > ENTRY_BYTES:
                return None
            head, _, body = path.read_bytes().partition(b"\n")
            answer = self._read(body) if head.decode("ascii", "replace") == _sum(key, body) else None
        except (OSError, ValueError, EOFError, TypeError, RecursionError, MemoryError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # what is used stays
        return answer

    def put(self, key: str, answer: object) -> None:
        """Keep an answer (anything JSON can say); one that is too large or nests too deeply is not kept."""
        if self._folder is None:
            return
        try:
            body = self._text(answer)
        except ValueError:  # `marshal` goes 2000 levels deep
            return
        data = f"{_sum(key, body)}\n".encode() + body
        if len(data) > min(ENTRY_BYTES, self._limit):
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _ours(self._folder):
                self._write(self._folder / (key + self.suffix), data)
                self._make_room(self._folder, len(data))
        except OSError:
            self._folder = None  # read-only or full: not tried again in this run

    def _read(self, body: bytes) -> object:
        answer: object = json.loads(body)
        return answer

    def _text(self, answer: object) -> bytes:
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    def _write(self, path: Path, data: bytes) -> None:
        # A name of our own: `tempfile` takes longer to import than most entries to write.
        name = f"{path}-{os.getpid()}-{get_ident()}{_PART}"
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)  # noqa: PTH105 - the two names as they are
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise

    def _make_room(self, folder: Path, more: int) -> None:
        """Drop the longest unused entries when the folder has outgrown its limit."""
        if 0 <= self._size + more <= self._limit and self._size >= 0:
            self._size += more
            return
        entries = sorted(_entries(folder))
        size = sum(length for _, length, _ in entries)
        newest = entries[-1][0] if entries else 0.0
        allowed = self._limit if size <= self._limit else int(self._limit * _ROOM)
        for used, length, path in entries:
            abandoned = path.endswith(_PART) and used < newest - _STALE
            if size <= allowed and not abandoned:
                continue
            with contextlib.suppress(OSError):  # another run may have dropped it
                os.unlink(path)  # noqa: PTH108
            size -= length
        self._size = size


class TupleCache(Cache):
    """A cache of plain tuples, lists, texts, numbers, booleans and None, which it gives back as they were.

    It is read at a tenth of what JSON and making tuples of it would take. `marshal` is not for what may come from
    anybody: as with Python's own `__pycache__`, nobody but the user can write into the folder.
    """

    suffix: ClassVar[str] = ".tuples"

    def _read(self, body: bytes) -> object:
        answer: object = marshal.loads(body)  # noqa: S302 - with the sum that we wrote, in the user's own folder
        return answer

    def _text(self, answer: Any) -> bytes:
        return marshal.dumps(answer)


_ENDINGS: Final = (Cache.suffix, TupleCache.suffix, _PART)


def _sum(key: str, body: bytes) -> str:
    """Return what the first line of an entry says: a file under another's name is not taken for it."""
    return hashlib.sha256(key.encode() + body).hexdigest()


def _entries(folder: Path) -> Iterable[tuple[float, int, str]]:
    with os.scandir(folder) as found:
        for entry in found:
            with contextlib.suppress(OSError):
                if entry.name.endswith(_ENDINGS) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield status.st_mtime, status.st_size, entry.path


def _ours(folder: Path) -> bool:
    """Return False for a folder that somebody else could write into: what lies there is not trusted."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _user_cache() -> Path:
    """Return our folder of the user's for caches. Raises RuntimeError when there is no home directory."""
    if sys.platform == "linux":  # as platformdirs does it, without the time to import that
        given = Path(os.environ.get("XDG_CACHE_HOME", ""))
        return (given if given.is_absolute() else Path("~/.cache").expanduser()) / "opslint"
    from platformdirs import user_cache_path

    return user_cache_path("opslint", appauthor=False)


def _user_folder(kind: str) -> Path | None:
    """Return the folder for a kind of entries, None when there is none to use."""
    try:
        folder = _user_cache() / kind
        # A relative one could lead into the linted folder.
        return folder if folder.is_absolute() and (not folder.exists() or _ours(folder)) else None
    except (OSError, RuntimeError):
        return None
