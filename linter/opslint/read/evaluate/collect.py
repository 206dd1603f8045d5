"""From the scopes of a root module to its blocks, module calls and providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.node import Node, Unknown
from opslint.model.source import Location
from opslint.model.terraform import Block, ModuleCall, RootModule
from opslint.read import hcl
from opslint.read.evaluate.aws import find_provider
from opslint.read.evaluate.bodies import Body, header_end
from opslint.read.evaluate.form import Cell, Ground, HclForm, Place, Raw
from opslint.read.evaluate.module import provider_name
from opslint.read.evaluate.scope import Origin, is_sensitive
from opslint.read.evaluate.trace import Hop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opslint.read.evaluate.module import Declaration
    from opslint.read.evaluate.scope import Child, Instance, Names, Scope

    Virtual = Callable[[ModuleCall, Scope, Declaration, Instance], Iterator[Block]]

INSTANCES: Final = 20_000  # blocks of one root module


class Collector:
    """Gathers what a root module comes to. `virtual` makes the blocks of an adapter's module call."""

    def __init__(self, root: RootModule, virtual: Virtual, is_full: Callable[[str], None]) -> None:
        self._root, self._virtual, self._is_full = root, virtual, is_full

    def collect(self, scope: Scope) -> None:
        """Take in a scope and everything it calls."""
        stack: list[tuple[Scope, bool, ModuleCall | None]] = [(scope, False, None)]
        while stack:
            here, doubtful, call = stack.pop()
            if len(self._root.blocks) > INSTANCES:
                self._is_full(f"more than {INSTANCES} resources: the rest is not judged")
                return
            self._blocks(here, call, doubtful=doubtful)
            self._root.secrets += secrets_of(here)
            inner = []
            for name, declaration in here.module.calls.items():
                for instance, child in here.children(name)[1]:
                    made = self._call(here, name, declaration, instance, child)
                    self._root.calls.append(made)
                    uncertain = doubtful or instance.stand_in
                    if child.scope is not None:
                        inner.append((child.scope, uncertain, made))
                    elif child.how == "adapter":
                        for block in self._virtual(made, here, declaration, instance):
                            block.stand_in = block.stand_in or uncertain
                            self._root.blocks.append(block)
            stack += reversed(inner)
        self._settings(scope)

    def _blocks(self, scope: Scope, call: ModuleCall | None, *, doubtful: bool) -> None:
        prefix = f"{scope.address}." if scope.address else ""
        for (mode, type_, name), declaration in scope.module.resources.items():
            local = ("data." if mode == "data" else "") + f"{type_}.{name}"
            for instance in scope.instances(declaration)[1]:
                body = _body(declaration, scope, instance.names, self._root)
                provider = _provider(declaration, scope)
                if mode == "resource" and type_.startswith("aws_"):
                    own = _own_tags(declaration, scope, instance.names, self._root)
                    _default_tags(body, own, scope, provider or "aws", self._root)
                header = header_of(declaration, scope)
                self._root.blocks.append(
                    Block(
                        mode=mode,
                        type=type_,
                        name=name,
                        address=f"{prefix}{local}{instance.suffix}",
                        body=Node(header.source, body, HclForm(header.source)),
                        root=self._root,
                        header=header,
                        stand_in=doubtful or instance.stand_in,
                        call=call,
                        provider=provider,
                    )
                )

    def _call(self, scope: Scope, name: str, declaration: Declaration, instance: Instance, child: Child) -> ModuleCall:
        prefix = f"{scope.address}." if scope.address else ""
        header = header_of(declaration, scope)
        body = _body(declaration, scope, instance.names, self._root)
        return ModuleCall(
            name=name,
            address=f"{prefix}module.{name}{instance.suffix}",
            source=_text_of(declaration, "source"),
            version=_text_of(declaration, "version"),
            body=Node(header.source, body, HclForm(header.source)),
            root=self._root,
            header=header,
            how=child.how,
        )

    def _settings(self, scope: Scope) -> None:
        for declaration in scope.module.providers:
            node = self._plain(declaration, scope)
            self._root.providers.append((provider_name(declaration), node))
        self._root.settings += [self._plain(declaration, scope) for declaration in scope.module.settings]

    def _plain(self, declaration: Declaration, scope: Scope) -> Node:
        body = _body(declaration, scope, None, self._root)
        return Node(declaration.source, body, HclForm(declaration.source))


