"""The arithmetic operators, on numbers as exact as Terraform's."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from typing import Any

from opslint.read.evaluate.values import EvalError, Value, number, number_text


def arithmetic(op: str, a: Any, b: Any) -> Value:
    """Return the result of an arithmetic operator. Raises EvalError, for a division by zero."""
    if op in {"/", "%"} and b == 0:
        raise EvalError("division by zero")
    try:
        return _result(op, a, b)
    except ArithmeticError as error:
        raise EvalError("the number is too large") from error


def _result(op: str, a: Any, b: Any) -> Value:
    with localcontext() as context:
        context.prec = 60
        if op == "+":
            return number(a + b)
        if op == "-":
            return number(a - b)
        if op == "*":
            if len(number_text(number(a))) + len(number_text(number(b))) > 2000:
                raise EvalError("the number is too large")
            return number(a * b)
        if op == "/":
            return number(Decimal(a) / Decimal(b))
        if isinstance(a, int) and isinstance(b, int):
            return abs(a) % abs(b) * (1 if a >= 0 else -1)
        return number(math.fmod(a, b))
