"""Resources of Terraform's kubernetes provider as the Kubernetes objects that they make.

The provider writes fields in snake_case and repeats a block for each item of a list. Which field an argument is comes
from Kubernetes' own schema; `terraform/kubernetes_provider.json` has the names and the defaults that differ from it.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from opslint.model.node import Unknown
from opslint.read.evaluate.form import HclForm, Made, Raw
from opslint_schemas import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opslint.read.evaluate.form import Place
    from opslint.read.evaluate.trace import Hop

_TABLE: Final = "terraform/kubernetes_provider"
# Arguments that Terraform or the provider keeps for itself; as everything that is no field, they are left out.
_META: Final = "metadata"


class ObjectForm(HclForm):
    """How a Kubernetes object that stands in Terraform is seen: its keys are not those of the text."""

    __slots__ = ()
    derived: ClassVar[bool] = True  # fixes are written in the words of Kubernetes: none may be written into the file


def is_typed(type_: str) -> bool:
    """Return whether resources of a type are one Kubernetes object each, in the provider's own words."""
    return type_ in load(_TABLE)["kinds"]


def typed_object(type_: str, body: Raw) -> Raw:
    """Return the Kubernetes object of a resource's body. Raises KeyError for a type that has none."""
    return _Object(load(_TABLE)["kinds"][type_], body)


@cache
def _fields(definition: str) -> dict[str, str]:
    """Return the fields of a definition by their names without underscores and in lower case."""
    return {name.lower(): name for name in _properties(definition)}


def _properties(definition: str) -> Mapping[str, Any]:
    from opslint_schemas import objects

    found: Mapping[str, Any] = objects.definition(definition, objects.NEWEST)["properties"]
    return found


def _short(definition: str) -> str:
    return definition.rpartition(".")[2]


@cache
def _field(definition: str, argument: str, *, old: bool) -> str | None:
    """Return the field that an argument or block stands for, "" for the object around it, None for none."""
    special: Mapping[str, str] = load(_TABLE)["names"].get(_short(definition), {})
    if argument in special:
        return special[argument]
    fields, plain = _fields(definition), argument.replace("_", "").lower()
    for name in (plain, f"{plain}s", f"{plain}es", f"{plain[:-1]}ies"):
        if name in fields:
            return fields[name]
    if not old:
        return None
    first, *rest = argument.split("_")  # the data does not reach back to the version that the object has
    return first + "".join(word.capitalize() for word in rest)


def _target(schema: Mapping[str, Any]) -> str:
    """Return the name of the definition that a schema refers to, "" when it refers to none."""
    from opslint_schemas import objects

    return str(schema.get("$ref", "")).removeprefix(objects.PREFIX)


class _Opened(Raw):
    """A value that was opened to see whether it is set: it is not evaluated, nor counted as unknown, twice."""

    __slots__ = ("_inner", "_value")

    def __init__(self, inner: Raw, value: object) -> None:
        self._inner, self._value = inner, value

    def open(self) -> object:
        """Return the value."""
        return self._value

    def place(self) -> Place:
        """Return its text."""
        return self._inner.place()

    def key_place(self, key: str) -> Place | None:
        """Return the text of a key."""
        return self._inner.key_place(key)

    def hops(self) -> tuple[Hop, ...]:
        """Return the places it passed through."""
        return self._inner.hops()


