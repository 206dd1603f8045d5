"""The cheapest pass: whether composed YAML fits a schema, without making plain values of it first.

Nearly all objects fit, and making plain values of one takes longer than looking through them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.engine.validate.shapes import fits
from opslint.read.scalars import FIRST, plain_scalar
from opslint.read.yaml_form import YamlForm

if TYPE_CHECKING:
    from opslint.engine.validate.shapes import Shape
    from opslint.model.node import Node


def surely_fits(root: Node, shape: Shape) -> bool:
    """Return True when the plain value of a node fits; False is a doubt, as of everything that is no YAML."""
    form = root.form
    return type(form) is YamlForm and _fits(root.raw, shape, form.untagged)


def _fits(raw: Any, shape: Shape, untagged: object) -> bool:
    """Look through a value; one function, for calls are what it costs."""
    shape.ready()
    kind = raw.id
    if kind == "scalar":
        return raw.ctag is untagged and fits(raw.value if raw.style else plain_scalar(raw.value), shape)
    type_: type = dict if kind == "mapping" else list
    if type_ in shape.plain:
        return True
    if type_ not in shape.types:
        return False
    for types, _ in shape.tests:
        if type_ in types:
            return False
    if type_ is list:
        items = shape.items
        if items is not None:
            for item in raw.value:
                if not _fits(item, items, untagged):
                    return False
        return True
    get, rest, required = shape.properties.get, shape.rest, shape.required
    missing = len(required)
    for key, value in raw.value:  # of a key that is written twice both values are looked at
        name = key.value
        if name.__class__ is not str or name == "<<":  # the value of a scalar is a text, that of a collection a list
            return False
        if missing and name in required:
            missing -= 1
        inner = get(name, rest)
        if inner is None:
            return False
        text = value.value
        if text.__class__ is not str:
            if not _fits(value, inner, untagged):
                return False
        elif value.ctag is not untagged:
            return False
        else:
            item = text if value.style or (text and text[0] not in FIRST) else plain_scalar(text)
            if item.__class__ not in inner.plain and not fits(item, inner):
                return False
    if len(required) > 1:
        return {key.value for key, _ in raw.value}.issuperset(required)
    return not missing
