"""What a chart holds back until it is given values: fields and objects that its own values leave out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.cached import once
from opslint.model.kube import POD_TEMPLATE
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Unit

# What prints a value: `include "api.name" .`, `.Values.account.name`
_PRINTED: Final = regex(r"(?:include|template)\s+\"([^\"]+)\"|\.Values\.([\w.]+)")


def _waits(unit: Unit) -> bool:
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
    if chart is None or not _waits(unit):
        return False
    names = _printers_of(node)
    if not names:
        return False
    key = re.compile(rf"\b(?:{field}):(.*)")
    lines = _lines_by_printer(unit)
    found = (key.search(line) for name in names for line in lines.get(name, ()))
    return any(match is not None and not names.isdisjoint(_printers_in(match[1])) for match in found)


@once
def _lines_by_printer(unit: Unit) -> dict[str, list[str]]:
    """The lines with an action in the templates of the chart that hold branches which no release renders.

    They stand by the helpers and values keys that they print: a chart of many parts has thousands of lines, and most of
    its objects ask.
    """
    places = unit.chart.unrendered if unit.chart is not None else ()
    sources = {place.source.path: place.source for place in places}
    found: dict[str, list[str]] = {}
    for line in dict.fromkeys(line for one in sources.values() for line in one.text.splitlines() if "{{" in line):
        for name in dict.fromkeys(_printers_in(line)):
            found.setdefault(name, []).append(line)
    return found


def _printers_of(node: Node) -> set[str]:
    """Return the helpers and values keys that print a value of a rendered object."""
    source_map = node.source.origin
    if source_map is None:
        return set()
    origin = source_map.locate(node.span)
    places = [origin.location, *(place for label, place in origin.related if not label.startswith("values key"))]
    return {name for place in places for name in _printers_in(place.source.line(place.span.line))}


def _printers_in(text: str) -> list[str]:
    """Return the helpers and values keys that the actions of a line print."""
    return [helper or key for helper, key in _PRINTED.findall(text)]


def left_out(
    item: KubeObject,
    kinds: Iterable[str] = POD_TEMPLATE,
    *,
    labels: Mapping[str, str] | None = None,
    name: Node | None = None,
) -> bool:
    """True when other values may add an object of these kinds, with these labels, to what an object is installed with.

    That is so for a chart which was rendered with its own values only: what given values leave out is not there.
    Without kinds, workloads are meant. A template cannot be read for all that it says, so an object in it is taken for
    the wanted one unless it writes another value for one of the labels, or another name: another text around what is
    computed, or what other helpers and values keys print.
    """
    chart = item.unit.chart
    if chart is None or item.unit.environment.name or not _waits(item.unit):
        return False
    kind = re.compile(rf"^[ \t]*kind:[ \t]*[\"']?(?:(?:{'|'.join(sorted(kinds))})\b|\{{\{{)", re.MULTILINE)
    printed = _printers_of(name) if name is not None else set()
    return any(
        kind.search(one) and _fits(one, labels or {}) and (name is None or _bears(one, name.text, printed))
        for one in _branches(item.unit)
    )


@once
def _branches(unit: Unit) -> tuple[str, ...]:
    """The texts of the branches of the chart that no release renders, in which there is an object."""
    lines: dict[str, tuple[str, set[int]]] = {}
    for place in unit.chart.unrendered if unit.chart is not None else ():
        lines.setdefault(place.source.path, (place.source.text, set()))[1].add(place.span.line)
    texts = (branch for text, starts in lines.values() if "kind:" in text for branch in _in_text(text, starts))
    return tuple(dict.fromkeys(text for text in texts if "kind:" in text))


def _in_text(text: str, lines: set[int]) -> Iterator[str]:
    """Yield the text of each block that begins in one of the lines, up to its `else` or `end`."""
    from opslint.read.helm.lexer import lex  # only charts need it

    waiting = set(lines)
    opened: list[int] = []  # where each open block's text begins, -1 for one that is not asked for
    for token in lex(text):
        if token.word in {"else", "end"} and opened:
            start = opened.pop()
            if start >= 0:
                yield text[start : token.start]
        if token.opens or token.word == "else":
            asked = token.line in waiting
            waiting.discard(token.line)
            opened.append(token.end if asked else -1)
    yield from (text[start:] for start in opened if start >= 0)


def _fits(text: str, labels: Mapping[str, str]) -> bool:
    """False when a label is written with other values only, none of them computed."""
    for key, value in labels.items():
        written = re.findall(rf"""^[ \t]*["']?{re.escape(key)}["']?:[ \t]*["']?([^\s"'#]+)""", text, re.MULTILINE)
        if written and value not in written and not any("{{" in one for one in written):
            return False
    return True


def _bears(text: str, name: str, printed: set[str]) -> bool:
    """True when an object in a template may have a name: what is written around its actions fits."""
    for written in _names(text):
        before, action, after = written.partition("{{")
        if written == name:
            return True
        if not action or not name.startswith(before) or not name.endswith(after.rpartition("}}")[2]):
            continue
        others = _printers_in(written)
        if not printed or not others or not printed.isdisjoint(others):
            return True
    return False


def _names(text: str) -> Iterator[str]:
    """Yield the names of the objects in a template, as they are written: the first one below each `metadata`."""
    below = False
    for line in text.splitlines():
        key, _, rest = line.strip().partition(":")
        if key == "metadata":
            below = True
        elif below and key == "name":
            below = False
            yield rest.strip().strip("\"'")


__all__ = ["left_out", "may_be_named"]
