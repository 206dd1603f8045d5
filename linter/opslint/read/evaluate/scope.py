"""One instance of a module: its inputs bound, its values computed when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from posixpath import relpath
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.limits import FOR_EACH
from opslint.model.node import Unknown
from opslint.model.records import NamedTuple, dataclass, field
from opslint.read import hcl
from opslint.read.evaluate import notes
from opslint.read.evaluate.expressions import evaluate
from opslint.read.evaluate.handles import ModuleHandle, ResourceHandle
from opslint.read.evaluate.module import Declaration, Module
from opslint.read.evaluate.steps import walk
from opslint.read.evaluate.types import convert
from opslint.read.evaluate.values import (
    TOO_DEEP,
    TOO_LARGE_VARIABLE,
    EvalError,
    Handle,
    TypedSet,
    Value,
    conceal,
    is_huge,
    pairs,
    to_number,
    to_text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.report import Notice
    from opslint.model.source import Location, Source

Names: TypeAlias = Mapping[str, Value]
DEPTH: Final = 12  # module calls inside one another


class Origin(NamedTuple):
    """An expression where it stands: its text, the module instance and the iterators around it."""

    node: Any
    source: Source
    scope: Scope | None
    names: Names | None = None

    def value(self) -> Value:
        """Evaluate it. Raises EvalError."""
        return evaluate(self.node, self.scope, self.names)


class Iterators(dict[str, Value]):
    """The names of one instance of a count, for_each or dynamic block; `collection` is what it goes through."""

    __slots__ = ("collection", "iterator", "key")

    def __init__(self, values: Names, iterator: str, key: Value, collection: Origin | None) -> None:
        super().__init__(values)
        self.iterator, self.key, self.collection = iterator, key, collection


class Instance(NamedTuple):
    """One instance: `key` is None without count and for_each; a stand-in stands for an unknown number of them."""

    key: Value
    names: Names | None
    stand_in: bool = False

    @property
    def suffix(self) -> str:
        """`[0]`, `["a"]`, or "" (also for a stand-in)."""
        if self.key is None or isinstance(self.key, Unknown):
            return ""
        return f"[{self.key}]" if isinstance(self.key, int) else f'["{self.key}"]'


class Supply(NamedTuple):
    """Where a variable's value comes from: `label` says it in a few words."""

    label: str
    origin: Origin


@dataclass(eq=False)
class Child:
    """What a module call leads to: a scope when its directory can be read."""

    how: str  # local | installed | adapter | opaque
    scope: Scope | None = None
    outputs: Mapping[str, Origin] = field(default_factory=dict)  # of an adapter: outputs that repeat an input


@dataclass(eq=False)
class Workspace:
    """What all scopes of one run share. `root` is resolved and bounds all reading."""

    root: Path
    resolve: Callable[[Scope, str, Declaration, Instance], Child]
    steps: int = 0
    note: Callable[[Notice], None] = lambda _notice: None  # takes what was cut or not read


