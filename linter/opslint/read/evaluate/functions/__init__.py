"""Terraform's functions: `call_function` and one table a topic."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from opslint.model.node import Unknown
from opslint.read.evaluate.values import (
    LARGE_COLLECTION,
    LONG_TEXT,
    SIZE_LIMIT,
    TEXT_LIMIT,
    TOO_LARGE,
    Concealed,
    EvalError,
    Handle,
    Value,
    conceal,
    deep_unknown,
    is_huge,
    weight,
)

if TYPE_CHECKING:
    from opslint.read.evaluate.functions.signature import Function
    from opslint.read.evaluate.scope import Scope

# Their result is new at every run, or needs a private key.
UNTOLD: Final = frozenset({"timestamp", "plantimestamp", "uuid", "bcrypt", "rsadecrypt", "ephemeralasnull"})
# Wrong values given to a Python call inside a function: what Terraform reports as an error of the call.
_REFUSED: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, StopIteration)


# Each has a `TABLE`. What most code calls comes first: a name is looked up in one after another, each imported then.
_TOPICS: Final = ("encoding", "collections", "strings", "network", "numbers", "times")


@cache
def function_named(name: str) -> Function | None:
    """Return a function, None when there is none of that name."""
    for topic in _TOPICS:
        table: dict[str, Function] = import_module(f"{__name__}.{topic}").TABLE
        if name in table:
            return table[name]
    return None


def call_function(name: str, values: list[Value], scope: Scope | None) -> Value:
    """Return what a function returns.

    A function that nobody knows, or a value that it needs and nobody knows, gives Unknown. Raises EvalError for what
    Terraform refuses.
    """
    if name in {"sensitive", "nonsensitive", "issensitive"}:
        return _sensitivity(name, values)
    if name in _FILE_NAMES:
        from opslint.read.evaluate.functions import files

        try:
            return files.call(name, values, scope)
        except _REFUSED as error:
            raise EvalError(f"{name}: invalid argument") from error
    function = function_named(name)
    if function is None or name in UNTOLD:
        return Unknown(f"{name}()")
    if any(is_huge(value) for value in values):
        return Unknown(TOO_LARGE)
    if function.needs != "nothing":
        for value in values:
            unknown: Unknown | None = None
            if isinstance(value, Unknown):
                unknown = value
            elif isinstance(value, Handle):
                unknown = Unknown(value.address)
            elif function.needs == "everything" and isinstance(value, (list, dict)):
                unknown = deep_unknown(value)
            if unknown is not None:
                return Unknown(unknown.why)
    try:
        result = function.call(*values)
    except EvalError as error:
        raise EvalError(f"{name}: {error}") from error
    except _REFUSED as error:
        raise EvalError(f"{name}: invalid argument") from error
    if isinstance(result, str):
        return result if len(result) <= TEXT_LIMIT else Unknown(LONG_TEXT)
    if isinstance(result, (list, dict)) and len(result) > SIZE_LIMIT:
        return Unknown(LARGE_COLLECTION)
    return result


def call_steps(name: str, values: list[Value]) -> int:
    """Return what a call counts for among the steps of evaluation: large arguments, and searches that may be long."""
    total = sum(weight(value) for value in values)
    # What is too large is not worked on, only looked at.
    return min(total, SIZE_LIMIT) // (64 if total <= SIZE_LIMIT else 1024) + _search_steps(name, values)


def _search_steps(name: str, values: list[Value]) -> int:
    if name not in {"regex", "regexall", "replace"} or len(values) < 2:
        return 0
    pattern, subject = (values[1], values[0]) if name == "replace" else values[:2]
    if not isinstance(pattern, str) or not isinstance(subject, str):
        return 0
    from opslint.read.evaluate.functions import patterns

    if name == "replace":
        if len(pattern) < 2 or not pattern[0] == pattern[-1] == "/":
            return 0
        pattern = pattern[1:-1]
    if len(pattern) > patterns.PATTERN_LIMIT or len(subject) > patterns.SUBJECT_LIMIT:
        return 0
    return min(patterns.effort(pattern, subject), patterns.EFFORT_LIMIT) // 2_000


_FILE_NAMES: Final = frozenset(
    {
        "file",
        "fileexists",
        "fileset",
        "templatefile",
        "templatestring",
        "filebase64",
        "filemd5",
        "filesha1",
        "filesha256",
        "filesha512",
        "filebase64sha256",
        "filebase64sha512",
    }
)


def _sensitivity(name: str, values: list[Value]) -> Value:
    if len(values) != 1:
        raise EvalError(f"{name} takes one argument")
    value = values[0]
    if name == "sensitive":
        return conceal("a sensitive value", value)
    if name == "issensitive":
        return True if isinstance(value, Concealed) else Unknown("issensitive()")
    return value.value if isinstance(value, Concealed) else value
