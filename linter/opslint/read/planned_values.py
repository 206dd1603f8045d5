"""The values of a plan with the places of the arguments that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from opslint.model.node import Unknown
from opslint.read import hcl
from opslint.read.evaluate.form import HclForm, Raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opslint.model.source import Source
    from opslint.model.terraform import RootModule
    from opslint.read.evaluate.form import Place
    from opslint.read.evaluate.scope import Origin
    from opslint.read.evaluate.trace import Hop

_DEPTH: Final = 200


class PlanForm(HclForm):
    """How values are seen that stand in the plan itself: there is nothing to edit in it."""

    __slots__ = ()
    derived: ClassVar[bool] = True


class JsonPlace(Raw):
    """A value of the plan's own text: it only says where things stand."""

    __slots__ = ("_node", "_source")

    def __init__(self, source: Source, node: Any) -> None:
        self._source, self._node = source, node

    def open(self) -> object:
        """Return the members; a scalar is never read from here."""
        kind = self._node[0]
        if kind == hcl.OBJ:
            return {key[3]: JsonPlace(self._source, value) for key, value in self._node[3]}
        if kind == hcl.TUP:
            return [JsonPlace(self._source, value) for value in self._node[3]]
        return None

    def place(self) -> Place:
        """Return the text of the value; of an object or list its first character, lest one line be all of the plan."""
        end = self._node[1] + 1 if self._node[0] in {hcl.OBJ, hcl.TUP} else self._node[2]
        return self._source, self._node[1], end

    def key_place(self, key: str) -> Place | None:
        """Return the text of a key."""
        if self._node[0] == hcl.OBJ:
            for name, _ in reversed(self._node[3]):
                if name[3] == key:
                    return self._source, name[1], name[2]
        return None


class Ground:
    """What all values of one resource share: where to stand without a place, and what its configuration names."""

    __slots__ = ("address", "place", "references", "root", "static")

    def __init__(
        self, address: str, place: Place, root: RootModule | None, *, static: bool, references: Mapping[str, str]
    ) -> None:
        self.address, self.place, self.root, self.static, self.references = address, place, root, static, references


class PlannedValue(Raw):
    """A value of the plan.

    `beside` is the same value as the files have it (its place is theirs), or its place in the plan. What is unknown
    until the apply keeps the reason that the files give; what is sensitive is never taken from the plan.
    """

    __slots__ = ("_at", "_beside", "_ground", "_path", "_sensitive", "_unknown", "_value")

    def __init__(
        self,
        ground: Ground,
        value: Any,
        unknown: Any,
        sensitive: Any,
        beside: Raw | None,
        *,
        at: Place | None = None,
        path: tuple[str | int, ...] = (),
    ) -> None:
        self._ground, self._value, self._unknown, self._sensitive = ground, value, unknown, sensitive
        self._beside, self._at, self._path = beside, at or ground.place, path

    def open(self) -> object:
        """Return the members, the scalar, or Unknown."""
        if self._sensitive is True:
            return self._from_files(f"{self._name()} is sensitive")
        if self._unknown is True:
            return self._until_apply()
        if len(self._path) > _DEPTH:
            return Unknown("a value nested too deeply")
        value, unknown = self._value, self._unknown
        if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and _holds_true(unknown)):
            return self._entries(value or {}, unknown if isinstance(unknown, dict) else {})
        if isinstance(value, list):
            return self._items(value)
        return value

    def _from_files(self, why: str) -> object:
        """Return what the files say, which is no secret to those who read them; Unknown when they do not say it."""
        value = self._beside.open() if self._beside is not None and self._ground.static else None
        if value is None:
            return Unknown(why)
        return value

    def _until_apply(self) -> Unknown:
        root = self._ground.root
        if root is not None:
            root.unknown_arguments += 1
        value = self._beside.open() if self._beside is not None and self._ground.static else None
        if isinstance(value, Unknown) and not value.either:
            return value
        first = next((str(key) for key in self._path), "")
        return Unknown(self._ground.references.get(first) or f"{self._name()} is known after apply")

    def _name(self) -> str:
        return ".".join([self._ground.address, *map(str, self._path)])

    def _entries(self, value: dict[str, Any], unknown: Mapping[str, Any]) -> dict[str, Raw]:
        beside = self._beside.open() if self._beside is not None else None
        written = beside if isinstance(beside, dict) else {}
        out: dict[str, Raw] = {}
        for key in dict.fromkeys((*value, *unknown)):
            item, open_ = value.get(key), unknown.get(key)
            # Terraform lists every argument: those that nobody wrote are null, and blocks that are not there are [].
            absent = item is None or (item == [] and not (self._ground.static and key in written))
            if absent and not _holds_true(open_):
                continue
            same = written.get(key)
            out[key] = self._child(key, item, open_, same if isinstance(same, Raw) else None)
        return out

    def _items(self, value: list[Any]) -> list[Raw]:
        beside = self._beside.open() if self._beside is not None else None
        besides: list[Any] = beside if isinstance(beside, list) else []
        unknown = self._unknown if isinstance(self._unknown, list) else []
        scalars = {_key(one): one for one in besides} if self._ground.static else {}
        out: list[Raw] = []
        for number, item in enumerate(value):
            same: Any = besides[number] if len(besides) == len(value) else None
            if self._ground.static and not isinstance(item, (dict, list)):
                same = scalars.get((type(item).__name__, item), same)  # the members of a set are in another order
            open_ = unknown[number] if number < len(unknown) else None
            out.append(self._child(number, item, open_, same if isinstance(same, Raw) else None))
        return out

    def _child(self, key: str | int, item: Any, unknown: Any, beside: Raw | None) -> PlannedValue:
        marks = self._sensitive
        sensitive: Any = None
        if isinstance(marks, dict):
            sensitive = marks.get(key)
        elif isinstance(marks, list) and isinstance(key, int) and key < len(marks):
            sensitive = marks[key]
        return PlannedValue(self._ground, item, unknown, sensitive, beside, at=self.place(), path=(*self._path, key))

    @property
    def origin(self) -> Origin | None:
        """The expression in the files."""
        return self._beside.origin if self._beside is not None else None

    def place(self) -> Place:
        """Return the text of the value in the files, else that of what it is in."""
        return self._beside.place() if self._beside is not None else self._at

    def key_place(self, key: str) -> Place | None:
        """Return the text of a key."""
        return self._beside.key_place(key) if self._beside is not None else None

    def hops(self) -> tuple[Hop, ...]:
        """Return the places the value passed through in the files."""
        return self._beside.hops() if self._beside is not None else ()


def _key(raw: Any) -> tuple[str, object]:
    value = raw.open() if isinstance(raw, Raw) else None
    return (type(value).__name__, value if isinstance(value, (str, int, float)) else None)


def _holds_true(marks: Any) -> bool:
    """Return whether anything is marked."""
    stack = [marks]
    while stack:
        one = stack.pop()
        if one is True:
            return True
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return False


__all__ = ["Ground", "JsonPlace", "PlanForm", "PlannedValue"]
