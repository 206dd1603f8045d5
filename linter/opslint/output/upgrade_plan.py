"""An upgrade plan as text for the terminal, as Markdown for an issue, and as JSON."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from opslint.engine.upgrade_steps import PHASES
from opslint.output.escape import markdown_text, visible
from opslint.output.selection import place, plural
from opslint.output.style import paint, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from opslint.engine.support_dates import Dated
    from opslint.engine.upgrade import ClusterLine, Hop, Support, UpgradePlan
    from opslint.engine.upgrade_steps import Step
    from opslint.output.context import OutputContext
    from opslint.output.style import Line, Piece

__all__ = ["UPGRADE_FORMATS", "render_plan"]

UPGRADE_FORMATS: Final = ("text", "markdown", "json")
_DESCRIBE: Final = "aws eks describe-addon-versions --kubernetes-version"
# Phases that come after the control plane: nodes are drained when it has moved.
_AFTER: Final = frozenset({"Draining nodes", "Not urgent, but due in one of the next hops"})


def render_plan(format: str, plan: UpgradePlan, context: OutputContext) -> str:  # noqa: A002 - the option's name
    """Return the plan in a format of UPGRADE_FORMATS."""
    if format == "json":
        from opslint.output import upgrade_json

        return upgrade_json.render(plan, context, changed_line)
    if format == "markdown":
        return "".join(f"{line}\n" for line in _markdown(plan))
    lines = [part for line in _text(plan) for part in wrap(line, context.width, " " * _indent(line))]
    return "".join(f"{paint(line, color=context.color)}\n" for line in lines)


# -- words that text and Markdown share
def headline(plan: UpgradePlan) -> str:
    """Return what the plan does, in one line."""
    if not plan.hops:
        return f"Nothing to upgrade: Kubernetes {plan.after} is reached"
    hops = plural(len(plan.hops), "hop")
    return f"Kubernetes {plan.before} to {plan.after} in {hops}"


def _verdict(plan: UpgradePlan) -> str:
    if not plan.hops:
        return ""
    first = plan.hops[0]
    count = sum(step.blocks for step in (*plan.today, *first.steps))
    if count:
        return f"{plural(count, 'thing')} in the way of {first.after}"
    return f"Nothing in these files blocks the hop to {first.after}"


def _support(support: Support, on: date) -> str:
    standard, extended = support.standard_end, support.extended_end
    hedge = f" ({support.unverified})" if support.unverified else ""
    if support.state == "upcoming":
        return f"{support.version}: not offered yet{hedge}"
    if support.state == "standard":
        more = f", then extended support (billed) until {extended}" if extended else ""
        return f"{support.version}: standard support until {standard} ({_away(standard, on)}){more}{hedge}"
    if support.state == "extended":
        return (
            f"{support.version}: extended support (billed) until {extended}; standard support ended {standard}{hedge}"
        )
    return f"{support.version}: no support since {extended or standard}; AWS upgrades such clusters by itself{hedge}"


def _away(day: date, on: date) -> str:
    days = (day - on).days
    if days < 0:
        return "past"
    return "today" if days == 0 else f"in {plural(days, 'day')}"


def _advice(plan: UpgradePlan) -> str:
    """What to think of beyond the target."""
    if plan.further is None:
        return ""
    here = next((one for hop in reversed(plan.hops) for one in hop.support if one.version == plan.after), None)
    ends = f"leaves standard support on {here.standard_end}" if here is not None else "leaves standard support soon"
    if here is not None and here.state != "standard":
        ends = f"left standard support on {here.standard_end}"
    further = f"{plan.further.version} has it until {plan.further.standard_end}"
    return f"{plan.after} itself {ends}: plan to go on, {further}"


def _ends(one: Dated, on: date) -> str:
    whose = f" ({', '.join(one.whose)})" if one.whose else ""
    then = f": {one.then}" if one.then else ""
    return f"{one.what} {'ended' if one.day < on else 'ends'}{then}{whose}"


def _nodes(hop: Hop) -> str:
    parts = []
    if hop.node_groups:
        parts.append(f"node groups {', '.join(hop.node_groups)}")
    if hop.node_pools:
        parts.append(f"Karpenter replaces the nodes of {', '.join(hop.node_pools)} by drift")
    return "; ".join(parts)


def _how(step: Step) -> str:
    return f"`{step.fix}`" if step.fix else "by hand"


def _rewrite(step: Step) -> str:
    return f"{step.old} → {step.new}" if step.old and step.new else ""


def _in(step: Step) -> str:
    return f" [{', '.join(step.environments)}]" if step.environments else ""


def _phases(steps: Sequence[Step], *, after: bool) -> Iterator[tuple[str, list[Step]]]:
    for phase, group in groupby(steps, key=lambda step: PHASES[step.phase]):
        if (phase in _AFTER) == after:
            yield phase, list(group)


def changed_line(line: ClusterLine, hop: Hop) -> str:
    """Return the line as it shall read: later hops find it as the hop before has left it."""
    start, found, rest = line.text.partition(f'"{_written(line)}')
    return f'{start}"{hop.after}{rest}' if found else hop.after


def _written(line: ClusterLine) -> str:
    """The version as the line has it."""
    _, _, rest = line.text.partition('"1.')
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"1.{digits}"


def _addon_words(hop: Hop) -> Iterator[tuple[str, str]]:
    for addon in hop.addons:
        declared = f"{addon.declared} declared" if addon.declared else "no version declared"
        if addon.declared is None:
            declared = "version decided at apply"
        newest = f", newest seen for {hop.after}: {addon.newest}" if addon.newest else ""
        yield f"{addon.name}: {declared}{newest}", place(addon.path, addon.line)


# -- text
def _indent(line: Line) -> int:
    text = "".join(piece for piece, _ in line)
    return len(text) - len(text.lstrip()) + 2


def _text(plan: UpgradePlan) -> Iterator[Line]:
    yield [(headline(plan), "strong"), (f"  (as of {plan.as_of})", "dim")]
    yield from _start(plan)
    verdict = _verdict(plan)
    if verdict:
        yield [(verdict, "error" if plan.blocked else "good")]
    if advice := _advice(plan):
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
        yield [("  EKS ", "dim"), (visible(_support(support, plan.as_of)), "")]
    number = 0
    for phase, steps in _phases(hop.steps, after=False):
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
        for words, where in _addon_words(hop):
            yield [(f"     - {visible(words)}  ", ""), (visible(where), "place")]
        yield [(f"     `{_DESCRIBE} {hop.after}` tells today's newest", "dim")]
    number += 1
    yield [(f"  {number}. Nodes: raise every node group to {hop.after}, draining one node after the other", "strong")]
    if nodes := _nodes(hop):
        yield [(f"     - {visible(nodes)}", "")]
    for phase, steps in _phases(hop.steps, after=True):
        yield [(f"     {phase}", "")]
        for step in steps:
            yield from _step(step)


def _control_plane(hop: Hop) -> Iterator[Line]:
    for line in hop.lines:
        yield [
            ("     - ", ""),
            (visible(place(line.path, line.line)), "place"),
            (f"  {visible(changed_line(line, hop))}", ""),
            (f"  ({visible(line.cluster)})", "dim"),
        ]
    if not hop.lines:
        yield [(f"     - set the cluster's version to {hop.after}: no line of these files does", "")]


def _step(step: Step) -> Iterator[Line]:
    mark: Piece = ("BLOCKS  ", "error") if step.blocks else ("        ", "")
    rewrite = _rewrite(step)
    pieces: Line = [
        ("     ", ""),
        mark,
        (visible(place(step.path, step.line)), "place"),
        (f"  {visible(step.text)}", ""),
    ]
    if rewrite:
        pieces.append((f"  {visible(rewrite)}", "strong"))
    pieces.append((f"  ({_how(step)})" if rewrite or step.fix else "", "dim"))
    pieces.append((visible(_in(step)), "dim"))
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
                (f"{_away(one.day, plan.as_of):<14}", "dim"),
                (visible(_ends(one, plan.as_of)), ""),
                (where, "place"),
            ]
    if plan.suppressed:
        yield [(f"{plural(plan.suppressed, 'finding')} suppressed in the files left out", "dim")]
    for failure in plan.failures:
        yield [("Incomplete: ", "error"), (visible(f"{place(failure.path, failure.line)}: {failure.message}"), "")]


# -- Markdown
def _markdown(plan: UpgradePlan) -> Iterator[str]:
    yield f"## {headline(plan)}"
    yield ""
    for line in plan.clusters:
        named = f" in {line.environment}" if line.environment else ""
        where = markdown_text(place(line.path, line.line))
        yield f"- cluster {markdown_text(line.cluster + named)}: {line.version} by {where}"
    for what, path, number in plan.unclear:
        yield f"- {markdown_text(f'{what}: not in this plan')} ({markdown_text(place(path, number))})"
    yield f"- as of {plan.as_of}"
    if verdict := _verdict(plan):
        yield ""
        yield f"**{verdict}.**"
    if advice := _advice(plan):
        yield ""
        yield f"{advice}."
    if plan.today:
        yield ""
        yield "### First: what is broken today already"
        yield ""
        yield from _tasks(plan.today)
    for number, hop in enumerate(plan.hops, 1):
        yield ""
        yield f"### Hop {number} of {len(plan.hops)}: {hop.before} → {hop.after}"
        yield ""
        yield from (f"- EKS {markdown_text(_support(support, plan.as_of))}" for support in hop.support)
        yield from _markdown_hop(hop)
    if plan.dates:
        yield ""
        yield "### Dates"
        yield ""
        yield "| Day | | What ends | Where |"
        yield "|---|---|---|---|"
        for one in plan.dates:
            where = markdown_text(place(one.path, one.line)) if one.path else ""
            yield f"| {one.day} | {_away(one.day, plan.as_of)} | {markdown_text(_ends(one, plan.as_of))} | {where} |"
    for failure in plan.failures:
        yield ""
        yield f"**Incomplete**: {markdown_text(f'{place(failure.path, failure.line)}: {failure.message}')}"


def _markdown_hop(hop: Hop) -> Iterator[str]:
    for phase, steps in _phases(hop.steps, after=False):
        yield from ("", f"#### {phase}", "", *_tasks(steps))
    yield from ("", "#### Control plane", "")
    for line in hop.lines:
        changed = _code(changed_line(line, hop))
        yield f"- [ ] {markdown_text(place(line.path, line.line))}: {changed} ({markdown_text(line.cluster)})"
    if not hop.lines:
        yield f"- [ ] set the cluster's version to {hop.after}: no line of these files does"
    if hop.addons:
        yield from ("", "#### Add-ons, once the control plane is up", "")
        yield from (f"- [ ] {markdown_text(words)} ({markdown_text(where)})" for words, where in _addon_words(hop))
        yield f"\n`{_DESCRIBE} {hop.after}` tells today's newest."
    yield from (
        "",
        "#### Nodes",
        "",
        f"- [ ] raise every node group to {hop.after}, draining one node after the other",
    )
    if nodes := _nodes(hop):
        yield f"  - {markdown_text(nodes)}"
    for phase, steps in _phases(hop.steps, after=True):
        yield from ("", f"#### {phase}", "", *_tasks(steps))


def _code(text: str) -> str:
    """A line of a file: as code, where nothing in it ends that."""
    return markdown_text(text) if "`" in text or not text.isprintable() else f"`{text}`"


def _tasks(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        rewrite = _rewrite(step)
        blocks = "**blocks** " if step.blocks else ""
        how = f" ({_how(step)})" if rewrite or step.fix else ""
        text = markdown_text(f"{step.text}{'  ' + rewrite if rewrite else ''}")
        yield f"- [ ] {blocks}{markdown_text(place(step.path, step.line))}: {text}{how}{markdown_text(_in(step))}"
        yield from (f"  - fields: {markdown_text(f'{old} → {new}')}" for old, new in step.moves)
