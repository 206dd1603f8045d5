"""Resources and modules as values: attributes looked up one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.model.node import Unknown
from opslint.read import hcl
from opslint.read.evaluate.expressions import evaluate
from opslint.read.evaluate.module import block_name
from opslint.read.evaluate.values import EvalError, Handle, Value

if TYPE_CHECKING:
    from opslint.read.evaluate.module import Declaration
    from opslint.read.evaluate.scope import Child, Names, Scope


class ResourceHandle(Handle):
    """An instance of a resource or data block.

    An argument that is set has its value; everything else, null included, is decided by the provider.
    """

    __slots__ = ("declaration", "names", "scope")

    def __init__(self, address: str, scope: Scope, declaration: Declaration, names: Names | None) -> None:
        super().__init__(address)
        self.scope, self.declaration, self.names = scope, declaration, names

    def get(self, name: str) -> Value:
        """Return an attribute."""
        return self.scope.once(("attribute", self.address, name), lambda: self._get(name))

    def _get(self, name: str) -> Value:
        placed = self.declaration.attributes.get(name)
        if placed is not None:
            value = evaluate(placed.node, self.scope, self.names)
            if value is not None:
                return value
        else:
            blocks = [item for item in self.declaration.blocks() if block_name(item.node) == name]
            if blocks and all(item.node[3] != "dynamic" for item in blocks):
                return [
                    BlockHandle(f"{self.address}.{name}[{i}]", item.node, self.scope, self.names)
                    for i, item in enumerate(blocks)
                ]
        if self.declaration.type == "data":
            from opslint.read.evaluate.aws import data_attribute

            found = data_attribute(self, name)
            if found is not None:
                return found
        return Unknown(f"{self.address}.{name}")


class BlockHandle(Handle):
    """A nested block of a resource: what is not written in it is decided by the provider."""

    __slots__ = ("block", "names", "scope")

    def __init__(self, address: str, block: Any, scope: Scope, names: Names | None) -> None:
        super().__init__(address)
        self.block, self.scope, self.names = block, scope, names

    def get(self, name: str) -> Value:
        """Return an argument or a list of nested blocks."""
        inner = [item for item in self.block[6] if item[0] == hcl.BLOCK and block_name(item) == name]
        if inner and all(item[3] != "dynamic" for item in inner):
            return [
                BlockHandle(f"{self.address}.{name}[{i}]", item, self.scope, self.names) for i, item in enumerate(inner)
            ]
        for item in self.block[6]:
            if item[0] == hcl.ATTR and item[3] == name:
                value = evaluate(item[4], self.scope, self.names)
                if value is not None:
                    return value
        return Unknown(f"{self.address}.{name}")


class ModuleHandle(Handle):
    """An instance of a module call; its attributes are its outputs."""

    __slots__ = ("child",)

    def __init__(self, address: str, child: Child) -> None:
        super().__init__(address)
        self.child = child

    def get(self, name: str) -> Value:
        """Return an output."""
        origin = self.child.outputs.get(name)
        if origin is not None:
            value = origin.value()
            return value if value is not None else Unknown(f"{self.address}.{name}")
        scope = self.child.scope
        if scope is None:
            return Unknown(f"{self.address}.{name}")
        output = scope.module.outputs.get(name)
        if output is None:
            raise EvalError(f"the module has no output {name}")
        placed = output.attributes.get("value")
        if placed is None:
            return Unknown(f"{self.address}.{name}")
        return scope.once(("output", name), lambda: evaluate(placed.node, scope, None))
