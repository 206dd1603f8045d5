"""Unpacks a release that Helm keeps in a Secret or a ConfigMap: JSON, gzipped, in base64 once or twice.

Helm encodes a release as base64 of gzip of JSON; the API server's own base64 of a Secret's data comes around it.
https://helm.sh/docs/topics/advanced/#storage-backends
"""

from __future__ import annotations

import binascii
import json
import zlib
from typing import Any, Final

from opslint.model.limits import RELEASE_BYTES
from opslint.model.records import NamedTuple

__all__ = ["Stored", "StoredError", "unpack_release"]

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class StoredError(ValueError):
    """A release that cannot be read; `limit` when it is for its size."""

    def __init__(self, message: str, *, limit: bool = False) -> None:
        super().__init__(message)
        self.limit = limit


class Stored(NamedTuple):
    """A kept release: its name, namespace and revision, and its manifests, hooks included."""

    name: str
    namespace: str
    revision: int
    manifest: str


def unpack_release(text: str, room: int = RELEASE_BYTES) -> Stored:
    """Return the release in the text of `data.release`, whose manifests may have `room` characters.

    Raises:
        StoredError: the text is no release, or it unpacks to more than RELEASE_BYTES bytes, or to more than `room`.
    """
    release = _parsed(_unzipped(_decoded(text)))
    manifests = [release.get("manifest")]
    hooks = release.get("hooks")
    manifests += [one.get("manifest") for one in hooks if isinstance(one, dict)] if isinstance(hooks, list) else []
    if not isinstance(manifests[0], str):
        raise StoredError("it has no manifest")
    whole = "\n---\n".join(one for one in manifests if isinstance(one, str))
    if len(whole) > room:
        raise StoredError("the releases of the dump are too large together", limit=True)
    revision = release.get("version")
    return Stored(
        _text(release.get("name")),
        _text(release.get("namespace")),
        revision if isinstance(revision, int) else 0,
        whole,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _decoded(text: str) -> bytes:
    data = text.encode("ascii", "replace")
    for _ in range(2):
        try:
            data = binascii.a2b_base64(data, strict_mode=False)
        except binascii.Error as error:
            raise StoredError("it is not base64") from error
        if data.startswith((_GZIP, b"{")):
            return data
    raise StoredError("it is neither gzip nor JSON")


def _unzipped(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        unpacked = unpacker.decompress(data, RELEASE_BYTES + 1)
    except zlib.error as error:
        raise StoredError("its gzip is broken") from error
    if len(unpacked) > RELEASE_BYTES:
        raise StoredError(f"it unpacks to more than {RELEASE_BYTES // 10**6} MB", limit=True)
    if not unpacker.eof:
        raise StoredError("its gzip is cut off")
    return unpacked


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        release = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StoredError("it is no JSON") from error
    if not isinstance(release, dict):
        raise StoredError("it is no JSON object")
    return release
