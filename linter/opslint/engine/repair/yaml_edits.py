"""Changes of YAML and JSON as patches that keep comments, order, indentation and quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.engine.repair.block_text import block_text
from opslint.engine.repair.patch import (
    Patch,
    appended,
    extent_of,
    is_editable,
    line_break,
    line_end,
    line_start,
    next_line,
    offsets,
)
from opslint.engine.repair.scalars import flow_list, in_brackets, yaml_key, yaml_scalar
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.source import Source

_ANCHOR: Final = regex(r"&(\S+)\s+(?:!\S*\s+)?\Z")
_STEP: Final = 2  # columns of one more level
_BLANK: Final = regex(r"[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")


def is_shared(node: Node) -> bool:
    """Return whether the text of a node, or of what it stands in, is used in another place too by an alias."""
    text = node.source.text
    at: Node | None = node if "*" in text and "&" in text else None
    while at is not None:
        if at.exists:
            start = extent_of(at)[0]
            anchor = _ANCHOR.search(text, max(0, start - 200), start)
            if anchor is not None and re.search(rf"\*{re.escape(anchor[1])}(?![^\s,\]}}])", text):
                return True
        at = at.parent
    return False


def is_own(node: Node) -> bool:
    """Return whether a node may be edited where it stands."""
    if not is_editable(node.source) or not node.exists or is_shared(node):
        return False
    return not isinstance(node.key, str) or node.parent is None or node.key_span is not None


def is_flow(node: Node) -> bool:
    """Return whether a collection is written in brackets."""
    start, _ = extent_of(node)
    return node.source.text[start : start + 1] in {"{", "["}


def in_flow(node: Node) -> bool:
    """Return whether a node stands inside brackets."""
    at = node.parent
    while at is not None:
        if at.exists and at.known and (at.is_map or at.is_list):
            return is_flow(at)
        at = at.parent
    return False


def is_json(source: Source) -> bool:
    """Return whether a text is JSON rather than YAML."""
    return (
        source.kind == "json"
        or source.path.endswith(".json")
        or source.text.lstrip("\ufeff \t\r\n")[:2] in {"{\n", '{"'}
    )


def set_value(node: Node, value: str) -> list[Patch] | None:
    """Return the patches that write a scalar, or a list in brackets, in place of another; None: it cannot be done.

    Of a list in lines, or in brackets over several, no item may go: only new ones are written between those it has.
    """
    if not is_own(node):
        return None
    source = node.source
    start, end = extent_of(node)
    old = source.text[start:end]
    if node.known and (node.is_map or node.is_list):
        if not node.is_list or not value.startswith("["):
            return None
        if not is_flow(node):
            return _insert_items(node, value)
        # What stands in the lines of a longer list, a comment maybe, is not known to be meant.
        if "\n" in old and not is_json(source):
            return None
        written = yaml_scalar(value, json_like=True) if is_json(source) else flow_list(value, old)
        return [Patch(source, start, end, written)]
    new = yaml_scalar(value, old, flow=in_flow(node), json_like=is_json(source))
    if start == end and source.text[start - 1 : start] == ":":
        new = " " + new
    return [Patch(source, start, end, new)]


def _insert_items(node: Node, value: str) -> list[Patch] | None:
    """Return the patches that write new items between those of a list in lines; None when one of those would go."""
    from opslint.model.source import Source as Text
    from opslint.read.yaml import read_yaml

    source = node.source
    items, wanted = list(node), [item for one in read_yaml(Text("", value)).documents for item in one]
    if not items or any(not item.known or not item.is_scalar for item in (*items, *wanted)):
        return None
    patches: list[Patch] = []
    left = items.copy()
    for item in wanted:
        if left and left[0].text == item.text:
            left.pop(0)
            continue
        near = left[0] if left else items[-1]
        start, end = extent_of(near)
        lead = source.text[line_start(source, start) : start]
        if not re.fullmatch(r"[ ]*-[ ]+", lead):
            return None
        line = lead + yaml_scalar(value[slice(*extent_of(item))], source.text[start:end])
        if left:
            at = line_start(source, start)
            patches.append(Patch(source, at, at, line + line_break(source)))
        else:
            at = line_end(source, end)
            patches.append(Patch(source, at, at, line_break(source) + line))
    return None if left else patches


def rename_key(node: Node, key: str) -> list[Patch] | None:
    """Return the patches that rename a key, in its quotes."""
    span, parent = node.key_span, node.parent
    if not is_own(node) or span is None or parent is None or key in parent:
        return None
    start, end = offsets(node.source, span)
    return [Patch(node.source, start, end, yaml_key(key, [node.source.text[start:end]]))]


def add_entry(to: Node, key: str, value: str) -> list[Patch] | None:
    """Return the patches that add an entry to a map, after its last one; maps that are missing are made too."""
    if to[key].exists if to.known else True:
        return None
    keys = [key]
    while not to.exists:
        if not isinstance(to.key, str) or to.parent is None:
            return None
        keys.insert(0, to.key)
        to = to.parent
    if not is_own(to) or not to.known:
        return None
    if not to.present:
        return _fill_null(to, keys, value)
    if not to.is_map or to.source.text[extent_of(to)[0] :][:1] == "?":
        return None
    return _add_flow(to, keys, value) if is_flow(to) else _add_block(to, keys, value)


def nested_text(keys: list[str], value: str, indent: int, siblings: list[str], newline: str) -> str:
    """Return `key:` lines one below the other, the last with the value, without indentation of the first line."""
    lines = []
    for depth, key in enumerate(keys):
        lead = " " * (indent + depth * _STEP) if depth else ""
        lines.append(f"{lead}{yaml_key(key, siblings if not depth else [])}:")
    in_lines = block_text(value)
    first, *rest = in_lines.split("\n")
    if rest or in_lines != value:
        lines += [" " * (indent + len(keys) * _STEP) + line for line in (first, *rest) if line]
    else:
        lines[-1] += f" {yaml_scalar(first)}"
    return newline.join(lines)


def key_texts(node: Node) -> list[str]:
    """Return the keys of a map as they are written."""
    found = []
    for _, child in node.items():  # noqa: PERF102 - a Node is no dict
        span = child.key_span
        if span is not None:
            start, end = offsets(node.source, span)
            found.append(node.source.text[start:end])
    return found


def _add_block(to: Node, keys: list[str], value: str) -> list[Patch]:
    source = to.source
    start, end = extent_of(to)
    indent = start - line_start(source, start)
    newline = line_break(source)
    lead = source.text[line_start(source, start) : start]
    text = nested_text(keys, value, indent, key_texts(to), newline)
    if re.search(r":[ \t]*[|>]\d*\+", source.text[start:end]):
        # The blank lines behind a literal that keeps them are its own: nothing may come between.
        return [Patch(source, start, start, text + newline + " " * len(lead))]
    at = line_end(source, end)
    return [Patch(source, at, at, newline + " " * indent + text)]


def _fill_null(to: Node, keys: list[str], value: str) -> list[Patch] | None:
    """Write the first entry of a map whose key has no value yet."""
    span = to.key_span
    source = to.source
    if span is None:
        return None
    start, end = extent_of(to)
    if in_flow(to):
        return [
            Patch(source, start, end, f"{' ' if start == end else ''}{_flow_entry(keys, value, [], to, whole=True)}")
        ]
    colon = source.text.find(":", offsets(source, span)[1])
    if source.text[colon + 1 : start].strip():
        return None  # a comment or a tag stands between
    indent = span.column - 1 + _STEP
    text = line_break(source) + " " * indent + nested_text(keys, value, indent, [], line_break(source))
    if start == end:
        at = line_end(source, colon + 1)
        return [Patch(source, at, at, text)]
    return [Patch(source, colon + 1, end, text)]


def _flow_entry(keys: list[str], value: str, siblings: list[str], near: Node, *, whole: bool = False) -> str:
    json_like = is_json(near.source) or (bool(siblings) and all(text.startswith('"') for text in siblings))
    if "\n" in value:
        written = in_brackets(value, json_like=json_like) or value
    else:
        written = yaml_scalar(value, flow=True, json_like=json_like)
    for depth, key in enumerate(reversed(keys)):
        entry = f"{yaml_key(key, siblings, json_like=json_like)}: {written}"
        written = entry if depth == len(keys) - 1 and not whole else f"{{{entry}}}"
    return written


def _add_flow(to: Node, keys: list[str], value: str) -> list[Patch] | None:
    source = to.source
    text = source.text
    start, end = extent_of(to)
    if text[end - 1 : end] != "}":
        return None
    entry = _flow_entry(keys, value, key_texts(to), to)
    children = [(child, extent_of(child)) for _, child in to.items()]
    if not children:
        return [Patch(source, start + 1, end - 1, entry)]
    if any(not start < span[0] <= span[1] < end for _, span in children):
        return None
    last, (_, at) = max(children, key=lambda pair: pair[1][1])
    gap = text[at : end - 1]
    trailing = gap.find(",")
    if trailing >= 0 and "#" not in gap[:trailing]:
        at += trailing + 1
        before, after = "", ","
    elif trailing >= 0:
        return None
    else:
        before, after = ",", ""
    key = last.key_span
    first = offsets(source, key)[0] if key is not None else extent_of(last)[0]
    lead = text[line_start(source, first) : first]
    if "\n" in gap and not lead.strip():
        return [Patch(source, at, at, before + line_break(source) + lead + entry + after)]
    return [Patch(source, at, at, f"{before} {entry}{after}")]


def append_item(to: Node, value: str) -> list[Patch] | None:
    """Return the patches that append a scalar to a list, after its last item; None: it cannot be done."""
    items = list(to) if is_own(to) and to.known else []
    if not items or value in to.texts() or any(extent_of(item)[0] == extent_of(item)[1] for item in items):
        return None
    source, text = to.source, to.source.text
    start, end = extent_of(items[-1])
    lead = text[line_start(source, start) : start]
    if not is_flow(to):
        if not re.fullmatch(r" *-[ \t]+", lead):
            return None  # the list stands behind the dash of another one
        at = line_end(source, end)
        return [Patch(source, at, at, f"{line_break(source)}{lead}{yaml_scalar(value)}")]
    written = yaml_scalar(value, flow=True, json_like=is_json(source) or text[start : start + 1] == '"')
    gap = text[end : extent_of(to)[1] - 1]
    comma = gap.find(",")
    if "#" in gap[: max(comma, 0)]:
        return None
    at, before, after = (end + comma + 1, "", ",") if comma >= 0 else (end, ",", "")
    own_line = "\n" in gap and not lead.strip()
    return [Patch(source, at, at, before + (line_break(source) + lead if own_line else " ") + written + after)]


def remove_entry(node: Node) -> list[Patch] | None:
    """Return the patches that remove an entry of a map or a list, with its key and its lines."""
    parent = node.parent
    if parent is None or not is_own(node) or not parent.known:
        return None
    source, text = node.source, node.source.text
    start, end = extent_of(node)
    key = node.key_span
    if key is not None:
        start = offsets(source, key)[0]
    elif not in_flow(node):
        dash = re.compile(r"-[ \t]+\Z").search(text, line_start(source, start), start)
        if dash is None:
            return None
        start = dash.start()
    if len(parent) == 1:
        return _empty(parent)
    if is_flow(parent):
        return _remove_flow(node, parent, start, end)
    if not _BLANK.match(text, end):
        return None
    lead = text[line_start(source, start) : start]
    if not lead.strip():
        return [Patch(source, line_start(source, start), next_line(source, end), "")]
    if not re.fullmatch(r"(?:\s*-)+\s+", lead):
        return None
    # The first entry of a list's item shares the line with the dash: the next one moves up there.
    below = next_line(source, end)
    following = re.compile(r"[ ]*").match(text, below)
    if (
        following is None
        or following.end() - below != len(lead)
        or text[following.end() : following.end() + 1] in {"#", "\r", "\n", ""}
    ):
        return None
    return [Patch(source, start, following.end(), "")]


def _empty(parent: Node) -> list[Patch] | None:
    """Write an empty collection in place of one whose only entry goes."""
    source, text = parent.source, parent.source.text
    start, end = extent_of(parent)
    empty = "[]" if parent.is_list else "{}"
    if is_flow(parent):
        return [Patch(source, start, end, empty)]
    key = parent.key_span
    if "#" in text[start:end]:
        return None  # there may be comments among it
    if key is None:
        return [Patch(source, start, end, empty)] if text[line_start(source, start) : start].strip() else None
    colon = text.find(":", offsets(source, key)[1])
    if text[colon + 1 : start].strip():
        return None
    return [Patch(source, colon + 1, end, " " + empty)]


def _remove_flow(node: Node, parent: Node, start: int, end: int) -> list[Patch] | None:
    source, text = node.source, node.source.text
    comma = re.compile(r"\s*,[ \t]*").match(text, end)
    if comma is not None:
        line = text[line_start(source, start) : start]
        if not line.strip() and text[comma.end() : comma.end() + 1] in {"\n", "\r"}:
            return [Patch(source, line_start(source, start), next_line(source, comma.end()), "")]
        return [Patch(source, start, comma.end(), "")]
    before = text.rfind(",", extent_of(parent)[0], start)
    if before < 0 or text[before + 1 : start].strip():
        return None
    return [Patch(source, before, end, "")]


def append_document(after: Node, document: str) -> list[Patch] | None:
    """Return the patch that appends a document to the file of a node; None when it is there already."""
    source = after.source
    document = document.strip("\n").removeprefix("---\n") + "\n"
    if not is_editable(source) or is_json(source) or document.strip() in source.text.replace("\r\n", "\n"):
        return None
    separator = "" if re.search(r"(?:^|\n)---[ \t]*\r?\n?\Z", source.text) else "---\n"
    return [appended(source, separator + document)]
