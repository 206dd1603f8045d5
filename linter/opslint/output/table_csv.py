"""CSV for spreadsheets: a row for each finding, and one for each thing that could not be read."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

from opslint.output.escape import csv_cell
from opslint.output.selection import environments, shown_findings, why_suppressed

if TYPE_CHECKING:
    from opslint.model.finding import Finding
    from opslint.model.report import Report
    from opslint.output.context import OutputContext

COLUMNS: Final = (
    "path",
    "line",
    "column",
    "severity",
    "area",
    "rule",
    "message",
    "resource",
    "namespace",
    "field",
    "environments",
    "fix",
    "suppressed",
    "fingerprint",
    "targets",
)


def render(report: Report, context: OutputContext) -> str:
    """Return the report with a head row and line feeds as line ends."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    names = {target.id: f"{target.version} by {target.provenance}" for target, _ in report.targets}
    for finding in shown_findings(report, context):
        targets = ", ".join(names.get(id_, id_) for id_ in finding.targets)
        writer.writerow([csv_cell(cell) for cell in (*_row(finding), targets)])
    for item in report.failures:
        line = str(item.line) if item.line else ""
        row = [item.path, line, "", "error", "", f"{item.kind}-error", item.message]
        writer.writerow([csv_cell(cell) for cell in (*row, *[""] * (len(COLUMNS) - len(row)))])
    return stream.getvalue()


def _row(finding: Finding) -> list[str]:
    span = finding.location.span
    return [
        finding.location.source.path,
        str(span.line),
        str(span.column),
        finding.severity,
        finding.area,
        finding.rule_id,
        finding.message,
        str(finding.resource),
        finding.resource.namespace,
        finding.field_path,
        environments(finding),
        finding.fix.title if finding.fix else "",
        why_suppressed(finding.suppressed) if finding.suppressed else "",
        finding.fingerprint,
    ]
