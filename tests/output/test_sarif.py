"""SARIF keeps to the official schema, to GitHub's limits and to what GitHub reads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from opslint.model.finding import Finding, Severity
from opslint.model.records import replace
from opslint.model.source import Confidence, Location, Source, Span
from opslint.output import render, sarif
from opslint.output.sarif_rules import MAX_TAGS

if TYPE_CHECKING:
    from opslint.model.report import Report
    from opslint.output import OutputContext

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def run_of(report: Report, context: OutputContext) -> dict[str, Any]:
    """Return the run of the log, which must be valid."""
    log = json.loads(render("sarif", report, context))
    VALIDATOR.validate(log)
    assert len(log["runs"]) == 1
    run: dict[str, Any] = log["runs"][0]
    return run


def many(report: Report, number: int) -> Report:
    """Return the report with so many findings, the last ten of them critical."""
    source = Source("k8s/all.yaml", "".join(f"image: shop:{number}\n" for number in range(number)))
    findings = tuple(
        Finding(
            "mutable-image-tag",
            "security",
            Severity.CRITICAL if line > number - 10 else Severity.LOW,
            f'The tag "{line}" may name another image tomorrow',
            Location(source, Span(line, 8, line, 12)),
            Confidence.EXACT,
            related=(("used here", Location(source, Span(line, 1, line, 6))),),
            environments=(("prod", Severity.LOW),),
            fingerprint=f"{line:016x}",
        )
        for line in range(1, number + 1)
    )
    return report._replace(findings=findings)


@pytest.mark.parametrize("name", ["report", "empty", "hostile"])
@pytest.mark.parametrize("show_suppressed", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_it_is_valid(
    name: str, show_suppressed: bool, known: bool, request: pytest.FixtureRequest, context: OutputContext
) -> None:
    if not known:
        context = replace(context, root="", revision="", repository="", branch="", command_line=())
    run_of(request.getfixturevalue(name), replace(context, show_suppressed=show_suppressed))


def test_a_message_links_to_related_places_and_nothing_in_a_label_makes_a_link(
    report: Report, context: OutputContext
) -> None:
    related = [(f"values key workers[{number}].name](http://evil)", report.findings[0].location) for number in range(6)]
    finding = replace(report.findings[0], related=tuple(related), environments=())
    (result,) = run_of(report._replace(findings=(finding,)), context)["results"]
    assert result["message"]["text"].endswith(
        ". See "
        + ", ".join(f"[values key workers\\[{number}\\].name\\] (http://evil)]({number + 1})" for number in range(4))
        + "."
    )


def test_a_result_has_region_snippet_fingerprint_and_fix(report: Report, context: OutputContext) -> None:
    result = run_of(report, context)["results"][2]
    place = result["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "charts/myshop-api/values-prod.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 4, "startColumn": 8, "endLine": 4, "endColumn": 14, "snippet": {"text": "latest"}},
    }
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        'The tag "latest" may name another image tomorrow. In prod, staging. See [used here](1).'
    )
    assert result["partialFingerprints"] == {"primaryLocationLineHash": "5a0c0f9b8a03"}
    assert result["relatedLocations"][0]["message"] == {"text": "used here."}
    assert result["fixes"][0]["artifactChanges"][0]["replacements"] == [
        {
            "deletedRegion": {"startLine": 4, "startColumn": 8, "endLine": 4, "endColumn": 14},
            "insertedContent": {"text": '"1.4.2"'},
        }
    ]


def test_a_fix_without_edits_is_left_out(report: Report, context: OutputContext) -> None:
    assert "fixes" not in run_of(report, context)["results"][0]


def test_rules_are_described_for_github(report: Report, context: OutputContext) -> None:
    run = run_of(report, context)
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    tag = rules["mutable-image-tag"]
    assert tag["name"] == "MutableImageTag"
    assert tag["helpUri"] == "https://opslint.dev/rules/mutable-image-tag"
    assert "**Bad**\n\n```yaml\nimage: shop:latest" in tag["help"]["markdown"]
    assert tag["properties"] == {
        "tags": ["security", "images", "cis-eks"],
        "precision": "high",
        "security-severity": "8.0",
    }
    assert rules["excess-permissions"]["properties"]["tags"][:2] == ["security", "rbac"]
    others = [rule for rule in rules.values() if "security" not in rule["properties"]["tags"]]
    assert len(others) == 5
    assert not [rule["id"] for rule in others if "security-severity" in rule["properties"]]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_rule_has_at_most_twenty_tags(report: Report, context: OutputContext) -> None:
    info = report.rules["missing-pdb"]._replace(tags=tuple(f"tag-{number}" for number in range(30)))
    run = run_of(report._replace(rules={"missing-pdb": info}), context)
    rule = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "missing-pdb")
    assert len(rule["properties"]["tags"]) == MAX_TAGS == 20


def test_an_incomplete_run_says_so(report: Report, context: OutputContext) -> None:
    (invocation,) = run_of(report, context)["invocations"]
    assert invocation["executionSuccessful"] is False
    kinds = [(item["level"], item["descriptor"]["id"]) for item in invocation["toolExecutionNotifications"]]
    assert kinds == [("error", "chart-error"), ("error", "rule-error"), ("note", "notice")]
    place = invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "charts/broken/templates/job.yaml"
    assert place["region"] == {"startLine": 7}


def test_a_complete_run_is_successful(empty: Report, context: OutputContext) -> None:
    (invocation,) = run_of(empty, context)["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["toolExecutionNotifications"] == []


def test_values_of_the_command_line_are_masked(report: Report, context: OutputContext) -> None:
    (invocation,) = run_of(report, context)["invocations"]
    assert invocation["arguments"] == [
        *("check", ".", "--helm-set", "database.password=••••••", "--tf-var=key=••••••", "-f", "sarif")
    ]


@pytest.mark.parametrize(
    ("remote", "uri"),
    [
        ("https://bot:swordfish@github.com/myshop/shop.git", "https://github.com/myshop/shop"),
        ("git@github.com:myshop/shop.git", "https://github.com/myshop/shop"),
        ("ssh://git@git.example.com:2222/myshop/shop", "https://git.example.com/myshop/shop"),
        ("http://git.example.com:8080/shop", "http://git.example.com:8080/shop"),
    ],
)
def test_the_repository_is_named_without_credentials(
    remote: str, uri: str, report: Report, context: OutputContext
) -> None:
    (source,) = run_of(report, replace(context, repository=remote))["versionControlProvenance"]
    assert source == {
        "repositoryUri": uri,
        "revisionId": "0123456789abcdef0123456789abcdef01234567",
        "branch": "main",
        "mappedTo": {"uriBaseId": "%SRCROOT%"},
    }


@pytest.mark.parametrize("change", [{"revision": ""}, {"repository": ""}, {"repository": "/srv/git/shop.git"}])
def test_the_repository_is_left_out_when_it_is_not_known(
    change: dict[str, str], report: Report, context: OutputContext
) -> None:
    assert "versionControlProvenance" not in run_of(report, replace(context, **change))


def test_the_root_is_told_only_when_it_is_known(report: Report, context: OutputContext) -> None:
    assert run_of(report, context)["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///src/myshop/"
    assert "uri" not in run_of(report, replace(context, root=""))["originalUriBaseIds"]["%SRCROOT%"]


def test_suppressed_results_are_marked_and_only_there_when_asked_for(report: Report, context: OutputContext) -> None:
    plain = run_of(report, context)["results"]
    shown = run_of(report, replace(context, show_suppressed=True))["results"]
    assert len(shown) == len(plain) + 1
    assert not [result for result in plain if "suppressions" in result]
    assert [len(result["suppressions"]) for result in shown] == [0, 0, 0, 0, 0, 0, 1]
    assert shown[-1]["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "rebuilt every night"}
    ]


def test_paths_are_percent_encoded(hostile: Report, context: OutputContext) -> None:
    uri = run_of(hostile, context)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w.~/%-]+", uri)
    assert uri.endswith("%FF.yaml")  # the byte that was no UTF-8, as it is


def test_a_rule_that_is_not_described_is_there_all_the_same(hostile: Report, context: OutputContext) -> None:
    (rule,) = run_of(hostile, context)["tool"]["driver"]["rules"]
    assert rule["id"] == "hostile-rule"
    assert rule["help"] == {"text": "The rule hostile-rule."}


@pytest.mark.parametrize(("version", "semantic"), [("0.1.0", True), ("1.2.3-rc.1", True), ("0.1.0.dev3", False)])
def test_a_semantic_version_is_told_when_it_is_one(
    version: str, semantic: bool, empty: Report, context: OutputContext
) -> None:
    driver = run_of(empty, replace(context, tool_version=version))["tool"]["driver"]
    assert driver["version"] == version
    assert driver.get("semanticVersion") == (version if semantic else None)


def test_the_most_severe_stay_within_githubs_limit(
    report: Report, context: OutputContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sarif.MAX_RESULTS == 25_000
    monkeypatch.setattr(sarif, "MAX_RESULTS", 30)
    run = run_of(many(report, 100), context)
    lines = [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in run["results"]]
    assert lines == [*range(1, 21), *range(91, 101)]
    notice = run["invocations"][0]["toolExecutionNotifications"][-1]
    assert notice["descriptor"]["id"] == "results-left-out"
    assert notice["message"]["text"].startswith("70 results of 100 left out, the least severe")


def test_the_file_stays_within_githubs_limit(
    report: Report, context: OutputContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sarif.MAX_COMPRESSED_BYTES == 10_000_000
    monkeypatch.setattr(sarif, "MAX_COMPRESSED_BYTES", 8_000)
    run = run_of(many(report, 1_000), context)
    assert 10 <= len(run["results"]) < 1_000
    assert sum(result["level"] == "error" for result in run["results"]) == 10


def test_a_long_snippet_is_left_out(report: Report, context: OutputContext) -> None:
    source = Source("k8s/long.yaml", "a: 1\n" * 1_000)
    finding = replace(report.findings[0], location=Location(source, Span(1, 1, 1_000, 5)))
    (result,) = run_of(report._replace(findings=(finding,)), context)["results"]
    assert "snippet" not in result["locations"][0]["physicalLocation"]["region"]
