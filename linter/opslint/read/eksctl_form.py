"""How values of a YAML file are seen under the names that another language has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from opslint.model.node import Node, Unknown
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.source import Location, Source, Span


class Made(NamedTuple):
    """A value that the file does not have in this form: a map or list of such values and nodes, a scalar, an Unknown.

    `at` is the node that it stands at.
    """

    content: object
    at: Node


Value: TypeAlias = Node | Made
RELEASE: Final = Unknown("the release of eksctl")
"""What a default is that has changed from one release to the next."""


class EksctlForm:
    """The form of values that are nodes of the file, or made of some."""

    __slots__ = ("_document",)
    derived: ClassVar[bool] = True  # fixes are written for the other language: none may be written into the file

    def __init__(self, document: Source) -> None:
        self._document = document

    def open(self, raw: Node | Made) -> object:
        """Return the value."""
        if isinstance(raw, Made):
            return raw.content
        if raw.unknown is not None:
            return Unknown(raw.why)
        if raw.is_map:
            return dict(raw.items())
        return list(raw) if raw.is_list else raw.value

    def extent(self, raw: Node | Made) -> Span:
        """Return the span of the node it stands at."""
        return _node(raw).extent

    def key_span(self, raw: Node | Made, key: str) -> Span | None:
        """Return the key in front of a node of the file."""
        if isinstance(raw, Node):
            return raw[key].key_span
        child = raw.content.get(key) if isinstance(raw.content, dict) else None
        return child.key_span if isinstance(child, Node) else None

    def source(self, raw: Node | Made) -> Source | None:
        """Return its text when it is not the document's."""
        source = _node(raw).source
        return None if source is self._document else source

    def via(self, _raw: Node | Made) -> tuple[tuple[str, Location], ...]:
        """Return no place: what is made is made of one."""
        return ()


def _node(raw: Node | Made) -> Node:
    return raw.at if isinstance(raw, Made) else raw


def entries(node: Node) -> Iterator[Node]:
    """Yield the maps of a list; whatever else stands in it is not eksctl's."""
    yield from (item for item in node if item.is_map)


def given(node: Node) -> Node | None:
    """Return a node that is written, None for one that is not."""
    return node if node.present else None


def stand(entry: Node, key: str = "name") -> Node:
    """Return the value that stands for an entry: its name, else the whole of it."""
    return entry[key] if entry[key].present else entry


def nested(node: Node, **names: str) -> Made | None:
    """Return a nested block of these keys of a map, None where the map is not written."""
    if not node.present or not node.is_map:
        return None
    content = {name: node[key] for name, key in names.items() if node[key].present}
    return Made([Made(content, node)], node)
