"""Functions of numbers, and the conversions between primitive types."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Final

from opslint.read.evaluate.functions.signature import Function
from opslint.read.evaluate.values import (
    EvalError,
    Number,
    TypedList,
    Value,
    members,
    number,
    to_bool,
    to_int,
    to_number,
    to_text,
)


def _power(base: Value, exponent: Value) -> Number:
    # Terraform calculates powers as 64-bit floating point numbers; only whole results below 2^53 are the same here.
    a, b = to_number(base), to_number(exponent)
    return number(math.pow(a, b))


def _range(*values: Value) -> TypedList:
    numbers = [to_number(value) for value in values]
    if not 1 <= len(numbers) <= 3:
        raise EvalError("one to three numbers are required")
    start, end = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) == 3 else (1 if end >= start else -1)
    if step == 0 or ((step > 0) != (end > start) and end != start):
        raise EvalError("the step leads away from the end")
    out = TypedList()
    while (start < end) if step > 0 else (start > end):
        out.append(number(start))
        start += step
        if len(out) > 1024:
            raise EvalError("more than 1024 values")
    return out


def _sum(values: Value) -> Number:
    items = members(values)
    if not items:
        raise EvalError("an empty list")
    with localcontext() as context:
        context.prec = 60
        return number(sum((to_number(item) for item in items), 0))


def _parse_int(text: Value, base: Value) -> int:
    radix = to_int(base)
    if not 2 <= radix <= 62 or radix > 36:
        raise EvalError("the base must be from 2 to 36")
    digits = to_text(text)
    if not digits.lstrip("-").isalnum() or len(digits) > 1000:
        raise EvalError("not a number")
    return int(digits, radix)


def _sign(value: Value) -> int:
    found = to_number(value)
    return int(found > 0) - int(found < 0)


def _whole(value: Value, rounding: str) -> int:
    return int(Decimal(to_number(value)).to_integral_value(rounding))


TABLE: Final[dict[str, Function]] = {
    "abs": Function(lambda value: abs(to_number(value))),
    "ceil": Function(lambda value: _whole(value, ROUND_CEILING)),
    "floor": Function(lambda value: _whole(value, ROUND_FLOOR)),
    "log": Function(lambda value, base: number(round(math.log(to_number(value), to_number(base)), 15))),
    "max": Function(lambda *values: max(map(to_number, values))),
    "min": Function(lambda *values: min(map(to_number, values))),
    "parseint": Function(_parse_int),
    "pow": Function(_power),
    "range": Function(_range),
    "signum": Function(_sign),
    "sum": Function(_sum),
    "tobool": Function(lambda value: None if value is None else to_bool(value)),
    "tonumber": Function(lambda value: None if value is None else to_number(value)),
    "tostring": Function(lambda value: None if value is None else to_text(value)),
}
