"""Markers in template text: a short run of private-use characters in front of everything a template prints.

A marker stands only where printed text starts, so trimming of white space works as before. A helper's text may be
consumed by a function (`eq (include "x" .) "true"`, `trunc`, `b64enc`), which a marker would change: so each helper
stays as it is and gets a marked twin, and only calls whose text reaches the output as it is are led to the twin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opslint.read.helm.calls import Calls, calls_of, end_of_name
from opslint.read.helm.lexer import Token, lex
from opslint.read.helm.scope import ROOT, Ref, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

TWIN: Final = "\ue0f2"  # ends the name of a helper's marked twin
START: Final = "\ue0f0"
END: Final = "\ue0f1"
_DIGITS: Final = "".join(chr(0xE100 + digit) for digit in range(16))
_HEX: Final = "0123456789abcdef"
_ENCODE: Final = str.maketrans(_HEX, _DIGITS)
DECODE: Final = str.maketrans(_DIGITS, _HEX)
MARK: Final = re.compile(f"{START}([{_DIGITS}]+){END}")
REMAINS: Final = re.compile(f"[{START}{END}{TWIN}{_DIGITS}]")

_ARGUMENT: Final = Scope(Ref((), relative=True), (("$", Ref((), relative=True)),))
_TOP: Final = Scope(ROOT, (("$", ROOT),))
UNNAMED: Final = "\0"  # a helper whose name is no plain literal
_NOTES: Final = re.compile(r"(^|/)templates/NOTES\.txt$")
_FILLED: Final = re.compile(r"[^ \t\r\n]")


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """What stands at one place of a template.

    `file` is the path in the chart's files, `offset` the code point where the printed text or the action starts.
    `token` is the action, None for text. `define` names the helper around it ("" for none), `branch` the innermost
    block, `calls` the helpers it calls, `scope` what its dot and variables mean.
    """

    file: str
    line: int
    offset: int
    token: Token | None
    define: str
    branch: int
    calls: Calls
    scope: Scope


@dataclass(slots=True, eq=False)
class Template:
    """A lexed template with what every token stands in."""

    path: str
    text: str
    tokens: list[Token]
    calls: list[Calls] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    defines: list[str] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Templates:
    """All templates of a chart, lexed once.

    `names` are the helpers (`block`s, which print where they stand, are none), `bodies` what the helpers' actions
    read, `parents` the enclosing block of each block (-1 for none), `homes` the file of each block and `lines` its
    line.
    """

    files: dict[str, Template] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    bodies: dict[str, list[tuple[Token, Scope]]] = field(default_factory=dict)
    parents: list[int] = field(default_factory=list)
    homes: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Instrumented:
    """Templates with markers: the texts by path, and what each marker stands for, by number."""

    texts: dict[str, str]
    marks: list[Mark]


def analyse(texts: Mapping[str, str]) -> Templates:
    """Lex all templates of a chart and follow their blocks, helpers and variables."""
    templates = Templates()
    for path, text in texts.items():
        if _NOTES.search(path) or REMAINS.search(text):
            continue
        template = Template(path, text, lex(text))
        templates.files[path] = template
        _Walk(templates, template).run()
    return templates


class _Walk:
    """Follows the block structure of one template."""

    def __init__(self, templates: Templates, template: Template) -> None:
        self._templates, self._template = templates, template
        # Each open block: its scope before, the helper and the block around it, its own word.
        self._stack: list[tuple[Scope, str, int, str]] = []
        self._scope, self._define, self._branch = _TOP, "", -1

    def run(self) -> None:
        template = self._template
        for token in template.tokens:
            calls = calls_of(token.body) if token.body else Calls()
            if token.opens:
                self._record(calls)
                self._open(token)
                continue
            if token.word == "end" and self._stack:
                self._scope, self._define, self._branch, _ = self._stack.pop()
            elif token.word == "else" and self._stack:
                self._else(token)
            elif token.word == "assign":
                self._record(calls)
                self._body(token)
                self._scope = self._scope.assign(token.body)
                continue
            elif token.word == "":
                self._body(token)
            self._record(calls)

    def _record(self, calls: Calls) -> None:
        template = self._template
        template.calls.append(calls)
        template.scopes.append(self._scope)
        template.defines.append(self._define)
        template.branches.append(self._branch)

    def _body(self, token: Token) -> None:
        if self._define:
            self._templates.bodies.setdefault(self._define, []).append((token, self._scope))

    def _new_branch(self, parent: int, line: int) -> int:
        self._templates.parents.append(parent)
        self._templates.lines.append(line)
        self._templates.homes.append(self._template.path)
        return len(self._templates.parents) - 1

    def _open(self, token: Token) -> None:
        self._stack.append((self._scope, self._define, self._branch, token.word))
        if token.word in {"define", "block"}:
            self._define = token.name or UNNAMED
            if token.word == "define" and token.name:
                self._templates.names.add(self._define)
            self._scope, self._branch = _ARGUMENT, -1
            return
        self._branch = self._new_branch(self._branch, token.line)
        self._scope = self._scope.enter(token.word, token.body)

    def _else(self, token: Token) -> None:
        scope, define, branch, word = self._stack[-1]
        self._define, self._branch = define, self._new_branch(branch, token.line)
        rest = token.body.strip().removeprefix("else").lstrip()
        inner = next((name for name in ("if", "with") if rest.startswith(name)), "")
        self._scope = scope.enter(inner, rest) if inner else scope
        self._stack[-1] = (scope, define, branch, word)


def mark_text(number: int) -> str:
    """Return the marker for a number."""
    return START + format(number, "x").translate(_ENCODE) + END


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
        template, out = self._template, self._out
        tokens, defines = template.tokens, template.defines
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
            out.append(template.text[token.start : last.end])
            if token.word == "define" and token.name in self._helpers and end < len(tokens):
                self._twin(i, end)
            i = end + 1
        return "".join(out)

    def _twin(self, start: int, end: int) -> None:
        """Write the marked twin behind a helper; nothing stands between the two, so trim dashes do not matter."""
        tokens, out = self._template.tokens, self._out
        head, last = tokens[start], tokens[end]
        out.append("{{" + _renamed(head.body) + ("-" if head.right else "") + "}}")
        for i in range(start + 1, end):
            self._mark(i)
        out.append(self._template.text[last.start : last.end])

    def _mark(self, i: int) -> None:
        template, out, marks = self._template, self._out, self._marks
        token, calls = template.tokens[i], template.calls[i]
        around = (template.defines[i], template.branches[i], calls, template.scopes[i])
        raw = template.text[token.start : token.end]
        if token.word == "text":
            first = _FILLED.search(raw)
            if first is None:
                out.append(raw)
                return
            # One marker for the whole text: its further lines follow by counting.
            at = first.start()
            out += (raw[:at], mark_text(len(marks)), raw[at:])
            line = token.line + raw.count("\n", 0, at)
            marks.append(Mark(template.path, line, token.start + at, None, *around))
        elif token.prints:
            body = _renamed(token.body) if calls.plain in self._helpers else token.body
            # Go wants white space around a trim dash; the left one moves to the marker.
            dash = " -" if token.right and not body[-1:].isspace() else "-" if token.right else ""
            out.append(f'{{{{{"- " if token.left else ""}"{mark_text(len(marks))}"}}}}{{{{{body}{dash}}}}}')
            marks.append(Mark(template.path, token.line, token.start, token, *around))
        else:
            out.append(raw)


def _renamed(body: str) -> str:
    """Return an action with the twin's name in place of the first helper name."""
    end = end_of_name(body)
    return body[: end - 1] + TWIN + body[end - 1 :]
