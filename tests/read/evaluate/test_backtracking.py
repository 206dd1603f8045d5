"""The bound on the steps of a regular expression holds for hostile patterns and lets ordinary ones through."""

from __future__ import annotations

import pytest

from opslint.read.evaluate.functions.backtracking import ENDLESS, steps
from opslint.read.evaluate.functions.patterns import EFFORT_LIMIT, compiled, too_slow

ORDINARY = [
    (r"^(\d+)\.(\d+)\.(\d+)(-\w+)?$", "1.28.10-eksbuild"),
    (r"^arn:aws:iam::([0-9]+):oidc-provider/(.+)$", "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1/id/A1"),
    (r"^https?://([^/]+)/?(.*)$", "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"),
    (r"[^a-zA-Z0-9]+", "name with-many_parts." * 500),
    (r"(?P<family>[a-z]+)(?P<generation>\d+)\.(?P<size>\w+)", "m7.2xlarge"),
    (r"^[0-9a-f]{8}-[0-9a-f]{4}$", "deadbeef-cafe"),
    (r"(?i)\s*#.*$", "text # comment"),
]
HOSTILE = [
    (r"^(a|aa)+$", "a" * 40),
    (r"(a+)+$", "a" * 40),
    (r"(?:a?){30}a{30}", "a" * 30),
    (r"(.*)(.*)(.*)(.*)x", "a" * 300),
    (r"(\w+\s?)+!", "words and words and words and words"),
    (r"([a-z]+[b-z]+)+!", "x" * 40),
    (r"(?:é+è*é*)+!", "é" * 40),
    (r"(?:[é-ü]+[ç-þ]+)+!", "é" * 40),
    ("(" * 100 + "a" + ")" * 100, "a"),
]


@pytest.mark.parametrize(("pattern", "text"), ORDINARY)
def test_ordinary_patterns_are_tried(pattern: str, text: str) -> None:
    assert not too_slow(pattern, text)
    assert compiled(pattern).search(text)


@pytest.mark.parametrize(("pattern", "text"), HOSTILE)
def test_patterns_that_may_take_ages_are_not(pattern: str, text: str) -> None:
    assert too_slow(pattern, text)


@pytest.mark.parametrize("pattern", ["a)", "(?=a)b", "(a", "[", "a{2", "(?"])
def test_patterns_that_are_not_valid_end_too(pattern: str) -> None:
    assert 0 < steps(pattern, 10) <= ENDLESS


def test_the_bound_grows_with_the_text() -> None:
    assert steps("(.*)-(.*)-", 10) < steps("(.*)-(.*)-", 100) < ENDLESS
    assert steps("[^/]+/", 10_000) > EFFORT_LIMIT
    assert steps("^[^/]+/", 10_000) < EFFORT_LIMIT


def test_a_pattern_for_each_line_begins_more_than_once() -> None:
    assert steps("(?m)^a*b", 100) > 50 * steps("^a*b", 100)
