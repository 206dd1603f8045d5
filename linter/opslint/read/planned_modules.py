"""Plans in place of what Terraform's files alone tell: the same blocks, with the values that they will have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Node, Unknown
from opslint.model.patterns import regex
from opslint.model.project import Environment
from opslint.model.records import NamedTuple
from opslint.model.report import Notice
from opslint.model.terraform import Block, ModuleCall, RootModule
from opslint.read.environments import environment_of_directory, is_environment, stage_of
from opslint.read.evaluate.collect import source_place
from opslint.read.evaluate.form import HclForm, Made
from opslint.read.evaluate.values import EvalError
from opslint.read.planned_values import Ground, JsonPlace, PlanForm, PlannedValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opslint.model.source import Location
    from opslint.read.evaluate.inputs import Run
    from opslint.read.evaluate.module import Module
    from opslint.read.terraform_plan import Plan, Planned

_INDEX: Final = r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]"
_MODULE: Final = regex(rf"module\.[\w-]+(?:{_INDEX})?(?:\.|$)")
_INDEXES: Final = regex(_INDEX)
_SHARE: Final = 0.6  # of what a plan's configuration names has to be in a directory that it may be the plan of
_NESTED: Final = 100


class Built(NamedTuple):
    """A root module as its files tell it, with one set of variables."""

    module: Module
    run: Run
    root: RootModule


def apply_plans(plans: Sequence[Plan], built: Sequence[Built], notices: list[Notice]) -> list[RootModule]:
    """Put each plan in place of the blocks of its root module; return the modules of the plans that have none here."""
    alone: list[RootModule] = []
    taken: set[int] = set()
    for plan in plans:
        fitting = _modules_of(plan, [one for one in built if id(one.root) not in taken])
        if len({one.module.path for one in fitting}) > 1:
            folders = ", ".join(sorted(one.module.path or "." for one in fitting))
            said = f"the plan may be of several directories ({folders}): its findings stand in the plan itself"
            notices.append(Notice(plan.path, 1, said))
            fitting = []
        chosen = max(fitting, key=lambda one: _likeness(plan, one.run), default=None)
        if chosen is None:
            alone.append(_alone(plan))
            continue
        taken.add(id(chosen.root))
        chosen.root.plan = plan.path
        _supersede(chosen.root, plan)
        where = chosen.module.path or "."
        said = f"its {len(plan.resources)} resources stand for those of {where}: exact values, as of the plan"
        notices.append(Notice(plan.path, 1, said))
    return alone


# -- which root module
def _modules_of(plan: Plan, built: Sequence[Built]) -> list[Built]:
    """Return the root modules that a plan may be of: its own directory's, else those that declare the most of it."""
    wanted = set(_declared(plan))
    if not wanted:
        return []
    ranked: dict[tuple[bool, float], list[Built]] = {}
    folder = plan.path.rpartition("/")[0]
    for one in built:
        own = {f"{'data.' if mode == 'data' else ''}{type_}.{name}" for mode, type_, name in one.module.resources}
        own |= {f"module.{name}" for name in one.module.calls}
        share = len(wanted & own) / len(wanted)
        if share >= _SHARE:
            ranked.setdefault((one.module.path == folder, share), []).append(one)
    return ranked[max(ranked)] if ranked else []


def _declared(plan: Plan) -> Iterator[str]:
    for entry in _list(plan.root.get("resources")):
        if isinstance(entry, dict) and isinstance(entry.get("address"), str):
            yield entry["address"]
    yield from (f"module.{name}" for name in _map(plan.root.get("module_calls")))


def _likeness(plan: Plan, run: Run) -> tuple[bool, int]:
    """Return how well a set of variables fits a plan: by the words of its path, then by the values in both."""
    words = re.split(r"[^a-z0-9]+", plan.path.lower())
    given = plan.variables
    equal = 0
    for name, supply in run.supplied.items():
        if name not in given:
            continue
        try:
            equal += 1 if supply.origin.value() == given[name] else -1
        except EvalError:
            continue
    return run.environment.name.lower() in words, equal


# -- a plan with its files
def _supersede(root: RootModule, plan: Plan) -> None:
    static = {block.address: block for block in root.blocks}
    bare: dict[str, Block] = {}
    for block in root.blocks:
        bare.setdefault(_bare(block.address), block)
    settings = _Configuration(plan)
    blocks: list[Block] = []
    for planned in plan.resources:
        if planned.mode == "resource":
            beside = static.get(planned.address) or bare.get(_bare(planned.address))
            blocks.append(_block(root, plan, planned, beside, settings))
    kept = {block.address for block in blocks} | {_bare(block.address) for block in blocks}
    for block in root.blocks:
        gone = block.mode == "resource" and plan.is_complete
        if not gone and not (block.mode == "resource" and (block.address in kept or _bare(block.address) in kept)):
            blocks.append(block)
    root.blocks[:] = blocks
    for call in root.calls:
        if call.how == "opaque" and plan.is_complete:
            call.how = "plan"


