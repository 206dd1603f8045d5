"""How long EKS and RDS support a version, and how far nodes and tools may lag behind a control plane."""

# No `from __future__ import annotations` here: NamedTuple would compile every annotation again.
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from opslint_schemas import load, release

if TYPE_CHECKING:
    from datetime import date

__all__ = ["EksRow", "RdsRow", "SkewRow", "eks", "eks_versions", "newest_eks", "rds", "skew"]


class EksRow(NamedTuple):
    """Support of one Kubernetes version by EKS.

    Source: the release calendar of the EKS user guide and endoflife.date.
    """

    version: str
    """Such as "1.34"."""
    release: "date"
    standard_end: "date"
    """Last day of standard support."""
    extended_end: "date | None"
    """Last day of extended support; None: none was offered."""
    upstream_end: "date"
    """Last day of support by the Kubernetes project."""
    confirmed: bool
    """The dates were read in AWS's own calendar, not only in a collection of them."""
    hedged: bool
    unverified: str
    """What is unverified, in words; empty when nothing is."""

    def support(self, on: "date") -> str:
        """Return upcoming, standard, extended or ended, for that day."""
        return _support(self.release, self.standard_end, self.extended_end, on)


class RdsRow(NamedTuple):
    """Support of one major version of a database engine by RDS or Aurora.

    Source: endoflife.date, and the AWS documentation for Aurora MySQL.
    """

    engine: str
    """As Terraform writes it: postgres, mysql, mariadb, aurora-postgresql, aurora-mysql."""
    major: str
    release: "date | None"
    standard_end: "date"
    """Last day of standard support; then paid Extended Support starts, where there is one."""
    extended_end: "date | None"
    """Last day of Extended Support; None: none, or not known."""
    latest: str | None
    """Newest minor version seen, a snapshot."""
    hedged: bool
    unverified: str
    """What is unverified, in words; empty when nothing is."""

    def support(self, on: "date") -> str:
        """Return upcoming, standard, extended or ended, for that day."""
        return _support(self.release, self.standard_end, self.extended_end, on)


class SkewRow(NamedTuple):
    """Oldest and newest minors that work with a control plane. Source: Kubernetes version skew policy."""

    control_plane: int
    kubelet: tuple[int, int]
    kube_proxy: tuple[int, int]
    kubectl: tuple[int, int]
    controllers: tuple[int, int]
    """kube-controller-manager, kube-scheduler and cloud-controller-manager."""


@cache
def eks(version: str) -> EksRow | None:
    """Return the support dates of a version such as "1.34", or None when EKS is not known to offer it."""
    from datetime import date  # late: costs as much as the rest of a first look-up

    row = load("aws/eks_support")["versions"].get(version)
    if row is None:
        return None
    extended = row.get("extended_end")
    return EksRow(
        version,
        date.fromisoformat(row["release"]),
        date.fromisoformat(row["standard_end"]),
        date.fromisoformat(extended) if extended else None,
        date.fromisoformat(row["upstream_end"]),
        confirmed="aws" in row,
        hedged="u" in row,
        unverified=row.get("u", ""),
    )


@cache
def eks_versions() -> tuple[str, ...]:
    """Return the versions EKS offers or offered, oldest first."""
    return tuple(sorted(load("aws/eks_support")["versions"], key=release))


def newest_eks() -> str:
    """Return the newest version EKS is known to offer, such as "1.36"."""
    return eks_versions()[-1]


@cache
def rds(engine: str, version: str) -> RdsRow | None:
    """Return the support dates of a major version, or of the major that a full engine version belongs to.

    ``rds("postgres", "15.4")`` and ``rds("aurora-mysql", "5.7.mysql_aurora.2.11.2")`` both work.
    """
    from datetime import date  # late: costs as much as the rest of a first look-up

    majors = load("aws/rds_support")["majors"].get(engine, {})
    names = {name: major for major, row in majors.items() for name in (major, *row.get("also", ()))}
    parts = version.split(".")
    for length in range(len(parts), 0, -1):
        major = names.get(".".join(parts[:length]))
        if major is None:
            continue
        row = majors[major]
        opened, extended = row.get("release"), row.get("extended_end")
        return RdsRow(
            engine,
            major,
            date.fromisoformat(opened) if opened else None,
            date.fromisoformat(row["standard_end"]),
            date.fromisoformat(extended) if extended else None,
            row.get("latest"),
            hedged="u" in row,
            unverified=row.get("u", ""),
        )
    return None


@cache
def skew(control_plane_minor: int) -> SkewRow | None:
    """Return the minors that nodes and tools may have beside a control plane, 20 to 37."""
    row = load("kubernetes/version_skew")["control_planes"].get(str(control_plane_minor))
    if row is None:
        return None
    ranges = (tuple(row[name]) for name in ("kubelet", "kube_proxy", "kubectl", "controllers"))
    return SkewRow(control_plane_minor, *ranges)


def _support(release_day: "date | None", standard_end: "date", extended_end: "date | None", on: "date") -> str:
    if release_day is not None and on < release_day:
        return "upcoming"
    if on <= standard_end:
        return "standard"
    return "extended" if extended_end is not None and on <= extended_end else "ended"