class Scope:
    """One instance of a module directory.

    `supplied` has the values from outside by variable; `address` is `module.a.module.b`, "" for a root module. `header`
    is the innermost module call that stands in a scanned file, the place for what a third party's module decides.
    """

    __slots__ = (
        "_busy",
        "_memo",
        "address",
        "call",
        "header",
        "module",
        "parent",
        "providers",
        "supplied",
        "workspace",
    )

    def __init__(
        self,
        module: Module,
        workspace: Workspace,
        supplied: Mapping[str, Supply],
        parent: Scope | None = None,
        *,
        address: str = "",
        header: Location | None = None,
    ) -> None:
        self.module, self.workspace, self.supplied = module, workspace, supplied
        self.parent, self.address, self.header = parent, address, header
        self.providers: Mapping[str, str] = {}  # local provider name -> the caller's, from `providers = {…}`
        self.call: Any = None  # the ModuleCall that the reader made of its call
        self._memo: dict[object, Any] = {}
        self._busy: set[object] = set()

    @property
    def top(self) -> Scope:
        """The scope of the root module."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def depth(self) -> int:
        """0 for a root module."""
        return 0 if self.parent is None else self.parent.depth + 1

    def closed(self) -> Scope:
        """Return a scope in which no name exists: for templates, which see only what they are given."""
        return Scope(Module(self.module.directory, self.module.path), self.workspace, {}, self.parent)

    # -- evaluation
    def attempt(self, origin: Origin) -> Value:
        """Evaluate an expression; what Terraform refuses, or what nests too deeply, becomes Unknown."""
        try:
            return origin.value()
        except EvalError as error:
            return Unknown(f"error: {error}")
        except RecursionError:
            return Unknown(TOO_DEEP)

    def once(self, key: object, compute: Callable[[], Value]) -> Value:
        """Return the remembered value of a name, computing it first; a name that needs itself is Unknown."""
        if key in self._memo:
            value = self._memo[key]
            if isinstance(value, EvalError):
                raise value
            return value
        if key in self._busy:
            notes.ring(self, key)
            return Unknown("a value that needs itself")
        self._busy.add(key)
        try:
            value = compute()
        except EvalError as error:
            self._memo[key] = error
            raise
        except RecursionError:
            self._memo[key] = EvalError("nested too deeply")
            raise
        finally:
            self._busy.discard(key)
        self._memo[key] = value
        return value

    def reference(self, path: Sequence[str]) -> Value:
        """Return what a dotted name stands for. Raises EvalError."""
        head, rest = path[0], path[1:]
        if head in {"var", "local", "module"} and rest:
            compute = {"var": self._variable, "local": self._local, "module": self._module}[head]
            return walk(self.once((head, rest[0]), lambda: compute(rest[0])), rest[1:])
        if head == "data" and len(rest) > 1:
            return walk(self.resource("data", rest[0], rest[1]), rest[2:])
        if head == "path" and rest:
            return walk(self._paths().get(rest[0], Unknown(f"path.{rest[0]}")), rest[1:])
        if rest and ("resource", head, rest[0]) in self.module.resources:
            return walk(self.resource("resource", head, rest[0]), rest[1:])
        return Unknown(self.located(".".join(path)))

    def located(self, address: str) -> str:
        """Return an address of this module as the root module knows it: `module.a.aws_s3_bucket.this`."""
        return f"{self.address}.{address}" if self.address else address

    def _paths(self) -> dict[str, Value]:
        here = self.top.module.path
        # Where the repository lies differs from machine to machine; what lies below it does not.
        cwd = Unknown("path.cwd")
        return {
            "module": relpath(self.module.path or ".", here or "."),
            "root": ".",
            "cwd": Unknown("path.cwd", parts=(cwd, f"/{here}")) if here else cwd,
        }

    # -- variables and locals
    def _variable(self, name: str) -> Value:
        declaration = self.module.variables.get(name)
        if declaration is None:
            return Unknown(f"var.{name}")
        supply = self.supply(name)
        if supply is None:
            return Unknown(f"var.{name}")
        value = supply.origin.value() if supply.origin.scope is None else supply.origin.scope.attempt(supply.origin)
        constraint = declaration.attributes.get("type")
        if is_huge(value):
            return Unknown(TOO_LARGE_VARIABLE)
        value = convert(value, constraint.node if constraint else None)
        if is_sensitive(declaration):
            return conceal(f"var.{name} is sensitive", value)
        return value

    def supply(self, name: str) -> Supply | None:
        """Return where a variable's value comes from, None when nothing gives it one."""
        declaration = self.module.variables.get(name)
        given = self.supplied.get(name)
        if declaration is None:
            return given
        default = declaration.attributes.get("default")
        if given is not None:
            if not _is_refused(declaration, "nullable"):
                return given
            if self._value_of(given) is not None:
                return given
        if default is None:
            return given
        return Supply(f"var.{name}", Origin(default.node, default.source, None))

    def _value_of(self, supply: Supply) -> Value:
        return self.once(("supply", id(supply)), lambda: self.attempt(supply.origin))

    def _local(self, name: str) -> Value:
        placed = self.module.locals.get(name)
        if placed is None:
            return Unknown(f"local.{name}")
        return evaluate(placed.node, self, None)

    # -- instances
    def instances(self, declaration: Declaration) -> tuple[str, list[Instance]]:
        """Return the kind (one, list, map, unknown) and the instances of a block."""
        key = ("instances", id(declaration))
        if key not in self._memo:
            self._memo[key] = ("unknown", [_STAND_IN])  # while it is computed, and for a block that counts itself
            self._memo[key] = self._instances(declaration)
        found: tuple[str, list[Instance]] = self._memo[key]
        return found

    def _instances(self, declaration: Declaration) -> tuple[str, list[Instance]]:
        count, each = declaration.attributes.get("count"), declaration.attributes.get("for_each")
        if count is not None:
            return self._counted(Origin(count.node, count.source, self))
        if each is not None:
            origin = Origin(each.node, each.source, self)
            return self._each(origin)
        return "one", [Instance(None, None)]

    def _counted(self, origin: Origin) -> tuple[str, list[Instance]]:
        value = self.attempt(origin)
        try:
            number = to_number(value)
        except EvalError:
            return "unknown", [_STAND_IN]
        if not isinstance(number, int):
            notes.bound(self, origin, value)
            return "unknown", [_STAND_IN]
        found = [Instance(i, {"count": {"index": i}}) for i in range(max(0, min(number, FOR_EACH)))]
        return self._whole("list", found, number, origin)

    def _whole(self, kind: str, found: list[Instance], number: int, origin: Origin) -> tuple[str, list[Instance]]:
        """Give instances their kind; where some were cut, a stand-in joins them and nothing can refer to them."""
        if number <= len(found) or not found:
            return kind, found
        notes.cut(self, origin, "count" if kind == "list" else "for_each", number)
        return "unknown", [*found, _STAND_IN]

    def _each(self, origin: Origin) -> tuple[str, list[Instance]]:
        collection = self.attempt(origin)
        if not isinstance(collection, (dict, list)):
            notes.bound(self, origin, collection)
            return "unknown", [_STAND_IN]
        # A tuple is refused by Terraform, but a set is often written so in a test of it: take its members.
        entries = (
            [(item, item) for item in collection]
            if isinstance(collection, list) and not isinstance(collection, TypedSet)
            else pairs(collection)
        )
        found = []
        for key, value in entries[:FOR_EACH]:
            try:
                name = to_text(key)
            except EvalError:
                return "unknown", [_STAND_IN]
            if isinstance(name, Unknown):
                return "unknown", [_STAND_IN]
            names = Iterators({"each": {"key": name, "value": value}}, "each", name, origin)
            found.append(Instance(name, names))
        return self._whole("map", found, len(entries), origin)

    # -- resources and modules
    def resource(self, mode: str, type_: str, name: str) -> Value:
        """Return the handles of a resource or data block: one, a list, or a dict by key; Unknown for none."""
        declaration = self.module.resources.get((mode, type_, name))
        address = self.located(("data." if mode == "data" else "") + f"{type_}.{name}")
        if declaration is None:
            return Unknown(address)
        kind, instances = self.instances(declaration)
        if kind == "unknown":
            return Unknown(address)
        key = ("handles", mode, type_, name)
        if key not in self._memo:
            self._memo[key] = [
                ResourceHandle(address + each.suffix, self, declaration, each.names) for each in instances
            ]
        return _arranged(kind, instances, self._memo[key])

    def children(self, name: str) -> tuple[str, list[tuple[Instance, Child]]]:
        """Return the kind and the instances of a module call, each with what it leads to."""
        key = ("children", name)
        if key not in self._memo:
            declaration = self.module.calls[name]
            self._memo[key] = ("unknown", [(_STAND_IN, Child("opaque"))])
            kind, instances = self.instances(declaration)
            resolve = self.workspace.resolve
            self._memo[key] = kind, [(each, resolve(self, name, declaration, each)) for each in instances]
        found: tuple[str, list[tuple[Instance, Child]]] = self._memo[key]
        return found

    def _module(self, name: str) -> Value:
        address = self.located(f"module.{name}")
        if name not in self.module.calls:
            return Unknown(address)
        kind, found = self.children(name)
        if kind == "unknown":
            return Unknown(address)
        handles: list[Handle] = [ModuleHandle(f"{address}{each.suffix}", child) for each, child in found]
        return _arranged(kind, [each for each, _ in found], handles)


_STAND_IN: Final = Instance(
    Unknown("an unknown number"),
    {
        "each": {"key": Unknown("each.key"), "value": Unknown("each.value")},
        "count": {"index": Unknown("count.index")},
    },
    stand_in=True,
)


def _arranged(kind: str, instances: list[Instance], handles: Sequence[Handle]) -> Value:
    if kind == "one":
        return handles[0]
    if kind == "list":
        return list(handles)
    return {each.key: handle for each, handle in zip(instances, handles, strict=True)}


def is_sensitive(declaration: Declaration) -> bool:
    """Return True for a variable whose value must not be shown."""
    return _is_set(declaration, "sensitive") or _is_set(declaration, "ephemeral")


def _is_set(declaration: Declaration, name: str) -> bool:
    placed = declaration.attributes.get(name)
    return placed is not None and placed.node[0] == hcl.LIT and placed.node[3] is True


def _is_refused(declaration: Declaration, name: str) -> bool:
    placed = declaration.attributes.get(name)
    return placed is not None and placed.node[0] == hcl.LIT and placed.node[3] is False
