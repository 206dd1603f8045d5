"""Where the files of a module name one of its resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.api import beside, may_refer_to, regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import Block, Node, Project

_HEADER: Final = regex(
    r'\s*(?:(?:resource|data|ephemeral)\s+"[^"]*"\s+"[^"]*"|(output|module|variable|provider|check)\s+"[^"]*"'
    r"|(locals|terraform|moved|import|removed))\s*\{"
)
# Blocks that name a resource and use nothing of it.
_IDLE: Final = frozenset({"moved", "import", "removed", "check"})


# The arguments that take an id or ARN of these resources: an unknown in one of them may be any of them.
_TAKERS: Final = {
    "aws_ebs_volume": {"volume_id", "volume_handle"},
    "aws_eip": {"allocation_id", "external_nat_ip_ids", "secondary_allocation_ids"},
    "aws_lb_target_group": {"target_group_arn", "target_group_arns", "lb_target_group_arn", "arn"},
    "aws_alb_target_group": {"target_group_arn", "target_group_arns", "lb_target_group_arn", "arn"},
}


def is_used(block: Block, project: Project) -> bool:
    """True when another block uses the resource, or may do so."""
    return _is_named(block, project) or _may_be_taken(block, project)


def _may_be_taken(block: Block, project: Project) -> bool:
    """True when an argument that takes such a resource has a value that only an apply could tell."""
    same = beside(block, project, block.type)
    for body in (*(one.body for one in block.root.blocks if one is not block), *(one.body for one in block.root.calls)):
        for node in body.walk():
            if not node.known and _key(node) in _TAKERS[block.type] and may_refer_to(node, block, same):
                return True
    return False


def _key(node: Node) -> str:
    """Return the argument a value is of: a list's members are of the list's."""
    while isinstance(node.key, int) and node.parent is not None:
        node = node.parent
    return str(node.key)


def _is_named(block: Block, project: Project) -> bool:
    """True when another block of the module's files names the resource, outputs of a root module left out.

    Read from the text: a value that only an apply could tell may be made of anything, but it has to name what it is
    made of. What a child module hands out counts, because its caller may use it. A block of a module of somebody else
    counts as used.
    """
    if block.virtual or (block.call is not None and block.call.how == "installed"):
        return True
    name = regex(rf"(?<![\w.-]){re.escape(block.type)}\.{re.escape(block.name)}(?![\w-])")
    folder = block.header.source.path.rpartition("/")[0]
    for one in project.files:
        source = one.source
        if (
            source.kind not in {"hcl", "json"}
            or source.path.rpartition("/")[0] != folder
            or not name.search(source.text)
        ):
            continue
        if source.kind == "json":
            return True
        own = block.header.span.line if source.path == block.header.source.path else 0
        for kind, number, line in _lines(source.text):
            if number == own or not name.search(line) or kind in _IDLE:
                continue
            if kind != "output" or block.call is not None:
                return True
    return False


def _lines(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield each line that is no comment with the kind of its top-level block and the line that starts it."""
    kind, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        match = _HEADER.match(line)
        if match:
            kind, start = match[1] or match[2] or "resource", number
        if not line.lstrip().startswith(("#", "//")):
            yield kind, start, line
