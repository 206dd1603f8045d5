"""Node groups beside their control plane."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    Block,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    argument_of,
    asked_minor,
    cluster_of,
    lifecycle,
    minor_of,
    node_group_name,
    resource,
    rule,
    self_managed_versions,
    set_value,
)


@rule(
    each=resource("aws_eks_node_group", "aws_eks_cluster"),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    related={"eksup": ["K8S001"]},
    fixable="unsafe",
    options={"warn_behind": "minors behind at which a still supported skew is reported; 0 switches it off"},
)
def nodegroup_version_skew(item: Block, project: Project, *, warn_behind: int = 2) -> Problems:
    """A node group's Kubernetes version is newer than the control plane or falls outside the supported skew.

    A kubelet may be as old as three minors below the API server (two below 1.28) and never newer. Outside that
    range nothing is tested: pods fail to start or to report, and EKS refuses the next upgrade of the control plane
    until the nodes are raised, which then has to happen under pressure. A node group within the range but behind is
    reported lower, because every upgrade of the control plane uses the remaining room up.

    With a target version the skew is judged against the version after the upgrade too.
    Leave it while an upgrade is under way. A module's node group without a version follows its cluster and passes;
    so does one whose cluster cannot be told.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_node_group" "media" {
      cluster_name    = aws_eks_cluster.shop.name
      node_group_name = "media"
      version         = "1.31"  # <- four minors behind
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_node_group" "media" {
      cluster_name    = aws_eks_cluster.shop.name
      node_group_name = "media"
      version         = "1.35"
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_node_group" "media" {
      cluster_name    = aws_eks_cluster.shop.name
      node_group_name = "media"
      version         = aws_eks_cluster.shop.version
    }
    ```

    See <https://kubernetes.io/releases/version-skew-policy/> and
    <https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html>.
    """
    if item.type == "aws_eks_cluster":
        for name, version in self_managed_versions(item):
            yield from _judge(name, version, item, project, warn_behind)
        return
    cluster = cluster_of(item, project)
    version = item["version"]
    if cluster is not None and version.present:
        yield from _judge(node_group_name(item), version, cluster, project, warn_behind)


def _judge(name: str, version: Node, cluster: Block, project: Project, warn_behind: int) -> Problems:
    said = _said(name, version, cluster, project, warn_behind)
    if said is not None:
        yield Problem(
            said[0],
            version,
            also=(("the version of the control plane", cluster["version"]),),
            fix=set_value(version, argument_of(version), f'"{cluster["version"].text}"', Safety.UNSAFE),
            severity=said[1],
        )


def _said(name: str, version: Node, cluster: Block, project: Project, warn_behind: int) -> tuple[str, Severity] | None:
    """Return what is wrong with a node group's version, and how much; None when nothing is."""
    node, control = minor_of(version.text), minor_of(cluster["version"].text)
    if node is None or control is None:
        return None
    group = f"node group {name} runs Kubernetes 1.{node}"
    if node > control:
        return f"{group}, newer than its control plane 1.{control}: a kubelet may never be newer", Severity.HIGH
    behind, oldest = control - node, _oldest(control)
    minors = f"{behind} minor{'s' if behind > 1 else ''}"
    if node < oldest:
        return (
            f"{group}, {minors} behind its control plane 1.{control}, which supports 1.{oldest} and newer",
            Severity.HIGH,
        )
    target = asked_minor(project, control)
    if target is not None and node < _oldest(target):
        limit = f"which supports 1.{_oldest(target)} and newer"
        return (
            f"{group}: after the upgrade of its control plane from 1.{control} to 1.{target}, {limit}, it is too old",
            Severity.HIGH,
        )
    if not warn_behind or behind < warn_behind:
        return None
    if node < _oldest(control + 1):
        return (
            f"{group}, {minors} behind its control plane 1.{control}: the next upgrade makes it unsupported",
            Severity.MEDIUM,
        )
    return f"{group}, {minors} behind its control plane 1.{control}", Severity.LOW


def _oldest(control: int) -> int:
    """Return the oldest kubelet minor a control plane supports."""
    row = lifecycle.skew(control)
    return row.kubelet[0] if row is not None else control - 3
