"""Virtual blocks: what a public module makes of the inputs of a call, as its table says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import FOR_EACH
from opslint.model.node import Node, Unknown
from opslint.model.records import NamedTuple
from opslint.model.report import Notice
from opslint.model.terraform import Block
from opslint.read.evaluate.collect import ground_place
from opslint.read.evaluate.form import Cell, Ground, HclForm, Made, Place, Raw
from opslint.read.evaluate.scope import Origin
from opslint.read.module_adapters import major_range
from opslint.read.module_formulas import COUNTS, FORMULAS
from opslint.read.modules import META

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opslint.model.terraform import ModuleCall, RootModule
    from opslint.read.evaluate.module import Declaration
    from opslint.read.evaluate.scope import Instance, Scope
    from opslint.read.module_adapters import Adapter


class Entry(NamedTuple):
    """One entry of the map that a resource of a table goes through."""

    key: str
    raw: Raw | None  # None: the map is unknown


class Inputs:
    """The inputs of one call, read as a table asks for them."""

    def __init__(
        self, adapter: Adapter, origins: Mapping[str, Origin], place: Place, majors: tuple[int, ...], root: RootModule
    ) -> None:
        self.adapter, self._origins, self.place, self.majors = adapter, origins, place, majors
        self._ground, self._root = Ground(place, root), root
        self._cells: dict[str, Cell] = {}

    def cell(self, name: str) -> Cell | None:
        """Return an input of the call, None when it is not given."""
        known = self._cells.get(name)
        if known is not None:
            return known.again()
        origin = self._origins.get(name)
        if origin is None:
            return None
        cell = self._cells[name] = Cell(self._ground, origin)
        return cell

    def given(self, names: str | list[str]) -> Cell | None:
        """Return the first of several inputs that the call gives."""
        for name in [names] if isinstance(names, str) else names:
            found = self.cell(name)
            if found is not None:
                return found
        return None

    def raw(self, spec: Mapping[str, Any], entry: Entry | None = None) -> Raw | None:
        """Return what a value of the table stands for, None for an argument that is absent."""
        holds = self.holds(spec["when"], entry) if "when" in spec else True
        if holds is not True:
            return None if holds is False else Made(Unknown(f"an input of {self.adapter.name}"), self.place)
        if "value" in spec:
            return Made(spec["value"], self.place)
        if "formula" in spec:
            return FORMULAS[spec["formula"]](self, spec, entry)
        if "merge" in spec:
            return self._merged(spec["merge"], entry)
        if spec.get("key"):
            key = entry.key if entry is not None else ""
            return Made(key or Unknown("each.key"), entry.raw.place() if entry and entry.raw else self.place)
        found = self._written(spec, entry)
        if found is None and spec.get("key_fallback") and entry is not None and entry.raw is not None:
            found = Made(entry.key, entry.raw.place())
        found = found if found is not None else self._default(spec)
        return _with_suffix(found, spec["suffix"]) if found is not None and "suffix" in spec else found

    def _written(self, spec: Mapping[str, Any], entry: Entry | None) -> Raw | None:
        if "member" in spec and entry is not None and entry.raw is None:
            return Made(Unknown("each.value"), self.place)
        holders, path = self._holders(spec, entry), list(spec.get("path", ()))
        if not path:
            return holders[0] if holders else None
        if not holders or "replaces" not in spec:
            return next((raw for holder in holders if (raw := _inside(holder, path)) is not None), None)
        # An object that is given takes the place of the whole default: what it lacks is null.
        found, replaces = _inside(holders[0], path), self._within(spec["replaces"])
        if found is not None or replaces is False:
            return found
        value = None if replaces else Unknown(f"the version of {self.adapter.name}")
        return Made(value, holders[0].place(), holders[0].hops())

    def _holders(self, spec: Mapping[str, Any], entry: Entry | None) -> list[Raw]:
        """Return what is given of a value: the entry's member, that of the defaults for all entries, the input."""
        found: list[Raw | None] = []
        if "member" in spec and entry is not None and entry.raw is not None:
            defaults = self.given(spec["defaults_input"]) if "defaults_input" in spec else None
            for owner in (entry.raw, defaults):
                if owner is not None:
                    found += [_inside(owner, [member]) for member in self._members(spec["member"])]
        if "input" in spec:
            found.append(self.given(spec["input"]))
        return [raw for raw in found if raw is not None]

    def _within(self, text: str) -> bool | None:
        """Return whether the call means a major of a range, None when it may mean others too."""
        wanted = major_range(text, self.adapter.majors)
        inside = {major in wanted for major in self.majors}
        return next(iter(inside)) if len(inside) == 1 else None

    def _members(self, named: str | Mapping[str, str]) -> list[str]:
        """Return what a member is called in the majors that the call may mean."""
        if isinstance(named, str):
            return [named]
        ranges = [(major_range(text, self.adapter.majors), name) for text, name in named.items()]
        return [name for majors, name in ranges if not set(majors).isdisjoint(self.majors)]

    def _default(self, spec: Mapping[str, Any]) -> Raw | None:
        if spec.get("unknown"):
            return Made(Unknown(f"a default of {self.adapter.name}"), self.place)
        table: Mapping[str, Any] = spec.get("defaults", {})
        found: list[Any] = []
        for major in self.majors:
            value = next(
                (value for text, value in table.items() if major in major_range(text, self.adapter.majors)),
                spec.get("default"),
            )
            if value not in found:
                found.append(value)
        if len(found) > 1:
            return Made(Unknown(f"the version of {self.adapter.name}"), self.place)
        return None if not found or found[0] is None else Made(found[0], self.place)

    def _merged(self, specs: list[Mapping[str, Any]], entry: Entry | None) -> Raw | None:
        out: dict[str, Any] = {}
        keys: dict[str, Place] = {}
        last: Raw | None = None
        for spec in specs:
            if "unknown_key" in spec:  # a key that the module adds itself
                out[spec["unknown_key"]] = Made(Unknown(f"a name made by {self.adapter.name}"), self.place)
                continue
            raw = self.raw(spec, entry)
            value = None if raw is None else raw.open()
            if raw is None or value is None:
                continue
            if isinstance(value, Unknown):
                return Made(Unknown(value.why), raw.place())
            if isinstance(value, dict):
                out |= value
                last = raw
                keys |= {key: place for key in value if (place := raw.key_place(key)) is not None}
        if last is None:
            return Made(out, self.place) if out else None
        return Made(out, last.place(), keys=keys)

    def holds(self, conditions: list[Mapping[str, Any]], entry: Entry | None = None) -> bool | None:
        """Return whether all conditions of a table hold, None when that is unknown."""
        result: bool | None = True
        for condition in conditions:
            answer = self._holds(condition, entry)
            if answer is False:
                return False
            if answer is None:
                result = None
        return result

    def _holds(self, condition: Mapping[str, Any], entry: Entry | None) -> bool | None:
        if "majors" in condition:
            within = self._within(condition["majors"])
            if within is not True or len(condition) == 1:
                return within
        raw = self.raw(condition, entry)
        value = None if raw is None else raw.open()
        if isinstance(value, Unknown):
            return None
        kind: str = condition.get("is", "true")
        if kind == "set":
            return value is not None
        if kind == "equals":
            return bool(value == condition["equals"])
        if kind == "nonempty":
            return self._nonempty(value, condition)
        return (value in (True, "true")) == (kind == "true")

    def _nonempty(self, value: object, condition: Mapping[str, Any]) -> bool | None:
        if value is None or value == "":
            return False
        if value not in ({}, []):
            return True
        # In some majors an empty map asks for the defaults instead of for nothing.
        return self._within(condition["empty_counts"]) if "empty_counts" in condition else False

    def entries(self, spec: Mapping[str, Any]) -> list[Entry]:
        """Return the entries of the map or list that a resource goes through."""
        raw = self.raw(spec)
        value = None if raw is None else raw.open()
        if value is None:
            return []
        if isinstance(value, dict):
            return self._first([Entry(key, member) for key, member in value.items()], raw)
        if isinstance(value, list):
            return self._first([Entry(str(i), member) for i, member in enumerate(value)], raw)
        return [Entry("", None)]

    def _first(self, entries: list[Entry], raw: Raw | None) -> list[Entry]:
        """Keep the first entries one by one; a stand-in is for all others."""
        if len(entries) <= FOR_EACH:
            return entries
        self.note_cut(len(entries), self.place if raw is None else raw.place())
        return [*entries[:FOR_EACH], Entry("", None)]

    def note_cut(self, number: int, place: Place) -> None:
        """Say that of many resources only the first ones are judged one by one."""
        message = f"{number:,} resources of a module: {FOR_EACH} of them are judged one by one, the others as one"
        self._root.note(Notice(place[0].path, place[0].position(place[1])[0], message))


