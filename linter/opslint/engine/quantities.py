"""Quantities as Kubernetes writes them: `250m`, `1.5`, `128Mi`, `1e3`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex

if TYPE_CHECKING:
    from opslint.model.node import Node

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY: Final = regex(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]+))?\Z")
_SUFFIXES: Final = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    **{letter: 1e3**power for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)},
}

_LETTERS: Final = "numkMGTPEi"
_SURE: Final = 15  # digits that a float holds for sure


@lru_cache(maxsize=4096)  # the same few come again and again
def quantity(text: str) -> float | None:
    """Return the value of a quantity in its plain unit (cores, bytes), None when it is none or beyond any number."""
    number = text.rstrip(_LETTERS)
    if number.isdecimal() and number.isascii() and len(number) <= _SURE:  # nearly all are such
        unit = _SUFFIXES.get(text[len(number) :])
        if unit is not None:
            return int(number) * unit
    match = _QUANTITY.match(text)
    if match is None:
        return None
    try:
        value = float(match[1]) * (10.0 ** int(match[3]) if match[3] else _SUFFIXES[match[2] or ""])
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def quantity_of(node: Node) -> float | None:
    """Return the value of a quantity, None when it is absent, not known or none."""
    return quantity(node.text) if node.known else None
