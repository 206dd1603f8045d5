"""Functions of lists, sets, maps and objects."""

from __future__ import annotations

import math
from itertools import product
from typing import Final

from opslint.model.limits import FOR_EACH
from opslint.model.node import Unknown
from opslint.read.evaluate.functions.signature import Function
from opslint.read.evaluate.values import (
    LARGE_COLLECTION,
    SIZE_LIMIT,
    EvalError,
    Handle,
    TypedList,
    TypedMap,
    TypedSet,
    Value,
    distinct,
    first_unknown,
    glue,
    is_number,
    kleene_all,
    kleene_any,
    make_set,
    members,
    same,
    to_bool,
    to_int,
    to_text,
    unified,
)


def _merge(*maps: Value) -> Value:
    out: dict[str, Value] = {}
    typed = bool(maps)
    for item in maps:
        unknown = first_unknown(item)
        if unknown is not None:
            return Unknown(unknown.why)
        if item is None:
            continue
        if not isinstance(item, dict):
            raise EvalError("only maps can be merged")
        typed = typed and isinstance(item, TypedMap)
        out.update(item)
    return TypedMap(out) if typed else out


def _concat(*lists: Value) -> Value:
    out: list[Value] = []
    typed = bool(lists)
    for item in lists:
        unknown = first_unknown(item)
        if unknown is not None:
            return Unknown(unknown.why)
        if not isinstance(item, list):
            raise EvalError("only lists can be joined")
        typed = typed and isinstance(item, (TypedList, TypedSet))
        out += item
        if len(out) > SIZE_LIMIT:
            return Unknown(LARGE_COLLECTION)
    return TypedList(out) if typed else out


def _length(value: Value) -> Value:
    unknown = first_unknown(value)
    if unknown is not None:
        return Unknown(unknown.why)
    if not isinstance(value, (str, list, dict)):
        raise EvalError("a collection or a string is required")
    return len(value)


def _lookup(mapping: Value, key: Value, *default: Value) -> Value:
    unknown = first_unknown(mapping, key)
    if unknown is not None:
        return Unknown(unknown.why)
    if not isinstance(mapping, dict):
        raise EvalError("a map is required")
    name = to_text(key)
    if name in mapping:
        return mapping[name]
    if default:
        return default[0]
    raise EvalError(f"there is no key {name}")


def _coalesce(*values: Value) -> Value:
    for value in values:
        unknown = first_unknown(value)
        if unknown is not None:
            return unknown if unknown.parts else Unknown(unknown.why)
        if value is not None and value != "":
            other_text = any(isinstance(item, str) and item for item in values)
            return to_text(value) if other_text and isinstance(value, (bool, int)) else value
    raise EvalError("no argument has a value")


def _coalesce_list(*values: Value) -> Value:
    for value in values:
        unknown = first_unknown(value)
        if unknown is not None:
            return Unknown(unknown.why)
        if value:
            return value
    raise EvalError("no argument has members")


def _compact(values: Value) -> Value:
    unknown = first_unknown(values) or first_unknown(*members(values))
    if unknown is not None:
        return Unknown(unknown.why)
    return TypedList(to_text(item) for item in members(values) if item is not None and item != "")


def _contains(values: Value, wanted: Value) -> Value:
    unknown = first_unknown(values)
    return Unknown(unknown.why) if unknown else kleene_any(same(item, wanted) for item in members(values))


def _element(values: Value, index: Value) -> Value:
    items, position = members(values), to_int(index)
    if not items or position < 0:
        raise EvalError("there is no such element")
    return items[position % len(items)]


def _slice(values: Value, start: Value, end: Value) -> Value:
    bounds = first_unknown(start, end)
    if bounds is not None:
        return Unknown(bounds.why)
    first, last = to_int(start), to_int(end)
    unknown = first_unknown(values)
    if unknown is not None:
        # Terraform refuses a list that is too short, so the number of members is known.
        if not 0 <= first <= last <= first + FOR_EACH:
            return Unknown(unknown.why)
        return [Unknown(f"{unknown.why}[{i}]") for i in range(first, last)]
    if not isinstance(values, list) or not 0 <= first <= last <= len(values):
        raise EvalError("out of the range of the list")
    part = values[first:last]
    return TypedList(part) if isinstance(values, (TypedList, TypedSet)) else part


def _flat(values: Value) -> list[Value]:
    out: list[Value] = []
    stack = [iter(members(values))]
    while stack:
        for item in stack[-1]:
            if isinstance(item, Unknown):
                raise _Untold(item)
            if isinstance(item, list):
                stack.append(iter(item))
                break
            out.append(item)
            if len(out) > SIZE_LIMIT:
                raise EvalError(LARGE_COLLECTION)
        else:
            stack.pop()
    return out


class _Untold(Exception):  # noqa: N818 - control flow
    """A member that decides the length is unknown."""

    def __init__(self, value: Unknown) -> None:
        self.value = value


def _flatten(values: Value) -> Value:
    try:
        return _flat(values)
    except _Untold as untold:
        return Unknown(untold.value.why)


def _one(values: Value) -> Value:
    items = members(values)
    if len(items) > 1:
        raise EvalError("more than one member")
    return items[0] if items else None


def _reverse(values: Value) -> Value:
    if not isinstance(values, list):
        raise EvalError("a list is required")
    return values[::-1] if type(values) is list else TypedList(values[::-1])


def _keys(mapping: Value) -> Value:
    if not isinstance(mapping, dict):
        raise EvalError("a map is required")
    return TypedList(sorted(mapping)) if isinstance(mapping, TypedMap) else sorted(mapping)


def _values(mapping: Value) -> Value:
    if not isinstance(mapping, dict):
        raise EvalError("a map is required")
    items = [mapping[key] for key in sorted(mapping)]
    return TypedList(items) if isinstance(mapping, TypedMap) else items