def _with_suffix(raw: Raw, suffix: str) -> Raw:
    value = raw.open()
    return Made(f"{value}{suffix}", raw.place(), raw.hops()) if isinstance(value, str) else raw


def _inside(raw: Raw, path: list[str]) -> Raw | None:
    """Return a member of a value; Unknown when the value is."""
    for key in path:
        value = raw.open()
        if isinstance(value, Unknown):
            return Made(Unknown(value.why), raw.place(), raw.hops())
        if isinstance(value, list) and len(value) == 1 and key != "0":
            value = value[0].open()
        if not isinstance(value, dict) or key not in value:
            return None
        raw = value[key]
    return raw if raw.open() is not None else None


class Virtual(Raw):
    """The body of a virtual block or of a nested block in it."""

    __slots__ = ("_at", "_entry", "_inputs", "_table")

    def __init__(self, table: Mapping[str, Any], inputs: Inputs, entry: Entry | None, at: Place) -> None:
        self._table, self._inputs, self._entry, self._at = table, inputs, entry, at

    def open(self) -> object:
        """Return the arguments and nested blocks that the table gives."""
        inputs, entry = self._inputs, self._entry
        out: dict[str, object] = {}
        for name, spec in self._table.get("arguments", {}).items():
            raw = inputs.raw(spec, entry)
            if raw is not None:
                out[name] = raw
        for name, table in self._table.get("blocks", {}).items():
            holds = inputs.holds(table.get("when", []), entry)
            if holds is not False:
                block = Virtual(table, inputs, entry, self._at)
                blocks = Made([block], self._at)
                why = Unknown(f"an input of {inputs.adapter.name}", either=(blocks, None))
                out[name] = blocks if holds else Made(why, self._at)
        return out

    def place(self) -> Place:
        """Return the entry, else the call."""
        return self._at


