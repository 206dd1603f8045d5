"""Public entry points and whether they speak HTTPS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    any_of,
    kind,
    resource,
    rule,
    share_namespace,
)
from opslint_rules.security.listeners import LISTENERS, listener_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

ALB: Final = "alb.ingress.kubernetes.io/"
LB: Final = "service.beta.kubernetes.io/aws-load-balancer-"
CONTROLLERS: Final = frozenset({"ingress.k8s.aws/alb", "eks.amazonaws.com/alb"})
TLS_PORTS: Final = frozenset({"443", "8443", "9443", "https", "tls", "websecure", "https-external"})


@rule(
    each=any_of(kind("Ingress", "Gateway", "Service"), resource(*LISTENERS)),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "kyverno": ["require-ingress-https", "ingress-host-match-tls", "require-encryption-aws-loadbalancers"],
        "checkov": ["CKV_AWS_2", "CKV2_AWS_20", "CKV_AWS_103"],
        "trivy": ["AVD-AWS-0054", "AVD-AWS-0047"],
    },
    related={"polaris": ["tlsSettingsMissing"], "hardeneks": ["use_encryption_with_aws_load_balancers"]},
    cis=["EKS 1.8.0 5.4.5"],
    fixable="unsafe",
    options={
        "include_internal": "also check internal load balancers",
        "weak_policies": "values of ssl_policy that are reported",
    },
)
def ingress_without_tls(
    item: KubeObject | Block,
    project: Project,
    *,
    include_internal: bool = False,
    weak_policies: tuple[str, ...] = (
        "ELBSecurityPolicy-2016-08",
        "ELBSecurityPolicy-TLS-1-0-2015-04",
        "ELBSecurityPolicy-TLS-1-1-2017-01",
    ),
) -> Problems:
    """A public entry point accepts plain HTTP without redirecting to HTTPS.

    Session cookies and passwords of whoever follows an old link travel readable, and any network on the way may change
    the page. Nobody notices, because the HTTPS address works as well.

    An ALB needs a certificate or a port HTTPS in `listen-ports`, and `ssl-redirect` when it listens on HTTP too; the
    members of a group are read together. Other Ingresses need each host under `tls`. A Gateway's HTTP listener needs
    an HTTPRoute that redirects. In Terraform a listener for HTTP needs a `default_action` that redirects to HTTPS, and
    one for HTTPS an `ssl_policy` without TLS 1.0 and 1.1; the provider's default has both. Internal load balancers pass
    unless `include_internal` is set, and so does what cannot be told. Leave it when a CDN in front is the only one who
    can reach the entry.

    ```yaml bad
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: web
      namespace: shop
      annotations:
        alb.ingress.kubernetes.io/scheme: internet-facing
        alb.ingress.kubernetes.io/certificate-arn: arn:aws:acm:eu-central-1:123456789012:certificate/0c1f93d2
        alb.ingress.kubernetes.io/listen-ports: '[{"HTTP":80},{"HTTPS":443}]'  # <-
    spec:
      ingressClassName: alb
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ```
    ```yaml fixed
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: web
      namespace: shop
      annotations:
        alb.ingress.kubernetes.io/scheme: internet-facing
        alb.ingress.kubernetes.io/certificate-arn: arn:aws:acm:eu-central-1:123456789012:certificate/0c1f93d2
        alb.ingress.kubernetes.io/listen-ports: '[{"HTTP":80},{"HTTPS":443}]'
        alb.ingress.kubernetes.io/ssl-redirect: "443"
    spec:
      ingressClassName: alb
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ```

    ```yaml good
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: web
      namespace: shop
      annotations:
        alb.ingress.kubernetes.io/scheme: internet-facing
        alb.ingress.kubernetes.io/certificate-arn: arn:aws:acm:eu-central-1:123456789012:certificate/0c1f93d2
        alb.ingress.kubernetes.io/listen-ports: '[{"HTTP":80},{"HTTPS":443}]'
        alb.ingress.kubernetes.io/ssl-redirect: "443"
    spec:
      ingressClassName: alb
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ```

    ```hcl bad
    resource "aws_lb" "web" {
      name = "web"
    }

    resource "aws_lb_listener" "http" {
      load_balancer_arn = aws_lb.web.arn
      port              = 80
      protocol          = "HTTP"  # <-
      default_action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.web.arn
      }
    }

    resource "aws_lb_target_group" "web" {
      name = "web"
    }
    ```

    ```hcl good
    resource "aws_lb" "web" {
      name = "web"
    }

    resource "aws_lb_listener" "http" {
      load_balancer_arn = aws_lb.web.arn
      port              = 80
      protocol          = "HTTP"
      default_action {
        type = "redirect"
        redirect {
          protocol    = "HTTPS"
          port        = "443"
          status_code = "HTTP_301"
        }
      }
    }
    ```

    See <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/>,
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lb_listener>,
    <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>,
    <https://kubernetes.io/docs/concepts/services-networking/ingress/#tls> and
    <https://gateway-api.sigs.k8s.io/guides/http-redirect-rewrite/>.
    """
    if isinstance(item, Block):
        yield from listener_problems(item, project, weak_policies, include_internal=include_internal)
    elif item.kind == "Service":
        yield from _service(item)
    elif item.kind == "Gateway":
        if item.group == "gateway.networking.k8s.io" and (include_internal or not _is_internal(item)):
            yield from _gateway(item, project)
    elif item.group in {"networking.k8s.io", "extensions"}:
        if _is_alb(item, project):
            yield from _alb(item, project, include_internal=include_internal)
        elif include_internal or not _is_internal(item):
            yield from _hosts(item)


def _is_alb(item: KubeObject, project: Project) -> bool:
    if any(key.startswith(ALB) for key in item.annotations):
        return True
    name = item.spec["ingressClassName"].text or item.annotations.get("kubernetes.io/ingress.class", "")
    classes = [one for one in project.of_kind("IngressClass") if one.name == name]
    return any(one.spec["controller"].text in CONTROLLERS for one in classes) or (not classes and name == "alb")


def _group(item: KubeObject) -> list[KubeObject]:
    name = item.annotations.get(f"{ALB}group.name")
    members = [one for one in item.unit.of_kind("Ingress") if name and one.annotations.get(f"{ALB}group.name") == name]
    return members or [item]


def _parameters(item: KubeObject, project: Project) -> Node | None:
    """The spec of the IngressClassParams that the Ingress's class names."""
    name = item.spec["ingressClassName"].text
    for one in project.of_kind("IngressClass"):
        if name and one.name == name:
            wanted = one.spec["parameters"]["name"].text
            return next((other.spec for other in project.of_kind("IngressClassParams") if other.name == wanted), None)
    return None


