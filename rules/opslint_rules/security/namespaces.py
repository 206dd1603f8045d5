"""What a namespace gives to everything in it: a Pod Security level, network policies."""

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
    Safety,
    Set,
    Severity,
    Unit,
    Workload,
    kind,
    rule,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENFORCE: Final = "pod-security.kubernetes.io/enforce"
LEVELS: Final = ("privileged", "baseline", "restricted")
POLICIES: Final = ("NetworkPolicy", "CiliumNetworkPolicy")
CLUSTER_POLICIES: Final = (
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "ClusterNetworkPolicy",
    "GlobalNetworkPolicy",
)


@rule(
    each=kind("Namespace", groups=("",)),
    severity=Severity.LOW,
    preset=STRICT,
    related={
        "kyverno": ["add-psa-labels", "deny-privileged-profile"],
        "hardeneks": ["ensure_namespace_psa_exist"],
    },
    cis=["K8s 1.12 5.2.1"],
    fixable="unsafe",
    options={
        "minimum": "the level that namespaces have to enforce",
        "allow_privileged": "namespaces that may stay without one, for node agents",
    },
    forms={"minimum": "baseline|restricted"},
)
def namespace_without_pod_security(
    item: KubeObject, project: Project, *, minimum: str = "baseline", allow_privileged: tuple[str, ...] = ()
) -> Problems:
    """A namespace enforces no Pod Security level.

    Then the API server takes any pod there, a privileged one with the disk of its node mounted included, from whoever
    may create pods or takes over a deploy pipeline. The label `pod-security.kubernetes.io/enforce` is built in and
    needs no controller that may be down. `warn` and `audit` alone reject nothing.

    It passes when an admission policy of the project rejects privileged pods. Namespaces of node agents (log
    collectors, storage drivers) need `privileged`: list them under `allow_privileged`.

    ```yaml bad
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
      labels:  # <-
        team: backend
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
      labels:
        team: backend
        pod-security.kubernetes.io/enforce: baseline
        pod-security.kubernetes.io/warn: restricted
    ```

    ```yaml good
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
      labels:
        team: backend
        pod-security.kubernetes.io/enforce: baseline
        pod-security.kubernetes.io/warn: restricted
    ```

    See <https://kubernetes.io/docs/concepts/security/pod-security-admission/>.
    """
    if item.name in project.system_namespaces or item.name in allow_privileged:
        return
    labels = item.metadata["labels"]
    level = labels[ENFORCE]
    if level.text in LEVELS and LEVELS.index(level.text) >= LEVELS.index(minimum):
        return
    if any(_rejects_privileged(one, project) for one in project.objects):
        return
    add = [(ENFORCE, minimum), (ENFORCE.replace("enforce", "warn"), "restricted")]
    changes = tuple(
        Set(labels[key], value) if labels[key].exists else Add(labels, key, value)
        for key, value in add
        if key == ENFORCE or not labels[key].exists
    )
    fix = Fix(f"Enforce {minimum}", changes, Safety.UNSAFE)
    softer = [mode for mode in ("warn", "audit") if labels[ENFORCE.replace("enforce", mode)].present]
    if level.present:
        message = f"{item.title} enforces the Pod Security level {level.text}, less than {minimum}"
    elif softer:
        message = f"{item.title} enforces no Pod Security level: {' and '.join(softer)} reject nothing"
    else:
        message = f"{item.title} enforces no Pod Security level"
    yield Problem(message + _pinned(item, project), level, fix=fix)


def _pinned(item: KubeObject, project: Project) -> str:
    version = item.labels.get(f"{ENFORCE}-version", "")
    minor = version.removeprefix("v1.")
    targets = [target.minor for target in item.unit.targets]
    if not minor.isdecimal() or not targets or int(minor) >= min(targets):
        return ""
    return f" (its enforce-version {version} is older than the cluster)"


def _rejects_privileged(item: KubeObject, project: Project) -> bool:
    """True for an admission policy in force that rejects privileged containers."""
    if item.group == "constraints.gatekeeper.sh":
        action = item.spec["enforcementAction"].text.lower()
        return "privileged" in item.kind.lower() and action in {"", "deny"}
    if item.kind in {"ClusterPolicy", "ValidatingPolicy", "ValidatingAdmissionPolicy"}:
        return _mentions_privileged(item.spec) and _is_enforced(item, project)
    return False


def _mentions_privileged(spec: Node) -> bool:
    for node in spec.walk():
        key = str(node.key).strip("=()")
        if key in {"privileged", "podSecurity"} or (node.known and "securityContext.privileged" in node.text):
            return True
    return False


