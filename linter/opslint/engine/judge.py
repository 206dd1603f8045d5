"""Runs the rules over a project; what a rule cannot tell from the files it does not say."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from opslint.engine.environment import environment_of
from opslint.engine.index import Deferred
from opslint.model.cached import once
from opslint.model.kube import Container, KubeObject
from opslint.model.limits import ALTERNATIVES
from opslint.model.node import Node, Undecided
from opslint.model.patterns import glob_matches
from opslint.model.records import NamedTuple, dataclass, field
from opslint.model.report import Failure, Notice
from opslint.model.terraform import Block, ModuleCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from opslint.engine.rule import Each
    from opslint.engine.select import Selected
    from opslint.model.finding import Problem
    from opslint.model.project import Chart, Cluster, Project, SourceFile, Unit
    from opslint.model.suppression import Suppression
    from opslint.model.terraform import RootModule

    Progress = Callable[[str, int, int], None]
    Item: TypeAlias = (
        KubeObject
        | Container
        | Block
        | ModuleCall
        | Chart
        | SourceFile
        | Unit
        | RootModule
        | Cluster
        | Project
        | Suppression
    )


class Said(NamedTuple):
    """A problem, the rule that said it and the item it said it of."""

    selected: Selected
    item: Item
    problem: Problem


@dataclass(slots=True)
class Judgement:
    """What the rules said, where they had to be silent, and which of them crashed."""

    said: list[Said] = field(default_factory=list)
    silent: Counter[str] = field(default_factory=Counter)
    nonprod: list[Said] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def judge(project: Project, rules: Sequence[Selected], progress: Progress | None = None) -> Judgement:
    """Run each rule over the items it is for."""
    result = Judgement()
    items: dict[Each, list[Item]] = {}
    for number, selected in enumerate(rules):
        if progress is not None:
            progress("judging", number, len(rules))
        each = selected.rule.each
        if each not in items:
            items[each] = list(items_of(each, project))
        judge_items(selected, items[each], project, result)
    return result


def judge_items(selected: Selected, items: Sequence[Item], project: Project, result: Judgement) -> None:
    """Run one rule over its items, and add what comes of it to the result.

    What it said before it stopped at an unknown value counts: values that are known decided it.
    """
    function, options = selected.rule.function, selected.options
    if isinstance(function, Deferred) and items:
        function = function.imported
    if options:
        function = partial(function, **options)  # most rules have none, and unpacking takes as long as a call
    found: list[Problem] = []
    for item in items:  # nearly all have nothing wrong, and there are many
        try:
            for problem in function(item, project):
                found.append(problem)  # noqa: PERF402 - one by one, so that they outlive the end of the generator
        except Exception as error:  # noqa: BLE001 - a rule, maybe a third party's, never takes the run down
            _stopped(selected, item, project, result, found=found, error=error)
            found = []
        else:
            if found:
                _say(selected, item, found, result)
                found = []


def _stopped(
    selected: Selected, item: Item, project: Project, result: Judgement, *, found: list[Problem], error: Exception
) -> None:
    """Note what a rule said that was stopped, where it had to be silent, or that it crashed."""
    stop: Undecided | None = None
    try:
        if not isinstance(error, Undecided):
            raise error  # noqa: TRY301 - one place tells of crashes
        found, stop = _readings(selected, item, project, ALTERNATIVES, found=found, stop=error)
    except RecursionError:
        result.failures.append(_crash(selected, item, "RecursionError"))
        return
    except Exception as crash:  # noqa: BLE001 - as above
        result.failures.append(_crash(selected, item, f"{type(crash).__name__}: {crash}"))
        return
    if stop is not None:
        result.silent[selected.rule.id] += 1
        if isinstance(stop, _Crowded):
            result.notices.append(_crowd(stop.node))
    if found:
        _say(selected, item, found, result)


def _say(selected: Selected, item: Item, problems: list[Problem], result: Judgement) -> None:
    said = [Said(selected, item, problem) for problem in problems]
    if selected.rule.prod_only and not selected.include_nonprod and environment_of(item).is_nonprod:
        result.nonprod += said
    else:
        result.said += said


def _ask(selected: Selected, item: Item, project: Project, budget: int) -> tuple[list[Problem], Undecided | None]:
    """Return what the rule says of the item, and why it stopped: at a value only a cluster or an apply could tell."""
    found: list[Problem] = []
    try:
        for problem in selected.rule.function(item, project, **selected.options):
            found.append(problem)  # noqa: PERF402 - as above
    except Undecided as stop:
        return _readings(selected, item, project, budget, found=found, stop=stop)
    return found, None


def _readings(
    selected: Selected, item: Item, project: Project, budget: int, *, found: list[Problem], stop: Undecided
) -> tuple[list[Problem], Undecided | None]:
    """Return what the rule says that stopped at a value, and why it stopped.

    Where the value must be one of several, it is asked once for each; what it says every time is kept.
    """
    node = stop.node
    alternatives = node.alternatives()
    if not alternatives:
        return found, stop
    if len(alternatives) > budget:
        return found, _Crowded(node)
    common: list[Problem] | None = None
    stopped: Undecided | None = None
    for raw in alternatives:
        node.assume(raw)
        try:
            problems, inner = _ask(selected, item, project, budget // len(alternatives))
        finally:
            node.unassume()
        stopped = stopped or inner
        if common is None:
            common = problems
        else:
            keys = {_key(problem) for problem in problems}
            common = [problem for problem in common if _key(problem) in keys]
        if not common:
            return [], stopped
    return common or [], stopped


class _Crowded(Undecided):
    """An item has more readings than are tried."""


def _crowd(node: Node) -> Notice:
    at = node.location
    message = f"more than {ALTERNATIVES} readings of undecided values: rules that need all of them say nothing here"
    return Notice(at.source.path, at.span.line, message)


def _key(problem: Problem) -> object:
    at = problem.at
    return (at.source.path, at.path) if isinstance(at, Node) else (at.source.path, at.span)


def _crash(selected: Selected, item: Item, what: str) -> Failure:
    path, line, title = where(item)
    return Failure(path, line, f"rule {selected.rule.id} crashed on {title}: {what}; please report it", "rule")


def where(item: Item) -> tuple[str, int, str]:
    """Return path, line and title of an item, for messages about rules themselves."""
    if isinstance(item, Container):
        return where(item.owner)
    if isinstance(item, KubeObject):
        return item.source.path, item.root.span.line, item.title
    if isinstance(item, (Block, ModuleCall)):
        return item.header.source.path, item.header.span.line, item.address
    return getattr(item, "path", "") or "", 0, type(item).__name__.lower()


def items_of(each: Each, project: Project) -> Iterable[Item]:
    """Return the items a rule is run for."""
    if each.what in {"workload", "container"}:
        workloads = _workloads(project) if each.system else _workloads_outside(project)
        if each.what == "workload" and each.names:
            workloads = [item for item in workloads if item.kind in each.names]
        if each.what == "workload":
            return workloads
        return [found for item in workloads for found in item.containers if _part_fits(found, each.part)]
    if each.what == "kind":
        found = project.of_kind(*each.names) if each.names else project.objects
        if each.part == "literals":
            literals = [item for unit in project.units for item in unit.literals]
            found = [*found, *(item for item in literals if not each.names or item.kind in each.names)]
        system = frozenset[str]() if each.system else project.system_namespaces
        return [
            item
            for item in found
            if not item.generated
            and (not each.groups or item.group in each.groups)
            and not (system and item.namespace in system)
        ]
    if each.what == "any_of":
        return [item for part in each.parts for item in items_of(part, project)]
    if each.what == "resource":
        return project.resources(*each.names)
    if each.what == "module_call":
        return [call for call in project.calls if any(glob_matches(call.source, glob) for glob in each.names or ("*",))]
    if each.what == "file":
        return [one for one in project.files if not each.names or one.source.kind in each.names]
    whole: dict[str, Iterable[Item]] = {
        "chart": project.charts,
        "unit": project.units,
        "root_module": project.modules,
        "cluster": project.clusters,
        "project": [project],
        "suppression": [],  # judged when all others have spoken
    }
    return whole[each.what]


@once
def _workloads(project: Project) -> list[KubeObject]:
    return [item for unit in project.units for item in unit.workloads if not (item.is_test_hook or item.generated)]


@once
def _workloads_outside(project: Project) -> list[KubeObject]:
    """Those outside the system's namespaces."""
    return [item for item in _workloads(project) if not project.is_system(item)]


def _part_fits(item: Container, part: str) -> bool:
    if part == "all":
        return True
    if part == "containers":
        return item.part == "containers"
    try:
        return item.is_running
    except Undecided:
        return True


__all__ = ["Item", "Judgement", "Said", "items_of", "judge", "judge_items", "where"]