def secrets_of(scope: Scope) -> Iterator[Location]:
    """Yield the texts that give a value to a module's sensitive variables: defaults, tfvars, arguments of its call."""
    for name, declaration in scope.module.variables.items():
        if not is_sensitive(declaration):
            continue
        default, supply = declaration.attributes.get("default"), scope.supply(name)
        places = [] if default is None else [(default.node, default.source)]
        if supply is not None and (default is None or supply.origin.node is not default.node):
            places.append((supply.origin.node, supply.origin.source))
        for node, source in places:
            if node[0] != hcl.LIT and node[2] <= len(source.text):
                yield Location(source, source.span(node[1], node[2]))


def ground_place(declaration: Declaration, scope: Scope) -> Place:
    """Return the whole block, or for a third party's module the call that leads to it."""
    header = scope.header
    if header is not None and declaration.source.vendored:
        return source_place(header)
    return declaration.source, declaration.block[1], declaration.block[2]


def header_of(declaration: Declaration, scope: Scope) -> Location:
    """Return the place of a block's header, or of the call that leads to a third party's module."""
    if scope.header is not None and declaration.source.vendored:
        return scope.header
    return header_location(declaration)


def header_location(declaration: Declaration) -> Location:
    """Return the place of a block's type and labels."""
    source, block = declaration.source, declaration.block
    return Location(source, source.span(block[1], header_end(block, source)))


def _body(declaration: Declaration, scope: Scope, names: Names | None, root: RootModule) -> Body:
    place = ground_place(declaration, scope)
    return Body(declaration.items, scope, names, place, Ground(place, root))


def _text_of(declaration: Declaration, name: str) -> str:
    placed = declaration.attributes.get(name)
    return str(placed.node[3]) if placed is not None and placed.node[0] == hcl.STR else ""


def _provider(declaration: Declaration, scope: Scope) -> str:
    placed = declaration.attributes.get("provider")
    name = ""
    if placed is not None and placed.node[0] == hcl.REF:
        name = ".".join(placed.node[3])
    elif placed is not None and placed.node[0] == hcl.STR:
        name = placed.node[3]
    here: Scope | None = scope
    while here is not None and here.parent is not None:
        name = here.providers.get(name or declaration.labels[0].partition("_")[0], name)
        here = here.parent
    return "" if "." not in name else name


class Tags(Raw):
    """The tags of a resource over those that its provider gives to everything."""

    __slots__ = ("_defaults", "_own")

    def __init__(self, defaults: Cell, own: Cell | None) -> None:
        self._defaults, self._own = defaults, own

    def open(self) -> object:
        """Return both, the resource's own first."""
        own = self._own.open() if self._own is not None else {}
        defaults = self._defaults.open()
        for value in (own, defaults):
            if isinstance(value, Unknown):
                return Unknown(value.why)
        over = own if isinstance(own, dict) else {}
        return {**defaults, **over} if isinstance(defaults, dict) else over

    def _first(self) -> Cell:
        return self._own if self._own is not None else self._defaults

    def place(self) -> Place:
        """Return the resource's tags, else the provider's."""
        return self._first().place()

    def key_place(self, key: str) -> Place | None:
        """Return a key of the resource's own tags."""
        return self._own.key_place(key) if self._own is not None else None

    def hops(self) -> tuple[Hop, ...]:
        """Return the provider's default tags as a place the value passed through."""
        source, start, end = self._defaults.place()
        own = self._own.hops() if self._own is not None else ()
        return (*own, Hop("default_tags of the provider", source, start, end))


def _default_tags(body: Body, own: Cell | None, scope: Scope, provider: str, root: RootModule) -> None:
    found = find_provider(scope, provider) or (find_provider(scope.top, provider) if scope.parent else None)
    if found is None:
        return
    where, configuration = found
    for block, source in configuration.blocks("default_tags"):
        for item in block[6]:
            if item[0] == hcl.ATTR and item[3] == "tags":
                ground = Ground((source, item[4][1], item[4][2]), root)
                defaults = Cell(ground, Origin(item[4], source, where))
                body.extra = {"tags": Tags(defaults, own), "tags_all": Tags(defaults, own)}


def _own_tags(declaration: Declaration, scope: Scope, names: Names | None, root: RootModule) -> Cell | None:
    placed = declaration.attributes.get("tags")
    if placed is None:
        return None
    ground = Ground(ground_place(declaration, scope), root)
    return Cell(ground, Origin(placed.node, placed.source, scope, names))


def source_place(location: Location) -> Place:
    """Return a location as a text with offsets."""
    source, span = location.source, location.span
    return source, source.offset(span.line, span.column), source.offset(span.end_line, span.end_column)
