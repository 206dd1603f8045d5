"""What scalars mean to Kubernetes."""

from __future__ import annotations

import math

import pytest

from opslint.model.source import Source
from opslint.read.scalars import plain_scalar
from opslint.read.yaml import read_yaml


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"])
def test_true(word: str) -> None:
    assert plain_scalar(word) is True


@pytest.mark.parametrize("word", ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"])
def test_false(word: str) -> None:
    assert plain_scalar(word) is False


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_null(word: str) -> None:
    assert plain_scalar(word) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("0777", 511),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_integers(text: str, value: int) -> None:
    found = plain_scalar(text)
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("-1e3", -1000.0), ("08", 8.0), ("18446744073709551616", 2.0**64)],
)
def test_floats(text: str, value: float) -> None:
    found = plain_scalar(text)
    assert found == value
    assert type(found) is float


def test_infinity_and_nan() -> None:
    assert plain_scalar(".inf") == math.inf
    assert plain_scalar("-.INF") == -math.inf
    nan = plain_scalar(".nan")
    assert isinstance(nan, float)
    assert math.isnan(nan)


@pytest.mark.parametrize(
    "text",
    [
        "tRUE",
        "yEs",
        "1.2.3",
        "2024-01-01",
        "10:30",
        "100m",
        "1Gi",
        "-",
        "+",
        ".",
        "0x",
        "1e400",
        "\u0661",
        "~x",
        "nil",
        "<<",
    ],
)
def test_strings(text: str) -> None:
    assert plain_scalar(text) == text


def test_a_very_long_number_is_no_crash() -> None:
    assert plain_scalar("9" * 5_000) == "9" * 5_000


def test_quotes_and_tags() -> None:
    text = """
a: "true"
b: '12'
c: |-
  5
d: !!str 12
e: !!int "12"
f: !!float 3
g: !!null x
h: !Ref thing
i: !!bool "yes"
j: ""
"""
    document = read_yaml(Source("a.yaml", text)).documents[0]
    assert document.plain() == {
        "a": "true",
        "b": "12",
        "c": "5",
        "d": "12",
        "e": 12,
        "f": 3.0,
        "g": None,
        "h": "thing",
        "i": True,
        "j": "",
    }
    assert type(document["f"].value) is float
