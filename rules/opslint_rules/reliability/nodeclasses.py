"""Karpenter: what a NodePool and its node class name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    KubeObject,
    ModuleCall,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    allowed_majors,
    glob_matches,
    has_placeholder,
    kind,
    name_glob,
    opaque_could_provide,
    regex,
    registry_name,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS: Final = ("karpenter.sh", "karpenter.k8s.aws")
_MODULE: Final = "terraform-aws-modules/eks/aws//modules/karpenter"
_EKS: Final = "terraform-aws-modules/eks/aws"
_DISCOVERY: Final = "karpenter.sh/discovery"
_SUFFIX: Final = regex(r"-?\d{18,}|-[0-9a-z]{20,}")
_SUBNETS: Final = ("vpc", "subnet", "network")
_SECURITY: Final = ("security", "sg", "eks", "cluster", "network", "vpc")


@rule(each=kind("NodePool", "EC2NodeClass", groups=_GROUPS), severity=Severity.HIGH, preset=STRICT, applies_to="cross")
def karpenter_nodeclass_unresolved(item: KubeObject, project: Project) -> Problems:
    """A NodePool or EC2NodeClass refers to a node class, IAM role or tag that the project does not define.

    Karpenter then launches nothing: pods stay Pending while the NodePool looks fine, or instances start and never join
    the cluster. The names live in Terraform and are copied into YAML by hand, and the karpenter module appends a random
    suffix to the role's name unless `node_iam_role_use_name_prefix` is false.

    The role is compared with the roles and karpenter modules of the project, the tags of the selector terms with those
    of its subnets and security groups; where the project declares none of them, or a module cannot be seen through, the
    rule is silent. Terms by id or name pass. Leave it for networks of another repository.

    ```yaml bad
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: shop-karpenter-node  # <- the module makes shop-karpenter-node-2026…
      amiSelectorTerms: [{alias: al2023@latest}]
    ```
    ```hcl bad
    module "karpenter" {
      source  = "terraform-aws-modules/eks/aws//modules/karpenter"
      version = "~> 20.31"

      cluster_name       = "shop"
      node_iam_role_name = "shop-karpenter-node"
    }
    ```

    ```yaml good
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: shop-karpenter-node
      amiSelectorTerms: [{alias: al2023@latest}]
    ```
    ```hcl good
    module "karpenter" {
      source  = "terraform-aws-modules/eks/aws//modules/karpenter"
      version = "~> 20.31"

      cluster_name                  = "shop"
      node_iam_role_name            = "shop-karpenter-node"
      node_iam_role_use_name_prefix = false
    }
    ```

    See <https://karpenter.sh/docs/concepts/nodeclasses/> and
    <https://registry.terraform.io/modules/terraform-aws-modules/eks/aws/latest/submodules/karpenter>.
    """
    if item.kind == "NodePool":
        yield from _reference(item, project)
        return
    yield from _role(item, project)
    yield from _tags(item, project, "subnetSelectorTerms", "subnet", _subnet_tags(project))
    yield from _tags(item, project, "securityGroupSelectorTerms", "security group", _security_tags(project))


def _reference(item: KubeObject, project: Project) -> Problems:
    reference = item.spec.at("template", "spec", "nodeClassRef")
    name, wanted = reference["name"].text, reference["kind"].text or "EC2NodeClass"
    if not name or wanted != "EC2NodeClass" or any(not unit.closed for unit in project.units):
        return
    if any(one.name == name for one in project.of_kind(wanted)) or project.knows(wanted, "", name):
        return
    yield Problem(f"{item.title} names the EC2NodeClass {name}, which does not exist", reference["name"])


# -- the role
def _role(item: KubeObject, project: Project) -> Problems:
    role = item.spec["role"]
    name = role.text
    calls = [call for call in project.calls if registry_name(call) == _MODULE]
    blocks = project.resources("aws_iam_role")
    if (
        not name
        or has_placeholder(name)
        or not (calls or blocks)
        or any(glob_matches(name, name_glob(one)) for one in blocks)
    ):
        return
    known, prefixed = [], None
    for call in calls:
        made, is_prefix = _node_role(call)
        if made is None:
            return
        known.append(made)
        if made == name and is_prefix:
            prefixed = call
        elif made == name or (is_prefix and name.startswith(made) and _SUFFIX.fullmatch(name[len(made) :])):
            return
    if prefixed is not None:
        yield Problem(
            f"{item.title} names the role {name}, and {prefixed.address} appends a suffix to that name:"
            " node_iam_role_use_name_prefix is true",
            role,
            also=(("the module", prefixed.header),),
        )
        return
    others = [call for module in project.modules for call in module.opaque if registry_name(call) != _MODULE]
    if not others:
        said = f"; the karpenter module makes {known[0]}" if known else ""
        yield Problem(f"{item.title} names the role {name}, which Terraform does not declare{said}", role)


def _node_role(call: ModuleCall) -> tuple[str | None, bool]:
    """Return the name of a karpenter module's node role, and whether it is a prefix; None when it cannot be told."""
    majors = allowed_majors(call)
    stem = "node_iam_role" if majors and min(majors) >= 20 else "iam_role" if majors and max(majors) < 20 else ""
    name, switch, cluster = call[f"{stem}_name"], call[f"{stem}_use_name_prefix"], call["cluster_name"]
    if not stem or not name.known or not switch.known or call["create_node_iam_role"].is_false:
        return None, False
    if not name.present and not (cluster.known and cluster.text):
        return None, False
    return name.text or f"Karpenter-{cluster.text}", not switch.is_false


