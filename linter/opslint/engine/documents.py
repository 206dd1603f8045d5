"""Documents in the texts of values: JSON and YAML of which parts may be unknown, and where a part of one stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.model.source import Location, Source, Span

if TYPE_CHECKING:
    from opslint.model.node import Node

HOLE: Final = "\ufffc"
"""Stands in a text for what only an apply could tell."""
_QUOTED: Final = regex(r'"(?:[^"\\]|\\.)*"|\ufffc')


def text_with_holes(node: Node) -> str | None:
    """Return a text whose unknown pieces are `HOLE`; None when nothing of it is known."""
    unknown = node.unknown
    if unknown is None:
        return node.text
    return _filled(unknown) if unknown.parts else None


def _filled(value: object) -> str:
    if isinstance(value, Unknown):
        return "".join(map(_filled, value.parts)) if value.parts else HOLE
    return str(value)


def json_with_holes(node: Node) -> Any:
    """Return the JSON document in a text, unknown values and pieces of strings being `HOLE`.

    None when it is absent, no JSON, or wholly unknown.
    """
    text = text_with_holes(node)
    if not text:
        return None
    try:
        if HOLE in text:
            text = _QUOTED.sub(lambda match: match[0] if match[0] != HOLE else f'"{HOLE}"', text)
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def yaml_with_holes(node: Node) -> Any:
    """Return the YAML document in a text, unknown pieces being `HOLE`.

    None when it is absent, no YAML (or several documents of it), or wholly unknown.
    """
    text = text_with_holes(node)
    if not text:
        return None
    from opslint.read.yaml import read_yaml

    read = read_yaml(Source("", text))
    return read.documents[0].plain() if len(read.documents) == 1 and not read.errors else None


def place_within(node: Node, text: str) -> Location | Node:
    """Return where a text stands first in what is written for a value, on one line; else the value itself."""
    source, extent = node.source, node.extent
    for number in range(extent.line, extent.end_line + 1):
        line = source.line(number)
        end = extent.end_column - 1 if number == extent.end_line else len(line)
        at = line.find(text, extent.column - 1 if number == extent.line else 0, end)
        if at >= 0:
            return Location(source, Span(number, at + 1, number, at + 1 + len(text)))
    return node


__all__ = ["HOLE", "json_with_holes", "place_within", "text_with_holes", "yaml_with_holes"]
