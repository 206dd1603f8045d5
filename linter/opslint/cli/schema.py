"""`opslint schema`: the JSON Schema of the configuration, with the installed rules' options, and of JSON formats."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.catalogue import all_rules
from opslint.cli.streams import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.engine.options import Option
    from opslint.engine.rule import Rule

_TYPES: Final[dict[str, dict[str, Any]]] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "list": {"type": "array"},
    "dict": {"type": "object"},
}


_FORMATS: Final = ("config", "report", "inventory")
_EPILOG: Final = """\
\b
Examples:
  opslint schema > opslint.schema.json        for an editor that completes .opslint.yaml
  opslint schema --rules-from mine.py         with the options of rules of your own
  opslint schema report                       of `opslint --format json`

\b
Exit status: 0; 2 for a schema that does not exist, or rules that cannot be loaded.
"""


@click.command(epilog=_EPILOG)
@click.argument("what", type=click.Choice(_FORMATS), default="config", metavar="[WHAT]")
@click.option("--rules-from", multiple=True, metavar="MODULE|FILE", help="Rules of your own besides.")
def schema(what: str, rules_from: tuple[str, ...]) -> int:
    """Print a JSON Schema: of the configuration (config, the default), or of what programs read (report, inventory).

    That of the configuration is for editors that complete and check `.opslint.yaml`; the options of all installed rules
    are in it. Write it to a file, and name that in the first line of the configuration:
    `# yaml-language-server: $schema=./opslint.schema.json`. `report` describes `opslint --format json`, `inventory`
    `opslint inventory --format json`.
    """
    if what != "config":
        from opslint_schemas import load

        show(json.dumps(load(f"{what}.schema"), indent=2) + "\n")
        return 0
    show(json.dumps(configuration_schema(all_rules(rules_from)), indent=2) + "\n")
    return 0


def configuration_schema(rules: Sequence[Rule]) -> dict[str, Any]:
    """Return the schema of the configuration with what each rule's options may be."""
    from opslint_schemas import load

    complete: dict[str, Any] = copy.deepcopy(load("config.schema"))
    framed = complete["properties"]["rules"]
    framed["additionalProperties"] = False
    framed["properties"] = {
        rule.id: {
            "description": rule.summary,
            "type": "object",
            "additionalProperties": False,
            "properties": {option.name: _option(option) for option in rule.options},
        }
        for rule in rules
    }
    return complete


def _option(option: Option) -> dict[str, Any]:
    described = dict(_TYPES[option.type])
    if option.default is None or option.type == "list":
        described["type"] = [described["type"], "null"]
    if inner := _inner(option):
        described["items" if option.type == "list" else "additionalProperties"] = inner
    if "|" in option.form:
        words = {"enum": option.form.split("|")}
        described |= {"items": words} if option.type == "list" else words
    return described | {"description": option.help, "default": option.default}


def _inner(option: Option) -> dict[str, Any]:
    """Return the schema of what is in a list or a mapping, {} when anything may be."""
    text: dict[str, Any] = {"type": ["string", "integer"]}
    if option.keys:
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(option.keys, text),
            "required": [key for key, needed in option.keys.items() if needed],
        }
    version = {"type": ["string", "number"]}
    return {"str": text, "version": version, "texts": {"type": ["array", "string", "integer"], "items": text}}.get(
        option.of, {}
    )
