"""New scalars in the style of those they replace."""

from __future__ import annotations

import json
import re
from typing import Final

from opslint.model.patterns import regex
from opslint.read.scalars import plain_scalar

_QUOTED: Final = regex(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'")
_SIMPLE: Final = regex(r"[^\"'\\\n\r\t]*")
_FLOW: Final = regex(r"[,\[\]{}]")
_WORD: Final = regex(r"[A-Za-z0-9_.][\w./-]*", re.ASCII)


def _content(text: str) -> str | None:
    """Return the content of a quoted scalar without escapes, None when it has some or is not quoted."""
    if text[:1] in {'"', "'"} and _QUOTED.fullmatch(text) and _SIMPLE.fullmatch(text[1:-1]):
        return text[1:-1]
    return None


def _is_text(plain: str) -> bool:
    """Return whether an unquoted scalar reads as a string."""
    return isinstance(plain_scalar(plain), str)


def yaml_scalar(value: str, old: str = "", *, flow: bool = False, json_like: bool = False) -> str:
    """Return a value as it is written in place of `old`: in its quotes, and quoted where the surroundings need it.

    `value` is a YAML scalar as it shall read: a number or a boolean that shall be a string comes with its quotes.
    """
    old_content, content = _content(old), _content(value)
    if json_like:
        if value[:1] in {"[", "{"}:
            return in_brackets(value, json_like=True) or value
        if content is not None:
            return json.dumps(content, ensure_ascii=False)
        return value if not _is_text(value) or value.startswith('"') else json.dumps(value, ensure_ascii=False)
    if old_content is not None:
        if content is not None:
            return old[0] + content + old[0]
        # Quotes around a number or a boolean are meant: it is a string there.
        if _SIMPLE.fullmatch(value) and (_is_text(value) or not _is_text(old_content)):
            return old[0] + value + old[0]
    if flow and content is None and _FLOW.search(value) and not value.startswith(("{", "[", '"', "'")):
        return json.dumps(value, ensure_ascii=False)
    return value


def yaml_string(text: str) -> str:
    """Return a text as a YAML scalar that reads as that very string: a label `1` in quotes, `web` as it is."""
    return text if _WORD.fullmatch(text) and _is_text(text) else json.dumps(text, ensure_ascii=False)


def flow_list(value: str, old: str) -> str:
    """Return a list in brackets in the quotes of the one it takes the place of, when all its items had the same."""
    mark = old[1:2]
    if mark not in {'"', "'"} or not re.fullmatch(rf"\[{mark}[^{mark}]*{mark}(, *{mark}[^{mark}]*{mark})*\]", old):
        return value
    items = [item.strip() for item in value[1:-1].split(",")]
    if not all(_WORD.fullmatch(item) and _is_text(item) for item in items):
        return value
    return f"[{', '.join(f'{mark}{item}{mark}' for item in items)}]"


def yaml_key(key: str, siblings: list[str], *, json_like: bool = False) -> str:
    """Return a key in the quotes of its siblings' texts, when all of them have the same."""
    marks = {text[:1] for text in siblings}
    if json_like or marks == {'"'}:
        return json.dumps(key, ensure_ascii=False)
    if marks == {"'"}:
        return f"'{key}'"
    return key if _is_text(key) and not re.search(r":\s|:$|\s#|^[-?&*!|>'\"%@`\[{#]", key) else json.dumps(key)


def in_brackets(value: str, *, json_like: bool) -> str | None:
    """Return a collection, written in brackets or in lines, as it stands in brackets; None when it is none."""
    from opslint.model.source import Source
    from opslint.read.yaml import read_yaml

    read = read_yaml(Source("", value))
    plain = read.documents[0].plain() if len(read.documents) == 1 and not read.errors else None
    if not isinstance(plain, (dict, list)):
        return None
    return json.dumps(plain, ensure_ascii=False) if json_like else _flow_text(plain)


def _flow_text(plain: object) -> str:
    if isinstance(plain, dict):
        return f"{{{', '.join(f'{_flow_text(key)}: {_flow_text(value)}' for key, value in plain.items())}}}"
    if isinstance(plain, list):
        return f"[{', '.join(map(_flow_text, plain))}]"
    if isinstance(plain, str) and not _FLOW.search(plain):
        return yaml_key(plain, [])
    return json.dumps(plain, ensure_ascii=False)


_HCL_LITERAL: Final = regex(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|\"(?:[^\"\\\n$%]|\\.|[$%](?!\{))*\"")


def is_hcl_literal(text: str) -> bool:
    """Return whether a text is a lone number, boolean, null, or quoted string without sequences."""
    return _HCL_LITERAL.fullmatch(text) is not None


def hcl_scalar(value: str, old: str) -> str:
    """Return a value in place of an HCL literal: a number or boolean that was written as a string stays one."""
    content = _content(old)
    is_bare = value.startswith('"') or not is_hcl_literal(value)
    if content is None or is_bare or not is_hcl_literal(content) or content == "null":
        return value
    return f'"{value}"'
