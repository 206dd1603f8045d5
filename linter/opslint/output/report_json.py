"""The JSON format; `report.schema.json` describes every member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.output.json_text import encode, encode_list, encode_object
from opslint.output.selection import by_severity, shown_findings

if TYPE_CHECKING:
    from opslint.model.finding import Finding, PlannedFix, Resource
    from opslint.model.project import Target
    from opslint.model.report import Failure, Notice, Report
    from opslint.output.context import OutputContext

SCHEMA_VERSION: Final = 1


def render(report: Report, context: OutputContext) -> str:
    """Return the report as one JSON object: the same bytes for the same input."""
    tool = {"name": "opslint", "version": context.tool_version, "data_as_of": context.data_as_of or None}
    members = {
        "schema_version": encode(SCHEMA_VERSION),
        "tool": encode(tool),
        "targets": encode_list((encode(_target(*item)) for item in report.targets), "  "),
        "findings": encode_list((encode(_finding(item)) for item in shown_findings(report, context)), "  "),
        "errors": encode_list((encode(_failure(item)) for item in report.failures), "  "),
        "coverage": _coverage(report),
        "summary": encode(_summary(report)),
    }
    return encode_object(members) + "\n"


def _target(target: Target, units: tuple[str, ...]) -> dict[str, object]:
    location = target.location
    source = {
        "kind": target.kind,
        "path": location.source.path if location else None,
        "line": location.span.line if location else None,
    }
    return {
        "id": target.id,
        "kubernetes": target.version,
        "after_upgrade": target.after,
        "source": source,
        "units": list(units),
    }


def _finding(finding: Finding) -> dict[str, object]:
    span, rendered, suppressed = finding.location.span, finding.rendered, finding.suppressed
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.location.source.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "confidence": finding.confidence,
        "resource": _resource(finding.resource),
        "field": finding.field_path or None,
        "rendered": {"path": rendered.source.path, "line": rendered.span.line} if rendered else None,
        "related": [
            {"path": place.source.path, "line": place.span.line, "message": label} for label, place in finding.related
        ],
        "environments": [{"name": name, "severity": severity} for name, severity in finding.environments],
        "targets": list(finding.targets),
        "fix": _fix(finding.fix) if finding.fix else None,
        "fingerprint": finding.fingerprint,
        "suppressed": {"kind": suppressed.kind, "justification": suppressed.justification} if suppressed else None,
        "vendored": finding.vendored,
    }


def _resource(resource: Resource) -> dict[str, str] | None:
    if resource.address:
        return {"address": resource.address}
    if not resource.kind:
        return None
    return {
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "api_version": resource.api_version,
    }


def _fix(fix: PlannedFix) -> dict[str, object]:
    edits = [
        {
            "path": edit.path,
            "start": {"line": edit.span.line, "column": edit.span.column},
            "end": {"line": edit.span.end_line, "column": edit.span.end_column},
            "text": edit.text,
        }
        for edit in fix.edits
    ]
    return {"title": fix.title, "safety": fix.safety, "edits": edits}


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "path": failure.path or None,
        "line": failure.line or None,
        "message": failure.message,
        "kind": failure.kind,
    }


def _notice(notice: Notice) -> dict[str, object]:
    return {"path": notice.path or None, "line": notice.line or None, "message": notice.message}


def _coverage(report: Report) -> str:
    seen = report.coverage
    charts = {
        "found": seen.charts_found,
        "rendered": seen.charts_rendered,
        "branches_unrendered": seen.branches_unrendered,
    }
    terraform = {
        "files": seen.terraform_files,
        "modules": seen.modules,
        "opaque_modules": seen.opaque_modules,
        "unknown_arguments": seen.unknown_arguments,
    }
    rules = {"run": seen.rules_run, "silent_for_unknown": dict(sorted(seen.silent_for_unknown.items()))}
    members = {
        "charts": encode(charts),
        "manifests": encode({"found": seen.manifests_found, "read": seen.manifests_read}),
        "kustomizations": encode({"found": seen.kustomizations_found, "built": seen.kustomizations_built}),
        "terraform": encode(terraform),
        "rules": encode(rules),
        "notices": encode_list((encode(_notice(item)) for item in seen.notices), "    "),
    }
    return encode_object(members, "  ")


def _summary(report: Report) -> dict[str, object]:
    hidden = report.hidden
    return {
        "files": report.files,
        "resources": report.resources,
        "findings_by_severity": by_severity(report.findings),
        "hidden": {
            "nonprod": hidden.nonprod,
            "vendored": hidden.vendored,
            "suppressed": hidden.suppressed,
            "baseline": hidden.baseline,
        },
    }