def _zipmap(keys: Value, values: Value) -> dict[str, Value]:
    names, items = members(keys), members(values)
    if len(names) != len(items):
        raise EvalError("as many keys as values are required")
    unknown = first_unknown(*names)
    if unknown is not None:
        raise EvalError("a key is unknown")
    return dict(sorted(zip(map(to_text, names), items, strict=True)))


def _set_product(*sets: Value) -> Value:
    lists = [members(item) for item in sets]
    if math.prod(len(item) for item in lists) * max(len(lists), 1) > SIZE_LIMIT:
        return Unknown(LARGE_COLLECTION)
    rows = [list(row) for row in product(*lists)]
    return TypedSet(rows) if all(isinstance(item, TypedSet) for item in sets) else TypedList(rows)


def _all_true(values: Value) -> Value:
    unknown = first_unknown(values)
    if unknown is not None:
        return Unknown(unknown.why)
    return kleene_all(False if item is None else to_bool(item) for item in members(values))


def _any_true(values: Value) -> Value:
    unknown = first_unknown(values)
    if unknown is not None:
        return Unknown(unknown.why)
    return kleene_any(False if item is None else to_bool(item) for item in members(values))


def _join(separator: Value, *lists: Value) -> Value:
    unknown = first_unknown(separator, *lists)
    if unknown is not None:
        return Unknown(unknown.why)
    parts: list[Value] = []
    for values in lists:
        for item in members(values):
            if parts:
                parts.append(to_text(separator))
            parts.append(to_text(item))
    return glue(parts)


def _to_list(value: Value) -> Value:
    return None if value is None else TypedList(unified(list(members(value) if isinstance(value, list) else _bad())))


def _bad() -> list[Value]:
    raise EvalError("a list is required")


def _to_set(value: Value) -> Value:
    return None if value is None else make_set(value if isinstance(value, list) else _bad())


def _to_map(value: Value) -> Value:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise EvalError("a map is required")
    return TypedMap(zip(value, unified(list(value.values())), strict=True))


def _index(values: Value, wanted: Value) -> int:
    for position, item in enumerate(members(values)):
        if same(item, wanted) is True:
            return position
    raise EvalError("the value is not in the list")


def _chunk(values: Value, size: Value) -> list[Value]:
    items, count = members(values), to_int(size)
    if count < 0:
        raise EvalError("the size must not be negative")
    count = count or max(len(items), 1)
    return [items[start : start + count] for start in range(0, len(items), count)]


def _match_keys(values: Value, keys: Value, wanted: Value) -> TypedList:
    items, names = members(values), members(keys)
    if len(items) != len(names):
        raise EvalError("as many keys as values are required")
    return TypedList(
        item
        for item, name in zip(items, names, strict=True)
        if any(same(name, each) is True for each in members(wanted))
    )


def _transpose(mapping: Value) -> dict[str, Value]:
    out: dict[str, list[Value]] = {}
    for key in sorted(mapping):
        for item in members(mapping[key]):
            out.setdefault(to_text(item), []).append(key)
    return {key: TypedList(out[key]) for key in sorted(out)}


def _intersection(first: Value, *others: Value) -> Value:
    kept = [item for item in members(first) if all(_has(other, item) for other in others)]
    return make_set(kept)


def _subtract(first: Value, other: Value) -> Value:
    return make_set([item for item in members(first) if not _has(other, item)])


def _has(values: Value, wanted: Value) -> bool:
    return any(same(item, wanted) is True for item in members(values))


def _sort(values: Value) -> TypedList:
    return TypedList(sorted(to_text(item) for item in members(values)))


def _distinct(values: Value) -> TypedList:
    return TypedList(distinct(unified(list(members(values)))))


def _type(value: Value) -> Value:
    if isinstance(value, (str, bool)) or is_number(value):
        return Unknown("type()")
    return Unknown("type()") if not isinstance(value, Handle) else Unknown(value.address)


TABLE: Final[dict[str, Function]] = {
    "alltrue": Function(_all_true, "nothing"),
    "anytrue": Function(_any_true, "nothing"),
    "chunklist": Function(_chunk, "arguments"),
    "coalesce": Function(_coalesce, "nothing"),
    "coalescelist": Function(_coalesce_list, "nothing"),
    "compact": Function(_compact, "nothing"),
    "concat": Function(_concat, "nothing"),
    "contains": Function(_contains, "nothing"),
    "distinct": Function(_distinct),
    "element": Function(_element, "arguments"),
    "flatten": Function(_flatten, "arguments"),
    "index": Function(_index),
    "join": Function(_join, "nothing"),
    "keys": Function(_keys, "arguments"),
    "length": Function(_length, "nothing"),
    "list": Function(lambda *values: TypedList(unified(list(values)))),
    "lookup": Function(_lookup, "nothing"),
    "map": Function(lambda *values: TypedMap(zip(values[::2], values[1::2], strict=True))),
    "matchkeys": Function(_match_keys),
    "merge": Function(_merge, "nothing"),
    "one": Function(_one, "arguments"),
    "reverse": Function(_reverse, "arguments"),
    "setintersection": Function(_intersection),
    "setproduct": Function(_set_product, "arguments"),
    "setsubtract": Function(_subtract),
    "setunion": Function(lambda *sets: make_set([item for each in sets for item in members(each)])),
    "slice": Function(_slice, "nothing"),
    "sort": Function(_sort),
    "tolist": Function(_to_list, "arguments"),
    "tomap": Function(_to_map, "arguments"),
    "toset": Function(_to_set),
    "transpose": Function(_transpose),
    "type": Function(_type, "nothing"),
    "values": Function(_values, "arguments"),
    "zipmap": Function(_zipmap, "arguments"),
}