class _Translated(Raw):
    """A value of the provider's, wherever it stands in the object."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Raw) -> None:
        self._inner = inner

    def open(self) -> object:
        """Return the value; an unknown one keeps its alternatives, each translated."""
        value = self._inner.open()
        if isinstance(value, Unknown):
            either = tuple(self._again(one) if isinstance(one, Raw) else one for one in value.either)
            return Unknown(value.why, value.parts, either)
        return self._opened(value)

    def _opened(self, value: object) -> object:
        return value

    @abstractmethod
    def _again(self, inner: Raw) -> Raw:
        """Return another value, translated as this one is."""

    def place(self) -> Place:
        """Return the text of the value."""
        return self._inner.place()

    def hops(self) -> tuple[Hop, ...]:
        """Return the places the value passed through."""
        return self._inner.hops()


class _Scalar(_Translated):
    """A scalar of the type that Kubernetes has for it: the provider takes many numbers as texts."""

    __slots__ = ("_schema", "octal")

    def __init__(self, inner: Raw, schema: Mapping[str, Any], *, octal: bool = False) -> None:
        super().__init__(inner)
        self._schema, self.octal = schema, octal

    def _again(self, inner: Raw) -> Raw:
        return _Scalar(inner, self._schema, octal=self.octal)

    def _opened(self, value: object) -> object:
        types = self._schema.get("type", ())
        types = (types,) if isinstance(types, str) else types
        if isinstance(value, str):
            return _of_text(value, types, octal=self.octal)
        if isinstance(value, bool) and "string" in types and "boolean" not in types:
            return "true" if value else "false"
        if isinstance(value, (int, float)) and not isinstance(value, bool) and "string" in types:
            return value if "integer" in types or "number" in types else str(value)
        return value


def _of_text(text: str, types: tuple[str, ...], *, octal: bool) -> object:
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    if "integer" in types and text.lstrip("-").isascii() and text.lstrip("-").isdigit():
        if octal and not text.strip("01234567"):
            return int(text, 8)
        return int(text)
    return text


class _List(_Translated):
    """A list: a block for each item, or a list of values."""

    __slots__ = ("_old", "_schema")

    def __init__(self, inner: Raw, schema: Mapping[str, Any], *, old: bool) -> None:
        super().__init__(inner)
        self._schema, self._old = schema, old

    def _again(self, inner: Raw) -> Raw:
        return _List(inner, self._schema, old=self._old)

    def _opened(self, value: object) -> object:
        if isinstance(value, list):
            return [_translated(item, self._schema, old=self._old) for item in value]
        return [_translated(self._inner, self._schema, old=self._old)] if isinstance(value, dict) else value


class _Map(_Translated):
    """A map with keys of the user's own."""

    __slots__ = ("_schema",)

    def __init__(self, inner: Raw, schema: Mapping[str, Any]) -> None:
        super().__init__(inner)
        self._schema = schema

    def _again(self, inner: Raw) -> Raw:
        return _Map(inner, self._schema)

    def _opened(self, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: _translated(item, self._schema, old=False) for key, item in value.items()}

    def key_place(self, key: str) -> Place | None:
        """Return the text of a key."""
        return self._inner.key_place(key)


class _Struct(_Translated):
    """An object whose fields the schema knows: a block, or an object value."""

    __slots__ = ("_arguments", "_definition", "_old")

    def __init__(self, inner: Raw, definition: str, *, old: bool) -> None:
        super().__init__(inner)
        self._definition, self._old = definition, old
        self._arguments: dict[str, tuple[Raw, str]] = {}  # field -> what holds its argument, and the argument's name

    def _again(self, inner: Raw) -> Raw:
        return _Struct(inner, self._definition, old=self._old)

    def _opened(self, value: object) -> object:
        holder = self._inner
        if isinstance(value, list):  # a nested block is a list of at most one
            if not value:
                return None
            holder, value = value[0], value[0].open()
        if isinstance(value, Unknown):
            return Unknown(value.why)
        if not isinstance(value, dict):
            return value if value is not None else {}  # an empty block
        out = dict(self._entries(holder, value))
        for field, given in load(_TABLE)["defaults"].get(_short(self._definition), {}).items():
            if field not in out or (isinstance(out[field], Raw) and out[field].open() is None):
                out[field] = Made(given, self.place())
        return out

    def _entries(self, holder: Raw, value: Mapping[str, Any]) -> Iterator[tuple[str, Raw]]:
        properties = _properties(self._definition)
        for argument, raw in value.items():
            field = _field(self._definition, argument, old=self._old)
            if field is None:
                continue
            inner = raw.open()
            if inner is None or inner in ("", []):  # a block that is not there, or what the provider takes as absent
                continue
            if field == "":
                items = inner if isinstance(inner, list) else [raw]
                for item in items[:1]:
                    content = item.open()
                    if isinstance(content, dict):
                        yield from self._entries(item, content)
                continue
            self._arguments[field] = (holder, argument)
            octal = field in load(_TABLE)["octal"]
            opened = _Opened(raw, inner)
            yield field, _translated(opened, properties.get(field, {}), old=self._old, octal=octal)

    def key_place(self, key: str) -> Place | None:
        """Return the name of a field's argument, or the header of its block."""
        if not self._arguments:
            self.open()
        holder, argument = self._arguments.get(key, (None, ""))
        return holder.key_place(argument) if holder is not None else None


