"""Blocks of Terraform from their plain structure; imported only when such a text is shown or written."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from opslint.engine.repair.hcl_layout import aligned
from opslint.model.patterns import regex

_EXPRESSION: Final = regex(r"\$\{(.*)\}", re.DOTALL)


def block_text(block: dict[str, object]) -> str:
    """Return HCL laid out as `terraform fmt` does, with a line break at its end.

    `block` is `{"resource": [{"type": {"name": {argument: value}}}]}`: labels are nested maps, a list of maps in a body
    is a nested block each, a text that is wholly `${…}` an expression.

    Raises:
        TypeError: it is not of this structure.
    """
    import hcl2

    top: dict[str, Any] = {}
    for type_, instances in block.items():
        if not isinstance(instances, list):
            raise TypeError(f"{type_} is not a list of blocks")
        top[type_] = [_labelled(instance, depth=_LABELS.get(type_, 0)) for instance in instances]
    text: str = hcl2.dumps(top)
    laid_out = "\n".join(aligned(text.strip("\n").split("\n"))) + "\n"
    return re.sub(r"\n{3,}", "\n\n", laid_out)


_LABELS: Final = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}


def labels_of(block: dict[str, object]) -> list[list[str]]:
    """Return type and labels of each block of the structure."""
    found = []
    for type_, instances in block.items():
        for instance in instances if isinstance(instances, list) else ():
            labels, at = [type_], instance
            for _ in range(_LABELS.get(type_, 0)):
                label, at = next(iter(at.items()))
                labels.append(label)
            found.append(labels)
    return found


def _labelled(value: Any, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a block is not a map")
    if depth:
        return {json.dumps(label): _labelled(inner, depth - 1) for label, inner in value.items()}
    return _body(value)


def _body(value: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, list) and item and all(isinstance(one, dict) for one in item):
            out[key] = [_body(one) for one in item]
        else:
            out[key] = _value(item)
    return {**out, "__is_block__": True}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value if _EXPRESSION.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
