"""GitLab's code quality report: a JSON list that merge requests show."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from opslint.model.finding import Severity
from opslint.output.escape import visible
from opslint.output.json_text import encode, encode_list
from opslint.output.selection import environments, shown_findings, why_suppressed

if TYPE_CHECKING:
    from opslint.model.finding import Finding
    from opslint.model.report import Failure, Report
    from opslint.output.context import OutputContext

_SEVERITIES: Final = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(report: Report, context: OutputContext) -> str:
    """Return the findings, and what could not be read, as code quality issues."""
    seen: dict[str, int] = {}
    issues = [encode(_finding(finding, seen)) for finding in shown_findings(report, context)]
    issues += [encode(_failure(failure)) for failure in report.failures]
    return encode_list(issues, "") + "\n"


def _finding(finding: Finding, seen: dict[str, int]) -> dict[str, object]:
    description = finding.message
    if finding.environments:
        description += f" (in {environments(finding)})"
    if finding.suppressed:
        description += f" (suppressed by {why_suppressed(finding.suppressed)})"
    span = finding.location.span
    fingerprint = finding.fingerprint or _hash(finding.rule_id, finding.location.source.path, finding.message)
    # GitLab drops issues of the same fingerprint.
    seen[fingerprint] = seen.get(fingerprint, 0) + 1
    if seen[fingerprint] > 1:
        fingerprint = _hash(fingerprint, str(seen[fingerprint]))
    return {
        "description": visible(description),
        "check_name": finding.rule_id,
        "fingerprint": fingerprint,
        "severity": "info" if finding.suppressed else _SEVERITIES[finding.severity],
        "location": {"path": finding.location.source.path, "lines": {"begin": span.line, "end": span.end_line}},
    }


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "description": visible(f"Not read: {failure.message}"),
        "check_name": f"opslint-{failure.kind}-error",
        "fingerprint": _hash(failure.kind, failure.path, failure.message),
        "severity": "critical",
        "location": {"path": failure.path or ".", "lines": {"begin": max(failure.line, 1)}},
    }


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
