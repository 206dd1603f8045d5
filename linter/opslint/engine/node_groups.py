"""What modules make for nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex

if TYPE_CHECKING:
    from opslint.model.terraform import Block

KARPENTER_MODULE: Final = "terraform-aws-modules/eks/aws//modules/karpenter"
"""Makes two roles, a queue, event rules and an access entry for nodes, and no more."""
_GROUP_KEY: Final = regex(r'_node_groups?\["([^"]+)"\]')


def group_key(block: Block) -> str:
    """Return the key of a module's node group (`system`) that a block is made for, "" for every other block."""
    if not block.virtual or block.call is None:
        return ""
    match = _GROUP_KEY.search(block.address.removeprefix(block.call.address))
    return match[1] if match else ""
