"""Markers in template text: a short run of private-use characters in front of everything a template prints.

A marker stands only where printed text starts, so trimming of white space works as before. A helper's text may be
consumed by a function (`eq (include "x" .) "true"`, `trunc`, `b64enc`), which a marker would change: so each helper
stays as it is and gets a marked twin, and only calls whose text reaches the output as it is are led to the twin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.records import NamedTuple, dataclass
from opslint.read.helm.calls import end_of_name

if TYPE_CHECKING:
    from opslint.read.helm.calls import Calls
    from opslint.read.helm.lexer import Token
    from opslint.read.helm.scope import Scope
    from opslint.read.helm.templates import Template, Templates

TWIN: Final = "\ue0f2"  # ends the name of a helper's marked twin
START: Final = "\ue0f0"
END: Final = "\ue0f1"
_DIGITS: Final = "".join(chr(0xE100 + digit) for digit in range(16))
_HEX: Final = "0123456789abcdef"
_ENCODE: Final = str.maketrans(_HEX, _DIGITS)
DECODE: Final = str.maketrans(_DIGITS, _HEX)
MARK: Final = re.compile(f"{START}([{_DIGITS}]+){END}")
REMAINS: Final = re.compile(f"[{START}{END}{TWIN}{_DIGITS}]")

_FILLED: Final = re.compile(r"[^ \t\r\n]")
_TEXTS: Final[dict[int, str]] = {}  # the markers made so far; several threads may make the same


class Mark(NamedTuple):
    """What stands at one place of a template.

    `at` is the number of the template's token, `line` and `offset` (in code points) where the printed text or the
    action starts.
    """

    template: Template
    at: int
    line: int
    offset: int

    @property
    def file(self) -> str:
        """The path in the chart's files."""
        return self.template.path

    @property
    def token(self) -> Token | None:
        """The action, None for text."""
        token = self.template.shape.tokens[self.at]
        return None if token.word == "text" else token

    @property
    def define(self) -> str:
        """The helper around it, "" for none."""
        return self.template.shape.defines[self.at]

    @property
    def branch(self) -> int:
        """The innermost block around it, -1 for none."""
        return self.template.branch(self.at)

    @property
    def calls(self) -> Calls:
        """The helpers it calls."""
        return self.template.shape.calls[self.at]

    @property
    def scope(self) -> Scope:
        """What its dot and variables mean."""
        return self.template.shape.scopes[self.at]


@dataclass(frozen=True, slots=True, eq=False)
class Instrumented:
    """Templates with markers: the texts by path, and what each marker stands for, by number."""

    texts: dict[str, str]
    marks: list[Mark]


def holds_markers(text: str) -> bool:
    """Return whether a text holds characters that markers are made of."""
    return not text.isascii() and REMAINS.search(text) is not None


def mark_text(number: int) -> str:
    """Return the marker for a number."""
    text = _TEXTS.get(number)
    if text is None:
        text = _TEXTS[number] = START + format(number, "x").translate(_ENCODE) + END
    return text


def instrument(templates: Templates, helpers: frozenset[str], bare: frozenset[str] = frozenset()) -> Instrumented:
    """Return the templates with markers, and with marked twins of these helpers; templates of `bare` are left out."""
    marks: list[Mark] = []
    texts = {
        path: _Marker(template, helpers, marks).text() for path, template in templates.files.items() if path not in bare
    }
    return Instrumented(texts, marks)


class _Marker:
    """Writes one template with markers."""

    def __init__(self, template: Template, helpers: frozenset[str], marks: list[Mark]) -> None:
        self._template, self._helpers, self._marks = template, helpers, marks
        self._out: list[str] = []

    def text(self) -> str:
        shape, out = self._template.shape, self._out
        tokens, defines = shape.tokens, shape.defines
        i = 0
        while i < len(tokens):
            token = tokens[i]
            if token.word not in {"define", "block"}:
                self._mark(i)
                i += 1
                continue
            end = i + 1
            while end < len(tokens) and defines[end]:
                end += 1
            last = tokens[min(end, len(tokens) - 1)]
            out.append(shape.text[token.start : last.end])
            if token.word == "define" and token.name in self._helpers and end < len(tokens):
                self._twin(i, end)
            i = end + 1
        return "".join(out)

    def _twin(self, start: int, end: int) -> None:
        """Write the marked twin behind a helper; nothing stands between the two, so trim dashes do not matter."""
        shape, out = self._template.shape, self._out
        head, last = shape.tokens[start], shape.tokens[end]
        out.append("{{" + _renamed(head.body) + ("-" if head.right else "") + "}}")
        for i in range(start + 1, end):
            self._mark(i)
        out.append(shape.text[last.start : last.end])

    def _mark(self, i: int) -> None:
        shape, out, marks = self._template.shape, self._out, self._marks
        token = shape.tokens[i]
        if token.word == "text":
            first = _FILLED.search(shape.text, token.start, token.end)
            if first is None:
                out.append(shape.text[token.start : token.end])
                return
            # One marker for the whole text: its further lines follow by counting.
            at = first.start()
            out += (shape.text[token.start : at], mark_text(len(marks)), shape.text[at : token.end])
            line = token.line + shape.text.count("\n", token.start, at)
            marks.append(Mark(self._template, i, line, at))
        elif token.prints:
            body = _renamed(token.body) if shape.calls[i].plain in self._helpers else token.body
            # Go wants white space around a trim dash; the left one moves to the marker.
            dash = " -" if token.right and not body[-1:].isspace() else "-" if token.right else ""
            out.append(f'{{{{{"- " if token.left else ""}"{mark_text(len(marks))}"}}}}{{{{{body}{dash}}}}}')
            marks.append(Mark(self._template, i, token.line, token.start))
        else:
            out.append(shape.text[token.start : token.end])


def _renamed(body: str) -> str:
    """Return an action with the twin's name in place of the first helper name."""
    end = end_of_name(body)
    return body[: end - 1] + TWIN + body[end - 1 :]
