"""The JSON format keeps to its schema and to its documented order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import opslint_schemas
from opslint.model.records import replace
from opslint.output import render

if TYPE_CHECKING:
    from opslint.model.report import Report
    from opslint.output import OutputContext

SCHEMA = json.loads((Path(opslint_schemas.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["report", "empty", "hostile"])
@pytest.mark.parametrize("show_suppressed", [False, True])
def test_it_is_valid(name: str, show_suppressed: bool, request: pytest.FixtureRequest, context: OutputContext) -> None:
    text = render("json", request.getfixturevalue(name), replace(context, show_suppressed=show_suppressed))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(json.loads(text))


def test_the_schema_knows_every_member(report: Report, context: OutputContext) -> None:
    document = json.loads(render("json", report, context))
    document["findings"][0]["extra"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_the_schema_can_be_loaded_by_name() -> None:
    assert opslint_schemas.load("report.schema") == SCHEMA


def test_members_are_in_their_documented_order(report: Report, context: OutputContext) -> None:
    document: dict[str, Any] = json.loads(render("json", report, context))
    assert list(document) == ["schema_version", "tool", "targets", "findings", "errors", "coverage", "summary"]
    assert " ".join(document["findings"][0]) == (
        "rule_id severity message path line column end_line end_column confidence resource field rendered related "
        "environments targets fix fingerprint suppressed vendored"
    )
    assert list(document["coverage"]) == ["charts", "manifests", "kustomizations", "terraform", "rules", "notices"]


def test_places_and_sources_are_told(report: Report, context: OutputContext) -> None:
    document = json.loads(render("json", report, context))
    tag = document["findings"][2]
    assert (tag["line"], tag["column"], tag["end_line"], tag["end_column"]) == (4, 8, 4, 14)
    assert tag["fix"]["edits"] == [
        {
            "path": "charts/myshop-api/values-prod.yaml",
            "start": {"line": 4, "column": 8},
            "end": {"line": 4, "column": 14},
            "text": '"1.4.2"',
        }
    ]
    assert document["targets"] == [
        {
            "id": "prod",
            "kubernetes": "1.31",
            "after_upgrade": False,
            "source": {"kind": "cluster", "path": "infra/prod.tfvars", "line": 1},
            "units": ["charts/myshop-api@prod", "charts/myshop-api@staging"],
        },
        {
            "id": "newest",
            "kubernetes": "1.34",
            "after_upgrade": False,
            "source": {"kind": "newest", "path": None, "line": None},
            "units": ["manifests"],
        },
    ]
    assert document["errors"][1] == {
        "path": None,
        "line": None,
        "message": "rule missing-pdb failed on Deployment/web: KeyError",
        "kind": "rule",
    }


def test_suppressed_findings_come_in_order_and_only_when_asked_for(report: Report, context: OutputContext) -> None:
    hidden = json.loads(render("json", report, context))["findings"]
    shown = json.loads(render("json", report, replace(context, show_suppressed=True)))
    assert all(finding["suppressed"] is None for finding in hidden)
    assert len(shown["findings"]) == len(hidden) + 1
    assert shown["findings"][-1]["suppressed"] == {"kind": "comment", "justification": "rebuilt every night"}
    assert shown["summary"]["findings_by_severity"]["medium"] == 1


def test_where_and_how_it_ran_is_not_in_it(report: Report, context: OutputContext) -> None:
    elsewhere = replace(context, root="/elsewhere", width=200, command_line=("x",), revision="")
    assert render("json", report, elsewhere) == render("json", report, context)


def test_it_is_printable_ascii(hostile: Report, context: OutputContext) -> None:
    text = render("json", hostile, context)
    assert text.isascii()
    assert set(text) - {"\n"} <= {chr(code) for code in range(0x20, 0x7F)}
