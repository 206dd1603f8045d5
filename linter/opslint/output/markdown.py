"""Markdown for pull-request comments and job summaries."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from opslint.output.escape import markdown_text
from opslint.output.selection import (
    environments,
    place,
    plural,
    severity_counts,
    shown_findings,
    targets_said,
    why_suppressed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.finding import Finding
    from opslint.model.report import Report
    from opslint.output.context import OutputContext


def render(report: Report, context: OutputContext) -> str:
    """Return the report with a table for each file."""
    return "".join(f"{line}\n" for line in _lines(report, context))


def _lines(report: Report, context: OutputContext) -> Iterator[str]:
    counts = severity_counts(report.findings)
    found = plural(len(report.findings), "problem") if report.findings else "no problems"
    yield f"## opslint: {found}"
    yield ""
    if counts:
        yield f"{counts}."
        yield ""
    if report.failures:
        yield f"**Incomplete**: {plural(len(report.failures), 'error')}, so something was not read or not judged."
        yield ""
        for item in report.failures:
            yield f"- {markdown_text(place(item.path, item.line))}: {markdown_text(item.message)}"
        yield ""
    for path, group in groupby(shown_findings(report, context), key=lambda finding: finding.location.source.path):
        yield f"### {markdown_text(path)}"
        yield ""
        yield "| Line | Severity | Rule | Problem |"
        yield "|---:|---|---|---|"
        for finding in group:
            yield _row(finding, report)
        yield ""
    if report.targets and not context.quiet:
        yield f"Judged for {markdown_text(targets_said(report))}."


def _row(finding: Finding, report: Report) -> str:
    info = report.rules.get(finding.rule_id)
    rule = markdown_text(finding.rule_id)
    linked = f"[{rule}]({info.url})" if info and info.url else rule
    text = markdown_text(finding.message)
    if finding.environments:
        text += f" (in {markdown_text(environments(finding))})"
    if finding.fix:
        text += f"<br>Fix: {markdown_text(finding.fix.title)}"
    if finding.suppressed:
        text += f"<br>Suppressed by {markdown_text(why_suppressed(finding.suppressed))}"
    return f"| {finding.location.span.line} | {finding.severity} | {linked} | {text} |"
