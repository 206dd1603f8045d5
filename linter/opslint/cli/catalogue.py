"""The rules of all packs, for the commands that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.cli.streams import stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.engine.rule import Rule


def all_rules(rules_from: Sequence[str]) -> list[Rule]:
    """Return the rules of all packs by id; a pack that does not load ends the command with a message."""
    from opslint.engine.packs import PackError, load_packs

    try:
        packs = load_packs(rules_from)
    except PackError as error:
        stop(str(error))
    return sorted((rule for pack in packs for rule in pack.rules), key=lambda rule: rule.id)
