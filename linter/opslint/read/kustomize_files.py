"""The files that a kustomization uses without applying them: patches, generators' inputs, values."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from opslint.model.source import Source
from opslint.read.files import read_text
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opslint.model.node import Node

_LISTS: Final = ("patchesStrategicMerge", "transformers", "generators", "validators", "configurations")
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")


def internals(root: Path, path: str) -> set[str]:
    """Return the paths, relative to the root, of files that must not be read as manifests of their own."""
    source = read_text(root, path, "yaml")
    if not isinstance(source, Source):
        return set()
    folder = posixpath.dirname(path)
    names = (name for document in read_yaml(source).documents if document.is_map for name in _names(document))
    return {posixpath.normpath(posixpath.join(folder, name)) for name in names if name and "\n" not in name}


def _names(document: Node) -> Iterator[str]:
    for key in _LISTS:
        yield from document[key].texts()
    for key in _WITH_PATH:
        for entry in document[key]:
            yield entry["path"].text
    for key in _GENERATORS:
        for entry in document[key]:
            yield from (name.rpartition("=")[2] for name in entry["files"].texts())
            yield from entry["envs"].texts()
            yield entry["env"].text
    for entry in document["helmCharts"]:
        yield entry["valuesFile"].text
        yield from entry["additionalValuesFiles"].texts()
    yield document["openapi"]["path"].text
