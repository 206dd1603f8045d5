"""The rows of outdated settings: Kubernetes' own, and those of the configuration."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict

from opslint.api import NamedTuple, minor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import fields

POD: Final = "Pod and every pod template"  # as rows say what they apply to
_NODE_LABELS: Final = "nodeSelector / nodeAffinity / topologyKey"
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


@cache
def paths_of(owner: str) -> tuple[tuple[tuple[str, ...], list[tuple[str, str, str, Row]]], ...]:
    """Return the fields of a kind that have rows, in order, by the path of the map that they are in.

    Each with its key, as the row writes it, and the value that is meant.
    """
    made: list[tuple[tuple[str, ...], list[tuple[str, str, str, Row]]]] = []
    for one, row in field_rows(owner):
        for match in one.match:
            path, _, wanted = match.partition(": ")
            *above, key = path.split(".")
            if not made or made[-1][0] != tuple(above):
                made.append((tuple(above), []))
            made[-1][1].append((key, match, wanted, row))
    return tuple(made)


@cache
def field_rows(owner: str) -> tuple[tuple[fields.FieldRow, Row], ...]:
    """Return the rows of fields and values of pods, or of a kind."""
    return tuple(
        pair
        for pair in rows_of("field", "value")
        if owner == (POD if pair[0].applies_to == POD else pair[0].applies_to.partition(" ")[0])
    )


@cache
def pod_rows() -> tuple[tuple[str, fields.FieldRow, Row], ...]:
    """Return the rows of pods, each with the key of the pod spec that it is about, "" for those of containers."""
    return tuple(
        ("" if one.key.startswith("lifecycle.") else one.key.removeprefix("spec.").partition("[].")[0], one, row)
        for one, row in field_rows(POD)
    )


@cache
def label_rows() -> dict[str, tuple[Row, str]]:
    """Return the rows of labels by label, each with the label's new name, "" when one is not simply the other."""
    found = {}
    for one, row in rows_of("label"):
        new = row.instead.partition(" ")[0] if one.applies_to.startswith(_NODE_LABELS) else ""
        found[one.key] = (row._replace(instead=new or row.instead), new)
    return found


@cache
def volume_rows() -> dict[str, Row]:
    """Return the rows of kinds of volumes by the key of the kind."""
    return {one.key: row for one, row in rows_of("volume")}
