"""The schemas of the project's own CustomResourceDefinitions, as strict JSON Schema.

A field that the API server would prune is one that the schema does not know. Nulls are dropped first, as the API server
does it, where the field is not nullable.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from opslint.model.cached import once
from opslint.model.node import Unknown
from opslint.model.records import NamedTuple
from opslint_schemas.objects import OBJECT_META, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.kube import KubeObject
    from opslint.model.project import Project

GROUP: Final = "apiextensions.k8s.io"
_TYPES: Final = frozenset({"array", "boolean", "integer", "number", "object", "string"})
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_STRING: Final = {"type": ["string", "null"]}
_EMPTY: Final[dict[str, Any]] = {}


class SchemaError(Exception):
    """A schema of a CustomResourceDefinition that cannot be used; `path` leads to the wrong part."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path, self.message = path, message


class CustomSchema(NamedTuple):
    """The schema of one version of a custom resource, and who declares it."""

    definition: KubeObject
    schema: dict[str, Any]


def custom_schemas(item: KubeObject, project: Project) -> list[CustomSchema]:
    """Return the schemas that the project has for an object, those of its own unit first.

    An empty one, when a definition of its kind is there whose schema cannot be used: it takes everything.
    """
    declared = _declared.get(project)
    if declared is None:
        declared = _declared[project] = _index(project)
    found = declared.get((item.api_version, item.kind))
    if found is None:
        return []
    own = [one for one in found if one.definition.unit is item.unit]
    return own or found


_declared: WeakKeyDictionary[Project, dict[tuple[str, str], list[CustomSchema]]] = WeakKeyDictionary()


def _index(project: Project) -> dict[tuple[str, str], list[CustomSchema]]:
    index: dict[tuple[str, str], list[CustomSchema]] = {}
    for definition in project.of_kind("CustomResourceDefinition"):
        for version, made, _ in _schemas(definition):
            spec = definition.spec
            group, kind = spec["group"], spec["names"]["kind"] if spec["names"].known else spec["names"]
            if group.known and kind.known:
                usable = {} if isinstance(made, SchemaError) else made
                index.setdefault((f"{group.text}/{version}", kind.text), []).append(CustomSchema(definition, usable))
    return index


@once
def _schemas(definition: KubeObject) -> list[tuple[str, dict[str, Any] | SchemaError, int]]:
    """Return the name of each version that has a schema, the converted schema or why it is none, and its index."""
    found: list[tuple[str, dict[str, Any] | SchemaError, int]] = []
    if definition.group != GROUP or not definition.spec.known or not definition.spec.is_map:
        return found
    versions = definition.spec["versions"]
    for index, version in enumerate(versions if versions.known else ()):
        if not version.known or not version.is_map or not version["name"].known:
            continue
        schema = version["schema"]
        if schema.known and schema["openAPIV3Schema"].present:
            made: dict[str, Any] | SchemaError
            try:
                made = converted(schema["openAPIV3Schema"].plain())
            except SchemaError as error:
                made = error
            found.append((version["name"].text, made, index))
    return found


