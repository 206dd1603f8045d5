"""A value with its place: what rules read, whether it came from YAML, a rendered chart or Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from opslint.model.cached import assumed
from opslint.model.form import UNREAD, Form, Scalar, Undecided, Unknown
from opslint.model.placed import MISSING, Placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opslint.model.source import Source

__all__ = ["Form", "Node", "Scalar", "Undecided", "Unknown", "text_of"]

NO_KIDS: Final[dict[str | int, Node]] = {}  # of every scalar and of what is missing: never written to
_LETTERS: Final = frozenset("abcdefghjklmopqrstuvwxyz")  # that no number begins with: inf and nan are numbers
_new: Final = object.__new__


def text_of(value: object) -> str:
    """Return a plain scalar as text, "" for everything else. Booleans are `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else ""


class Node(Placed):
    """A value and its place.

    Indexing never raises on a miss: a missing node stands at its nearest existing parent and keeps the full path.
    Presence is not truth, so `bool(node)` and `node == x` raise TypeError: ask `.present`, `.text`, `.number`,
    `.is_true`. Reading the value of an unknown raises `Undecided`; `.known` looks first.
    """

    __slots__ = ("_kids", "_value")

    def __init__(
        self, document: Source, raw: object, form: Form, parent: Node | None = None, key: str | int = ""
    ) -> None:
        self._document, self._raw, self._form = document, raw, form
        self.parent, self.key = parent, key
        self._value: object = UNREAD
        self._kids: dict[str | int, Node] | None = None

    @property
    def raw(self) -> Any:
        """The reader's own value behind it: for readers, not for rules."""
        return None if self._raw is MISSING else self._raw

    def seen_through(self, form: Form) -> Node:
        """Return the value as a root of its own that another form reads."""
        return Node(self._written._document, self._raw, form)

    @property
    def form(self) -> Form:
        """What reads it."""
        return self._form if self._raw is not MISSING else self._written._form

    # -- presence and shape
    def _open(self) -> object:
        value = self._value
        if value is UNREAD:
            raw, form = self._raw, self._form
            if raw is MISSING:
                value = MISSING
            else:
                fill: Callable[[Node, Any], object] | None = getattr(form, "fill", None)
                value = UNREAD if fill is None else fill(self, raw)
                if value is UNREAD:
                    value = form.open(raw)
            self._value = value
        return value

    def _made(self, children: Iterable[tuple[str | int, Any]]) -> dict[str | int, Node]:
        """Make the nodes of all children, each given by its key and its raw value."""
        kids: dict[str | int, Node] = {}
        document, form = self._document, self._form
        for key, raw in children:
            # Not by calling the class, which takes twice as long.
            kids[key] = kid = _new(Node)
            kid._document, kid._raw, kid._form = document, raw, form
            kid.parent, kid.key = self, key
            kid._value, kid._kids = UNREAD, None
        self._kids = kids
        return kids

    @property
    def present(self) -> bool:
        """True when the value is written (a null counts as absent, as it does to Kubernetes and Terraform)."""
        value = self._value
        if value is UNREAD:
            value = self._open()
        return value is not MISSING and value is not None

    @property
    def exists(self) -> bool:
        """True when the key is written, be it with a null."""
        return self._raw is not MISSING

    @property
    def known(self) -> bool:
        """False when only a cluster or an apply could tell the value."""
        value = self._value
        return not isinstance(self._open() if value is UNREAD else value, Unknown)

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
        if value is UNREAD:
            value = self._open()
        if isinstance(value, Unknown):
            raise Undecided(self)
        return value

    @property
    def is_map(self) -> bool:
        """True for a mapping."""
        value = self._value
        return value.__class__ is dict or isinstance(self._decided(), dict)

    @property
    def is_list(self) -> bool:
        """True for a sequence."""
        value = self._value
        return value.__class__ is list or isinstance(self._decided(), list)

    @property
    def is_scalar(self) -> bool:
        """True for a present scalar."""
        value = self._decided()
        return value is not MISSING and value is not None and not isinstance(value, (dict, list))

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
        value = self._value
        if value is UNREAD:
            value = self._open()
        if value.__class__ is str:
            return value
        if isinstance(value, Unknown):
            raise Undecided(self)
        return text_of(value)

    @property
    def number(self) -> int | float | None:
        """The number; a string of digits counts (Terraform converts it); None for everything else."""
        value = self.value
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, str):
            if value[:1] in _LETTERS:
                return None  # a name: most texts are such, and an exception costs more than all the rest
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
            kids = self._kids  # a form may have given all at once
        if kids is None:
            if isinstance(value, dict):
                return self._made(value.items())
            if isinstance(value, list):
                return self._made(enumerate(value))
            kids = self._kids = NO_KIDS
        return kids

    def __getitem__(self, key: str | int) -> Node:
        kids = self._kids
        if kids is None:
            kids = self._children()
        found = kids.get(key)
        if found is not None:
            return found
        missing = _new(Absent)
        missing.parent, missing.key = self, key
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
        kids = self._kids
        if kids is None:
            kids = self._children()
        if not isinstance(self._value, dict):
            return iter(())
        return cast("Iterator[tuple[str, Node]]", iter(kids.items()))  # keys of maps are texts

    def __iter__(self) -> Iterator[Node]:
        """Yield the items of a list; nothing for any other shape."""
        kids = self._kids
        if kids is None:
            kids = self._children()
        return iter(kids.values() if isinstance(self._value, list) else ())

    def __len__(self) -> int:
        return len(self._children())

    def __contains__(self, key: object) -> bool:
        return key in self._children()

    def texts(self) -> list[str]:
        """Return the scalar items of a list as texts; a lone scalar counts as a list of one."""
        if self.is_list:
            found: list[str] = []
            for item in self._children().values():
                value = item._value
                if value.__class__ is str:
                    found.append(value)
                elif item.is_scalar:
                    found.append(item.text)
            return found
        return [self.text] if self.is_scalar else []

    def plain(self) -> Any:
        """Return plain dicts, lists and scalars; unknown parts stay `Unknown`."""
        whole: Callable[[Any], Any] | None = getattr(self._form, "plain", None) if self._raw is not MISSING else None
        if whole is not None:  # a form without unknown values
            return whole(self._raw)
        made: list[Any] = [None]
        form = self._form
        # Not by recursion: documents nest 500 deep. Where no Node was made yet, none is made for this.
        stack: list[tuple[object, Any, str | int]] = [(self, made, 0)]
        while stack:
            one, holder, key = stack.pop()
            if isinstance(one, Node):
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
                holder[key] = None if value is MISSING else value
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
        assumed.append(self)
        self._kids = None
        self._value = MISSING if raw is None else self._form.open(raw)

    def unassume(self) -> None:
        """Read the node as it is written again."""
        assumed.pop()
        self._kids, self._value = None, UNREAD

    def through(self, wrap: Callable[[Form], Form]) -> Node:
        """Return the node as the root of a document whose values are seen through another form."""
        node = self._written
        return Node(node._document, self._raw, wrap(node._form))

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


class Absent(Node):
    """What stands where nothing is written: most of what rules ask for, so its answers are constants."""

    __slots__ = ()

    _raw = _value = MISSING
    _kids = NO_KIDS
    present = exists = is_map = is_list = is_scalar = is_true = is_false = False
    known = True
    unknown = value = number = None
    why = text = ""

    def __init__(self, parent: Node, key: str | int) -> None:
        self.parent, self.key = parent, key

    def __getitem__(self, key: str | int) -> Node:
        missing = _new(Absent)
        missing.parent, missing.key = self, key
        return missing

    def plain(self) -> Any:
        """Return None."""
        return None
