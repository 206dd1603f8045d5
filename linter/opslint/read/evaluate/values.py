"""Terraform's values in Python, and what is true of them when some are unknown.

A value is a str, bool, int, Decimal, None, list (a tuple of Terraform), `TypedList`, `TypedSet`, dict (an object),
`TypedMap`, a `Handle` on a resource or module, or an `Unknown`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.node import Unknown
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

Value: TypeAlias = Any  # recursive, and every function narrows it at once
Number: TypeAlias = int | Decimal

TEXT_LIMIT: Final = 1_000_000  # characters a single evaluated string may reach
PARTS_LIMIT: Final = 2_000  # pieces of a text that is known in part
SIZE_LIMIT: Final = 200_000  # members a single evaluated collection may reach
_TEXT_WEIGHT: Final = 32  # characters that weigh as much as a member
# Why a value is unknown when it would be too much to make: nothing in the files says so, the limits do.
TOO_LARGE: Final = "a value that is too large"
TOO_LARGE_VARIABLE: Final = "a variable that is too large"
TOO_DEEP: Final = "an expression nested too deeply"
LONG_TEXT: Final = "a text that is too long"
TOO_MUCH: Final = "too much to evaluate"
LARGE_COLLECTION: Final = "a collection that is too large"
BOUNDED: Final = frozenset({TOO_DEEP, TOO_LARGE, TOO_LARGE_VARIABLE, LONG_TEXT, TOO_MUCH, LARGE_COLLECTION})
_WHOLE = regex(r"-?\d+", re.ASCII)


class EvalError(Exception):
    """What Terraform itself would refuse: `try` and `can` go on after it."""


class TypedList(list[Any]):
    """A list(...): unlike a tuple, its members have one type."""

    __slots__ = ()


class TypedSet(list[Any]):
    """A set(...), kept sorted and without repetition."""

    __slots__ = ()


class TypedMap(dict[str, Any]):
    """A map(...): unlike an object, its members have one type."""

    __slots__ = ()


class Handle:
    """Something whose attributes are looked up one by one: a resource, data or module instance."""

    __slots__ = ("address",)

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, name: str) -> Value:
        """Return an attribute; one that only an apply could tell is Unknown with its address."""
        return Unknown(f"{self.address}.{name}")


class Concealed(Unknown):
    """A sensitive value: known to the evaluator, unknown to everybody who could print it."""

    __slots__ = ("value",)

    def __init__(self, why: str, value: Value) -> None:
        super().__init__(why)
        self.value = value


class Outside(Unknown):
    """What a file outside the root of the run holds."""

    __slots__ = ("path",)

    def __init__(self, why: str, path: str) -> None:
        super().__init__(why)
        self.path = path


class PartialObject(Unknown):
    """An object with a key that is not known: unknown to everybody but those who write it out.

    `entries` are its keys and values in the order of the text.
    """

    __slots__ = ("entries",)

    def __init__(self, why: str, entries: tuple[tuple[Value, Value], ...]) -> None:
        super().__init__(why)
        self.entries = entries


class Encoded(Unknown):
    """JSON or YAML of a value that is known in part: `value` is what comes out again when it is decoded."""

    __slots__ = ("value",)

    def __init__(self, text: Unknown, value: Value) -> None:
        super().__init__(text.why, text.parts)
        self.value = value


def object_of(entries: list[tuple[Value, Value]]) -> Value:
    """Make an object of its entries; the last one of equal keys counts."""
    unknown = next((key for key, _ in entries if isinstance(key, Unknown)), None)
    return dict(entries) if unknown is None else PartialObject(unknown.why, tuple(entries))


def conceal(why: str, value: Value) -> Value:
    """Hide a value; what is unknown already stays as it is."""
    return value if isinstance(value, Unknown) else Concealed(why, value)


# -- unknown
def first_unknown(*values: Value) -> Unknown | None:
    """Return the first unknown among values, None when all are known."""
    for value in values:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Handle):
            return Unknown(value.address)
    return None


def deep_unknown(value: Value) -> Unknown | None:
    """Return the first unknown inside a value. Shared members are entered once, so the work stays linear."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Unknown):
            return item
        if isinstance(item, Handle):
            return Unknown(item.address)
        if isinstance(item, (list, dict)):
            if id(item) in seen:
                continue
            seen.add(id(item))
            stack.extend(item.values() if isinstance(item, dict) else item)
    return None


def is_huge(value: Value) -> bool:
    """Return True when a value written out in full has more than `SIZE_LIMIT` members, or as much text."""
    return weight(value) > SIZE_LIMIT


def weight(value: Value) -> int:
    """Return the members of a collection written out in full, a long text as several; 0 for what is none.

    Shared members are counted once for each place they stand at, and looked at once.
    """
    return _weight(value, {}) if isinstance(value, (list, dict)) else 0


def _weight(value: Value, known: dict[int, int]) -> int:
    if not isinstance(value, (list, dict)):
        return 1 + len(value) // _TEXT_WEIGHT if isinstance(value, str) else 1
    found = known.get(id(value))
    if found is None:
        inner = value.values() if isinstance(value, dict) else value
        found = known[id(value)] = 1 + sum(_weight(item, known) for item in inner)
    return found


# -- numbers and conversion
def number(value: float | Decimal) -> Number:
    """Return a number as an int where it is whole, else as a Decimal."""
    if isinstance(value, int):
        return int(value)
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise EvalError("not a finite number")
    if exact.adjusted() > 1000:
        raise EvalError("the number is too large")
    return int(exact) if exact == exact.to_integral_value() else exact


def number_text(value: Number) -> str:
    """Write a number as Terraform does: no exponent, no trailing zeros."""
    return str(value) if isinstance(value, int) else format(value.normalize(), "f")


