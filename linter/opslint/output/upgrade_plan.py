"""An upgrade plan in each format: text for the terminal here, the others in modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.output.escape import visible
from opslint.output.selection import place, plural
from opslint.output.style import paint, wrap
from opslint.output.upgrade_words import (
    DESCRIBE,
    addon_words,
    advice_words,
    away,
    changed_line,
    dated_words,
    environments_of,
    headline,
    how,
    node_words,
    phases,
    pinned,
    reading,
    rewrite_words,
    support_words,
    verdict_words,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.engine.upgrade import Hop, UpgradePlan
    from opslint.engine.upgrade_steps import Step
    from opslint.output.context import OutputContext
    from opslint.output.style import Line, Piece

__all__ = ["UPGRADE_FORMATS", "render_plan"]

UPGRADE_FORMATS: Final = ("text", "markdown", "json", "ics")


def render_plan(format: str, plan: UpgradePlan, context: OutputContext) -> str:  # noqa: A002 - the option's name
    """Return the plan in a format of UPGRADE_FORMATS."""
    if format == "json":
        from opslint.output import upgrade_json

        return upgrade_json.render(plan, context, changed_line)
    if format == "markdown":
        from opslint.output import upgrade_markdown

        return upgrade_markdown.render(plan)
    if format == "ics":
        from opslint.output import upgrade_calendar

        return upgrade_calendar.render(plan, context)
    lines = [part for line in _text(plan) for part in wrap(line, context.width, " " * _indent(line))]
    return "".join(f"{paint(line, color=context.color)}\n" for line in lines)


def _indent(line: Line) -> int:
    text = "".join(piece for piece, _ in line)
    return len(text) - len(text.lstrip()) + 2


def _text(plan: UpgradePlan) -> Iterator[Line]:
    yield [(headline(plan), "strong"), (f"  (as of {plan.as_of})", "dim")]
    yield from _start(plan)
    verdict = verdict_words(plan)
    if verdict:
        yield [(verdict, "error" if plan.blocked else "good")]
    if advice := advice_words(plan):
        yield [(advice, "")]
    if plan.today:
        yield []
        yield [("First: what is broken today already", "strong")]
        for step in plan.today:
            yield from _step(step)
    for number, hop in enumerate(plan.hops, 1):
        yield []
        yield [(f"Hop {number} of {len(plan.hops)}: {hop.before} → {hop.after}", "strong")]
        yield from _hop(hop, plan)
    yield from _ending(plan)


def _start(plan: UpgradePlan) -> Iterator[Line]:
    for line in plan.clusters:
        named = f" in {line.environment}" if line.environment else ""
        about = "" if not plan.given else ", not the start: --from was given"
        yield [
            (f"  cluster {visible(line.cluster)}{visible(named)}: {line.version} by ", ""),
            (visible(place(line.path, line.line)), "place"),
            (about, ""),
        ]
    for what, path, line_number in plan.unclear:
        yield [(f"  {visible(what)}: not in this plan  ", ""), (visible(place(path, line_number)), "place")]
    if not plan.clusters and not plan.unclear:
        yield [("  no cluster of these files declares its version", "dim")]


def _hop(hop: Hop, plan: UpgradePlan) -> Iterator[Line]:
    for support in hop.support:
        yield [("  EKS ", "dim"), (visible(support_words(support, plan.as_of)), "")]
    yield [("  Read ", "dim"), (reading(hop), "dim")]
    number = 0
    for phase, steps in phases(hop.steps, after=False):
        number += 1
        yield [(f"  {number}. {phase}", "strong")]
        for step in steps:
            yield from _step(step)
    number += 1
    yield [(f"  {number}. Control plane", "strong")]
    yield from _control_plane(hop)
    if hop.addons:
        number += 1
        yield [(f"  {number}. Add-ons, once the control plane is up", "strong")]
        for words, where in addon_words(hop):
            yield [(f"     - {visible(words)}  ", ""), (visible(where), "place")]
        yield [(f"     `{DESCRIBE} {hop.after}` tells today's newest", "dim")]
    number += 1
    yield [(f"  {number}. Nodes: raise every node group to {hop.after}, draining one node after the other", "strong")]
    for group, changed in pinned(hop):
        yield [
            ("     - ", ""),
            (visible(place(group.path, group.line)), "place"),
            (f"  {visible(changed)}", ""),
            (f"  (node group {visible(group.name)}, pinned to {group.version})", "dim"),
        ]
    if nodes := node_words(hop):
        yield [(f"     - {visible(nodes)}", "")]
    for phase, steps in phases(hop.steps, after=True):
        yield [(f"     {phase}", "")]
        for step in steps:
            yield from _step(step)


def _control_plane(hop: Hop) -> Iterator[Line]:
    for number, line in enumerate(hop.lines):
        yield [
            ("     - ", ""),
            (visible(place(line.path, line.line)), "place"),
            (f"  {visible(changed_line(line, hop))}", ""),
            (f"  ({visible(line.cluster)})", "dim"),
        ]
        if then := waiting(hop, number):
            yield [(f"       {then}", "")]
    if not hop.lines:
        yield [(f"     - set the cluster's version to {hop.after}: no line of these files does", "")]


def _step(step: Step) -> Iterator[Line]:
    mark: Piece = ("BLOCKS  ", "error") if step.blocks else ("        ", "")
    rewrite = rewrite_words(step)
    pieces: Line = [
        ("     ", ""),
        mark,
        (visible(place(step.path, step.line)), "place"),
        (f"  {visible(step.text)}", ""),
    ]
    if rewrite:
        pieces.append((f"  {visible(rewrite)}", "strong"))
    pieces.append((f"  ({how(step)})" if rewrite or step.fix else "", "dim"))
    pieces.append((visible(environments_of(step)), "dim"))
    yield pieces
    for old, new in step.moves:
        yield [("               ", ""), (f"fields: {visible(old)} → {visible(new)}", "dim")]


def _ending(plan: UpgradePlan) -> Iterator[Line]:
    if plan.dates:
        yield []
        yield [("Dates", "strong")]
        for one in plan.dates:
            where = f"  {visible(place(one.path, one.line))}" if one.path else ""
            past = one.day < plan.as_of
            yield [
                (f"  {one.day}  ", "dim" if past else "strong"),
                (f"{away(one.day, plan.as_of):<14}", "dim"),
                (visible(dated_words(one, plan.as_of)), ""),
                (where, "place"),
            ]
    if plan.suppressed:
        yield [(f"{plural(plan.suppressed, 'finding')} suppressed in the files left out", "dim")]
    for failure in plan.failures:
        yield [("Incomplete: ", "error"), (visible(f"{place(failure.path, failure.line)}: {failure.message}"), "")]
