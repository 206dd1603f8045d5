"""Controllers that manifests count on and nothing installs."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Block,
    Cluster,
    KubeObject,
    Problem,
    Problems,
    Project,
    Release,
    Severity,
    beside,
    cluster,
    name_of,
    opaque_beside,
    refers_to,
    release,
    releases_of,
    rule,
    same_run,
)

_LBC: Final = "aws-load-balancer-controller"
_ALB: Final = "ingress.k8s.aws/alb"
_ALB_ANNOTATION: Final = "alb.ingress.kubernetes.io/"
_NLB_ANNOTATION: Final = "service.beta.kubernetes.io/aws-load-balancer-"
_INSTALLERS: Final = ("addon", "blueprint", "bootstrap", "gitops", "argo", "flux", "helm", "platform")
# From this release on the controller finds subnets by their routes when none is tagged.
_BY_ROUTES: Final = (2, 12, 1)


@rule(each=cluster(), severity=Severity.HIGH, preset=STRICT, applies_to="cross")
def load_balancer_controller_missing(item: Cluster, project: Project) -> Problems:
    """Manifests ask for an ALB or NLB but nothing installs the AWS Load Balancer Controller, or it finds no subnets.

    An Ingress of class `alb` is only a wish: without the controller nobody makes the load balancer, the Ingress stays
    without an address and no event says why. Releases before 2.12.1 also need the tags `kubernetes.io/role/elb` or
    `kubernetes.io/role/internal-elb` on the subnets, unless the Ingress names its subnets.

    Ingresses of class `alb` or with annotations `alb.ingress.kubernetes.io/…`, Services of class `service.k8s.aws/nlb`
    and TargetGroupBindings count as a wish. The controller counts as installed by its chart (`helm_release`, Argo CD,
    Flux, a dependency, eks-blueprints-addons) or its image; clusters with EKS Auto Mode have one. Where a module,
    an Application or a chart cannot be seen through, the rule is silent. Leave it when the controller is
    installed from another repository.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {  # <- nothing installs the controller
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"
    }
    ```
    ```yaml bad
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop, namespace: shop}
    spec:
      ingressClassName: alb
      defaultBackend:
        service: {name: shop, port: {number: 80}}
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.34"
    }

    resource "helm_release" "lbc" {
      name       = "aws-load-balancer-controller"
      namespace  = "kube-system"
      repository = "https://aws.github.io/eks-charts"
      chart      = "aws-load-balancer-controller"
      version    = "1.14.0"
    }
    ```
    ```yaml good
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop, namespace: shop}
    spec:
      ingressClassName: alb
      defaultBackend:
        service: {name: shop, port: {number: 80}}
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/aws-load-balancer-controller.html> and
    <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/>.
    """
    block = item.block
    wishes = [one for one in objects_of(item, project, "Ingress", "Service", "TargetGroupBinding") if _wants(one)]
    if block is None or not wishes or has_auto_mode(block):
        return
    supply = [one for one in releases_of(project, _LBC) if _is_for(one.owner, item)]
    if supply:
        yield from _untagged(item, block, wishes, supply, project)
    elif not may_install(item, project):
        yield Problem(
            f"nothing installs the AWS Load Balancer Controller in cluster {name_of(block)},"
            f" and {listed(wishes)} {'needs' if len(wishes) == 1 else 'need'} it",
            block.header,
            also=tuple((one.title, one.metadata["name"]) for one in wishes[:3]),
        )


def _wants(one: KubeObject) -> bool:
    if one.kind == "TargetGroupBinding":
        return one.group == "elbv2.k8s.aws"
    if one.kind == "Service":
        if one.spec["type"].text != "LoadBalancer":
            return False
        kind = one.annotations.get(f"{_NLB_ANNOTATION}type", "")
        return one.spec["loadBalancerClass"].text == "service.k8s.aws/nlb" or kind in {"external", "nlb-ip"}
    name = one.spec["ingressClassName"].text or one.annotations.get("kubernetes.io/ingress.class", "")
    classes = [found for found in one.unit.of_kind("IngressClass") if found.name == name]
    if classes:
        return any(found.spec["controller"].text == _ALB for found in classes)
    return name == "alb" or (not name and any(key.startswith(_ALB_ANNOTATION) for key in one.annotations))


def _untagged(
    item: Cluster, block: Block, wishes: list[KubeObject], supply: list[Release], project: Project
) -> Problems:
    """Say where an old controller looks for tagged subnets of the cluster's VPC and finds none."""
    if not all(one.version and release(one.version)[:3] < _BY_ROUTES for one in supply):
        return
    subnets = _subnets(block, project)
    for role, internal in (("elb", False), ("internal-elb", True)):
        asking = [one for one in wishes if _searches(one) and _is_internal(one) is internal]
        if not asking or not subnets or any(_may_be_tagged(one, f"kubernetes.io/role/{role}") for one in subnets):
            continue
        yield Problem(
            f"no subnet of cluster {name_of(block)} is tagged kubernetes.io/role/{role}, so the AWS Load Balancer"
            f" Controller {supply[0].version} finds none for {listed(asking)}",
            subnets[0].header,
            also=(("the controller", supply[0].at), (asking[0].title, asking[0].metadata["name"])),
        )


