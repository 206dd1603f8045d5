"""Makes the parts of the documentation that repeat what code says: options, configuration, other tools' names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from opslint.cli.group import COMMANDS, opslint
from opslint_schemas import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.engine.rule import Rule

BLOCK = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, rules: Sequence[Rule]) -> str:
    """Return a page with its generated blocks, `<!-- generated: aliases checkov --> … <!-- end -->`, made anew."""

    def made(match: re.Match[str]) -> str:
        what, _, name = match[2].partition(" ")
        return f"{match[1]}\n{MAKERS[what](name, rules)}\n{match[3]}"

    return BLOCK.sub(made, text)


def aliases(peer: str, rules: Sequence[Rule]) -> str:
    """Return the table of a linter's checks and the rules that say the same or something near."""
    rows = [
        (check, rule.id, kind)
        for kind, of in (("the same", "aliases"), ("related", "related"))
        for rule in rules
        for check in getattr(rule, of).get(peer, ())
    ]
    lines = [f"| {peer} | opslint | |", "|---|---|---|"]
    lines += [f"| `{check}` | [{rule}](../rules/{rule}.md) | {kind} |" for check, rule, kind in sorted(rows)]
    return "\n".join(lines) + "\n"


def command_line(_: str, __: Sequence[Rule]) -> str:
    """Return the help of each command, as a terminal of 100 columns shows it."""
    parts = []
    with click.Context(opslint, info_name="opslint") as top:
        for name in COMMANDS:
            command = opslint.get_command(top, name)
            assert command is not None  # noqa: S101 - a name of the table
            with click.Context(command, info_name=name, parent=top, terminal_width=100) as context:
                parts.append(f"## opslint {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def configuration(_: str, __: Sequence[Rule]) -> str:
    """Return the table of keys of `.opslint.yaml`, from its JSON Schema."""
    schema = load("config.schema")
    lines = ["| key | is | says |", "|---|---|---|"]
    for path, key in _keys(schema, schema, ""):
        lines.append(f"| `{path}` | {_type(key, schema)} | {_says(key)} |")
    return "\n".join(lines) + "\n"


def _keys(node: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in node.get("properties", {}).items():
        key = _resolved(value, schema)
        yield at + name, key
        yield from _keys(key, schema, f"{at}{name}.")
        for below, mark in ((key.get("additionalProperties"), "<name>."), (key.get("items"), "[].")):
            if isinstance(below, dict):
                yield from _keys(_resolved(below, schema), schema, f"{at}{name}.{mark}".replace(".[]", "[]"))


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the node with what its `$ref` names; its own words win."""
    if "$ref" not in node:
        return node
    return {**schema["$defs"][node["$ref"].rsplit("/", 1)[1]], **node}


def _type(key: dict[str, Any], schema: dict[str, Any]) -> str:
    if "enum" in key:
        return ", ".join(f"`{value}`" for value in key["enum"])
    if "anyOf" in key or "oneOf" in key:
        kinds = [_type(_resolved(one, schema), schema) for one in key.get("anyOf", key.get("oneOf"))]
        return " or ".join(dict.fromkeys(kinds))
    if key.get("type") == "array":
        return f"list of {_type(_resolved(key.get('items', {}), schema), schema)}"
    named = key.get("type", "any value")
    return {"object": "mapping", "boolean": "true or false"}.get(str(named), str(named))


def _says(key: dict[str, Any]) -> str:
    said = str(key.get("description", "")).replace("|", "\\|").replace("\n", " ")
    if "default" in key:
        said += f" Default: `{json.dumps(key['default'])}`."
    if "examples" in key:
        said += f" Example: `{json.dumps(key['examples'][0])}`."
    return said.strip()


MAKERS = {"aliases": aliases, "command-line": command_line, "configuration": configuration}
