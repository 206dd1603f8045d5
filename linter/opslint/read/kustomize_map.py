"""The way back from what kustomize built to the files of the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import dataclass
from opslint.model.source import Confidence, Location, Origin, Span
from opslint.read.kustomize_changes import aims_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.node import Node
    from opslint.model.source import Source
    from opslint.read.kustomize_changes import Changes, Keys, Patch


@dataclass(slots=True, eq=False)
class KustomizeMap:
    """The map of one built object.

    `built` is its root once it is read, `original` the document of the resource file it was made of (None for a
    generated one), `changes` what the kustomizations change, `kustomization` the file it was built by.
    """

    kustomization: Source
    changes: Changes
    original: Node | None = None
    built: Node | None = None

    def locate(self, span: Span) -> Origin:
        """Return the place of the field in a resource, a patch or a kustomization; never more exact than its line."""
        whole = Location(self.kustomization, Span.of_line(1, self.kustomization.line(1)))
        if self.built is None:
            return Origin(whole, Confidence.FILE)
        node = _node_at(self.built, span)
        if self.original is None:
            found = self.changes.generated(node, self.built)
            return Origin(*found) if found is not None else Origin(whole, Confidence.FILE)
        written, left = _follow(self.original, self.built, node.path)
        if not left and _same(written, node):
            return Origin(written.location, Confidence.LINE)
        changed = self._changed(node)
        if changed is not None:
            return Origin(changed, Confidence.LINE, self._related(changed, written, left))
        # Replaced or added by what is not looked at: the nearest thing that is written is as near as it can be told.
        return Origin(written.location, Confidence.BLOCK, (("changed by this kustomization", whole),))

    def _related(self, changed: Location, written: Node, left: int) -> tuple[tuple[str, Location], ...]:
        """Return the line that was changed, when the resource has it, and the kustomization when it is elsewhere."""
        related = [("changed from this", written.location)] if not left else []
        if changed.source.path != self.kustomization.path:
            whole = Location(self.kustomization, Span.of_line(1, self.kustomization.line(1)))
            related.append(("used by this kustomization", whole))
        return tuple(related)

    def _changed(self, node: Node) -> Location | None:
        """Return the place of the change that gave a field its value: outer ones are made last, so they come first."""
        original, built = self.original, self.built
        if original is None or built is None:
            return None
        field = self.changes.field(node, original)
        if field is not None:
            return field.location
        for patch in self.changes.patches:
            if not aims_at(patch, original, built):
                continue
            found = _merged(patch, built, node) if patch.pointer is None else _set(patch, original, built, node)
            if found is not None:
                return patch.place(found)
        return None


def _merged(patch: Patch, built: Node, node: Node) -> Node | None:
    """Return the node of a merge patch that a field of the built object has its value of."""
    found, left = _follow(patch.node, built, node.path)
    return found if not left and _same(found, node) else None


def _set(patch: Patch, original: Node, built: Node, node: Node) -> Node | None:
    """Return the node in the value of a JSON patch's operation that a field of the built object has its value of."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in (patch.pointer or "").split("/")[1:]]
    keys = node.path
    if not tokens or len(tokens) > len(keys) or not _leads_to(tokens, keys, patch, original, built):
        return None
    found, left = _follow(patch.node, built.at(*keys[: len(tokens)]), keys[len(tokens) :])
    return found if not left and _same(found, node) else None


def _leads_to(tokens: Sequence[str], keys: Keys, patch: Patch, original: Node, built: Node) -> bool:
    """Return whether a pointer into the object before the patch leads to what a path leads to after all patches."""
    here, there = original, built
    for at, (token, key) in enumerate(zip(tokens, keys, strict=False)):
        there = there[key]
        if isinstance(key, str):
            if token != key:
                return False
            here = here[token]
            continue
        before = here[int(token)] if token.isdigit() else here["\0"]
        last = at == len(tokens) - 1
        named = patch.node if last else before
        if named.is_map and there.is_map and (named["name"].present or there["name"].present):
            if named["name"].text != there["name"].text:
                return False
        elif token not in {"-", str(key)}:
            return False
        here = before
    return True


def _node_at(root: Node, span: Span) -> Node:
    """Return the node that has a span, else the deepest one whose key or value is where the span begins."""
    node, line, column = root, span.line, span.column
    while node.span != span:
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
    return node


def _holds(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _follow(start: Node, built: Node, keys: Keys) -> tuple[Node, int]:
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
