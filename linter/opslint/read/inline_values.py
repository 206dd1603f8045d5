"""Values that stand inside another file (`values: |`, `valuesObject:`): as a text with places, or as settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.model.node import Unknown
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node

Settings = tuple[tuple[tuple[str | int, ...], object], ...]


def values_source(node: Node) -> Source | None:
    """Return the values of a node as a text whose lines and columns are those of the file they stand in.

    None when the text cannot be cut out of its file as it is (an alias, a folded scalar, a rendered file): then
    `values_settings` serves, and nothing is claimed of the places of its keys.
    """
    source = cut_out(node)
    if source is None:
        return None
    wanted = node.plain() if node.is_map else _plain(Source(source.path, node.text, "values"))
    return source if wanted is not None and _plain(source) == wanted else None


def cut_out(node: Node) -> Source | None:
    """Return a map, or the text of a block scalar, as a text with the lines and columns of its file.

    None in a rendered file. Whether the text means the same alone is for the caller to see.
    """
    whole = node.source
    if whole.origin is not None or whole.kind not in {"yaml", "stdin"}:
        return None
    extent = node.extent
    lines = whole.text.split("\n")
    if node.is_map:
        last = lines[extent.end_line - 1][: extent.end_column - 1]
        cut = [
            " " * (extent.column - 1) + lines[extent.line - 1][extent.column - 1 :],
            *lines[extent.line : extent.end_line],
        ]
        if extent.line == extent.end_line:
            cut = [" " * (extent.column - 1) + last[extent.column - 1 :]]
        else:
            cut[-1] = last
        above = extent.line - 1
    else:
        cut, above = lines[extent.line : extent.end_line], extent.line
    text = "\n" * above + "\n".join(cut) + "\n"
    return Source(whole.path, text, "values")


def values_settings(value: object) -> Settings:
    """Return plain values as single settings: one for each scalar and list."""
    return tuple(_leaves(value, ())) if isinstance(value, dict) else ()


def parsed_values(text: str) -> dict[str, Any] | None:
    """Return a text of values as plain data, None when it is no map."""
    found = _plain(Source("", text, "values"))
    return found if isinstance(found, dict) else {} if not text.strip() else None


def without_unknown(value: object, unknown: list[str], path: str = "") -> object:
    """Return plain data without its unknown parts, whose paths and causes go to `unknown`."""
    if isinstance(value, dict):
        kept = {key: without_unknown(item, unknown, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
        return {key: item for key, item in kept.items() if not isinstance(item, Unknown)}
    if isinstance(value, list):
        items = [without_unknown(item, unknown, f"{path}[{at}]") for at, item in enumerate(value)]
        # A list with a gap would shift its items: the whole list is left out.
        return next((item for item in items if isinstance(item, Unknown)), items)
    if isinstance(value, Unknown):
        unknown.append(f"{path or 'a value'} is not known ({value.why or 'not in the files'})")
    return value


def _plain(source: Source) -> Any:
    parsed = read_yaml(source)
    if parsed.errors or len(parsed.documents) != 1:
        return None
    return parsed.documents[0].plain()


def _leaves(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    else:
        yield path, value
