"""Changes of a rendered object, made where its text comes from: a values key, or a template line that is literal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.engine.repair.patch import Patch, extent_of, is_editable, line_break, offsets
from opslint.engine.repair.scalars import yaml_key, yaml_scalar
from opslint.engine.repair.yaml_edits import in_flow, is_flow, is_shared, key_texts, nested_text
from opslint.model.patterns import regex
from opslint.model.source import Confidence, Span

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.source import Location, Source

_ACTION: Final = regex(r"\{\{.*?\}\}", re.DOTALL)
_BRANCH: Final = regex(r"\{\{-?\s*(if|with|range|block|define|end)\b")
_OPEN: Final = regex(r":[ \t]*(?:[|>][-+\d]*[ \t]*)?(?:#.*)?$")


def set_value(node: Node, value: str) -> list[Patch] | None:
    """Return the patches that change a scalar: at its values key when it came whole from there."""
    rendered = node.source
    if not node.exists or rendered.origin is None or (node.known and (node.is_map or node.is_list)):
        return None
    origin = rendered.origin.locate(node.extent)
    if origin.confidence is not Confidence.EXACT:
        return None
    if origin.editable is not None:
        return _at_values_key(origin.editable, value)
    start, end = extent_of(node)
    found = _entry(node)
    if found is None or start == end:
        return None
    source, at, text = found
    old = rendered.text[start:end]
    at += len(text) - len(old)
    return [Patch(source, at, at + len(old), yaml_scalar(value, old, flow=in_flow(node)))]


def _at_values_key(scalar: Location, value: str) -> list[Patch] | None:
    source = scalar.source
    if not is_editable(source):
        return None
    start, end = offsets(source, scalar.span)
    before = source.text[:start]
    anchor = re.search(r"&(\S+)\s+\Z", before[-200:])
    if anchor is not None and f"*{anchor[1]}" in source.text:
        return None
    flow = re.search(r"[{\[,][^\n]*\Z", before) is not None
    return [Patch(source, start, end, yaml_scalar(value, source.text[start:end], flow=flow))]


def rename_key(node: Node, key: str) -> list[Patch] | None:
    """Return the patches that rename a key of a literal line."""
    span, parent = node.key_span, node.parent
    if span is None or parent is None or key in parent:
        return None
    found = literal_line(node.source, span.line)
    if found is None:
        return None
    start, end = offsets(node.source, span)
    source, line, shift = found
    at = source.offset(line, span.column + shift)
    return [Patch(source, at, at + end - start, yaml_key(key, [node.source.text[start:end]]))]


def add_entry(to: Node, key: str, value: str) -> list[Patch] | None:
    """Return the patches that add an entry below a literal line of the map, else above one that opens a block."""
    if not to.known or to[key].exists:
        return None
    keys = [key]
    while not to.exists:
        if not isinstance(to.key, str) or to.parent is None:
            return None
        keys.insert(0, to.key)
        to = to.parent
    if not to.known or not to.is_map or is_flow(to) or is_shared(to):
        return None
    top = _first_line(to)
    spans = [(child.key_span, child.extent.end_line) for _, child in reversed(list(to.items()))]
    # Below an entry of one line, the last one first; then above one of several.
    places = [(span, span.line != end) for span, end in spans if span is not None]
    for span, above in sorted(places, key=lambda place: place[1]):
        found = literal_line(to.source, span.line)
        if found is None:
            continue
        source, line, shift = found
        indent = span.column - 1 + shift
        if (not _is_alone(source, line, indent)) if above else _is_open(source, line):
            continue
        if top is not None and top[0] is source and _in_branch(source, top[1], line):
            continue
        if _stands_nearby(source, line, indent, keys[0]):
            return None
        newline = line_break(source)
        text = " " * indent + nested_text(keys, value, indent, key_texts(to), newline)
        if above:
            at = source.offset(line, 1)
            return [Patch(source, at, at, text + newline)]
        at = source.offset(line, 1) + len(source.line(line))
        return [Patch(source, at, at, newline + text)]
    return None


def _first_line(node: Node) -> tuple[Source, int] | None:
    """Return the template line of a map's key, else that of its first entry; None when it is no literal line."""
    span = node.key_span
    found = literal_line(node.source, span.line if span is not None else node.extent.line)
    return None if found is None else found[:2]


