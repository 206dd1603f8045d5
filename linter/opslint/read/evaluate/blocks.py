"""Nested blocks, with `dynamic` ones expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import FOR_EACH
from opslint.model.node import Unknown
from opslint.model.records import dataclass
from opslint.read import hcl
from opslint.read.evaluate import notes
from opslint.read.evaluate.module import Placed
from opslint.read.evaluate.scope import Iterators, Names, Origin, Scope
from opslint.read.evaluate.values import EvalError, Value, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opslint.model.source import Source
    from opslint.read.evaluate.module import Declaration

# Arguments that name things instead of having values.
NAMING: Final = frozenset({"provider", "providers", "depends_on"})


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A nested block as it is after expansion; `maybe` says that it may not be there, or several times.

    `head` is the block to point at: the `dynamic` block's own header for its content.
    """

    items: Sequence[Any]
    head: Any
    source: Source
    names: Names | None
    maybe: str = ""


def nested(items: Iterable[Placed], scope: Scope, names: Names | None) -> dict[str, list[Opened]]:
    """Return the nested blocks by type, in the order of the text."""
    out: dict[str, list[Opened]] = {}
    for block, source in items:
        if block[0] != hcl.BLOCK:
            continue
        if block[3] == "dynamic" and block[4]:
            out.setdefault(block[4][0][0], []).extend(_expanded(block, source, scope, names))
        else:
            out.setdefault(block[3], []).append(Opened(block[6], block, source, names))
    return {type_: found for type_, found in out.items() if found}


def _expanded(block: Any, source: Source, scope: Scope, names: Names | None) -> Iterator[Opened]:
    attributes = {item[3]: item[4] for item in block[6] if item[0] == hcl.ATTR}
    content = next((item for item in block[6] if item[0] == hcl.BLOCK and item[3] == "content"), None)
    if content is None or "for_each" not in attributes:
        return
    label = block[4][0][0]
    iterator = attributes.get("iterator")
    name = iterator[3][0] if iterator is not None and iterator[0] == hcl.REF else label
    origin = Origin(attributes["for_each"], source, scope, names)
    collection = scope.attempt(origin)
    outer = dict(names or {})
    try:
        entries = None if isinstance(collection, Unknown) else pairs(collection)
    except EvalError:
        entries = None
    if entries is None:
        why = collection.why if isinstance(collection, Unknown) else f"dynamic {label}"
        yield Opened(content[6], block, source, _untold(name, outer), maybe=why or f"dynamic {label}")
        return
    for key, value in entries[:FOR_EACH]:
        inner = Iterators({**outer, name: {"key": key, "value": value}}, name, key, origin)
        yield Opened(content[6], block, source, inner)
    if len(entries) > FOR_EACH:
        notes.cut(scope, origin, f"dynamic {label}", len(entries))
        yield Opened(content[6], block, source, _untold(name, outer), maybe=f"more than {FOR_EACH} blocks")


def _untold(name: str, outer: dict[str, Value]) -> dict[str, Value]:
    return {**outer, name: {"key": Unknown(f"{name}.key"), "value": Unknown(f"{name}.value")}}


def block_maps(declaration: Declaration, type_: str, scope: Scope, names: Names | None) -> list[Value]:
    """Return the nested blocks of a type as objects; one Unknown stands for blocks whose number is not known."""
    blocks = nested(declaration.items, scope, names).get(type_, [])
    return [Unknown(block.maybe) if block.maybe else _maps([block], scope)[0] for block in blocks]


def _maps(blocks: list[Opened], scope: Scope) -> Value:
    out: list[Value] = []
    for block in blocks:
        if block.maybe:
            return Unknown(block.maybe)
        entry: dict[str, Value] = {}
        for item in block.items:
            if item[0] == hcl.ATTR and item[3] not in NAMING:
                entry[item[3]] = scope.attempt(Origin(item[4], block.source, scope, block.names))
        placed = [Placed(item, block.source) for item in block.items]
        for inner, found in nested(placed, scope, block.names).items():
            entry[inner] = _maps(found, scope)
        out.append(entry)
    return out
