"""Ports that one object names and another declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    Workload,
    containers_of,
    first_label,
    kind,
    labels_of,
    rule,
    selected_by_service,
    selects,
    services_with,
    share_namespace,
    workloads_with,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
LONGEST_NAME: Final = 15


@rule(
    each=kind(system=False),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={"kube-linter": ["liveness-port", "readiness-port", "startup-port"]},
    related={"kube-linter": ["invalid-target-ports"]},
    fixable="unsafe",
    options={"strict_numeric": "also compare numbers with the ports that containers declare"},
)
def unknown_port_reference(item: KubeObject, project: Project, *, strict_numeric: bool = False) -> Problems:
    """A port is referenced by a name or number that the other side does not declare.

    Nothing rejects it. A Service with such a target port has no endpoints, a probe fails until the pod is restarted, a
    load balancer answers 503, a ServiceMonitor scrapes nothing and its alerts stay green. The objects look right one
    by one, so it takes long to find.

    A headless Service is left alone as long as one of its ports leads somewhere: clients find the pods by address.

    Services, probes, Ingresses, HTTPRoutes, ServiceMonitors, PodMonitors and NetworkPolicies are compared. Declaring
    ports of containers is optional, so plain numbers are compared only on request.

    ```yaml bad
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports:
        - port: 80
          targetPort: web  # <-
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              ports: [{name: http, containerPort: 8080}]
    ```

    ```yaml fixed
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports:
        - port: 80
          targetPort: http
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              ports: [{name: http, containerPort: 8080}]
    ```

    ```yaml good
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports:
        - port: 80
          targetPort: http
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              ports: [{name: http, containerPort: 8080}]
    ```

    See <https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports>.
    """
    if item.is_workload:
        yield from _probes(item)
    elif item.kind == "Service" and not item.group:
        yield from _targets(item, strict_numeric)
    elif item.kind == "Ingress":
        yield from _ingress(item)
    elif item.kind in {"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"}:
        yield from _route(item)
    elif item.kind == "ServiceMonitor":
        yield from _service_monitor(item)
    elif item.kind == "PodMonitor":
        yield from _pod_ports(item, item.spec["selector"], item.spec["podMetricsEndpoints"])
    elif item.kind == "NetworkPolicy" and item.group == "networking.k8s.io":
        for part in item.spec["ingress"]:
            yield from _pod_ports(item, item.spec["podSelector"], part["ports"])


def _is_name(node: Node) -> bool:
    return node.is_scalar and bool(node.text) and node.number is None


def _declared(items: Iterable[Workload]) -> list[Node]:
    """The ports that the running containers declare."""
    return [port for item in items for one in containers_of(item) if one.is_running for port in one.root["ports"]]


def _names(ports: Iterable[Node]) -> list[str]:
    return sorted({port["name"].text for port in ports if port["name"].present})


def _said(names: list[str]) -> str:
    return f"declared are {', '.join(names)}" if names else "no port there has a name"


def _titles(items: Sequence[KubeObject]) -> str:
    return items[0].title if len(items) == 1 else f"{items[0].title} and {len(items) - 1} more"


def _fix(at: Node, ports: list[Node]) -> Fix | None:
    """The only port's name instead."""
    if len(ports) != 1 or not ports[0]["name"].present:
        return None
    name = ports[0]["name"].text
    return Fix(f"Use the port {name}", (Set(at, name),), Safety.UNSAFE)


def _probes(item: Workload) -> Problems:
    for one in item.containers:
        ports = list(one.root["ports"])
        for port in ports:
            if len(port["name"].text) > LONGEST_NAME:
                message = f"port {port['name'].text} of {item.title} is longer than {LONGEST_NAME} characters"
                yield Problem(f"{message}, which the API server rejects", port["name"])
        for probe in PROBES:
            asked = one.root[probe]
            for how in ("httpGet", "tcpSocket", "grpc") if asked.present else ():
                port = asked[how]["port"]
                if _is_name(port) and port.text not in _names(ports):
                    message = f"{probe} of container {one.name} of {item.title} uses the port {port.text}"
                    yield Problem(f"{message}; {_said(_names(ports))}", port, fix=_fix(port, ports))


