"""What a container's process may do: the fields of its security context."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Container,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    capabilities,
    container,
    effective,
    has_own_users,
    is_windows,
    put,
    rule,
    set_by_policy,
    unless_node_agent,
)

OLD_SECCOMP: Final = "seccomp.security.alpha.kubernetes.io/pod"
OLD_CONTAINER_SECCOMP: Final = "container.seccomp.security.alpha.kubernetes.io/"
SECCOMP_FIELD_ONLY: Final = 27  # the first minor that does not look at the annotations


@rule(
    each=container(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_20"],
        "trivy": ["KSV-0001"],
        "polaris": ["privilegeEscalationAllowed"],
        "kyverno": ["disallow-privilege-escalation"],
    },
    related={"kube-linter": ["privilege-escalation-container"], "hardeneks": ["disallow_privilege_escalation"]},
    cis=["K8s 1.12 5.2.6", "K8s 1.12 5.6.3", "EKS 1.8.0 4.2.5"],
    fixable="unsafe",
)
def privilege_escalation_allowed(item: Container, project: Project) -> Problems:
    """A container does not forbid gaining more privileges than its parent process.

    A setuid program in the image, or one that was smuggled in, then makes a process of user 1000 root again, so running
    as another user protects less than it seems to. The field costs nothing: only images that use sudo or ping with
    setuid notice it. A namespace that enforces the restricted profile rejects pods without it.

    Leave it for images that start as root and switch users by a setuid helper.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:  # <-
            runAsNonRoot: true
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            runAsNonRoot: true
            allowPrivilegeEscalation: false
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            runAsNonRoot: true
            allowPrivilegeEscalation: false
    ```

    See <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>.
    """
    context = item.root["securityContext"]
    field = context["allowPrivilegeEscalation"]
    if field.is_false or is_windows(item.owner):
        return
    # With these it is true whatever is written: other rules speak of them.
    if context["privileged"].is_true or not {"SYS_ADMIN", "ALL"}.isdisjoint(capabilities(item, "add")):
        return
    if set_by_policy(item.unit, "allowPrivilegeEscalation"):
        return
    how = "allows privilege escalation" if field.present else "does not forbid privilege escalation"
    fix = unless_node_agent(
        item.owner, Fix("Set allowPrivilegeEscalation: false", (put(field, "false"),), Safety.UNSAFE)
    )
    yield Problem(f"container {item.name} of {item.owner.title} {how}", field, fix=fix)


@rule(
    each=container(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_23"],
        "trivy": ["KSV-0012", "KSV-0105"],
        "polaris": ["runAsRootAllowed"],
        "kyverno": ["require-run-as-nonroot", "require-run-as-non-root-user"],
    },
    related={"kube-linter": ["run-as-non-root"], "hardeneks": ["disable_run_as_root_user"]},
    cis=["K8s 1.12 5.2.7", "K8s 1.12 5.6.3"],
    fixable="unsafe",
    options={"restricted": "demand runAsNonRoot: true, as the restricted profile does, also beside a user id"},
)
def may_run_as_root(item: Container, project: Project, *, restricted: bool = False) -> Problems:
    """A container may run as root.

    Root in a container is root on the node for the kernel: a mounted directory, a hole in the runtime or one capability
    too many, and the process owns the machine. Whether the image runs as root is decided in a Dockerfile elsewhere and
    may change with its next version; `runAsNonRoot: true` makes the kubelet refuse to start it then.

    A `runAsUser` above 0 passes, and from Kubernetes 1.33 on pods with a user namespace of their own
    (`hostUsers: false`; before, the API server drops the field by default). With `restricted` those pass from 1.35 on,
    as the profile does. Leave it for agents that read files of the node which only root may read.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web  # <-
          image: registry.example/web:2.1
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
      securityContext:
        runAsNonRoot: true
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      securityContext: {runAsNonRoot: true}
      containers:
        - name: web
          image: registry.example/web:2.1
    ```

    See <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/> and
    <https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/>.
    """
    spec = item.owner.pod_spec
    since = "user_namespaces_relax" if restricted else "user_namespaces"
    if has_own_users(item.owner, since) or is_windows(item.owner):
        return
    user = effective(item, "runAsUser")
    if user.number == 0:
        yield Problem(f"container {item.name} of {item.owner.title} runs as root (runAsUser: 0)", user)
        return
    non_root = effective(item, "runAsNonRoot")
    if non_root.is_true or (user.present and not restricted):
        return
    why = "runAsNonRoot is false" if non_root.is_false else "nothing sets runAsNonRoot"
    # A container's own false wins over the pod's field.
    target = non_root if non_root.present else spec["securityContext"]["runAsNonRoot"]
    fix = unless_node_agent(item.owner, Fix("Set runAsNonRoot: true", (put(target, "true"),), Safety.UNSAFE))
    yield Problem(f"container {item.name} of {item.owner.title} may run as root: {why}", non_root, fix=fix)


@rule(
    each=container(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_31"],
        "trivy": ["KSV-0030"],
        "kube-score": ["container-seccomp-profile"],
        "kyverno": ["restrict-seccomp-strict"],
    },
    cis=["K8s 1.12 5.6.2"],
    fixable="unsafe",
    options={"node_default": "the nodes run the kubelet with seccompDefault: then a profile need not be set"},
)
def seccomp_not_set(item: Container, project: Project, *, node_default: bool = False) -> Problems:
    """No seccomp profile is set for a container.

    Without one the container may use every system call of the kernel, also the few dozen that no service needs and
    that holes of the kernel are reached by. `RuntimeDefault` blocks them and has broken nearly nothing in years.
    Whether a node applies it by itself depends on a kubelet flag that is off by default, also on EKS.

    Leave it for debuggers and profilers, or set `node_default` when all nodes have `seccompDefault`.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web  # <-
          image: registry.example/web:2.1
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
      securityContext:
        seccompProfile:
          type: RuntimeDefault
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      securityContext:
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: web
          image: registry.example/web:2.1
    ```

    See <https://kubernetes.io/docs/tutorials/security/seccomp/>.
    """
    kind = effective(item, "seccompProfile", "type")
    # Unconfined is a control of the baseline profile: baseline-control-violated speaks of it.
    if kind.present or node_default or is_windows(item.owner) or _has_old_seccomp(item):
        return
    # A privileged container runs without any profile.
    if item.root["securityContext"]["privileged"].is_true:
        return
    field = item.owner.pod_spec["securityContext"]["seccompProfile"]["type"]
    fix = unless_node_agent(
        item.owner, Fix("Set seccompProfile: {type: RuntimeDefault}", (put(field, "RuntimeDefault"),), Safety.UNSAFE)
    )
    yield Problem(f"container {item.name} of {item.owner.title} has no seccomp profile", kind, fix=fix)


def _has_old_seccomp(item: Container) -> bool:
    if any(target.minor >= SECCOMP_FIELD_ONLY for target in item.unit.targets):
        return False
    annotations = item.owner.pod_template["metadata"]["annotations"]
    own = annotations[OLD_CONTAINER_SECCOMP + item.name]
    text = own.text or annotations[OLD_SECCOMP].text
    return text in {"runtime/default", "docker/default"} or text.startswith("localhost/")
