"""The rules of a SARIF run: metadata as GitHub shows and sorts it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.finding import Severity
from opslint.model.patterns import regex
from opslint.output.json_text import encode, encode_list, encode_object
from opslint.output.sarif_run import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opslint.model.finding import Finding
    from opslint.model.report import Report, RuleInfo
    from opslint.output.context import OutputContext

MAX_TAGS: Final = 20  # GitHub's limit for one rule
_SECURITY_AREAS: Final = frozenset({"security", "rbac"})
# The middle of GitHub's bands (critical above 9.0, high from 7.0, medium from 4.0, low below).
_SECURITY_SEVERITY: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.INFO: "0.5",
}
_PROBLEM_SEVERITY: Final = {"error": "error", "warning": "warning", "note": "recommendation"}
_SEMANTIC_VERSION: Final = regex(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_EXAMPLE: Final = regex(r"^([ \t]*)```(\w+) (bad|good|fixed)\b[^\n]*$", re.MULTILINE)


def rule_index(report: Report, findings: Iterable[Finding]) -> dict[str, int]:
    """Return the position of every rule that ran or has a finding, by id in order of ids."""
    names = sorted({*report.rules, *(finding.rule_id for finding in findings)})
    return {name: index for index, name in enumerate(names)}


def driver(index: Mapping[str, int], report: Report, context: OutputContext, indent: str) -> str:
    """Return the encoded tool component with its rules in the order of `index`."""
    members = {"name": encode("opslint"), "version": encode(context.tool_version)}
    if _SEMANTIC_VERSION.fullmatch(context.tool_version):
        members["semanticVersion"] = members["version"]
    members["informationUri"] = encode(context.homepage)
    members["rules"] = encode_list((encode(_rule(name, report.rules.get(name))) for name in index), f"{indent}  ")
    return encode_object(members, indent)


def _rule(name: str, info: RuleInfo | None) -> dict[str, object]:
    if info is None:  # a pack's rule that is not described; its findings must not dangle
        text = {"text": f"The rule {name}."}
        return {"id": name, "name": _pascal(name), "shortDescription": text, "fullDescription": text, "help": text}
    level = LEVELS[Severity(info.severity)]
    rule: dict[str, object] = {
        "id": name,
        "name": _pascal(name),
        "shortDescription": {"text": _short(info.name)},
        "fullDescription": {"text": _short(info.summary)},
        "defaultConfiguration": {"level": level},
        "help": {"text": info.page, "markdown": help_markdown(info)},
        "properties": _properties(info, level),
    }
    if info.url:
        rule["helpUri"] = info.url
    return rule


def _properties(info: RuleInfo, level: str) -> dict[str, object]:
    security = info.area in _SECURITY_AREAS
    tags = dict.fromkeys((*(("security",) if security else ()), info.area, *info.tags))
    properties: dict[str, object] = {"tags": list(tags)[:MAX_TAGS], "precision": "high"}
    if security:
        properties["security-severity"] = _SECURITY_SEVERITY[Severity(info.severity)]
    else:
        properties["problem.severity"] = _PROBLEM_SEVERITY[level]
    return properties


def help_markdown(info: RuleInfo) -> str:
    """Return the rule's page with its examples named: a fence's own words are not shown by any viewer."""
    page = _EXAMPLE.sub(lambda match: f"{match[1]}**{match[3].capitalize()}**\n\n{match[1]}```{match[2]}", info.page)
    return f"{page.rstrip()}\n\n[{info.id}]({info.url})\n" if info.url else page


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", name))


def _short(text: str) -> str:
    """Return a description within GitHub's 1,024 characters, ending like a sentence."""
    line = " ".join(text.split())
    line = line if len(line) < 1024 else f"{line[:1020]}\u2026"
    return line if line.endswith((".", "!", "?", "\u2026")) else f"{line}."
