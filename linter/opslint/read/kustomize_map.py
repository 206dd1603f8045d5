"""The way back from what kustomize built to the files of the repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opslint.model.source import Confidence, Location, Origin, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.node import Node
    from opslint.model.source import Source


@dataclass(slots=True, eq=False)
class KustomizeMap:
    """The map of one built object.

    `built` is its root once it is read, `original` the document of the resource file it was made of (None for a
    generated one), `patches` the documents of patch files, `kustomization` the file it was built by.
    """

    kustomization: Source
    original: Node | None
    patches: Sequence[Node] = ()
    built: Node | None = None

    def locate(self, span: Span) -> Origin:
        """Return the place of the same field in the patch or the resource; never more exact than its line."""
        whole = Location(self.kustomization, Span.of_line(1, self.kustomization.line(1)))
        if self.original is None or self.built is None:
            return Origin(whole, Confidence.FILE)
        node = _node_at(self.built, span.line, span.column)
        keys = node.path
        found, left = _follow(self.original, self.built, keys)
        if not left and _same(found, node):
            return Origin(found.location, Confidence.LINE)
        for patch in self.patches:
            if _names_object(patch, self.original):
                patched, missing = _follow(patch, self.built, keys)
                if not missing and _same(patched, node):
                    return Origin(patched.location, Confidence.LINE, (("used by this kustomization", whole),))
        # Patched, replaced or added: the nearest thing that is written is as near as it can be told.
        return Origin(found.location, Confidence.BLOCK, (("changed by this kustomization", whole),))


def _names_object(patch: Node, original: Node) -> bool:
    return all(patch.at(*keys).text == original.at(*keys).text for keys in (("kind",), ("metadata", "name")))


def _node_at(root: Node, line: int, column: int) -> Node:
    """Return the deepest node at a place: the one whose key or value is there."""
    node = root
    while True:
        children = [*node] if node.is_list else [child for _, child in node.items()]
        following = None
        for child in children:
            key, extent = child.key_span, child.extent
            if key is not None and _holds(key, line, column):
                return child
            if _holds(extent, line, column):
                following = child
        if following is None:
            return node
        node = following


def _holds(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _follow(start: Node, built: Node, keys: Sequence[str | int]) -> tuple[Node, int]:
    """Follow a path of the built object in another document; return the last node there is, and how many keys are left.

    Items of lists that have names are found by them: patches reorder and shorten lists.
    """
    node, mirror = start, built
    for at, key in enumerate(keys):
        mirror = mirror[key]
        child = node[key]
        if isinstance(key, int):
            name = mirror["name"].text if mirror.is_map else ""
            if name and node.is_list:
                child = next((item for item in node if item.is_map and item["name"].text == name), child["\0"])
        if not child.present:
            return node, len(keys) - at
        node = child
    return node, 0


def _same(found: Node, node: Node) -> bool:
    return not node.is_scalar or (found.is_scalar and found.text == node.text)
