"""Why a value does not fit a schema, in the words of someone who writes manifests: `jsonschema` finds the places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.records import NamedTuple
from opslint_schemas import objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LONGEST: Final = 60  # characters of a value that a message shows
_CHOICES: Final = 12  # values of an enum that a message shows
_NAMES: Final = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
}
_SAID: Final = {"anyOf": "none", "oneOf": "not exactly one", "not": "what is ruled out", "allOf": "not all"}


class Flaw(NamedTuple):
    """Something wrong at a path: `kind` is unknown, missing or value, `near` the names or values that may be meant."""

    kind: str
    path: tuple[str | int, ...]
    said: str
    near: tuple[str, ...] = ()
    known: str = ""  # of an unknown field: when it is known, if ever


def explain(value: Any, schema: Mapping[str, Any], minor: int, *, secret: bool = False) -> list[Flaw]:
    """Return all flaws, [] when the value fits after all.

    `schema` refers to definitions of the minor. With `secret` no value is repeated.
    """
    from jsonschema import Draft202012Validator

    complete = objects.with_definitions(dict(schema), minor)
    names = {id(made): name for name, made in complete["$defs"].items()}
    found: dict[tuple[str, tuple[str | int, ...]], Flaw] = {}
    for error in Draft202012Validator(complete).iter_errors(value):
        for flaw in _flaws(error, names, secret=secret):
            found.setdefault((flaw.kind, flaw.path), flaw)
    return list(found.values())


def _flaws(error: Any, names: dict[int, str], *, secret: bool) -> Iterator[Flaw]:
    path = tuple(error.absolute_path)
    instance, keyword, said = error.instance, error.validator, error.validator_value
    if isinstance(instance, Unknown):
        return
    if keyword == "additionalProperties":
        properties = error.schema.get("properties", {})
        for key in instance:
            if key not in properties:
                known = _known(names.get(id(error.schema)), key)
                yield Flaw("unknown", (*path, key), "", near(key, properties, instance), known)
    elif keyword == "required":
        for key in said:
            if key not in instance:
                yield Flaw("missing", (*path, key), "is required")
    elif keyword == "type" and instance is None:
        yield Flaw("missing", path, "is required, and null counts as absent")
    elif keyword == "type":
        yield Flaw("value", path, f"is {_kind(instance)}, and must be {_types(said)}{_quote(instance, said)}")
    elif keyword == "enum":
        choices = [_literal(one) for one in said if one not in {None, ""}]
        listed = ", ".join(choices) if len(choices) <= _CHOICES else ", ".join([*choices[:_CHOICES], "…"])
        text = instance if isinstance(instance, str) else ""
        close = near(text, [one for one in said if isinstance(one, str) and one], ()) if text else ()
        yield Flaw("value", path, f"is {_shown(instance, secret=secret)}, and must be one of {listed}", close)
    elif keyword == "pattern":
        yield Flaw("value", path, _pattern(error.schema, instance, said, secret=secret))
    elif keyword in _SAID:
        if not _has_unknown(instance):
            yield Flaw("value", path, f"fits {_SAID[keyword]} of the alternatives its schema allows ({keyword})")
    else:
        limit = f"{keyword} {said}"
        yield Flaw("value", path, f"is {_shown(instance, secret=secret)}, and its schema asks for {limit}")


def _pattern(schema: Mapping[str, Any], instance: str, said: str, *, secret: bool) -> str:
    shown = _shown(instance, secret=secret)
    if schema.get("format") == "quantity":
        return f"is {shown}, which is no quantity such as 250m, 1.5, 128Mi or 2Gi"
    if schema.get("format") == "byte":
        return "is not base64"
    return f"is {shown}, and must match {said}"


def _types(said: str | Sequence[str]) -> str:
    names = [said] if isinstance(said, str) else list(said)
    return " or ".join(_NAMES[name] for name in names if name != "null")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    return "a map" if isinstance(value, dict) else "a list" if isinstance(value, list) else "text"


def _quote(value: Any, said: str | Sequence[str]) -> str:
    return ": quote it" if "string" in said and isinstance(value, (bool, int, float)) else ""


def _shown(value: Any, *, secret: bool) -> str:
    if secret or isinstance(value, (dict, list)):
        return "another value" if not isinstance(value, (dict, list)) else _kind(value)
    if not isinstance(value, str):
        return _literal(value)
    return _literal(value if len(value) <= _LONGEST else value[:_LONGEST] + "…") if value else "empty"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def near(
    name: str, known: Mapping[str, Any] | Sequence[str], taken: Mapping[str, Any] | Sequence[str]
) -> tuple[str, ...]:
    """Return the known names that a wrong one may mean, best first; those already there are no candidates."""
    from difflib import get_close_matches

    free = {one.lower(): one for one in known if one not in taken}
    plain = name.lower().replace("_", "").replace("-", "")
    if plain in free:
        return (free[plain],)
    return tuple(free[one] for one in get_close_matches(plain, list(free), n=3, cutoff=0.8))


def _known(definition: str | None, field: str) -> str:
    """Say which versions know a field, when any does."""
    minors = objects.minors_with(definition, field) if definition is not None else []
    if not minors:
        return ""
    first, last = minors[0], minors[-1]
    if last == objects.NEWEST:
        return f"Kubernetes has it from 1.{first} on"
    if first == objects.OLDEST:
        return f"Kubernetes had it up to 1.{last}"
    return f"Kubernetes had it from 1.{first} to 1.{last}"


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, list) else isinstance(value, Unknown)
