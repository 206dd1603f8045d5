"""A value with its place: what rules read, whether it came from YAML, a rendered chart or Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from opslint.model.source import Location, Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Scalar: TypeAlias = str | int | float | bool | None


class Undecided(Exception):  # noqa: N818 - control flow: "this cannot be told from the files"
    """Raised when a rule reads a value that only a cluster or an apply could tell."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.why)
        self.node = node


class Unknown:
    """A value that cannot be told from the files.

    `why` names the cause (`var.x`, `data.aws_vpc.this`), `parts` keeps the known pieces (str) of a template between
    unknown ones (Unknown), `either` the alternatives it must be one of.
    """

    __slots__ = ("either", "parts", "why")

    def __init__(self, why: str = "", parts: tuple[object, ...] = (), either: tuple[object, ...] = ()) -> None:
        self.why, self.parts, self.either = why, parts, either

    def __repr__(self) -> str:
        return f"Unknown({self.why!r})"


class Form(Protocol):
    """How a reader's own tree is seen through `Node`s: one instance serves a whole document."""

    def open(self, raw: Any) -> object:
        """Return the value.

        dict[str, raw child] for a map, list[raw child] for a list, a Scalar, or an `Unknown`. Called once per node.
        """
        ...

    def extent(self, raw: Any) -> Span:
        """Return the full span of the value's own text."""
        ...

    def key_span(self, raw: Any, key: str) -> Span | None:
        """Return the span of a key of the map `raw`, None when the text has no such key (a merge, a function)."""
        ...

    def source(self, raw: Any) -> Source | None:
        """Return the source of this value when it differs from the document's; None: the same."""
        ...

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:
        """Return the places the value passed through (variable, local, tfvars line), each with its label."""
        ...


_UNREAD: Final = object()
_MISSING: Final = object()
_NO_KIDS: Final[dict[str | int, Node]] = {}  # of every scalar and of what is missing: never written to


