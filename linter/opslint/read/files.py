"""Opens one file of the repository safely and decodes it."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opslint.model.limits import FILE_BYTES
from opslint.model.report import Failure
from opslint.model.source import Source
from opslint.read.overlay import overlaid

if TYPE_CHECKING:
    from pathlib import Path

_BOM: Final = b"\xef\xbb\xbf"
# The longer ones first: UTF-32's begins with UTF-16's.
_FOREIGN_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def read_text(root: Path, path: str, kind: str) -> Source | Failure:
    """Read a file of UTF-8 text; `path` is relative to `root`, with `/`.

    Line breaks stay as they are, a byte order mark is dropped. A Failure says why a file cannot be read: it is missing,
    unreadable, no regular file, larger than FILE_BYTES, binary, not UTF-8 (with the line of the first bad byte), or
    a symbolic link that leaves the root.
    """
    try:
        opened = open_bytes(root, path)
    except (OSError, ValueError) as error:
        return Failure(path, 0, _reason(error), "file")
    if isinstance(opened, Failure):
        return opened
    data, absolute = opened
    decoded = decode(data)
    if isinstance(decoded, str):
        return Source(path, decoded, kind, absolute=absolute)
    line, message = decoded
    return Failure(path, line, message, "file")


def open_bytes(root: Path, path: str) -> tuple[bytes, str] | Failure:
    """Return the content of a file and its absolute path. Raises OSError, and ValueError for an impossible name."""
    bound = _real(root) if root.is_absolute() else os.path.realpath(root)
    absolute = os.path.realpath(os.path.join(bound, path))  # noqa: PTH118 - realpath of a str, thousands of times
    if not is_within(absolute, bound):
        return Failure(path, 0, "leaves the directory that is linted: not read", "file")
    status = os.stat(absolute)  # noqa: PTH116
    if not stat.S_ISREG(status.st_mode):
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        return Failure(path, 0, f"is {what}", "file")
    if status.st_size > FILE_BYTES:
        return too_large(path, status.st_size)
    instead = overlaid(absolute)
    if instead is not None:
        return instead, absolute
    with open(absolute, "rb") as file:  # noqa: PTH123
        data = file.read(FILE_BYTES + 1)
    return too_large(path, len(data)) if len(data) > FILE_BYTES else (data, absolute)


@lru_cache(maxsize=4)
def _real(root: Path) -> str:
    """Follow the links of the root that bounds all files of a run: once, not for each of them."""
    return os.path.realpath(root)


def too_large(path: str, size: int) -> Failure:
    """Return the failure of a file of so many bytes."""
    return Failure(path, 0, f"larger than {FILE_BYTES // 10**6} MB ({size:,} bytes): not read", "limit")


def decode(data: bytes) -> str | tuple[int, str]:
    """Return UTF-8 bytes as text without a byte order mark, or the 1-based line and the reason why they are not."""
    for mark, name in _FOREIGN_BOMS:
        if data.startswith(mark):
            return 1, f"is {name}: save it as UTF-8"
    zero = data.find(b"\0")
    if zero >= 0:
        return data.count(b"\n", 0, zero) + 1, "is not text: it holds a NUL byte"
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        body = data.removeprefix(_BOM)
        line = body.count(b"\n", 0, error.start) + 1
        return line, f"is not UTF-8: byte {body[error.start]:#04x} on line {line}"


def is_within(path: str, root: str) -> bool:
    """Return whether an absolute real path is `root` or lies under it; both without a slash at their end."""
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "may not be read: permission denied"
    if isinstance(error, OSError):
        return f"could not be read: {(error.strerror or 'input/output error').lower()}"
    return "could not be read: the name is not one a file can have"
