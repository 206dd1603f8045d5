"""Composed YAML nodes seen as `opslint.model.node.Node`s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.form import UNREAD
from opslint.model.node import NO_KIDS, Node
from opslint.model.patterns import regex
from opslint.model.source import Span
from opslint.read.scalars import FIRST, plain_scalar, tagged_scalar

if TYPE_CHECKING:
    from opslint.model.source import Location, Source

_PROPERTIES: Final = regex(r"(?:[&!]\S*(?:\s+|\Z))+")
_new: Final = object.__new__
_COMPLEX_KEY: Final = 80  # characters kept of a key that is itself a collection


class YamlForm:
    """The `Form` of composed YAML nodes: values are resolved, and merge keys applied, when a node is first opened.

    `untagged` is what nodes without a tag have as theirs.

    Keys that are not strings are kept as they are written. An aliased value stands where its anchor is.
    `first_line` is the 0-based line of the source at which the composed text began, `first_offset` its code-point
    offset. `by_offset` is for texts with line breaks that only YAML knows (a lone CR, NEL, LS, PS).
    """

    __slots__ = ("_by_offset", "_first_line", "_first_offset", "_source", "untagged")

    def __init__(
        self,
        source: Source,
        untagged: object,
        first_line: int = 0,
        first_offset: int = 0,
        *,
        by_offset: bool = False,
    ) -> None:
        self._source, self.untagged = source, untagged
        self._first_line, self._first_offset, self._by_offset = first_line, first_offset, by_offset

    @property
    def begins(self) -> tuple[int, int, bool]:
        """Where the composed text began, and whether places are told by offset."""
        return self._first_line, self._first_offset, self._by_offset

    def offset(self, raw: Any) -> int:
        """Return the code-point offset at which a value begins, with its anchor and tag."""
        return self._first_offset + int(raw.start_mark.index)

    def open(self, raw: Any) -> object:
        """Return the value: dict, list or scalar."""
        kind = raw.id
        if kind == "scalar":
            if raw.ctag is self.untagged:
                return raw.value if raw.style else plain_scalar(raw.value)
            return tagged_scalar(str(raw.ctag), raw.value)
        if kind == "sequence":
            return raw.value
        return self._entries(raw)

    def fill(self, node: Node, raw: Any) -> object:
        """Make the children of a collection, and open those that are scalars, and return its value; UNREAD for others.

        What stands in a list is opened with it, for whoever asks for a list goes through it. All of it in one loop,
        which knows what a `Node` is made of: each node of a document comes by here.
        """
        if raw.id == "scalar":
            return UNREAD
        document, untagged = node._document, self.untagged  # noqa: SLF001 - here and below, as said
        waiting: list[tuple[Node, Any]] = [(node, raw)]
        for parent, inner in waiting:
            of_map = inner.id == "mapping"
            kids: dict[str | int, Node] = {}
            pairs: Any = inner.value if of_map else enumerate(inner.value)
            for key, child in pairs:
                name = key
                if of_map:
                    name = key.value
                    if name.__class__ is not str or name == "<<":  # the value of a key that is a collection is a list
                        break
                kids[name] = kid = _new(Node)
                kid._document, kid._raw, kid._form = document, child, self  # noqa: SLF001
                kid.parent, kid.key = parent, name
                text = child.value
                if text.__class__ is str and child.ctag is untagged:
                    value = text if child.style or (text and text[0] not in FIRST) else plain_scalar(text)
                    kid._value, kid._kids = value, NO_KIDS  # noqa: SLF001
                    continue
                kid._value, kid._kids = UNREAD, None  # noqa: SLF001
                if not of_map and text.__class__ is list:
                    waiting.append((kid, child))
            else:
                parent._kids = kids  # noqa: SLF001
                parent._value = kids if of_map else list(kids.values())  # noqa: SLF001
        return node._value  # noqa: SLF001

    def plain(self, raw: Any) -> Any:
        """Return plain dicts, lists and scalars of the whole value at once: half of what opening each node costs."""
        kind = raw.id
        if kind == "scalar":
            if raw.ctag is self.untagged:
                return raw.value if raw.style else plain_scalar(raw.value)
            return tagged_scalar(str(raw.ctag), raw.value)
        # Loops and no comprehensions: those would take a second frame for each of 500 levels. Most values are plain
        # texts, which need no call.
        untagged = self.untagged
        if kind == "sequence":
            items: list[Any] = []
            for item in raw.value:
                if item.id == "scalar" and item.ctag is untagged:
                    items.append(item.value if item.style else plain_scalar(item.value))
                else:
                    items.append(self.plain(item))
            return items
        made: dict[str, Any] = {}
        for key, value in self._entries(raw).items():
            if value.id == "scalar" and value.ctag is untagged:
                text = value.value
                made[key] = text if value.style or (text and text[0] not in FIRST) else plain_scalar(text)
            else:
                made[key] = self.plain(value)
        return made

    def _entries(self, raw: Any) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for key, value in raw.value:
            text = key.value
            if key.id != "scalar" or text == "<<":
                return self._merged(raw)
            entries[text] = value
        return entries

    def _merged(self, raw: Any) -> dict[str, Any]:
        """The entries of a mapping with merge keys, or with keys that are collections."""
        entries: dict[str, Any] = {}
        merged: list[Any] = []
        for key, value in raw.value:
            text = key.value
            if text == "<<" and not key.style:
                merged.append(value)
            else:
                entries[text if key.id == "scalar" else self._key_text(key)] = value
        for value in merged:
            for part in value.value if value.id == "sequence" else (value,):
                if part.id == "mapping":
                    for text, item in self._entries(part).items():
                        entries.setdefault(text, item)
        return entries

    def _key_text(self, key: Any) -> str:
        if key.id == "scalar":
            return str(key.value)
        span = self.extent(key)
        source = self._source
        text = source.text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]
        return text[:_COMPLEX_KEY]

    def extent(self, raw: Any) -> Span:
        """Return the span of the value's own text, without its anchor and tag, and without blank lines after it."""
        start, end = raw.start_mark, _last(raw).end_mark
        source, line = self._source, self._first_line + 1
        if self._by_offset:
            span = source.span(start.index + self._first_offset, end.index + self._first_offset)
        else:
            span = Span(start.line + line, start.column + 1, end.line + line, end.column + 1)
        at = source.offset(span.line, span.column)
        if source.text[at : at + 1] in {"&", "!"} or span.end_column == 1 or raw.id != "scalar":
            # The mark of a missing value after `?` may stand in front of its mapping.
            return self._trimmed(at, max(source.offset(span.end_line, span.end_column), at))
        return span

    def _trimmed(self, start: int, end: int) -> Span:
        text = self._source.text
        properties = _PROPERTIES.match(text, start, end) if text[start : start + 1] in {"&", "!"} else None
        if properties is not None:
            start = properties.end()
        while end > start and text[end - 1].isspace():
            end -= 1
        return self._source.span(start, end)

    def key_span(self, raw: Any, key: str) -> Span | None:
        """Return the span of the last key of that text, None for a key that a merge brought."""
        if raw.id == "mapping":
            for node, _ in reversed(raw.value):
                if self._key_text(node) == key and not (key == "<<" and not node.style):
                    return self.extent(node)
        return None

    def source(self, raw: Any) -> Source | None:  # noqa: ARG002
        """Return None: a YAML value stands in its document's own text."""
        return None

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:  # noqa: ARG002
        """Return (): a YAML value passes through nothing."""
        return ()


def _last(raw: Any) -> Any:
    """Return the node at which the text of `raw` ends.

    A block collection's own end mark stands at the next token, behind comments that belong to what follows.
    """
    node = raw
    while node.id != "scalar" and node.value and not node.flow_style:
        before, last = node.value[-1] if node.id == "mapping" else (node, node.value[-1])
        first = before.end_mark.index if before is not node else node.start_mark.index
        if last.start_mark.index < first or (node.id == "sequence" and any(last is one for one in node.value[:-1])):
            return node  # an alias, which stands elsewhere
        node = last
    return node
