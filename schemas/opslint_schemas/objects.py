"""The fields of Kubernetes' built-in objects, minor by minor, as JSON Schema (draft 2020-12).

A null counts as an absent field, as it does to the API server: optional fields, list items and map values take one.
Fields that no schema knows are refused. Definitions are made when asked for: a run pays for the kinds it has.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

__all__ = [
    "NEWEST",
    "OBJECT_META",
    "OLDEST",
    "definition",
    "definition_of",
    "fields_by_short_name",
    "json_schema",
    "minors_with",
    "with_definitions",
]

OLDEST: Final = 25
NEWEST: Final = 37
OBJECT_META: Final = "apimachinery.pkg.apis.meta.v1.ObjectMeta"
PREFIX: Final = "#/$defs/"

QUANTITY: Final = r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?\s*$"
BASE64: Final = (
    r"^[\r\n]*(([A-Za-z0-9+/][\r\n]*){4})*(([A-Za-z0-9+/][\r\n]*){2}(=[\r\n]*|[A-Za-z0-9+/][\r\n]*)=[\r\n]*)?$"
)

_INT32: Final = {"minimum": -(2**31), "maximum": 2**31 - 1}
# What the codes of the data mean (schemas/build/kubernetes_schemas.py writes them), each with its types.
_CODES: Final[dict[str, tuple[tuple[str, ...], dict[str, Any]]]] = {
    "s": (("string",), {}),
    "n": (("number",), {}),
    "b": (("boolean",), {}),
    "i": (("integer",), {"format": "int32", **_INT32}),
    "l": (("integer",), {"format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1}),
    "y": (("string",), {"format": "byte", "pattern": BASE64}),
    "q": (("string", "number"), {"format": "quantity", "pattern": QUANTITY}),
    "x": (("integer", "string"), {"format": "int-or-string", **_INT32}),
    "o": (("object",), {}),
}


@cache
def _lines() -> list[bytes]:
    import zlib

    with open(f"{__file__.rpartition('objects.py')[0]}kubernetes/schemas.json.z", "rb") as file:  # noqa: PTH123
        return zlib.decompress(file.read()).split(b"\n")


@cache
def _index() -> dict[str, dict[str, Any]]:
    import json

    found: dict[str, dict[str, Any]] = json.loads(_lines()[0])
    return found


def _line(name: str, minor: int) -> int:
    """Return the line of a definition, -1 when the minor has none."""
    found = -1
    if OLDEST <= minor <= NEWEST:
        for since, line in _index()["definitions"].get(name, ()):
            if since > minor:
                break
            found = line
    return found


@cache
def definition_of(api_version: str, kind: str, minor: int) -> str | None:
    """Return the name of the definition of a kind, None when the minor (1.34 is 34) has none or is not covered."""
    group = api_version.rpartition("/")[0]
    if "." in group and not group.endswith(".k8s.io"):
        return None  # a custom resource's, as most are: the index need not be opened
    name = _index()["kinds"].get(f"{api_version}/{kind}")
    return name if name is not None and _line(name, minor) >= 0 else None


@cache
def _made(line: int) -> dict[str, Any]:
    import json

    row = json.loads(_lines()[line])
    required = row.get("r", ())
    made: dict[str, Any] = {
        "type": ["object", "null"],
        "properties": {name: _schema(code, null=name not in required) for name, code in row["p"].items()},
        "additionalProperties": False,
    }
    if required:
        made["required"] = required
    return made


def definition(name: str, minor: int) -> dict[str, Any]:
    """Return one definition as JSON Schema, its `$ref`s naming others as `#/$defs/<name>`.

    The answer is cached, and shared by the minors that do not differ: callers must not change it. Raises KeyError.
    """
    line = _line(name, minor)
    if line < 0:
        raise KeyError(name)
    return _made(line)


def _schema(code: Any, *, null: bool = True) -> dict[str, Any]:
    if isinstance(code, str):
        return _named(code, null)
    if "a" in code:
        return {"type": _types(("array",), null), "items": _schema(code["a"])}
    if "m" in code:
        return {"type": _types(("object",), null), "additionalProperties": _schema(code["m"])}
    return {"type": _types(("string",), null), "enum": [*code["e"], None] if null else code["e"]}


@cache
def _named(code: str, null: bool) -> dict[str, Any]:
    if code == "*":
        return {}
    if code.startswith("#"):
        return {"$ref": PREFIX + code[1:]}
    types, more = _CODES[code]
    return {"type": _types(types, null), **more}


def _types(types: tuple[str, ...], null: bool) -> str | list[str]:
    return [*types, "null"] if null else types[0] if len(types) == 1 else list(types)


def json_schema(api_version: str, kind: str, minor: int) -> dict[str, Any] | None:
    """Return the schema of a kind with all that it refers to under `$defs`; None when the minor has no such kind."""
    name = definition_of(api_version, kind, minor)
    return None if name is None else with_definitions({"$ref": PREFIX + name}, minor)


def with_definitions(schema: dict[str, Any], minor: int) -> dict[str, Any]:
    """Return a schema with the definitions under `$defs` that it refers to, those of the minor."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            target = one.get("$ref")
            if isinstance(target, str) and target.startswith(PREFIX) and target[len(PREFIX) :] not in found:
                found[target[len(PREFIX) :]] = made = definition(target[len(PREFIX) :], minor)
                waiting.append(made)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return {**schema, "$defs": found}


def fields_by_short_name(minor: int) -> dict[str, set[str]]:
    """Return the fields of a minor's definitions by the last part of their names, those of one name together."""
    found: dict[str, set[str]] = {}
    for name in _index()["definitions"]:
        if _line(name, minor) >= 0:
            found.setdefault(name.rpartition(".")[2], set()).update(definition(name, minor)["properties"])
    return found


def minors_with(name: str, field: str) -> list[int]:
    """Return the minors whose definition of that name has the field."""
    return [
        minor
        for minor in range(OLDEST, NEWEST + 1)
        if (line := _line(name, minor)) >= 0 and field in _made(line)["properties"]
    ]