def _targets(item: KubeObject, strict_numeric: bool) -> Problems:
    selected = selected_by_service(item)
    if not selected:
        return
    declared = _declared(selected)
    # Jobs carry the labels of what they serve often, and are not meant.
    pods = [one for one in selected if one.kind not in {"Job", "CronJob"}] or list(selected)
    title = _titles(pods)
    if item.spec["clusterIP"].text == "None" and _any_resolves(item, _names(declared)):
        return
    for port in item.spec["ports"]:
        target = port["targetPort"] if port["targetPort"].present else port["port"]
        if _is_name(target):
            if target.text not in _names(declared):
                message = f"{item.title} sends to the port {target.text} of {title}; {_said(_names(declared))}"
                yield Problem(message, target, also=(("pods", pods[0].root["kind"]),), fix=_fix(target, declared))
        elif strict_numeric and declared and target.number not in {one["containerPort"].number for one in declared}:
            yield Problem(f"{item.title} sends to port {target.text}, which {title} does not declare", target)


def _any_resolves(item: KubeObject, names: list[str]) -> bool:
    """True when a port leads to pods: a headless Service then has its addresses, others miss a record at most."""
    targets = (port["targetPort"] if port["targetPort"].present else port["port"] for port in item.spec["ports"])
    return any(not _is_name(target) or target.text in names for target in targets)


def _service(item: KubeObject, name: str) -> KubeObject | None:
    return next((one for one in item.unit.named("Service", name) if share_namespace(one, item)), None)


def _of_service(item: KubeObject, name: Node, port: Node, *, number: bool) -> Problems:
    service = _service(item, name.text)
    if service is None or not port.present or service.spec["type"].text == "ExternalName":
        return
    ports = list(service.spec["ports"])
    known = {one["port"].number for one in ports} if number else {one["name"].text for one in ports}
    wanted: object = port.number if number else port.text
    if ports and wanted not in known:
        has = ", ".join(f"{one['name'].text} {one['port'].text}".strip() for one in ports)
        message = f"{item.title} sends to port {port.text} of {service.title}, which has {has}"
        yield Problem(message, port, also=((service.title, service.spec["ports"]),))


def _ingress(item: KubeObject) -> Problems:
    backends = [item.spec["defaultBackend"]["service"]]
    backends += [path["backend"]["service"] for entry in item.spec["rules"] for path in entry["http"]["paths"]]
    for backend in backends:
        name, port = backend["name"], backend["port"]
        if port["name"].text == "use-annotation":
            continue
        yield from _of_service(item, name, port["name"], number=False)
        yield from _of_service(item, name, port["number"], number=True)


def _route(item: KubeObject) -> Problems:
    for entry in item.spec["rules"]:
        for backend in entry["backendRefs"]:
            elsewhere = backend["namespace"].text not in {"", item.namespace}
            if backend["kind"].text in {"", "Service"} and not backend["group"].text and not elsewhere:
                yield from _of_service(item, backend["name"], backend["port"], number=True)


def _service_monitor(item: KubeObject) -> Problems:
    selector = item.spec["selector"]
    services = [
        one
        for one in services_with(item.unit, first_label(selector["matchLabels"]))
        if _is_watched(item, one) and selects(selector, one.labels)
    ]
    if not services:
        return
    names = _names(port for one in services for port in one.spec["ports"])
    for endpoint in item.spec["endpoints"]:
        port = endpoint["port"]
        if _is_name(port) and port.text not in names:
            message = f"{item.title} scrapes the port {port.text} of {_titles(services)}; {_said(names)}"
            yield Problem(message, port, also=((services[0].title, services[0].spec["ports"]),))


def _is_watched(item: KubeObject, other: KubeObject) -> bool:
    """True when a monitor looks into the namespace of the object."""
    where = item.spec["namespaceSelector"]
    if where["any"].is_true:
        return True
    names = where["matchNames"].texts()
    return other.namespace in names if names else share_namespace(item, other)


def _pods(item: KubeObject, selector: Node) -> Iterator[Workload]:
    if not selector.is_map:
        return
    for one in workloads_with(item.unit, first_label(selector["matchLabels"])):
        if _is_watched(item, one) and selects(selector, labels_of(one)):
            yield one


def _pod_ports(item: KubeObject, selector: Node, ports: Node) -> Problems:
    named = [entry["port"] for entry in ports if _is_name(entry["port"])]
    if not named:
        return
    selected = list(_pods(item, selector))
    names = _names(_declared(selected))
    for port in named:
        if selected and port.text not in names:
            message = f"{item.title} names the port {port.text} of {_titles(selected)}; {_said(names)}"
            yield Problem(message, port, also=(("pods", selected[0].root["kind"]),))
