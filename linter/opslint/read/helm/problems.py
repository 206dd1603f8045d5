"""Helm's error messages as failures at the template's line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.report import Failure
from opslint.read.helm.dependencies import needed
from opslint.read.helm.lexer import lex
from opslint.read.helm.provenance import dotted
from opslint.read.helm.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.read.helm.backend import Answer
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.releases import Release

_PLACE: Final = regex(r"([^\s()\"':]+/templates/[^\s()\"':]+):(\d+)(?::\d+)?")
_STARTED: Final = regex(r"\bstarted at ")
_QUOTED: Final = regex(r"(function execution for \"(?:[^\"\\]|\\.){60})(?:[^\"\\]|\\.)++")
_YAML_LINE: Final = regex(r"\bline (\d+)\b")
_VALUE_MISSING: Final = regex(
    r"execution error at|nil pointer evaluating|required|wrong type for value|interface conversion"
)
_LONGEST: Final = 800  # characters of a message
_CI_FILE: Final = regex(r"ci/[^/]*values\.ya?ml")


def failure_of(chart: LoadedChart, release: Release, answer: Answer) -> Failure:
    """Return the failure for an answer that is an error, placed as exactly as its words allow."""
    message = in_words(answer)
    place = f"{chart.path}/Chart.yaml" if chart.path else "Chart.yaml"
    if answer.kind == "missing":
        return Failure(place, 0, f"the chart is not rendered: {message}", "chart")
    if answer.kind == "limit":
        return Failure(place, 0, f"the chart is not rendered: it prints more than allowed ({message})", "limit")
    if answer.kind in {"timeout", "dead"}:
        return Failure(
            place, 0, f"the chart is not rendered: {message}", "limit" if answer.kind == "timeout" else "chart"
        )
    for name, line in places_in(answer.message):
        found = chart.resolve(name)
        if found is not None:
            return _at(chart, release, found[0], line, message)
    return _elsewhere(chart, release, message)


def places_in(message: str) -> Iterator[tuple[str, int]]:
    """Yield the templates that a message of Helm names, as Helm calls them, with their lines.

    The parser notices an action that is not closed further down: where it starts comes first.
    """
    started = _STARTED.search(message)
    for match in _PLACE.finditer(message, started.end() if started else 0):
        yield match[1], int(match[2])


def in_words(answer: Answer) -> str:
    """Return the engine's words on one line of bearable length."""
    # Helm quotes the whole template that `tpl` was given, which may be a file's length.
    return _clipped(_QUOTED.sub(r"\1…", " ".join(answer.message.split())))


def _clipped(message: str) -> str:
    """Keep the beginning and the end: a template that includes itself says so a thousand times."""
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"


def _at(chart: LoadedChart, release: Release, path: str, line: int, message: str) -> Failure:
    part = chart.part_of(path)
    hint = _hint(chart, release, path, line, message)
    missing = dict.fromkeys(one.dependency.name for one in needed(chart, release) if one.part is None)
    if missing:
        names = ", ".join(missing)
        hint += f"; its dependencies are not all in charts/ ({names}): run `helm dependency build`"
    if part.archived and part.entry is not None:
        where = part.entry.location
        return Failure(where.source.path, where.span.line, f"not rendered: {message}{hint}", "chart")
    return Failure(chart.source(path).path, line, f"not rendered: {message}{hint}", "chart")


def _hint(chart: LoadedChart, release: Release, path: str, line: int, message: str) -> str:
    """Return how to give the values that are missing: the keys read on the line, and the files that may have them."""
    if not _VALUE_MISSING.search(message):
        return ""
    keys: list[str] = []
    for token in lex(chart.files[path].decode("utf-8", "replace")):
        if token.body and token.line <= line <= token.line + token.body.count("\n"):
            keys += [dotted(ref.path) for ref in Scope().refs(token.body) if ref.path and not ref.relative]
    files = [name for name in sorted(chart.files) if _CI_FILE.fullmatch(name)]
    used = {source.path for source in release.values_files}
    files = [name for name in files if chart.source(name).path not in used]
    given = (
        f"; give it with --helm-values FILE or --helm-set {keys[0]}=…"
        if keys
        else "; give values with --helm-values FILE"
    )
    return given + (f" (the chart has {', '.join(files[:3])})" if files else "")


def _elsewhere(chart: LoadedChart, release: Release, message: str) -> Failure:
    home = f"{chart.path}/" if chart.path else ""
    values = release.values_files[-1].path if release.values_files else f"{home}values.yaml"
    line = _YAML_LINE.search(message)
    if "cannot load values.yaml" in message:
        return Failure(f"{home}values.yaml", int(line[1]) if line else 0, f"not rendered: {message}", "chart")
    if "specifications of the schema" in message:
        return Failure(values, 0, f"not rendered: {message}", "chart")
    return Failure(f"{home}Chart.yaml", 0, f"not rendered: {message}", "chart")
