"""Templates: quoted strings, heredocs and whole template files.

`read` reads one expression (`expressions.read_expression`, handed over so that the imports go one way). A template is
read flat first, as literals, expressions and directives; `_assemble` then nests the directives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.limits import HCL_DEPTH
from opslint.model.records import dataclass, field
from opslint.read.hcl.nodes import STR, TFOR, TIF, TMPL, TOO_DEEP, HclError, Node, ReadExpression
from opslint.read.hcl.tokens import (
    DIRECTIVE_WORD,
    ESCAPES,
    FOR_HEAD,
    HEREDOC_END,
    HEREDOC_PART,
    QUOTED_PART,
    SEQUENCE_END,
)

if TYPE_CHECKING:
    import re

_SURROGATES: Final = range(0xD800, 0xE000)
_LAST_CHARACTER: Final = 0x10FFFF
_NO_INDENT: Final = 1 << 30


@dataclass(slots=True)
class _Directive:
    """A `%{ … }`: its word, where it starts, and what it holds."""

    word: str
    start: int
    value: Node = ()
    key_name: str | None = None
    value_name: str = ""


@dataclass(slots=True)
class _Open:
    """A directive that waits for its end: the parts around it and the parts of its branches."""

    directive: _Directive
    around: list[Any]
    first: list[Any] = field(default_factory=list)
    second: list[Any] = field(default_factory=list)
    in_second: bool = False


_Raw: TypeAlias = list["str | Node | _Directive"]


def _interpolation(text: str, at: int, depth: int, read: ReadExpression) -> tuple[Node, int, bool]:
    """Read `… }` after `${`: the expression, the offset after it, whether the blanks after it are trimmed."""
    value = read(text, at, True, depth + 1)
    end = SEQUENCE_END(text, value[2])
    if end is None:
        raise HclError(value[2], "expected '}' after an interpolation")
    return value, end.end(), bool(end[1])


def _directive(text: str, start: int, at: int, depth: int, read: ReadExpression) -> tuple[_Directive, int, bool]:
    """Read `… }` after the `%{` that stands at `start`."""
    match = DIRECTIVE_WORD(text, at)
    if match is None:
        raise HclError(at, "expected if, else, endif, for or endfor")
    directive = _Directive(match[1], start)
    at = match.end()
    if directive.word == "if":
        directive.value = read(text, at, True, depth + 1)
        at = directive.value[2]
    elif directive.word == "for":
        head = FOR_HEAD(text, match.start(1))
        if head is None:
            raise HclError(at, "expected 'for NAME in'")
        directive.key_name = head[1] if head[2] else None
        directive.value_name = head[2] or head[1]
        directive.value = read(text, head.end(), True, depth + 1)
        at = directive.value[2]
    end = SEQUENCE_END(text, at)
    if end is None:
        raise HclError(at, "expected '}' after a directive")
    return directive, end.end(), bool(end[1])


def _assemble(raw: _Raw, depth: int) -> list[Any]:
    """Return the parts with their directives nested and adjacent literals joined."""
    waiting: list[_Open] = []
    current: list[Any] = []
    out = current
    literal: list[str] = []
    for part in raw:
        if isinstance(part, str):
            literal.append(part)
            continue
        if literal:
            joined = "".join(literal)
            literal.clear()
            if joined:
                current.append(joined)
        if isinstance(part, tuple):
            current.append(part)
        elif part.word in ("if", "for"):
            waiting.append(_Open(part, current))
            current = waiting[-1].first
            if len(waiting) + depth > HCL_DEPTH:
                raise HclError(part.start, TOO_DEEP)
        else:
            current = _end_branch(part, waiting)
    if literal and (joined := "".join(literal)):
        current.append(joined)
    if waiting:
        raise HclError(waiting[-1].directive.start, f"missing end{waiting[-1].directive.word}")
    return out


def _end_branch(part: _Directive, waiting: list[_Open]) -> list[Any]:
    """Take an `else` or an end, and return the list that the next parts belong to."""
    if not waiting:
        raise HclError(part.start, f"unexpected {part.word}")
    opened = waiting[-1]
    begin = opened.directive
    if part.word == "else" and begin.word == "if" and not opened.in_second:
        opened.in_second = True
        return opened.second
    if part.word != "end" + begin.word:
        raise HclError(part.start, f"unexpected {part.word}")
    waiting.pop()
    if begin.word == "if":
        node: Node = (TIF, begin.start, part.start, begin.value, opened.first, opened.second)
    else:
        node = (TFOR, begin.start, part.start, begin.key_name, begin.value_name, begin.value, opened.first)
    opened.around.append(node)
    return opened.around


def _escape(word: str, at: int) -> str:
    """Return the character of an escape."""
    simple = ESCAPES.get(word)
    if simple is not None:
        return simple
    code = int(word[2:], 16)  # noqa: FURB166 - the prefix is not 0x
    if code > _LAST_CHARACTER or code in _SURROGATES:
        raise HclError(at, "an escape that is no character")
    return chr(code)


def read_quoted(text: str, start: int, depth: int, read: ReadExpression) -> Node:
    """Read the quoted string that opens at `start`: a STR, or a TMPL when it holds a sequence."""
    raw: _Raw = []
    at = start + 1
    strip = False
    template = False
    while True:
        match = QUOTED_PART(text, at)
        if match is None:
            raise HclError(start, "a quoted string has no end on its line")
        kind = match.lastindex
        at = match.end()
        if kind == 6:
            break
        if kind in (1, 7):
            raw.append(match[0].lstrip() if strip else match[0])
            strip = False
        elif kind == 2:
            raw.append(_escape(match[2], match.start()))
            strip = False
        elif kind == 3:
            raw.append(match[3][1:])
            strip = False
        elif kind == 8:
            raise HclError(match.start(), "unknown escape in a string")
        else:
            at, strip = _sequence(text, match, raw, depth, read)
            template = True
    if not template:
        return (STR, start, at, "".join(raw))  # type: ignore[arg-type]  # only literals then
    return (TMPL, start, at, _assemble(raw, depth), 0)


def _sequence(text: str, match: re.Match[str], raw: _Raw, depth: int, read: ReadExpression) -> tuple[int, bool]:
    """Read the `${` (group 3 or 4) or `%{` that is matched, add it to `raw`; return the end and its trim mark."""
    if match[0][-1] == "~" and raw and isinstance(raw[-1], str):
        raw[-1] = raw[-1].rstrip()
    part: Node | _Directive
    if match[0][0] == "$":
        part, at, strip = _interpolation(text, match.end(), depth, read)
    else:
        part, at, strip = _directive(text, match.start(), match.end(), depth, read)
    raw.append(part)
    return at, strip


def heredoc_end(text: str, start: int, at: int, mark: str) -> tuple[int, int]:
    """Return where the marker's line begins, at or after `at`, and where the marker ends; raise HclError."""
    for match in HEREDOC_END(text, at):
        if match[1] == mark and text[match.end() + 1] != "\0":
            return match.start(), match.end(1)
        if match[1] == mark:
            raise HclError(start, f"the line that ends the heredoc {mark} has no line break", swallows=True)
    raise HclError(start, f"the heredoc {mark} has no end", swallows=True)