class Node:
    """A value and its place.

    Indexing never raises on a miss: a missing node stands at its nearest existing parent and keeps the full path.
    Presence is not truth, so `bool(node)` and `node == x` raise TypeError: ask `.present`, `.text`, `.number`,
    `.is_true`. Reading the value of an unknown raises `Undecided`; `.known` looks first.
    """

    __slots__ = ("_document", "_form", "_kids", "_raw", "_value", "key", "parent")

    def __init__(
        self, document: Source, raw: object, form: Form, parent: Node | None = None, key: str | int = ""
    ) -> None:
        self._document, self._raw, self._form = document, raw, form
        self.parent, self.key = parent, key
        self._value: object = _UNREAD
        self._kids: dict[str | int, Node] | None = None

    @property
    def raw(self) -> Any:
        """The reader's own value behind it: for readers, not for rules."""
        return None if self._raw is _MISSING else self._raw

    def seen_through(self, form: Form) -> Node:
        """Return the value as a root of its own that another form reads."""
        return Node(self._document, self._raw, form)

    @property
    def form(self) -> Form:
        """What reads it."""
        return self._form

    # -- presence and shape
    def _open(self) -> object:
        value = self._value
        if value is _UNREAD:
            value = self._value = _MISSING if self._raw is _MISSING else self._form.open(self._raw)
        return value

    @property
    def present(self) -> bool:
        """True when the value is written (a null counts as absent, as it does to Kubernetes and Terraform)."""
        value = self._value
        if value is _UNREAD:
            value = self._open()
        return value is not _MISSING and value is not None

    @property
    def exists(self) -> bool:
        """True when the key is written, be it with a null."""
        return self._raw is not _MISSING

    @property
    def known(self) -> bool:
        """False when only a cluster or an apply could tell the value."""
        value = self._value
        return not isinstance(self._open() if value is _UNREAD else value, Unknown)

    @property
    def unknown(self) -> Unknown | None:
        """The Unknown itself, None for a known value."""
        value = self._open()
        return value if isinstance(value, Unknown) else None

    @property
    def why(self) -> str:
        """Why the value is unknown, "" when it is known."""
        unknown = self.unknown
        return unknown.why if unknown else ""

    def _decided(self) -> object:
        value = self._value
        if value is _UNREAD:
            value = self._open()
        if isinstance(value, Unknown):
            raise Undecided(self)
        return value

    @property
    def is_map(self) -> bool:
        """True for a mapping."""
        return isinstance(self._decided(), dict)

    @property
    def is_list(self) -> bool:
        """True for a sequence."""
        return isinstance(self._decided(), list)

    @property
    def is_scalar(self) -> bool:
        """True for a present scalar."""
        value = self._decided()
        return value is not _MISSING and value is not None and not isinstance(value, (dict, list))

    # -- values
    @property
    def value(self) -> Scalar:
        """The scalar; None when absent or when a collection stands there."""
        value = self._decided()
        if isinstance(value, (str, int, float)):  # bool is an int
            return value
        return None

    @property
    def text(self) -> str:
        """The scalar as text; "" when absent or a collection. Booleans are `true` and `false`."""
        raw = self._value
        if type(raw) is str:
            return raw
        value = self.value
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    @property
    def number(self) -> int | float | None:
        """The number; a string of digits counts (Terraform converts it); None for everything else."""
        value = self.value
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, str):
            try:
                return int(value) if value.strip("-").isdigit() else float(value)
            except ValueError:
                return None
        return value

    @property
    def is_true(self) -> bool:
        """True for a literal true, or its string (Terraform converts it)."""
        value = self.value
        return value is True or value == "true"

    @property
    def is_false(self) -> bool:
        """True for a literal false, or its string; an absent value is neither."""
        value = self.value
        return value is False or value == "false"

    # -- children
    def _children(self) -> dict[str | int, Node]:
        kids = self._kids
        if kids is None:
            value = self._decided()
            document, form = self._document, self._form
            if isinstance(value, dict):
                kids = {key: Node(document, raw, form, self, key) for key, raw in value.items()}
            elif isinstance(value, list):
                kids = {i: Node(document, raw, form, self, i) for i, raw in enumerate(value)}
            else:
                kids = _NO_KIDS
            self._kids = kids
        return kids

    def __getitem__(self, key: str | int) -> Node:
        kids = self._kids
        found = (self._children() if kids is None else kids).get(key)
        if found is not None:
            return found
        missing = Node(self._document, _MISSING, self._form, self, key)
        missing._value, missing._kids = _MISSING, _NO_KIDS
        return missing

    def at(self, *keys: str | int) -> Node:
        """Return the node at a path of keys."""
        node = self
        for key in keys:
            node = node[key]
        return node

    def one(self, key: str | int) -> Node:
        """Return the map under `key`, or the first of a list there (a nested Terraform block is a list of maps)."""
        node = self[key]
        value = node._open()
        return node[0] if isinstance(value, list) and value else node

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the entries of a map in order; nothing for any other shape."""
        if not isinstance(self._decided(), dict):
            return iter(())
        return cast("Iterator[tuple[str, Node]]", iter(self._children().items()))  # keys of maps are texts

    def __iter__(self) -> Iterator[Node]:
        """Yield the items of a list; nothing for any other shape."""
        return iter(self._children().values() if isinstance(self._decided(), list) else ())

    def __len__(self) -> int:
        return len(self._children())

    def __contains__(self, key: object) -> bool:
        return key in self._children()

    def texts(self) -> list[str]:
        """Return the scalar items of a list as texts; a lone scalar counts as a list of one."""
        if self.is_list:
            return [item.text for item in self if item.is_scalar]
        return [self.text] if self.is_scalar else []

    def plain(self) -> Any:
        """Return plain dicts, lists and scalars; unknown parts stay `Unknown`."""
        whole: Callable[[Any], Any] | None = getattr(self._form, "plain", None)
        if whole is not None:  # a form without unknown values
            return None if self._raw is _MISSING else whole(self._raw)
        made: list[Any] = [None]
        form = self._form
        # Not by recursion: documents nest 500 deep. Where no Node was made yet, none is made for this.
        stack: list[tuple[object, Any, str | int]] = [(self, made, 0)]
        while stack:
            one, holder, key = stack.pop()
            if type(one) is Node:
                value = one._open()
                inner: dict[str | int, Any] | None = one._kids
            else:
                value, inner = form.open(one), None
            if isinstance(value, dict):
                filled: dict[str, Any] = dict.fromkeys(value)
                holder[key] = filled
                stack.extend((child, filled, str(name)) for name, child in (inner or value).items())
            elif isinstance(value, list):
                items: list[Any] = [None] * len(value)
                holder[key] = items
                stack.extend((child, items, at) for at, child in (enumerate(value) if not inner else inner.items()))
            else:
                holder[key] = None if value is _MISSING else value
        return made[0]

    def walk(self) -> Iterator[Node]:
        """Yield this node and everything under it, depth first; unknown parts are yielded, not entered."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            if node.known:
                stack.extend(reversed(node._children().values()))

    # -- alternatives
    def alternatives(self) -> tuple[object, ...]:
        """Return the raw values an undecided node must be one of, () when they are not known."""
        unknown = self.unknown
        return unknown.either if unknown else ()

    def assume(self, raw: object | None) -> None:
        """Read it as one of its `alternatives`, None for absent, until `unassume`: the engine's, not for rules."""
        self._kids = None
        self._value = _MISSING if raw is None else self._form.open(raw)

    def unassume(self) -> None:
        """Read the node as it is written again."""
        self._kids, self._value = None, _UNREAD

    def through(self, wrap: Callable[[Form], Form]) -> Node:
        """Return the node as the root of a document whose values are seen through another form."""
        return Node(self._document, self._raw, wrap(self._form))

    # -- places
    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys from the root to here."""
        keys: list[str | int] = []
        node = self
        while node.parent is not None:
            keys.append(node.key)
            node = node.parent
        return tuple(reversed(keys))

    @property
    def _written(self) -> Node:
        node = self
        while node._raw is _MISSING and node.parent is not None:
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
        if parent is None or self._raw is _MISSING or not isinstance(self.key, str):
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
        return getattr(self._form, "derived", False)

    # -- traps
    def __bool__(self) -> bool:
        message = "a Node has no truth value: ask .present, .is_true or .text"
        raise TypeError(message)

    def __eq__(self, other: object) -> bool:
        message = "Nodes do not compare: compare .text, .number or .value"
        raise TypeError(message)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<Node {'.'.join(map(str, self.path)) or '/'} at {self.source.path}:{self.extent.line}>"
