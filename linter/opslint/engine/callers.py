"""Where whoever calls a local module changes what the module's resource is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.source import Location
    from opslint.model.terraform import Block


def at_caller(
    block: Block, shown: Node, *nodes: Node
) -> tuple[Node | Location, tuple[tuple[str, Node | Location], ...]]:
    """Return the place of a problem, and what belongs to it: `Problem(message, *at_caller(block, node))`.

    Within a local module it is what the caller decides (`caller_place` of `nodes`, else of `shown`), the module's own
    line beside it.
    """
    place = caller_place(block, *(nodes or (shown,)))
    return (shown, ()) if place is None else (place, (("in the module", shown),))


def caller_place(block: Block, *nodes: Node) -> Location | None:
    """Return the place in the root module that decides arguments of a resource inside a local module.

    It is the first value that the root module gives to one of them; where it gives none and the module has a default,
    its `module` block. None for what the module decides by itself, and for every other block.
    """
    if block.virtual or block.call is None or block.call.how != "local":
        return None
    for node in nodes:
        for _, place in reversed(node.via):
            if place.source.path.rpartition("/")[0] == block.root.path:
                return place
    if not any(label.startswith("var.") for node in nodes for label, _ in node.via):
        return None
    outermost = [call for call in block.root.calls if block.address.startswith(f"{call.address}.")]
    return min(outermost, key=lambda call: len(call.address)).header if outermost else None


__all__ = ["at_caller", "caller_place"]
