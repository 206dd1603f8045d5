"""terragrunt.hcl: a local module with inputs is a root module of its own; nothing in the file is run.

`include`, `find_in_parent_folders` and `locals` are followed where they name files under the root; `run_cmd`,
`dependency` and everything else that only Terragrunt could tell is unknown. See
https://terragrunt.gruntwork.io/docs/reference/config-blocks-and-attributes/.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Node
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint.model.source import Location, Span
from opslint.model.terraform import ModuleCall, RootModule
from opslint.read import hcl
from opslint.read.environments import environment_of_directory
from opslint.read.evaluate.collect import Collector, source_place
from opslint.read.evaluate.form import Cell, Ground, HclForm, Made
from opslint.read.evaluate.module import Declaration, Module
from opslint.read.evaluate.scope import Origin, Scope, Supply, Workspace
from opslint.read.evaluate.values import EvalError
from opslint.read.module_adapters import adapter_for
from opslint.read.modules import Modules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.source import Source
    from opslint.read.evaluate.loading import Loader

NAME: Final = "terragrunt.hcl"
_REGISTRY = regex(r"tfr://[\w.-]*/([\w/-]+)(?:\?version=([\w.+-]+))?")
_DEPTH: Final = 4  # files that include one another


class Unit(NamedTuple):
    """A terragrunt.hcl: its module when that is a directory of the repository, and what it gives to it."""

    path: str  # of its directory
    source: str  # of the module, "" when it names none or cannot be told
    header: Location  # where it names it
    module: Module | None
    supplied: dict[str, Supply]


def read_units(paths: Sequence[Path], loader: Loader) -> tuple[list[RootModule], set[Path]]:
    """Return a root module for each file that names one, and the directories that are judged through them."""
    units = [unit for path in paths if (unit := read_unit(path, loader)) is not None]
    return [_evaluated(unit, loader) for unit in units], {
        unit.module.directory for unit in units if unit.module is not None
    }


def _evaluated(unit: Unit, loader: Loader) -> RootModule:
    lock = loader.root / unit.path / ".terraform.lock.hcl"
    locked = loader.is_inside(lock) and lock.is_file()
    root = RootModule(unit.path, environment_of_directory(unit.path), locked=locked, generated=True)
    module = unit.module
    if module is None:
        _call(unit, root)
        return root
    supplied = {name: supply for name, supply in unit.supplied.items() if name in module.variables}
    resolver = Modules(loader)
    workspace = Workspace(loader.root, resolver.resolve, note=root.note)
    scope = Scope(module, workspace, supplied, header=None if module.scanned else unit.header)
    Collector(root, resolver.virtual, lambda text: loader.fail(unit.path or ".", 0, text, "limit")).collect(scope)
    return root


def _call(unit: Unit, root: RootModule) -> None:
    """Add the call of a module that lies elsewhere, with what its table makes of the inputs."""
    from opslint.read.module_blocks import Inputs, virtual_blocks

    match = _REGISTRY.fullmatch(unit.source)
    source, version = (match[1], match[2] or "") if match else (unit.source, "")
    adapter = adapter_for(source)
    place, origins = source_place(unit.header), {name: supply.origin for name, supply in unit.supplied.items()}
    ground = Ground(place, root)
    document = unit.header.source
    given = {name: Cell(ground, origin) for name, origin in origins.items()} if adapter is not None else {}
    body = Node(document, Made(given, place), HclForm(document))
    name = unit.path.rpartition("/")[2] or "terragrunt"
    call = ModuleCall(name, f"terragrunt.{name}", source, version, body, root, unit.header)
    root.calls.append(call)
    if adapter is not None:
        call.how = "adapter"
        majors = adapter.decide(version, source, origins)
        root.blocks += virtual_blocks(call, Inputs(adapter, origins, place, majors, root))


def read_unit(path: Path, loader: Loader) -> Unit | None:
    """Return what a terragrunt.hcl stands for, None for one that names no module: others include it."""
    reader = _Reader(loader, path)
    reader.take(path, _DEPTH)
    if reader.place is None:
        return _beside(path, reader, loader)
    text = reader.source_text()
    directory = None
    if text.startswith((".", "/")):
        # `//` parts a module from the folder that is copied with it.
        directory = loader.real(Path(os.path.normpath(reader.place[1].parent / text.replace("//", "/"))))
    module = loader.module(directory) if directory is not None else None
    node, _, source = reader.place
    place = Location(source, source.span(node[1], node[2]))
    return Unit(loader.relative(path.parent), text, place, module, reader.supplied)


def _beside(path: Path, reader: _Reader, loader: Loader) -> Unit | None:
    """Return the unit of a file that names no module and lies beside one, None without a module."""
    if reader.first is None or not any(path.parent.glob("*.tf")):
        return None
    directory = loader.real(path.parent)
    module = loader.module(directory) if directory is not None else None
    if module is None:
        return None
    place = Location(reader.first, Span(1, 1, 1, 1))
    return Unit(loader.relative(path.parent), ".", place, module, reader.supplied)


class _Reader:
    """Reads one file and those it includes: what stands in the file itself comes before what it includes."""

    def __init__(self, loader: Loader, start: Path) -> None:
        self._loader, self._start = loader, start
        self.place: tuple[Any, Path, Source] | None = None
        self.first: Source | None = None  # the file itself
        self._scope: Scope | None = None
        self.supplied: dict[str, Supply] = {}

    def take(self, path: Path, depth: int) -> None:
        """Take in a file."""
        source = self._loader.text(path)
        if source is None:
            return
        self.first = self.first or source
        body = self._loader.parse(source)
        scope = self._scope_of(path, body, source)
        for item in body:
            if item[0] == hcl.ATTR and item[3] == "inputs" and item[4][0] == hcl.OBJ:
                self._inputs(item[4], source, scope)
            if item[0] == hcl.BLOCK and item[3] == "terraform" and self.place is None:
                node = _attribute(item, "source")
                if node is not None:
                    self.place, self._scope = (node, path, source), scope
        for item in body:
            if item[0] == hcl.BLOCK and item[3] == "include" and depth:
                included = self._included(_attribute(item, "path"), path, source, scope)
                if included is not None:
                    self.take(included, depth - 1)

    def source_text(self) -> str:
        """Return the source of the module, "" when it cannot be told."""
        if self.place is None:
            return ""
        node, _, source = self.place
        value = _quiet(Origin(node, source, self._scope))
        return value if isinstance(value, str) else ""

    def _scope_of(self, path: Path, body: list[Any], source: Source) -> Scope:
        module = Module(path.parent, self._loader.relative(path.parent))
        module.sources.append(source)
        for item in body:
            if item[0] == hcl.BLOCK and item[3] == "locals":
                module.locals.update(Declaration.of(item, source).attributes)
        return Scope(module, Workspace(self._loader.root, _nothing), {})

    def _inputs(self, node: Any, source: Source, scope: Scope) -> None:
        for key, value in node[3]:
            name = key[3] if key[0] == hcl.STR else key[3][0] if key[0] == hcl.REF and len(key[3]) == 1 else ""
            if name:
                label = f"input of {source.path}"
                self.supplied.setdefault(name, Supply(label, Origin(value, source, scope)))

    def _included(self, node: Any, path: Path, source: Source, scope: Scope) -> Path | None:
        if node is None:
            return None
        if node[0] == hcl.CALL and node[3] == "find_in_parent_folders":
            name = _quiet(Origin(node[4][0], source, scope)) if node[4] else NAME
            found = self._above(name) if isinstance(name, str) else None
        else:
            value = _quiet(Origin(node, source, scope))
            found = Path(os.path.normpath(path.parent / value)) if isinstance(value, str) else None
        return found if found is not None and found.is_file() and self._loader.is_inside(found) else None

    def _above(self, name: str) -> Path | None:
        """Return the nearest file of a name in the folders above the one that is read, up to the root."""
        folder = self._start.parent
        while folder not in {self._loader.root, folder.parent}:
            folder = folder.parent
            if (folder / name).is_file():
                return folder / name
        return None


def _attribute(block: Any, name: str) -> Any:
    return next((item[4] for item in block[6] if item[0] == hcl.ATTR and item[3] == name), None)


def _quiet(origin: Origin) -> object:
    try:
        return origin.value()
    except (EvalError, RecursionError):
        return None


def _nothing(_scope: Scope, _name: str, _declaration: Declaration, _instance: object) -> Any:
    raise EvalError("terragrunt has no module calls")
