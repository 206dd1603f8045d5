"""`opslint rules --benchmark`: a benchmark's controls, and which rule covers each."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from opslint.engine.benchmarks import COVERED, benchmark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.engine.benchmarks import Benchmark, Control
    from opslint.engine.rule import Rule

# What stands in place of a rule, and what the controls of that kind come to.
_INSTEAD: Final = {
    "files": ("no rule yet", "have no rule yet"),
    "node": ("needs a node: its files, its kubelet", "need a node"),
    "control-plane": ("needs the control plane: AWS runs it on EKS", "need the control plane"),
    "cluster": ("needs a cluster", "need a cluster"),
    "manual": ("needs somebody who knows", "need somebody who knows"),
}


def benchmark_text(name: str, rules: Sequence[Rule], format_: str) -> str:
    """Return a benchmark as text, json or markdown."""
    made = benchmark(name, rules)
    return {"text": _text, "json": _json, "markdown": _markdown}[format_](made)


def _covered_by(control: Control) -> str:
    needs = f" with {control.needs}" if control.needs else ""
    return ", ".join(control.rules) + needs if control.rules else f"- {_INSTEAD[control.status][0]}"


def _summary(made: Benchmark) -> str:
    counts = Counter(control.status for control in made.controls)
    others = [f"{counts[status]} {words}" for status, (_, words) in _INSTEAD.items() if counts[status]]
    whole = f"rules cover {counts[COVERED]} of {len(made.controls)} controls"
    return f"{made.title} {made.version}: " + "; ".join((whole, *others))


def _text(made: Benchmark) -> str:
    width = max(len(control.id) for control in made.controls)
    wide = max(len(control.title) for control in made.controls)
    lines = [
        f"{control.id.ljust(width)}  {control.title.ljust(wide)}  {_covered_by(control)}" for control in made.controls
    ]
    return "\n".join((_summary(made), "", *lines, "", f"Run them: opslint --select {made.name}", ""))


def _markdown(made: Benchmark) -> str:
    lines = ["", "| Control | What it asks | Covered by |", "|---|---|---|"]
    lines += [f"| {control.id} | {control.title} | {_covered_by(control)} |" for control in made.controls]
    return "\n".join((_summary(made), *lines, ""))


def _json(made: Benchmark) -> str:
    document = {
        "benchmark": made.name,
        "title": made.title,
        "version": made.version,
        "sources": list(made.sources),
        "controls": [
            {
                "id": control.id,
                "title": control.title,
                "status": control.status,
                "rules": list(control.rules),
                "needs": control.needs,
            }
            for control in made.controls
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
