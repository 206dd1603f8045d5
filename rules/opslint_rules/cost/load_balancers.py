"""Load balancers that serve nothing, or more of them than needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    KubeObject,
    Problem,
    Problems,
    Project,
    Severity,
    Unit,
    any_of,
    beside,
    elsewhere,
    kind,
    may_name,
    may_refer_to,
    name_of,
    opaque_beside,
    opaque_receives,
    resource,
    rule,
    unit,
)
from opslint_rules.cost.naming import is_used
from opslint_rules.reliability.services import dangling_service
from opslint_rules.security.tls import CONTROLLERS

if TYPE_CHECKING:
    from collections.abc import Iterator

_BALANCERS: Final = ("aws_lb", "aws_alb")
_GROUPS: Final = ("aws_lb_target_group", "aws_alb_target_group")
_LISTENERS: Final = ("aws_lb_listener", "aws_alb_listener")
_ALB: Final = "alb.ingress.kubernetes.io/"


@rule(
    each=any_of(resource(*_BALANCERS, *_GROUPS), kind("Service", groups=("",), system=False), unit()),
    severity=Severity.LOW,
    preset=STRICT,
    options={
        "max_albs": "Ingresses of class alb without a group that are tolerated in one unit",
        "max_nlbs": "Services of type LoadBalancer that are tolerated in one unit",
    },
)
def idle_load_balancer(
    item: Block | KubeObject | Unit, project: Project, *, max_albs: int = 3, max_nlbs: int = 5
) -> Problems:
    """A load balancer serves nothing, or many are created where one would do.

    A load balancer is charged by the hour, with or without traffic, and takes an address in each zone. One without a
    listener answers nobody; a target group that nothing sends to is a rest of it. In the cluster each Ingress of class
    `alb` makes a load balancer of its own unless `alb.ingress.kubernetes.io/group.name` puts several behind one, and
    each Service of type LoadBalancer makes one too.

    Terraform: listeners, and for target groups any other block that names them, are looked for in the same module; a
    TargetGroupBinding counts. What an unread module is handed passes. Manifests: Services that dangling-service
    reports, and in each unit more ungrouped Ingresses of one scheme or more Services than tolerated.
    Leave it where load balancers are kept apart on purpose, for certificates or limits of their own.

    ```hcl bad
    resource "aws_lb" "old" {  # <- no listener
      name    = "old"
      subnets = ["subnet-0a1b2c3d4e5f60718"]
    }
    ```

    ```hcl good
    resource "aws_lb" "web" {
      name    = "web"
      subnets = ["subnet-0a1b2c3d4e5f60718"]
    }

    resource "aws_lb_listener" "https" {
      load_balancer_arn = aws_lb.web.arn
      port              = 443
    }
    ```

    ```yaml bad max_albs=1
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: web, namespace: shop}
    spec:
      ingressClassName: alb
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: admin, namespace: shop}
    spec:
      ingressClassName: alb  # <- the second load balancer
      defaultBackend: {service: {name: admin, port: {number: 80}}}
    ```

    ```yaml good max_albs=1
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: web
      namespace: shop
      annotations: {alb.ingress.kubernetes.io/group.name: shop}
    spec:
      ingressClassName: alb
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: admin
      namespace: shop
      annotations: {alb.ingress.kubernetes.io/group.name: shop}
    spec:
      ingressClassName: alb
      defaultBackend: {service: {name: admin, port: {number: 80}}}
    ```

    See <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html>,
    <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/> and
    <https://aws.amazon.com/elasticloadbalancing/pricing/>.
    """
    if isinstance(item, Unit):
        yield from _many(item, project, max_albs, max_nlbs)
    elif isinstance(item, KubeObject):
        if item.spec["type"].text == "LoadBalancer" and any(True for _ in dangling_service.function(item, project)):
            yield Problem(f"the load balancer of {item.title} serves nothing: it selects no pods", item.spec["type"])
    elif item.type in _BALANCERS:
        if not opaque_beside(item, "listener") and not opaque_receives(item) and not _has_listener(item, project):
            yield Problem(f"load balancer {name_of(item)} has no listener: it serves nothing", item.header)
    elif not _is_bound(item, project) and not is_used(item, project) and not opaque_receives(item):
        yield Problem(f"nothing sends to target group {name_of(item)}, and nothing is registered in it", item.header)


# -- Terraform
def _has_listener(item: Block, project: Project) -> bool:
    """True when a listener is the load balancer's, or may be."""
    balancers = beside(item, project, *_BALANCERS)
    return any(
        may_refer_to(one["load_balancer_arn"], item, balancers) for one in beside(item, project, *_LISTENERS)
    ) or any(may_name(one["load_balancer_arn"], item) for one in elsewhere(item, project, *_LISTENERS))


def _is_bound(item: Block, project: Project) -> bool:
    """True when a TargetGroupBinding registers pods in the group, or may do so."""
    name = item["name"]
    for binding in project.of_kind("TargetGroupBinding"):
        arn, given = binding.spec["targetGroupARN"], binding.spec["targetGroupName"]
        if not arn.known or not given.known or not name.known or not name.text:
            return True
        # arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0c1f93d2a7b84e56
        if name.text in {given.text, arn.text.partition(":targetgroup/")[2].partition("/")[0]}:
            return True
    return False


# -- manifests
def _many(item: Unit, project: Project, max_albs: int, max_nlbs: int) -> Problems:
    schemes: dict[str, list[KubeObject]] = {}
    for ingress in _albs(item, project):
        schemes.setdefault(ingress.annotations.get(f"{_ALB}scheme", "internal"), []).append(ingress)
    for scheme, found in schemes.items():
        if len(found) > max_albs:
            names = found[max_albs].spec["ingressClassName"]
            yield Problem(
                f"{len(found)} Ingresses of class alb make {len(found)} {scheme} load balancers:"
                f" {_ALB}group.name puts them behind one",
                names if names.present else found[max_albs].metadata["name"],
                also=tuple((one.title, one.metadata["name"]) for one in found[:max_albs]),
            )
    services = [one for one in item.of_kind("Service") if one.group == "" and _makes_one(one)]
    if len(services) > max_nlbs:
        yield Problem(
            f"{len(services)} Services of type LoadBalancer make {len(services)} load balancers: one Ingress or Gateway"
            " would do",
            services[max_nlbs].spec["type"],
            also=tuple((one.title, one.metadata["name"]) for one in services[:max_nlbs]),
        )


def _makes_one(service: KubeObject) -> bool:
    spec = service.spec
    return spec.known and spec["type"].known and spec["type"].text == "LoadBalancer"


def _albs(item: Unit, project: Project) -> Iterator[KubeObject]:
    """Yield the Ingresses that surely make a load balancer of their own."""
    classes = {one.name: one for one in project.of_kind("IngressClass")}
    for ingress in item.of_kind("Ingress"):
        annotations = ingress.metadata["annotations"]
        if not annotations.known or annotations[f"{_ALB}group.name"].present:
            continue
        given = ingress.spec["ingressClassName"]
        name = (
            annotations["kubernetes.io/ingress.class"] if annotations["kubernetes.io/ingress.class"].present else given
        )
        if not name.known or not annotations[f"{_ALB}scheme"].known:
            continue
        class_ = classes.get(name.text)
        if class_ is None:
            if name.text == "alb":
                yield ingress
        elif class_.spec["controller"].text in CONTROLLERS and not class_.spec["parameters"].present:
            # Parameters of a class may set a group, or the scheme, for all of its Ingresses.
            yield ingress
