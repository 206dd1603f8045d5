"""What an option of a rule may be is told by its annotation, and a wrong value is an error that says what is wanted."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest

from opslint.cli.schema import configuration_schema
from opslint.engine.options import read_option, taken, wrong
from opslint.engine.packs import load_packs


class _Needed(TypedDict):
    api: str


class Row(_Needed, total=False):
    removed_in: str


def example(
    item: object,
    *,
    flag: bool = False,
    count: int | None = None,
    ratio: float = 0.5,
    name: str = "",
    style: str = "any",
    wait: str = "1h",
    pattern: str = ".",
    ports: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    kinds: tuple[str, ...] | None = None,
    groups: tuple[tuple[str, ...], ...] = (),
    accounts: dict[str, str] = {},  # noqa: B006 - never changed
    versions: dict[str, str | float] = {},  # noqa: B006 - never changed
    rows: tuple[Row, ...] = (),
) -> None:
    """Has one option of each shape."""


FORMS = {"style": "any|pinned", "wait": "duration", "pattern": "regex", "ports": "regex"}
OPTIONS = {
    name: read_option(example, name, value, "help", FORMS.get(name, ""))
    for name, value in (example.__kwdefaults__ or {}).items()
}


def test_annotations_tell_the_shape():
    shapes = {name: (one.type, one.of) for name, one in OPTIONS.items() if one.of or one.type != "str"}
    assert shapes == {
        "flag": ("bool", ""),
        "count": ("int", ""),
        "ratio": ("float", ""),
        "ports": ("list", "str"),
        "names": ("list", "str"),
        "kinds": ("list", "str"),
        "groups": ("list", "texts"),
        "accounts": ("dict", "str"),
        "versions": ("dict", "version"),
        "rows": ("list", "rows api!|removed_in"),
    }


def test_annotations_that_were_evaluated_tell_the_same():
    def other(*, names: Any, kinds: Any, flag: Any, count: Any, groups: Any) -> None:
        """Get real objects as annotations."""

    other.__annotations__ = {
        "names": tuple[str, ...],
        "kinds": tuple[str, ...] | None,
        "flag": bool,
        "count": int | None,
        "groups": tuple[tuple[str, ...], ...],
    }
    for name in other.__annotations__:
        assert read_option(other, name, OPTIONS[name].default, "help", "") == OPTIONS[name]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("flag", 1, " must be true or false, not 1"),
        ("count", True, " must be a whole number, not True"),
        ("count", 1.5, " must be a whole number, not 1.5"),
        ("ratio", "x", " must be a number, not 'x'"),
        ("name", 3, " must be a text, not 3"),
        ("style", "pined", " must be any or pinned, not 'pined', did you mean \"pinned\"?"),
        ("wait", "1 day", ' must be a duration such as "36h" or "1h30m", not \'1 day\''),
        ("pattern", "a(", " is no regular expression: missing ), unterminated subpattern at position 1 in 'a('"),
        ("ports", ["80", "8*+*"], " is no regular expression: multiple repeat at position 3 in '8*+*'"),
        ("names", "a", " must be a list, not 'a'"),
        ("names", ["a", {"b": 1}], "[1] must be a text, not {'b': 1}"),
        ("names", [1.3], "[0] must be a text, not 1.3: put it in quotes"),
        ("groups", [["a"], {"b": "c"}], "[1] must be a list of texts, not {'b': 'c'}"),
        ("groups", [["a", ["b"]]], "[0] must be a list of texts, not ['a', ['b']]"),
        ("accounts", {"1": ["a"]}, ".1 must be a text, not ['a']"),
        ("versions", {"a": True}, ".a must be a text, not True: put it in quotes"),
        ("rows", ["a"], "[0] must be a mapping, not 'a'"),
        ("rows", [{"api": "a"}, {"apiVersion": "b"}], '[1]: "apiVersion" is no key of a row; it has api, removed_in'),
        ("rows", [{"removed_in": "2"}], "[0] must have a key api"),
        ("rows", [{"api": "a", "removed_in": 1.3}], "[0].removed_in must be a text, not 1.3: put it in quotes"),
    ],
)
def test_wrong_values_are_said(name, value, said):
    assert wrong(OPTIONS[name], value) == said


@pytest.mark.parametrize(
    ("name", "value", "as_taken"),
    [
        ("flag", True, True),
        ("count", None, None),
        ("ratio", 1, 1),
        ("style", "pinned", "pinned"),
        ("wait", "1h30m", "1h30m"),
        ("names", ["a", 9100], ("a", "9100")),
        ("names", None, ()),
        ("kinds", None, None),
        ("groups", [["a", "b"], "c"], (("a", "b"), ("c",))),
        ("accounts", {"a": 123456789012}, {"a": "123456789012"}),
        ("versions", {"a": 1.33, "b": "1.34"}, {"a": 1.33, "b": "1.34"}),
        ("rows", [{"api": "a", "removed_in": 2}], ({"api": "a", "removed_in": "2"},)),
    ],
)
def test_values_that_fit_reach_the_rule(name, value, as_taken):
    assert wrong(OPTIONS[name], value) == ""
    assert taken(OPTIONS[name], value) == as_taken


def test_the_default_of_every_rule_fits_its_option():
    options = [(rule, one) for pack in load_packs() for rule in pack.rules for one in rule.options]
    assert options
    assert {f"{rule.id}.{one.name}": said for rule, one in options if (said := wrong(one, one.default))} == {}


def test_the_schema_of_the_configuration_knows_rows():
    rules = configuration_schema([rule for pack in load_packs() for rule in pack.rules])["properties"]["rules"]
    rows = rules["properties"]["stale-crd-api"]["properties"]["extra_rows"]["items"]
    assert (rows["required"], sorted(rows["properties"])) == (
        ["api"],
        ["api", "component", "deprecated_in", "removed_in", "replacement"],
    )
