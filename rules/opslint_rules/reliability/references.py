"""Services that other objects name."""

from __future__ import annotations

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

    See <https://kubernetes.io/docs/concepts/services-networking/ingress/> and
    <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/>.
    """
    if not item.unit.closed:
        return
    severity = Severity.MEDIUM if item.kind == "StatefulSet" else None
    for what, name, namespace in _references(item):
        if not name.text:
            continue
        service = _find(item, project, name.text, namespace)
        if service is None:
            if not project.knows("Service", namespace, name.text) and not left_out(item, ("Service",), name=name):
                where = f" in namespace {namespace}" if namespace else ""
                message = f"{item.title} names {what} {name.text}, which does not exist{where}"
                yield Problem(message, name, severity=severity, by_key=True)
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
