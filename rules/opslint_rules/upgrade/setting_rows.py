"""The rows of outdated settings: Kubernetes' own, and those of the configuration."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict

from opslint.api import NamedTuple, minor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import fields

_SERVER_FILLS: Final = frozenset({"status", "spec.configSource", "spec.externalID"})


class _Named(TypedDict):
    type: str
    key: str


class SettingRow(_Named, total=False):
    """A row of the user's: an annotation or label, the minor from which it is outdated, and what to write instead."""

    since: str
    instead: str
    effect: str


class Row(NamedTuple):
    """A setting: from when it is outdated, from when it has no effect, and what to write instead."""

    key: str
    since: int
    gone: int | None
    instead: str
    effect: str
    hedge: str


@cache
def rows_of(*types: str) -> tuple[tuple[fields.FieldRow, Row], ...]:
    """Return the rows of these types of the table, each with what a message says of it."""
    from opslint.api import fields as table

    found = []
    for one in table.fields(*types):
        known = [minor for minor in (one.deprecated, one.non_functional) if minor is not None]
        if not known or (one.type in {"field", "value"} and one.key.partition(" ")[0] in _SERVER_FILLS):
            continue
        hedge = f" ({one.unverified})" if one.hedged else ""
        instead = one.instead or ""
        instead = "" if instead.startswith("none") else instead
        found.append((one, Row(one.key, min(known), one.non_functional, instead, one.effect, hedge)))
    return tuple(found)


def own_rows(rows: tuple[SettingRow, ...], type_: str) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a type that the configuration adds, each with its key."""
    for one in rows:
        if one["type"] == type_:
            since = minor_of(one.get("since", "")) or 0
            yield one["key"], Row(one["key"], since, None, one.get("instead", ""), one.get("effect", ""), "")
