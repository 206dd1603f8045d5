"""How many pods of a workload there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    Unit,
    Workload,
    environment_of,
    is_referenced,
    is_scaled,
    kind,
    put,
    replicas_of,
    rule,
    services_of,
    target_of,
    template_of,
    unit,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SINGLETON = "opslint.dev/singleton"
# Update modes in which a VerticalPodAutoscaler changes requests.
CHANGING = frozenset({"", "Auto", "Recreate", "InPlaceOrRecreate", "Initial"})


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={
        "kube-score": ["deployment-replicas"],
        "kyverno": ["deployment-has-multiple-replicas"],
        "kube-linter": ["minimum-three-replicas"],
        "polaris": ["deploymentMissingReplicas"],
        "eksup": ["K8S002"],
        "hardeneks": ["run_multiple_replicas"],
    },
    fixable="unsafe",
    prod_only=True,
    options={"check_statefulsets": "include StatefulSets"},
)
def single_replica(item: Workload, project: Project, *, check_statefulsets: bool = False) -> Problems:
    """A workload that serves traffic runs one pod, so every drain is an outage.

    When its node is replaced, which an upgrade does to every node, the only pod is stopped before another one is
    ready, and requests fail meanwhile. A PodDisruptionBudget cannot help: with one replica it either allows the outage
    or blocks the drain.

    Serving traffic means that a Service selects the pods. A Deployment with the strategy Recreate and a volume claim
    is one by design and passes, and so does a workload with the label or annotation `opslint.dev/singleton: "true"`.
    An autoscaler's minimum is hpa-range-too-narrow's matter, zero replicas are meant so. Pods that claim a volume get
    no fix: most volumes are attached to one node, so a shared one is needed first.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 1  # <-
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports: [{port: 80, targetPort: 8080}]
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 2
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector: {app: web}
      ports: [{port: 80, targetPort: 8080}]
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker, namespace: shop}
    spec:
      replicas: 1
      selector: {matchLabels: {app: worker}}
      template:
        metadata: {labels: {app: worker}}
        spec:
          containers: [{name: worker, image: "registry.example/worker:2.1"}]
    ```

    See <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/>.
    """
    if not is_scaled(item) or is_referenced(item) or (item.kind == "StatefulSet" and not check_statefulsets):
        return
    replicas = replicas_of(item)
    if replicas.count != 1 or replicas.autoscaler is not None or _is_singleton(item):
        return
    services = services_of(item)
    if not services:
        return
    fix = None if _claims_volume(item) else Fix("Run two replicas", (put(replicas.node, "2"),), Safety.UNSAFE)
    message = f"{item.title} serves {services[0].title} with one pod, so every drain of its node is an outage"
    yield Problem(message, replicas.node, also=((services[0].title, services[0].spec["selector"]),), fix=fix)


def _is_singleton(item: Workload) -> bool:
    if "true" in {item.labels.get(SINGLETON), item.annotations.get(SINGLETON)}:
        return True
    return item.spec["strategy"]["type"].text == "Recreate" and _claims_volume(item)


def _claims_volume(item: Workload) -> bool:
    volumes = template_of(item)["spec"]["volumes"]
    return any(one["persistentVolumeClaim"].present or one["ephemeral"].present for one in volumes)


@rule(
    each=kind("HorizontalPodAutoscaler", "ScaledObject", system=False),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"kube-score": ["horizontalpodautoscaler-replicas"]},
    related={"kube-linter": ["hpa-minimum-three-replicas"], "polaris": ["hpaMinAvailability", "hpaMaxAvailability"]},
    fixable="unsafe",
    options={
        "min": "smallest accepted minReplicas of what serves traffic",
        "keda_zero": "accept scale to zero by KEDA",
        "include_nonprod": "ask for the minimum outside production too",
    },
)
def hpa_range_too_narrow(
    item: KubeObject,
    project: Project,
    *,
    min: int = 2,  # noqa: A002 - the option's name
    keda_zero: bool = True,
    include_nonprod: bool = False,
) -> Problems:
    """The autoscaler's replica range is invalid, cannot scale, or may fall to a single pod.

    With equal bounds the autoscaler never does anything, though everybody counts on it under load. With a minimum of
    one, the quiet hours are served by a single pod, and a drain in those hours, which is when upgrades are done, is an
    outage. A minimum above the maximum is rejected by the API server.

    The minimum is asked for only of workloads that a Service selects, in production or where no sign tells the
    environment. KEDA may scale to zero, since that is what it is for, be it by `minReplicaCount` or by
    `idleReplicaCount`; say `keda_zero: false` to forbid it.

    ```yaml bad
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 1  # <-
      maxReplicas: 6
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}}
    ```

    ```yaml fixed
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 6
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}}
    ```

    ```yaml good
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 6
    ```

    See <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/>.
    """
    is_keda = item.kind == "ScaledObject"
    low, high = (item.spec[f"{edge}ReplicaCount" if is_keda else f"{edge}Replicas"] for edge in ("min", "max"))
    least, most = _count(low, 0 if is_keda else 1), _count(high, 100 if is_keda else None)
    if least is None:
        return
    if most is not None and least > most:
        message = f"{item.title} has {low.key} {least} above {high.key} {most}, which the API server rejects"
        yield Problem(message, low, also=((str(high.key), high),))
        return
    idle = item.spec["idleReplicaCount"]
    has_idle = is_keda and idle.present
    if most is not None and least == most and not has_idle:
        yield Problem(f"{item.title} has {low.key} and {high.key} {most}, so it never scales", high)
        return
    if is_keda and (least == 0 or idle.number == 0):
        if not keda_zero:
            yield Problem(f"{item.title} may scale to zero pods", idle if has_idle else low)
        return
    if least >= min or (environment_of(item).is_nonprod and not include_nonprod):
        return
    target = target_of(item)
    services = services_of(target) if target is not None else []
    if services:
        fix = Fix(f"Set {low.key}: {min}", (put(low, str(min)),), Safety.UNSAFE) if (most or min) >= min else None
        message = (
            f"{item.title} may fall to {least} pod{'s' * (least != 1)} behind {services[0].title} (at least {min})"
        )
        yield Problem(message, low, also=((services[0].title, services[0].root["kind"]),), fix=fix)


def _count(node: Node, absent: int | None) -> int | None:
    if not node.present:
        return absent
    number = node.number
    return int(number) if number is not None and abs(number) < 1e9 else None


@rule(
    each=unit(),
    severity=Severity.HIGH,
    preset=STRICT,
    related={"kyverno": ["prevent-duplicate-hpa", "prevent-duplicate-vpa"]},
)
def competing_autoscalers(item: Unit, project: Project) -> Problems:
    """Two autoscalers act on the same workload and the same signal.

    Two HorizontalPodAutoscalers on one workload overwrite each other's replica count every few seconds. A
    VerticalPodAutoscaler that changes the CPU request changes the utilization that the horizontal one scales on: the
    pods grow, the load per request falls, pods are removed, and it begins anew. KEDA makes an HPA of its own, so a
    second one beside a ScaledObject is two as well.

    A VerticalPodAutoscaler with updateMode Off only advises and passes; one that leaves the resource alone that the
    other scales on (`controlledResources`) does too.

    ```yaml bad
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 6
      metrics:
        - type: Resource
          resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
    ---
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef:
        name: web  # <-
      triggers: [{type: cron}]
    ```

    ```yaml good
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 6
      metrics:
        - type: Resource
          resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
    ---
    apiVersion: autoscaling.k8s.io/v1
    kind: VerticalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      updatePolicy: {updateMode: "Off"}
    ```

    See <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/> and
    <https://keda.sh/docs/latest/concepts/scaling-deployments/>.
    """
    horizontal: dict[tuple[str, ...], KubeObject] = {}
    for one in item.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        key = _target(one)
        if key is None or "transfer-hpa-ownership" in " ".join(one.annotations):
            continue
        first = horizontal.setdefault(key, one)
        if first is not one:
            yield _both(one, first, key)
    vertical: dict[tuple[str, ...], KubeObject] = {}
    for one in item.of_kind("VerticalPodAutoscaler"):
        key = _target(one)
        if key is None:
            continue
        first = vertical.setdefault(key, one)
        if first is not one:
            yield _both(one, first, key)
        shared = sorted(_controlled(one) & _signals(horizontal[key])) if key in horizontal else []
        if shared:
            yield _both(one, horizontal[key], key, f" by {' and '.join(shared)}")


def _both(one: KubeObject, first: KubeObject, key: tuple[str, ...], by: str = "") -> Problem:
    at = one.spec["targetRef" if one.kind == "VerticalPodAutoscaler" else "scaleTargetRef"]["name"]
    message = f"{one.title} and {first.title} both act on {key[1]}/{key[2]}{by}"
    return Problem(message, at, also=((first.title, first.root["kind"]),))


def _target(item: KubeObject) -> tuple[str, ...] | None:
    reference = item.spec["targetRef" if item.kind == "VerticalPodAutoscaler" else "scaleTargetRef"]
    if not reference["name"].known or not reference["kind"].known or not reference["name"].text:
        return None
    kind_ = reference["kind"].text or ("Deployment" if item.kind == "ScaledObject" else "")
    return item.namespace, kind_, reference["name"].text


def _controlled(item: KubeObject) -> set[str]:
    if item.spec["updatePolicy"]["updateMode"].text not in CHANGING:
        return set()
    policies = item.spec["resourcePolicy"]["containerPolicies"]
    found: set[str] = set()
    for one in policies:
        if one["mode"].text != "Off":
            found.update(one["controlledResources"].texts() or ("cpu", "memory"))
    return found if len(policies) else {"cpu", "memory"}


def _signals(item: KubeObject) -> set[str]:
    """The resources that a horizontal autoscaler scales on; CPU when an HPA names no metric."""
    if item.kind == "ScaledObject":
        return {one["type"].text for one in item.spec["triggers"]} & {"cpu", "memory"}
    return set(_metrics(item)) if item.spec["metrics"].present else {"cpu"}


def _metrics(item: KubeObject) -> Iterator[str]:
    for one in item.spec["metrics"]:
        if one["type"].text in {"Resource", "ContainerResource"}:
            yield (one["resource"] if one["type"].text == "Resource" else one["containerResource"])["name"].text
