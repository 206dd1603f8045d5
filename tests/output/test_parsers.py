"""Each format as a program reads it that is not ours, or by the facts that its consumer documents."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from opslint.model.records import replace
from opslint.output import FORMATS, OutputContext, render

if TYPE_CHECKING:
    from opslint.model.report import Report

# Of Jenkins' junit-10.xsd (jenkinsci/xunit-plugin): what an element may hold. `file` and `line` of a case are not in
# it; GitLab and CircleCI read the first, annotating actions both.
JENKINS = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
    "testcase": {"name", "time", "classname", "group"} | {"file", "line"},
    "properties": set(),
    "property": {"name", "value"},
    **{name: {"type", "message"} for name in ("failure", "error", "skipped")},
}
# https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
GITLAB_SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


@pytest.fixture(params=["report", "empty", "hostile"])
def any_report(request: pytest.FixtureRequest) -> Report:
    found: Report = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def shown(context: OutputContext) -> OutputContext:
    return replace(context, show_suppressed=True)


def test_junit_by_a_parser(any_report: Report, shown: OutputContext) -> None:
    suites = JUnitXml.fromstring(render("junit", any_report, shown).encode())
    cases = [case for suite in suites for case in suite]
    kinds = [type(result) for case in cases for result in case.result]
    findings, suppressed, failures = (
        len(items) for items in (any_report.findings, any_report.suppressed, any_report.failures)
    )
    assert [kinds.count(kind) for kind in (Failure, Skipped, Error)] == [findings, suppressed, failures]
    assert len(cases) == max(findings + suppressed + failures, 1)
    said = suites.tests, suites.failures, suites.errors
    suites.update_statistics()
    assert (suites.tests, suites.failures, suites.errors) == said


def test_junit_by_jenkins_schema(any_report: Report, shown: OutputContext) -> None:
    root = ET.fromstring(render("junit", any_report, shown))
    for element in root.iter():
        assert set(element.attrib) <= JENKINS[element.tag], element.tag
        if element.tag in {"testsuite", "testcase"}:
            assert element.attrib["name"]


def test_gitlab_by_its_documentation(any_report: Report, shown: OutputContext) -> None:
    issues = json.loads(render("gitlab", any_report, shown))
    assert isinstance(issues, list)
    for issue in issues:
        assert all(issue[key] for key in ("description", "check_name", "fingerprint"))
        assert issue["severity"] in GITLAB_SEVERITIES
        assert not issue["location"]["path"].startswith(("./", "/"))
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def workflow_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does."""
    found = re.fullmatch(r"::(\w+) ((?:[^:]|:(?!:))*)::(.*)", line)
    assert found is not None, line
    properties = {}
    for part in found[2].split(","):
        key, _, value = part.partition("=")
        for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(escaped, plain)
        properties[key] = value
    return found[1], properties, found[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_github_by_its_escapes(report: Report, context: OutputContext) -> None:
    finding = report.findings[1]
    source = replace(finding.location.source, path="a,b:c%0A=d/e.yaml")
    odd = replace(finding, location=replace(finding.location, source=source), message="50 % of a::b, c\nline two %0A")
    first, *_ = render("github", report._replace(findings=(odd,), failures=()), context).splitlines()
    kind, properties, message = workflow_command(first)
    assert (kind, properties["file"], properties["line"]) == ("error", "a,b:c%0A=d/e.yaml", "12")
    assert message.splitlines()[:2] == ["50 % of a::b, c", "line two %0A"]


def test_csv_by_the_library(any_report: Report, shown: OutputContext) -> None:
    rows = list(csv.reader(io.StringIO(render("csv", any_report, shown)), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) - 1 == sum(
        len(items) for items in (any_report.findings, any_report.suppressed, any_report.failures)
    )


def test_markdown_by_a_parser(any_report: Report, shown: OutputContext) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(render("markdown", any_report, shown))
    inner = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inner)}
    assert not kinds & {"html_block", "code_inline", "code_block", "fence", "image", "hardbreak"}
    assert {child.content for child in inner if child.type == "html_inline"} <= {"<br>"}
    links = [str(child.attrs["href"]) for child in inner if child.type == "link_open"]
    assert all(link.startswith("https://opslint.dev/rules/") for link in links)
    rows = sum(token.type == "tr_open" for token in tokens) - sum(token.type == "table_open" for token in tokens)
    assert rows == len(any_report.findings) + len(any_report.suppressed)
    cells = sum(token.type == "td_open" for token in tokens)
    assert cells == 4 * rows


@pytest.mark.parametrize("format_", sorted(set(FORMATS)))
def test_a_suppressed_finding_says_by_what_and_why(format_: str, report: Report, context: OutputContext) -> None:
    (hidden,) = report.suppressed
    assert hidden.suppressed is not None
    assert hidden.message not in render(format_, report, context)
    only = report._replace(findings=(), failures=())
    said = render(format_, only, replace(context, show_suppressed=True))
    assert hidden.message in said
    assert hidden.suppressed.justification in said


def test_suppressed_findings_raise_no_alarm(report: Report, shown: OutputContext) -> None:
    only = report._replace(findings=(), failures=())
    assert [issue["severity"] for issue in json.loads(render("gitlab", only, shown))] == ["info"]
    commands = [workflow_command(line) for line in render("github", only, shown).splitlines() if line.startswith("::")]
    assert {command[0] for command in commands} == {"notice"}
