"""In which order versions of EKS clusters move: one minor after the other, and development before production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Cluster,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    argument_of,
    cluster,
    earlier_version,
    environment_of,
    minor_of,
    rule,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_TENS: Final = 10


@rule(
    each=cluster(),
    severity=Severity.HIGH,
    preset=STRICT,
    fixable="unsafe",
    options={"current_versions": "the version each cluster runs now, by its name or address"},
)
def minor_version_skip(
    item: Cluster, project: Project, *, current_versions: Mapping[str, str | float] = {}
) -> Problems:
    """The change raises the control plane by more than one minor version, or lowers it, which EKS refuses.

    `UpdateClusterVersion` takes the next minor and no other; the apply fails when the change window has begun, with
    whatever else was in the plan half applied. Each step also needs its own look at removed APIs, add-ons and nodes.

    The version before the change is that of the same cluster at the merge base of `--changed-since`, read from git, or
    what `current_versions` says. Without either the rule is silent, as it is for versions that cannot be told.
    Leave it for a cluster that is made anew under the same address.

    ```hcl bad current_versions={"shop":"1.33"}
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"  # <-
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"
    }
    ```

    ```hcl good current_versions={"shop":"1.33"}
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html> and
    <https://kubernetes.io/releases/version-skew-policy/>.
    """
    version = item.version
    if not version.known:
        return
    new = minor_of(version.text)
    told = next((current_versions[key] for key in _names(item) if key in current_versions), None)
    old = minor_of(earlier_version(item, project) if told is None else _text(told))
    if new is None or old is None or old <= new <= old + 1:
        return
    if new < old:
        said = f"cluster {item.title} goes back from 1.{old} to 1.{new}: EKS never lowers the version of a cluster"
        yield Problem(said, version)
        return
    fix = set_value(version, argument_of(version), f'"1.{old + 1}"', Safety.UNSAFE)
    yield Problem(
        f"cluster {item.title} goes from 1.{old} to 1.{new}: EKS raises a cluster by one minor at a time, next is"
        f" 1.{old + 1}",
        version,
        fix=fix,
    )


@rule(
    each=cluster(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    options={"pairs": "the cluster that goes first for each production cluster, by names or addresses"},
)
def prod_upgraded_before_dev(item: Cluster, project: Project, *, pairs: Mapping[str, str] = {}) -> Problems:
    """A production cluster declares a newer Kubernetes version than every non-production cluster in the project.

    What an upgrade breaks is found where it is applied first. Removed APIs, webhooks, drains that hang and add-ons that
    do not start cost nothing in development and an outage in production; a version should have run there for a week or
    two before.

    Clusters of production and not of it are told by their configuration, var files, folders and tags; others do not
    count. As long as the version of one non-production cluster cannot be told the rule is silent. Where a repository
    has several products, `pairs` names the cluster that goes first for each.

    ```hcl bad file=prod/main.tf
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"  # <-
      tags     = { environment = "prod" }
    }
    ```
    ```hcl bad file=dev/main.tf
    resource "aws_eks_cluster" "shop" {
      name     = "shop-dev"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"
      tags     = { environment = "dev" }
    }
    ```

    ```hcl good file=prod/main.tf
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"
      tags     = { environment = "prod" }
    }
    ```
    ```hcl good file=dev/main.tf
    resource "aws_eks_cluster" "shop" {
      name     = "shop-dev"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
      tags     = { environment = "dev" }
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/best-practices/cluster-upgrades.html>.
    """
    if not item.version.known:
        return
    own = minor_of(item.version.text)
    first = next((pairs[key] for key in _names(item) if key in pairs), None)
    if own is None or (first is None and _stage(item) != "prod"):
        return
    if first is None:
        others = [one for one in project.clusters if _stage(one) == "nonprod"]
    else:
        others = [one for one in project.clusters if first in _names(one)]
    minors = [minor_of(one.version.text) if one.version.known else None for one in others]
    newest = max((minor for minor in minors if minor is not None), default=own)
    if None in minors or own <= newest:
        return
    ahead = others[minors.index(newest)]
    yield Problem(
        f"production cluster {item.title} declares Kubernetes 1.{own}, and no cluster that goes first is beyond"
        f" 1.{newest}: upgrade {ahead.title} first",
        item.version,
        also=((f"the version of {ahead.title}", ahead.version),),
    )


def _stage(item: Cluster) -> str:
    stage = item.environment.stage
    return stage if stage != "unknown" or item.block is None else environment_of(item.block).stage


def _names(item: Cluster) -> list[str]:
    """Return what an option may call a cluster: its name in AWS, in the configuration, and its address."""
    names = [item.id, *([item.name.text] if item.name.known and item.name.text else [])]
    if item.block is not None:
        names.append(item.block.address)
        names += [item.block.call.address] if item.block.virtual and item.block.call is not None else []
    return names


def _text(version: object) -> str:
    """Return a version as text; YAML makes 1.3 of an unquoted 1.30, and EKS has no 1.3."""
    text = str(version)
    major, _, minor = text.partition(".")
    if isinstance(version, float) and minor.isdecimal() and int(minor) < _TENS:
        return f"{major}.{int(minor) * _TENS}"
    return text
