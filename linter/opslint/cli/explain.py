"""`opslint explain`: a rule's page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from opslint.cli.catalogue import all_rules
from opslint.cli.completion import complete_rules
from opslint.cli.streams import choose_color, say, show, stop, wants_color
from opslint.config.frame import near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.engine.rule import Rule

_EPILOG: Final = """\
\b
Examples:
  opslint explain missing-pdb
  opslint explain CKV_K8S_8     the rule that does what another tool's check does
  opslint explain missing-pdb > missing-pdb.md

\b
Exit status: 0; 2 for a rule that does not exist.
"""


@click.command(epilog=_EPILOG)
@click.argument("names", nargs=-1, required=True, shell_complete=complete_rules, metavar="RULE...")
@click.option("--rules-from", multiple=True, metavar="MODULE|FILE", help="Rules of your own besides.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", metavar="WHEN",
              help="auto (default: on a terminal), always, never.")  # fmt: skip
def explain(names: tuple[str, ...], rules_from: tuple[str, ...], color: str) -> int:
    """Show the page of a rule: why it matters, what is reported and what is not, options, the same check elsewhere.

    RULE is a rule's id, or the name that another tool gives to the same check. Piped, the page is plain Markdown.
    """
    choose_color(color)
    known = all_rules(rules_from)
    wanted = [rule for name in names for rule in _find(name, known)]
    for index, rule in enumerate(wanted):
        if index:
            show("\n")
        _show(rule)
    return 0


def _find(name: str, known: Sequence[Rule]) -> list[Rule]:
    wanted = name.strip().lower().replace("_", "-")
    exact = [rule for rule in known if rule.id == wanted]
    if exact:
        return exact
    for relation in ("aliases", "related"):
        found = [rule for rule in known if _names_elsewhere(rule, relation, name)]
        if found:
            same = "does the same as" if relation == "aliases" else "is related to"
            say(f"{', '.join(rule.id for rule in found)} {same} {name}", "note")
            return found
    hint = near(wanted, [rule.id for rule in known]) or "; `opslint rules` lists them"
    return stop(f"there is no rule {name!r}{hint}")


def _names_elsewhere(rule: Rule, relation: str, name: str) -> bool:
    names = getattr(rule, relation).values()
    return any(one.lower() == name.lower() for peer in names for one in peer)


def _show(rule: Rule) -> None:
    page = f"# {rule.id}\n\n{_facts(rule)}\n\n{_page(rule)}\n\nDefined in {rule.path}:{rule.line}\n"
    if not sys.stdout.isatty() or not wants_color(sys.stdout):
        show(page)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(page, hyperlinks=False))


def _page(rule: Rule) -> str:
    from opslint.engine.docs import page_markdown

    return page_markdown(rule).strip()


def _facts(rule: Rule) -> str:
    fix = {"safe": "fixable", "unsafe": "fixable with --unsafe-fixes"}.get(rule.fixable, "no automatic fix")
    preset = "preview" if rule.preview else rule.preset
    return f"Severity {rule.severity} · {rule.area} · preset {preset} · looks at {rule.applies_to} · {fix}"
