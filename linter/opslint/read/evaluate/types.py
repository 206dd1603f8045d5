"""Type constraints: conversion of values, with the defaults of `optional()`."""

from __future__ import annotations

from typing import Any

from opslint.model.node import Unknown
from opslint.read import hcl
from opslint.read.evaluate.values import (
    EvalError,
    Handle,
    TypedList,
    TypedMap,
    Value,
    make_set,
    to_bool,
    to_number,
    to_text,
)


def convert(value: Value, constraint: Any) -> Value:
    """Convert a value to a type constraint (an expression tree, None for none).

    Attributes left out of an object get the default of their `optional()`, or null. Raises EvalError where Terraform
    refuses the value.
    """
    if constraint is None or value is None or isinstance(value, (Unknown, Handle)):
        return value
    kind = constraint[0]
    if kind == hcl.STR:  # the quoted types of Terraform 0.11
        return _primitive(value, constraint[3])
    if kind == hcl.REF:
        return _primitive(value, constraint[3][0])
    if kind == hcl.PAREN:
        return convert(value, constraint[3])
    if kind == hcl.CALL:
        return _complex(value, constraint[3], constraint[4])
    return value


def _primitive(value: Value, name: str) -> Value:
    if name == "string":
        return to_text(value)
    if name == "number":
        return to_number(value)
    if name == "bool":
        return to_bool(value)
    if name in {"list", "set", "map"}:
        return _complex(value, name, [])
    return value


def _complex(value: Value, name: str, arguments: list[Any]) -> Value:
    inner = arguments[0] if arguments else None
    if name in {"list", "set"}:
        if not isinstance(value, list):
            raise EvalError(f"a {name} is required")
        items = [convert(item, inner) for item in value]
        return make_set(items) if name == "set" else TypedList(items)
    if name == "map":
        if not isinstance(value, dict):
            raise EvalError("a map is required")
        return TypedMap((key, convert(item, inner)) for key, item in value.items())
    if name == "tuple" and inner is not None and inner[0] == hcl.TUP:
        if not isinstance(value, list) or len(value) != len(inner[3]):
            raise EvalError("a tuple of another length is required")
        return [convert(item, each) for item, each in zip(value, inner[3], strict=True)]
    if name == "object" and inner is not None and inner[0] == hcl.OBJ:
        if not isinstance(value, dict):
            raise EvalError("an object is required")
        return {key: _attribute(value, key, each) for key, each in _attributes(inner)}
    if name == "optional" and inner is not None:
        return convert(value, inner)
    return value


def _attributes(node: Any) -> list[tuple[str, Any]]:
    return [(key[3][0] if key[0] == hcl.REF else str(key[3]), each) for key, each in node[3]]


def _attribute(value: dict[str, Value], name: str, constraint: Any) -> Value:
    if constraint[0] == hcl.CALL and constraint[3] == "optional" and constraint[4]:
        given = value.get(name)
        if given is None and len(constraint[4]) > 1:
            given = literal(constraint[4][1])
        return convert(given, constraint[4][0])
    if name not in value:
        raise EvalError(f"the attribute {name} is missing")
    return convert(value[name], constraint)


def literal(node: Any) -> Value:
    """Evaluate an expression in which only functions may be called: a default, a tfvars value."""
    from opslint.read.evaluate.expressions import evaluate

    return evaluate(node, None, None)
