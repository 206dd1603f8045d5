"""A suppression as rules see it: what it says, and what it turned out to silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from opslint.model.node import Node
    from opslint.model.source import Location


class Suppression(NamedTuple):
    """A suppression that the repository holds, judged after all other rules.

    `kind` is comment, annotation, configuration or baseline. `rules` are the names it gives (none: every rule),
    `unknown` those that fit no rule, each with a hint such as `, did you mean "missing-pdb"?` (or ""), `unused` those
    whose rules ran completely and had nothing for it to silence; "" stands for a suppression of every rule. `wrong`
    says what is not understood of it. `removal` is the text to take away when none of it is needed, None where that is
    not a stretch of one file.
    """

    kind: str
    at: Node | Location
    rules: tuple[str, ...] = ()
    reason: str = ""
    until: date | None = None
    expired: bool = False
    unknown: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    wrong: str = ""
    removal: Location | None = None
