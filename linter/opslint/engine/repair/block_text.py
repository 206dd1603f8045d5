"""A collection that a rule gives in brackets, written as people write it below a key: an entry a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.engine.repair.patch import extent_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node


def block_text(value: str) -> str:
    """Return a collection that holds a map in block style; any other value, such as `[ALL]` or `{}`, as it is."""
    if value[:1] not in {"{", "["} or "\n" in value or ":" not in value:
        return value
    from opslint.model.source import Source
    from opslint.read.yaml import read_yaml

    file = read_yaml(Source("", value))
    if file.errors or len(file.documents) != 1:
        return value
    return "\n".join(_lines(file.documents[0]))


def _lines(node: Node) -> Iterator[str]:
    if node.is_map:
        for key, child in node.items():
            span = child.key_span
            written = node.source.line(1)[span.column - 1 : span.end_column - 1] if span is not None else key
            if _is_short(child):
                yield f"{written}: {_written(child)}"
            else:
                yield f"{written}:"
                yield from (f"  {line}" for line in _lines(child))
        return
    for item in node:
        first, *rest = [_written(item)] if _is_short(item) else _lines(item)
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def _is_short(node: Node) -> bool:
    """Return whether a value stands on the line of its key: a scalar, a list of scalars, or something empty."""
    if node.is_map:
        return not len(node)
    return not node.is_list or all(not (item.is_map or item.is_list) for item in node)


def _written(node: Node) -> str:
    start, end = extent_of(node)
    return node.source.text[start:end]
