"""When APIs and versions come and go, with types.

Kubernetes minors are ints, the major being always 1: 1.25 is 25. Versions of components are strings such as
``1.10``; ``release`` makes them comparable. Dates are the last day of what they end.

All rows are NamedTuples, not dataclasses: creating one dataclass costs a start-up as much as reading and
parsing a whole data file. For the same reason the rows of custom resources (``crds``) and of support windows
(``support``) live in modules of their own, which this one opens when their names are asked for.
"""

# No `from __future__ import annotations` here: NamedTuple would compile every annotation again.
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from opslint_schemas import load, release

if TYPE_CHECKING:
    from opslint_schemas.crds import CrdRow, crd, crd_rows
    from opslint_schemas.support import EksRow, RdsRow, SkewRow, eks, eks_versions, newest_eks, rds, skew

__all__ = [
    "ApiRow",
    "CrdRow",
    "EksRow",
    "RdsRow",
    "SkewRow",
    "api",
    "crd",
    "crd_rows",
    "eks",
    "eks_versions",
    "newest_eks",
    "rds",
    "release",
    "served",
    "skew",
]

_APIS = "kubernetes/api_lifecycle"
_CRD_NAMES = frozenset({"CrdRow", "crd", "crd_rows"})
_SERVED_ROLES = frozenset({"resource", "create-only"})
_STABILITY = {"a": "alpha", "b": "beta"}


def __getattr__(name: str) -> Any:  # typed above, for type checkers
    """Open the module a name lives in; then the name is found here without this function."""
    if name.startswith("_") or name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # late: the purpose of this function

    home = import_module("opslint_schemas.crds" if name in _CRD_NAMES else "opslint_schemas.support")
    globals()[name] = value = getattr(home, name)
    return value


class ApiRow(NamedTuple):
    """The life of one built-in kind in one API version, up to Kubernetes 1.37.

    Minors are ints (1.25 is 25). Source: lifecycle methods and type registration of k8s.io/api and OpenAPI
    documents of every minor from 1.8 to 1.37.
    """

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    introduced: int
    """Minor; with 1.8 it may mean "1.8 or earlier"."""
    deprecated: int | None
    """Minor. For alpha versions it is generated upstream (introduced + 3), nobody's decision."""
    removed: int | None
    """First minor that no longer serves it; None: 1.37 still does."""
    planned_deprecation: int | None
    """Minor announced upstream, not yet true."""
    planned_removal: int | None
    """Minor announced upstream, not yet true."""
    replacement: tuple[str, str] | None
    """apiVersion and kind to move to; never one that is itself gone."""
    enabled_by_default: bool
    """False: upstream serves it only when switched on, which EKS does not let users do."""
    eks_from: int | None
    """Minor from which EKS switches on an API that is off upstream."""
    stability: str
    """alpha, beta or stable."""
    role: str
    """resource, create-only, payload, internal, client-side, config or aggregated.

    Only resource and create-only (reviews and subresources) are served by the API server itself.
    """
    namespaced: bool | None
    """None: not known, or not a resource."""
    hedged: bool
    """A fact of the row is unverified: messages say so."""
    unverified: str
    """What is unverified, in words; empty when nothing is."""
    note: str

    @property
    def api_version(self) -> str:
        """What stands in a manifest's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def served_at(self, minor: int) -> bool:
        """Tell whether an EKS cluster of that minor serves it without anyone switching it on."""
        if self.role not in _SERVED_ROLES or not self.introduced <= minor:
            return False
        if self.removed is not None and minor >= self.removed:
            return False
        return self.enabled_by_default or (self.eks_from is not None and minor >= self.eks_from)


@cache
def api(api_version: str, kind: str) -> ApiRow | None:
    """Return the life of a built-in kind; a list kind (PodList) has that of its items. None: not built in."""
    kinds = load(_APIS)["apis"].get(api_version)
    if kinds is None:
        return None
    row = kinds.get(kind)
    if row is None:
        row = kinds.get(kind.removesuffix("List"))
        if row is None or not row.get("l", "c" not in row):
            return None
    return _api_row(api_version, kind, row)


@cache
def served(minor: int) -> frozenset[str]:
    """Return every "group/version" and "group/version/Kind" that an EKS cluster of that minor serves.

    These are what Helm's ``.Capabilities.APIVersions`` has on a cluster with no extensions, core as "v1" and
    "v1/Pod". Kinds that are off by default are left out, except where EKS surely switches them on.
    """
    names: set[str] = set()
    for api_version, kinds in load(_APIS)["apis"].items():
        for kind, row in kinds.items():
            if not row["i"] <= minor < row.get("r", minor + 1):
                continue  # most are: no row is made of these
            known = api(api_version, kind)
            # Which beta EKS switched on may be unverified: a capability is claimed only when sure.
            if known is not None and known.served_at(minor) and (known.enabled_by_default or not known.hedged):
                names.update((api_version, f"{api_version}/{kind}"))
    return frozenset(names)


def successor(to: str, kind: str) -> tuple[str, str]:
    """Return the apiVersion and kind that ``to`` of a data row means in the row of this kind."""
    # The kind is written only where it differs, and only a kind starts with a capital.
    head, _, last = to.rpartition("/")
    return (head, last) if last[0].isupper() else (to, kind)


def _api_row(api_version: str, kind: str, row: dict[str, Any]) -> ApiRow:
    role = row.get("c", "resource")
    get = row.get
    return ApiRow(
        *split(api_version),
        kind,
        row["i"],
        get("d"),
        get("r"),
        get("pd"),
        get("pr"),
        successor(row["to"], kind) if "to" in row else None,
        enabled_by_default="off" not in row,
        eks_from=get("eks"),
        stability=_STABILITY.get(get("s", ""), "stable"),
        role=role,
        namespaced={0: False, 1: True}.get(get("n", 1)) if role == "resource" else None,
        hedged="u" in row,
        unverified=get("u", ""),
        note=get("note", ""),
    )


def split(api_version: str) -> tuple[str, str]:
    """Return the group, empty for core, and the version of an apiVersion."""
    group, _, version = api_version.rpartition("/")
    return group, version
