"""Options of rules: what a parameter's annotation allows, and what is wrong with a value of the configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "list": (list, tuple),
    "dict": (dict,),
}
_WORDS: Final = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "list": "a list",
    "dict": "a mapping",
    "texts": "a list of texts",
}


class Option(NamedTuple):
    """A keyword-only parameter of a rule: `type` is bool, int, float, str, list or dict.

    `form` is what a text (or each text of a list) has to be: `regex`, `duration` (of Go), or words with `|` between.
    `of` is what is in a list or a mapping: `str`; `version`, a text or what YAML reads 1.33 as; `texts`, lists of them
    (a text alone is a list of one); or `rows` and, behind a blank, the keys that such a map may have with `|` between,
    `!` behind those that it needs.
    """

    name: str
    type: str
    default: Any
    help: str = ""
    form: str = ""
    of: str = ""

    @property
    def keys(self) -> dict[str, bool]:
        """The keys of a row, and whether each is needed; {} where there are no rows."""
        kind, _, keys = self.of.partition(" ")
        return {key.removesuffix("!"): key.endswith("!") for key in keys.split("|")} if kind == "rows" else {}


def read_option(function: Callable[..., object], name: str, default: object, help_: str, form: str) -> Option:
    """Return the option that a keyword-only parameter of a rule's function is, as its annotation says."""
    said = function.__annotations__.get(name, "str")
    plain = isinstance(said, type) and not hasattr(said, "__args__")
    annotation = (said if isinstance(said, str) else said.__name__ if plain else str(said)).removesuffix(" | None")
    default = list(default) if isinstance(default, tuple) else default
    outer, _, inner = annotation.partition("[")
    if outer not in {"tuple", "list"} and not outer.endswith(("Mapping", "dict")):
        return Option(name, outer if outer in _TYPES else "str", default, help_, form)
    item = inner.removesuffix("]").removesuffix(", ...").removeprefix("str, ")
    row = function.__globals__.get(item)
    of = {"str": "str", "str | float": "version"}.get(item, "texts" if "[str" in item else "")
    if row is not None and hasattr(row, "__required_keys__"):
        keys = [*(f"{key}!" for key in sorted(row.__required_keys__)), *sorted(row.__optional_keys__)]
        of = f"rows {'|'.join(keys)}"
    return Option(name, "list" if outer in {"tuple", "list"} else "dict", default, help_, form, of)


def wrong(option: Option, value: object) -> str:
    """Return what is wrong with a value, as what follows the option's name in a message; "" when it fits."""
    if value is None and (option.default is None or option.type == "list"):
        return ""
    if not isinstance(value, _TYPES[option.type]) or (isinstance(value, bool) and option.type != "bool"):
        return f" must be {_WORDS[option.type]}, not {value!r}"
    items: Iterable[tuple[str, object]] = ()
    if isinstance(value, (list, tuple)):
        items = ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, dict):
        items = ((f".{key}", item) for key, item in value.items())
    for at, item in items:
        if said := _wrong_item(option, item):
            return f"{at}{said}"
    if option.form and value is not None:
        return _misfit(option.form, [value] if isinstance(value, str) else value)  # type: ignore[arg-type]
    return ""


def _wrong_item(option: Option, item: object) -> str:
    if option.of.startswith("rows"):
        return _wrong_row(option, item)
    if option.of == "texts":
        fits = _is_text(item) or (isinstance(item, (list, tuple)) and all(map(_is_text, item)))
        return "" if fits else _not("texts", item)
    fits = _is_text(item) or (option.of == "version" and isinstance(item, float))
    return "" if fits or option.of not in {"str", "version"} else _not("str", item)


def _wrong_row(option: Option, row: object) -> str:
    if not isinstance(row, dict):
        return _not("dict", row)
    for key, value in row.items():
        if key not in option.keys:
            return f': "{key}" is no key of a row; it has {", ".join(option.keys)}'
        if not _is_text(value):
            return f".{key}{_not('str', value)}"
    missing = [key for key, needed in option.keys.items() if needed and key not in row]
    return f" must have a key {missing[0]}" if missing else ""


def _is_text(value: object) -> bool:
    """Return whether it can be taken as a text: a whole number can, 1.30 cannot, as it would be 1.3."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _not(wanted: str, value: object) -> str:
    hint = ": put it in quotes" if wanted == "str" and isinstance(value, (float, bool)) else ""
    return f" must be {_WORDS[wanted]}, not {value!r}{hint}"


def _misfit(form: str, values: Iterable[object]) -> str:
    """Return what is wrong with the first value that has not the form of its option, "" when all have it."""
    for value in values:
        text = str(value)
        if form == "regex":
            try:
                re.compile(text)
            except (re.error, OverflowError, RecursionError) as error:
                return f" is no regular expression: {error} in {text!r}"
        elif form == "duration":
            from opslint.engine.schedules import duration_seconds

            if duration_seconds(text) is None:
                return f' must be a duration such as "36h" or "1h30m", not {text!r}'
        elif text not in form.split("|"):
            words = form.split("|")
            return f" must be {', '.join(words[:-1])} or {words[-1]}, not {value!r}{nearest(text, words)}"
    return ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `, did you mean "x"?` for the nearest known name, "" when none is near."""
    from difflib import get_close_matches

    found = get_close_matches(name, list(known), n=1)
    return f', did you mean "{found[0]}"?' if found else ""


def taken(option: Option, value: Any) -> Any:
    """Return a value that fits as the rule gets it: lists are tuples, whole numbers among texts are texts."""
    if value is None:
        return () if option.type == "list" and option.default is not None else None
    if option.type == "list":
        return tuple(_item(option, item) for item in value)
    return {key: _item(option, item) for key, item in value.items()} if option.type == "dict" else value


def _item(option: Option, item: Any) -> Any:
    if option.of == "texts":
        return tuple(str(one) for one in (item if isinstance(item, (list, tuple)) else [item]))
    if option.of.startswith("rows"):
        return {key: str(value) for key, value in item.items()}
    return str(item) if option.of == "str" else item


__all__ = ["Option", "nearest", "read_option", "taken", "wrong"]
