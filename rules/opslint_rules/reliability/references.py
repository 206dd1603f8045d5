"""Services that other objects name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    kind,
    left_out,
    may_meet,
    rule,
    share_namespace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUTES: Final = ("HTTPRoute", "GRPCRoute", "TLSRoute")
WEBHOOKS: Final = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
ACTIONS: Final = "alb.ingress.kubernetes.io/actions."
NAMING: Final = ("Ingress", *ROUTES, "StatefulSet", "Rollout", "APIService", *WEBHOOKS)


@rule(
    each=kind(*NAMING, system=False),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={
        "kube-linter": ["dangling-ingress"],
        "kube-score": ["ingress-targets-service", "statefulset-has-servicename"],
    },
)
def missing_service_reference(item: KubeObject, project: Project) -> Problems:
    """An Ingress, route, StatefulSet, Rollout, APIService or webhook names a Service that does not exist.

    A load balancer then answers 503 for that path, the pods of a StatefulSet have no names of their own, a Rollout
    stops, and a webhook that cannot be reached blocks every write it was registered for when it fails closed. Often
    the Service was renamed, or removed together with its workload while the rest stayed behind.

    A backend of an ALB with the port `use-annotation` is looked up in the Ingress' annotation of that action, and a
    route to another namespace needs a ReferenceGrant there.

    The rule is silent when a part of what is applied together could not be read, and in a chart whose own values leave
    a Service out. A StatefulSet is reported at medium severity: its pods run, and only lack names. Name Services of
    other repositories under `known_objects`.

    ```yaml bad
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: web, namespace: shop}
    spec:
      rules:
        - http:
            paths:
              - path: /
                pathType: Prefix
                backend:
                  service:
                    name: website  # <-
                    port: {number: 80}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports: [{port: 80}]
    ```

    ```yaml good
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: web, namespace: shop}
    spec:
      rules:
        - http:
            paths:
              - path: /
                pathType: Prefix
                backend:
                  service:
                    name: web
                    port: {number: 80}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports: [{port: 80}]
    ```

    See <https://kubernetes.io/docs/concepts/services-networking/ingress/>,
    <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/>,
    <https://gateway-api.sigs.k8s.io/api-types/referencegrant/> and
    <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/>.
    """
    if not item.unit.closed:
        return
    severity = Severity.MEDIUM if item.kind == "StatefulSet" else None
    if item.kind == "Ingress":
        yield from _actions(item, project)
    for what, name, namespace in _references(item):
        if not name.text:
            continue
        service = _find(item, project, name.text, namespace)
        if service is None:
            if not project.knows("Service", namespace, name.text) and not left_out(item, ("Service",), name=name):
                where = f" in namespace {namespace}" if namespace else ""
                message = f"{item.title} names {what} {name.text}, which does not exist{where}"
                yield Problem(message, name, severity=severity, by_key=True)
        elif item.kind in ROUTES and namespace != item.namespace and not _granted(item, service, project):
            message = f"{item.title} sends to {service.title} of namespace {namespace}, but no ReferenceGrant allows it"
            yield Problem(f"{message} there", name, also=((service.title, service.metadata["name"]),), by_key=True)
        elif item.kind == "StatefulSet" and service.spec["clusterIP"].text != "None":
            message = f"{item.title} names {what} {name.text}, which is not headless, so its pods have no DNS names"
            also = ((service.title, service.spec["clusterIP"]),)
            yield Problem(message, name, also=also, severity=severity, by_key=True)


def _find(item: KubeObject, project: Project, name: str, namespace: str) -> KubeObject | None:
    named = project.named("Service", name)
    for one in named:
        same = one.namespace == namespace or (namespace == item.namespace and share_namespace(one, item))
        if one.unit is item.unit and (same or not one.namespace):
            return one
    own = namespace == item.namespace
    return next((one for one in named if one.namespace == namespace or (own and may_meet(one, item))), None)


def _granted(item: KubeObject, service: KubeObject, project: Project) -> bool:
    """True when the Service's namespace lets routes of this one send to it, or that cannot be told."""
    if not item.namespace or not service.namespace:
        return True
    for grant in project.of_kind("ReferenceGrant", namespace=service.namespace):
        takes = any(
            (one["group"].text, one["kind"].text, one["namespace"].text) == (item.group, item.kind, item.namespace)
            for one in grant.spec["from"]
        )
        gives = any(
            one["kind"].text == "Service" and one["name"].text in {"", service.name} for one in grant.spec["to"]
        )
        if takes and gives:
            return True
    return False


def _actions(item: KubeObject, project: Project) -> Iterator[Problem]:
    """Backends of an ALB that an annotation describes."""
    for backend in _backends(item):
        if backend["port"]["name"].text != "use-annotation" or not backend["name"].text:
            continue
        name, key = backend["name"], f"{ACTIONS}{backend['name'].text}"
        action = item.metadata["annotations"][key]
        if not action.present:
            yield Problem(f"{item.title} uses the action {name.text}, but has no annotation {key}", name)
            continue
        for service in _forwards(action.text):
            if _find(item, project, service, item.namespace) is None and not (
                project.knows("Service", item.namespace, service) or left_out(item, ("Service",))
            ):
                message = f"{item.title} sends to the Service {service} by an action, which does not exist"
                yield Problem(message, action)


def _forwards(action: str) -> set[str]:
    """The names of the Services that an action sends to; nothing for one that cannot be read."""
    try:
        read = json.loads(action)
    except ValueError:
        return set()
    config = read.get("forwardConfig") if isinstance(read, dict) else None
    groups = config.get("targetGroups") if isinstance(config, dict) else None
    names = [one.get("serviceName") for one in groups if isinstance(one, dict)] if isinstance(groups, list) else []
    return {name for name in names if isinstance(name, str) and name}


def _references(item: KubeObject) -> Iterator[tuple[str, Node, str]]:
    """Yield (what it is named as, the name, its namespace)."""
    spec, namespace = item.spec, item.namespace
    if item.kind == "Ingress":
        for backend in _backends(item):
            if backend["port"]["name"].text != "use-annotation":
                yield "the Service", backend["name"], namespace
    elif item.kind in ROUTES:
        for entry in spec["rules"]:
            for backend in entry["backendRefs"]:
                if backend["kind"].text in {"", "Service"} and not backend["group"].text:
                    yield "the Service", backend["name"], backend["namespace"].text or namespace
    elif item.kind == "StatefulSet":
        yield "the Service", spec["serviceName"], namespace
    elif item.kind == "Rollout":
        for key in ("canaryService", "stableService"):
            yield f"the {key}", spec["strategy"]["canary"][key], namespace
        for key in ("activeService", "previewService"):
            yield f"the {key}", spec["strategy"]["blueGreen"][key], namespace
    elif item.kind == "APIService":
        yield "the Service", spec["service"]["name"], spec["service"]["namespace"].text
    else:
        for webhook in item.root["webhooks"]:
            service = webhook["clientConfig"]["service"]
            yield "the Service", service["name"], service["namespace"].text


def _backends(item: KubeObject) -> Iterator[Node]:
    yield item.spec["defaultBackend"]["service"]
    for entry in item.spec["rules"]:
        for path in entry["http"]["paths"]:
            yield path["backend"]["service"]
