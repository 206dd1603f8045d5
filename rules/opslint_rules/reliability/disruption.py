"""PodDisruptionBudgets: what a node drain may take at once."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    AppendDocument,
    Change,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Rename,
    Replicas,
    Safety,
    Set,
    Severity,
    Workload,
    budgets_of,
    glob_matches,
    int_or_percent,
    is_referenced,
    is_scaled,
    is_zero,
    kind,
    percent,
    replicas_of,
    rule,
    selected_by_budget,
    selector_of,
    workload,
    yaml_string,
)


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={"kyverno": ["require-pdb", "create-default-pdb"]},
    related={
        "kube-score": ["deployment-has-poddisruptionbudget", "statefulset-has-poddisruptionbudget"],
        "polaris": ["missingPodDisruptionBudget"],
        "eksup": ["K8S004"],
    },
    fixable="unsafe",
    prod_only=True,
    options={"min_replicas": "smallest replica count that needs a budget", "kinds": "workload kinds checked"},
)
def missing_pdb(
    item: Workload,
    project: Project,
    *,
    min_replicas: int = 2,
    kinds: tuple[str, ...] = ("Deployment", "StatefulSet", "Rollout", "ReplicaSet"),
) -> Problems:
    """A workload with several replicas has no PodDisruptionBudget.

    Upgrading a node group drains every node, and Karpenter's consolidation drains some of them every day. Without a
    budget a drain may evict all replicas together, for example when they happen to share a node or when several nodes
    are drained at once, and the service is down until new pods are ready elsewhere. Several replicas are then worth
    nothing in the moment they were meant for.

    The replica count is the autoscaler's minimum where there is one. Leave it for workloads that may stop as a whole,
    such as queue workers whose jobs are retried.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment  # <-
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml fixed
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
    metadata:
      name: web
      namespace: shop
    spec:
      maxUnavailable: 1
      selector:
        matchLabels:
          app: web
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
    if item.kind not in kinds or not is_scaled(item):
        return
    replicas = replicas_of(item)
    if replicas.count is None or replicas.count < min_replicas or is_referenced(item):
        return
    if budgets_of(item) or _is_generated(item):
        return
    message = f"{item.title} runs {replicas.count} replicas{_by(replicas)} without a PodDisruptionBudget"
    yield Problem(message, item.root["kind"], also=(("replicas", replicas.node),), fix=_add_budget(item))


def _is_generated(item: Workload) -> bool:
    """True when a Kyverno policy of the unit creates budgets for the kind."""
    for policy in item.unit.of_kind("ClusterPolicy", "Policy"):
        for step in policy.spec["rules"]:
            if step["generate"]["kind"].text == "PodDisruptionBudget" and _matches(step["match"], item.kind):
                return True
    return False


def _matches(match: Node, kind_: str) -> bool:
    groups = [match, *match["any"], *match["all"]]
    names = [text for group in groups for text in group["resources"]["kinds"].texts()]
    return any(glob_matches(kind_, name.rpartition("/")[2]) for name in names)


def _by(replicas: Replicas) -> str:
    return f" (at the minimum of {replicas.autoscaler.title})" if replicas.autoscaler is not None else ""


def _add_budget(item: Workload) -> Fix | None:
    """A budget with the workload's own labels, in its file; a chart's template is no place to append plain YAML to."""
    selector = selector_of(item)["matchLabels"]
    if item.source.origin is not None or not item.name or not len(selector):
        return None
    namespace = f"\n  namespace: {yaml_string(item.namespace)}" if item.metadata["namespace"].present else ""
    labels = "\n".join(f"      {key}: {yaml_string(value.text)}" for key, value in selector.items())
    text = (
        f"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {yaml_string(item.name)}{namespace}\n"
        f"spec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n{labels}\n"
    )
    return Fix("Add a PodDisruptionBudget with maxUnavailable: 1", (AppendDocument(item.root, text),), Safety.UNSAFE)


