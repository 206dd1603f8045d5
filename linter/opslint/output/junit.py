"""JUnit XML for CI systems that show test results: a suite for each file, a failed case for each finding."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from opslint.output.escape import xml_text
from opslint.output.selection import environments, place, plural, shown_findings, targets_said, why_suppressed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.finding import Finding
    from opslint.model.report import Failure, Report
    from opslint.output.context import OutputContext


def render(report: Report, context: OutputContext) -> str:
    """Return the report as XML in ASCII; a run without findings has one passed case, as an empty file fails a CI."""
    findings = shown_findings(report, context)
    about = _properties(report)
    suites: list[tuple[str, list[str], tuple[int, int, int]]] = []
    for path, group in groupby(findings, key=lambda finding: finding.location.source.path):
        cases = list(group)
        skipped = sum(case.suppressed is not None for case in cases)
        suites.append((path, [_case(case) for case in cases], (len(cases) - skipped, 0, skipped)))
    if report.failures:
        suites.append(("opslint", [_error(item) for item in report.failures], (0, len(report.failures), 0)))
    if not suites:
        rules = plural(report.coverage.rules_run, "rule")
        suites.append(("opslint", [f'    <testcase classname="opslint" name="{rules} passed"/>'], (0, 0, 0)))
    failed = sum(finding.suppressed is None for finding in findings)
    tests = max(len(findings) + len(report.failures), 1)
    # Jenkins' schema knows no `skipped` of all suites together.
    counts = _counts(tests, failed, len(report.failures))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="opslint" {counts}>',
        *(_suite(name, about, cases, counts) for name, cases, counts in suites),
        "</testsuites>",
    ]
    # ASCII with character references: the same in every encoding that a stream may have.
    return ("\n".join(lines) + "\n").encode("ascii", "xmlcharrefreplace").decode("ascii")


def _counts(tests: int, failures: int, errors: int) -> str:
    return f'tests="{tests}" failures="{failures}" errors="{errors}"'


def _suite(name: str, about: list[str], cases: list[str], counts: tuple[int, int, int]) -> str:
    failures, errors, skipped = counts
    head = f'  <testsuite name="{xml_text(name)}" {_counts(len(cases), failures, errors)} skipped="{skipped}">'
    return "\n".join([head, *about, *cases, "  </testsuite>"])


def _properties(report: Report) -> list[str]:
    """Return what was judged against, which a suite says before its cases."""
    said = targets_said(report)
    if not said:
        return []
    value = f'      <property name="targets" value="{xml_text(said)}"/>'
    return ["    <properties>", value, "    </properties>"]


def _case(finding: Finding) -> str:
    path, line = finding.location.source.path, finding.location.span.line
    about = str(finding.resource)
    name = f"{finding.rule_id} {about}".rstrip() + f" line {line}"
    head = f'    <testcase classname="{xml_text(path)}" name="{xml_text(name)}" file="{xml_text(path)}" line="{line}">'
    body = xml_text("\n".join(_details(finding)))
    if finding.suppressed:
        why = xml_text(why_suppressed(finding.suppressed))
        return f'{head}\n      <skipped message="{why}">{body}</skipped>\n    </testcase>'
    return (
        f'{head}\n      <failure type="{finding.severity}" message="{xml_text(finding.message)}">{body}</failure>\n'
        "    </testcase>"
    )


def _details(finding: Finding) -> Iterator[str]:
    span = finding.location.span
    yield f"{place(finding.location.source.path, span.line, span.column)}: {finding.rule_id}: {finding.message}"
    for label, location in finding.related:
        yield f"{place(location.source.path, location.span.line, location.span.column)}: {label}"
    if finding.environments:
        yield f"in {environments(finding)}"
    if finding.fix:
        yield f"help: {finding.fix.title}"


def _error(failure: Failure) -> str:
    where = place(failure.path, failure.line)
    name = xml_text(f"{failure.kind} {where}")
    file = f' file="{xml_text(failure.path)}"' if failure.path else ""
    return (
        f'    <testcase classname="opslint" name="{name}"{file}>\n'
        f'      <error type="{xml_text(failure.kind)}" message="{xml_text(failure.message)}"/>\n    </testcase>'
    )
