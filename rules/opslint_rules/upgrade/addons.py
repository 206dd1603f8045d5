"""Add-ons of EKS beside the version of their cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    RECOMMENDED,
    Block,
    Fix,
    Location,
    ModuleCall,
    Node,
    Problem,
    Problems,
    Project,
    Remove,
    Safety,
    Severity,
    asked_minor,
    cluster_of,
    is_literal,
    lifecycle,
    load,
    minor_of,
    resource,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_DATA = "aws/eks_addons"


def addon_entry(item: Block, call: ModuleCall | None, inputs: Sequence[str]) -> Node | None:
    """Return the entry of an add-on in the inputs of a module call; None where there is none, or none that is known."""
    if call is None:
        return None
    key = item.address.partition('["')[2].removesuffix('"]')
    maps = [call[name] for name in inputs]
    found = next((one[key] for one in maps if one.known and one[key].exists), None)
    return found if found is not None and found.known else None


def addon_place(item: Block, entry: Node | None) -> Node | Location:
    """Return the place of an add-on: its entry in the module call that makes it, else its header."""
    return entry if entry is not None else item.body if item.virtual else item.header


@rule(
    each=resource("aws_eks_addon"),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    related={"eksup": ["EKS005", "K8S011"]},
    fixable="unsafe",
    options={"kube_proxy_same_minor": "report kube-proxy too when its minor merely differs from the cluster's"},
)
def addon_version_incompatible(item: Block, project: Project, *, kube_proxy_same_minor: bool = False) -> Problems:
    """A pinned addon version does not support the declared or target cluster version.

    EKS refuses the add-on, or installs one that fails in ways nobody connects with an upgrade: kube-proxy out of step
    with the API server drops Services, an old CNI leaves new nodes NotReady. A pin that was right at the last
    upgrade is the usual cause.

    kube-proxy must not be newer than the control plane nor more than three minors older (two below 1.28); the oldest
    VPC CNI of each Kubernetes version is the one its own README recommends, the oldest CoreDNS the one EKS lists.
    With a target version the version after the upgrade counts too. Other add-ons, and versions that are not pinned,
    pass.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.33"
    }

    resource "aws_eks_addon" "proxy" {
      cluster_name  = aws_eks_cluster.shop.name
      addon_name    = "kube-proxy"
      addon_version = "v1.29.10-eksbuild.3"  # <- four minors behind
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.33"
    }

    resource "aws_eks_addon" "proxy" {
      cluster_name = aws_eks_cluster.shop.name
      addon_name   = "kube-proxy"
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.33"
    }

    resource "aws_eks_addon" "proxy" {
      cluster_name  = aws_eks_cluster.shop.name
      addon_name    = "kube-proxy"
      addon_version = "v1.33.10-eksbuild.2"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/managing-kube-proxy.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html> and
    <https://github.com/aws/amazon-vpc-cni-k8s>.
    """
    cluster, version = cluster_of(item, project), item["addon_version"]
    if cluster is None or not version.present or _is_left_open(item):
        return
    control = minor_of(cluster["version"].text)
    if control is None or not lifecycle.release(version.text):
        return
    name = item["addon_name"].text
    asked = asked_minor(project, control)
    target = max(control, asked or control)
    if name == "kube-proxy":
        why = _kube_proxy(version.text, control, target, same=kube_proxy_same_minor)
    else:
        why = _too_old(name, version.text, target)
    if why:
        yield Problem(
            f"add-on {name} is pinned to {version.text}: {why}",
            version,
            also=(("the version of the cluster", cluster["version"]),),
            fix=_fix(item),
        )


def _is_left_open(item: Block) -> bool:
    """True for an add-on of a module that leaves the version to AWS: nothing is unknown there, nothing is pinned."""
    call = item.call if item.virtual else None
    if call is None or item["addon_version"].known:
        return False
    maps = [call[key] for key in ("addons", "cluster_addons")]
    entries = [one for top in maps if top.known for one in dict(top.items()).values()]
    return all(one.known and not one["addon_version"].present for one in entries)


def _kube_proxy(version: str, control: int, target: int, *, same: bool) -> str:
    """Say what is wrong with a kube-proxy beside a control plane and its target, "" when nothing is."""
    if ".".join(map(str, lifecycle.release(version)[:3])) in load(_DATA)["never_existed"]["kube-proxy"]:
        return "AWS listed this version once, and it never existed"
    minor = minor_of(version)
    if minor is None:
        return ""
    if minor > control:
        return f"kube-proxy may not be newer than the control plane, which is 1.{control}"
    for wanted, what in ((control, "its control plane is"), (target, "the target is")):
        oldest = _oldest_proxy(wanted)
        if minor < oldest:
            return f"{what} 1.{wanted}, which supports kube-proxy 1.{oldest} and newer"
    return f"its control plane is 1.{control}" if same and minor != control else ""


def _oldest_proxy(control: int) -> int:
    row = lifecycle.skew(control)
    return row.kube_proxy[0] if row is not None else control - 3


def _too_old(name: str, version: str, target: int) -> str:
    """Say which version the target needs at least, "" when this one will do."""
    data, key = load(_DATA), str(target)
    if name == "vpc-cni":
        oldest = data["vpc_cni_oldest"].get(key, [""])[0]
    elif name == "coredns":
        oldest = data["coredns_minors"].get(key, [""])[0]
    else:
        return ""
    if not oldest or lifecycle.release(version)[:3] >= lifecycle.release(oldest):
        return ""
    return f"Kubernetes 1.{target} needs {oldest} or newer"


def _fix(item: Block) -> Fix:
    title = "remove addon_version, and set most_recent = true in the module"
    node = item["addon_version"]
    changes = (Remove(node),) if is_literal(node) else ()
    return Fix(title, changes, Safety.UNSAFE if changes else Safety.SHOWN)
