"""Fields, annotations, labels, volume types and flags that Kubernetes deprecated or no longer honours."""

# No `from __future__ import annotations` here: NamedTuple would compile every annotation again.
from functools import cache
from typing import NamedTuple

from opslint_schemas import load

__all__ = ["FieldRow", "fields"]


class FieldRow(NamedTuple):
    """The life of something written inside an object.

    Minors are ints (1.25 is 25). Source: the warnings, types and OpenAPI documents of Kubernetes releases;
    the codes of ``evidence`` are explained in the data file.
    """

    type: str
    """annotation, annotation-prefix, label, volume, field, value, conversion, kubelet-flag, ..."""
    applies_to: str
    """Where it is written, in words."""
    key: str
    """What is written, for messages."""
    match: tuple[str, ...]
    """What is written, exactly: names, or what names start with when the type is annotation-prefix."""
    deprecated: int | None
    non_functional: int | None
    """First minor in which it has no effect; 0: it never had any."""
    instead: str | None
    """What to write in its place; None: nothing."""
    effect: str
    eks: str
    """What differs on EKS."""
    evidence: str
    hedged: bool
    """A fact of the row is unverified: messages say so."""
    unverified: str
    note: str


@cache
def fields(*types: str) -> tuple[FieldRow, ...]:
    """Return the rows of these types (all without one), in the order of the data file."""
    return tuple(
        FieldRow(
            row["type"],
            row["on"],
            row["key"],
            tuple(row.get("match", (row["key"],))),
            row.get("d"),
            row.get("r"),
            row.get("instead"),
            row.get("effect", ""),
            row.get("eks", ""),
            row["e"],
            hedged="u" in row,
            unverified=row.get("u", ""),
            note=row.get("note", ""),
        )
        for row in load("kubernetes/field_lifecycle")["fields"]
        if not types or row["type"] in types
    )