def _is_open(source: Source, line: int) -> bool:
    """Return whether what comes below a line may be a part of its value, maybe in a branch that was not rendered."""
    return _OPEN.search(source.line(line)) is not None


def _in_branch(source: Source, top: int, line: int) -> bool:
    """Return whether a line is written under a condition, or several times, where the line `top` is written once."""
    depth = 0
    for number in range(top, line):
        for action in _BRANCH.finditer(source.line(number)):
            depth += -1 if action[1] == "end" else 1
    return depth > 0


def _is_alone(source: Source, line: int, indent: int) -> bool:
    """Return whether another entry may come above a line: it begins no list's item, and no comment speaks of it."""
    return not source.line(line)[:indent].strip() and not source.line(line - 1).lstrip().startswith(
        ("#", "{{/*", "{{- /*")
    )


def remove_entry(node: Node) -> list[Patch] | None:
    """Return the patches that remove a literal line; its map keeps other entries."""
    span, parent = node.key_span, node.parent
    if span is None or parent is None or not node.known or node.is_map or node.is_list:
        return None
    if len(parent) == 1 or node.extent.end_line != span.line:
        return None
    found = literal_line(node.source, span.line)
    if found is None or _is_open(found[0], found[1]):
        return None
    source, line, shift = found
    if source.line(line)[: span.column - 1 + shift].strip():
        return None  # the first entry of a list's item
    start = source.offset(line, 1)
    end = source.text.find("\n", start)
    return [Patch(source, start, len(source.text) if end < 0 else end + 1, "")]


def _located(rendered: Source, line: int) -> tuple[Source, int] | None:
    """Return the template and its line that printed a line; None for text that is no template of one's own."""
    if rendered.origin is None:
        return None
    origin = rendered.origin.locate(Span.of_line(line, rendered.line(line)))
    source = origin.location.source
    if origin.confidence is not Confidence.EXACT or not is_editable(source):
        return None
    return source, origin.location.span.line


def literal_line(rendered: Source, line: int) -> tuple[Source, int, int] | None:
    """Return (template, line, columns to add) for a line that stands in the template as it was rendered."""
    found = _located(rendered, line)
    if found is None:
        return None
    source, number = found
    written, printed = source.line(number), rendered.line(line)
    if "{{" in written or "}}" in written or written.strip() != printed.strip():
        return None
    return source, number, (len(written) - len(written.lstrip())) - (len(printed) - len(printed.lstrip()))


def _entry(node: Node) -> tuple[Source, int, str] | None:
    """Return (template, offset, text) of `key: value` when it stands literally, once, on its template line."""
    rendered = node.source
    start, end = extent_of(node)
    key = node.key_span
    first = offsets(rendered, key)[0] if key is not None else start
    text = rendered.text[first:end]
    if "\n" in text or "{{" in text:
        return None
    found = _located(rendered, node.extent.line)
    if found is None:
        return None
    source, number = found
    line = _ACTION.sub(lambda action: "\0" * len(action[0]), source.line(number))
    places = [match.start() for match in re.finditer(rf"(?<![\w.-]){re.escape(text)}(?![\w.\0-])", line)]
    if "{{" in line or "}}" in line or len(places) != 1:
        return None
    return source, source.offset(number, places[0] + 1), text


def _stands_nearby(source: Source, line: int, indent: int, key: str) -> bool:
    """Return whether the key stands in the same map of the template already, maybe in a branch not rendered."""
    if key not in source.text:
        return False
    entry = re.compile(rf" {{{indent}}}[\"']?{re.escape(key)}[\"']?\s*:")
    for step in (-1, 1):
        number = line + step
        while 1 <= number <= source.line_count:
            text = source.line(number)
            bare = text.strip()
            if bare and not bare.startswith(("{{", "#")):
                if entry.match(text):
                    return True
                if len(text) - len(text.lstrip()) < indent:
                    # The line of a list's item is a part of its map.
                    if re.match(rf" *- +[\"']?{re.escape(key)}[\"']?\s*:", text):
                        return True
                    break
            number += step
    return False
