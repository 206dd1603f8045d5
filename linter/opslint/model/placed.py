"""Where a value stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from opslint.model.source import Location, Span

if TYPE_CHECKING:
    from opslint.model.form import Form
    from opslint.model.node import Node
    from opslint.model.source import Source

MISSING: Final = object()  # the raw value of what is not written


class Placed:
    """The half of a `Node` that knows places: what is missing stands at its nearest existing parent."""

    __slots__ = ("_document", "_form", "_raw", "key", "parent")

    _document: Source
    _form: Form
    _raw: object
    key: str | int
    parent: Node | None

    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys from the root to here."""
        keys: list[str | int] = []
        node: Placed = self
        while node.parent is not None:
            keys.append(node.key)
            node = node.parent
        return tuple(reversed(keys))

    @property
    def _written(self) -> Node:
        node = cast("Node", self)
        while node._raw is MISSING and node.parent is not None:
            node = node.parent
        return node

    @property
    def source(self) -> Source:
        """The text the value (or its nearest existing parent) stands in."""
        node = self._written
        return node._form.source(node._raw) or node._document

    @property
    def extent(self) -> Span:
        """The full span of the value's text; for a missing node, of its nearest existing parent."""
        node = self._written
        return node._form.extent(node._raw)

    @property
    def key_span(self) -> Span | None:
        """The span of the key in front of the value; None for list items, roots and merged or computed keys."""
        parent = self.parent
        if parent is None or self._raw is MISSING or not isinstance(self.key, str):
            return None
        return self._form.key_span(parent._raw, self.key)

    @property
    def span(self) -> Span:
        """The span to show: a scalar's own text; for a collection its key, or else its first line."""
        node = self._written
        form = node._form
        extent = form.extent(node._raw)
        if not isinstance(node._open(), (dict, list)):
            return extent
        key = node.key_span
        if key is not None and form.source(node._raw) is None:
            return key
        if extent.line == extent.end_line:
            return extent
        first = (form.source(node._raw) or node._document).line(extent.line)
        return Span(extent.line, extent.column, extent.line, max(len(first.rstrip()), extent.column) + 1)

    @property
    def location(self) -> Location:
        """The place to show."""
        return Location(self.source, self.span)

    @property
    def via(self) -> tuple[tuple[str, Location], ...]:
        """The places the value passed through before it came here, each with its label."""
        node = self._written
        return node._form.via(node._raw)

    @property
    def derived(self) -> bool:
        """True for a value that stands in a text of another language: a fix must not be written there."""
        return getattr(self._written._form, "derived", False)