def _is_enforced(item: KubeObject, project: Project) -> bool:
    if item.kind == "ClusterPolicy":
        actions = [
            item.spec["validationFailureAction"],
            *(one["validate"]["failureAction"] for one in item.spec["rules"]),
        ]
        return any(action.text.lower() == "enforce" for action in actions)
    if item.kind == "ValidatingPolicy":
        actions_of = item.spec["validationActions"]
        return not actions_of.present or "Deny" in actions_of.texts()
    return any(
        one.spec["policyName"].text == item.name and "Deny" in one.spec["validationActions"].texts()
        for one in project.of_kind("ValidatingAdmissionPolicyBinding")
    )


@rule(
    each=unit(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={
        "checkov": ["CKV2_K8S_6"],
        "kube-score": ["pod-networkpolicy"],
        "kube-linter": ["non-isolated-pod"],
        "polaris": ["missingNetworkPolicy"],
        "kyverno": ["require-network-policy", "add-networkpolicy"],
    },
    related={"hardeneks": ["check_default_deny_policy_exists"]},
    cis=["K8s 1.12 5.3.2", "EKS 1.8.0 4.3.2"],
    options={"default_deny": "demand a policy that selects every pod and names the type Ingress"},
)
def namespace_without_network_policy(item: Unit, project: Project, *, default_deny: bool = False) -> Problems:
    """Workloads run in a namespace without any NetworkPolicy.

    Every pod of the cluster can then connect to them: the database that only one service should reach is open to a demo
    in another namespace, and to whoever got into it. Adding policies later is hard because nobody knows any more who
    talks to whom. Begin with one that denies all incoming traffic, and allow what is used.

    It passes when the project has a policy for the whole cluster, or a Kyverno policy that makes one in new namespaces.
    The rule is silent when a part of what is applied together could not be read. Leave it where a mesh or the security
    groups of pods keep others out.

    ```yaml bad
    apiVersion: v1
    kind: Pod  # <-
    metadata: {name: web, namespace: shop}
    spec:
      containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: no-ingress, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
    ```

    See <https://kubernetes.io/docs/concepts/services-networking/network-policies/> and
    <https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html>.
    """
    if not item.closed or project.of_kind(*CLUSTER_POLICIES) or _makes_policies(project):
        return
    for namespace, workloads in _by_namespace(item, project).items():
        policies = [
            one
            for one in (*item.of_kind(*POLICIES), *project.of_kind(*POLICIES))
            if one.namespace == namespace or not one.namespace or not namespace
        ]
        if any(not default_deny or _denies_all(one) for one in policies):
            continue
        where = f"namespace {namespace}" if namespace else "the namespace of this release"
        count = f"{len(workloads)} workloads run" if len(workloads) > 1 else f"{workloads[0].title} runs"
        lack = "a policy that denies incoming traffic by default" if policies else "any NetworkPolicy"
        home = next((one for one in item.of_kind("Namespace") if namespace and one.name == namespace), workloads[0])
        yield Problem(f"{count} in {where} without {lack}", home.root["kind"])


def _by_namespace(item: Unit, project: Project) -> dict[str, list[Workload]]:
    found: dict[str, list[Workload]] = {}
    for one in item.workloads:
        # Policies have no effect on pods with the network of their node.
        if not one.is_test_hook and not project.is_system(one) and not one.pod_spec["hostNetwork"].is_true:
            # A release into a namespace that nobody names is rendered as one into `default`.
            made_up = item.kind == "release" and not item.namespace and one.namespace == "default"
            found.setdefault("" if made_up else one.namespace, []).append(one)
    return found


def _denies_all(policy: KubeObject) -> bool:
    if policy.kind != "NetworkPolicy":
        return True  # other kinds select and deny in ways of their own
    selector, types = policy.spec["podSelector"], policy.spec["policyTypes"]
    everything = not len(selector["matchLabels"]) and not len(selector["matchExpressions"])
    if any(one.known and one.is_map and not len(one) for one in policy.spec["ingress"]):
        return False  # a rule that names nothing lets everything in
    return everything and ("Ingress" in types.texts() or not types.present)


def _makes_policies(project: Project) -> bool:
    return any(made.text.endswith("NetworkPolicy") for made in _generated(project))


def _generated(project: Project) -> Iterator[Node]:
    for policy in project.of_kind("ClusterPolicy", "Policy"):
        for step in policy.spec["rules"]:
            yield step["generate"]["kind"]
            for each in step["generate"]["foreach"]:
                yield each["kind"]
    for policy in project.of_kind("GeneratingPolicy"):
        for node in policy.spec.walk():
            if node.known and node.is_scalar:
                yield node
