"""From what a rule said to a Finding at its final place: the line a person would edit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from opslint.engine.environment import environment_of
from opslint.engine.repair.edits import plan
from opslint.model.finding import Finding, Problem, Resource, Severity
from opslint.model.kube import Container, KubeObject
from opslint.model.node import Node
from opslint.model.patterns import regex
from opslint.model.project import Unit
from opslint.model.source import Confidence, Location, Origin, Span
from opslint.model.terraform import Block, ModuleCall, RootModule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opslint.engine.judge import Item, Said

_INSTANCE = regex(r"\[[^\]]*\]")

Related = tuple[tuple[str, Location], ...]


def origin_of(location: Location) -> Origin:
    """Return where a place comes from; a place in a file of the repository is its own origin."""
    source_map = location.source.origin
    if source_map is None:
        return Origin(location, Confidence.EXACT)
    return source_map.locate(location.span)


def _lacks(at: Node | Location) -> bool:
    """True for what an item of a list lacks: then the item's first entry is shown, and is not what is wrong."""
    if not isinstance(at, Node) or at.exists:
        return False
    node = at
    while not node.exists and node.parent is not None:
        node = node.parent
    return isinstance(node.key, int)


def _start_of_item(place: Location) -> Location:
    """The first character: the rest of the line belongs to the first entry, and its values keys are not the item's."""
    span = place.span
    return Location(place.source, Span(span.line, span.column, span.line, span.column + 1))


def finding_of(said: Said) -> Finding:
    """Make a finding of what a rule said; its fix is planned by `plan_fix`, once it is known to be shown."""
    problem, rule = said.problem, said.selected.rule
    shown = problem.at.location if isinstance(problem.at, Node) else problem.at
    lacks = shown.source.origin is not None and _lacks(problem.at)
    if problem.by_key and isinstance(problem.at, Node):
        origin = _of_key(problem.at, shown)
    else:
        origin = origin_of(_start_of_item(shown) if lacks else shown)
    related = list(origin.related)
    location = origin.location
    if origin.editable is not None:
        here = origin.editable.source.path, origin.editable.span.line
        # The line shows its key already.
        related = [pair for pair in related if (pair[1].source.path, pair[1].span.line) != here]
        related.insert(0, ("rendered by this line", location))
        location = origin.editable
    for label, other in problem.also:
        place = origin_of(other.location if isinstance(other, Node) else other)
        related.append((label, _apart(place, location, related)))
    if isinstance(problem.at, Node):
        related += problem.at.via
    severity = said.selected.severity
    if problem.severity is not None and problem.severity.rank > severity.rank:
        severity = problem.severity
    environment = environment_of(said.item)
    unit = _unit(said.item)
    return Finding(
        rule_id=rule.id,
        area=rule.area,
        severity=severity,
        message=problem.message,
        location=location,
        confidence=origin.confidence,
        rendered=shown if shown.source.origin is not None else None,
        resource=resource_of(said.item, problem),
        field_path=field_path(problem.at) if isinstance(problem.at, Node) else "",
        related=_distinct(related, location),
        environments=((environment.name, severity),) if environment.name else (),
        targets=_targets(problem, unit),
        unit=_unit_path(said.item),
        vendored=shown.source.vendored,
        secret=problem.secret,
        after=problem.target is not None and problem.target.after,
        caller=_caller(said.item),
    )


def _caller(item: Item) -> tuple[str, Location] | None:
    """Return the call in the root module that what is within a local module came through."""
    if not isinstance(item, (Block, ModuleCall)) or not item.address.startswith("module."):
        return None
    outer = ".".join(_INSTANCE.sub("", item.address).split(".")[:2])
    for call in item.root.calls:
        if call is not item and call.how == "local" and _INSTANCE.sub("", call.address) == outer:
            return call.address, call.header
    return None


def plan_fix(finding: Finding, problem: Problem, *, write_blocks: bool = False) -> None:
    """Give a finding the fix of its problem; `write_blocks` writes out the blocks that it appends."""
    if problem.fix is not None:
        finding.fix = plan(problem.fix, finding.confidence, write_blocks=write_blocks)


def _apart(place: Origin, primary: Location, related: Related | list[tuple[str, Location]]) -> Location:
    """Return a further place; when a helper printed both, the call that is not the primary place's."""
    if (place.location.source.path, place.location.span) != (primary.source.path, primary.span):
        return place.location
    known = {(one.source.path, one.span) for _, one in related}
    calls = (one for label, one in place.related if label == "included here")
    return next((one for one in calls if (one.source.path, one.span) not in known), place.location)


def _of_key(node: Node, shown: Location) -> Origin:
    """Return the origin of a value; where a template or its helper computes the value, that of the key in front."""
    origin, key = origin_of(shown), node.key_span
    if key is None or origin.editable is not None or origin.location.source.kind != "template":
        return origin
    used = origin_of(Location(node.source, key))
    elsewhere = used.location.source.path != origin.location.source.path
    if not elsewhere and origin.confidence is Confidence.EXACT:
        return origin
    helper = (("made by this helper", origin.location),) if elsewhere else ()
    keys = (pair for pair in origin.related if pair[0].startswith("values key"))
    return used._replace(related=(*helper, *used.related, *keys))


def _targets(problem: Problem, unit: Unit | None) -> tuple[str, ...]:
    if problem.target is not None:
        return (problem.target.id,)
    return tuple(target.id for target in unit.targets) if unit else ()


def _distinct(related: Iterable[tuple[str, Location]], primary: Location) -> Related:
    seen = {(primary.source.path, primary.span)}
    kept = []
    for label, place in related:
        key = (place.source.path, place.span)
        if key not in seen:
            seen.add(key)
            kept.append((label, place))
    return tuple(kept)


