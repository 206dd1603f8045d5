"""What the configuration of an EKS add-on asks for, beside what Kubernetes still supports."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Block,
    Problem,
    Problems,
    Project,
    Severity,
    asked_minor,
    cluster_of,
    json_with_holes,
    minor_of,
    resource,
    rule,
)

# ipvs mode of kube-proxy: deprecated by KEP-5495, https://kubernetes.io/blog/2025/11/26/kubernetes-v1-35-sneak-peek/
IPVS_DEPRECATED: Final = 35


@rule(each=resource("aws_eks_addon"), severity=Severity.LOW, preset=STRICT)
def obsolete_addon_setting(item: Block, project: Project) -> Problems:
    """An EKS add-on is configured for a mode that Kubernetes deprecates.

    kube-proxy's mode ipvs is deprecated from Kubernetes 1.35 on: it gets no fixes, and the release that drops it falls
    back or fails to start, on every node at once. Moving to nftables or iptables is a rolling restart of kube-proxy,
    and best done on its own, before an upgrade.

    Leave it while the move is planned. Configuration that only an apply could tell passes.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_addon" "kube_proxy" {
      cluster_name         = aws_eks_cluster.shop.name
      addon_name           = "kube-proxy"
      configuration_values = jsonencode({ mode = "ipvs" })  # <-
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_addon" "kube_proxy" {
      cluster_name         = aws_eks_cluster.shop.name
      addon_name           = "kube-proxy"
      configuration_values = jsonencode({ mode = "nftables" })
    }
    ```

    See <https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-ipvs>.
    """
    if item["addon_name"].text != "kube-proxy":
        return
    control = cluster_of(item, project)
    minor = minor_of(control["version"].text) if control is not None else None
    minor = max((one for one in (minor, asked_minor(project, minor or 0)) if one), default=None)
    values = json_with_holes(item["configuration_values"])
    if minor is None or minor < IPVS_DEPRECATED or not isinstance(values, dict) or values.get("mode") != "ipvs":
        return
    yield Problem(
        f"kube-proxy runs in mode ipvs, deprecated since Kubernetes 1.{IPVS_DEPRECATED} (the cluster has 1.{minor}): "
        "use nftables, or iptables",
        item["configuration_values"],
    )
