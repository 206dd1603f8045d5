"""JSON as text: ASCII only, one item of a long list a line, the same bytes for the same input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

_NOT_PRINTABLE_ASCII: Final = regex("[^ -~]")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"  # a lone surrogate: strict readers refuse the whole file
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def encode(value: object) -> str:
    """Return a value as one line of JSON in printable ASCII, so that no terminal or encoding can be hurt by it."""
    text = _ENCODER.encode(value)
    if "##" in text:  # CI runners obey `##[…` and `##vso[…` anywhere in a line of a log
        text = text.replace("##", "#\\u0023")
    return text if text.isascii() and "\x7f" not in text else _NOT_PRINTABLE_ASCII.sub(_escaped, text)


def encode_list(lines: Iterable[str], indent: str) -> str:
    """Return a JSON list of encoded items, one a line."""
    body = f",\n{indent}  ".join(lines)
    return f"[\n{indent}  {body}\n{indent}]" if body else "[]"


def encode_object(members: Mapping[str, str], indent: str = "") -> str:
    """Return a JSON object of encoded members, one a line, in the order of the mapping."""
    body = f",\n{indent}  ".join(f"{encode(key)}: {value}" for key, value in members.items())
    return f"{{\n{indent}  {body}\n{indent}}}"
