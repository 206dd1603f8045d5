"""Blocks of Terraform as values: their arguments, and the blocks that are nested in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.model.node import Unknown
from opslint.read import hcl
from opslint.read.evaluate.blocks import NAMING, Opened, nested
from opslint.read.evaluate.form import Cell, Ground, Made, Raw
from opslint.read.evaluate.module import Placed
from opslint.read.evaluate.scope import Names, Origin, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.source import Source
    from opslint.read.evaluate.form import Place


class Body(Raw):
    """The arguments and nested blocks of a block, evaluated one by one when they are opened."""

    __slots__ = ("_at", "_ground", "_items", "_names", "_scope", "extra")

    def __init__(self, items: Sequence[Placed], scope: Scope, names: Names | None, at: Place, ground: Ground) -> None:
        self._items, self._scope, self._names, self._at, self._ground = items, scope, names, at, ground
        self.extra: dict[str, Raw] = {}  # arguments that a provider's defaults add or change

    def open(self) -> object:
        """Return the arguments and lists of nested blocks by name."""
        out: dict[str, Raw] = {}
        for item, source in self._items:
            if item[0] == hcl.ATTR and item[3] not in NAMING:
                out[item[3]] = self._argument(item, source)
        for type_, found in nested(self._items, self._scope, self._names).items():
            if type_ not in {"connection", "provisioner"} or type_ == "provisioner":
                out[type_] = Blocks(found, self._scope, self._ground)
        out.update(self.extra)
        return out

    def _argument(self, item: Any, source: Source) -> Raw:
        if item[3] in {"ignore_changes", "replace_triggered_by"} and item[4][0] in {hcl.TUP, hcl.REF}:
            at = self._ground.place if source.vendored else (source, item[4][1], item[4][2])
            names = item[4][3] if item[4][0] == hcl.TUP else [item[4]]
            return Made([source.text[node[1] : node[2]].strip('"') for node in names], at)
        return Cell(self._ground, Origin(item[4], source, self._scope, self._names))

    def place(self) -> Place:
        """Return the whole block."""
        return self._at

    def key_place(self, key: str) -> Place | None:
        """Return the name of an argument, or the header of the first nested block of a type."""
        for item, source in self._items:
            if source.vendored:
                continue
            if item[0] == hcl.ATTR and item[3] == key:
                return source, item[1], item[1] + len(key)
            if item[0] == hcl.BLOCK and (item[3] == key or (item[3] == "dynamic" and item[4] and item[4][0][0] == key)):
                return source, item[1], header_end(item, source)
        return None


def header_end(block: Any, source: Source) -> int:
    """Return the end of a block's type and labels, without the brace."""
    end = block[5]
    text = source.text
    while end > block[1] and text[end - 1 : end] in {"{", " ", "\t"}:
        end -= 1
    return int(end)


class Blocks(Raw):
    """The nested blocks of one type; Unknown with two alternatives when there may be more or fewer."""

    __slots__ = ("_found", "_ground", "_scope")

    def __init__(self, found: Sequence[Opened], scope: Scope, ground: Ground) -> None:
        self._found, self._scope, self._ground = found, scope, ground

    def open(self) -> object:
        """Return a body for each block."""
        doubtful = next((block.maybe for block in self._found if block.maybe), "")
        if not doubtful:
            return [self._body(block) for block in self._found]
        sure = [block for block in self._found if not block.maybe]
        every = [Opened(block.items, block.head, block.source, block.names) for block in self._found]
        without = Blocks(sure, self._scope, self._ground) if sure else None
        return Unknown(doubtful, either=(Blocks(every, self._scope, self._ground), without))

    def _body(self, block: Opened) -> Body:
        placed = [Placed(item, block.source) for item in block.items]
        return Body(placed, self._scope, block.names, self._place_of(block), self._ground)

    def _place_of(self, block: Opened) -> Place:
        if block.source.vendored:
            return self._ground.place
        return block.source, block.head[1], block.head[2]

    def place(self) -> Place:
        """Return the first block."""
        return self._place_of(self._found[0])
