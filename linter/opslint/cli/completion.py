"""What the shell offers after a tab: files for paths, ids, areas and tags for rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def prepare_fish() -> None:
    """Let fish take all behind the first comma: click's script cuts lists of rules, and summaries, at the next."""
    from click.shell_completion import FishComplete, add_completion_class

    class Fish(FishComplete):
        """Click's, with one split a line."""

        source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')

    add_completion_class(Fish)


def complete_paths(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell, which knows files and folders better."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_rules(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids that fit, each with its summary; in a list with commas the last name is completed."""
    return _named(incomplete, selectors=False)


def complete_selectors(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids, areas and tags that fit."""
    return _named(incomplete, selectors=True)


def _named(incomplete: str, *, selectors: bool) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from opslint.cli.catalogue import all_rules

    before, comma, begun = incomplete.rpartition(",")
    rules = all_rules(())
    names = {rule.id: rule.summary for rule in rules}
    if selectors:
        names |= {tag: "" for rule in rules for tag in (rule.area, *rule.tags)}
    return [CompletionItem(before + comma + name, help=names[name]) for name in sorted(names) if name.startswith(begun)]
