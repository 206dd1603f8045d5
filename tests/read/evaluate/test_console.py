"""Every expression gives what `terraform console` gave, or is unknown where Terraform reports an error."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from opslint.model.node import Unknown
from opslint.read import hcl
from opslint.read.evaluate.loading import Loader
from opslint.read.evaluate.module import Module
from opslint.read.evaluate.scope import Child, Origin, Scope, Workspace
from opslint.read.evaluate.values import EvalError

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "console_cases.json").read_text())
VARIABLES = (HERE / TABLE["variables_file"]).read_text()
# `terraform console` prints a lone number or bool in quotes without them; the value of these is a string or a number.
CASES = [case for case in TABLE["cases"] if "value" in case]
ERRORS = [case for case in TABLE["cases"] if "error" in case]


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    root = tmp_path_factory.mktemp("console").resolve()
    (root / "main.tf").write_text(VARIABLES)
    module = Loader(root, {root: ("main.tf",)}).module(root)
    assert isinstance(module, Module)
    return Scope(module, Workspace(root, lambda *_: Child("opaque")), {})


def value_of(scope: Scope, text: str) -> Any:
    source = next(iter(scope.module.variables.values())).source
    return Origin(hcl.parse_expression(text), source, scope).value()


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["expr"])
def test_value(scope: Scope, case: dict[str, Any]) -> None:
    value = plain(value_of(scope, case["expr"]))
    assert value == case["value"]
    assert isinstance(value, bool) == isinstance(case["value"], bool)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case["expr"])
def test_error(scope: Scope, case: dict[str, Any]) -> None:
    try:
        value = value_of(scope, case["expr"])
    except EvalError:
        return
    assert isinstance(value, Unknown)


REFUSED = [
    'fileset("x")',
    "templatefile()",
    "pow(10, 400) % 0.5",
    "lookup(null, 1, 2)",
    'regex("(a", "b")',
    'regex("a(?=b)", "ab")',
    "merge([1], {})",
    'formatdate("Q", "2018-01-02T23:12:01Z")',
    'timeadd("2017-11-22T00:00:00Z", "1 day")',
    'csvdecode("a,b\\n1\\n")',
    'jsondecode("{")',
    'yamldecode("[")',
    'yamldecode("a: &x 1\\nb: *x")',
    'base64decode("%%%")',
    'cidrsubnet("10.0.0.0/8", 30, 1)',
    "range(1, 10, 0)",
    "unknown_function(1)",
    "timestamp()",
    'textencodebase64("a", "rot13")',
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_terraform_refuses_or_only_an_apply_tells(scope: Scope, text: str) -> None:
    try:
        value = value_of(scope, text)
    except EvalError:
        return
    assert isinstance(value, Unknown)


KNOWN_IN_PART = [
    ('format("arn:%s:x", data.a.b.c)', ["arn:", ":x"]),
    ('join("-", ["a", data.a.b.c])', ["a-"]),
    ('"${data.a.b.c}/b"', ["/b"]),
    ('jsonencode({a = data.a.b.c, b = "x"})', ['{"a":"', '","b":"x"}']),
]


@pytest.mark.parametrize(("text", "known"), KNOWN_IN_PART)
def test_texts_keep_their_known_pieces(scope: Scope, text: str, known: list[str]) -> None:
    value = value_of(scope, text)
    assert isinstance(value, Unknown)
    assert [part for part in value.parts if isinstance(part, str)] == known


DECIDED = [
    ("length(slice(data.a.b.c, 0, 3))", 3),
    ('startswith("https://${data.a.b.c}", "http://")', False),
    ('startswith("https://${data.a.b.c}", "https:")', True),
    ("data.a.b.c && false", False),
    ("data.a.b.c || true", True),
    ("[data.a.b.c, 2][1]", 2),
    ('contains([data.a.b.c, "x"], "x")', True),
    ("length([data.a.b.c, 2])", 2),
    ('basename("${data.a.b.c}/web")', "web"),
    ("alltrue([data.a.b.c, false])", False),
    ("keys({a = data.a.b.c})[0]", "a"),
    ('"${data.a.b.c}x" == null', False),
]


@pytest.mark.parametrize(("text", "expected"), DECIDED)
def test_what_is_decided_although_a_part_is_unknown(scope: Scope, text: str, expected: object) -> None:
    assert value_of(scope, text) == expected


UNDECIDED = [
    "data.a.b.c == 1",
    "contains([data.a.b.c], 1)",
    "try(data.a.b.c, 1)",
    "can(data.a.b.c)",
    "coalesce(data.a.b.c, 1)",
    "{(data.a.b.c) = 1}",
    "[for x in [1] : x if data.a.b.c]",
    "merge(data.a.b.c, {a = 1}).a",
    "toset([data.a.b.c])",
    "flatten([[1], data.a.b.c])",
]


@pytest.mark.parametrize("text", UNDECIDED)
def test_what_stays_undecided(scope: Scope, text: str) -> None:
    value = value_of(scope, text)
    assert isinstance(value, Unknown)
    assert "data.a.b.c" in value.why or value.why == "can"
