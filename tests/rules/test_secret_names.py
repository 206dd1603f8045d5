"""What tells quickly that a text can hold no secret never says so of one that can."""

import re

import pytest

from opslint_rules.security.literals import NAMES, _may_hold, is_literal_secret

NAMED = (
    "DB_PASSWORD",
    "passwd",
    "client-secret",
    "ACCESS-KEY",
    "apiKey",
    "API_KEY",
    "privateKey",
    "token",
    "Credentials",
)


@pytest.mark.parametrize("name", NAMED)
def test_every_name_of_the_pattern_is_looked_for(name):
    pattern = re.compile(NAMES)
    assert is_literal_secret(name, "kimchi-4-Mapo", pattern)
    assert _may_hold(f"a.properties\nlog.level=info\n{name}=kimchi-4-Mapo\n", pattern)
    assert _may_hold(f"é\n{name}=kimchi-4-Mapo\n", pattern)


@pytest.mark.parametrize("text", ["log.level=info", "passport=1", "keys=2"])
def test_a_text_without_such_a_name_holds_none(text):
    assert not _may_hold(text, re.compile(NAMES))


@pytest.mark.parametrize("own", ["^pin", "pin$", r"\bpin", "(?<!s)pin", "(?=pin)p"])
def test_an_anchored_pattern_of_ones_own_may_fit_a_name_anywhere(own):
    assert _may_hold("a: 1", re.compile(own))


def test_a_pattern_of_ones_own_is_searched():
    assert _may_hold("my-pin: 1", re.compile("my_pin"))
    assert not _may_hold("my-pen: 1", re.compile("my_pin"))
