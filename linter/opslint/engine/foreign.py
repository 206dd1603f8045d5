"""Suppressions written for other tools: they hold for the rules that do the same, or something related.

Formats as the tools document them: checkov and trivy (tfsec) comments, `checkov.io/skip1`, kube-linter's, kube-score's
and polaris's annotations, `kics-scan` and `tflint-ignore` comments. What depends on more than the files (a workspace,
a parameter of the check) is not honoured: better a finding too many than one hidden that was never meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.marks import Mark, split_names
from opslint.model.patterns import regex
from opslint.model.source import Location

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

    from opslint.engine.rule import Rule
    from opslint.model.node import Node
    from opslint.model.source import Source

_NEEDLES: Final = (":skip=", ":ignore:", "kics-scan", "tflint-ignore")
_COMMENT: Final = regex(
    r"(?:checkov|bridgecrew):skip=(?P<checkov>[\w,-]+)(?::[ \t]*(?P<why>[^\n]*))?"
    r"|(?:trivy|tfsec):ignore:(?P<trivy>[\w*-]+)(?P<more>\[[^\]\n]*\]|:ws:[^\s:]+)?(?::exp:(?P<until>[\d-]+))?"
    r"|tflint-ignore(?P<whole>-file)?:[ \t]*(?P<tflint>\w[\w-]*(?:[ \t]*,[ \t]*\w[\w-]*)*)"
    r"|kics-scan[ \t]+(?:(?P<kics>ignore-line|ignore-block|ignore)(?![\w-])|disable=(?P<ids>[\w,-]+))"
)
_STARTS: Final = regex(r"#|//|/\*")
_TRIVY: Final = regex(r"(?:AVD-)?([A-Z]+)-?0*(\d+)")
_CHECKOV_KEY: Final = regex(r"checkov\.io/skip\d*")
_KUBE_LINTER: Final = "ignore-check.kube-linter.io/"
_POLARIS: Final = "polaris.fairwinds.com/"
_PEER_OF: Final = {"tfsec": "trivy"}

ANNOTATION_NEEDLES: Final = ("kube-linter.io/", "kube-score/ignore", _POLARIS, "checkov.io/skip")


def foreign_comments(source: Source) -> Iterator[Mark]:
    """Yield the comments of other tools in a text."""
    if not any(needle in source.text for needle in _NEEDLES):
        return
    for match in _COMMENT.finditer(source.text):
        line, column = source.position(match.start())
        start = _STARTS.search(source.line(line)[: column - 1])
        if start is None or match["more"]:
            continue
        mark = _mark(match, Location(source, source.span(match.start(), match.end())))
        if mark is not None:
            mark.line = line
            mark.alone = not source.line(line)[: start.start()].replace("{{", "").strip(" \t-")
            yield mark


def _mark(match: re.Match[str], at: Location) -> Mark | None:
    tool, ids, scope, until, why = "", "*", "line", None, (match["why"] or "").strip()
    if match["checkov"]:
        tool, ids, scope = "checkov", match["checkov"], "block"
    elif match["trivy"]:
        tool, ids = "trivy", match["trivy"]
        if match["until"]:
            from datetime import date

            try:
                until = date.fromisoformat(match["until"])
            except ValueError:
                return None
    elif match["tflint"]:
        tool, ids, scope = "tflint", match["tflint"], "file" if match["whole"] else "line"
        ids = "*" if ids.strip() == "all" else ids
    else:
        tool, ids = "kics", match["ids"] or "*"
        scope = "file" if match["ids"] or match["kics"] == "ignore" else "line"
    names = tuple(f"{tool}:{_plain(tool, one)}" for one in split_names(ids))
    return Mark("foreign", at, names, f"{tool}: {why}".rstrip(": "), until, scope=scope)


def foreign_annotations(annotations: Mapping[str, str], at: Node) -> Iterator[Mark]:
    """Yield what the annotations of an object, or of its pods, say to other tools."""
    for key, value in annotations.items():
        for tool, ids, why in _said(key, value):
            names = tuple(f"{tool}:{_plain(tool, one)}" for one in split_names(ids))
            yield Mark("foreign", at, names, f"{tool}: {why}".rstrip(": "))


def _said(key: str, value: str) -> Iterator[tuple[str, str, str]]:
    if key.startswith(_KUBE_LINTER):
        yield "kube-linter", key.removeprefix(_KUBE_LINTER), value
    elif key == "kube-linter.io/ignore-all":
        yield "kube-linter", "*", value
    elif key == "kube-score/ignore":
        yield "kube-score", value, ""
    elif key.startswith(_POLARIS) and value.strip().lower() == "true":
        check = key.removeprefix(_POLARIS)
        if check == "exempt":
            yield "polaris", "*", ""
        elif check.endswith("-exempt"):
            yield "polaris", check.removesuffix("-exempt"), ""
    elif _CHECKOV_KEY.fullmatch(key):
        check, _, why = value.partition("=")
        yield "checkov", check, why.strip()


def names_of(rule: Rule) -> frozenset[str]:
    """Return the names, as marks of other tools have them, that speak of the rule."""
    return frozenset(_names_of((rule.aliases, rule.related)))


def _names_of(relations: Iterable[Mapping[str, tuple[str, ...]]]) -> Iterator[str]:
    for relation in relations:
        for peer, ids in relation.items():
            tool = _PEER_OF.get(peer, peer)
            if ids:
                yield f"{tool}:*"
            for one in ids:
                yield f"{tool}:{_plain(tool, one)}"


def _plain(tool: str, check: str) -> str:
    """Return a check's id as it compares: `AVD-KSV-0012`, `KSV-0012` and `KSV012` are one."""
    check = check.strip()
    if tool == "trivy" and (found := _TRIVY.fullmatch(check.upper())):
        return f"{found[1]}-{found[2]}"
    return check.lower().replace("-", "").replace("_", "") if tool == "polaris" else check.lower()
