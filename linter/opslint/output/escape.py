"""Names, messages and file contents are data: what makes them harmless in each format."""

from __future__ import annotations

import re
from typing import Final

from opslint.model.patterns import regex

# Control characters, everything that hides or reorders text (zero-width, bidi, fillers, tags), and lone surrogates.
_HOSTILE: Final = regex(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SURROGATE: Final = regex("[\ud800-\udfff]")
_INLINE_COMMAND: Final = regex(r"##(?=\[|vso\[)")  # CI runners obey these anywhere in a line of a log
_LINE_COMMAND: Final = regex(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_XML_INVALID: Final = regex("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKDOWN: Final = regex(r"[\\`*_\[\]<>|~$&]|:(?=//|[a-z+-][\w+-]*:)")
_MENTION: Final = regex(r"([@#])(?=\w)")
_AUTOLINK: Final = regex(r"(?i)\bwww(?=\.)")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "::", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def visible_character(character: str) -> str:
    """Return a harmless picture of a control, bidi or invisible character, and any other as it is."""
    return _picture(character) if _HOSTILE.match(character) else character


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures, one column each
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def visible(text: str) -> str:
    """Return one line of text in which every control, bidi and invisible character can be seen and does nothing."""
    plain = text.isascii() and text.isprintable()  # nearly always, and quicker told than searched
    shown = text if plain else _HOSTILE.sub(lambda match: _picture(match[0]), text)
    return _INLINE_COMMAND.sub("# #", shown) if "##" in shown else shown


def without_commands(text: str) -> str:
    """Return lines of which none is a workflow command: GitHub takes every line for one that begins with `::`."""
    return _LINE_COMMAND.sub(r"\1<U+003A>", text) if "::" in text else text


def without_surrogates(text: str) -> str:
    """Return the text with every lone surrogate (a file name's undecodable byte) replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def command_data(text: str) -> str:
    """Return the message of a GitHub workflow command."""
    shown = "\n".join(visible(line) for line in text.splitlines())
    return shown.replace("%", "%25").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return a property's value in a GitHub workflow command."""
    return visible(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def markdown_text(text: str) -> str:
    """Return text that Markdown shows as it is: no markup, table cell, link, mention or issue number comes of it."""
    # Entities rather than backslashes: a table's cell is split at `|` before backslashes are looked at.
    escaped = _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", visible(text))
    # A zero-width space is what keeps GitHub from notifying people; an entity does not.
    escaped = _MENTION.sub(r"\1&#8203;", escaped.replace("&#", "\0")).replace("\0", "&#")
    return _AUTOLINK.sub(lambda match: f"{match[0]}&#8203;", escaped)


def csv_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    shown = visible(text)
    return f"'{shown}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else shown


def xml_text(text: str) -> str:
    """Return character data or a double-quoted attribute's value, with XML's invalid characters made visible."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    shown = _XML_INVALID.sub("\ufffd", shown)
    for raw, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "&#10;")):
        shown = shown.replace(raw, entity)
    return shown


def plain_message(text: str) -> str:
    """Return SARIF message text in which no Markdown-like link is read: `[a](b)` becomes `[a] (b)`."""
    return visible(text).replace("](", "] (")
