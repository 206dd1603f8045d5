"""Whether something in the cluster enforces the NetworkPolicies that are applied to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import (
    HOLE,
    RECOMMENDED,
    Add,
    Block,
    Cluster,
    Fix,
    KubeObject,
    Location,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    cluster,
    cluster_of,
    elsewhere,
    json_with_holes,
    may_name,
    may_refer_to,
    name_of,
    opaque_could_provide,
    rule,
    same_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SWITCH: Final = "enableNetworkPolicy"
_CNI_CHART: Final = "aws-vpc-cni"
_CONFIG_MAP: Final = ("amazon-vpc-cni", "enable-network-policy-controller")
# Policy engines: a word of the chart's name, of an image, or the API group of the operator's object.
_ENGINES: Final = ("calico", "tigera", "cilium", "antrea", "kube-router", "weave", "ovn-kubernetes", "kube-ovn")
_GROUPS: Final = frozenset({"operator.tigera.io", "crd.projectcalico.org", "operator.antrea.io", "cilium.io"})


@rule(
    each=cluster(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    applies_to="cross",
    cis=["EKS 1.8.0 4.3.1", "EKS 1.8.0 5.4.4", "K8s 1.12 5.3.1"],
    fixable="unsafe",
)
def network_policy_not_enforced(item: Cluster, project: Project) -> Problems:
    """NetworkPolicies exist but the declared CNI does not enforce them.

    The API server takes every NetworkPolicy and says nothing; without something that enforces them they are decoration,
    and traffic that the policies seem to forbid flows. The VPC CNI enforces policies only when it is told to.

    It counts as enforced when the vpc-cni add-on or the aws-vpc-cni chart sets `enableNetworkPolicy`, when the
    ConfigMap amazon-vpc-cni switches it on (Auto Mode), or when Calico, Cilium or another engine is deployed. With a
    module or a unit that cannot be read through, or an unknown configuration, the rule is silent. Leave it when
    an engine is installed by other means.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }

    resource "aws_eks_addon" "cni" {  # <-
      cluster_name = aws_eks_cluster.shop.name
      addon_name   = "vpc-cni"
    }
    ```
    ```yaml bad
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }

    resource "aws_eks_addon" "cni" {
      cluster_name         = aws_eks_cluster.shop.name
      addon_name           = "vpc-cni"
      configuration_values = jsonencode({ enableNetworkPolicy = "true" })
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }

    resource "aws_eks_addon" "cni" {
      cluster_name         = aws_eks_cluster.shop.name
      addon_name           = "vpc-cni"
      configuration_values = jsonencode({ enableNetworkPolicy = "true" })
    }
    ```
    ```yaml good
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html> and
    <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.
    """
    block = item.block
    policies = [one for one in project.of_kind("NetworkPolicy") if _is_for(one, item)]
    if block is None or not policies or opaque_could_provide(project):
        return
    if any(not unit.closed for unit in project.units):
        return
    addons = _addons(block, project)
    if any(not one["addon_name"].known for one in addons) or _is_enforced(block, addons, project):
        return
    cni = next((one for one in addons if one["addon_name"].text == "vpc-cni"), None)
    more = f"{len(policies)} NetworkPolicies have" if len(policies) > 1 else f"NetworkPolicy {policies[0].name} has"
    what = (
        "its vpc-cni add-on does not set enableNetworkPolicy" if cni is not None else "nothing declared enforces them"
    )
    yield Problem(
        f"{more} no effect in cluster {name_of(block)}: {what}",
        _place(cni if cni is not None else block),
        also=(("a NetworkPolicy without effect", policies[0].root["kind"]),),
        fix=_fix(cni) if cni is not None else None,
    )


def _is_for(policy: KubeObject, item: Cluster) -> bool:
    return policy.group == "networking.k8s.io" and policy.unit.cluster in (None, item)


def _addons(block: Block, project: Project) -> list[Block]:
    """Return the add-ons that are, or may be, the cluster's."""
    clusters = beside(block, project, "aws_eks_cluster")
    return [
        one
        for one in beside(block, project, "aws_eks_addon")
        if cluster_of(one, project) is block or may_refer_to(one["cluster_name"], block, clusters)
    ] + [one for one in elsewhere(block, project, "aws_eks_addon") if may_name(one["cluster_name"], block)]


def _place(block: Block) -> Node | Location:
    """Return an entry of a module's map of add-ons, else the block's own header."""
    return block.body if block.virtual and block.type == "aws_eks_addon" else block.header


def _fix(cni: Block) -> Fix:
    """Add the argument; a configuration that is written already is its author's to extend."""
    value = f'jsonencode({{ {_SWITCH} = "true" }})'
    add = (Add(cni.body, "configuration_values", value),) if not cni["configuration_values"].exists else ()
    return Fix(f"set configuration_values = {value}", add, Safety.UNSAFE if add else Safety.SHOWN)


# -- what enforces
def _is_enforced(block: Block, addons: list[Block], project: Project) -> bool:
    """True when something enforces policies, or may do so."""
    return (
        any(_addon_enforces(one) for one in addons if one["addon_name"].text == "vpc-cni")
        or any(_release_enforces(one) for one in project.resources("helm_release") if same_run(one, block))
        or any(_is_switched_on(one) for one in project.of_kind("ConfigMap"))
        or any(_is_engine(image) for image in _images(project))
        or any(one.group in _GROUPS for one in project.objects)
        or any(_is_engine(chart.name) for chart in project.charts)
    )


def _addon_enforces(addon: Block) -> bool:
    values = addon["configuration_values"]
    if not values.present:
        return False
    document = json_with_holes(values)
    return document is None or not isinstance(document, dict) or _is_on(document.get(_SWITCH))


def _is_on(value: Any) -> bool:
    return value is True or str(value).lower() == "true" or HOLE in str(value)


def _release_enforces(release: Block) -> bool:
    chart = release["chart"]
    if not chart.known or _is_engine(chart.text):
        return True
    if not chart.text.endswith(_CNI_CHART):
        return False
    settings = [release["values"], release["set"]]
    return any(not node.known for top in settings for node in top.walk()) or any(
        _SWITCH in node.text for top in settings for node in top.walk() if node.is_scalar
    )


def _is_switched_on(item: KubeObject) -> bool:
    name, key = _CONFIG_MAP
    return (
        item.name == name
        and item.root["data"].known
        and item.root["data"][key].known
        and _is_on(item.root["data"][key].text)
    )


def _images(project: Project) -> Iterator[str]:
    for unit in project.units:
        for workload in unit.workloads:
            yield from (one.image.text for one in workload.containers if one.image.known)


def _is_engine(text: str) -> bool:
    return any(word in text.lower() for word in _ENGINES)