def schema_errors(definition: KubeObject) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path in the object and what is wrong with the first unusable schema of a definition."""
    for version, made, index in _schemas(definition):
        if isinstance(made, SchemaError):
            path: tuple[str | int, ...] = ("spec", "versions", index, "schema", "openAPIV3Schema", *made.path)
            yield path, f"the schema of version {version} cannot be used: {made.message}"
            return


def converted(schema: Any) -> dict[str, Any]:
    """Return the strict JSON Schema that an openAPIV3Schema stands for.

    Raises:
        SchemaError: it is none.
    """
    made = _structural(schema, ())
    if made.get("type") != "object":
        raise SchemaError((), "the type of the root must be object")
    made["properties"] = {
        **made.get("properties", {}),
        "apiVersion": _STRING,
        "kind": _STRING,
        "metadata": {"$ref": PREFIX + OBJECT_META},
        "status": {},  # the API server takes it from controllers alone
    }
    required = [name for name in made.get("required", ()) if name not in {"apiVersion", "kind", "metadata", "status"}]
    made["required"] = required
    return made


def without_nulls(value: Any, schema: dict[str, Any]) -> Any:
    """Return a plain value without the nulls of fields that are not nullable by a converted schema."""
    if isinstance(value, dict):
        properties, rest = schema.get("properties", _EMPTY), schema.get("additionalProperties")
        kept = {}
        for key, item in value.items():
            inner = properties.get(key, rest)
            if item is not None or not isinstance(inner, dict) or "null" in inner.get("type", "null"):
                kept[key] = without_nulls(item, inner) if isinstance(inner, dict) else item
        return kept
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return [without_nulls(item, items) for item in value]
    return value


def _structural(schema: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """Convert a part that describes fields, and not merely conditions on their values."""
    if not isinstance(schema, dict):
        raise SchemaError(path, "a schema must be a map")
    made = _conditions(schema, path)
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") is True
    type_ = schema.get("type")
    nullable = schema.get("nullable") is True
    if schema.get("x-kubernetes-int-or-string") is True:
        made["type"] = ["integer", "string", "null"] if nullable else ["integer", "string"]
        made.pop("anyOf", None)
    elif type_ is not None:
        made["type"] = [type_, "null"] if nullable else type_
    elif not keeps:
        raise SchemaError(path, "a field needs a type")
    if nullable and "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    if type_ == "object" or (type_ is None and "properties" in schema):
        _object(schema, made, path, keeps=keeps)
    if "items" in schema:
        made["items"] = _structural(schema["items"], (*path, "items"))
    return made


def _object(schema: dict[str, Any], made: dict[str, Any], path: tuple[str, ...], *, keeps: bool) -> None:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise SchemaError((*path, "properties"), "properties must be a map")
    asked = _names(schema.get("required", []), (*path, "required"))
    filled = [name for name in asked if isinstance(properties.get(name), dict) and "default" in properties[name]]
    required = [name for name in asked if name not in filled]
    made["properties"] = {
        str(name): _structural(value, (*path, "properties", name)) for name, value in properties.items()
    }
    if required:
        made["required"] = required
    else:
        made.pop("required", None)
    if schema.get("x-kubernetes-embedded-resource") is True:
        made["properties"].update(apiVersion=_STRING, kind=_STRING)
        made["properties"]["metadata"] = {"$ref": PREFIX + OBJECT_META}
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        made["additionalProperties"] = _structural(rest, (*path, "additionalProperties"))
    elif rest is not True and not keeps:
        made["additionalProperties"] = False


def _conditions(schema: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """Convert what a schema asks of values, without what it knows of fields."""
    made: dict[str, Any] = {}
    if _has_unknown(schema):
        raise SchemaError(path, "it cannot be told from the files")
    type_ = schema.get("type")
    if type_ is not None and (not isinstance(type_, str) or type_ not in _TYPES):
        raise SchemaError((*path, "type"), f"{type_!r} is none of its types ({', '.join(sorted(_TYPES))})")
    _numbers(schema, made, path)
    if isinstance(schema.get("enum"), list):
        made["enum"] = schema["enum"]
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error:
            pass  # Go's patterns may say what Python's cannot
        else:
            made["pattern"] = pattern
    for key in ("anyOf", "allOf", "oneOf"):
        if key in schema:
            if not isinstance(schema[key], list):
                raise SchemaError((*path, key), f"{key} must be a list")
            made[key] = [_value(one, (*path, key)) for one in schema[key]]
    if "not" in schema:
        made["not"] = _value(schema["not"], (*path, "not"))
    return made


def _numbers(schema: dict[str, Any], made: dict[str, Any], path: tuple[str, ...]) -> None:
    for key in (*_COUNTS, "minimum", "maximum", "multipleOf"):
        if schema.get(key) is not None:
            if isinstance(schema[key], bool) or not isinstance(schema[key], (int, float)):
                raise SchemaError((*path, key), f"{key} must be a number")
            made[key] = schema[key]
    for key, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and key in made:
            made[exclusive] = made.pop(key)


def _value(schema: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """Convert a condition: it closes nothing."""
    if not isinstance(schema, dict):
        raise SchemaError(path, "a schema must be a map")
    made = _conditions(schema, path)
    if isinstance(schema.get("type"), str):
        made["type"] = schema["type"]
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {
            str(name): _value(one, (*path, "properties", name)) for name, one in schema["properties"].items()
        }
    if "required" in schema:
        made["required"] = _names(schema["required"], (*path, "required"))
    if isinstance(schema.get("items"), dict):
        made["items"] = _value(schema["items"], (*path, "items"))
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _value(schema["additionalProperties"], (*path, "additionalProperties"))
    return made


def _names(said: Any, path: tuple[str, ...]) -> list[str]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise SchemaError(path, "required must be a list of field names")
    return said


def _has_unknown(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return isinstance(schema, Unknown)
    return any(
        isinstance(one, Unknown) or (isinstance(one, list) and any(isinstance(part, Unknown) for part in one))
        for one in schema.values()
    )
