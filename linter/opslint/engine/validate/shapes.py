"""The cheap pass: whether a value fits a schema, without a word on why not.

`fits` never says yes where `jsonschema` says no. What it cannot tell (a keyword it does not know) it doubts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.node import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Test: TypeAlias = Callable[[Any], bool]

_TYPES: Final[dict[str, frozenset[type]]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "null": frozenset({type(None)}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
}
_ALL: Final[frozenset[type]] = frozenset({str, int, float, bool, type(None), dict, list})
# Keywords that say nothing about validity.
_SILENT: Final = frozenset(
    {"type", "format", "description", "title", "default", "example", "externalDocs", "properties", "required"}
    | {"additionalProperties", "items", "$defs", "$schema"}
)
_INNER: Final = frozenset({"$ref", "properties", "additionalProperties", "items"})  # keywords of what has parts
_NUMBERS: Final[frozenset[type]] = frozenset({int, float})
_STRINGS: Final[frozenset[type]] = frozenset({str})
_MAPS: Final[frozenset[type]] = frozenset({dict})
_LISTS: Final[frozenset[type]] = frozenset({list})


class Shape:
    """A schema made ready for `fits`, when it is first needed.

    `plain` are the Python types of values that fit whatever they are; an Unknown fits everything. `tested` are those of
    which more is asked, `entered` those that fit when all within them does. `strings` are the properties that take any
    text. `unread` is the schema until it is `ready`.
    """

    __slots__ = (
        *("entered", "integral", "items", "plain", "properties", "required", "rest", "shapes", "strings", "tested"),
        *("tests", "types", "unread"),
    )

    def __init__(self, schema: Mapping[str, Any], shapes: Shapes) -> None:
        self.unread: Mapping[str, Any] | None = schema
        self.shapes = shapes
        self.plain: frozenset[type] = frozenset()
        self.types: frozenset[type] = _ALL
        self.integral = False
        self.properties: dict[str, Shape] = {}
        self.required: tuple[str, ...] = ()
        self.rest: Shape | None = None
        self.items: Shape | None = None
        self.tests: tuple[tuple[frozenset[type], Test], ...] = ()
        self.tested: frozenset[type] = frozenset()
        self.entered: frozenset[type] = frozenset()
        self.strings: frozenset[str] = frozenset()
        if _INNER.isdisjoint(schema):
            self._fill(schema)

    def ready(self) -> None:
        """Read the schema, once."""
        schema, self.unread = self.unread, None
        if schema is not None:
            reference = schema.get("$ref")
            self._fill(schema if reference is None else self.shapes.resolve(reference))

    def _fill(self, schema: Mapping[str, Any]) -> None:
        self.unread = None
        said = schema.get("type")
        names = [said] if isinstance(said, str) else said
        if names is not None:
            self.types = frozenset().union(*(_TYPES[name] for name in names))
            self.integral = "integer" in names and "number" not in names
        shape = self.shapes.shape
        self.properties = {key: shape(value) for key, value in schema.get("properties", {}).items()}
        self.required = tuple(schema.get("required", ()))
        rest = schema.get("additionalProperties", True)
        self.rest = None if rest is False else shape({} if rest is True else rest)
        items = schema.get("items", True)
        self.items = shape({} if items is True else items)
        tests = [_test(key, value, self.shapes) for key, value in schema.items() if key not in _SILENT]
        self.tests = tuple(test for test in tests if test is not None)
        self.tested = tested = frozenset().union(*(types for types, _ in self.tests))
        self.strings = frozenset(key for key, value in self.properties.items() if str in value.plain)
        open_map = self.rest is _any(self.shapes) and not self.properties and not self.required
        inner = (_MAPS if not open_map else frozenset()) | (
            _LISTS if self.items is not _any(self.shapes) else frozenset()
        )
        self.plain = (self.types - tested - inner) | {Unknown}
        self.entered = (self.types - tested) & inner


class Shapes:
    """Makes shapes; `resolve` returns the schema that a `$ref` means."""

    __slots__ = ("_made", "_named", "anything", "resolve")

    def __init__(self, resolve: Callable[[str], Mapping[str, Any]]) -> None:
        self.resolve = resolve
        self._made: dict[int, tuple[Mapping[str, Any], Shape]] = {}
        self._named: dict[str, Shape] = {}
        self.anything: Shape | None = None

    def shape(self, schema: Mapping[str, Any]) -> Shape:
        """Return the shape of a schema. One that only refers to another becomes that one when it is first needed.

        A pod refers to thirty kinds of volumes, and has two.
        """
        reference = schema.get("$ref")
        if reference is not None:
            found = self._named.get(reference)
            if found is None:
                found = self._named[reference] = Shape(schema, self)
            return found
        if not schema:
            return _any(self)
        known = self._made.get(id(schema))
        if known is None:
            known = self._made[id(schema)] = (schema, Shape(schema, self))  # the schema stays, and so its id
        return known[1]


def _any(shapes: Shapes) -> Shape:
    if shapes.anything is None:
        shapes.anything = shape = Shape.__new__(Shape)
        shape.unread = None
        shape.shapes, shape.types, shape.integral = shapes, _ALL, False
        shape.plain = _ALL | {Unknown}
        shape.properties, shape.required, shape.rest, shape.items, shape.tests = {}, (), shape, shape, ()
        shape.tested, shape.entered, shape.strings = frozenset(), frozenset(), frozenset()
    return shapes.anything


def fits(value: Any, shape: Shape) -> bool:
    """Return True when a plain value fits; False is a doubt."""
    if shape.unread is not None:
        shape.ready()
    kind = type(value)
    if kind in shape.plain:
        return True
    if kind not in shape.types and not (shape.integral and kind is float and value.is_integer()):
        return False
    if kind is dict:
        if not _map_fits(value, shape):
            return False
    elif kind is list:
        inner = shape.items
        if inner is not None:
            plain = inner.plain
            for item in value:
                if type(item) not in plain and not fits(item, inner):
                    return False
    for types, test in shape.tests:  # noqa: SIM110 - a generator would cost more than most tests
        if kind in types and not test(value):
            return False
    return True


def _map_fits(value: dict[str, Any], shape: Shape) -> bool:
    for name in shape.required:
        if name not in value:
            return False
    get, rest = shape.properties.get, shape.rest
    for key, item in value.items():
        inner = get(key, rest)
        if inner is None or (type(item) not in inner.plain and not fits(item, inner)):
            return False
    return True


def _test(key: str, said: Any, shapes: Shapes) -> tuple[frozenset[type], Test] | None:
    if key.startswith("x-"):
        return None
    if key in {"enum", "anyOf", "oneOf", "allOf", "not"}:
        return _ALL, _choice(key, said, shapes)
    if key in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}:
        return _NUMBERS, _bound(key, said)
    if key == "pattern":
        search = re.compile(said).search
        return _STRINGS, lambda value: search(value) is not None
    sizes = {"Length": _STRINGS, "Items": _LISTS, "Properties": _MAPS}
    types = sizes.get(key[3:])
    if types is not None and key[:3] == "min":
        return types, lambda value: len(value) >= said
    if types is not None and key[:3] == "max":
        return types, lambda value: len(value) <= said
    return _ALL, lambda _: False  # a keyword that is not known: a doubt


def _bound(key: str, said: Any) -> Test:
    if key == "minimum":
        return lambda value: bool(value >= said)
    if key == "maximum":
        return lambda value: bool(value <= said)
    if key == "exclusiveMinimum":
        return lambda value: bool(value > said)
    return lambda value: bool(value < said)


def _choice(key: str, said: Any, shapes: Shapes) -> Test:
    if key == "enum":
        texts = frozenset(one for one in said if isinstance(one, str))
        others = [one for one in said if not isinstance(one, str)]
        return lambda value: (
            value in texts
            if type(value) is str
            else any(isinstance(one, bool) == isinstance(value, bool) and one == value for one in others)
        )
    made: list[Shape] = [shapes.shape(one) for one in (said if isinstance(said, list) else [said])]
    if key == "anyOf":
        return lambda value: any(fits(value, one) for one in made)
    if key == "allOf":
        return lambda value: all(fits(value, one) for one in made)
    # A doubt about one of these would say yes: only what is surely told counts.
    if not all(_is_sure(one) for one in (said if isinstance(said, list) else [said])):
        return lambda _: False
    if key == "oneOf":
        return lambda value: sum(fits(value, one) for one in made) == 1
    return lambda value: not fits(value, made[0])


_SURE: Final = _SILENT | {"enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}


def _is_sure(schema: Any) -> bool:
    """True when `fits` is right about a schema both when it says yes and when it says no."""
    if not isinstance(schema, dict):
        return False
    nested = [*schema.get("properties", {}).values()]
    nested += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    for key in ("anyOf", "allOf", "oneOf"):
        nested += schema.get(key, ())
    nested += [schema["not"]] if "not" in schema else []
    known = all(key in _SURE or key.startswith("x-") or key in {"anyOf", "allOf", "oneOf", "not"} for key in schema)
    return known and all(_is_sure(one) for one in nested)