def _unit(item: Item) -> Unit | None:
    if isinstance(item, (KubeObject, Container)):
        return item.unit
    return item if isinstance(item, Unit) else None


def _unit_path(item: Item) -> str:
    """The chart, the Terraform module, or the folder of a manifest: the same whatever paths the user gave."""
    if isinstance(item, Container):
        item = item.owner
    if isinstance(item, KubeObject) and item.unit.chart is None:
        return item.source.path.rpartition("/")[0]
    unit = _unit(item)
    if unit is not None:
        return unit.chart.path if unit.chart else unit.path
    if isinstance(item, (Block, ModuleCall)):
        return item.root.path
    return item.path if isinstance(item, RootModule) else ""


def resource_of(item: Item, problem: Problem) -> Resource:
    """Return what a finding is about: the object, or the Terraform address."""
    if isinstance(item, Container):
        item = item.owner
    if isinstance(item, KubeObject):
        return Resource(item.kind, item.namespace, item.name, item.api_version)
    if isinstance(item, (Block, ModuleCall)):
        return Resource(address=item.address)
    block = getattr(item, "block", None)
    if isinstance(block, Block):
        return Resource(address=block.address)
    if isinstance(problem.at, Node):
        return _resource_of_node(problem.at)
    return Resource()


def _resource_of_node(node: Node) -> Resource:
    top = node
    while top.parent is not None:
        top = top.parent
    parts = [top[key] for key in ("kind", "apiVersion")] if top.known and top.is_map else []
    if not parts or not all(part.present and part.known for part in parts):
        return Resource()
    metadata = top["metadata"]
    if not metadata.known:
        return Resource(parts[0].text, api_version=parts[1].text)
    name, namespace = metadata["name"], metadata["namespace"]
    return Resource(
        parts[0].text,
        namespace.text if namespace.known else "",
        name.text if name.known else "",
        parts[1].text,
    )


def field_path(node: Node) -> str:
    """Return the path of a node, list items by their name: `spec.containers[name=web].image`."""
    parts: list[str] = []
    while node.parent is not None:
        if isinstance(node.key, int):
            name = node["name"] if node.known and node.is_map else None
            parts.append(f"[name={name.text}]" if name is not None and name.known and name.text else f"[{node.key}]")
        else:
            parts.append("." + node.key)
        node = node.parent
    return "".join(reversed(parts)).removeprefix(".")


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Make one of the findings of one rule at one place and field: highest severity, all environments and targets."""
    merged: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        span = finding.location.span
        # A module that several roots call, or that is called twice, is judged once a caller; instances of one are one.
        caller: object = None
        if finding.resource.address:
            caller = (finding.unit, _INSTANCE.sub("", finding.resource.address))
        elif finding.rendered is not None and finding.rendered.source.kind == "stored":
            caller = finding.rendered.span  # all of a kept release stands at one place
        key = (finding.rule_id, finding.location.source.path, span, finding.field_path, finding.ordinal, caller)
        known = merged.get(key)
        if known is None:
            merged[key] = finding
            continue
        if finding.severity.rank < known.severity.rank:
            known.severity, known.message = finding.severity, finding.message
        known.environments = _union(known.environments, finding.environments)
        known.targets = tuple(dict.fromkeys(known.targets + finding.targets))
        known.vendored = known.vendored and finding.vendored
        known.after = known.after and finding.after
        places = {(place.source.path, place.span) for _, place in known.related}
        known.related += tuple(pair for pair in finding.related if (pair[1].source.path, pair[1].span) not in places)
    _name_callers(merged)
    return sorted(merged.values(), key=lambda finding: finding.sort_key)


def _name_callers(merged: dict[tuple[object, ...], Finding]) -> None:
    """Where one line of a module is said once a caller, each finding names its own."""
    several = Counter(key[:-1] for key in merged)
    for key, finding in merged.items():
        if several[key[:-1]] < 2 or finding.caller is None:
            continue
        label, place = finding.caller
        if label not in {said for said, _ in finding.related} and finding.location != place:
            finding.related += ((label, place),)


def _union(
    first: tuple[tuple[str, Severity], ...], second: tuple[tuple[str, Severity], ...]
) -> tuple[tuple[str, Severity], ...]:
    worst = dict(first)
    for name, severity in second:
        if name not in worst or severity.rank < worst[name].rank:
            worst[name] = severity
    return tuple(sorted(worst.items()))


def fingerprint(findings: list[Finding], release_names: frozenset[str]) -> None:
    """Give each finding a fingerprint that survives edits elsewhere: no line and no message is in it.

    It is made of rule, unit path, resource kind and name (without a release's name in front) and field path, with an
    ordinal among equals in the order of the report.
    """
    if not findings:
        return
    from hashlib import sha256  # OpenSSL is loaded only when there is a finding

    seen: Counter[tuple[str, ...]] = Counter()
    for finding in findings:
        resource = finding.resource
        name = _own_name(resource.name, release_names)
        where = finding.unit or finding.location.source.path
        key = (finding.rule_id, where, resource.kind, name, resource.address, finding.field_path)
        seen[key] += 1
        text = "\0".join((*key, str(seen[key])))
        finding.fingerprint = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _own_name(name: str, release_names: frozenset[str]) -> str:
    """Return a name without that of the release in front: of releases `web` and `web-api`, `web-api-db` is `db`."""
    end = name.rfind("-")
    while end > 0:
        if name[:end] in release_names:
            return name[end + 1 :]
        end = name.rfind("-", 0, end)
    return name


__all__ = ["field_path", "finding_of", "fingerprint", "merge", "origin_of", "plan_fix", "resource_of"]
