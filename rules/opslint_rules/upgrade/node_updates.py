"""What moves the nodes of a node group to a new version, and how many of them at a time."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    Location,
    Node,
    Problem,
    Problems,
    Project,
    Remove,
    Safety,
    Severity,
    argument_of,
    at_caller,
    beside,
    ignores_changes,
    is_literal,
    node_group_name,
    refers_to,
    regex,
    registry_name,
    resource,
    rule,
    set_value,
)

_EKS: Final = "terraform-aws-modules/eks/aws"
_GROUP: Final = f"{_EKS}//modules/eks-managed-node-group"
_LATEST: Final = 21  # from this major on the module takes the newest image of a version unless told otherwise
_CLUSTER: Final = regex(r"(aws_eks_cluster\.[\w-]+(?:\[[^\]]+\])?)\.(?:name|id)")
_MODULE: Final = regex(r"(module\.([\w-]+))\.cluster_(?:name|id)")
_SHARE: Final = 33  # percent: the eks module's own default


@rule(each=resource("aws_eks_node_group"), severity=Severity.MEDIUM, preset=STRICT, fixable="unsafe")
def nodegroup_version_unmanaged(item: Block, project: Project) -> Problems:
    """The managed node group declares no version, so raising the cluster version never rolls its nodes.

    The provider takes the version of the cluster when it creates the group and compares nothing afterwards. The control
    plane moves on with each apply, the nodes stay, and after three minors the next upgrade is refused, in the middle of
    the change.

    A `version` that follows the cluster, a `release_version`, and a launch template with an image of its own decide
    what runs, and pass. Node groups of the eks module follow its cluster; a call of its submodule alone does not. A
    launch template that is not declared here passes too, and so does a version that `ignore_changes` leaves to
    somebody else.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_node_group" "general" {  # <-
      cluster_name    = aws_eks_cluster.shop.name
      node_group_name = "general"
      node_role_arn   = "arn:aws:iam::123456789012:role/nodes"
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_node_group" "general" {
      cluster_name    = aws_eks_cluster.shop.name
      node_group_name = "general"
      node_role_arn   = "arn:aws:iam::123456789012:role/nodes"
      version         = aws_eks_cluster.shop.version
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_node_group" "general" {
      cluster_name    = aws_eks_cluster.shop.name
      node_group_name = "general"
      version         = aws_eks_cluster.shop.version
    }
    ```

    See <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_node_group#version-1> and
    <https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html>.
    """
    version = item["version"]
    if version.present or item["release_version"].present or _follows(item) or _has_own_image(item, project):
        return
    if ignores_changes(item, "version") or ignores_changes(item, "release_version"):
        return
    yield Problem(
        f"node group {node_group_name(item)} declares no version: its nodes stay as they were created when the cluster"
        " is upgraded",
        version if version.exists else _place(item),
        fix=_follow(item, project),
    )


def _follows(item: Block) -> bool:
    """True for a node group that gets its version, or its image, from a module or from eksctl."""
    call = item.call
    if not item.virtual or call is None:
        return item.virtual
    source, latest = registry_name(call), call["use_latest_ami_release_version"]
    if source != _GROUP:
        return source != _EKS or ".eks_managed_node_group[" in item.address
    new = call.major is None or call.major >= _LATEST
    return call["ami_id"].present or not latest.known or latest.is_true or (new and not latest.present)


def _has_own_image(item: Block, project: Project) -> bool:
    """True for a node group whose launch template names an image, or may: one that is not declared here."""
    if item.virtual or not item["launch_template"].present:
        return False
    template = item.body.one("launch_template")
    if not template.known:
        return True
    for other in beside(item, project, "aws_launch_template"):
        if refers_to(template["id"], other) or refers_to(template["name"], other):
            return other["image_id"].present
    return True


def _place(item: Block) -> Node | Location:
    """Return the place of a node group: its entry in the module call that makes it, else its header."""
    call = item.call if item.virtual else None
    if call is None:
        return item.header
    entry = call["node_groups"][node_group_name(item)] if call["node_groups"].known else call["node_groups"]
    return entry if entry.exists else item.header


def _follow(item: Block, project: Project) -> Fix | None:
    """Return the fix that gives a node group the version of the cluster that it names."""
    if item.virtual:
        return None
    written = item["cluster_name"].location.text
    own, module = _CLUSTER.fullmatch(written), _MODULE.fullmatch(written)
    if own is not None:
        value = f"{own[1]}.version"
    elif module is not None and _is_eks(module[2], item, project):
        value = f"{module[1]}.cluster_version"
    else:
        return None
    return Fix(f"set version = {value}", (Add(item.body, "version", value),), Safety.UNSAFE)


def _is_eks(name: str, item: Block, project: Project) -> bool:
    calls = [call for call in project.calls if call.root is item.root and call.name == name]
    return any(registry_name(call) == _EKS for call in calls)


@rule(
    each=resource("aws_eks_node_group"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="safe",
    options={"max_percent": "largest accepted share of nodes drained together"},
)
def node_update_too_aggressive(item: Block, project: Project, *, max_percent: int = 50) -> Problems:
    """The node group update settings drain too many nodes at once or force eviction past disruption budgets.

    Nodes that leave together take their pods together; what remains has to carry them until the new nodes are ready.
    `force_update_version` removes pods although their PodDisruptionBudget refuses, which is the outage that the budget
    was written against.

    Reported are a share above `max_percent`, a number that covers the smallest size of a group of several nodes, and a
    forced update. Without settings EKS drains one node at a time, and the eks module a third; both pass. Leave it for
    groups of batch nodes that may go at any time.

    ```hcl bad
    resource "aws_eks_node_group" "general" {
      cluster_name         = "shop"
      node_group_name      = "general"
      version              = "1.35"
      force_update_version = true  # <-

      update_config {
        max_unavailable_percentage = 80  # <-
      }
    }
    ```

    ```hcl fixed
    resource "aws_eks_node_group" "general" {
      cluster_name    = "shop"
      node_group_name = "general"
      version         = "1.35"

      update_config {
        max_unavailable_percentage = 33
      }
    }
    ```

    ```hcl good
    resource "aws_eks_node_group" "general" {
      cluster_name    = "shop"
      node_group_name = "general"
      version         = "1.35"

      update_config {
        max_unavailable_percentage = 33
      }
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_node_group#update_config-configuration-block>.
    """
    name, forced = node_group_name(item), item["force_update_version"]
    if forced.known and forced.is_true:
        yield Problem(
            f"an update of node group {name} is forced: it evicts pods although their PodDisruptionBudget refuses",
            *at_caller(item, forced),
            fix=_without(_written(item, forced)),
        )
    update = item.body.one("update_config")
    if not update.known:
        return
    percent, number = update["max_unavailable_percentage"], update["max_unavailable"]
    share = percent.number if percent.known else None
    if share is not None and share > max_percent and _is_written(percent):
        yield Problem(
            f"an update of node group {name} drains {percent.text} percent of its nodes at once (accepted are"
            f" {max_percent})",
            *at_caller(item, percent),
            fix=set_value(percent, argument_of(percent), str(_SHARE), Safety.SAFE),
        )
    count, least = (number.number if number.known else None), _least(item)
    if count is not None and least is not None and count >= least > 1:
        yield Problem(
            f"an update of node group {name} drains {number.text} nodes at once, and its smallest size is {least}",
            *at_caller(item, number),
        )


def _is_written(node: Node) -> bool:
    """False for what a module takes when nothing is given."""
    return bool(node.via) or node.location.text.strip('"').isdecimal()


def _least(item: Block) -> int | None:
    """Return the smallest size of a node group, None when it cannot be told."""
    scaling = item.body.one("scaling_config")
    size = scaling["min_size"] if scaling.known else scaling
    number = size.number if size.known else None
    return int(number) if number is not None else None


def _written(item: Block, argument: Node) -> Node:
    """Return an argument as the module call writes it, where a module makes the node group of one."""
    groups = item.call["eks_managed_node_groups"] if item.virtual and item.call is not None else item.body
    entry = groups[node_group_name(item)] if groups.known else groups
    own = entry[argument.key] if entry.known else entry
    return own if own.exists and own.key == argument.key else argument


def _without(node: Node) -> Fix:
    changes = (Remove(node),) if is_literal(node) else ()
    return Fix(f"remove {argument_of(node)}", changes, Safety.SAFE if changes else Safety.SHOWN)
