"""What an add-on needs to work on new nodes: to be there before them, and a role of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    HOLE,
    STRICT,
    Add,
    Block,
    Fix,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    cluster_of,
    has_auto_mode,
    json_with_holes,
    opaque_could_provide,
    registry_name,
    resource,
    rule,
    text_with_holes,
)
from opslint_rules.upgrade.addons import addon_entry, addon_place

if TYPE_CHECKING:
    from collections.abc import Iterator

_EKS: Final = "terraform-aws-modules/eks/aws"
_ORDERED: Final = 19  # the first major of the module that knows before_compute
_BARE: Final = 21  # the first major whose clusters start without a CNI
_AGENT: Final = "eks-pod-identity-agent"
_GROUPS: Final = ("eks_managed_node_groups", "self_managed_node_groups")
# Settings of the VPC CNI that a node takes over only when it starts.
_FLAGS: Final = {
    "ENABLE_PREFIX_DELEGATION": "prefix delegation",
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "custom networking",
}
# Add-on: its service account, and a part of the name of AWS's policy for it.
# Source: https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
_NEEDS: Final = {
    "aws-ebs-csi-driver": ("ebs-csi-controller-sa", "AmazonEBSCSIDriver"),
    "aws-efs-csi-driver": ("efs-csi-controller-sa", "AmazonEFSCSIDriver"),
    "vpc-cni": ("aws-node", "AmazonEKS_CNI"),
}
_POLICIES: Final = "iam_role_additional_policies"
_NODES: Final = (*_GROUPS, "eks_managed_node_group_defaults", "self_managed_node_group_defaults")
_DEPTH: Final = 3  # of the input, a group in it, and what the group says
_WORDS: Final = ("pod-identity", "pod_identity", "podidentity", "csi")


@rule(each=resource("aws_eks_addon"), severity=Severity.MEDIUM, preset=STRICT, fixable="safe")
def addon_not_before_compute(item: Block, project: Project) -> Problems:
    """The VPC CNI (or pod identity agent) is created after the nodes that need it.

    From major 21 on the eks module creates clusters without any CNI. Nodes then wait for the CNI to become Ready, the
    node group waits for its nodes, and the add-on for the node group, until the apply times out. Before, nodes start
    with the copy that EKS installs, and take over prefix delegation, custom networking or network policies only when
    they are replaced.

    The rule is about add-ons of the eks module. It passes in Auto Mode and where the call makes no node groups; up to
    major 20 it reports only a CNI with one of these settings. The agent is mentioned where the module associates pods
    with roles: those that start before it have no credentials until it is there.

    ```hcl bad
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 21.0"

      name               = "shop"
      kubernetes_version = "1.35"

      addons = {
        coredns    = {}
        kube-proxy = {}
        vpc-cni    = {}  # <-
      }

      eks_managed_node_groups = {
        general = {}
      }
    }
    ```

    ```hcl fixed
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 21.0"

      name               = "shop"
      kubernetes_version = "1.35"

      addons = {
        coredns    = {}
        kube-proxy = {}
        vpc-cni = {
          before_compute = true
        }
      }

      eks_managed_node_groups = {
        general = {}
      }
    }
    ```

    ```hcl good
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 21.0"

      name               = "shop"
      kubernetes_version = "1.35"

      addons = {
        coredns    = {}
        kube-proxy = {}
        vpc-cni = {
          before_compute = true
        }
      }

      eks_managed_node_groups = {
        general = {}
      }
    }
    ```

    See <https://github.com/terraform-aws-modules/terraform-aws-eks/blob/master/docs/UPGRADE-21.0.md>,
    <https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html>.
    """
    call = item.call if item.virtual else None
    if call is None or registry_name(call) != _EKS or call.major is None or call.major < _ORDERED:
        return
    name = item["addon_name"].text
    if name not in {"vpc-cni", _AGENT} or item["before_compute"].is_true or not _has_node_groups(item):
        return
    cluster = cluster_of(item, project)
    if cluster is None or has_auto_mode(cluster):
        return
    if name == _AGENT:
        if any(_associates(item, project)):
            said = "pods with a pod identity association have no credentials until it is there"
            yield Problem(
                f"add-on {name} is created after the nodes: {said}",
                addon_place(item, _entry(item)),
                fix=_fix(item),
                severity=Severity.INFO,
            )
        return
    why = _why(item, call.major)
    if why:
        yield Problem(
            f"add-on vpc-cni is created after the nodes: {why}", addon_place(item, _entry(item)), fix=_fix(item)
        )


def _has_node_groups(item: Block) -> bool:
    groups = [item.call[name] for name in _GROUPS] if item.call is not None else []
    return any(one.known and one.is_map and len(one) > 0 for one in groups)


def _associates(item: Block, project: Project) -> Iterator[bool]:
    yield bool(beside(item, project, "aws_eks_pod_identity_association"))
    yield from (block["pod_identity_association"].present for block in beside(item, project, "aws_eks_addon"))


def _why(item: Block, major: int) -> str:
    """Say why the CNI must be there first, "" when it need not."""
    if major >= _BARE:
        return "the cluster starts without a CNI, and its nodes do not become Ready until there is one"
    values = json_with_holes(item["configuration_values"])
    if not isinstance(values, dict):
        return ""
    environment = values.get("env")
    flags = environment if isinstance(environment, dict) else {}
    found = [said for key, said in _FLAGS.items() if _is_on(flags.get(key))]
    found += ["network policies"] if _is_on(values.get("enableNetworkPolicy")) else []
    return f"nodes that run already do not take over {' and '.join(found)}" if found else ""


def _is_on(value: object) -> bool:
    return str(value).lower() == "true"


def _entry(item: Block) -> Node | None:
    return addon_entry(item, item.call, ("addons", "cluster_addons"))


def _fix(item: Block) -> Fix | None:
    """Return the fix that orders an add-on before the nodes, where the call writes its entry out."""
    entry = _entry(item)
    if entry is None or not entry.is_map or entry.via:
        return None
    if entry["before_compute"].exists:
        return None
    return Fix("set before_compute = true", (Add(entry, "before_compute", "true"),), Safety.SAFE)


@rule(
    each=resource("aws_eks_addon"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"kyverno": ["require-aws-node-irsa"], "hardeneks": ["check_aws_node_daemonset_service_account"]},
    cis=["EKS 1.8.0 5.2.1"],
    options={"addons": "addons that need a role; add vpc-cni for a CNI with a role of its own"},
)
def addon_role_missing(
    item: Block, project: Project, *, addons: tuple[str, ...] = ("aws-ebs-csi-driver", "aws-efs-csi-driver")
) -> Problems:
    """An addon that calls AWS APIs has no IAM role of its own.

    Its pods fall back to the role of the node, if they reach the metadata service at all: a hop limit of 1, the default
    of managed node groups, stops them. Volumes then stay Pending with an error about credentials. Where the node role
    does hold the rights, every pod on the node holds them too.

    A role is given by `service_account_role_arn`, by `pod_identity_association` and by an
    `aws_eks_pod_identity_association` of the add-on's service account. A managed policy of the add-on that is attached
    anywhere in the project passes, as do Auto Mode, modules for pod identities that cannot be read, and what only an
    apply could tell.

    ```hcl bad
    resource "aws_eks_addon" "ebs" {  # <-
      cluster_name  = "shop"
      addon_name    = "aws-ebs-csi-driver"
      addon_version = "v1.55.0-eksbuild.1"
    }
    ```

    ```hcl good
    resource "aws_eks_addon" "ebs" {
      cluster_name             = "shop"
      addon_name               = "aws-ebs-csi-driver"
      addon_version            = "v1.55.0-eksbuild.1"
      service_account_role_arn = "arn:aws:iam::123456789012:role/ebs-csi"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/efs-csi.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html>.
    """
    name = item["addon_name"].text
    if name not in addons or any(item[key].present for key in ("service_account_role_arn", "pod_identity_association")):
        return
    if item.virtual and item.call is None:
        return  # eksctl makes a role for what it knows to need one
    cluster = cluster_of(item, project)
    if (cluster is not None and has_auto_mode(cluster)) or _names_role(item["configuration_values"]):
        return
    account, policy = _NEEDS.get(name, ("", ""))
    if _is_associated(account, project) or (policy and _is_attached(policy, project)):
        return
    if opaque_could_provide(project, *_WORDS, name.removeprefix("aws-").removesuffix("-driver")):
        return
    yield Problem(
        f"add-on {name} has no role: its pods have the rights of their node, or none",
        addon_place(item, _entry(item)),
    )


def _names_role(values: Node) -> bool:
    """True for settings that annotate the service account with a role, or may."""
    text = text_with_holes(values)
    return not values.known or (text is not None and ("role-arn" in text or HOLE in text))


def _is_associated(account: str, project: Project) -> bool:
    """True when pods of the service account get a role by an association, or may."""
    for block in project.resources("aws_eks_pod_identity_association"):
        named = block["service_account"]
        if not account or not named.known or named.text == account:
            return True
    return False


def _is_attached(policy: str, project: Project) -> bool:
    """True when AWS's policy of an add-on is attached to some role, or given to a module, or may be."""
    for block in project.resources("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        arn = block["policy_arn"]
        if policy in arn.text if arn.known else _may_name(arn, policy):
            return True
    for block in project.resources("aws_iam_role"):
        if any(policy in one.text if one.known else _may_name(one, policy) for one in _arns(block)):
            return True
    calls = [call for call in project.calls if call.how == "adapter"]
    return any(_may_hold(node, policy) for call in calls for node in call.body.walk())


def _arns(role: Block) -> Iterator[Node]:
    arns = role["managed_policy_arns"]
    yield from arns if arns.known else (arns,)


def _may_hold(node: Node, policy: str) -> bool:
    """True for an input of a module that names the policy, or may: policies of nodes, and groups of unknown make."""
    if node.known:
        return node.is_scalar and policy in node.text
    keys = [key for key in node.path if isinstance(key, str)]
    if _POLICIES in keys or (keys and keys[0] in _NODES and len(keys) < _DEPTH):
        return _may_name(node, policy)
    return policy in (text_with_holes(node) or "")


def _may_name(arn: Node, policy: str) -> bool:
    text = text_with_holes(arn)
    return text is None or text == HOLE or policy in text
