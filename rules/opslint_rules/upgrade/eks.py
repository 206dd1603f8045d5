"""How long EKS supports the version a cluster declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    RECOMMENDED,
    Cluster,
    Location,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    at_caller,
    cluster,
    lifecycle,
    rule,
)

if TYPE_CHECKING:
    from datetime import date


@rule(
    each=cluster(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    related={"checkov": ["CKV_AWS_339"], "hardeneks": ["check_eks_version"]},
)
def eks_version_unsupported(item: Cluster, project: Project) -> Problems:
    """The declared EKS version is past extended support, where AWS upgrades the control plane on its own schedule.

    Nobody chooses the day: AWS raises the control plane by one minor at a time it finds suitable, and leaves nodes and
    add-ons where they are. Whatever the new version no longer serves breaks then, and the next apply finds a
    cluster that differs from the code. No security fixes come either.

    There is no reason to leave it; upgrade one minor after the other. Versions that are not in the bundled table,
    and versions that only an apply could tell, are not reported.

    ```hcl bad as-of=2026-11-22
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.29"  # <- extended support ended on 2026-03-23
    }
    ```

    ```hcl good as-of=2026-11-22
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html>.
    """
    row = _row(item)
    if row is None or row.support(project.as_of) != "ended":
        return
    end = row.extended_end or row.standard_end
    kind = "extended" if row.extended_end else "standard"
    yield Problem(
        f"EKS ended {kind} support of {row.version} on {end}{_hedge(row)}: AWS upgrades the control plane of cluster"
        f" {item.title} by itself; the newest version is {_newest(project.as_of)}",
        *_place(item),
    )


@rule(
    each=cluster(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    related={"checkov": ["CKV_AWS_339"]},
)
def eks_extended_support(item: Cluster, project: Project) -> Problems:
    """The declared EKS version has left standard support and is billed at the extended-support price.

    A version has 14 months of standard support. After them AWS charges several times the price of the control
    plane, every hour, for 12 more months, and upgrades it by itself at their end. Clusters enter extended support
    without asking: the default of `upgrade_policy` is `EXTENDED`. With `STANDARD` there is no charge, but the
    control plane is upgraded as soon as standard support ends.

    Leave it when the delay is decided and paid for on purpose; a suppression with an end date says so.

    ```hcl bad as-of=2026-11-22
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.33"  # <- standard support ended on 2026-07-29
    }
    ```

    ```hcl good as-of=2026-11-22
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/view-upgrade-policy.html> and
    <https://aws.amazon.com/eks/pricing/>.
    """
    row = _row(item)
    if row is None or row.support(project.as_of) != "extended":
        return
    said = f"standard support of EKS {row.version} ended on {row.standard_end}{_hedge(row)}"
    until = f"until {row.extended_end}"
    policy = _support_type(item)
    if policy == "STANDARD":
        consequence = f"upgrade_policy STANDARD lets AWS upgrade the control plane of cluster {item.title} by itself"
    elif policy == "unknown":
        consequence = f"unless its upgrade_policy is STANDARD, cluster {item.title} is billed extended support {until}"
    else:
        consequence = f"cluster {item.title} is billed at the extended-support price {until}"
    yield Problem(f"{said}: {consequence}", *_place(item))


@rule(
    each=cluster(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    options={"days": "length of the planning window (one quarter)"},
)
def eks_support_ending(item: Cluster, project: Project, *, days: int = 90) -> Problems:
    """Standard support for the declared EKS version ends within the planning window.

    An upgrade of the control plane, its add-ons and all nodes takes weeks of testing in every environment. Known a
    quarter ahead it is planned work; noticed on the bill it is an emergency, at the extended-support price.

    Leave it when the upgrade is already scheduled.

    ```hcl bad as-of=2026-11-22
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"  # <- standard support ends on 2026-12-02
    }
    ```

    ```hcl good as-of=2026-11-22
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html>.
    """
    row = _row(item)
    if row is None or row.support(project.as_of) != "standard":
        return
    left = (row.standard_end - project.as_of).days
    if left > days:
        return
    when = "today" if left == 0 else f"in {left} day{'s' if left > 1 else ''}"
    yield Problem(
        f"standard support of EKS {row.version} for cluster {item.title} ends on {row.standard_end}{_hedge(row)},"
        f" {when}: {_next(row, project.as_of)}",
        *_place(item),
    )


def _place(item: Cluster) -> tuple[Node | Location, tuple[tuple[str, Node | Location], ...]]:
    """The version, or what the caller of a local module gives for it."""
    return (item.version, ()) if item.block is None else at_caller(item.block, item.version)


def _row(item: Cluster) -> lifecycle.EksRow | None:
    return lifecycle.eks(item.version.text.strip())


def _support_type(item: Cluster) -> str:
    """Return STANDARD, EXTENDED (the default of the service) or unknown."""
    if item.block is None:
        return "EXTENDED"
    policies = item.block["upgrade_policy"]
    if not policies.known:
        return "unknown"
    policy = item.block.body.one("upgrade_policy")
    if not policy.known or not policy["support_type"].known:
        return "unknown"
    return policy["support_type"].text or "EXTENDED"


def _newest(on: date) -> str:
    """Return the newest version EKS offers on a day, of those the bundled table knows."""
    rows = [row for row in map(lifecycle.eks, lifecycle.eks_versions()) if row is not None]
    offered = [row.version for row in rows if row.release <= on]
    return offered[-1] if offered else lifecycle.newest_eks()


def _next(row: lifecycle.EksRow, on: date) -> str:
    version = f"1.{int(row.version.partition('.')[2]) + 1}"
    following, newest = lifecycle.eks(version), _newest(on)
    if following is None or following.release > on:
        return "EKS offers no newer version yet"
    return f"next is {version}, supported until {following.standard_end}; newest is {newest}"


def _hedge(row: lifecycle.EksRow) -> str:
    return f" ({row.unverified})" if row.hedged else ""
