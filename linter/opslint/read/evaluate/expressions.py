"""Expression trees to values: the language itself, without its functions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.report import Notice
from opslint.read import hcl
from opslint.read.evaluate import notes
from opslint.read.evaluate.arithmetic import arithmetic
from opslint.read.evaluate.functions import call_function, call_steps
from opslint.read.evaluate.steps import step, walk
from opslint.read.evaluate.values import (
    TOO_LARGE,
    TOO_MUCH,
    EvalError,
    Handle,
    Outside,
    TypedList,
    TypedSet,
    Value,
    first_unknown,
    glue,
    is_huge,
    number,
    object_of,
    pairs,
    same,
    to_bool,
    to_number,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.read.evaluate.scope import Names, Scope

STEPS: Final = 400_000  # items that all `for` expressions of one root module may go through, a few seconds' work
_EXHAUSTED: Final = "its expressions take too much to evaluate: what is not evaluated yet is unknown"
_PRIMITIVE: Final = (bool, int, Decimal)


def evaluate(node: Any, scope: Scope | None, names: Names | None) -> Value:
    """Return the value of an expression.

    `scope` is the module instance it stands in (None for literals), `names` the iterators around it. Raises EvalError
    for what Terraform refuses; what cannot be told is Unknown.
    """
    kind = node[0]
    if kind == hcl.STR:
        return node[3]
    if kind == hcl.LIT:
        return node[3]
    if kind == hcl.NUM:
        return number(node[3])
    if kind == hcl.REF:
        return _reference(node[3], scope, names)
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise EvalError("an expression that cannot be read")
    return handler(node, scope, names)


def _reference(path: Sequence[str], scope: Scope | None, names: Names | None) -> Value:
    if names is not None and path[0] in names:
        return walk(names[path[0]], path[1:])
    if scope is None:
        return Unknown(".".join(path))
    return scope.reference(path)


def _template(node: Any, scope: Scope | None, names: Names | None) -> Value:
    parts = node[3]
    if len(parts) == 1 and not isinstance(parts[0], str) and parts[0][0] not in {hcl.TIF, hcl.TFOR}:
        return evaluate(parts[0], scope, names)
    return render(parts, scope, names)


def render(parts: Sequence[Any], scope: Scope | None, names: Names | None) -> Value:
    """Return the text of template parts, Unknown with its pieces when a part is."""
    text = glue([part if isinstance(part, str) else _part(part, scope, names) for part in parts])
    _count_result(scope, text)
    return text


def _part(part: Any, scope: Scope | None, names: Names | None) -> Value:
    if part[0] == hcl.TIF:
        condition = evaluate(part[3], scope, names)
        if isinstance(condition, Unknown):
            return Unknown(condition.why)
        return render(part[4 if _truth(condition) else 5], scope, names)
    if part[0] == hcl.TFOR:
        collection = _collection(evaluate(part[5], scope, names))
        if isinstance(collection, Unknown):
            return collection
        pieces: list[Value] = []
        for key, value in pairs(collection):
            _count(scope)
            inner = dict(names or {})
            if part[3]:
                inner[part[3]] = key
            inner[part[4]] = value
            pieces.append(render(part[6], scope, inner))
        return glue(pieces)
    value = evaluate(part, scope, names)
    if value is None:
        raise EvalError("null in a template")
    text = to_text(value)
    return text if isinstance(text, str) or text.parts else Unknown(text.why)


def _truth(value: Value) -> bool:
    result = to_bool(value)
    if not isinstance(result, bool):
        raise EvalError("not a bool")
    return result


def _collection(value: Value) -> Value:
    return Unknown(value.address) if isinstance(value, Handle) else value


def _count(scope: Scope | None, steps: int = 1) -> None:
    if scope is not None:
        scope.workspace.steps += steps
        if scope.workspace.steps > STEPS:
            scope.workspace.note(Notice(scope.top.module.path or ".", 0, _EXHAUSTED))
            raise EvalError(TOO_MUCH)


def _count_result(scope: Scope | None, value: Value) -> None:
    """Large results count as steps, so that no loop can fill the memory with them."""
    if isinstance(value, str) and len(value) > 1024:
        _count(scope, len(value) // 64)
    elif isinstance(value, (list, dict)) and len(value) > 64:
        _count(scope, len(value) // 4)


def _call(node: Any, scope: Scope | None, names: Names | None) -> Value:
    name, arguments, expand = node[3], node[4], node[5]
    name = name.removeprefix("core::")
    if name in {"try", "can"}:
        return _attempt(name, arguments, scope, names)
    if name == "templatestring" and arguments and arguments[0][0] in {hcl.STR, hcl.TMPL}:
        raise EvalError("templatestring takes the name of a template, not a template")
    values = [evaluate(argument, scope, names) for argument in arguments]
    if expand and values:
        last = values.pop()
        if isinstance(last, (Unknown, Handle)):
            return first_unknown(last)
        if not isinstance(last, list):
            raise EvalError("'...' needs a list")
        values += last
    _count(scope, call_steps(name, values))
    result = call_function(name, values, scope)
    if isinstance(result, Outside) and scope is not None:
        notes.call(scope, node, f"{name}: {result.path} lies outside the root of the run: not read")
    _count_result(scope, result)
    return result


def _attempt(name: str, arguments: Sequence[Any], scope: Scope | None, names: Names | None) -> Value:
    for argument in arguments:
        try:
            value = evaluate(argument, scope, names)
        except EvalError:
            continue
        if name == "try":
            return value
        # Unknown inside: whether it would fail is not known either.
        return True if first_unknown(value) is None else Unknown("can")
    if name == "can":
        return False
    raise EvalError("no argument of try succeeded")


def _tuple(node: Any, scope: Scope | None, names: Names | None) -> Value:
    return [evaluate(item, scope, names) for item in node[3]]


def _object(node: Any, scope: Scope | None, names: Names | None) -> Value:
    return object_of([(object_key(key, scope, names), evaluate(value, scope, names)) for key, value in node[3]])


def object_key(node: Any, scope: Scope | None, names: Names | None) -> Value:
    """Return the key an object's key expression stands for: a str or Unknown."""
    if node[0] == hcl.STR:
        return node[3]
    if node[0] == hcl.REF and len(node[3]) == 1:
        return node[3][0]
    if node[0] == hcl.LIT:
        return "null" if node[3] is None else to_text(node[3])
    key = evaluate(node, scope, names)
    if key is None:
        raise EvalError("null as a key")
    return to_text(key)


