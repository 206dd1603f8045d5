"""Objects that a chart has in its templates, and that its own values leave out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opslint.engine.waiting import printers_in, printers_of, waits
from opslint.model.kube import POD_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node


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
    if chart is None or item.unit.environment.name or not waits(item.unit):
        return False
    kind = re.compile(rf"^[ \t]*kind:[ \t]*[\"']?(?:(?:{'|'.join(sorted(kinds))})\b|\{{\{{)", re.MULTILINE)
    printed = printers_of(name) if name is not None else set()
    branches = (_branch(place.source.text, place.span.line) for place in chart.unrendered)
    return any(
        kind.search(one) and _fits(one, labels or {}) and (name is None or _bears(one, name.text, printed))
        for one in branches
    )


def _branch(text: str, line: int) -> str:
    """Return the text of the block that begins in a line, up to its `else` or `end`."""
    from opslint.read.helm.lexer import lex  # only charts need it

    depth, start = 0, -1
    for token in lex(text):
        if start < 0:
            if token.line == line and (token.opens or token.word == "else"):
                start = token.end
            continue
        if token.opens:
            depth += 1
        elif depth == 0 and token.word in {"else", "end"}:
            return text[start : token.start]
        elif token.word == "end":
            depth -= 1
    return text[start:] if start >= 0 else ""


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
        others = printers_in(written)
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
