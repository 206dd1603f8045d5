"""Selectors of workloads."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    RECOMMENDED,
    Add,
    Fix,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    Workload,
    rule,
    selects,
    workload,
    yaml_string,
)

SELECTING: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


@rule(
    each=workload(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={
        "kube-linter": ["mismatching-selector"],
        "kube-score": [
            "deployment-pod-selector-labels-match-template-metadata-labels",
            "statefulset-pod-selector-labels-match-template-metadata-labels",
        ],
    },
    fixable="unsafe",
)
def selector_label_mismatch(item: Workload, project: Project) -> Problems:
    """The workload's selector does not match its own pod template.

    The API server rejects such an object, so the deployment stops in the middle: what came before it in the same apply
    is new, the rest is old. It often appears when labels are renamed, for the selector of an existing workload cannot
    be changed at all. Then the template has to keep the old labels, or the workload has to be created anew.

    There is no reason to leave it.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels:
            app: website  # <-
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels:
            app: web
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels:
            app: web
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector>.
    """
    if not _has_selector(item):
        return
    selector = item.spec["selector"]
    labels = item.pod_template["metadata"]["labels"]
    if not selector.present or not any(len(part) for _, part in selector.items()):
        yield Problem(f"{item.title} has no selector, which the API server rejects", selector)
        return
    if selects(selector, {key: value.text for key, value in labels.items()}):
        return
    missing = [key for key, value in selector["matchLabels"].items() if labels[key].text != value.text]
    if not missing:
        yield Problem(f"{item.title} has a selector whose expressions leave out its own pods", selector)
        return
    key = missing[0]
    wanted, has = selector["matchLabels"][key], labels[key]
    said = f"its pods have {key}: {has.text}" if has.present else f"its pods have no label {key}"
    yield Problem(
        f"{item.title} selects {key}: {wanted.text}, but {said}",
        has,
        also=(("selector", wanted),),
        fix=_fix(item, missing, labels),
    )


def _has_selector(item: Workload) -> bool:
    if item.kind == "Job":
        return item.spec["manualSelector"].is_true
    if item.kind == "Rollout":
        return not item.spec["workloadRef"].present
    return item.kind in SELECTING and item.api_version == "apps/v1"


def _fix(item: Workload, missing: list[str], labels: Node) -> Fix | None:
    if not labels.is_map:
        return None
    wanted = item.spec["selector"]["matchLabels"]
    changes = tuple(
        Set(labels[key], yaml_string(wanted[key].text))
        if labels[key].exists
        else Add(labels, key, yaml_string(wanted[key].text))
        for key in missing
    )
    return Fix("Give the pods the labels of the selector", changes, Safety.UNSAFE)
