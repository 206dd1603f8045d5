"""Terraform's blocks and values seen through `Node`s: evaluated when opened, each with its place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from opslint.model.node import Unknown
from opslint.model.source import Location, Source, Span
from opslint.read import hcl
from opslint.read.evaluate.limits import deep_recursion
from opslint.read.evaluate.trace import Hop, Way, descend, follow, references
from opslint.read.evaluate.values import TOO_LARGE, Concealed, EvalError, Handle, TypedSet, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from opslint.model.terraform import RootModule
    from opslint.read.evaluate.scope import Origin

Place: TypeAlias = tuple[Source, int, int]
_MEMBERS: Final = 20_000  # nodes under one argument


class Ground:
    """What all values of one block share: the place to fall back on, and where unknown arguments are counted."""

    __slots__ = ("place", "root")

    def __init__(self, place: Place, root: RootModule | None) -> None:
        self.place, self.root = place, root


class Raw(ABC):
    """A value of the tree that `HclForm` reads."""

    __slots__ = ()

    @property
    def origin(self) -> Origin | None:
        """The expression, None for a value that no single expression has."""
        return None

    @abstractmethod
    def open(self) -> object:
        """Return a dict or list of raw values, a scalar, or Unknown."""

    @abstractmethod
    def place(self) -> Place:
        """Return the text of the value."""

    def key_place(self, _key: str) -> Place | None:
        """Return the text of a key."""
        return None

    def hops(self) -> tuple[Hop, ...]:
        """Return the places the value passed through."""
        return ()


class HclForm:
    """One for each text: its nodes stand there unless their raw value says otherwise."""

    __slots__ = ("_document",)
    entries: ClassVar[None] = None  # values are evaluated one by one

    def __init__(self, document: Source) -> None:
        self._document = document

    def open(self, raw: Any) -> object:
        """Return the value."""
        if raw is None:  # an alternative in which the value is absent
            return None
        with deep_recursion():
            try:
                return raw.open()
            except RecursionError:
                return Unknown("an expression nested too deeply")

    def extent(self, raw: Any) -> Span:
        """Return the span of the value's text."""
        place: Place = raw.place()
        return place[0].span(place[1], place[2])

    def key_span(self, raw: Any, key: str) -> Span | None:
        """Return the span of a key."""
        found = raw.key_place(key)
        if found is None or found[0] is not self._document:
            return None
        return found[0].span(found[1], found[2])

    def source(self, raw: Any) -> Source | None:
        """Return the text of the value when it is not the block's."""
        source = raw.place()[0]
        return None if source is self._document else source

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:
        """Return the places the value passed through."""
        with deep_recursion():
            try:
                hops = raw.hops()
            except RecursionError:
                return ()
        return tuple((hop.label, Location(hop.source, hop.source.span(hop.start, hop.end))) for hop in hops)


_UNREAD: Final = object()


