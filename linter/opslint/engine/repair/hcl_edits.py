"""Changes of Terraform as patches, laid out as `terraform fmt` would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.engine.repair.hcl_layout import Entry, padding, realignment
from opslint.engine.repair.patch import (
    Patch,
    extent_of,
    is_editable,
    line_break,
    line_end,
    line_start,
    next_line,
    offsets,
)
from opslint.engine.repair.scalars import hcl_scalar, is_hcl_literal
from opslint.read import hcl

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.source import Source


def set_value(node: Node, value: str) -> list[Patch] | None:
    """Return the patches that change a value where it is literal: in the argument, or in what supplies it."""
    if not node.exists or not node.known or node.is_map or node.is_list:
        return None
    via = node.via
    source, span = (via[-1][1].source, via[-1][1].span) if via else (node.source, node.extent)
    if not is_editable(source) or source.kind not in {"hcl", "json"}:
        return None
    start, end = offsets(source, span)
    old = source.text[start:end]
    # An expression that only computes with the literal has another value: changing the literal is not the same.
    if not is_hcl_literal(old) or not _is_written(old, node):
        return None
    new = hcl_scalar(value, old)
    if not is_hcl_literal(new) and source.kind == "json":
        return None
    return [Patch(source, start, end, new)]


def _is_written(text: str, node: Node) -> bool:
    """True when a literal is the node's own value; `1.30` is the number 1.3."""
    if not node.present:
        return text == "null"
    if text.strip('"') == node.text:
        return True
    return node.number is not None and text[:1].isdigit() and float(text) == node.number


def rename_key(node: Node, key: str) -> list[Patch] | None:
    """Return the patches that rename an argument; the signs of its neighbours stay aligned where there is room."""
    span, parent = node.key_span, node.parent
    if span is None or parent is None or not is_editable(node.source) or key in parent:
        return None
    source = node.source
    start, end = offsets(source, span)
    if source.text[start:end] != str(node.key):
        return None
    sign = source.text.find("=", end)
    if source.kind != "hcl" or sign < 0 or source.text[end:sign].strip():
        return [Patch(source, start, end, key)]
    layout = realignment(source, _entries_of(parent), start, len(key))
    column, patches = layout or (len(key) + 1, [])
    return [Patch(source, start, sign, key + " " * (column - len(key))), *patches]


def remove_entry(node: Node) -> list[Patch] | None:
    """Return the patches that remove an argument that has its lines to itself."""
    span = node.key_span
    if span is None or not is_editable(node.source) or node.source.kind != "hcl":
        return None
    source = node.source
    start, end = offsets(source, span)[0], extent_of(node)[1]
    lead, rest = source.text[line_start(source, start) : start], source.text[end : line_end(source, end)]
    if lead.strip() or (rest.strip() and not rest.lstrip().startswith(("#", "//"))):
        return None
    parent = node.parent
    layout = realignment(source, _entries_of(parent), start, 0) if parent is not None else None
    return [Patch(source, line_start(source, start), next_line(source, end), ""), *(layout[1] if layout else [])]


def _entries_of(to: Node) -> list[Entry]:
    """Return the entries of a block or object, () when its text does not show them."""
    source = to.source
    if source.kind != "hcl":
        return []
    start, end = extent_of(to)
    items = _items(source.text[start:end], start)
    return items[1] if items is not None else []


def add_entry(to: Node, key: str, value: str) -> list[Patch] | None:
    """Return the patches that add an argument to a block, or an entry to an object."""
    if not to.exists or not to.known or not to.is_map or to[key].exists:
        return None
    source = to.source
    if not is_editable(source) or source.kind != "hcl":
        return None
    start, end = extent_of(to)
    items = _items(source.text[start:end], start)
    if items is None:
        return None
    inner, entries = items
    if any(name == key for name, *_ in entries):
        return None
    close = end - 1
    newline = line_break(source)
    indent = source.text[line_start(source, start) : start]
    indent = indent[: len(indent) - len(indent.lstrip())] + "  "
    if value.startswith("{\n"):
        is_block = not source.text.startswith("{", start)
        return _nested(source, close, (key, value), bool(entries)) if is_block else None
    if "\n" not in source.text[inner:close]:
        return [*_open_up(source, inner, close, (key, value), indent), *_set_apart(to)]
    plain = [entry for entry in entries if entry[3]]
    if not plain:
        blank = newline if entries else ""
        at = line_end(source, inner)
        return [Patch(source, at, at, f"{newline}{indent}{key} = {value}{blank}")]
    return _beside(source, plain, (key, value), newline)


