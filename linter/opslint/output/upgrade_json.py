"""An upgrade plan as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.engine.upgrade_steps import PHASES
from opslint.output.json_text import encode, encode_list, encode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opslint.engine.upgrade import ClusterLine, Hop, UpgradePlan
    from opslint.engine.upgrade_steps import Step
    from opslint.output.context import OutputContext


def render(plan: UpgradePlan, context: OutputContext, changed: Callable[[ClusterLine, Hop], str]) -> str:
    """Return the plan as one JSON object; `changed` tells how a line reads after a hop."""
    tool = {"name": "opslint", "version": context.tool_version, "data_as_of": context.data_as_of or None}
    dates = (
        {
            "day": one.day.isoformat(),
            "ends": None if one.months else one.what,
            "review": one.what if one.months else None,
            "every_months": one.months or None,
            "of": list(one.whose),
            "then": one.then or None,
            "path": one.path or None,
            "line": one.line or None,
        }
        for one in plan.dates
    )
    members = {
        "schema_version": "1",
        "tool": encode(tool),
        "as_of": encode(plan.as_of.isoformat()),
        "from": encode(plan.before),
        "to": encode(plan.after),
        "blocked": encode(plan.blocked),
        "clusters": _list(map(_json_line, plan.clusters)),
        "unclear": _list({"text": what, "path": path, "line": line} for what, path, line in plan.unclear),
        "today": _list(map(_json_step, plan.today)),
        "hops": encode_list((_json_hop(hop, changed) for hop in plan.hops), "  "),
        "dates": _list(dates),
        "suppressed": encode(plan.suppressed),
        "errors": _list(one._asdict() for one in plan.failures),
    }
    return encode_object(members) + "\n"


def _list(items: Iterable[dict[str, Any]], indent: str = "  ") -> str:
    return encode_list(map(encode, items), indent)


def _json_hop(hop: Hop, changed: Callable[[ClusterLine, Hop], str]) -> str:
    support = (
        {
            "version": one.version,
            "state": one.state,
            "standard_end": one.standard_end.isoformat(),
            "extended_end": one.extended_end.isoformat() if one.extended_end else None,
            "unverified": one.unverified or None,
        }
        for one in hop.support
    )
    addons = (
        {
            "name": one.name,
            "declared": one.declared,
            "newest_seen": one.newest or None,
            "path": one.path,
            "line": one.line,
        }
        for one in hop.addons
    )
    members = {
        "from": encode(hop.before),
        "to": encode(hop.after),
        "blocked": encode(hop.blocked),
        "support": _list(support, "      "),
        "steps": _list(map(_json_step, hop.steps), "      "),
        "addons": _list(addons, "      "),
        "node_groups": _list(
            (
                {"name": one.name, "version": one.version, "path": one.path or None, "line": one.line or None}
                for one in hop.node_groups
            ),
            "      ",
        ),
        "node_pools": encode(list(hop.node_pools)),
        "terraform": _list(({**_json_line(line), "becomes": changed(line, hop)} for line in hop.lines), "      "),
    }
    return encode_object(members, "    ")


def _json_line(line: ClusterLine) -> dict[str, Any]:
    return {
        "cluster": line.cluster,
        "environment": line.environment or None,
        "version": line.version,
        "path": line.path,
        "line": line.line,
        "text": line.text,
    }


def _json_step(step: Step) -> dict[str, Any]:
    return {
        "phase": PHASES[step.phase],
        "rule_id": step.rule,
        "text": step.text,
        "path": step.path,
        "line": step.line,
        "blocks": step.blocks,
        "old": step.old or None,
        "new": step.new or None,
        "fix": step.fix or None,
        "moves": [{"from": old, "to": new} for old, new in step.moves],
        "environments": list(step.environments),
    }
