"""The text format: grouped by file, a headline and a code frame for each finding, a summary at the end."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from opslint.model.finding import Safety
from opslint.model.source import Confidence
from opslint.output.escape import visible, without_commands
from opslint.output.masking import Masks
from opslint.output.selection import environments, place, resource_name, shown_findings
from opslint.output.snippet import Frame, frame, number_width
from opslint.output.style import paint, width, wrap
from opslint.output.summary import failure_lines, summary_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.finding import Finding
    from opslint.model.report import Report
    from opslint.model.source import Location
    from opslint.output.context import OutputContext
    from opslint.output.style import Line, Piece

_RELATED_SHOWN: Final = 3
_TARGETS_SHOWN: Final = 6
_NOTE_MARGIN: Final = 8  # columns before a note's text
_COMMAND: Final = {Safety.SAFE: "--fix", Safety.UNSAFE: "--fix --unsafe-fixes"}


def render(report: Report, context: OutputContext) -> str:
    """Return the report for people."""
    lines: list[Line] = []
    findings = shown_findings(report, context)
    masks = Masks.of((*report.findings, *report.suppressed), report.secrets)
    for path, group in groupby(findings, key=lambda finding: finding.location.source.path):
        lines += [[(visible(path), "strong")], []]
        for finding in group:
            lines += [*_finding_lines(finding, masks, context), []]
    # What could not be read is no part of the summary: `--quiet` must not hide it.
    lines += failure_lines(report, context)
    if not context.quiet:
        lines += summary_lines(report, context)
    return without_commands("".join(f"{paint(line, color=context.color)}\n" for line in lines))


def _finding_lines(finding: Finding, masks: Masks, context: OutputContext) -> Iterator[Line]:
    yield from _headline(finding, context)
    related = finding.related if context.verbose else finding.related[:_RELATED_SHOWN]
    gutter = number_width([finding.location]) if finding.confidence is not Confidence.FILE else 1
    gutter = max(gutter, number_width([location for _, location in related], 0)) + 1
    bar: Piece = (f" {'':>{gutter}} ", "dim")
    yield [bar, *_arrow(finding.location, exact=finding.confidence is not Confidence.FILE)]
    columns = context.width - 1 if context.width else 0
    if finding.confidence is not Confidence.FILE:
        style = "dim" if finding.suppressed else str(finding.severity)
        yield from _indented(frame(finding.location, masks, Frame(gutter, columns, style=style)))
    for label, location in related:
        arrow = [*_arrow(location), (f"  {visible(label)}", "")]
        yield from _under_bar(arrow, bar, context.width)
        yield from _indented(frame(location, masks, Frame(gutter, columns, "-", "place", context=0)))
    if len(related) < len(finding.related):
        yield [bar, (f"... and {len(finding.related) - len(related)} more places (--verbose lists them)", "dim")]
    for note in _notes(finding, context):
        yield from _under_bar([("= ", "dim"), (note, "")], bar, context.width)
    yield from _help(finding, context, " " * (gutter + 2))


def _under_bar(pieces: list[Piece], bar: Piece, columns: int) -> list[Line]:
    return wrap([bar, *pieces], columns, " " * (len(bar[0]) + 2))


def _indented(lines: list[Line]) -> Iterator[Line]:
    for line in lines:
        yield [(" ", ""), *line]


def _headline(finding: Finding, context: OutputContext) -> Iterator[Line]:
    style = "dim" if finding.suppressed else str(finding.severity)
    pieces: list[Piece] = [(f"{finding.severity}  ", style), (f"{visible(finding.rule_id)}  ", "strong")]
    pieces.append((visible(finding.message), ""))
    if finding.suppressed:
        why = f": {finding.suppressed.justification}" if finding.suppressed.justification else ""
        pieces.append((f"  (suppressed by {visible(finding.suppressed.kind + why)})", "dim"))
    return iter(wrap(pieces, context.width, " " * 4))


def _arrow(location: Location, *, exact: bool = True) -> list[Piece]:
    span = location.span
    where = place(location.source.path, span.line, span.column) if exact else location.source.path
    return [("--> ", "dim"), (visible(where), "place")]


def _notes(finding: Finding, context: OutputContext) -> Iterator[str]:
    if finding.confidence is Confidence.BLOCK:
        yield "this block makes it; its exact line is not known"
    about = [resource_name(finding.resource), finding.field_path]
    named = environments(finding)
    parts = [visible(part) for part in (*about, f"in {named}" if named else "") if part]
    one_line = ", ".join(parts)
    if named and len(parts) > 1 and 0 < context.width < width(one_line) + _NOTE_MARGIN:
        yield ", ".join(parts[:-1])
        yield parts[-1]
    elif parts:
        yield one_line
    if finding.vendored:
        yield "in a vendored chart"
    if context.verbose:
        yield from _more_notes(finding)


def _more_notes(finding: Finding) -> Iterator[str]:
    if finding.rendered:
        yield visible(f"rendered as {place(finding.rendered.source.path, finding.rendered.span.line)}")
    if finding.targets:
        more = f" and {len(finding.targets) - _TARGETS_SHOWN} more" if len(finding.targets) > _TARGETS_SHOWN else ""
        yield visible(f"judged for {', '.join(finding.targets[:_TARGETS_SHOWN])}{more}")
    if finding.fingerprint:
        yield visible(f"fingerprint {finding.fingerprint}")


def _help(finding: Finding, context: OutputContext, indent: str) -> Iterator[Line]:
    pieces: list[Piece] = [(indent, ""), ("help: ", "help")]
    if finding.fix:
        command = _COMMAND.get(finding.fix.safety)
        pieces.append((f"{visible(finding.fix.title)}{f' (`{command}` does it)' if command else ''}; ", ""))
    pieces.append((f"run `opslint explain {visible(finding.rule_id)}`", ""))
    return iter(wrap(pieces, context.width, f"{indent}  "))
