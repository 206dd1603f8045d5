"""What a module call leads to: a directory, an installed copy, an adapter's table, or nothing that can be read."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opslint.read import hcl
from opslint.read.evaluate.collect import header_location
from opslint.read.evaluate.scope import DEPTH, Child, Origin, Scope, Supply
from opslint.read.module_adapters import Adapter, adapter_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.terraform import Block, ModuleCall
    from opslint.read.evaluate.loading import Loader
    from opslint.read.evaluate.module import Declaration, Module
    from opslint.read.evaluate.scope import Instance

META: Final = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})
_MANIFEST_BYTES: Final = 5_000_000


class Modules:
    """Resolves module calls for one run."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._installed: dict[Path, dict[str, Path]] = {}

    def resolve(self, scope: Scope, name: str, declaration: Declaration, instance: Instance) -> Child:
        """Return what one instance of a call leads to."""
        source = source_text(declaration)
        module, how = self._directory(scope, name, source)
        if module is not None:
            problem = self._refusal(scope, module)
            if problem:
                line = header_location(declaration).span.line
                self._loader.fail(declaration.source.path, line, f"module {name}: {problem}", "terraform")
                return Child("opaque")
            return Child(how, self._scope(scope, name, declaration, instance, module))
        adapter = adapter_for(source)
        if adapter is not None:
            return Child("adapter", outputs=_outputs(adapter, scope, declaration, instance))
        return Child("opaque")

    def _directory(self, scope: Scope, name: str, source: str) -> tuple[Module | None, str]:
        if is_local(source):
            directory = Path(os.path.normpath(scope.module.directory / source))
            return self._loader.module(directory), "local" if not _in_installed(directory) else "installed"
        found = self._manifest(scope.top.module.directory).get(_key(scope, name))
        return (self._loader.module(found), "installed") if found is not None else (None, "")

    def _refusal(self, scope: Scope, module: Module) -> str:
        here: Scope | None = scope
        while here is not None:
            if here.module.directory == module.directory:
                return "it calls itself"
            here = here.parent
        return f"more than {DEPTH} modules inside one another" if scope.depth >= DEPTH else ""

    def _scope(self, scope: Scope, name: str, declaration: Declaration, instance: Instance, module: Module) -> Scope:
        address = f"{scope.address}." if scope.address else ""
        header = None
        if not module.scanned:
            header = scope.header if scope.header is not None else header_location(declaration)
        child = Scope(
            module,
            scope.workspace,
            inputs_of(scope, name, declaration, instance),
            scope,
            address=f"{address}module.{name}{instance.suffix}",
            header=header,
        )
        child.providers = _providers(declaration)
        return child

    def _manifest(self, directory: Path) -> dict[str, Path]:
        """Return the installed modules of a root module, by the names of their calls joined with dots."""
        if directory not in self._installed:
            self._installed[directory] = self._read_manifest(directory)
        return self._installed[directory]

    def _read_manifest(self, directory: Path) -> dict[str, Path]:
        path = directory / ".terraform" / "modules" / "modules.json"
        try:
            if not self._loader.is_inside(path) or path.stat().st_size > _MANIFEST_BYTES:
                return {}
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = content.get("Modules") if isinstance(content, dict) else None
        found: dict[str, Path] = {}
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("Key"), str) and isinstance(entry.get("Dir"), str):
                inner = Path(os.path.normpath(directory / entry["Dir"]))
                if entry["Key"] and self._loader.is_inside(inner):
                    found[entry["Key"]] = inner
        return found

    @staticmethod
    def virtual(call: ModuleCall, scope: Scope, declaration: Declaration, instance: Instance) -> Iterator[Block]:
        """Yield the blocks that an adapter makes of a call."""
        from opslint.read.module_blocks import inputs_of_call, virtual_blocks

        adapter = adapter_for(source_text(declaration))
        if adapter is not None:
            yield from virtual_blocks(call, inputs_of_call(adapter, scope, declaration, instance, call.root))


def source_text(declaration: Declaration) -> str:
    """Return the source of a call, "" when it is not a plain text."""
    placed = declaration.attributes.get("source")
    return str(placed.node[3]) if placed is not None and placed.node[0] == hcl.STR else ""


def is_local(source: str) -> bool:
    """Return True for a path; everything else is fetched by Terraform."""
    return source.startswith(("./", "../")) or source in {".", ".."}


def inputs_of(scope: Scope, name: str, declaration: Declaration, instance: Instance) -> dict[str, Supply]:
    """Return the arguments of a call, evaluated in the caller when they are asked for."""
    return {
        key: Supply(f"module.{name}", Origin(placed.node, placed.source, scope, instance.names))
        for key, placed in declaration.attributes.items()
        if key not in META
    }


def _in_installed(directory: Path) -> bool:
    return ".terraform" in directory.parts


def _key(scope: Scope, name: str) -> str:
    address = re.sub(r"\[[^\]]*\]", "", scope.address)
    names = [part for part in address.split(".") if part and part != "module"]
    return ".".join([*names, name])


def _providers(declaration: Declaration) -> dict[str, str]:
    """Return the caller's provider for each local name in `providers = {…}`."""
    placed = declaration.attributes.get("providers")
    if placed is None or placed.node[0] != hcl.OBJ:
        return {}
    return {_dotted(key): _dotted(value) for key, value in placed.node[3] if _dotted(key) and _dotted(value)}


def _dotted(node: Any) -> str:
    if node[0] == hcl.REF:
        return ".".join(node[3])
    if node[0] == hcl.PAREN:
        return _dotted(node[3])
    return str(node[3]) if node[0] == hcl.STR else ""


def _outputs(adapter: Adapter, scope: Scope, declaration: Declaration, instance: Instance) -> dict[str, Origin]:
    """Return the outputs that repeat an input given in the call."""
    found: dict[str, Origin] = {}
    for output, names in adapter.outputs.items():
        for name in names:
            placed = declaration.attributes.get(name)
            if placed is not None:
                found[output] = Origin(placed.node, placed.source, scope, instance.names)
                break
    return found
