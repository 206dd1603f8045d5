"""GitHub Actions' workflow commands: an annotation for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.finding import Severity
from opslint.model.source import Confidence
from opslint.output.escape import command_data, command_property
from opslint.output.selection import environments, plural, severity_counts, shown_findings, targets_said, why_suppressed

if TYPE_CHECKING:
    from opslint.model.finding import Finding
    from opslint.model.report import Failure, Notice, Report
    from opslint.output.context import OutputContext

_COMMANDS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def render(report: Report, context: OutputContext) -> str:
    """Return the annotations, the worst first: GitHub shows only the first ten of a step and a kind."""
    findings = sorted(shown_findings(report, context), key=lambda finding: finding.severity.rank)
    lines = [_unread(item, "error", f"opslint: {item.kind} not read") for item in report.failures]
    lines += [_finding(finding) for finding in findings]
    lines += [_unread(item, "notice", "opslint") for item in report.coverage.notices]
    if not context.quiet:
        counts = severity_counts(report.findings)
        found = f"{plural(len(report.findings), 'problem')} ({counts})" if report.findings else "no problems"
        targets = f"; judged for {command_data(said)}" if (said := targets_said(report)) else ""
        lines.append(f"opslint found {found}{targets}")
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding) -> str:
    span = finding.location.span
    properties = {"file": finding.location.source.path, "line": str(span.line)}
    if finding.confidence is not Confidence.FILE:
        properties["endLine"] = str(span.end_line)
        if span.line == span.end_line:  # GitHub refuses columns of a longer stretch
            properties["col"] = str(span.column)
            properties["endColumn"] = str(span.end_column)
    properties["title"] = f"{finding.rule_id} ({finding.severity})"
    message = finding.message
    if finding.environments:
        message += f"\nin {environments(finding)}"
    if finding.fix:
        message += f"\nhelp: {finding.fix.title}"
    if finding.suppressed:
        message += f"\nsuppressed by {why_suppressed(finding.suppressed)}"
    command = "notice" if finding.suppressed else _COMMANDS[finding.severity]
    return _command(command, properties, message)


def _unread(item: Failure | Notice, command: str, title: str) -> str:
    properties = {"file": item.path} if item.path else {}
    if item.path and item.line:
        properties["line"] = str(item.line)
    return _command(command, {**properties, "title": title}, item.message)


def _command(command: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={command_property(value)}" for key, value in properties.items())
    return f"::{command} {listed}::{command_data(message)}"
