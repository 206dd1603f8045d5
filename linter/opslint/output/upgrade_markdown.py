"""An upgrade plan as Markdown, to paste into an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.output.escape import markdown_text
from opslint.output.selection import place
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
    from collections.abc import Iterator, Sequence

    from opslint.engine.upgrade import Hop, UpgradePlan
    from opslint.engine.upgrade_steps import Step


def render(plan: UpgradePlan) -> str:
    """Return the plan as Markdown."""
    return "".join(f"{line}\n" for line in _markdown(plan))


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
    if verdict := verdict_words(plan):
        yield ""
        yield f"**{verdict}.**"
    if advice := advice_words(plan):
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
        yield from (f"- EKS {markdown_text(support_words(support, plan.as_of))}" for support in hop.support)
        yield f"- Read {reading(hop)}"
        yield from _markdown_hop(hop)
    if plan.dates:
        yield ""
        yield "### Dates"
        yield ""
        yield "| Day | | What | Where |"
        yield "|---|---|---|---|"
        for one in plan.dates:
            where = markdown_text(place(one.path, one.line)) if one.path else ""
            words = markdown_text(dated_words(one, plan.as_of))
            yield f"| {one.day} | {away(one.day, plan.as_of)} | {words} | {where} |"
    for failure in plan.failures:
        yield ""
        yield f"**Incomplete**: {markdown_text(f'{place(failure.path, failure.line)}: {failure.message}')}"


def _markdown_hop(hop: Hop) -> Iterator[str]:
    for phase, steps in phases(hop.steps, after=False):
        yield from ("", f"#### {phase}", "", *_tasks(steps))
    yield from ("", "#### Control plane", "")
    for number, line in enumerate(hop.lines):
        changed = _code(changed_line(line, hop))
        yield f"- [ ] {markdown_text(place(line.path, line.line))}: {changed} ({markdown_text(line.cluster)})"
        if then := waiting(hop, number):
            yield f"- [ ] {then}"
    if not hop.lines:
        yield f"- [ ] set the cluster's version to {hop.after}: no line of these files does"
    if hop.addons:
        yield from ("", "#### Add-ons, once the control plane is up", "")
        yield from (f"- [ ] {markdown_text(words)} ({markdown_text(where)})" for words, where in addon_words(hop))
        yield f"\n`{DESCRIBE} {hop.after}` tells today's newest."
    yield from (
        "",
        "#### Nodes",
        "",
        f"- [ ] raise every node group to {hop.after}, draining one node after the other",
    )
    for group, changed in pinned(hop):
        named = markdown_text(f"node group {group.name}, pinned to {group.version}")
        yield f"  - [ ] {markdown_text(place(group.path, group.line))}: {_code(changed)} ({named})"
    if nodes := node_words(hop):
        yield f"  - {markdown_text(nodes)}"
    for phase, steps in phases(hop.steps, after=True):
        yield from ("", f"#### {phase}", "", *_tasks(steps))


def _code(text: str) -> str:
    """A line of a file: as code, where nothing in it ends that."""
    return markdown_text(text) if "`" in text or not text.isprintable() else f"`{text}`"


def _tasks(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        rewrite = rewrite_words(step)
        blocks = "**blocks** " if step.blocks else ""
        done = f" ({how(step)})" if rewrite or step.fix else ""
        text = markdown_text(f"{step.text}{'  ' + rewrite if rewrite else ''}")
        where = markdown_text(place(step.path, step.line))
        yield f"- [ ] {blocks}{where}: {text}{done}{markdown_text(environments_of(step))}"
        yield from (f"  - fields: {markdown_text(f'{old} → {new}')}" for old, new in step.moves)
