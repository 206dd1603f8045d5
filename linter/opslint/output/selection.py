"""Which findings a format writes, and the words and counts that several formats say about them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from opslint.model.finding import Safety, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opslint.model.finding import Finding, Resource, Suppressed
    from opslint.model.report import Report
    from opslint.output.context import OutputContext


def shown_findings(report: Report, context: OutputContext) -> tuple[Finding, ...]:
    """Return the findings to write, in order of place; the suppressed among them only when asked for."""
    if not context.show_suppressed or not report.suppressed:
        return report.findings
    return tuple(sorted((*report.findings, *report.suppressed), key=lambda finding: finding.sort_key))


def by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Return how many findings there are of each severity, worst first, zeros included."""
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in Severity}


def by_area(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each area, most first."""
    counts = Counter(finding.area for finding in findings)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def fixable(findings: Iterable[Finding]) -> tuple[int, int]:
    """Return how many findings have a safe fix, and how many an unsafe one."""
    counts = Counter(finding.fix.safety for finding in findings if finding.fix)
    return counts[Safety.SAFE], counts[Safety.UNSAFE]


def place(path: str, line: int = 0, column: int = 0) -> str:
    """Return `path:line:column`, as much of it as there is."""
    return ":".join([path or "(no file)", *(str(number) for number in (line, column) if number)])


def resource_name(resource: Resource) -> str:
    """Return `kind/namespace/name` as the configuration writes it, or the Terraform address; "" for neither."""
    if resource.address or not resource.kind:
        return resource.address
    return "/".join(part for part in (resource.kind, resource.namespace, resource.name) if part)


def plural(number: int, noun: str) -> str:
    """Return `1 chart`, `2 charts`, `3 branches`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith(('ch', 's', 'x')) else 's'}"


def environments(finding: Finding) -> str:
    """Return `prod, staging`, with the severity of those in which it is another than the finding's."""
    return ", ".join(
        name if severity == finding.severity else f"{name} ({severity})" for name, severity in finding.environments
    )


def why_suppressed(suppressed: Suppressed) -> str:
    """Return what hides a finding, with the reason if one is given: `comment: may be evicted at any time`."""
    return f"{suppressed.kind}: {suppressed.justification}" if suppressed.justification else suppressed.kind


def severity_counts(findings: Iterable[Finding]) -> str:
    """Return `1 critical, 3 high`, without zeros."""
    return ", ".join(f"{count:,} {severity}" for severity, count in by_severity(findings).items() if count)


def targets_said(report: Report) -> str:
    """Return `Kubernetes 1.33 by infra/prod.tfvars:4, 1.34 by --target-version`, "" when nothing was judged."""
    named = dict.fromkeys(f"{target.version} by {target.provenance}" for target, _ in report.targets)
    return f"Kubernetes {', '.join(named)}" if named else ""
