"""Checks a configuration against its JSON Schema, with places and near names.

Only the keywords that the schema uses are understood: type, enum, pattern, properties, additionalProperties,
propertyNames, required, items and $ref. The `jsonschema` library would cost several interpreter starts and knows no
places; a test holds both to the same verdicts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.config.document import failure
from opslint.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.config.error import ConfigError
    from opslint.model.node import Node

Schema: TypeAlias = "dict[str, Any]"

_WORDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "number": "a number",
    "null": "nothing",
}


def check_frame(root: Node, schema: Schema) -> Iterator[ConfigError]:
    """Yield what does not fit the schema, in order of the file."""
    yield from _check(root, schema, schema.get("$defs", {}), ())


def _check(node: Node, schema: Schema, definitions: Schema, path: tuple[str, ...]) -> Iterator[ConfigError]:
    reference = schema.get("$ref")
    if reference is not None:
        schema = definitions[reference.removeprefix("#/$defs/")] | schema
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    found = _type_of(node)
    if types and found not in types:
        yield failure(f"{_name(path)} must be {_alternatives(types)}, not {_found(node, found, types)}", _place(node))
        return
    if found == "object":
        yield from _check_object(node, schema, definitions, path)
    elif found == "array" and "items" in schema:
        for index, item in enumerate(node):
            yield from _check(item, schema["items"], definitions, (*path, str(index)))
    elif found == "string":
        yield from _check_text(node, schema, path)


def _check_object(node: Node, schema: Schema, definitions: Schema, path: tuple[str, ...]) -> Iterator[ConfigError]:
    known: Schema = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    names: Schema = schema.get("propertyNames", {})
    for key, child in node.items():
        inner = (*path, key)
        if key in known:
            yield from _check(child, known[key], definitions, inner)
        elif rest is False:
            yield failure(_unknown(key, path, known), _key_place(child))
        elif names and not re.search(names["pattern"], key):
            yield failure(f"{_name(path)}: the key {key!r} is not of the form {_form(names)}", _key_place(child))
        elif isinstance(rest, dict):
            yield from _check(child, rest, definitions, inner)
    for key in schema.get("required", ()):
        if key not in node:
            yield failure(f"{_name(path)} needs the key {key!r}", node.location)


def _check_text(node: Node, schema: Schema, path: tuple[str, ...]) -> Iterator[ConfigError]:
    text = node.text
    allowed = schema.get("enum")
    if allowed is not None and text not in allowed:
        yield failure(
            f"{_name(path)} is {text!r}, but one of {', '.join(allowed)} is wanted{near(text, allowed)}", _place(node)
        )
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern, text):
        examples = "a date such as 2027-01-31" if schema.get("format") == "date" else _form(schema)
        yield failure(f"{_name(path)} is {text!r}, but {examples} is wanted", _place(node))


def _form(schema: Schema) -> str:
    """Return the examples of a form: a pattern says little to most people."""
    return " or ".join(schema.get("examples", ())) or str(schema["pattern"])


def near(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the nearest known name, "" when none is near."""
    from difflib import get_close_matches

    found = get_close_matches(name, list(known), n=1)
    return f'; did you mean "{found[0]}"?' if found else ""


def _unknown(key: str, path: tuple[str, ...], known: Schema) -> str:
    where = f" in {_name(path)}" if path else ""
    hint = near(key.replace("-", "_"), known) or f"; known are {', '.join(known)}"
    return f"unknown key {key!r}{where}{hint}"


def _type_of(node: Node) -> str:
    if node.is_map:
        return "object"
    if node.is_list:
        return "array"
    value = node.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "string"


def _found(node: Node, found: str, wanted: list[str]) -> str:
    if found in {"number", "boolean"} and "string" in wanted:
        return f"{_WORDS[found]}: write it in quotes"
    if found == "string" and "array" in wanted:
        return f"text: write [{node.text}]"
    return _WORDS[found]


def _alternatives(types: list[str]) -> str:
    return " or ".join(_WORDS[type_] for type_ in types)


def _name(path: tuple[str, ...]) -> str:
    name = ""
    for part in path:
        name += f"[{part}]" if part.isdecimal() and name else f".{part}" if name else part
    return name or "the configuration"


def _key_place(node: Node) -> Location:
    span = node.key_span
    return Location(node.source, span) if span is not None else node.location


def _place(node: Node) -> Location:
    """The value, or the key when the value is written nowhere (`key:` alone)."""
    return _key_place(node) if not node.present or node.is_map or node.is_list else node.location
