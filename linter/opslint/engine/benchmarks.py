"""Security benchmarks, control by control: which rules cover one, and what has to be asked for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.records import NamedTuple
from opslint_schemas import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opslint.engine.rule import Rule

NAMES: Final = ("cis-eks", "cis-kubernetes")
COVERED: Final = "covered"


class Control(NamedTuple):
    """A control of a benchmark.

    `status` is covered when a rule has its tag; else what tells: files (no rule yet), node, control-plane, cluster or
    manual. `needs` are options that the rule needs for it, "" for none.
    """

    id: str
    title: str
    status: str
    rules: tuple[str, ...] = ()
    needs: str = ""


class Benchmark(NamedTuple):
    """A benchmark, its version, where its numbers come from, and its controls in their order."""

    name: str
    title: str
    version: str
    sources: tuple[str, ...]
    controls: tuple[Control, ...]


def benchmark(name: str, rules: Iterable[Rule]) -> Benchmark:
    """Return a benchmark of NAMES with the rules that cover its controls.

    Raises:
        KeyError: there is no benchmark of that name.
    """
    data = load("benchmarks/cis")
    about = data["benchmarks"][name]
    covering: dict[str, list[str]] = {}
    for rule in rules:
        for tag in rule.tags:
            covering.setdefault(tag, []).append(rule.id)
    controls = []
    for id_, said in data["controls"][name].items():
        found = tuple(sorted(covering.get(f"{about['tag']}-{id_}", ())))
        status = COVERED if found else said["by"]
        controls.append(Control(id_, said["title"], status, found, said.get("with", "") if found else ""))
    return Benchmark(name, about["title"], about["version"], tuple(data["sources"]), tuple(controls))
