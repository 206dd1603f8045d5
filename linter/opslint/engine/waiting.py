"""What a chart holds back until it is given values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.project import Unit

# What prints a value: `include "api.name" .`, `.Values.account.name`
_PRINTED: Final = regex(r"(?:include|template)\s+\"([^\"]+)\"|\.Values\.([\w.]+)")


def waits(unit: Unit) -> bool:
    """True for a chart that leaves something out and was rendered with its own values only."""
    chart = unit.chart
    if chart is None or not chart.unrendered:
        return False
    return not any(one.values for one in chart.releases if one.unit == unit.id)


def may_be_named(node: Node, unit: Unit, field: str) -> bool:
    """Return whether a field of the chart that no release renders would print the same as `node`.

    The fields are those whose name fits the pattern `field`; they print the same when they call the same helper or read
    the same values key. A chart that is rendered with its own values only waits for those of its users: what it leaves
    out may be what they switch on. Where values are given, what they leave out is left out.
    """
    chart = unit.chart
    if chart is None or not waits(unit):
        return False
    names = printers_of(node)
    if not names:
        return False
    line = re.compile(rf"\b(?:{field}):(.*\{{\{{.*)")
    sources = {place.source.path: place.source for place in chart.unrendered}
    return any(
        not names.isdisjoint(printers_in(match[1]))
        for source in sources.values()
        for match in line.finditer(source.text)
    )


def printers_of(node: Node) -> set[str]:
    """Return the helpers and values keys that print a value of a rendered object."""
    source_map = node.source.origin
    if source_map is None:
        return set()
    origin = source_map.locate(node.span)
    places = [origin.location, *(place for label, place in origin.related if not label.startswith("values key"))]
    return {name for place in places for name in printers_in(place.source.line(place.span.line))}


def printers_in(text: str) -> list[str]:
    """Return the helpers and values keys that the actions of a line print."""
    return [helper or key for helper, key in _PRINTED.findall(text)]
