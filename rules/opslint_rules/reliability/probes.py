"""Probes of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    RECOMMENDED,
    Container,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Workload,
    containers_of,
    is_scaled,
    reference_of,
    rule,
    services_of,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={"kyverno": ["require-pod-probes"]},
    related={
        "checkov": ["CKV_K8S_9"],
        "kube-linter": ["no-readiness-probe"],
        "kube-score": ["pod-probes"],
        "polaris": ["readinessProbeMissing"],
        "eksup": ["K8S006"],
        "hardeneks": ["check_readiness_probes"],
    },
    options={"every_container": "ask it of each running container, Service or not"},
)
def missing_readiness_probe(item: Workload, project: Project, *, every_container: bool = False) -> Problems:
    """Pods behind a Service receive traffic before they are ready.

    Without a readiness probe a pod counts as ready the moment its process starts. In a rolling update, and whenever a
    node is drained, the old pod goes away while the new one still loads its code or opens its connections, and users
    see errors in exactly the operation that was meant to be without downtime. A pod that hangs later keeps its share
    of the traffic as well.

    Only the containers that serve the Service's target port are asked. Leave it for a process that truly serves from
    its first moment.

    ```yaml bad
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports: [{port: 80, targetPort: http}]
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
            - name: web  # <-
              image: registry.example/web:2.1
              ports: [{name: http, containerPort: 8080}]
    ```

    ```yaml good
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports: [{port: 80, targetPort: http}]
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
              readinessProbe:
                httpGet: {path: /healthz, port: http}
    ```

    See <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/>.
    """
    # A Rollout that takes its template from a Deployment says nothing of its own: the Deployment is asked.
    if not (is_scaled(item) or item.kind == "DaemonSet") or reference_of(item) is not None:
        return
    running = [one for one in containers_of(item) if one.is_running]
    if every_container:
        for one in running:
            if not one.root["readinessProbe"].present:
                yield Problem(
                    f"container {one.name} of {item.title} has no readiness probe", one.root["readinessProbe"]
                )
        return
    asked: set[tuple[str, ...]] = set()
    for service in services_of(item):
        if service.spec["publishNotReadyAddresses"].is_true:
            continue
        for serving, port in _serving(service, running):
            names = tuple(one.name for one in serving)
            if names in asked or any(one.root["readinessProbe"].present for one in serving):
                continue
            asked.add(names)
            yield Problem(
                f"{_containers(names)} of {item.title} {'serves' if len(names) == 1 else 'serve'} {service.title} "
                "without a readiness probe",
                serving[0].root["readinessProbe"],
                also=(("traffic comes from here", port),),
            )


def _serving(service: KubeObject, running: Sequence[Container]) -> Iterator[tuple[list[Container], Node]]:
    """Yield the containers behind each port of the Service, with the node that says so."""
    ports = list(service.spec["ports"])
    if not ports and running:
        yield list(running), service.spec["selector"]
    for port in ports:
        target = port["targetPort"] if port["targetPort"].present else port["port"]
        found = [one for one in running if _declares(one, target)] or list(running)
        if found:
            yield found, target


def _declares(item: Container, target: Node) -> bool:
    number = target.number
    for port in item.root["ports"]:
        if (port["containerPort"].number == number) if number is not None else (port["name"].text == target.text):
            return True
    return False


def _containers(names: tuple[str, ...]) -> str:
    return f"container {names[0]}" if len(names) == 1 else f"containers {', '.join(names)}"