def _paren(node: Any, scope: Scope | None, names: Names | None) -> Value:
    return evaluate(node[3], scope, names)


def _get(node: Any, scope: Scope | None, names: Names | None) -> Value:
    return step(evaluate(node[3], scope, names), node[4])


def _index(node: Any, scope: Scope | None, names: Names | None) -> Value:
    return step(evaluate(node[3], scope, names), evaluate(node[4], scope, names))


def _conditional(node: Any, scope: Scope | None, names: Names | None) -> Value:
    condition = evaluate(node[3], scope, names)
    unknown = first_unknown(condition)
    if unknown is None:
        chosen, other = (node[4], node[5]) if _truth(condition) else (node[5], node[4])
        return _beside(evaluate(chosen, scope, names), other)
    branches: list[Value] = []
    for branch in node[4:6]:
        try:
            branches.append(evaluate(branch, scope, names))
        except EvalError:
            return Unknown(unknown.why)
    if same(branches[0], branches[1]) is True:
        return branches[0]
    return Unknown(unknown.why, either=tuple(branches))


def _beside(value: Value, other: Any) -> Value:
    """Convert a chosen branch to a string when the other one is written as a string."""
    if other[0] in {hcl.STR, hcl.TMPL} and isinstance(value, _PRIMITIVE):
        return to_text(value)
    return value


def _binary(node: Any, scope: Scope | None, names: Names | None) -> Value:
    # A chain `a + b + c …` leans to the left: it is walked in a loop, so that its length costs no stack.
    chain = []
    while node[0] == hcl.BIN:
        chain.append(node)
        node = node[4]
    value = evaluate(node, scope, names)
    for link in reversed(chain):
        value = _operate(link[3], value, link[5], scope, names)
    return value