def _alb(item: KubeObject, project: Project, *, include_internal: bool) -> Iterator[Problem]:
    members = _group(item)
    parameters = _parameters(item, project)
    schemes = [one.annotations.get(f"{ALB}scheme", "") for one in members]
    if parameters is not None:
        schemes.append(parameters["scheme"].text)
    if "internet-facing" not in schemes and not include_internal:
        return
    certified = parameters is not None and bool(len(parameters["certificateArn"]))
    certified = certified or any(one.annotations.get(f"{ALB}certificate-arn") for one in members)
    own = item.metadata["annotations"][f"{ALB}listen-ports"]
    ports = _ports(own.text)
    if ports is None:
        return  # not JSON: the controller rejects it
    if not own.present:
        # Without the annotation a certificate makes it HTTPS alone.
        ports = {"HTTPS"} if certified else {"HTTP"}
    others = [_ports(one.annotations.get(f"{ALB}listen-ports", "")) or set() for one in members]
    if "HTTP" not in ports:
        return
    at = own if own.present else item.metadata["annotations"]
    if "HTTPS" not in ports.union(*others) and not (certified and not own.present):
        yield Problem(f"{item.title} opens a load balancer that speaks plain HTTP only", at)
        return
    redirected = parameters is not None and parameters["sslRedirectPort"].present
    if redirected or any(_redirects(one) for one in members):
        return
    annotations = item.metadata["annotations"]
    change = Add(annotations, f"{ALB}ssl-redirect", '"443"')
    fix = Fix('Set ssl-redirect: "443"', (change,), Safety.UNSAFE)
    yield Problem(f"{item.title} serves plain HTTP beside HTTPS and does not redirect it", at, fix=fix)


