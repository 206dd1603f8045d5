"""Chart archives: reading them without trusting them, and packing a chart in memory."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    import gzip
    import tarfile
    from collections.abc import Mapping
    from typing import BinaryIO

# Helm's own limits on an archive, so that what we accept is what Helm accepts.
CHART_BYTES: Final = 100 * 1024 * 1024
CHART_FILE_BYTES: Final = 5 * 1024 * 1024
CHART_FILES: Final = 10_000
_BLOCK: Final = 512  # what a tar archive counts in
_OVERHEAD: Final = 1024 * 1024  # of headers and padding, beside twice the contents


class BadArchive(ValueError):  # noqa: N818 - says what it is, and is caught by name
    """An archive that is broken or hostile; the message says how."""


def unpack(data: bytes, *, budget: int = CHART_BYTES) -> dict[str, bytes]:
    """Return the files of a chart archive by their path under its one top directory.

    Nothing is written to disk. Raises BadArchive for traversal, absolute paths, links, devices, and for more than
    `budget` bytes or 10,000 files.
    """
    import gzip
    import tarfile  # most charts are folders

    files: dict[str, bytes] = {}
    total = 0
    try:
        with (
            gzip.GzipFile(fileobj=io.BytesIO(data)) as packed,
            tarfile.open(fileobj=cast("BinaryIO", _Bounded(packed, 2 * budget + _OVERHEAD)), mode="r|") as tar,
        ):
            for count, member in enumerate(tar):
                if count >= CHART_FILES:
                    raise BadArchive(f"more than {CHART_FILES} files")
                if member.isdir():
                    continue
                path = _inner(member)
                total += member.size
                if member.size > CHART_FILE_BYTES or total > budget:
                    raise BadArchive(f"{member.name} is too large: over Helm's limits on an archive")
                content = tar.extractfile(member)
                files[path] = content.read(CHART_FILE_BYTES + 1) if content else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, BadArchive):
            raise
        raise BadArchive(f"not a readable chart archive: {error}") from error
    return files


class _Bounded:
    """Reads a stream up to a number of bytes: headers count as well, and a bomb may consist of nothing else."""

    def __init__(self, stream: gzip.GzipFile, budget: int) -> None:
        self._stream, self._left = stream, budget

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise BadArchive("the archive unpacks to more than Helm's limit")
        return data


def _inner(member: tarfile.TarInfo) -> str:
    name = member.name.replace("\\", "/")
    if not member.isreg():
        raise BadArchive(f"{member.name} is a link or a device")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        raise BadArchive(f"{member.name} leads out of the archive")
    if len(parts) < 2:
        raise BadArchive(f"{member.name} is not in the chart's directory")
    return "/".join(parts[1:])


def pack(files: Mapping[str, bytes], name: str) -> bytes:
    """Return a chart archive of these files. It goes through a pipe at once, so it is stored, not compressed."""
    import gzip

    blocks: list[bytes] = []
    for path, data in files.items():
        blocks += (_header(f"{name}/{path}", len(data)), data, bytes(-len(data) % _BLOCK))
    blocks.append(bytes(2 * _BLOCK))
    return gzip.compress(b"".join(blocks), compresslevel=0, mtime=0)


def _header(path: str, size: int) -> bytes:
    """Return the header of a regular file; `tarfile` takes ten times as long."""
    name = path.encode("utf-8", "surrogateescape")
    if len(name) > 100:  # the field's width: longer names need a header of their own
        import tarfile

        info = tarfile.TarInfo(path)
        info.size = size
        return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"%011o\0" % 0
    head = (head + b" " * 8 + b"0" + bytes(100) + b"ustar  \0").ljust(_BLOCK, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]
