"""Attributes and items of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.node import Unknown
from opslint.read.evaluate.values import EvalError, Handle, TypedSet, Value, first_unknown, to_int, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence


def walk(value: Value, path: Sequence[Value]) -> Value:
    """Follow attribute names and indexes into a value. Raises EvalError for a step that does not exist."""
    for key in path:
        value = step(value, key)
    return value


def _member(value: Unknown, key: Value) -> Unknown:
    """Return a member of what is not known, named by its address where there is one."""
    if value.parts or not value.why:
        return value
    if isinstance(key, str):
        return Unknown(f"{value.why}.{key}")
    is_index = isinstance(key, int) and not isinstance(key, bool)
    return Unknown(f"{value.why}[{key}]") if is_index and " " not in value.why else value


def step(value: Value, key: Value) -> Value:
    """Return one member of a value. Raises EvalError when there is none."""
    if isinstance(value, Unknown):
        return _member(value, key)
    if isinstance(key, (Unknown, Handle)):
        return first_unknown(key)
    if isinstance(value, Handle):
        if not isinstance(key, str):
            raise EvalError("an instance has no items")
        return value.get(key)
    if isinstance(value, dict):
        name = to_text(key)
        if name in value:
            return value[name]
        raise EvalError(f"there is no attribute {name}")
    if isinstance(value, list) and not isinstance(value, TypedSet):
        position = to_int(key)
        if 0 <= position < len(value):
            return value[position]
        raise EvalError("the index is out of range")
    raise EvalError("the value has no attributes")