# -- tags
def _tags(item: KubeObject, project: Project, field: str, what: str, found: list[Node] | None) -> Problems:
    if not found:
        return
    for term in item.spec[field]:
        for key, value in term["tags"].items():
            if key.startswith(("kubernetes.io/cluster/", "aws:")) or has_placeholder(f"{key}={value.text}"):
                continue
            if any(_has(tags, key, value.text) for tags in found):
                continue
            yield Problem(
                f"{item.title} selects by the tag {key}={value.text}, which no {what} of Terraform has", value
            )
            return
        discovery = term["tags"][_DISCOVERY]
        own = item.unit.cluster
        if own is None or not discovery.text or discovery.text == own.name.text:
            continue
        if any(one.name.text == discovery.text for one in project.clusters):
            yield Problem(
                f"{item.title} selects the {what}s of cluster {discovery.text} and is applied to {own.name.text}",
                discovery,
            )


def _has(tags: Node, key: str, value: str) -> bool:
    """True when some tags have the pair, or may have it."""
    if not tags.known:
        return True
    node = tags[key]
    return node.present and (not node.known or value in ("*", node.text))


def _subnet_tags(project: Project) -> list[Node] | None:
    """Return the tags of all subnets; None when they cannot be told, or there are none."""
    subnets = project.resources("aws_subnet", "aws_default_subnet")
    if not subnets or _are_tagged_elsewhere(project) or _other(project, _SUBNETS):
        return None
    return [*_tags_of(subnets), *_defaults(project)]


def _security_tags(project: Project) -> list[Node] | None:
    groups = project.resources("aws_security_group", "aws_default_security_group")
    modules = [call for call in project.calls if registry_name(call) == _EKS]
    if not (groups or modules) or _are_tagged_elsewhere(project) or _other(project, _SECURITY):
        return None
    inputs = ("tags", "cluster_tags", "node_security_group_tags", "cluster_security_group_tags", "security_group_tags")
    return [*_tags_of(groups), *(call[key] for call in modules for key in inputs), *_defaults(project)]


def _tags_of(blocks: list[Block]) -> Iterator[Node]:
    return (block["tags"] for block in blocks)


def _defaults(project: Project) -> Iterator[Node]:
    for module in project.modules:
        for _, provider in module.providers:
            block = provider["default_tags"]
            yield provider.one("default_tags")["tags"] if block.known and provider.one("default_tags").known else block


def _are_tagged_elsewhere(project: Project) -> bool:
    return bool(project.resources("aws_ec2_tag"))


def _other(project: Project, words: tuple[str, ...]) -> bool:
    """True when a module that cannot be seen through, other than Karpenter's own, may have such a resource."""
    own = [call for module in project.modules for call in module.opaque if registry_name(call) == _MODULE]
    others = [call for module in project.modules for call in module.opaque if call not in own]
    return (
        bool(others)
        and opaque_could_provide(project, *words)
        and any(word in f"{call.source} {call.name}".lower() for call in others for word in words)
    )
