"""Requests and limits of containers."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    Container,
    Problem,
    Problems,
    Project,
    Severity,
    container,
    has_resource,
    rule,
    share_namespace,
)

SIZING_MODES = frozenset({"Auto", "Initial", "Recreate", "InPlaceOrRecreate", ""})


@rule(
    each=container(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={"checkov": ["CKV_K8S_13"], "trivy": ["KSV-0018"], "polaris": ["memoryLimitsMissing"]},
    related={"kube-linter": ["unset-memory-requirements"]},
    options={"include_init": "also check ordinary init containers"},
)
def missing_memory_limit(item: Container, project: Project, *, include_init: bool = False) -> Problems:
    """A container has no memory limit.

    One leak can then take all memory of the node. The kernel and the kubelet choose who dies, by priority and by how
    far each pod is above its request, so the victims are often neighbours that did nothing wrong; in the worst case
    the node becomes NotReady and everything on it moves at once. With a limit only the leaking container is restarted,
    and the reason, OOMKilled, stands in its status.

    A LimitRange of the namespace and `resources` of the pod count. Leave it for an agent that has a node to itself.

    ```yaml bad
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
              resources:
                requests: {cpu: 100m, memory: 128Mi}
                limits:  # <-
                  cpu: "1"
    ```

    ```yaml good
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
              resources:
                requests: {cpu: 100m, memory: 128Mi}
                limits:
                  memory: 256Mi
    ```

    See <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>.
    """
    if _is_checked(item, include_init) and not has_resource(item, "limits", "memory", project):
        yield Problem(f"{_title(item)} has no memory limit", item.root["resources"]["limits"]["memory"])


@rule(
    each=container(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={"checkov": ["CKV_K8S_10"], "trivy": ["KSV-0015"], "polaris": ["cpuRequestsMissing"]},
    options={"include_init": "also check ordinary init containers"},
)
def missing_cpu_request(item: Container, project: Project, *, include_init: bool = False) -> Problems:
    """A container declares no CPU request.

    The scheduler counts it as nothing, so it packs the pod onto nodes that are already busy, and under pressure the
    container gets the smallest share of all. Karpenter and the cluster autoscaler size nodes from requests: a pod
    without one never makes a node grow, and consolidation thinks the node is empty. An autoscaler on CPU utilization
    cannot work either, for utilization is a share of the request.

    A CPU limit, a LimitRange of the namespace, `resources` of the pod and a VerticalPodAutoscaler that sets requests
    count. Leave it for short tools that nobody waits for.

    ```yaml bad
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
    ```

    ```yaml good
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
              resources:
                requests: {cpu: 100m, memory: 128Mi}
    ```

    See <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/> and
    <https://karpenter.sh/docs/concepts/scheduling/>.
    """
    if _is_checked(item, include_init) and not _has_request(item, "cpu", project):
        yield Problem(f"{_title(item)} has no CPU request", item.root["resources"]["requests"]["cpu"])


@rule(
    each=container(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={"checkov": ["CKV_K8S_12"], "trivy": ["KSV-0016"], "polaris": ["memoryRequestsMissing"]},
    options={"include_init": "also check ordinary init containers"},
)
def missing_memory_request(item: Container, project: Project, *, include_init: bool = False) -> Problems:
    """A container declares no memory request.

    Memory cannot be shared out more slowly like CPU: when a node runs short, the kubelet evicts those pods first that
    use more than they asked for, and a pod that asked for nothing always does. Nodes are filled by requests, so such
    pods also land together where there is no memory left for them. Node sizes and cost reports that are made of
    requests are wrong by what these pods really use.

    A memory limit, a LimitRange of the namespace, `resources` of the pod and a VerticalPodAutoscaler that sets
    requests count. Leave it for short tools that nobody waits for.

    ```yaml bad
    apiVersion: batch/v1
    kind: Job
    metadata: {name: import, namespace: shop}
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: import
              image: registry.example/import:1.0
              resources:
                requests:  # <-
                  cpu: 500m
    ```

    ```yaml good
    apiVersion: batch/v1
    kind: Job
    metadata: {name: import, namespace: shop}
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: import
              image: registry.example/import:1.0
              resources:
                requests:
                  cpu: 500m
                  memory: 1Gi
    ```

    See <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/>.
    """
    if _is_checked(item, include_init) and not _has_request(item, "memory", project):
        yield Problem(f"{_title(item)} has no memory request", item.root["resources"]["requests"]["memory"])


def _title(item: Container) -> str:
    return f"container {item.name} of {item.owner.title}"


def _is_checked(item: Container, include_init: bool) -> bool:
    return item.is_running or (include_init and item.part == "initContainers")


def _has_request(item: Container, name: str, project: Project) -> bool:
    return has_resource(item, "requests", name, project) or _is_sized(item)


def _is_sized(item: Container) -> bool:
    """True when a VerticalPodAutoscaler sets the requests of the workload."""
    owner = item.owner
    for scaler in owner.unit.of_kind("VerticalPodAutoscaler"):
        target = scaler.spec["targetRef"]
        if (
            share_namespace(scaler, owner)
            and (target["kind"].text, target["name"].text) == (owner.kind, owner.name)
            and scaler.spec["updatePolicy"]["updateMode"].text in SIZING_MODES
        ):
            return True
    return False