def is_number(value: Value) -> bool:
    """Return True for a number; a bool is none."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def to_text(value: Value) -> Value:
    """Convert to a string; Unknown passes. Raises EvalError for what has no text."""
    if isinstance(value, (str, Unknown)):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return number_text(value)
    if isinstance(value, Handle):
        return Unknown(value.address)
    raise EvalError("not a string")


def to_number(value: Value) -> Value:
    """Convert to a number; Unknown passes. Raises EvalError for what is none."""
    if isinstance(value, Unknown) or is_number(value):
        return value
    if isinstance(value, str):
        if _WHOLE.fullmatch(value) and len(value) < 1000:
            return int(value)
        if re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d{1,4})?", value, re.ASCII):
            return number(Decimal(value))
    if isinstance(value, Handle):
        return Unknown(value.address)
    raise EvalError("not a number")


def to_bool(value: Value) -> Value:
    """Convert to a bool; Unknown passes. Raises EvalError for what is none."""
    if isinstance(value, (bool, Unknown)):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    if isinstance(value, Handle):
        return Unknown(value.address)
    raise EvalError("not a bool")


def to_int(value: Value) -> int:
    """Convert a known value to a whole number. Raises EvalError."""
    result = to_number(value)
    if not isinstance(result, int):
        raise EvalError("not a whole number")
    return result


# -- equality
def kleene_all(values: Iterable[Value]) -> Value:
    """Return False for any False, else the first Unknown, else True."""
    result: Value = True
    for value in values:
        if value is False:
            return False
        if result is True and isinstance(value, Unknown):
            result = value
    return result


def kleene_any(values: Iterable[Value]) -> Value:
    """Return True for any True, else the first Unknown, else False."""
    result: Value = False
    for value in values:
        if value is True:
            return True
        if result is False and isinstance(value, Unknown):
            result = value
    return result


def same(left: Value, right: Value) -> Value:
    """Compare as Terraform's `==` does: True, False or Unknown."""
    if isinstance(left, Concealed) and right is None:
        return left.value is None
    if isinstance(right, Concealed) and left is None:
        return right.value is None
    if isinstance(left, Handle) or isinstance(right, Handle):
        if left is None or right is None:
            return False
        return first_unknown(left, right)
    unknown = first_unknown(left, right)
    if unknown is not None:
        # A template with a known piece is a string, whatever the rest turns out to be: never null.
        if unknown.parts and (left is None or right is None):
            return False
        return Unknown(unknown.why)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right) or type(left) is not type(right):
            return False
        return kleene_all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return False
        equal = kleene_all(same(value, right[key]) for key, value in left.items())
        return equal if equal is not True or type(left) is type(right) else Unknown("a map beside an object")
    if isinstance(left, bool) != isinstance(right, bool) or isinstance(left, str) != isinstance(right, str):
        return False
    return bool(left == right)


# -- collections
def members(value: Value) -> list[Value]:
    """Return the members of a list, set or map (its values in key order). Raises EvalError for anything else."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    raise EvalError("not a collection")


def pairs(value: Value) -> list[tuple[Value, Value]]:
    """Return the (key, value) pairs that `for` and `for_each` go through. Raises EvalError."""
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, TypedSet):
        return [(item, item) for item in value]
    if isinstance(value, list):
        return list(enumerate(value))
    raise EvalError("not a collection")


def unified(values: list[Value]) -> list[Value]:
    """Bring the members of a collection to one type: with a string among them, all primitives become strings."""
    if any(isinstance(item, str) for item in values) and not all(isinstance(item, str) for item in values):
        return [to_text(item) if isinstance(item, (bool, int, Decimal)) else item for item in values]
    return values


def _hashable(value: Value) -> object:
    """Return a key that is equal exactly for equal known values."""
    if isinstance(value, list):
        return (type(value).__name__, *map(_hashable, value))
    if isinstance(value, dict):
        return ("map", *((key, _hashable(value[key])) for key in sorted(value)))
    return (isinstance(value, bool), isinstance(value, str), value)


def distinct(values: list[Value]) -> list[Value]:
    """Drop repetitions of known values, keeping the order."""
    first: dict[object, Value] = {}
    for item in values:
        first.setdefault(_hashable(item), item)
    return list(first.values())


def _order(value: Value) -> tuple[int, Any]:
    if is_number(value):
        return (0, value)
    return (1, value) if isinstance(value, str) else (2, str(_hashable(value)))


def make_set(values: list[Value]) -> Value:
    """Make a set of known values, sorted; Unknown when a member is."""
    unknown = deep_unknown(values)
    if unknown is not None:
        return Unknown(unknown.why)
    return TypedSet(sorted(distinct(unified(values)), key=_order))


# -- texts
def glue(parts: list[Value]) -> Value:
    """Join the pieces of a template: a str when all are known, else an Unknown with its parts."""
    out: list[Any] = []
    size = 0
    for part in parts:
        if isinstance(part, Unknown):
            pieces: tuple[Any, ...] = part.parts or (part,)
        else:
            pieces = (part,)
        for piece in pieces:
            if isinstance(piece, str):
                size += len(piece)
                if size > TEXT_LIMIT:
                    return Unknown(LONG_TEXT)
                if out and isinstance(out[-1], list):
                    out[-1].append(piece)
                elif piece:
                    out.append([piece])
            else:
                out.append(piece)
    joined = ["".join(piece) if isinstance(piece, list) else piece for piece in out]
    if not joined:
        return ""
    if len(joined) == 1 and isinstance(joined[0], str):
        return joined[0]
    why = next(piece.why for piece in joined if isinstance(piece, Unknown))
    if len(joined) > PARTS_LIMIT:
        return Unknown(why)
    return Unknown(why, parts=tuple(joined))
