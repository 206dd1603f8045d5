"""What autoscalers measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    RECOMMENDED,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    containers_of,
    has_resource,
    kind,
    rule,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(each=kind("HorizontalPodAutoscaler", "ScaledObject"), severity=Severity.HIGH, preset=RECOMMENDED)
def hpa_metric_without_request(item: KubeObject, project: Project) -> Problems:
    """The autoscaler scales on utilization, but a container of its target has no such request.

    Utilization is usage divided by the request. When one container of a pod has none, the whole metric is missing:
    the autoscaler reports FailedGetResourceMetric, leaves the number of pods as it is, and nothing scales under load.
    A sidecar without requests is enough for that.

    Where only one container counts, use a metric of type ContainerResource. Sidecars that are injected at admission
    are not seen here.

    ```yaml bad
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 6
      metrics:
        - type: Resource
          resource:
            name: cpu  # <-
            target: {type: Utilization, averageUtilization: 60}
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
              resources: {requests: {memory: 128Mi}}
    ```

    ```yaml good
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 6
      metrics:
        - type: Resource
          resource:
            name: cpu
            target: {type: Utilization, averageUtilization: 60}
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
              resources: {requests: {cpu: 100m, memory: 128Mi}}
    ```

    See <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#how-does-a-horizontalpodautoscaler-work>.
    """
    target = target_of(item)
    if target is None:
        return
    running = [one for one in containers_of(target) if one.is_running]
    for name, of, node in _keda_metrics(item) if item.kind == "ScaledObject" else _metrics(item):
        wanted = [one for one in running if of in {"", one.name}]
        if of and not wanted and running:
            yield Problem(f"{item.title} scales on container {of}, which {target.title} does not have", node)
        lacking = [one for one in wanted if not has_resource(one, "requests", name, project)]
        if lacking:
            names = ", ".join(one.name for one in lacking)
            yield Problem(
                f"{item.title} scales on {name} utilization, but {names} of {target.title} requests no {name}",
                node,
                also=tuple(("no request here", one.root["resources"]["requests"][name]) for one in lacking),
            )


def _metrics(item: KubeObject) -> Iterator[tuple[str, str, Node]]:
    """Yield (resource, container or "", node) of each metric that is a share of a request."""
    metrics = item.spec["metrics"]
    for metric in metrics:
        part = {"Resource": "resource", "ContainerResource": "containerResource"}.get(metric["type"].text)
        if part is None:
            continue
        source = metric[part]
        if source["target"]["type"].text == "Utilization" or source["targetAverageUtilization"].present:
            yield source["name"].text, source["container"].text, source["name"]
    if not len(metrics) and "autoscaling.alpha.kubernetes.io/metrics" not in item.annotations:
        # Without metrics the API server fills in 80 percent of the CPU request.
        share = item.spec["targetCPUUtilizationPercentage"]
        yield "cpu", "", share if share.present else item.root["kind"]


def _keda_metrics(item: KubeObject) -> Iterator[tuple[str, str, Node]]:
    for trigger in item.spec["triggers"]:
        name = trigger["type"].text
        how = trigger["metricType"].text or trigger["metadata"]["type"].text
        if name in {"cpu", "memory"} and how == "Utilization":
            yield name, trigger["metadata"]["containerName"].text, trigger["type"]