def _searches(one: KubeObject) -> bool:
    prefix = _NLB_ANNOTATION if one.kind == "Service" else _ALB_ANNOTATION
    named = one.spec["ingressClassName"].text if one.kind == "Ingress" else ""
    # Parameters of a class may name the subnets.
    params = any(found.name == named and found.spec["parameters"].present for found in one.unit.of_kind("IngressClass"))
    return one.kind != "TargetGroupBinding" and f"{prefix}subnets" not in one.annotations and not params


def _is_internal(one: KubeObject) -> bool:
    prefix = _NLB_ANNOTATION if one.kind == "Service" else _ALB_ANNOTATION
    return one.annotations.get(f"{prefix}scheme", "internal") != "internet-facing"


def _subnets(block: Block, project: Project) -> list[Block]:
    """Return the subnets of the cluster's VPC; none when they cannot be told."""
    given = block.body.one("vpc_config")["subnet_ids"]
    found = beside(block, project, "aws_subnet")
    if given.known:
        used = [one for one in found if any(refers_to(node, one) for node in given)]
        vpcs = {one["vpc_id"].why for one in used if not one["vpc_id"].known}
        return [one for one in found if one["vpc_id"].why in vpcs] if len(vpcs) == 1 else []
    return [
        one for one in found if one.virtual and one.call is not None and given.why.startswith(f"{one.call.address}.")
    ]


def _may_be_tagged(subnet: Block, tag: str) -> bool:
    tags = subnet["tags"]
    return subnet.stand_in or not tags.known or tag in tags


# -- what goes to a cluster
def objects_of(item: Cluster, project: Project, *kinds: str) -> list[KubeObject]:
    """Return the objects that are applied to a cluster: of its own units, and of those that are mapped to none."""
    return [
        one for unit in project.units if unit.cluster is None or unit.cluster is item for one in unit.of_kind(*kinds)
    ]


def has_auto_mode(block: Block) -> bool:
    """True when EKS Auto Mode is on, or may be."""
    config = block["compute_config"]
    if not config.known:
        return True
    enabled = block.body.one("compute_config")
    return not enabled.known or not enabled["enabled"].known or enabled["enabled"].is_true


def may_install(item: Cluster, project: Project) -> bool:
    """True when something that cannot be seen through may install a controller."""
    block = item.block
    if block is not None and opaque_beside(block, *_INSTALLERS):
        return True
    if any(not unit.closed for unit in project.units if unit.cluster is None or unit.cluster is item):
        return True
    if any(not one["chart"].known for one in project.resources("helm_release")):
        return True
    return any(_is_remote(one) for one in project.of_kind("Application", "ApplicationSet", "Kustomization"))


def _is_remote(one: KubeObject) -> bool:
    """True for what deploys the content of a repository."""
    if one.kind == "Application":
        sources = [one.spec["source"], *one.spec["sources"]]
        return any(source["path"].present for source in sources)
    return one.kind == "ApplicationSet" or one.group == "kustomize.toolkit.fluxcd.io"


def _is_for(owner: object, item: Cluster) -> bool:
    if isinstance(owner, Block):
        return item.block is None or same_run(owner, item.block)
    if isinstance(owner, KubeObject):
        return owner.unit.cluster is None or owner.unit.cluster is item
    return True


def listed(objects: list[KubeObject]) -> str:
    """Name the first of some objects and how many more there are."""
    more = len(objects) - 1
    return objects[0].title + (f" (and {more} more)" if more else "")