def _block(root: RootModule, plan: Plan, planned: Planned, beside: Block | None, settings: _Configuration) -> Block:
    references, provider = settings.of(planned)
    values = dict(planned.values)
    if values.get("tags_all"):
        values["tags"] = values["tags_all"]  # with those that the provider gives to everything
    if beside is not None:
        place = beside.body.raw.place()
        ground = Ground(planned.address, place, root, static=True, references=references)
        body = PlannedValue(ground, values, planned.unknown, planned.sensitive, beside.body.raw)
        header, document, form = beside.header, beside.body.source, HclForm(beside.body.source)
        call, provider = beside.call, beside.provider
    else:
        call = _call_of(planned.address, root)
        header = call.header if call is not None else plan.place(planned.node)
        raw = JsonPlace(plan.source, planned.node) if call is None and planned.node is not None else None
        ground = Ground(planned.address, source_place(header), root, static=False, references=references)
        body = PlannedValue(ground, values, planned.unknown, planned.sensitive, raw)
        document, form = header.source, PlanForm(header.source)
    return Block(
        mode=planned.mode,
        type=planned.type,
        name=planned.name,
        address=planned.address,
        body=Node(document, body, form),
        root=root,
        header=header,
        virtual=beside is not None and beside.virtual,
        call=call,
        provider=provider,
    )


def _call_of(address: str, root: RootModule) -> ModuleCall | None:
    """Return the innermost module call of the files that an address is behind."""
    exact = {call.address: call for call in root.calls}
    near = {_bare(call.address): call for call in root.calls}
    found: ModuleCall | None = None
    for path in module_paths(address):
        found = exact.get(path) or near.get(_bare(path)) or found
    return found


def module_paths(address: str) -> Iterator[str]:
    """Yield the addresses of the modules that a resource is in, the outermost first."""
    at = 0
    while (match := _MODULE.match(address, at)) is not None:
        at = match.end()
        yield address[:at].rstrip(".")


def _bare(address: str) -> str:
    return _INDEXES.sub("", address)


# -- a plan alone
def _alone(plan: Plan) -> RootModule:
    folder = plan.path.rpartition("/")[0]
    root = RootModule(folder, _environment(plan.path), plan=plan.path)
    settings = _Configuration(plan)
    root.blocks += [_block(root, plan, planned, None, settings) for planned in plan.resources]
    first: dict[str, Location] = {}
    for planned in plan.resources:
        for path in module_paths(planned.address):
            first.setdefault(_bare(path), plan.place(planned.node))
    for address, name, entry in settings.calls():
        header = first.get(address, plan.start)
        body = Made(settings.arguments(entry.get("expressions")), source_place(header))
        root.calls.append(
            ModuleCall(
                name=name,
                address=address,
                source=_text(entry.get("source")),
                version=_text(entry.get("version_constraint")),
                body=Node(header.source, body, PlanForm(header.source)),
                root=root,
                header=header,
                how="plan",
            )
        )
    for block in root.blocks:
        block.call = _call_of(block.address, root)
    for name, entry in settings.providers():
        body = Made(settings.arguments(entry.get("expressions")), source_place(plan.start))
        root.providers.append((name, Node(plan.source, body, PlanForm(plan.source))))
    return root


def _environment(path: str) -> Environment:
    folder, _, name = path.rpartition("/")
    for word in re.split(r"[^a-z0-9]+", name.lower()):
        if is_environment(word):
            return Environment(word, stage_of(word), path)
    return environment_of_directory(folder)


class _Configuration:
    """The configuration that a plan was made of, as far as the plan repeats it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._resources: dict[str, Mapping[str, Any]] = {}
        self._calls: list[tuple[str, str, Mapping[str, Any]]] = []
        stack: list[tuple[str, Mapping[str, Any]]] = [("", plan.root)]
        while stack:
            prefix, module = stack.pop()
            for entry in _list(module.get("resources")):
                if isinstance(entry, dict) and isinstance(entry.get("address"), str):
                    self._resources[prefix + entry["address"]] = entry
            for name, call in _map(module.get("module_calls")).items():
                if isinstance(call, dict):
                    address = f"{prefix}module.{name}"
                    self._calls.append((address, name, call))
                    stack.append((f"{address}.", _map(call.get("module"))))

    def of(self, planned: Planned) -> tuple[Mapping[str, str], str]:
        """Return what each argument of a resource refers to first, and the alias of its provider."""
        entry = self._resources.get(_bare(planned.address), {})
        references = {name: first for name, value in _map(entry.get("expressions")).items() if (first := _first(value))}
        key = _text(entry.get("provider_config_key")).rpartition(":")[2]
        return references, key if "." in key else ""

    def calls(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield address, name and configuration of every module call."""
        yield from self._calls

    def providers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield name (with its alias) and configuration of the root module's providers."""
        for entry in _map(_map(self._plan.content.get("configuration")).get("provider_config")).values():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str) and "module_address" not in entry:
                alias = entry.get("alias")
                yield f"{entry['name']}.{alias}" if isinstance(alias, str) else entry["name"], entry

    def arguments(self, expressions: Any, depth: int = 0) -> Any:
        """Return arguments as values: constants, and Unknown for everything that is computed."""
        if isinstance(expressions, list):
            return [self.arguments(item, depth + 1) for item in expressions] if depth < _NESTED else Unknown("")
        if not isinstance(expressions, dict) or depth >= _NESTED:
            return {} if depth == 0 else Unknown("")
        if "constant_value" in expressions:
            return expressions["constant_value"]
        if "references" in expressions:
            return Unknown(_first(expressions))
        return {key: self.arguments(item, depth + 1) for key, item in expressions.items()}


def _first(expression: Any) -> str:
    references = _list(expression.get("references")) if isinstance(expression, dict) else []
    return references[0] if references and isinstance(references[0], str) else ""


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


__all__ = ["Built", "apply_plans", "module_paths"]