def _translated(raw: Raw, schema: Mapping[str, Any], *, old: bool, octal: bool = False) -> Raw:
    definition = _target(schema)
    if definition:
        return _Struct(raw, definition, old=old)
    if "items" in schema:
        return _List(raw, schema["items"], old=old)
    if isinstance(schema.get("additionalProperties"), dict):
        return _Map(raw, schema["additionalProperties"])
    if not schema and old:
        return raw
    return _Scalar(raw, schema, octal=octal)


class _Object(Raw):
    """The whole object."""

    __slots__ = ("_body", "_content", "_row")

    def __init__(self, row: Mapping[str, Any], body: Raw) -> None:
        from opslint_schemas import objects

        self._row, self._body = row, body
        old = "fields_of" in row
        definition = objects.definition_of(row.get("fields_of", row["api_version"]), row["kind"], objects.NEWEST)
        self._content = _Struct(body, definition or "", old=old) if definition else None

    def open(self) -> object:
        """Return the fields of the object, with the apiVersion and kind of its type."""
        content = self._content.open() if self._content is not None else {}
        fields = content if isinstance(content, dict) else {}
        head: dict[str, object] = {
            "apiVersion": Made(self._api_version(), self._body.place()),
            "kind": Made(self._row["kind"], self._body.place()),
        }
        given: dict[str, Any] = dict(self._row.get("defaults", {}))
        if not self._row.get("cluster"):
            given["metadata.namespace"] = load(_TABLE)["default_namespace"]
        for path, value in given.items():
            _put(fields, path.split("."), value)
        return head | {name: raw for name, raw in fields.items() if name not in head}

    def _api_version(self) -> str:
        asked = self._row.get("with_spec", {})
        if asked:
            body = self._body.open()
            spec = body["spec"].open() if isinstance(body, dict) and "spec" in body else None
            inner = spec[0].open() if isinstance(spec, list) and spec else None
            for name, version in asked.items():
                if isinstance(inner, dict) and name in inner:
                    return str(version)
        return str(self._row["api_version"])

    def place(self) -> Place:
        """Return the resource's block."""
        return self._body.place()

    def key_place(self, key: str) -> Place | None:
        """Return the name of a field's argument, or the header of its block."""
        return self._content.key_place(key) if self._content is not None else None


class _With(Raw):
    """An object of the text with a field that the provider adds."""

    __slots__ = ("_field", "_inner", "_value")

    def __init__(self, inner: Raw, path: list[str], value: object) -> None:
        self._inner, self._field, self._value = inner, path, value

    def open(self) -> object:
        """Return the object with the field; one that is unknown stays so."""
        content = self._inner.open()
        if isinstance(content, Unknown):
            either = tuple(
                _With(one, self._field, self._value) if isinstance(one, Raw) else one for one in content.either
            )
            return Unknown(content.why, content.parts, either)
        if not isinstance(content, dict):
            return content
        fields = dict(content)
        _put(fields, self._field, self._value, self.place())
        return fields

    def place(self) -> Place:
        """Return the text of the object."""
        return self._inner.place()

    def key_place(self, key: str) -> Place | None:
        """Return the text of a key."""
        return self._inner.key_place(key)

    def hops(self) -> tuple[Hop, ...]:
        """Return the places the object passed through."""
        return self._inner.hops()


def _put(fields: dict[str, Any], path: list[str], value: object, at: Place | None = None) -> None:
    """Give a field its default where the object is there and the field is not."""
    name, *rest = path
    raw = fields.get(name)
    if rest:
        if isinstance(raw, Raw):
            fields[name] = _With(raw, rest, value)
    elif at is not None and (raw is None or raw.open() is None):
        fields[name] = Made(value, at)


__all__ = ["ObjectForm", "is_typed", "typed_object"]