def _operate(op: str, left: Value, right_node: Any, scope: Scope | None, names: Names | None) -> Value:
    if op in {"&&", "||"}:
        return _logic(op, left, right_node, scope, names)
    right = evaluate(right_node, scope, names)
    if op in {"==", "!="}:
        if is_huge(left) or is_huge(right):
            return Unknown(TOO_LARGE)
        equal = same(left, right)
        return equal if isinstance(equal, Unknown) or op == "==" else not equal
    unknown = first_unknown(left, right)
    if unknown is not None:
        return Unknown(unknown.why)
    a, b = to_number(left), to_number(right)
    if op in {"<", ">", "<=", ">="}:
        return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[op]
    return arithmetic(op, a, b)


def _logic(op: str, left: Value, right_node: Any, scope: Scope | None, names: Names | None) -> Value:
    decides = op == "||"
    left = to_bool(left)
    if left is decides:
        return decides
    try:
        right = to_bool(evaluate(right_node, scope, names))
    except EvalError:
        if isinstance(left, Unknown):
            return left
        raise
    if right is decides:
        return decides
    return left if isinstance(left, Unknown) else right


def _unary(node: Any, scope: Scope | None, names: Names | None) -> Value:
    value = evaluate(node[4], scope, names)
    unknown = first_unknown(value)
    if unknown is not None:
        return Unknown(unknown.why)
    return -to_number(value) if node[3] == "-" else not to_bool(value)


def _splat(node: Any, scope: Scope | None, names: Names | None) -> Value:
    value = evaluate(node[3], scope, names)
    if isinstance(value, Unknown):
        return Unknown(value.why)
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    out = [_splat_item(item, node[5], scope, names) for item in items]
    return TypedList(out) if isinstance(value, (TypedList, TypedSet)) else out


def _splat_item(value: Value, steps: Sequence[Any], scope: Scope | None, names: Names | None) -> Value:
    for position, key in enumerate(steps):
        if isinstance(value, Unknown):
            return value
        if key is None:
            items = value if isinstance(value, list) else [value]
            return [_splat_item(item, steps[position + 1 :], scope, names) for item in items]
        value = step(value, key if isinstance(key, str) else evaluate(key, scope, names))
    return value


def _for(node: Any, scope: Scope | None, names: Names | None) -> Value:
    key_name, value_name, collection_node, key_node, value_node, condition, group = node[3:]
    collection = _collection(evaluate(collection_node, scope, names))
    if isinstance(collection, Unknown):
        return Unknown(collection.why)
    listed: list[Value] = []
    mapped: dict[str, Value] = {}
    for key, value in pairs(collection):
        _count(scope)
        inner = dict(names or {})
        if key_name:
            inner[key_name] = key
        inner[value_name] = value
        if condition is not None:
            wanted = evaluate(condition, scope, inner)
            unknown = first_unknown(wanted)
            if unknown is not None:
                return Unknown(unknown.why)
            if not _truth(wanted):
                continue
        if key_node is None:
            listed.append(evaluate(value_node, scope, inner))
            continue
        new_key = to_text(evaluate(key_node, scope, inner))
        if isinstance(new_key, Unknown):
            return Unknown(new_key.why)
        item = evaluate(value_node, scope, inner)
        if group:
            mapped.setdefault(new_key, []).append(item)
        elif new_key in mapped:
            raise EvalError(f"two items with the key {new_key}")
        else:
            mapped[new_key] = item
    return listed if key_node is None else {key: mapped[key] for key in sorted(mapped)}


_HANDLERS: Final = {
    hcl.TMPL: _template,
    hcl.CALL: _call,
    hcl.TUP: _tuple,
    hcl.OBJ: _object,
    hcl.PAREN: _paren,
    hcl.GET: _get,
    hcl.IDX: _index,
    hcl.COND: _conditional,
    hcl.BIN: _binary,
    hcl.UN: _unary,
    hcl.SPLAT: _splat,
    hcl.FOR: _for,
}
