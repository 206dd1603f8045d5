"""Which Kubernetes minors the releases of cluster components are tested with, and what EKS add-ons need."""

# No `from __future__ import annotations` here: NamedTuple would compile every annotation again.
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from opslint_schemas import load, release

if TYPE_CHECKING:
    from datetime import date

__all__ = ["RangeRow", "karpenter_minimum", "retired", "tested_range", "vpc_cni_oldest"]

_SUPPORT = "kubernetes/component_support"


class RangeRow(NamedTuple):
    """The Kubernetes minors one release line of a component was tested with: no hard limits.

    Source: support tables of the projects, as endoflife.date collects them.
    """

    component: str
    version: str
    """Release line, such as "1.14"."""
    oldest: int | None
    """Minor; None: no bound published."""
    newest: int | None
    end: "date | None"
    """Day the project stops supporting the release line; None: not announced."""


@cache
def tested_range(component: str, version: str) -> RangeRow | None:
    """Return the row of the release line that a version ("v1.14.3") belongs to."""
    from datetime import date  # late: costs as much as the rest of a first look-up

    line = ".".join(str(number) for number in release(version)[:2])
    row = load(_SUPPORT)["ranges"].get(component, {}).get(line)
    if row is None:
        return None
    oldest, newest = row["k8s"]
    end = row.get("end")
    return RangeRow(component, line, oldest, newest, date.fromisoformat(end) if end else None)


def karpenter_minimum(minor: int) -> str | None:
    """Return the oldest Karpenter that works on a Kubernetes minor: a requirement of its own matrix."""
    oldest: str | None = load(_SUPPORT)["karpenter_minimum"].get(str(minor))
    return oldest


def retired(component: str) -> str | None:
    """Return the month ("2026-03") a component was retired upstream, or None."""
    row = load(_SUPPORT)["retired"].get(component)
    return None if row is None else str(row["on"])


def vpc_cni_oldest(minor: int) -> str | None:
    """Return the oldest VPC CNI its README recommends for a Kubernetes minor (23 to 33)."""
    row = load("aws/eks_addons")["vpc_cni_oldest"].get(str(minor))
    return None if row is None else str(row[0])