def inputs_of_call(
    adapter: Adapter, scope: Scope, declaration: Declaration, instance: Instance, root: RootModule
) -> Inputs:
    """Return the inputs of a module block."""
    arguments = declaration.attributes
    origins = {
        name: Origin(placed.node, placed.source, scope, instance.names)
        for name, placed in arguments.items()
        if name not in META
    }
    version = str(arguments["version"].node[3]) if "version" in arguments else ""
    majors = adapter.decide(version, str(arguments["source"].node[3]), origins)
    return Inputs(adapter, origins, ground_place(declaration, scope), majors, root)


def virtual_blocks(call: ModuleCall, inputs: Inputs) -> Iterator[Block]:
    """Yield the blocks of a call that its adapter's table describes."""
    adapter = inputs.adapter
    call.major = inputs.majors[0] if len(inputs.majors) == 1 else None
    for table in adapter.resources:
        if not any(major in major_range(table.get("majors", "-"), adapter.majors) for major in inputs.majors):
            continue
        holds = inputs.holds(table.get("when", []))
        if holds is False:
            continue
        for entry in _entries(table, inputs):
            if entry is not None and inputs.holds(table.get("each_when", []), entry) is False:
                continue
            doubtful = holds is None or (entry is not None and entry.raw is None)
            yield _block(table, inputs, entry, call, doubtful=doubtful)


def _entries(table: Mapping[str, Any], inputs: Inputs) -> list[Entry | None]:
    if "count" in table:
        number = COUNTS[table["count"]](inputs, table)
        if number is None:
            return [Entry("", None)]
        found: list[Entry | None] = [Entry(str(i), Made(i, inputs.place)) for i in range(min(number, FOR_EACH))]
        if number > FOR_EACH:
            inputs.note_cut(number, inputs.place)
            found.append(Entry("", None))
        return found
    return list(inputs.entries(table["each"])) if "each" in table else [None]


_INDEX: Final = "{key}"


def _block(
    table: Mapping[str, Any],
    inputs: Inputs,
    entry: Entry | None,
    call: ModuleCall,
    *,
    doubtful: bool,
) -> Block:
    place = entry.raw.place() if entry is not None and entry.raw is not None else inputs.place
    body = Virtual(table, inputs, entry, place)
    address = table["address"]
    name = address.split(".")[-1].partition("[")[0]
    if entry is not None:
        address = address.replace(_INDEX, entry.key)
        if not entry.key:
            address = address.partition("[")[0]
    document = place[0]
    return Block(
        mode="resource",
        type=table["type"],
        name=name,
        address=f"{call.address}.{address}",
        body=Node(document, body, HclForm(document)),
        root=call.root,
        header=call.header,
        virtual=True,
        stand_in=doubtful,
        call=call,
    )
