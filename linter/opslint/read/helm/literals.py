"""What a chart that does not render says in plain text: literal `apiVersion` and `kind` of its templates.

Nothing else of such a document is known. Documents in a branch that asks the cluster for its version or its APIs are
left out, for another branch stands beside them; so are those in named templates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint.model.source import Confidence, Location, Origin, Source, Span
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node
    from opslint.read.helm.chart import LoadedChart

_ACTION: Final = regex(r"\{\{-?\s*(/\*.*?\*/|.*?)\s*-?\}\}", re.DOTALL)
_OPENS: Final = frozenset({"if", "with", "range", "define", "block"})
# Words of an action that asks the cluster, also in the name of a helper (`include "common.capabilities.…"`).
_ASKS: Final = regex(r"capabilit|semvercompare|apiversion|kubeversion", re.IGNORECASE)
_SETS: Final = regex(r"(\$\w+)\s*:?=")
_LITERAL: Final = regex(r"(apiVersion|kind):[ \t]+([\"']?)[A-Za-z][\w./-]*\2[ \t]*(?:#.*)?\r?\Z")
_NAME: Final = regex(r"  name:[ \t]+([\"']?)[a-z0-9][\w.-]*\1[ \t]*\r?\Z")


class _SameLines(NamedTuple):
    """The map of a text that has the lines of a template, or nothing in their place."""

    template: Source

    def locate(self, span: Span) -> Origin:
        """Return the same span of the template."""
        return Origin(Location(self.template, span), Confidence.EXACT)


def literal_documents(chart: LoadedChart) -> Iterator[Node]:
    """Yield a map of `apiVersion`, `kind` and, where it is literal too, `metadata.name` for each such document."""
    for path in chart.templates():
        part = chart.part_of(path)
        if path.endswith((".yaml", ".yml")) and not part.archived:
            yield from _documents(chart.source(path))


def _documents(template: Source) -> Iterator[Node]:
    kept = [""] * template.line_count
    skipped = _guarded_lines(template)
    keys: set[str] = set()
    start = 0
    for number in (*range(1, template.line_count + 1), 0):
        line = template.line(number)
        if not number or line.startswith("---"):
            if keys >= {"apiVersion", "kind"}:
                end = number - 1 if number else template.line_count
                text = "\n".join([""] * start + kept[start:end])
                same = _SameLines(template)
                yield from read_yaml(Source(template.path, text, "rendered", same, template.vendored)).documents
            keys, start = set(), number
            continue
        match = None if number in skipped else _LITERAL.match(line)
        if match is not None and match[1] not in keys:
            keys.add(match[1])
            kept[number - 1] = line
        elif number not in skipped and _NAME.match(line) and template.line(number - 1).rstrip() == "metadata:":
            kept[number - 2 : number] = ["metadata:", line]


def _guarded_lines(template: Source) -> set[int]:
    """Return the lines inside a branch that asks for versions or APIs, or inside a named template."""
    lines: set[int] = set()
    stack: list[bool] = []
    answers: set[str] = set()  # variables that hold what the cluster was asked for
    begin = 0

    def asks(text: str) -> bool:
        return bool(_ASKS.search(text)) or not answers.isdisjoint(re.findall(r"\$\w+", text))

    for action in _ACTION.finditer(template.text):
        words = action[1].split(None, 1)
        word = words[0] if words else ""
        if word in _OPENS:
            guarded = word in {"define", "block"} or asks(action[1])
            if guarded and not any(stack):
                begin = template.position(action.start())[0]
            stack.append(guarded)
        elif word == "else" and stack and asks(action[1]) and not any(stack):
            begin = template.position(action.start())[0]
            stack[-1] = True
        elif word == "end" and stack:
            was = any(stack)
            stack.pop()
            if was and not any(stack):
                lines.update(range(begin, template.position(action.end())[0] + 1))
        elif (variable := _SETS.match(action[1])) and asks(action[1]):
            answers.add(variable[1])
    return lines
