"""What a plain YAML scalar means to Kubernetes: the rules of sigs.k8s.io/yaml, which are those of go-yaml v2."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex

if TYPE_CHECKING:
    from opslint.model.node import Scalar

_TAG: Final = "tag:yaml.org,2002:"


def _cases(word: str) -> tuple[str, str, str]:
    return word, word.capitalize(), word.upper()


_WORDS: Final[dict[str, Scalar]] = {
    "": None,
    "~": None,
    **dict.fromkeys(_cases("null"), None),
    **dict.fromkeys((*_cases("true"), *_cases("yes"), *_cases("on"), "y", "Y"), True),
    **dict.fromkeys((*_cases("false"), *_cases("no"), *_cases("off"), "n", "N"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
# A scalar that begins with anything else is a string: most are told by their first character alone.
FIRST: Final = frozenset("0123456789+-.~nNtTyYfFoO")
_INTEGER: Final = regex(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_FLOAT: Final = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_HEX_ONLY: Final = frozenset("acdfACDF")  # of the letters in numbers
_LAST: Final = frozenset("0123456789abcdefABCDEF._")  # a number ends with one of these
_IN_NUMBERS: Final = "0123456789abcdefABCDEFxXoO._+-"
_LONGEST: Final = 250  # characters: even hexadecimal, such a number is still a float
_SURE: Final = 18  # digits of a number that 64 bits hold for sure
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1


def plain_scalar(text: str) -> Scalar:
    """Return what an unquoted scalar without a tag means.

    `yes`, `on` and `y` are booleans, `0777` is octal, `08` is a float, `1_000` is a number; dates stay strings.
    """
    if not text:
        return None
    if text[0] not in FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "ntyfoNTYFO~" or text[-1] not in _LAST or text.strip(_IN_NUMBERS):
        return text
    if text.isdecimal() and text.isascii() and text[0] != "0" and len(text) <= _SURE:
        return int(text)  # most numbers are such
    dots = text.count(".")
    if dots > 1 or ("-" in text[1:] and "e" not in text and "E" not in text):
        return text  # an address, a date
    if not _HEX_ONLY.isdisjoint(text) and "x" not in text and "X" not in text:
        return text  # a commit
    if dots and text.replace(".", "").isdecimal() and text.isascii() and len(text) <= _SURE:
        return float(text)
    return _number(text)


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    if len(digits) > _LONGEST:
        return text  # no field means such a number, and Python refuses to convert very long ones
    match = _INTEGER.fullmatch(digits)
    if match is not None:
        return _integer(match)
    if _FLOAT.fullmatch(digits) is not None:
        number = float(digits)
        return text if math.isinf(number) else number
    return text


def _integer(match: re.Match[str]) -> int | float:
    sign, hexadecimal, binary, octal, decimal = match.groups()
    if hexadecimal is not None:
        number = int(hexadecimal, 16)
    elif binary is not None:
        number = int(binary, 2)
    elif octal is not None:
        number = int(octal, 8)
    else:
        number = int(decimal)
    if sign == "-":
        number = -number
    return number if _SMALLEST <= number <= _LARGEST else float(number)


def tagged_scalar(tag: str, text: str) -> Scalar:
    """Return what a scalar with an explicit tag (`!!str 1`) means; an unknown tag leaves the text."""
    name = tag.removeprefix(_TAG) if tag.startswith(_TAG) else ""
    if name == "null":
        return None
    if name not in {"int", "float", "bool"}:
        return text
    value = plain_scalar(text)
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return text if value is None else value
