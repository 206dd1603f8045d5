"""Splitting a Go template into text and actions, by one compiled expression."""

from __future__ import annotations

import re
from typing import Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

# An action ends at the first }} outside "…", `…` and '…'; possessive repeats keep a hostile text linear.
_ACTION: Final = regex(
    r"""\{\{(?P<left>-(?=[ \t\r\n]))?
    (?:(?P<comment>[ \t\r\n]*/\*.*?\*/[ \t\r\n]*-?)
      |(?P<body>(?:[^"`'}]++|"(?:[^"\\\n]++|\\.)*+"|`[^`]*+`|'(?:[^'\\\n]++|\\.)*+'|\}(?!\}))*+)
    )\}\}""",
    re.VERBOSE | re.DOTALL,
)
_WORD: Final = regex(r"\s*(if|else|end|range|with|define|block|template|break|continue)\b")
_ASSIGN: Final = regex(r"\s*\$\w*\s*(?:,\s*\$\w+\s*)?:?=")
_NAME: Final = regex(r'\s*(?:define|block|template)\s+(?:"([^"]*)"|`([^`]*)`)')
_OPENERS: Final = frozenset({"if", "range", "with", "define", "block"})


class Token(NamedTuple):
    """A stretch of a template: text, or one action with its delimiters.

    `start` and `end` are code-point offsets, `line` the 1-based line of `start`. `word` is the control word of an
    action, "assign" for an assignment, "comment", "" for a pipeline that prints; "text" marks text. `body` is what
    stands between the delimiters and trim dashes; `left` and `right` tell whether a dash trims there.
    """

    start: int
    end: int
    line: int
    word: str
    body: str = ""
    left: bool = False
    right: bool = False

    @property
    def prints(self) -> bool:
        """True for an action that writes to the output: a pipeline or `template`."""
        return self.word in {"", "template"}

    @property
    def opens(self) -> bool:
        """True when an `end` belongs to it."""
        return self.word in _OPENERS

    @property
    def name(self) -> str:
        """The literal name behind `define`, `block` or `template`, "" without one."""
        match = _NAME.match(self.body)
        return (match[1] or match[2] or "") if match else ""


def lex(text: str) -> list[Token]:
    """Return the tokens of a template in order; they cover the text without gaps. An unclosed action is text."""
    tokens: list[Token] = []
    position, line = 0, 1
    while (start := text.find("{{", position)) >= 0:
        match = _ACTION.match(text, start)
        if match is None:
            break  # Go's parser gives up here too; searching on would make a hostile text quadratic
        end = match.end()
        if start > position:
            tokens.append(Token(position, start, line, "text"))
            line += text.count("\n", position, start)
        tokens.append(_action(match, line))
        line += text.count("\n", start, end)
        position = end
    if position < len(text):
        tokens.append(Token(position, len(text), line, "text"))
    return tokens


def _action(match: re.Match[str], line: int) -> Token:
    start, end = match.span()
    left = match["left"] is not None
    body = match["body"]
    if body is None:
        return Token(start, end, line, "comment", "", left, match["comment"].endswith("-"))
    right = len(body) > 1 and body[-1] == "-" and body[-2] in " \t\r\n"
    if right:
        body = body[:-1]
    word = _WORD.match(body)
    name = word[1] if word else "assign" if _ASSIGN.match(body) else ""
    return Token(start, end, line, name, body, left, right)
