"""Autoscalers and what they scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    SCALED_KINDS,
    Change,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Remove,
    Safety,
    Set,
    Severity,
    Workload,
    autoscaler_of,
    is_scaled,
    kind,
    left_out,
    rule,
    share_namespace,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Other kinds may be custom resources with a scale subresource.
SCALERS: Final = ("HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ScaledObject")


@rule(
    each=kind(*SCALERS),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={
        "kube-score": ["horizontalpodautoscaler-has-target"],
        "kube-linter": ["dangling-horizontalpodautoscaler"],
        "kyverno": ["verify-vpa-target"],
    },
    fixable="unsafe",
)
def hpa_target_missing(item: KubeObject, project: Project) -> Problems:
    """The autoscaler points at a workload that does not exist.

    The autoscaler reports FailedGetScale in its events, which nobody reads, and the workload that was meant stays at
    its fixed size. The mistake is noticed under load, when nothing grows. It comes from renaming a workload, from a
    wrong kind after a move to another controller, or from an old API group.

    The rule is silent when a part of what is applied together could not be read, and in a chart whose own values leave
    the workload out. Leave it when another repository deploys the workload, and name it under `known_objects`.

    ```yaml bad
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: Deployment
        name: web-server  # <-
      minReplicas: 2
      maxReplicas: 6
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    A workload of that name and another kind is what was meant:

    ```yaml bad
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: queue, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: Deployment  # <-
        name: queue
      minReplicas: 2
      maxReplicas: 6
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue, namespace: shop}
    spec:
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec:
          containers: [{name: queue, image: "registry.example/queue:2.1"}]
    ```

    ```yaml fixed
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: queue, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: StatefulSet
        name: queue
      minReplicas: 2
      maxReplicas: 6
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue, namespace: shop}
    spec:
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec:
          containers: [{name: queue, image: "registry.example/queue:2.1"}]
    ```

    ```yaml good
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: Deployment
        name: web
      minReplicas: 2
      maxReplicas: 6
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/>.
    """
    reference = item.spec["targetRef" if item.kind == "VerticalPodAutoscaler" else "scaleTargetRef"]
    name, group = reference["name"].text, reference["apiVersion"].text.rpartition("/")[0]
    kind_ = reference["kind"].text or ("Deployment" if item.kind == "ScaledObject" else "")
    if not item.unit.closed or not name or kind_ not in SCALED_KINDS:
        return
    named = list(_named(item, project, name))
    # Without an apiVersion only KEDA finds the workload, but what is meant is clear.
    if any(one.kind == kind_ and group in {one.group, ""} for one in named if _reachable(one, item)):
        return
    if project.knows(kind_, item.namespace, name):
        return
    here = [one for one in named if _reachable(one, item) and one.kind in SCALED_KINDS]
    wanted = f"{item.title} scales {kind_}/{name}"
    if here:
        other = here[0]
        same_kind = other.kind == kind_
        message = (
            f"{wanted} of {reference['apiVersion'].text}, but it is {other.api_version}"
            if same_kind
            else f"{wanted}, but {name} is a {other.kind}"
        )
        place = reference["apiVersion"] if same_kind else reference["kind"]
        fix = _correct(reference, other) if len(here) == 1 else None
        yield Problem(message, place, also=((other.title, other.root["kind"]),), fix=fix)
        return
    elsewhere = next((one for one in named if one.kind == kind_), None)
    if elsewhere is not None:
        message = f"{wanted} in namespace {item.namespace}, but it is in namespace {elsewhere.namespace}"
        yield Problem(message, reference["name"], also=((elsewhere.title, elsewhere.root["kind"]),))
        return
    if not left_out(item, (kind_,), name=reference["name"]):
        yield Problem(f"{wanted}, which does not exist{_suggestion(item, kind_, name)}", reference["name"])


def _named(item: KubeObject, project: Project, name: str) -> Iterator[KubeObject]:
    """Yield the workloads of a name, those of the unit first."""
    for unit in (item.unit, *(one for one in project.units if one is not item.unit)):
        for kind_ in SCALED_KINDS:
            yield from unit.named(kind_, name)


def _reachable(other: KubeObject, item: KubeObject) -> bool:
    if other.unit is item.unit:
        return share_namespace(other, item)
    return other.namespace == item.namespace


def _correct(reference: Node, other: KubeObject) -> Fix:
    changes: list[Change] = []
    if reference["kind"].present and reference["kind"].text != other.kind:
        changes.append(Set(reference["kind"], other.kind))
    if reference["apiVersion"].present and reference["apiVersion"].text != other.api_version:
        changes.append(Set(reference["apiVersion"], other.api_version))
    return Fix(f"Scale {other.api_version} {other.kind}", tuple(changes), Safety.UNSAFE)


def _suggestion(item: KubeObject, kind_: str, name: str) -> str:
    from difflib import get_close_matches

    names = [one.name for one in item.unit.of_kind(kind_) if share_namespace(one, item)]
    near = get_close_matches(name, names, n=1)
    return f" (the nearest is {kind_}/{near[0]})" if near else ""


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    related={"kube-score": ["deployment-targeted-by-hpa-does-not-have-replicas-configured"]},
    fixable="unsafe",
    options={"keda": "treat a ScaledObject like a HorizontalPodAutoscaler"},
)
def hpa_replicas_conflict(item: Workload, project: Project, *, keda: bool = True) -> Problems:
    """The manifest sets a replica count on a workload that an autoscaler also controls.

    Every apply writes that number back over the autoscaler's: a deployment during the evening peak takes a service
    from twelve pods to two, and they come back only as fast as the autoscaler scales up again. Argo CD does it at every
    sync. Leave `replicas` out where an autoscaler is in charge.

    The first client-side apply without the field can fall back to one replica: remove it from the last-applied
    annotation first, or use server-side apply. It is fine when Argo CD ignores the field in its syncs.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 2  # <-
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 12
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 12
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
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 12
    ```

    See <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/>.
    """
    replicas = item.spec["replicas"]
    if not is_scaled(item) or not replicas.present or not (replicas.number or 0) > 0:
        return
    scaler = autoscaler_of(item)
    if scaler is None or (scaler.kind == "ScaledObject" and not keda):
        return
    names = ("minReplicaCount", "maxReplicaCount") if scaler.kind == "ScaledObject" else ("minReplicas", "maxReplicas")
    if all(scaler.spec[name].number == replicas.number for name in names) or _is_ignored(item, project):
        return
    yield Problem(
        f"{item.title} sets replicas: {replicas.text}, so every apply resets what {scaler.title} has scaled to",
        replicas,
        also=((scaler.title, scaler.root["kind"]),),
        fix=Fix("Remove spec.replicas", (Remove(replicas),), Safety.UNSAFE),
    )


def _is_ignored(item: Workload, project: Project) -> bool:
    """True when the Argo CD Application of the path leaves the replica count alone in its syncs."""
    path = item.unit.chart.path if item.unit.chart is not None else item.source.path
    for one in project.of_kind("Application"):
        sources = [one.spec["source"], *one.spec["sources"]]
        folders = [source["path"].text.strip("/") for source in sources if source["path"].present]
        if not any(path == folder or path.startswith(f"{folder}/") for folder in folders):
            continue
        if "RespectIgnoreDifferences=true" in one.spec["syncPolicy"]["syncOptions"].texts() and any(
            ignored["kind"].text in {item.kind, "*"}
            and {"/spec/replicas", ".spec.replicas"}
            & {*ignored["jsonPointers"].texts(), *ignored["jqPathExpressions"].texts()}
            for ignored in one.spec["ignoreDifferences"]
        ):
            return True
    return False