@rule(
    each=kind("PodDisruptionBudget", groups=("policy",)),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={
        "kube-linter": ["pdb-max-unavailable", "pdb-min-available"],
        "kyverno": [
            "pdb-maxunavailable",
            "pdb-minavailable-check",
            "deployment-replicas-higher-than-pdb",
            "require-replicas-allow-disruption",
        ],
    },
    related={
        "polaris": ["pdbDisruptionsIsZero", "pdbMinAvailableGreaterThanHPAMinReplicas"],
        "kyverno": ["require-reasonable-pdbs"],
        "kube-score": ["poddisruptionbudget-has-policy"],
    },
    fixable="unsafe",
    options={
        "allow_single_replica": "do not report budgets on workloads with one replica",
        "allow": "namespace/name globs that are blocked on purpose",
    },
)
def pdb_blocks_drain(
    item: KubeObject, project: Project, *, allow_single_replica: bool = False, allow: tuple[str, ...] = ()
) -> Problems:
    """The PodDisruptionBudget never allows an eviction.

    Every eviction of its pods is answered with 429, so `kubectl drain` waits for ever, Karpenter cannot replace the
    node, and a managed node group's upgrade fails with PodEvictionFailure after its retries. It is then somebody on
    call who deletes the budget in a hurry, at the worst time. A budget leaves room when it allows one pod to be away:
    `maxUnavailable: 1`, or a `minAvailable` below the number of replicas.

    Percentages of `minAvailable` round up, so any of them blocks a single replica. Leave it where evictions are meant
    to be done by hand, and name the budget under `allow`.

    ```yaml bad
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      minAvailable: 3  # <-
      selector: {matchLabels: {app: web}}
    ---
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
    ```

    ```yaml fixed
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app: web}}
    ---
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
    ```

    ```yaml good
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app: web}}
    ---
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
    ```

    See <https://kubernetes.io/docs/tasks/run-application/configure-pdb/> and
    <https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html>.
    """
    if any(glob_matches(f"{item.namespace}/{item.name}", glob) for glob in allow):
        return
    least, most = item.spec["minAvailable"], item.spec["maxUnavailable"]
    if least.present and most.present:
        message = f"{item.title} sets both minAvailable and maxUnavailable, which the API server rejects"
        yield Problem(message, most, also=(("minAvailable", least),))
        return
    counts = [replicas_of(one) for one in selected_by_budget(item) if is_scaled(one) and not is_referenced(one)]
    expected = _sum(counts)
    if expected == 1 and allow_single_replica:
        return
    if not least.present and not most.present:
        message = f"{item.title} sets neither minAvailable nor maxUnavailable, which allows no eviction"
        yield Problem(message, item.spec, fix=_one_away(item.spec, expected))
    elif most.present:
        if is_zero(most):
            message = f"{item.title} has maxUnavailable {most.text}, which allows no eviction"
            yield Problem(message + _ways_out(expected), most, fix=_one_away(most, expected))
    elif (percent(least) or 0) >= 100:
        message = f"{item.title} has minAvailable {least.text}, which allows no eviction"
        yield Problem(message + _ways_out(expected), least, also=_places(counts), fix=_one_away(least, expected))
    elif expected:
        needed = int_or_percent(least, expected)
        if needed is None or needed < expected:
            return
        scaled = " at minReplicas" if any(one.autoscaler is not None for one in counts) else ""
        rounded = f" ({needed} pods)" if percent(least) is not None else ""
        message = (
            f"{item.title} has minAvailable {least.text}{rounded} of {expected} replica{'s' * (expected != 1)}{scaled},"
            " which allows no eviction"
        )
        yield Problem(message + _ways_out(expected), least, also=_places(counts), fix=_one_away(least, expected))


def _sum(counts: list[Replicas]) -> int | None:
    """The number of pods expected; None when one of the counts cannot be told, or nothing is selected."""
    total = 0
    for one in counts:
        if one.count is None:
            return None
        total += one.count
    return total or None


def _ways_out(expected: int | None) -> str:
    return "; run a second replica or drop the budget" if expected == 1 else ""


def _places(counts: list[Replicas]) -> tuple[tuple[str, Node], ...]:
    return tuple(("minimum of the autoscaler" if one.autoscaler else "replicas", one.node) for one in counts)


def _one_away(at: Node, expected: int | None) -> Fix | None:
    if expected is None or expected < 2 or at.key == "spec":
        return None
    changes: tuple[Change, ...] = (Set(at, "1"),)
    if at.key != "maxUnavailable":
        changes = (Rename(at, "maxUnavailable"), *changes)
    return Fix("Allow one pod to be away: maxUnavailable: 1", changes, Safety.UNSAFE)
