"""yamldecode: YAML 1.1 scalars as Terraform's own parser resolves them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import YAML_DEPTH
from opslint.model.patterns import regex
from opslint.read.evaluate.values import EvalError, Value, number

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRUE: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"})
_FALSE: Final = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"})
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_FLOAT = regex(r"[-+]?(\d+)?(\.\d*)?([eE][-+]?\d{1,4})?", re.ASCII)
_DATE = regex(r"\d{4}-\d\d-\d\d", re.ASCII)
_SIZE: Final = 100_000


def yaml_value(text: str) -> Value:
    """Return the value of a single YAML document. Raises EvalError for what is none."""
    from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
    from ruamel.yaml.error import YAMLError

    out: list[Any] = []
    stack: list[tuple[str, list[Any]]] = []
    try:
        for count, event in enumerate(_events(CParser(text))):
            if count > _SIZE or len(stack) > YAML_DEPTH:
                raise EvalError("the YAML is too large")
            kind = type(event).__name__
            if kind == "AliasEvent":
                raise EvalError("aliases are not read")
            if kind == "ScalarEvent":
                plain = _is_plain(event)
                (stack[-1][1] if stack else out).append(_scalar(event.value) if plain else event.value)
            elif kind in {"MappingStartEvent", "SequenceStartEvent"}:
                stack.append((kind, []))
            elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
                opened, items = stack.pop()
                made = items if opened.startswith("Seq") else _mapping(items)
                (stack[-1][1] if stack else out).append(made)
    except YAMLError as error:
        raise EvalError("the YAML cannot be read") from error
    if len(out) > 1:
        raise EvalError("one YAML document is required")
    return out[0] if out else None


def _events(parser: Any) -> Iterator[Any]:
    while parser.check_event():
        yield parser.get_event()


def _is_plain(event: Any) -> bool:
    """Return True for a scalar without quotes or tag: only such a one may be a number or a bool."""
    tag = getattr(event, "ctag", None)
    return not event.style and bool(event.implicit[0]) and not tag


def _mapping(items: list[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(key, (list, dict)) or key is None:
            raise EvalError("a key must be a string")
        made["true" if key is True else "false" if key is False else str(key)] = value
    return made


def _scalar(text: str) -> Value:
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    for prefix, base in (("0x", 16), ("0o", 8), ("0b", 2)):
        if text.startswith(prefix):
            try:
                return int(text[2:], base)
            except ValueError:
                return text
    if _DATE.fullmatch(text):
        return f"{text}T00:00:00Z"
    if _FLOAT.fullmatch(text) and any(character.isdigit() for character in text) and len(text) < 300:
        return number(Decimal(text))
    return text