def _nested(source: Source, close: int, new: tuple[str, str], apart: bool) -> list[Patch] | None:
    """Add a nested block at the end of a block, an empty line before it when there is anything before."""
    at = line_start(source, close)
    indent, newline = source.text[at:close], line_break(source)
    if indent.strip():
        return None  # a block of one line
    lines = [f"{new[0]} {line}" if number == 0 else line for number, line in enumerate(new[1].split("\n"))]
    text = "".join(f"{indent}  {line}{newline}" for line in lines)
    return [Patch(source, at, at, (newline if apart else "") + text)]


def _open_up(source: Source, inner: int, close: int, new: tuple[str, str], indent: str) -> list[Patch]:
    """Break a block of one line into lines, with the new argument at the end."""
    newline = line_break(source)
    held = source.text[inner:close].strip()
    lines = [*([indent + held] if held else []), f"{indent}{new[0]} = {new[1]}", indent[:-2]]
    return [Patch(source, inner, close, newline + newline.join(lines))]


def _set_apart(to: Node) -> list[Patch]:
    """Take an entry that goes on over several lines out of the alignment of its neighbours."""
    span, parent, source = to.key_span, to.parent, to.source
    if span is None or parent is None:
        return []
    start, end = offsets(source, span)
    sign = source.text.find("=", end)
    if sign < 0 or source.text[end:sign].strip():
        return []
    layout = realignment(source, _entries_of(parent), start, 0)
    return [Patch(source, end, sign, " "), *(layout[1] if layout else [])]


def _items(text: str, shift: int) -> tuple[int, list[Entry]] | None:
    """Return the offset behind the opening brace, and (name, start, end, is an argument) of what stands inside."""
    if not text.endswith("}"):
        return None
    if text.startswith("{"):
        parsed = hcl.parse(f"x={text}")
        body = parsed.body
        if parsed.errors or len(body) != 1 or body[0][0] != hcl.ATTR or body[0][4][0] != hcl.OBJ:
            return None
        found = [(_word(text, key), key[1] - 2 + shift, value[2] - 2 + shift, True) for key, value in body[0][4][3]]
        return shift + 1, found
    parsed = hcl.parse(text)
    if parsed.errors or len(parsed.body) != 1 or parsed.body[0][0] != hcl.BLOCK or parsed.body[0][3] == "dynamic":
        return None
    block = parsed.body[0]
    found = [(str(item[3]), item[1] + shift, item[2] + shift, item[0] == hcl.ATTR) for item in block[6]]
    return block[5] + shift, found


def _word(text: str, key: Any) -> str:
    return text[key[1] - 2 : key[2] - 2].strip('"')


def _beside(source: Source, entries: list[Entry], new: tuple[str, str], newline: str) -> list[Patch] | None:
    """Add a line below the last argument of one line, aligned with those it joins."""
    text = source.text
    single = [entry for entry in entries if "\n" not in text[entry[1] : entry[2]]]
    last = (single or entries)[-1]
    at = line_end(source, last[2])
    rest = text[last[2] : at].strip()
    comma = rest.startswith(",")
    if rest.removeprefix(",").strip() and not rest.removeprefix(",").lstrip().startswith(("#", "//")):
        return None
    lead = text[line_start(source, last[1]) : last[1]]
    if lead.strip():
        return None
    key, value = new
    end = "," if comma else ""
    if not single:
        return [Patch(source, at, at, f"{newline}{lead}{key} = {value}{end}")]
    spaces, patches = padding(source, single, key)
    return [*patches, Patch(source, at, at, f"{newline}{lead}{key}{' ' * spaces}= {value}{end}")]
