"""The templates of a chart: their blocks, their helpers, and what dot and variables mean where."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import dataclass, field
from opslint.read.helm.calls import calls_of
from opslint.read.helm.lexer import Token, lex
from opslint.read.helm.markers import holds_markers
from opslint.read.helm.scope import ROOT, Ref, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opslint.read.helm.calls import Calls

_ARGUMENT: Final = Scope(Ref((), relative=True), (("$", Ref((), relative=True)),))
_TOP: Final = Scope(ROOT, (("$", ROOT),))
UNNAMED: Final = "\0"  # a helper whose name is no plain literal
_NOTES: Final = regex(r"(^|/)templates/NOTES\.txt$")
_SHAPES: Final = 256  # texts that are kept: charts bring the same library along


@dataclass(slots=True, eq=False)
class Shape:
    """What the text of a template tells, whichever chart it stands in.

    For each token: the helpers it `calls`, the helper it stands in (`defines`, "" for none) and the innermost block
    around it (`branches`, -1 for none). For each block: the block around it (`parents`) and its line.
    """

    text: str
    tokens: list[Token]
    calls: list[Calls] = field(default_factory=list)
    defines: list[str] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    _scopes: list[Scope] = field(default_factory=list)

    @property
    def scopes(self) -> list[Scope]:
        """What dot and variables mean at each token; only a finding asks for it."""
        if not self._scopes:
            self._scopes = _scopes_of(self.tokens)
        return self._scopes


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A template in a chart: `path` in the chart's files, `first` the number of its first block among all blocks."""

    path: str
    shape: Shape
    first: int

    def branch(self, at: int) -> int:
        """Return the number of the innermost block around a token, -1 for none."""
        inner = self.shape.branches[at]
        return inner + self.first if inner >= 0 else -1


@dataclass(slots=True, eq=False)
class Templates:
    """All templates of a chart.

    `names` are the helpers (`block`s, which print where they stand, are none), `parents` the enclosing block of each
    block (-1 for none), `homes` the file of each block and `lines` its line.
    """

    files: dict[str, Template] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    parents: list[int] = field(default_factory=list)
    homes: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    _bodies: dict[str, list[tuple[Shape, int]]] = field(default_factory=dict)

    def body(self, name: str) -> list[tuple[Token, Scope]]:
        """Return the actions of a helper that print or assign, each with what dot and variables mean there."""
        if not self._bodies:
            for template in self.files.values():
                shape = template.shape
                for at, (token, define) in enumerate(zip(shape.tokens, shape.defines, strict=True)):
                    if define and token.word in {"", "assign"}:
                        self._bodies.setdefault(define, []).append((shape, at))
        return [(shape.tokens[at], shape.scopes[at]) for shape, at in self._bodies.get(name, ())]


def analyse(texts: Mapping[str, str]) -> Templates:
    """Lex all templates of a chart and follow their blocks and helpers."""
    templates = Templates()
    for path, text in texts.items():
        if _NOTES.search(path) or holds_markers(text):
            continue
        shape, first = _shape_of(text), len(templates.parents)
        templates.files[path] = Template(path, shape, first)
        templates.names.update(token.name for token in shape.tokens if token.word == "define" and token.name)
        templates.parents += [parent + first if parent >= 0 else -1 for parent in shape.parents]
        templates.lines += shape.lines
        templates.homes += [path] * len(shape.lines)
    return templates


@lru_cache(maxsize=_SHAPES)
def _shape_of(text: str) -> Shape:
    """Follow the block structure of a template."""
    shape = Shape(text, lex(text))
    stack: list[tuple[str, int]] = []  # the helper and the block around each open block
    define, branch = "", -1
    for token in shape.tokens:
        word = token.word
        if word == "end" and stack:
            define, branch = stack.pop()
        elif word == "else" and stack:
            define, around = stack[-1]
            branch = _new_branch(shape, around, token.line)
        shape.calls.append(calls_of(token.body))
        shape.defines.append(define)
        shape.branches.append(branch)
        if token.opens:
            stack.append((define, branch))
            if word in {"define", "block"}:
                define, branch = token.name or UNNAMED, -1
            else:
                branch = _new_branch(shape, branch, token.line)
    return shape


def _new_branch(shape: Shape, parent: int, line: int) -> int:
    shape.parents.append(parent)
    shape.lines.append(line)
    return len(shape.parents) - 1


def _scopes_of(tokens: Sequence[Token]) -> list[Scope]:
    """Follow dot and the variables of a template."""
    found: list[Scope] = []
    stack: list[Scope] = []
    scope = _TOP
    for token in tokens:
        word = token.word
        if word == "end" and stack:
            scope = stack.pop()
        elif word == "else" and stack:
            rest = token.body.strip().removeprefix("else").lstrip()
            inner = next((name for name in ("if", "with") if rest.startswith(name)), "")
            scope = stack[-1].enter(inner, rest) if inner else stack[-1]
        found.append(scope)
        if token.opens:
            stack.append(scope)
            scope = _ARGUMENT if word in {"define", "block"} else scope.enter(word, token.body)
        elif word == "assign":
            scope = scope.assign(token.body)
    return found
