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
    try:
        return type(form) is YamlForm and _fits(root.raw, shape, form.untagged)
    except TypeError:
        return False  # a key that is a collection


def _fits(raw: Any, shape: Shape, untagged: object) -> bool:
    """Look through a value; one function, for calls are what it costs."""
    if shape.unread is not None:
        shape.ready()
    kind = raw.id
    if kind == "scalar":
        return raw.ctag is untagged and fits(raw.value if raw.style else plain_scalar(raw.value), shape)
    if kind == "sequence":
        if list not in shape.entered:
            return list in shape.plain
        items = shape.items
        if items is not None:
            for item in raw.value:
                if not _fits(item, items, untagged):
                    return False
        return True
    if dict not in shape.entered:
        return dict in shape.plain
    strings, get, rest = shape.strings, shape.properties.get, shape.rest
    for key, value in raw.value:  # of a key that is written twice both values are looked at
        name, text = key.value, value.value  # the value of a scalar is a text, that of a collection a list
        if text.__class__ is not str:
            inner = get(name, rest)
            if inner is None or name == "<<" or not _fits(value, inner, untagged):
                return False
            continue
        if value.ctag is not untagged:
            return False
        if value.style or (text and text[0] not in FIRST):
            if name in strings:
                continue
        else:
            text = plain_scalar(text)
        inner = get(name, rest)
        if inner is None or name == "<<" or (text.__class__ not in inner.plain and not fits(text, inner)):
            return False
    for name in shape.required:
        for key, _ in raw.value:
            if key.value == name:
                break
        else:
            return False
    return True