class Cell(Raw):
    """The value of an expression, or a member of one.

    `at` is its place when it is not its expression's, `passed` the places between that and the expression. A member has
    its value at once; where it stands is looked for when somebody asks, which is seldom.
    """

    __slots__ = ("_at", "_ground", "_member_of", "_origin", "_passed", "_tally", "_value", "_way")

    def __init__(
        self,
        ground: Ground,
        origin: Origin | None,
        value: Value = _UNREAD,
        at: Place | None = None,
        *,
        passed: tuple[Hop, ...] = (),
        tally: list[int] | None = None,
    ) -> None:
        self._ground, self._origin, self._value, self._at, self._passed = ground, origin, value, at, passed
        self._tally = tally
        self._way: Way | None = None
        self._member_of: tuple[Cell, str | int] | None = None  # until its place was looked for

    @property
    def origin(self) -> Origin | None:
        """The expression, None for a member that the text does not show."""
        self._find()
        return self._origin

    def at(self, origin: Origin) -> Cell:
        """Return the value of another expression of the same block."""
        return Cell(self._ground, origin)

    def again(self) -> Cell:
        """Return a cell of the same expression, opened on its own: what is worked out is worked out once."""
        cell = Cell(self._ground, self._origin, self._value, self._at, passed=self._passed)
        cell._way, cell._member_of = self._way, self._member_of
        return cell

    def _follow(self) -> Way | None:
        self._find()
        if self._way is None and self._origin is not None:
            self._way = follow(self._origin)
        return self._way

    def open(self) -> object:
        """Evaluate."""
        first = self._tally is None
        if first:
            self._tally = [0]
        value = self._evaluated()
        if isinstance(value, Handle):
            value = Unknown(value.address)
        if isinstance(value, Unknown):
            if first and self._ground.root is not None:
                self._ground.root.unknown_arguments += 1
            return self._undecided(value)
        if isinstance(value, dict):
            return {key: self._member(key, item) for key, item in value.items()} if self._room(value) else _TOO_LARGE
        if isinstance(value, list):
            if not self._room(value):
                return _TOO_LARGE
            # The members of a set are sorted: their texts find them again in the literal.
            keys = value if isinstance(value, TypedSet) else range(len(value))
            return [
                self._member(key if isinstance(key, str) else i, item)
                for i, (key, item) in enumerate(zip(keys, value, strict=True))
            ]
        return plain_scalar(value)

    def _evaluated(self) -> Value:
        if self._value is _UNREAD:
            try:
                self._value = None if self._origin is None else self._origin.value()
            except EvalError as error:
                self._value = Unknown(f"error: {error}")
        return self._value

    def _room(self, value: Value) -> bool:
        tally = self._tally if self._tally is not None else [0]
        tally[0] += len(value)
        return tally[0] <= _MEMBERS

    def _undecided(self, value: Unknown) -> Unknown:
        """Give the alternatives of a conditional as raw values, each at its own branch where the text shows it."""
        if isinstance(value, Concealed) or not value.either:
            return Unknown(value.why, value.parts)
        way = self._follow()
        branches: Sequence[Any] = ()
        if way is not None and way.origin.node[0] == hcl.COND and len(value.either) == 2:
            branches = way.origin.node[4:6]
        cells = []
        for number, item in enumerate(value.either):
            origin = way.origin._replace(node=branches[number]) if way is not None and branches else self._origin
            inside = way is not None and not way.hops and bool(branches) and self._at is None
            at = None if inside else self.place()
            cells.append(Cell(self._ground, origin, item, at, passed=self._passed, tally=self._tally))
        return Unknown(value.why, either=tuple(cells))

    def _member(self, key: str | int, value: Value) -> Cell:
        member = Cell(self._ground, None, value, tally=self._tally)
        member._member_of = self, key
        return member

    def _find(self) -> None:
        """Find out where a member stands, and what it passed through."""
        if self._member_of is None:
            return
        whole, key = self._member_of
        with deep_recursion():
            try:
                self._stand(whole, key)
            except RecursionError:
                self._origin, self._at, self._passed = None, self._ground.place, ()
        self._member_of = None

    def _stand(self, whole: Cell, key: str | int) -> None:
        way = whole._follow()
        found = None if way is None else descend(way.origin, key)
        if way is None or found is None:
            self._at, self._passed = whole.place(), whole._all_hops()
            return
        self._origin, hops = found.origin, way.hops + found.hops
        if not hops and whole._at is None:
            return
        node = found.origin.node
        # The last place on the way is the member itself.
        passed = whole._passed + hops
        if passed and passed[-1].source is found.origin.source:
            passed = (*passed[:-1], Hop(passed[-1].label, found.origin.source, node[1], node[2]))
        self._at, self._passed = whole.place(), passed

    def _all_hops(self) -> tuple[Hop, ...]:
        way = self._follow()
        return self._passed + (way.hops if way is not None else ())

    def place(self) -> Place:
        """Return its text; what stands in a third party's module is placed at what supplies it here."""
        self._find()
        if self._at is not None:
            return self._at
        origin = self._origin
        if origin is None:
            return self._ground.place
        if not origin.source.vendored:
            return origin.source, origin.node[1], origin.node[2]
        way = self._follow()
        for hop in way.hops if way is not None else ():
            if not hop.source.vendored:
                return hop.source, hop.start, hop.end
        return self._ground.place

    def key_place(self, key: str) -> Place | None:
        """Return the key of an object literal that stands here."""
        way = self._follow()
        if way is None or way.hops or self._at is not None:
            return None
        found = descend(way.origin, key)
        if found is None or found.key is None or found.hops or found.origin.source.vendored:
            return None
        return found.origin.source, found.key[1], found.key[2]

    def hops(self) -> tuple[Hop, ...]:
        """Return the places it passed through, or those of the names it is computed from."""
        found = self._all_hops()
        if not found and self._origin is not None:
            way = self._follow()
            found = references(way.origin if way is not None else self._origin)
        here = self.place()
        return tuple(hop for hop in found if (hop.source, hop.start, hop.end) != here)


_TOO_LARGE: Final = Unknown(TOO_LARGE)


def plain_scalar(value: Any) -> object:
    """Return a number as int or float, every other scalar as it is."""
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    number: Decimal = value
    return float(number)


class Made(Raw):
    """A value that no expression of the text has: a default of a module, a merged map."""

    __slots__ = ("_at", "_content", "_hops", "_keys")

    def __init__(
        self,
        content: object,
        at: Place,
        hops: tuple[Hop, ...] = (),
        keys: Mapping[str, Place] | None = None,
    ) -> None:
        self._content, self._at, self._hops, self._keys = content, at, hops, keys or {}

    def open(self) -> object:
        """Return the content, its plain members made raw."""
        content = self._content
        if isinstance(content, dict):
            return {key: self._child(item) for key, item in content.items()}
        if isinstance(content, (list, tuple)):
            return [self._child(item) for item in content]
        if isinstance(content, Handle):
            return Unknown(content.address)
        return content if isinstance(content, Unknown) else plain_scalar(content)

    def _child(self, item: object) -> Raw:
        return item if isinstance(item, Raw) else Made(item, self._at, self._hops)

    def place(self) -> Place:
        """Return the place it was given."""
        return self._at

    def key_place(self, key: str) -> Place | None:
        """Return the place given for a key."""
        return self._keys.get(key)

    def hops(self) -> tuple[Hop, ...]:
        """Return the places it was given."""
        return self._hops
