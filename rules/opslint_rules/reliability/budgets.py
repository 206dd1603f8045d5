"""PodDisruptionBudgets that do not do what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    OPERATOR_KINDS,
    RECOMMENDED,
    STRICT,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    budget_selects,
    budgets_of,
    first_label,
    int_or_percent,
    is_referenced,
    is_scaled,
    is_zero,
    kind,
    labelled_by_operator,
    labels_of,
    left_out,
    made_by_operator,
    put,
    replicas_of,
    rule,
    selected_by_budget,
    workloads_with,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EVICTION_POLICY_SINCE = 27  # unhealthyPodEvictionPolicy is on by default from Kubernetes 1.27


@rule(
    each=kind("PodDisruptionBudget", groups=("policy",), system=False),
    severity=Severity.MEDIUM,
    preset=STRICT,
    options={"operator_kinds": "custom resources whose pods a controller creates"},
)
def pdb_ineffective(
    item: KubeObject, project: Project, *, operator_kinds: tuple[str, ...] = OPERATOR_KINDS
) -> Problems:
    """The PodDisruptionBudget selects no pods, or allows all of them to be evicted together.

    Such a budget looks like protection and is none. During a node-group upgrade the drain takes every replica of the
    workload at once, and the service is down until they have started elsewhere. Mostly a label was renamed on one side
    only, or a percentage was raised until a drain went through.

    Pods that an operator makes of a custom resource count as selected. Whether pods are selected is told only when all
    parts of what is applied together could be read, and not of a chart whose own values leave out a workload that the
    budget may be for. A budget of a single replica is left to pdb-blocks-drain.

    ```yaml bad
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      selector:  # <- no pod has this label
        matchLabels: {app: website}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: api, namespace: shop}
    spec:
      maxUnavailable: 100%  # <-
      selector:
        matchLabels: {app: api}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers: [{name: api, image: "registry.example/api:2.1"}]
    ```

    ```yaml good
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: api, namespace: shop}
    spec:
      maxUnavailable: 1
      selector:
        matchLabels: {app: api}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers: [{name: api, image: "registry.example/api:2.1"}]
    ```

    See <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>.
    """
    selector = item.spec["selector"]
    if not selector.present:
        yield Problem(f"{item.title} has no selector, so it protects no pods", selector)
        return
    selected = selected_by_budget(item)
    if not selected:
        if item.unit.closed and not _by_others(item, project, operator_kinds):
            yield Problem(f"{item.title} selects no pods: no pod template of its namespace matches", selector)
        return
    yield from _permits_all(item, selected)


def _by_others(item: KubeObject, project: Project, operator_kinds: tuple[str, ...]) -> bool:
    """True when pods may be meant that another unit, an operator or other values bring, or of an unknown namespace."""
    selector = item.spec["selector"]
    if not len(selector) and item.api_version != "policy/v1beta1":
        return True
    if _by_operator(item, operator_kinds) or left_out(item, labels=_labels(selector)):
        return True
    label = first_label(item.spec["selector"]["matchLabels"])
    for unit in project.units:
        for one in workloads_with(unit, label):
            near = one.namespace == item.namespace or (unit is item.unit and not (one.namespace and item.namespace))
            if near and budget_selects(item, labels_of(one)):
                return True
    return False


def _labels(selector: Node) -> dict[str, str]:
    return {key: value.text for key, value in selector["matchLabels"].items()}


def _by_operator(item: KubeObject, kinds: tuple[str, ...]) -> bool:
    selector = item.spec["selector"]
    values = [*_labels(selector).values()]
    values += [text for one in selector["matchExpressions"] for text in one["values"].texts()]
    return (
        made_by_operator(item, values, kinds) is not None or labelled_by_operator(item, _labels(selector)) is not None
    )


def _permits_all(item: KubeObject, selected: list[KubeObject]) -> Iterator[Problem]:
    least, most = item.spec["minAvailable"], item.spec["maxUnavailable"]
    total = 0
    for one in selected:
        if not is_scaled(one) or is_referenced(one):
            continue
        count = replicas_of(one).count
        if count is None:
            return
        total += count
    if total < 2:
        return
    if least.present and not most.present and is_zero(least):
        yield Problem(f"{item.title} has minAvailable {least.text}, so all {total} pods may be evicted together", least)
    away = int_or_percent(most, total) if most.present and not least.present else None
    if away is not None and away >= total:
        message = f"{item.title} has maxUnavailable {most.text}, so all {total} pods may be evicted together"
        yield Problem(message, most)


@rule(
    each=kind("PodDisruptionBudget", groups=("policy",), system=False),
    severity=Severity.LOW,
    preset=STRICT,
    related={"kube-linter": ["pdb-unhealthy-pod-eviction-policy"]},
    fixable="unsafe",
)
def pdb_blocks_unhealthy_eviction(item: KubeObject, project: Project) -> Problems:
    """Crash-looping pods can hold up a drain because the budget does not let unhealthy pods be evicted.

    By default a pod that is not ready is evicted only while enough others are: a release that crash-loops, or a
    broken dependency, makes the whole workload unready, and then no node with one of its pods can be drained. The
    upgrade of a node group fails after its timeout, though evicting such a pod would harm nobody.

    The field is on by default from Kubernetes 1.27; below that version the rule is silent. Leave it, with an explicit
    IfHealthyBudget and a suppression, for a quorum that must not lose a member that is just starting.

    ```yaml bad
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:  # <-
      maxUnavailable: 1
      selector:
        matchLabels: {app: web}
    ```

    ```yaml fixed
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      selector:
        matchLabels: {app: web}
      unhealthyPodEvictionPolicy: AlwaysAllow
    ```

    ```yaml good
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      unhealthyPodEvictionPolicy: AlwaysAllow
      selector:
        matchLabels: {app: web}
    ```

    See <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy>.
    """
    policy = item.spec["unhealthyPodEvictionPolicy"]
    if policy.text == "AlwaysAllow" or any(one.minor < EVICTION_POLICY_SINCE for one in item.unit.targets):
        return
    said = f"has unhealthyPodEvictionPolicy {policy.text}" if policy.present else "has no unhealthyPodEvictionPolicy"
    fix = Fix("Set unhealthyPodEvictionPolicy: AlwaysAllow", (put(policy, "AlwaysAllow"),), Safety.UNSAFE)
    yield Problem(f"{item.title} {said}, so pods that are not ready can hold up a drain", policy, fix=fix)


@rule(
    each=kind("PodDisruptionBudget", groups=("policy",)),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
)
def overlapping_pdbs(item: KubeObject, project: Project) -> Problems:
    """Two PodDisruptionBudgets select the same pods.

    The eviction API cannot decide between them and answers with an error, whatever both of them would allow. The drain
    of a node then hangs at these pods until somebody deletes one of the two, just as with a budget that allows nothing.
    It comes from a chart's own budget next to a hand-written one, or from a selector that is wider than it was meant.

    There is no good reason to keep both. Budgets of different clusters are never compared.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app: web}}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: everything, namespace: shop}
    spec:
      maxUnavailable: 1
      selector: {}  # <-
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app: web}}
    ```

    See <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>.
    """
    for one in selected_by_budget(item):
        budgets = [other for other in budgets_of(one) if other.namespace == item.namespace]
        if len(budgets) < 2:
            continue  # only this one
        earlier = next((other for other in item.unit.of_kind("PodDisruptionBudget") if other in budgets), None)
        if earlier is not None and earlier is not item:
            yield Problem(
                f"{item.title} and {earlier.title} both select the pods of {one.title}: no eviction of them succeeds",
                item.spec["selector"],
                also=(("the other budget", earlier.spec["selector"]), ("pods", one.pod_template)),
            )
            return
