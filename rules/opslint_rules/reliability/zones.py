"""Zones that nodes are in."""

from __future__ import annotations

from typing import Any, Final

from opslint.api import (
    STRICT,
    Block,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    beside,
    cluster_of,
    refers_to,
    regex,
    releases_of,
    resource,
    rule,
)
from opslint_rules.reliability.controllers import has_auto_mode
from opslint_rules.reliability.placement import group_name, may_make_nodes

_SUBNETS: Final = regex(r"(\w+)_subnets")
_ONE: Final = "one zone"


@rule(
    each=resource("aws_eks_node_group"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    prod_only=True,
)
def nodegroup_single_az(item: Block, project: Project) -> Problems:
    """All nodes that could host a workload sit in one availability zone.

    When that zone fails, or has no capacity for the instance type on the day of an upgrade, everything that runs on
    those nodes is down, however many replicas there are.

    The subnets of a node group are followed to their zones, through `aws_subnet` or the vpc module's `azs`. Node groups
    of one cluster with equal labels and taints count together, so one group a zone, as volumes of EBS like it, passes.
    Karpenter's NodePools, Auto Mode and anything unknown pass. An environment without a sign counts as production.
    Leave it for groups whose work may stop, such as batch.

    ```hcl bad
    resource "aws_eks_node_group" "web" {
      cluster_name    = "shop"
      node_group_name = "web"
      node_role_arn   = "arn:aws:iam::123456789012:role/nodes"
      subnet_ids      = ["subnet-0a1b2c3d4e5f60718"]  # <-
    }
    ```

    ```hcl good
    resource "aws_eks_node_group" "web" {
      cluster_name    = "shop"
      node_group_name = "web"
      node_role_arn   = "arn:aws:iam::123456789012:role/nodes"
      subnet_ids      = ["subnet-0a1b2c3d4e5f60718", "subnet-1b2c3d4e5f60718a2"]
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/best-practices/reliability.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html>.
    """
    if _others_may_add(item, project):
        return
    subnets = item["subnet_ids"]
    mine = _zones(subnets, item, project)
    if mine is None or len(mine) != 1:
        return
    for other in beside(item, project, "aws_eks_node_group"):
        if other is not item and _may_be_alike(item, other, project):
            zones = _zones(other["subnet_ids"], other, project)
            if zones is None or other.stand_in or zones != mine or _ONE in zones:
                return
    zone = next(iter(mine))
    shown = zone if zone != _ONE else "the zone of its only subnet"
    yield Problem(f"all nodes of node group {group_name(item)} and those like it are in {shown}", subnets)


def _others_may_add(item: Block, project: Project) -> bool:
    """True when Karpenter, Auto Mode or a module that was not read may bring nodes to other zones."""
    if project.of_kind("NodePool", "Provisioner") or releases_of(project, "karpenter"):
        return True
    if any(may_make_nodes(call) for call in item.root.opaque):
        return True
    return any(has_auto_mode(one) for one in beside(item, project, "aws_eks_cluster"))


def _may_be_alike(item: Block, other: Block, project: Project) -> bool:
    """True unless another group is of another cluster, or its labels or taints surely differ."""
    mine, theirs = cluster_of(item, project), cluster_of(other, project)
    if mine is not theirs or mine is None:
        names = [_cluster_name(one, cluster) for one, cluster in ((item, mine), (other, theirs))]
        if all(names) and names[0] != names[1]:
            return False
    if any(_is_open(one[key]) for one in (item, other) for key in ("labels", "taint")):
        return True
    return all(_same(item[key].plain(), other[key].plain()) for key in ("labels", "taint"))


def _cluster_name(group: Block, cluster: Block | None) -> str:
    node = cluster["name"] if cluster is not None else group["cluster_name"]
    return node.text if node.known else ""


def _is_open(node: Node) -> bool:
    return any(not one.known for one in node.walk())


def _same(first: Any, second: Any) -> bool:
    return bool((first or None) == (second or None))


def _zones(subnets: Node, group: Block, project: Project) -> set[str] | None:
    """Return the zones of subnets, `_ONE` for a single one that is not known; None when they cannot be told."""
    if not subnets.known:
        return _of_module(subnets.why, group)
    if not subnets.is_list:
        return None
    nodes, found = list(subnets), set[str]()
    for node in nodes:
        zones = _zone(node, group, project)
        if zones is None:
            return {_ONE} if len(nodes) == 1 else None
        found |= zones
    return found or None


def _zone(node: Node, group: Block, project: Project) -> set[str] | None:
    for subnet in beside(group, project, "aws_subnet"):
        if not subnet.virtual and refers_to(node, subnet):
            zone = subnet["availability_zone"]
            if not subnet.stand_in and zone.known and zone.text:
                return {zone.text}
    return None


def _of_module(why: str, group: Block) -> set[str] | None:
    """Return the zones of a list that the vpc module hands out: it goes through its zones as it has subnets."""
    for call in group.root.calls:
        match = _SUBNETS.fullmatch(why.removeprefix(f"{call.address}."))
        if match and why.startswith(f"{call.address}.") and "vpc/aws" in call.source:
            zones, subnets = call["azs"], call[f"{match[1]}_subnets"]
            if not zones.known or not subnets.known or not all(zone.known for zone in zones) or not len(zones):
                return None
            texts = zones.texts()
            return {texts[number % len(texts)] for number in range(len(subnets) if texts else 0)} or None
    return None
