"""What kustomizations change of their resources, and where each change is written."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from opslint.model.records import NamedTuple
from opslint.model.source import Confidence, Location, Source, Span
from opslint.read.files import read_text
from opslint.read.inline_values import cut_out
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opslint.model.node import Node

Keys = tuple[str | int, ...]

_LABELS: Final = frozenset({"labels", "matchLabels", "selector"})


class Patch(NamedTuple):
    """A strategic merge patch, or one operation of a JSON patch.

    `node` is the document, or the operation's value; `target` what it is meant for (None: what the document names);
    `pointer` the place of the operation, None for a merge. `home` is the file that the nodes' lines are counted in.
    """

    node: Node
    target: Node | None
    home: Source
    pointer: str | None = None

    def place(self, node: Node) -> Location:
        """Return the place of a node of it in its file."""
        return Location(self.home, node.span)


class Changes:
    """The changes of a tree of kustomizations, `documents`, outermost first."""

    def __init__(self, root: Path, documents: Sequence[Node]) -> None:
        self._root, self._documents = root, documents
        self.patches = [patch for document in documents for patch in self._patches(document)]

    def _patches(self, document: Node) -> Iterator[Patch]:
        for key in ("patches", "patchesJson6902"):
            for entry in document[key]:
                target = entry["target"] if entry["target"].present else None
                yield from self._patch(document, entry["path"], entry["patch"], target)
        for node in document["patchesStrategicMerge"]:
            yield from self._patch(document, node, node, None)

    def _patch(self, document: Node, path: Node, text: Node, target: Node | None) -> Iterator[Patch]:
        """Yield the patches of a file, or of a text that stands in the kustomization itself."""
        source = self._file(document, path.text) if path.present and "\n" not in path.text else None
        home = source
        if source is None and text.present:
            source, home = cut_out(text), text.source
        if source is None or home is None:
            return
        for one in read_yaml(source).documents:
            if one.is_map:
                yield Patch(one, target, home)
            for operation in one:  # of a list: a JSON patch
                if operation["op"].text in {"add", "replace"} and operation["value"].exists:
                    yield Patch(operation["value"], target, home, operation["path"].text)

    def _file(self, document: Node, name: str) -> Source | None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document.source.path), name))
        source = None if path.startswith(("../", "/")) else read_text(self._root, path, "yaml")
        return source if isinstance(source, Source) else None

    def field(self, node: Node, original: Node) -> Node | None:
        """Return the entry of a kustomization that gave a built field its value: a tag, a count, a label."""
        keys, text = node.path, node.text if node.is_scalar else ""
        if not text:
            return None
        for document in self._documents:
            found = None
            if node.key == "image":
                found = next((one for entry in document["images"] if (one := _image(entry, text)) is not None), None)
            elif keys == ("spec", "replicas"):
                name = original["metadata"]["name"].text
                found = next((one["count"] for one in document["replicas"] if one["name"].text == name), None)
            elif keys == ("metadata", "namespace"):
                found = document["namespace"]
            elif node.parent is not None and isinstance(node.key, str):
                found = _label(document, str(node.parent.key), node.key)
            if found is not None and found.present and (node.key == "image" or found.text == text):
                return found
        return None

    def generated(self, node: Node, built: Node) -> tuple[Location, Confidence] | None:
        """Return the place of a generator's entry that a field of a generated ConfigMap or Secret was made of."""
        generator = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}.get(built["kind"].text, "")
        name = built["metadata"]["name"].text
        entries = [(document, entry) for document in self._documents for entry in document[generator]]
        fitting = [pair for pair in entries if pair[1]["name"].text and pair[1]["name"].text in name]
        if not fitting:
            return None
        document, entry = max(fitting, key=lambda pair: len(pair[1]["name"].text))
        key = str(node.key) if len(node.path) == 2 and node.path[0] in {"data", "stringData", "binaryData"} else ""
        found = self._datum(document, entry, key, inside=generator == "secretGenerator") if key else None
        return (found, Confidence.LINE) if found is not None else (entry["name"].location, Confidence.BLOCK)

    def _datum(self, document: Node, entry: Node, key: str, *, inside: bool) -> Location | None:
        """Return the place of a datum: of one that is a whole file the entry, or the file's first line (`inside`)."""
        for node in entry["literals"]:
            if node.text.partition("=")[0] == key:
                return node.location
        for node in entry["files"]:
            name, equals, path = node.text.partition("=")
            if key == (name if equals else posixpath.basename(path or name)):
                source = self._file(document, path or name) if inside else None
                return Location(source, Span.of_line(1, source.line(1))) if source is not None else node.location
        for node in (*entry["envs"], entry["env"]):
            source = self._file(document, node.text) if node.present else None
            for number, line in enumerate(source.text.split("\n") if source is not None else (), 1):
                if source is not None and line.partition("=")[0].strip() == key:
                    return Location(source, Span.of_line(number, line))
        return None


def _image(entry: Node, built: str) -> Node | None:
    """Return the part of an entry of `images` that a person edits when the built image is that of the entry."""
    name = entry["newName"].text or entry["name"].text
    tag, digest = entry["newTag"], entry["digest"]
    if digest.present:
        return digest if built == f"{name}@{digest.text}" else None
    if tag.present:
        return tag if built == f"{name}:{tag.text}" else None
    return entry["newName"] if entry["newName"].present and re.split(r"[@]|:(?=[^/]*$)", built)[0] == name else None


def _label(document: Node, parent: str, key: str) -> Node | None:
    if parent == "annotations":
        return document["commonAnnotations"][key]
    if parent not in _LABELS:
        return None
    pairs = (entry["pairs"][key] for entry in document["labels"])
    return next((one for one in (document["commonLabels"][key], *pairs) if one.present), None)


def aims_at(patch: Patch, original: Node, built: Node) -> bool:
    """Return whether a patch is meant for an object, as far as kind and name tell."""
    names = {original["metadata"]["name"].text, built["metadata"]["name"].text}
    if patch.target is None:
        node = patch.node
        return node["kind"].text == built["kind"].text and node["metadata"]["name"].text in names
    wanted = patch.target
    group, _, version = built["apiVersion"].text.rpartition("/")
    return (
        _fits(wanted["kind"].text, {built["kind"].text})
        and _fits(wanted["name"].text, names)
        and _fits(wanted["group"].text, {group})
        and _fits(wanted["version"].text, {version})
    )


def _fits(pattern: str, texts: set[str]) -> bool:
    """Return whether a target's pattern, a regular expression over the whole text, fits any of the texts."""
    try:
        return not pattern or any(re.fullmatch(pattern, text) for text in texts)
    except re.error:
        return False
