"""Where a value comes from: the way from an argument through variables, locals, modules and literals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.records import NamedTuple
from opslint.read import hcl
from opslint.read.evaluate.expressions import object_key
from opslint.read.evaluate.handles import ResourceHandle
from opslint.read.evaluate.scope import Iterators, Origin
from opslint.read.evaluate.values import EvalError, Value, first_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.model.source import Source
    from opslint.read.evaluate.scope import Scope

_STEPS: Final = 32
_REFERENCES: Final = 4  # names of one expression that are followed for its `via`
_CONVERSIONS: Final = frozenset({"tostring", "tonumber", "tobool", "tolist", "tomap", "nonsensitive", "sensitive"})


class Hop(NamedTuple):
    """A place a value passed through."""

    label: str
    source: Source
    start: int
    end: int


class Way(NamedTuple):
    """An expression reached, and the places passed on the way there."""

    origin: Origin
    hops: tuple[Hop, ...] = ()
    key: Any = None  # the key node of the object member reached


def follow(origin: Origin) -> Way:
    """Go from an expression that only passes a value on to the one that makes it."""
    way = Way(origin)
    for _ in range(_STEPS):
        try:
            following = _next(way.origin)
        except EvalError:
            return way
        if following is None:
            return way
        way = Way(following.origin, way.hops + following.hops)
    return way


def _next(origin: Origin) -> Way | None:
    node, kind = origin.node, origin.node[0]
    if kind == hcl.PAREN:
        return Way(origin._replace(node=node[3]))
    if kind == hcl.REF:
        return _named(origin)
    if kind == hcl.TMPL and len(node[3]) == 1 and not isinstance(node[3][0], str):
        part = node[3][0]
        return None if part[0] in {hcl.TIF, hcl.TFOR} else Way(origin._replace(node=part))
    if kind == hcl.COND:
        condition = origin._replace(node=node[3]).value()
        if first_unknown(condition) is not None:
            return None
        return Way(origin._replace(node=node[4] if condition in (True, "true") else node[5]))
    if kind in {hcl.GET, hcl.IDX}:
        key = node[4] if kind == hcl.GET else origin._replace(node=node[4]).value()
        return descend(origin._replace(node=node[3]), key)
    if kind == hcl.CALL and node[4]:
        return _through_call(origin)
    return None


def _through_call(origin: Origin) -> Way | None:
    name, arguments = origin.node[3], origin.node[4]
    if name in _CONVERSIONS:
        return Way(origin._replace(node=arguments[0]))
    if name in {"try", "coalesce"}:
        for argument in arguments:
            inner = origin._replace(node=argument)
            try:
                value = inner.value()
            except EvalError:
                continue
            if first_unknown(value) is not None:
                return None
            if name == "try" or (value is not None and value != ""):
                return Way(inner)
    if name == "lookup" and len(arguments) > 1:
        key = origin._replace(node=arguments[1]).value()
        found = descend(origin._replace(node=arguments[0]), key)
        if found is None and len(arguments) > 2:
            mapping = origin._replace(node=arguments[0]).value()
            if isinstance(mapping, dict) and isinstance(key, str) and key not in mapping:
                return Way(origin._replace(node=arguments[2]))
        return found
    return None


def _named(origin: Origin) -> Way | None:
    path, scope, names = origin.node[3], origin.scope, origin.names
    if names is not None and path[0] in names:
        return _iterated(names, path)
    if scope is None or len(path) < 2:
        return None
    head, name = path[0], path[1]
    if head == "var":
        supply = scope.supply(name)
        if supply is None:
            return None
        return _onward(supply.origin, supply.label, path[2:])
    if head == "local":
        placed = scope.module.locals.get(name)
        if placed is None:
            return None
        return _onward(Origin(placed.node, placed.source, scope), f"local.{name}", path[2:])
    if head == "module" and len(path) > 2:
        return _output(scope, path)
    if ("resource", head, name) in scope.module.resources and len(path) > 2:
        handle = scope.resource("resource", head, name)
        if isinstance(handle, ResourceHandle):
            placed = handle.declaration.attributes.get(path[2])
            if placed is not None:
                made = Origin(placed.node, placed.source, handle.scope, handle.names)
                return _onward(made, f"{handle.address}.{path[2]}", path[3:])
    return None


def _output(scope: Scope, path: Sequence[str]) -> Way | None:
    name, output = path[1], path[2]
    if name not in scope.module.calls:
        return None
    kind, found = scope.children(name)
    if kind != "one" or not found:
        return None
    child = found[0][1]
    if output in child.outputs:
        return _onward(child.outputs[output], f"module.{name}.{output}", path[3:])
    declaration = child.scope.module.outputs.get(output) if child.scope is not None else None
    placed = declaration.attributes.get("value") if declaration is not None else None
    if placed is None:
        return None
    return _onward(Origin(placed.node, placed.source, child.scope), f"module.{name}.{output}", path[3:])


def _iterated(names: Any, path: Sequence[str]) -> Way | None:
    if not isinstance(names, Iterators) or names.collection is None or path[0] != names.iterator:
        return None
    if len(path) < 2 or path[1] != "value":
        return None
    found = descend(names.collection, names.key)
    if found is None:
        return None
    for key in path[2:]:
        inner = descend(found.origin, key)
        if inner is None:
            return None
        found = Way(inner.origin, found.hops + inner.hops, inner.key)
    node = found.origin.node
    hop = Hop(".".join(path), found.origin.source, node[1], node[2])
    return Way(found.origin, (*found.hops, hop))


def _onward(origin: Origin, label: str, rest: Sequence[Value]) -> Way | None:
    """Step over a name to what it stands for, then into that along the rest of the path."""
    hops: tuple[Hop, ...] = (Hop(label, origin.source, origin.node[1], origin.node[2]),)
    for key in rest:
        found = descend(origin, key)
        if found is None:
            return None
        origin = found.origin
        # Point at the member instead of the whole collection.
        last = hops[-1] if not found.hops else found.hops[-1]
        hops = (*(hops[:-1] if not found.hops else hops + found.hops[:-1]), _moved(last, origin))
    return Way(origin, hops)


def _moved(hop: Hop, origin: Origin) -> Hop:
    if origin.source is not hop.source:
        return hop
    return Hop(hop.label, origin.source, origin.node[1], origin.node[2])


def descend(origin: Origin, key: Value) -> Way | None:
    """Return the way to a member of a collection, None when the text does not show where it is."""
    way = follow(origin)
    node, kind = way.origin.node, way.origin.node[0]
    if kind == hcl.OBJ:
        for key_node, value_node in reversed(node[3]):
            if _is_key(key_node, key, way.origin):
                return Way(way.origin._replace(node=value_node), way.hops, key_node)
        return None
    if kind == hcl.TUP:
        if isinstance(key, int) and 0 <= key < len(node[3]):
            return Way(way.origin._replace(node=node[3][key]), way.hops)
        if isinstance(key, str):  # a member of a set is its own key
            for item in node[3]:
                if item[0] == hcl.STR and item[3] == key:
                    return Way(way.origin._replace(node=item), way.hops)
        return None
    if kind != hcl.CALL or node[5]:
        return None
    return _descend_call(way, key)


def _descend_call(way: Way, key: Value) -> Way | None:
    name, arguments = way.origin.node[3], way.origin.node[4]
    if name == "toset" and arguments and isinstance(key, str):
        return _joined(way, descend(way.origin._replace(node=arguments[0]), key))
    if name == "merge" and isinstance(key, str):
        for argument in reversed(arguments):
            inner = way.origin._replace(node=argument)
            value = _quiet(inner)
            if value is None:
                continue
            if not isinstance(value, dict):
                return None
            if key in value:
                return _joined(way, descend(inner, key))
    if name == "concat" and isinstance(key, int):
        for argument in arguments:
            inner = way.origin._replace(node=argument)
            value = _quiet(inner)
            if not isinstance(value, list):
                return None
            if key < len(value):
                return _joined(way, descend(inner, key))
            key -= len(value)
    return None


def _joined(way: Way, found: Way | None) -> Way | None:
    return None if found is None else Way(found.origin, way.hops + found.hops, found.key)


def _quiet(origin: Origin) -> Value:
    try:
        return origin.value()
    except EvalError:
        return False


def _is_key(node: Any, key: Value, origin: Origin) -> bool:
    if node[0] in {hcl.STR, hcl.LIT, hcl.NUM} or (node[0] == hcl.REF and len(node[3]) == 1):
        return bool(object_key(node, None, None) == str(key))
    try:
        return bool(object_key(node, origin.scope, origin.names) == key)
    except EvalError:
        return False


def references(origin: Origin) -> tuple[Hop, ...]:
    """Return the places of the names that an expression computes with, the first few of them."""
    found: list[Hop] = []
    for node in _names_in(origin.node):
        way = _safely(origin._replace(node=node))
        if way is not None:
            # The last place is the one that decides: the literal behind all names.
            end = follow(way.origin)
            found.append((*way.hops, *end.hops)[-1])
        if len(found) == _REFERENCES:
            break
    return tuple(dict.fromkeys(found))


def _safely(origin: Origin) -> Way | None:
    try:
        way = _named(origin)
    except EvalError:
        return None
    return way if way is not None and way.hops else None


def _names_in(node: Any) -> Iterator[Any]:
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple) and item and item[0] == hcl.REF and isinstance(item[3], list):
            if item[3][0] in {"var", "local", "each"}:
                yield item
        elif isinstance(item, (tuple, list)):
            stack.extend(part for part in reversed(item) if isinstance(part, (tuple, list)))
