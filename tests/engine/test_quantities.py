"""Quantities."""

import pytest

from opslint.engine.quantities import quantity, quantity_of
from opslint.model.source import Source
from opslint.read.yaml import read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", 1),
        ("250m", 0.25),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5),
        ("128Mi", 128 * 1024**2),
        ("1Ki", 1024),
        ("2Gi", 2 * 1024**3),
        ("1Ei", 1024**6),
        ("128M", 128e6),
        ("1k", 1000),
        ("1E", 1e18),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", 1.2),
        ("100n", 1e-7),
        ("-1", -1),
        ("+1", 1),
    ],
)
def test_quantities(text, value):
    assert quantity(text) == pytest.approx(value, rel=1e-12)


DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


@pytest.mark.parametrize("sign", ["", "+", "-"])
@pytest.mark.parametrize("number", ["3", "3.", "3.25", ".25", "0003"])
def test_every_suffix_with_every_way_to_write_a_number(number, sign):
    value = float(number) * (-1 if sign == "-" else 1)
    for suffix, power in DECIMAL.items():
        assert quantity(f"{sign}{number}{suffix}") == pytest.approx(value * 10.0**power, rel=1e-12)
    for suffix, power in BINARY.items():
        assert quantity(f"{sign}{number}{suffix}") == value * 2**power
    for exponent in (-3, 0, 2, 12):
        for letter in "eE":
            assert quantity(f"{sign}{number}{letter}{exponent}") == pytest.approx(value * 10.0**exponent, rel=1e-12)
        assert quantity(f"{sign}{number}e{exponent}Mi") is None, "an exponent and a suffix exclude each other"


@pytest.mark.parametrize("suffix", ["K", "ki", "mi", "Mb", "MB", "g", "t", "p", "MiB", "i", "Ni", "ui", "kM", "%"])
def test_what_looks_like_a_suffix_and_is_none(suffix):
    assert quantity(f"1{suffix}") is None


@pytest.mark.parametrize(
    "text",
    ["", "m", "1K", "1mi", "512MB", "1 Gi", " 1", "1\n", "1e", "1e1.5", "1.2.3", "0x10", "inf", "nan", "１", "1e999"],
)
def test_what_is_none(text):
    assert quantity(text) is None


def test_of_a_node():
    (document,) = read_yaml(Source("a.yaml", "a: 1Gi\nb: 2\nc: null\nd: [1]\n")).documents
    assert [quantity_of(document[key]) for key in "abcde"] == [1024**3, 2, None, None, None]