def _redirects(item: KubeObject) -> bool:
    for key, value in item.annotations.items():
        if key == f"{ALB}ssl-redirect" and value:
            return True
        if key.startswith(f"{ALB}actions.") and "redirect" in value.lower() and "https" in value.lower():
            return True
    return False


def _ports(text: str) -> set[str] | None:
    """The protocols of a listen-ports annotation; None when it is no list of maps."""
    if not text:
        return set()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list):
        return None
    return {str(protocol).upper() for entry in entries if isinstance(entry, dict) for protocol in entry}


def _is_internal(item: KubeObject) -> bool:
    names = [item.spec[key].text for key in ("ingressClassName", "gatewayClassName")]
    names += [item.annotations.get("kubernetes.io/ingress.class", "")]
    if any(word in name for name in names for word in ("internal", "private", "mesh")):
        return True
    texts = [value for _, value in item.spec["infrastructure"]["annotations"].items() if value.known]
    schemes = [*item.annotations.values(), *(node.text for node in texts)]
    return any(scheme.lower() == "internal" for scheme in schemes)


def _hosts(item: KubeObject) -> Iterator[Problem]:
    entries = list(item.spec["tls"])
    if any(not len(entry["hosts"]) for entry in entries):
        return  # such an entry is for every host
    covered = [host.lower() for entry in entries for host in entry["hosts"].texts()]
    rules = list(item.spec["rules"])
    if not rules and not covered and item.spec["defaultBackend"].present:
        yield Problem(f"{item.title} serves every host without TLS", item.spec["defaultBackend"])
    for entry in rules:
        host = entry["host"].text.lower()
        if host and not any(_covers(one, host) for one in covered):
            yield Problem(f"{item.title} serves {host} without TLS: no entry of tls names it", entry["host"])
        elif not host and not covered:
            yield Problem(f"{item.title} serves every host without TLS", entry)


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host == pattern or host.partition(".")[2] == pattern[2:]
    return host == pattern


def _gateway(item: KubeObject, project: Project) -> Iterator[Problem]:
    if not item.unit.closed:
        return
    for listener in item.spec["listeners"]:
        if listener["protocol"].text != "HTTP":
            continue
        name = listener["name"].text
        if any(_is_redirect(route) and _joins(route, item, name) for route in project.of_kind("HTTPRoute")):
            continue
        message = f"listener {name} of {item.title} speaks plain HTTP, and no HTTPRoute redirects it to HTTPS"
        yield Problem(message, listener["protocol"])


def _joins(route: KubeObject, gateway: KubeObject, listener: str) -> bool:
    for parent in route.spec["parentRefs"]:
        if parent["name"].text != gateway.name or parent["kind"].text not in {"", "Gateway"}:
            continue
        if not parent["namespace"].present and not share_namespace(route, gateway):
            continue
        if parent["sectionName"].text in {"", listener}:
            return True
    return False


def _is_redirect(route: KubeObject) -> bool:
    steps = list(route.spec["rules"])
    return bool(steps) and all(
        any(one["requestRedirect"]["scheme"].text == "https" for one in step["filters"]) for step in steps
    )


def _service(item: KubeObject) -> Iterator[Problem]:
    """A load balancer's port 443 behind which plain HTTP is spoken: nobody ends TLS."""
    if item.spec["type"].text != "LoadBalancer" or item.annotations.get(f"{LB}ssl-cert"):
        return
    internal = item.annotations.get(f"{LB}internal", "")
    scheme = item.annotations.get(f"{LB}scheme", "internal" if f"{LB}type" in item.annotations else "internet-facing")
    if scheme != "internet-facing" or internal in {"true", "0.0.0.0/0"}:
        return
    for port in item.spec["ports"]:
        target = port["targetPort"]
        if port["port"].number == 443 and target.text in {"80", "8080", "http"} and port["name"].text not in TLS_PORTS:
            behind = f"port {target.text} behind it looks like plain HTTP"
            message = f"{item.title} serves port 443 without a certificate, and {behind}"
            yield Problem(message, port["port"], severity=Severity.LOW)
