"""SARIF 2.1.0, made for GitHub code scanning and valid for every other consumer."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.output.escape import plain_message, without_surrogates
from opslint.output.json_text import encode, encode_list, encode_object
from opslint.output.masking import Masks
from opslint.output.sarif_rules import driver, rule_index
from opslint.output.sarif_run import LEVELS, ROOT, artifact, automation, invocation, provenance, root_uri
from opslint.output.selection import plural, shown_findings, targets_said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opslint.model.finding import Finding, PlannedFix, Suppressed
    from opslint.model.report import Report
    from opslint.model.source import Location, Span
    from opslint.output.context import OutputContext

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS: Final = 25_000  # GitHub's limit for one run
MAX_COMPRESSED_BYTES: Final = 10_000_000  # GitHub's limit for one file after gzip
_SNIPPET_CHARACTERS: Final = 2_000
_BRACKET: Final = regex(r"[\[\]\\]")
_LINKS: Final = 4  # related places that a message links to
_IN_SOURCE: Final = frozenset({"comment", "annotation", "foreign"})


def render(report: Report, context: OutputContext) -> str:
    """Return the report as one SARIF log with one run."""
    findings = shown_findings(report, context)
    kept = _most_severe(findings, MAX_RESULTS)
    while True:
        text = _log(report, context, kept, len(findings))
        # The quickest level of compression is an upper bound of what gzip makes of it.
        if len(text) <= MAX_COMPRESSED_BYTES or not kept:
            return text
        size = len(zlib.compress(text.encode("ascii"), 1))
        if size <= MAX_COMPRESSED_BYTES:
            return text
        kept = _most_severe(kept, min(len(kept) * MAX_COMPRESSED_BYTES // size, len(kept) - 1))


def _most_severe(findings: Sequence[Finding], most: int) -> Sequence[Finding]:
    """Return at most so many findings, the most severe, in their order of place."""
    if len(findings) <= most:
        return findings
    worst_first = sorted(range(len(findings)), key=lambda index: findings[index].severity.rank)
    return [findings[index] for index in sorted(worst_first[:most])]


def _log(report: Report, context: OutputContext, kept: Sequence[Finding], total: int) -> str:
    left_out = ""
    if len(kept) < total:
        left_out = (
            f"{plural(total - len(kept), 'result')} of {total:,} left out, the least severe: GitHub accepts "
            f"{MAX_RESULTS:,} results a run and {MAX_COMPRESSED_BYTES // 1_000_000} MB a file."
        )
    index = rule_index(report, kept)
    masks = Masks.of((*report.findings, *report.suppressed), report.secrets)
    root = root_uri(context)
    source = provenance(context)
    run = {
        "tool": encode_object({"driver": driver(index, report, context, "      ")}, "    "),
        "automationDetails": encode(automation()),
        "invocations": encode([invocation(report, context, left_out)]),
        "originalUriBaseIds": encode({ROOT: {**root, "description": {"text": "The root of the repository."}}}),
        **({"versionControlProvenance": encode(source)} if source else {}),
        "columnKind": encode("unicodeCodePoints"),
        **({"properties": encode({"targets": targets})} if (targets := targets_said(report)) else {}),
        "results": encode_list((encode(_result(item, index, masks, context)) for item in kept), "    "),
    }
    members = {
        "$schema": encode(SCHEMA),
        "version": encode("2.1.0"),
        "runs": f"[{encode_object(run, '  ')}]",
    }
    return encode_object(members) + "\n"


def _result(finding: Finding, index: Mapping[str, int], masks: Masks, context: OutputContext) -> dict[str, object]:
    place: dict[str, object] = {"physicalLocation": _physical(finding.location, masks)}
    if about := str(finding.resource):
        place["logicalLocations"] = [
            {"name": finding.resource.name or about, "fullyQualifiedName": about, "kind": "resource"}
        ]
    result: dict[str, object] = {
        "ruleId": finding.rule_id,
        "ruleIndex": index[finding.rule_id],
        "level": LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [place],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": sentence(label)}, "physicalLocation": _physical(location, masks)}
            for number, (label, location) in enumerate(finding.related, 1)
        ]
    if finding.fix and finding.fix.edits:
        result["fixes"] = [_fix(finding.fix)]
    if context.show_suppressed:  # SARIF wants them on every result of a run or on none
        result["suppressions"] = [_suppression(finding.suppressed)] if finding.suppressed else []
    result["properties"] = _properties(finding)
    return result


def _message(finding: Finding) -> str:
    """Return the message with the environments, and links to related places: GitHub shows those that are linked.

    A link is `[text](id of the related location)`, with brackets of the text escaped (SARIF 2.1.0, section 3.11.6).
    """
    parts = [sentence(finding.message)]
    if finding.environments:
        parts.append(sentence(f"In {', '.join(name for name, _ in finding.environments)}"))
    links = [_link(label, number) for number, (label, _) in enumerate(finding.related[:_LINKS], 1)]
    if links:
        parts.append(f"See {', '.join(links)}.")
    return " ".join(parts)


def _link(label: str, number: int) -> str:
    escaped = _BRACKET.sub(lambda match: f"\\{match[0]}", plain_message(label))
    return f"[{escaped}]({number})"


def _properties(finding: Finding) -> dict[str, object]:
    properties: dict[str, object] = {"severity": finding.severity, "confidence": finding.confidence}
    if finding.field_path:
        properties["field"] = finding.field_path
    if finding.environments:
        properties["environments"] = [name for name, _ in finding.environments]
    return properties


def sentence(text: str) -> str:
    """Return message text that ends with a period, as SARIF's authors ask for."""
    plain = plain_message(text).rstrip()
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."


def _physical(location: Location, masks: Masks) -> dict[str, object]:
    region = _region(location.span)
    text = without_surrogates(masks.text(location))
    if text and len(text) <= _SNIPPET_CHARACTERS:
        region["snippet"] = {"text": text}
    return {"artifactLocation": artifact(location.source.path), "region": region}


def _region(span: Span) -> dict[str, object]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(fix: PlannedFix) -> dict[str, object]:
    changes: dict[str, list[dict[str, object]]] = {}
    for edit in fix.edits:
        replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": without_surrogates(edit.text)}}
        changes.setdefault(edit.path, []).append(replacement)
    return {
        "description": {"text": sentence(fix.title)},
        "artifactChanges": [
            {"artifactLocation": artifact(path), "replacements": replacements} for path, replacements in changes.items()
        ],
    }


def _suppression(suppressed: Suppressed) -> dict[str, object]:
    kind = "inSource" if suppressed.kind in _IN_SOURCE else "external"
    return {"kind": kind, "status": "accepted", "justification": suppressed.justification or suppressed.kind}
