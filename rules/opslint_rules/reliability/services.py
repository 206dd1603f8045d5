"""Services and what stands behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    OPERATOR_KINDS,
    RECOMMENDED,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Workload,
    kind,
    labelled_by_operator,
    labels_of,
    left_out,
    made_by_operator,
    rule,
    selected_by_service,
    share_namespace,
    workloads_with,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Labels that controllers put on pods while they run.
RUNTIME_LABELS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
        "controller-revision-hash",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)


@rule(
    each=kind("Service", groups=("",), system=False),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={"kube-linter": ["dangling-service"], "kube-score": ["service-targets-pod"]},
    options={"operator_kinds": "custom resources whose pods a controller creates; null: the built-in list"},
)
def dangling_service(item: KubeObject, project: Project, *, operator_kinds: tuple[str, ...] | None = None) -> Problems:
    """The Service selects no pods.

    Its name resolves, and every connection to it is refused or times out. Usually a label was renamed on one side
    only, and a load balancer in front of it goes on being paid for while all its targets are unhealthy. Or the
    workload was removed and the Service was forgotten, with the DNS records and alarms that belong to it.

    The rule is silent when a part of what is applied together could not be read, for a label that the pods most likely
    put on themselves while they run (`vault-active: "true"` of the leader, beside two labels that fit), and for a chart
    whose own values leave out a workload that the Service may be for. Leave it when another repository deploys the
    pods.

    ```yaml bad
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector:
        app: web
        tier: frontend  # <-
      ports: [{port: 80, targetPort: 8080}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web, tier: front}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml good
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec:
      selector:
        app: web
        tier: frontend
      ports: [{port: 80, targetPort: 8080}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web, tier: frontend}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/concepts/services-networking/service/>.
    """
    selector = item.spec["selector"]
    if not item.unit.closed or not len(selector) or item.spec["type"].text == "ExternalName":
        return
    if selected_by_service(item) or _has_endpoints(item):
        return
    wanted = {key: value.text for key, value in selector.items() if key not in RUNTIME_LABELS}
    if not wanted or made_by_operator(item, wanted.values(), operator_kinds or OPERATOR_KINDS) is not None:
        return
    if labelled_by_operator(item, wanted) is not None:
        return
    near: tuple[Workload, str] | None = None
    for other in _pods(item, project, wanted):
        labels = labels_of(other)
        missing = [key for key, value in wanted.items() if labels.get(key) != value]
        if not missing or (len(missing) == 1 and len(wanted) > 2 and _set_at_run_time(missing[0], labels)):
            return
        if len(missing) == 1 and len(wanted) > 1 and near is None:
            near = other, missing[0]
    if not left_out(item, labels=wanted):
        yield _problem(item, selector, wanted, near)


def _pods(item: KubeObject, project: Project, wanted: Mapping[str, str]) -> Iterator[Workload]:
    """Yield the workloads whose pods may be meant: those of the unit, then those of the same namespace elsewhere.

    They have one of the wanted labels at least: no others are told of.
    """
    for other in workloads_with(item.unit, *wanted.items()):
        if share_namespace(other, item):
            yield other
    for unit in project.units:
        if unit is not item.unit:
            for other in workloads_with(unit, *wanted.items()):
                if other.namespace == item.namespace:
                    yield other


def _set_at_run_time(key: str, labels: Mapping[str, str]) -> bool:
    """True for a label that no template has under a like name: pods elect a leader and label it, for example."""
    from difflib import get_close_matches  # costs more to import than this rule

    return key not in labels and not get_close_matches(key, labels, n=1, cutoff=0.75)


def _has_endpoints(item: KubeObject) -> bool:
    """True when the Service's endpoints are written by hand."""
    for other in item.unit.of_kind("Endpoints", "EndpointSlice"):
        name = other.labels.get("kubernetes.io/service-name", other.name)
        if share_namespace(other, item) and item.name in {name, other.name}:
            return True
    return False


def _problem(item: KubeObject, selector: Node, wanted: dict[str, str], near: tuple[Workload, str] | None) -> Problem:
    if near is None:
        labels = ", ".join(f"{key}={value}" for key, value in wanted.items())
        return Problem(f"{item.title} selects no pods: no pod template has the labels {labels}", selector)
    other, key = near
    has = labels_of(other).get(key)
    said = f"{key}: {has}" if has is not None else f"no label {key}"
    place = other.pod_template["metadata"]["labels"][key]
    return Problem(
        f"{item.title} selects no pods: it wants {key}: {wanted[key]}, but {other.title} has {said}",
        selector[key],
        also=(("nearest pod template", place),),
    )
