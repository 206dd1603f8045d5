"""Styled text: pieces with the name of a style, measured in terminal columns."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, TypeAlias

from opslint.model.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

Piece: TypeAlias = tuple[str, str]  # text, style
Line: TypeAlias = list[Piece]

# The eight base colours, bold and dim only, never a background: the terminal's theme decides what is readable.
_CODES: Final = {
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
    "info": "34",
    "error": "1;31",
    "good": "1;32",
    "strong": "1",
    "place": "36",
    "help": "32",
    "dim": "2",
}
_WORD: Final = regex(r"(?:`[^`]*`|\S)+\s*|\s+")


def paint(line: Line, *, color: bool) -> str:
    """Return a line as text, with ANSI colours or without."""
    while line and not line[-1][0].strip():
        line = line[:-1]
    if line:
        line = [*line[:-1], (line[-1][0].rstrip(), line[-1][1])]
    if not color:
        return "".join(text for text, _ in line)
    return "".join(f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and text else text for text, style in line)


def character_width(character: str) -> int:
    """Return the columns that a character takes: 2 for wide ones (CJK, most emoji), 0 for combining ones."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def width(text: str) -> int:
    """Return the columns that a text takes."""
    return len(text) if text.isascii() else sum(map(character_width, text))


def wrap(pieces: Iterable[Piece], columns: int, indent: str) -> list[Line]:
    """Break pieces at spaces into lines of at most `columns` (0: one line), all but the first indented.

    A word longer than a line (a path, a URL) is kept whole.
    """
    whole = list(pieces)
    if not columns or sum(width(text) for text, _ in whole) <= columns:
        return [whole]
    words = [(word, style) for text, style in whole for word in _words(text)]
    lines: list[Line] = [[]]
    used = 0
    for word, style in words:
        size = width(word)
        if used + width(word.rstrip()) > columns and any(text.strip() for text, _ in lines[-1]):
            lines.append([(indent, "")])
            used = len(indent)
        lines[-1].append((word, style))
        used += size
    return lines


def _words(text: str) -> list[str]:
    """Split text behind its runs of spaces, which stay with the word before; code in backticks is one word."""
    return _WORD.findall(text) or [text]
