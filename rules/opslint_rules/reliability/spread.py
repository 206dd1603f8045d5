"""Spreading replicas over nodes and zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Change,
    Fix,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    Workload,
    glob_matches,
    is_referenced,
    is_scaled,
    labels_of,
    put,
    replicas_of,
    rule,
    selector_of,
    selects,
    set_by_policy,
    template_of,
    workload,
    yaml_string,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONE: Final = "topology.kubernetes.io/zone"
HOST: Final = "kubernetes.io/hostname"
DEPRECATED: Final = {
    "failure-domain.beta.kubernetes.io/zone": ZONE,
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": "kubernetes.io/os",
}
# Labels that nodes of EKS get by themselves.
WELL_KNOWN: Final = (
    "kubernetes.io/",
    "topology.",
    "node.kubernetes.io/",
    "karpenter.sh/",
    "karpenter.k8s.aws/",
    "eks.amazonaws.com/",
)


@rule(
    each=workload(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"kyverno": ["spread-pods", "topologyspreadconstraints-policy", "insert-pod-antiaffinity"]},
    related={
        "kube-score": [
            "deployment-has-host-podantiaffinity",
            "statefulset-has-host-podantiaffinity",
            "pod-topology-spread-constraints",
        ],
        "kube-linter": ["no-anti-affinity"],
        "polaris": ["topologySpreadConstraint"],
        "eksup": ["K8S005"],
        "hardeneks": ["schedule_replicas_across_nodes"],
    },
    fixable="unsafe",
    prod_only=True,
    options={"require_zone": "demand a constraint over zones"},
)
def no_topology_spread(item: Workload, project: Project, *, require_zone: bool = False) -> Problems:
    """Replicas may all land on one node or zone because nothing spreads them.

    The scheduler prefers to spread the pods of a Service, and gives that up as soon as another node fits better. Then
    several replicas are lost with one node, and all of them with one zone. Karpenter's consolidation packs pods
    together on purpose, so what was spread at first does not stay so.

    A topology spread constraint or an anti-affinity over nodes or zones counts, required or preferred, and so does a
    Kyverno policy that adds one. The fix prefers zones and forbids nothing. Pods that a Fargate profile of the project
    selects pass, for each of them has a node of its own. Leave it for workers that may be away together.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:  # <-
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
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: ScheduleAnyway
              labelSelector:
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
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: ScheduleAnyway
              labelSelector: {matchLabels: {app: web}}
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/> and
    <https://docs.aws.amazon.com/eks/latest/userguide/fargate.html>.
    """
    if not is_scaled(item) or is_referenced(item):
        return
    replicas = replicas_of(item)
    if replicas.count is None or replicas.count < 2:
        return
    spec = template_of(item)["spec"]
    keys = set(_spread_over(spec))
    if (ZONE in keys) if require_zone else keys:
        return
    if set_by_policy(item.unit, "topologySpreadConstraints") or set_by_policy(item.unit, "podAntiAffinity"):
        return
    if _on_fargate(item, project):
        return
    constraints = spec["topologySpreadConstraints"]
    message = f"{item.title} runs {replicas.count} replicas and nothing spreads them over {_what(keys)}"
    yield Problem(message, constraints, also=(("replicas", replicas.node),), fix=_add_constraint(item, constraints))


def _on_fargate(item: Workload, project: Project) -> bool:
    """True when a Fargate profile takes the pods: by a namespace, maybe with wildcards, and all of its labels."""
    labels = labels_of(item)
    return any(
        bool(item.namespace)
        and glob_matches(item.namespace, one["namespace"].text)
        and all(labels.get(key) == value.text for key, value in one["labels"].items())
        for block in project.resources("aws_eks_fargate_profile")
        for one in block.body["selector"]
    )


def _what(keys: set[str]) -> str:
    return "zones" if keys else "nodes or zones"


def _spread_over(spec: Node) -> Iterator[str]:
    """Yield the topology keys over which something spreads the pods."""
    for one in spec["topologySpreadConstraints"]:
        yield DEPRECATED.get(one["topologyKey"].text, one["topologyKey"].text)
    affinity = spec["affinity"]["podAntiAffinity"]
    if not affinity.exists:
        return
    terms = [*affinity["requiredDuringSchedulingIgnoredDuringExecution"]]
    terms += [one["podAffinityTerm"] for one in affinity["preferredDuringSchedulingIgnoredDuringExecution"]]
    for one in terms:
        key = DEPRECATED.get(one["topologyKey"].text, one["topologyKey"].text)
        if key in {ZONE, HOST}:
            yield key


def _add_constraint(item: Workload, constraints: Node) -> Fix | None:
    """A constraint with the workload's own labels; not in a chart's template, where the labels are made."""
    labels = selector_of(item)["matchLabels"]
    spec = constraints.parent
    if constraints.exists or spec is None or not spec.present or spec.source.origin is not None or not len(labels):
        return None
    wanted = ", ".join(f"{key}: {yaml_string(value.text)}" for key, value in labels.items())
    value = (
        f"[{{maxSkew: 1, topologyKey: {ZONE}, whenUnsatisfiable: ScheduleAnyway, "
        f"labelSelector: {{matchLabels: {{{wanted}}}}}}}]"
    )
    change = Add(spec, "topologySpreadConstraints", value)
    return Fix("Prefer to spread over zones", (change,), Safety.UNSAFE)


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"kube-score": ["pod-topology-spread-constraints"]},
    fixable="unsafe",
)
def spread_selector_mismatch(item: Workload, project: Project) -> Problems:
    """A topology spread constraint selects pods other than its own and therefore spreads nothing.

    The scheduler counts the pods that the selector matches in every zone. When the workload's own pods are not among
    them, the count never changes and they may all land in one place; without a selector no pods are counted at all.
    A topology key that no node has does the same, or leaves the pods pending with `DoNotSchedule`.

    A topology key passes when it is one that nodes of EKS have, or a label of a node group or NodePool of the project;
    without any of these in the project other keys are not judged. Leave it for a constraint that spreads a workload
    relative to another one.

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
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: DoNotSchedule
              labelSelector:
                matchLabels:
                  app: website  # <-
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
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: DoNotSchedule
              labelSelector:
                matchLabels:
                  app: web
          containers: [{name: web, image: "registry.example/web:2.1"}]
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
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: DoNotSchedule
              labelSelector: {matchLabels: {app: web}}
              matchLabelKeys: [pod-template-hash]
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>.
    """
    if is_referenced(item):
        return
    for one in template_of(item)["spec"]["topologySpreadConstraints"]:
        yield from _selector(item, one["labelSelector"])
        yield from _key(item, project, one["topologyKey"])
        skew = one["maxSkew"]
        if skew.number is not None and skew.number < 1:
            fix = Fix("Set maxSkew: 1", (put(skew, "1"),), Safety.UNSAFE)
            yield Problem(f"{item.title} has a maxSkew below 1, which the API server rejects", skew, fix=fix)


def _selector(item: Workload, selector: Node) -> Iterator[Problem]:
    labels = labels_of(item)
    if not selector.present:
        wanted = selector_of(item)["matchLabels"]
        text = ", ".join(f"{key}: {value.text}" for key, value in wanted.items())
        fix = None
        if text and item.source.origin is None:
            change = put(selector, f"{{matchLabels: {{{text}}}}}")
            fix = Fix("Select the workload's own pods", (change,), Safety.UNSAFE)
        yield Problem(
            f"{item.title} has a spread constraint without labelSelector, which counts no pods", selector, fix=fix
        )
        return
    if selects(selector, labels):
        return
    wrong = [(key, value) for key, value in selector["matchLabels"].items() if labels.get(key) != value.text]
    if not wrong:
        yield Problem(f"{item.title} has a spread constraint whose expressions leave out its own pods", selector)
        return
    key, value = wrong[0]
    has = labels.get(key)
    changes: list[Change] = [put(one, labels[name]) for name, one in wrong if name in labels]
    fix = Fix("Select the workload's own pods", tuple(changes), Safety.UNSAFE) if len(changes) == len(wrong) else None
    said = f"its pods have {key}: {has}" if has is not None else f"its pods have no label {key}"
    yield Problem(f"{item.title} spreads pods with {key}: {value.text}, but {said}", value, fix=fix)


def _key(item: Workload, project: Project, key: Node) -> Iterator[Problem]:
    name = key.text
    if name in DEPRECATED:
        fix = Fix(f"Use {DEPRECATED[name]}", (put(key, DEPRECATED[name]),), Safety.UNSAFE)
        yield Problem(f"{item.title} spreads over the deprecated label {name}; use {DEPRECATED[name]}", key, fix=fix)
    elif name and not name.startswith(WELL_KNOWN):
        given = _given_labels(project)
        if given is not None and name not in given:
            yield Problem(f"{item.title} spreads over {name}, a label that no node group or NodePool gives", key)


def _given_labels(project: Project) -> set[str] | None:
    """The labels that node groups and NodePools give to nodes; None when that cannot be told."""
    pools = [one for one in project.of_kind("NodePool", "Provisioner") if one.group == "karpenter.sh"]
    groups = project.resources("aws_eks_node_group")
    found: set[str] = set()
    for pool in pools:
        template = pool.spec["template"]
        entries = template["spec"]["requirements"] if template.present else pool.spec["requirements"]
        labels = template["metadata"]["labels"] if template.present else pool.spec["labels"]
        found.update(key for key, _ in labels.items())
        found.update(one["key"].text for one in entries)
    for block in groups:
        if not block["labels"].known:
            return None
        found.update(key for key, _ in block["labels"].items())
    return found if pools or groups else None
