"""One line a finding: `path:line:column: severity rule message`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.output.escape import visible, without_commands
from opslint.output.selection import (
    fixable,
    place,
    plural,
    severity_counts,
    shown_findings,
    targets_said,
    why_suppressed,
)

if TYPE_CHECKING:
    from opslint.model.finding import Finding
    from opslint.model.report import Report
    from opslint.output.context import OutputContext


def render(report: Report, context: OutputContext) -> str:
    """Return the report for people with many findings, and for editors and grep."""
    lines = [_finding(finding) for finding in shown_findings(report, context)]
    if not context.quiet:
        lines.append(_summary(report))
    return without_commands("".join(f"{visible(line)}\n" for line in lines))


def _finding(finding: Finding) -> str:
    span = finding.location.span
    where = place(finding.location.source.path, span.line, span.column)
    note = f" (suppressed by {why_suppressed(finding.suppressed)})" if finding.suppressed else ""
    return f"{where}: {finding.severity} {finding.rule_id} {finding.message}{note}"


def _summary(report: Report) -> str:
    safe, unsafe = fixable(report.findings)
    found = plural(len(report.findings), "problem") if report.findings else "no problems"
    counts = f" ({severity_counts(report.findings)})" if report.findings else ""
    can_fix = f", {safe + unsafe:,} fixable" if safe + unsafe else ""
    incomplete = f"; incomplete: {plural(len(report.failures), 'error')}" if report.failures else ""
    targets = f"; judged for {said}" if (said := targets_said(report)) else ""
    return f"Found {found}{counts}{can_fix}{incomplete}{targets}"
