"""`opslint rules`: lists and searches the rules."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.catalogue import all_rules
from opslint.cli.options import PRESETS, split_names
from opslint.cli.streams import say, show, stop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opslint.engine.rule import Rule
    from opslint.model.report import RuleInfo

_EPILOG: Final = """\
\b
Examples:
  opslint rules                       all rules
  opslint rules backup rds            those that speak of both words
  opslint rules --area cost           one area
  opslint rules --tag cis-eks         what a benchmark asks for
  opslint rules --preset recommended  what runs by default
  opslint rules --benchmark cis-eks   which rule covers which control, and what needs more than files
  opslint rules --format json         everything known of each, for a program

\b
Exit status: 0; 2 for an area or a tag that no rule has.
"""


@click.command(epilog=_EPILOG)
@click.argument("text", nargs=-1, metavar="[TEXT]...")
@click.option("--area", multiple=True, callback=split_names, metavar="AREA", help="Only of these areas.")
@click.option(
    "--tag",
    multiple=True,
    callback=split_names,
    metavar="TAG",
    help="Only with one of these tags, or of tags that begin so.",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    metavar="PRESET",
    help="Only what runs with this preset: recommended, strict or all.",
)
@click.option(
    "--benchmark",
    type=click.Choice(("cis-eks", "cis-kubernetes")),
    help="The controls of a benchmark, and which rule covers each.",
)
@click.option(
    "--format",
    "-f",
    "format_",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    metavar="FORMAT",
    help="text (default), json or markdown.",
)
@click.option("--rules-from", multiple=True, metavar="MODULE|FILE", help="Rules of your own besides.")  # fmt: skip
def rules(
    *,
    text: tuple[str, ...],
    area: tuple[str, ...],
    tag: tuple[str, ...],
    preset: str | None,
    benchmark: str | None,
    format_: str,
    rules_from: tuple[str, ...],
) -> int:
    """List the rules; with TEXT, those that speak of all its words.

    The words are looked for in ids, summaries, tags and the names of the same checks in other tools.
    """
    from opslint.engine.select import short_tag

    known = all_rules(rules_from)
    tag = tuple(short_tag(name) for name in tag)
    if benchmark is not None:
        from opslint.cli.benchmark import benchmark_text

        if text or area or tag or preset:
            stop("--benchmark shows all controls: TEXT, --area, --tag and --preset do not go with it")
        show(benchmark_text(benchmark, known, format_))
        return 0
    _check_names(area, {rule.area for rule in known}, "area")
    _check_names(tag, {name for rule in known for name in (rule.area, *rule.tags)}, "tag")
    found = [
        rule
        for rule in known
        if (not area or rule.area in area)
        and (not tag or any(_has_tag(rule, name) for name in tag))
        and (preset is None or _in_preset(rule, preset))
        and all(word.lower() in _searched(rule) for word in text)
    ]
    write = {"text": _write_text, "json": _write_json, "markdown": _write_markdown}[format_]
    write(found)
    if not found:
        say("no rule fits", "note")
    return 0


def info_object(info: RuleInfo) -> dict[str, Any]:
    """Return a rule as the JSON object of the interface."""
    return {
        "id": info.id,
        "name": info.name,
        "severity": info.severity,
        "area": info.area,
        "applies_to": info.applies_to,
        "preset": info.preset,
        "summary": info.summary,
        "fixable": info.fixable,
        "tags": list(info.tags),
        "url": info.url,
        "aliases": {peer: list(names) for peer, names in info.aliases.items()},
        "related": {peer: list(names) for peer, names in info.related.items()},
    }


def _check_names(given: Sequence[str], known: Iterable[str], what: str) -> None:
    from opslint.config.frame import near

    known = sorted(known)
    for name in given:
        if not any(one == name or (what == "tag" and one.startswith(name + "-")) for one in known):
            hint = near(name, known) or (f"; there are {', '.join(known)}" if what == "area" else "")
            stop(f"no rule has the {what} {name!r}{hint}")


def _has_tag(rule: Rule, name: str) -> bool:
    return any(tag == name or tag.startswith(name + "-") for tag in (rule.area, *rule.tags))


def _in_preset(rule: Rule, preset: str) -> bool:
    if preset == "all":
        return True
    return not rule.preview and (rule.preset == "recommended" or (preset == "strict" and rule.preset == "strict"))


def _searched(rule: Rule) -> str:
    peers = [name for names in (*rule.aliases.values(), *rule.related.values()) for name in names]
    return " ".join((rule.id, rule.title, rule.area, rule.summary, *rule.tags, *peers)).lower()


def _write_text(found: Sequence[Rule]) -> None:
    if not found:
        return
    rows = [(rule.id, rule.area, str(rule.severity), _preset_word(rule), rule.summary) for rule in found]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    lines = []
    for row in rows:
        line = "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        lines.append(line[: columns - 1] + "…" if columns and len(line) > columns else line)
    show("\n".join(lines) + "\n")


def _write_json(found: Sequence[Rule]) -> None:
    from opslint.engine.docs import rule_info

    show(json.dumps([info_object(rule_info(rule)) for rule in found], indent=2) + "\n")


def _write_markdown(found: Sequence[Rule]) -> None:
    lines = ["| Rule | Area | Severity | Preset | What it reports |", "|---|---|---|---|---|"]
    for rule in found:
        summary = rule.summary.replace("|", "\\|")
        name = f"[`{rule.id}`]({rule.url})" if rule.url else f"`{rule.id}`"
        lines.append(f"| {name} | {rule.area} | {rule.severity} | {_preset_word(rule)} | {summary} |")
    show("\n".join(lines) + "\n")


def _preset_word(rule: Rule) -> str:
    return "preview" if rule.preview else rule.preset