def read_heredoc(text: str, match: re.Match[str], depth: int, read: ReadExpression) -> Node:
    """Read the heredoc whose first line is matched (group 9 its `-`, group 10 its marker)."""
    mark = match[10]
    flush = match[9] == "-"
    start = match.start(10) - 2 - len(match[9])
    at = match.end()
    end, stop = heredoc_end(text, start, at, mark)
    body = text[at:end]
    if "${" not in body and "%{" not in body:
        return (STR, start, stop, _dedent(body) if flush else body)
    raw: _Raw = []
    strip = False
    while at < end:
        part = HEREDOC_PART(text, at, end)
        assert part is not None  # noqa: S101 - every character begins a part
        kind = part.lastindex
        at = part.end()
        if kind in (1, 5):
            raw.append(part[0].lstrip() if strip else part[0])
            strip = False
        elif kind == 2:
            raw.append(part[2][1:])
            strip = False
        else:
            at, strip = _sequence(text, part, raw, depth, read)
            if at > end:  # the marker that was found stands inside the sequence
                end, stop = heredoc_end(text, start, text.index("\n", at), mark)
    if flush:
        _flush(raw)
    return (TMPL, start, stop, _assemble(raw, depth), 2 if flush else 1)


def read_template(text: str, read: ReadExpression) -> list[Any]:
    """Return the parts of a whole template file; `text` ends in a line break and a NUL that are not part of it."""
    raw: _Raw = []
    at = 0
    end = len(text) - 2
    strip = False
    while at < end:
        part = HEREDOC_PART(text, at, end)
        assert part is not None  # noqa: S101 - every character begins a part
        kind = part.lastindex
        at = part.end()
        if kind in (1, 5):
            raw.append(part[0].lstrip() if strip else part[0])
            strip = False
        elif kind == 2:
            raw.append(part[2][1:])
            strip = False
        else:
            at, strip = _sequence(text, part, raw, 0, read)
    return _assemble(raw, 0)


def _dedent(body: str) -> str:
    """Return the text of a `<<-` without its common indent; blank lines keep what they have."""
    lines = body.split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join([line[indent:] if line.strip() else line for line in lines])


def _flush(raw: _Raw) -> None:
    """Take the common indent of a `<<-` away.

    A literal is one part a line; a line that starts with a sequence has no indent.
    """
    least = _NO_INDENT
    newline = True
    adjust: list[int] = []
    for index, part in enumerate(raw):
        literal = part if isinstance(part, str) else ""
        if newline:
            indent = 0
            if literal:
                body = literal.lstrip()
                if not body and literal.endswith("\n"):
                    indent = _NO_INDENT
                else:
                    indent = len(literal) - len(body)
                    adjust.append(index)
            least = min(least, indent)
        newline = literal.endswith("\n")
    for index in adjust:
        part = raw[index]
        raw[index] = part[least:] if isinstance(part, str) else part
