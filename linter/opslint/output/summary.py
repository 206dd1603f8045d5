"""The end of the text format: what could not be read, what was, what was found, what is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.output.escape import visible
from opslint.output.selection import by_area, by_severity, fixable, place, plural
from opslint.output.style import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.project import Target
    from opslint.model.report import Report
    from opslint.output.context import OutputContext
    from opslint.output.style import Line, Piece

_NOTICES_SHOWN: Final = 5
_FAILURES_SHOWN: Final = 20
_UNITS_SHOWN: Final = 4
_TITLE: Final = 10  # columns of the summary's first words


def failure_lines(report: Report, context: OutputContext) -> Iterator[Line]:
    """Return what could not be read or judged, place first; nothing when there is nothing."""
    if not report.failures:
        return
    number = plural(len(report.failures), "error")
    yield [("Incomplete: ", "error"), (f"{number}, so something was not read or not judged", "strong")]
    shown = report.failures if context.verbose else report.failures[:_FAILURES_SHOWN]
    for failure in shown:
        where = (f"  {visible(place(failure.path, failure.line))}: ", "place")
        yield from wrap(
            [where, (f"{visible(failure.message)} ", ""), (f"({failure.kind})", "dim")], context.width, "    "
        )
    if len(shown) < len(report.failures):
        yield [(f"  and {len(report.failures) - len(shown)} more (--verbose lists them)", "dim")]
    yield []


def summary_lines(report: Report, context: OutputContext) -> Iterator[Line]:
    """Return the summary, one subject a line."""
    for title, pieces in _subjects(report, context):
        start: Piece = (f"{title:<{_TITLE}}", "strong")
        yield from wrap([start, *pieces], context.width, " " * _TITLE)


def _subjects(report: Report, context: OutputContext) -> Iterator[tuple[str, list[Piece]]]:
    yield "Read", [(_read(report), "")]
    if unclear := _unclear(report):
        yield "Unclear", [(unclear, "")]
    if report.coverage.silent_for_unknown and context.verbose:
        silent = sorted(report.coverage.silent_for_unknown.items(), key=lambda item: (-item[1], item[0]))
        yield "Silent", [(", ".join(f"{rule} {count:,}" for rule, count in silent), "")]
    for index, (target, units) in enumerate(report.targets):
        yield ("Targets" if index == 0 else ""), _target(target, units, verbose=context.verbose)
    yield from _notices(report, context)
    problems, files = report.fixed
    if problems:
        yield "Fixed", [(f"{plural(problems, 'problem')} in {plural(files, 'file')}", "good")]
    yield "Found", _found(report)
    if len(report.findings) > 1:
        yield "Areas", [(", ".join(f"{area} {count:,}" for area, count in by_area(report.findings).items()), "")]
    if can_fix := _fixable(report):
        yield "Fixable", [(can_fix, "")]
    if hidden := _hidden(report, context):
        yield "Hidden", [(hidden, "")]


def _read(report: Report) -> str:
    seen = report.coverage
    parts = [plural(report.files, "file"), plural(report.resources, "resource")]
    if seen.charts_found:
        parts.append(_of(seen.charts_rendered, seen.charts_found, "chart", "rendered"))
    if seen.manifests_found:
        parts.append(_of(seen.manifests_read, seen.manifests_found, "manifest", "read"))
    if seen.kustomizations_found:
        parts.append(_of(seen.kustomizations_built, seen.kustomizations_found, "kustomization", "built"))
    if seen.terraform_files:
        parts.append(f"{plural(seen.terraform_files, 'Terraform file')} in {plural(seen.modules, 'module')}")
    return f"{', '.join(parts)}; {plural(seen.rules_run, 'rule')} run"


def _of(done: int, found: int, noun: str, verb: str) -> str:
    return plural(found, noun) if done == found else f"{done:,} of {plural(found, noun)} {verb}"


def _unclear(report: Report) -> str:
    seen = report.coverage
    parts = []
    if seen.opaque_modules:
        parts.append(f"{plural(seen.opaque_modules, 'module')} could not be looked into")
    if seen.unknown_arguments:
        parts.append(f"{plural(seen.unknown_arguments, 'argument')} known only after apply")
    if seen.branches_unrendered:
        parts.append(f"{plural(seen.branches_unrendered, 'template branch')} in no environment")
    if silent := seen.silent_for_unknown:
        times = plural(sum(silent.values()), "time")
        parts.append(f"{plural(len(silent), 'rule')} silent {times} for unknown values")
    return ", ".join(parts)


def _target(target: Target, units: tuple[str, ...], *, verbose: bool) -> list[Piece]:
    shown = units if verbose else units[:_UNITS_SHOWN]
    more = f" and {len(units) - len(shown)} more" if len(shown) < len(units) else ""
    after = " (after the upgrade)" if target.after else ""
    for_units = f": {', '.join(shown)}{more}" if units else ""
    return [
        (f"Kubernetes {target.version}{after}", "strong"),
        (visible(f" by {target.provenance}"), ""),
        (visible(for_units), "dim"),
    ]


def _notices(report: Report, context: OutputContext) -> Iterator[tuple[str, list[Piece]]]:
    notices = report.coverage.notices
    shown = notices if context.verbose else notices[:_NOTICES_SHOWN]
    for index, notice in enumerate(shown):
        where = f"{place(notice.path, notice.line)}: " if notice.path else ""
        yield ("Notices" if index == 0 else ""), [(visible(where), "place"), (visible(notice.message), "")]
    if len(shown) < len(notices):
        yield "", [(f"and {len(notices) - len(shown)} more (--verbose lists them)", "dim")]


def _found(report: Report) -> list[Piece]:
    if not report.findings:
        return [("nothing", "") if report.incomplete else ("no problems", "good")]
    pieces: list[Piece] = [(f"{plural(len(report.findings), 'problem')}: ", "strong")]
    counts = [(severity, count) for severity, count in by_severity(report.findings).items() if count]
    for index, (severity, count) in enumerate(counts):
        pieces += [(f"{count:,} {severity}", str(severity)), (", " if index < len(counts) - 1 else "", "")]
    if later := sum(finding.after for finding in report.findings):
        pieces.append((f"; {later:,} only after the upgrade", "strong"))
    return pieces


def _fixable(report: Report) -> str:
    safe, unsafe = fixable(report.findings)
    parts = [f"{safe:,} with `--fix`"] if safe else []
    if unsafe:
        parts.append(f"{unsafe:,} {'more ' if safe else ''}with `--fix --unsafe-fixes`")
    return ", ".join(parts)


def _hidden(report: Report, context: OutputContext) -> str:
    hidden = report.hidden
    reasons = [
        (hidden.nonprod, "only in non-production"),
        (hidden.vendored, "in vendored charts (--include-vendored)"),
        (hidden.unchanged, "in what did not change (--changed-since)"),
    ]
    if not context.show_suppressed:
        reasons.append((hidden.suppressed, "suppressed (--show-suppressed)"))
        reasons.append((hidden.baseline, "in the baseline"))
    return ", ".join(f"{number:,} {why}" for number, why in reasons if number)
