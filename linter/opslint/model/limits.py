"""The limits on what is read: each is a clear error with a place, never a hang or a crash."""

from __future__ import annotations

from typing import Final

YAML_DEPTH: Final = 500  # libyaml's composer crashes the interpreter near 30,000 nested items
YAML_ALIASES: Final = 100  # aliases per document
YAML_EXPANSION: Final = 10  # expanded nodes allowed, as a multiple of the text's characters
FILE_BYTES: Final = 20_000_000
RELEASE_BYTES: Final = 20_000_000  # a release that Helm keeps in a Secret, unpacked
RELEASES_BYTES: Final = 50_000_000  # the manifests of all such releases of a dump
RENDER_BYTES: Final = 50_000_000  # rendered output of one chart
RENDER_SECONDS: Final = 20.0  # of processor time, for one rendering
RENDER_MEMORY: Final = 2 * 1024**3  # bytes of address space; below 1 GiB the engine does not start
HCL_DEPTH: Final = 500
ERRORS_PER_FILE: Final = 20
FOR_EACH: Final = 64  # instances of one count or for_each
ALTERNATIVES: Final = 8  # readings of one item with undecided values
