"""When custom kinds come and go, counted in versions of the component that brings them."""

# No `from __future__ import annotations` here: NamedTuple would compile every annotation again.
from functools import cache
from typing import Any, NamedTuple

from opslint_schemas import load, release
from opslint_schemas.lifecycle import split, successor

__all__ = ["CrdRow", "components", "crd", "crd_rows"]

_CRDS = "crds/api_lifecycle"


class CrdRow(NamedTuple):
    """The life of one custom kind in one API version, counted in versions of the component that brings it.

    Source: served and deprecated flags of the CustomResourceDefinitions in the component's repository, at
    the lowest stable patch of every minor.
    """

    component: str
    """Key of the table of components."""
    group: str
    version: str
    kind: str
    introduced: str
    """Component version, such as "1.10"; the oldest one read when it was there already."""
    deprecated: str | None
    removed: str | None
    """First component version that no longer serves it."""
    planned_removal: str | None
    """Announced, not yet true."""
    replacement: tuple[str, str] | None
    """apiVersion and kind to move to; None also where several kinds share the work."""
    successors: tuple[tuple[str, str], ...]
    """All apiVersions and kinds that take over: the replacement alone, several, or none."""
    namespaced: bool
    ever_served: bool
    """False: the CRD lists it for upgrades of stored objects only."""
    application: tuple[str | None, str | None, str | None] | None
    """Introduced, deprecated, removed by the version of the application (Traefik proxy, Flux)."""
    newest: str
    """Newest version of the component that was read: the "current release" of messages."""
    basis: str
    """Where the dates come from when not from the CRD itself."""
    hedged: bool
    unverified: str
    """What is unverified, in words; empty when nothing is."""
    note: str

    @property
    def api_version(self) -> str:
        """What stands in a manifest's apiVersion."""
        return f"{self.group}/{self.version}"


def crd(api_version: str, kind: str) -> CrdRow | None:
    """Return the life of a custom kind, or None when no known component brings it.

    Where several components or channels bring it, the one that serves it longest answers, so that no rule
    calls something removed that another channel still serves; ``crd_rows`` has all.
    """
    rows = crd_rows(api_version, kind)
    if not rows:
        return None
    return max(rows, key=lambda row: (row.ever_served, row.removed is None, release(row.removed or "0")))


@cache
def crd_rows(api_version: str, kind: str) -> tuple[CrdRow, ...]:
    """Return the rows of a custom kind, one for each component or channel that brings it."""
    data = load(_CRDS)
    rows = data["crds"].get(api_version, {}).get(kind, [])
    if isinstance(rows, dict):
        rows = [rows]
    return tuple(_crd_row(data, api_version, kind, row) for row in rows)


def components() -> frozenset[str]:
    """Return the names of the components whose custom kinds are known, such as karpenter."""
    return frozenset(load(_CRDS)["components"])


def _crd_row(data: dict[str, Any], api_version: str, kind: str, row: dict[str, Any]) -> CrdRow:
    get = row.get
    to = get("to", [])
    successors = tuple(successor(one, kind) for one in ([to] if isinstance(to, str) else to))
    return CrdRow(
        get("c", ""),
        *split(api_version),
        kind,
        row["i"],
        get("d"),
        get("r"),
        get("pr"),
        successors[0] if len(successors) == 1 else None,
        successors,
        namespaced="n" not in row,
        ever_served="never" not in row,
        application=tuple(row["app"]) if "app" in row else None,
        newest=data["components"][row["c"]]["newest"],
        basis=data["bases"][row["b"]] if "b" in row else "",
        hedged="u" in row,
        unverified=get("u", ""),
        note=data["notes"][row["m"]] if "m" in row else "",
    )
