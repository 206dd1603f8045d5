"""A whole value in place of another: a map whose fields have moved, laid out as its surroundings are."""

from __future__ import annotations

import re
from typing import Any, Final

from opslint.engine.repair.patch import Patch, extent_of, is_editable, line_break, line_start
from opslint.engine.repair.scalars import yaml_key, yaml_scalar
from opslint.engine.repair.template_edits import literal_line
from opslint.engine.repair.yaml_edits import in_flow, is_flow, is_json, is_own, is_shared
from opslint.model.node import Node
from opslint.model.patterns import regex

_STEP: Final = 2  # columns of one more level
_COMMENT: Final = regex(r"(?:^|[ \t])#", re.MULTILINE)


def replace_value(node: Node, value: dict[str, Any]) -> list[Patch] | None:
    """Return the patch that writes `value` in place of the map at a node; None when it cannot be done exactly.

    `value` holds maps, texts (scalars as they shall read) and nodes, whose own text is kept. A rendered map is replaced
    in its template when all of its lines stand there literally. Comments inside would be lost: then nothing is done.
    """
    if not node.exists or not node.known or not node.is_map or is_shared(node):
        return None
    text = node.source.text
    start, end = extent_of(node)
    if _COMMENT.search(text[start:end]):
        return None
    flow = is_flow(node) or in_flow(node)
    if flow:
        written = _flow(value, json_like=is_json(node.source))
    else:
        lines = _block(value)
        if lines is None:
            return None
        indent = start - line_start(node.source, start)
        written = ("\n" + " " * indent).join(lines)
    if node.source.origin is not None:
        return _in_template(node, written)
    if not is_own(node):
        return None
    return [Patch(node.source, start, end, written.replace("\n", line_break(node.source)))]


def _in_template(node: Node, written: str) -> list[Patch] | None:
    """Replace literal lines that follow each other in one template as they do in its rendering."""
    rendered, extent = node.source, node.extent
    found = [literal_line(rendered, number) for number in range(extent.line, extent.end_line + 1)]
    first = found[0]
    if first is None:
        return None
    source, line, shift = first
    for step, one in enumerate(found):
        if one is None or one[0] is not source or one[1:] != (line + step, shift):
            return None
    if not is_editable(source):
        return None
    start = source.offset(line, extent.column + shift)
    end = source.offset(line + len(found) - 1, extent.end_column + shift)
    moved = written.replace("\n", line_break(source) + " " * shift if shift > 0 else line_break(source))
    if shift < 0:
        moved = moved.replace(line_break(source) + " " * -shift, line_break(source))
    return [Patch(source, start, end, moved)]


def _block(value: Any) -> list[str] | None:
    """Return the lines of a map, None when a text in it cannot stand there."""
    lines: list[str] = []
    for key, inner in _entries(value):
        if _is_map(inner) and not _is_flow_node(inner):
            below = _block(inner)
            if below is None:
                return None
            lines += [f"{yaml_key(key, [])}:", *(" " * _STEP + line for line in below)]
        else:
            scalar = _scalar(inner)
            if scalar is None:
                return None
            lines.append(f"{yaml_key(key, [])}: {scalar}")
    return lines


def _entries(value: Any) -> list[tuple[str, Any]]:
    return list(value.items())


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, Node) and value.known and value.is_map)


def _is_flow_node(value: Any) -> bool:
    return isinstance(value, Node) and is_flow(value)


def _scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return yaml_scalar(value)
    start, end = extent_of(value)
    text: str = value.source.text[start:end]
    return None if "\n" in text or start == end else text


def _flow(value: Any, *, json_like: bool) -> str:
    parts = []
    for key, inner in _entries(value):
        if _is_map(inner):
            written = _flow(inner, json_like=json_like)
        elif isinstance(inner, str):
            written = yaml_scalar(inner, flow=True, json_like=json_like)
        else:
            start, end = extent_of(inner)
            written = inner.source.text[start:end]
        parts.append(f"{yaml_key(key, [], json_like=json_like)}: {written}")
    return f"{{{', '.join(parts)}}}"
