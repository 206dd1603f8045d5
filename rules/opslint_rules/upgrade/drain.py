"""What stops a node from being drained, or takes the cluster down with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Remove,
    Safety,
    Severity,
    budgets_of,
    glob_matches,
    is_scaled,
    kind,
    replicas_of,
    rule,
    selected_by_service,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_KARPENTER: Final = ("karpenter.sh/do-not-disrupt", "karpenter.sh/do-not-evict", "karpenter.sh/do-not-consolidate")
_AUTOSCALER: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
_PINNED: Final = {**dict.fromkeys(_KARPENTER, "true"), _AUTOSCALER: "false"}
# Controllers that leave their own namespace out whatever is written here.
_OWN_SELECTOR: Final = ("webhook.kyverno.io/managed-by",)
_SLOW: Final = 15  # seconds
_DEFAULT_POLICY: Final = {"admissionregistration.k8s.io/v1": "Fail", "admissionregistration.k8s.io/v1beta1": "Ignore"}
_WITHOUT_SYSTEM: Final = (
    "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}"
)


@rule(
    each=kind("Deployment", "StatefulSet", "Rollout", "ReplicaSet", "ReplicationController", "DaemonSet", "NodePool"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"allow": "namespace/name globs that may pin their node"},
)
def pod_blocks_node_drain(item: KubeObject, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """Long-running pods carry an annotation that stops Karpenter or the autoscaler from replacing their node.

    The node then stays: it is never consolidated, keeps its old image after an upgrade, and Karpenter's drift and
    expiry wait for a pod that never ends. One such pod a node is enough to keep a whole pool on the old version.

    On Jobs the annotation is the accepted way to let them finish. Karpenter's annotation passes when every NodePool
    sets `terminationGracePeriod`, which bounds the wait. Leave it, through `allow`, for the few pods whose interruption
    is handled by hand.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker, namespace: shop}
    spec:
      selector: {matchLabels: {app: worker}}
      template:
        metadata:
          labels: {app: worker}
          annotations:
            karpenter.sh/do-not-disrupt: "true"  # <-
        spec: {containers: [{name: worker, image: "registry.example/worker:1.4"}]}
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker, namespace: shop}
    spec:
      selector: {matchLabels: {app: worker}}
      template:
        metadata:
          labels: {app: worker}
          annotations: {}
        spec: {containers: [{name: worker, image: "registry.example/worker:1.4"}]}
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker, namespace: shop}
    spec:
      selector: {matchLabels: {app: worker}}
      template:
        metadata: {labels: {app: worker}}
        spec:
          terminationGracePeriodSeconds: 300
          containers: [{name: worker, image: "registry.example/worker:1.4"}]
    ```

    See <https://karpenter.sh/docs/concepts/disruption/#controlling-disruption> and
    <https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md>.
    """
    if item.kind == "NodePool":
        if item.group != "karpenter.sh":
            return
        template = item.spec["template"]
    elif is_scaled(item) or (item.is_workload and item.kind == "DaemonSet"):
        template = item.pod_template
    else:
        return
    if any(glob_matches(f"{item.namespace}/{item.name}", glob) for glob in allow):
        return
    annotations = template["metadata"]["annotations"]
    for key, stops in _PINNED.items():
        node = annotations[key]
        if not node.present or node.text != stops or (key != _AUTOSCALER and _bounded(project)):
            continue
        who = "the cluster autoscaler" if key == _AUTOSCALER else "Karpenter"
        whose = "the nodes of" if item.kind == "NodePool" else "a node that runs a pod of"
        yield Problem(
            f'{key}: "{stops}" stops {who} from replacing {whose} {item.title}',
            node,
            fix=Fix(f"Remove {key}", (Remove(node),), Safety.UNSAFE),
        )


def _bounded(project: Project) -> bool:
    """True when every NodePool bounds how long a drain waits."""
    pools = [one for one in project.of_kind("NodePool") if one.group == "karpenter.sh"]
    return bool(pools) and all(pool.spec.at("template", "spec", "terminationGracePeriod").present for pool in pools)


@rule(
    each=kind("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"allow": "webhook names accepted as fail-closed"},
)
def webhook_can_block_cluster(item: KubeObject, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """A fail-closed admission webhook covers pods everywhere, so losing its backend can stop pod creation cluster-wide.

    While no backend answers, the API server refuses every pod it asks about. When a drain evicts the last backend, its
    replacement is such a pod: it waits for itself, and so do CoreDNS and the network plugin of new nodes. Only deleting
    the configuration by hand ends that.

    Leaving kube-system (and the webhook's own namespace) out by `namespaceSelector` keeps a way back. Leave it,
    through `allow`, for a webhook that must see every pod, and then run its backend with several replicas and a
    PodDisruptionBudget; what the repository says about the backend stands in the message.

    ```yaml bad
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: images}
    webhooks:
      - name: images.example.com  # <- failurePolicy is Fail by default
        clientConfig: {service: {name: images, namespace: policy}}
        rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
        sideEffects: None
        admissionReviewVersions: [v1]
    ```

    ```yaml fixed
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: images}
    webhooks:
      - name: images.example.com
        clientConfig: {service: {name: images, namespace: policy}}
        rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
        sideEffects: None
        admissionReviewVersions: [v1]
        namespaceSelector:
          matchExpressions:
            - key: kubernetes.io/metadata.name
              operator: NotIn
              values: [kube-system]
    ```

    ```yaml good
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: images}
    webhooks:
      - name: images.example.com
        clientConfig: {service: {name: images, namespace: policy}}
        namespaceSelector:
          matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, policy]}]
        rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
        sideEffects: None
        admissionReviewVersions: [v1]
    ```

    See <https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/>.
    """
    if any(key in item.labels or key in item.annotations for key in _OWN_SELECTOR):
        return
    for webhook in item.root["webhooks"]:
        if webhook.is_map and _covers(webhook, item.api_version) and webhook["name"].text not in allow:
            selector = webhook["namespaceSelector"]
            fix = Fix("Leave kube-system out", (Add(webhook, "namespaceSelector", _WITHOUT_SYSTEM),), Safety.UNSAFE)
            yield Problem(
                f"webhook {webhook['name'].text} refuses every pod of every namespace, kube-system included, while its"
                f" backend does not answer{_backend(webhook, item, project)}{_wait(webhook)}",
                webhook["failurePolicy"],  # not its name, which a helper makes often
                fix=None if selector.exists else fix,
            )


def _covers(webhook: Node, api_version: str) -> bool:
    """True when it fails closed for pods of every namespace."""
    policy = webhook["failurePolicy"].text or _DEFAULT_POLICY.get(api_version, "")
    if policy != "Fail" or len(webhook["matchConditions"]):
        return False
    if any(len(webhook[selector]) for selector in ("namespaceSelector", "objectSelector")):
        return False
    return any(_matches_pods(one) for one in webhook["rules"] if one.is_map)


def _matches_pods(one: Node) -> bool:
    return (
        not {"", "*"}.isdisjoint(one["apiGroups"].texts())
        and not {"pods", "*", "*/*"}.isdisjoint(one["resources"].texts())
        and not {"CREATE", "*"}.isdisjoint(one["operations"].texts())
        and one["scope"].text != "Cluster"
    )


def _backend(webhook: Node, item: KubeObject, project: Project) -> str:
    """What the repository says of the pods behind it, for the message."""
    service = webhook["clientConfig"]["service"]
    name, namespace = service["name"].text, service["namespace"].text
    for one in _workloads(item, project, name, namespace):
        count = replicas_of(one).count
        faults = []
        if count is not None and count < 2:
            faults.append("one replica" if count == 1 else "no replica of its own")
        if not budgets_of(one):
            faults.append("no PodDisruptionBudget")
        if faults:
            return f" ({one.title} has {' and '.join(faults)})"
    return ""


def _workloads(item: KubeObject, project: Project, name: str, namespace: str) -> Iterator[KubeObject]:
    for service in project.named("Service", name) if name else ():
        if namespace == service.namespace or (service.unit is item.unit and not namespace):
            yield from (one for one in selected_by_service(service) if is_scaled(one))


def _wait(webhook: Node) -> str:
    seconds = webhook["timeoutSeconds"].number
    return f"; each request waits {seconds:g} s for it" if seconds is not None and seconds > _SLOW else ""
