"""ServiceAccounts and their tokens."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    RBAC_GROUP,
    STRICT,
    TOKEN_OF,
    Fix,
    KubeObject,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    Workload,
    account_of,
    find_account,
    glob_matches,
    granting,
    is_scaled,
    kind,
    may_be_named,
    put,
    rule,
    subjects_of,
    uses_account,
    workload,
)

ROLE_ARN: Final = "eks.amazonaws.com/role-arn"
TOKEN_TYPE: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type


def _powers(name: str, namespace: str, project: Project) -> list[str]:
    """The roles that an account itself is bound to."""
    return [
        f"{binding.root['roleRef']['kind'].text} {binding.root['roleRef']['name'].text}"
        for binding in granting(name, namespace, project)
        if any(one.kind == "ServiceAccount" and one.name == name for one in subjects_of(binding))
    ]


@rule(
    each=kind("ServiceAccount", groups=("",), system=False),
    severity=Severity.LOW,
    preset=STRICT,
    options={"known_users": "globs of namespace/name of accounts that are used from outside, by a CI server say"},
)
def stale_service_account(item: KubeObject, project: Project, *, known_users: tuple[str, ...] = ()) -> Problems:
    """A ServiceAccount is used by nothing.

    It is left from a workload that was removed or renamed, and its permissions are left too: anyone who may create
    pods in the namespace may run one as this account and has its roles and its IAM role. The message says what it
    still can do.

    Uses are pods, fields of custom resources, tokens, arguments and settings that name it, and Pod Identity
    associations. The rule is silent when a part of what is applied together could not be read, and for an account of a
    chart whose workload waits for values that nothing in the files gives. Leave it for accounts that a program outside
    uses, and list them in `known_users`.

    ```yaml bad
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: reports  # <-
      namespace: shop
    ```

    ```yaml good
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: reports, namespace: shop}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: reports, namespace: shop}
    spec:
      serviceAccountName: reports
      containers: [{name: reports, image: "registry.example/reports:1.3"}]
    ```

    See <https://kubernetes.io/docs/concepts/security/service-accounts/>.
    """
    if not item.unit.closed or item.name in {"", "default"} or uses_account(item, project):
        return
    if any(glob_matches(f"{item.namespace}/{item.name}", glob) for glob in known_users):
        return
    if may_be_named(item.metadata["name"], item.unit, "serviceAccount(?:Name)?"):
        return
    left = _powers(item.name, item.namespace, project)
    role = item.annotations.get(ROLE_ARN, "").rpartition("/")[2]
    left += [f"IAM role {role}"] if role else []
    still = f", and still has {', '.join(dict.fromkeys(left))}" if left else ""
    yield Problem(f"{item.title} is used by nothing{still}", item.metadata["name"])


@rule(
    each=workload(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={
        "trivy": ["KSV-0036"],
        "polaris": ["automountServiceAccountToken"],
        "kyverno": ["restrict-automount-sa-token", "restrict-sa-automount-sa-token"],
    },
    related={"checkov": ["CKV_K8S_38"], "hardeneks": ["disable_service_account_token_mounts"]},
    cis=["K8s 1.12 5.1.6", "EKS 1.8.0 4.1.6"],
    fixable="unsafe",
    options={"always": "report also accounts that have permissions"},
)
def token_automounted(item: Workload, project: Project, *, always: bool = False) -> Problems:
    """A pod mounts an API token that it does not need.

    The token is a login to the API server. With it an attacker in the pod learns the version and the API groups, and
    gets whatever somebody binds to that account or to all accounts one day. The account has no permissions now, so
    the program cannot be using it.

    The tokens of IRSA and EKS Pod Identity are mounted separately and are not affected. An account that the project
    does not define may have permissions elsewhere, and passes. Leave it for programs that only ask who they are.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:  # <-
      containers: [{name: web, image: "registry.example/web:2.1"}]
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers: [{name: web, image: "registry.example/web:2.1"}]
      automountServiceAccountToken: false
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      automountServiceAccountToken: false
      containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/>.
    """
    spec = item.pod_spec
    field, name = spec["automountServiceAccountToken"], account_of(item)
    if not spec.present or field.is_false or not item.unit.closed:
        return
    account = find_account(item, name, project)
    own = account.root["automountServiceAccountToken"] if account is not None else None
    if own is not None and own.is_false and not field.present:
        return
    if not always and ((account is None and name != "default") or granting(name, item.namespace, project)):
        return
    fix = Fix("Set automountServiceAccountToken: false", (put(field, "false"),), Safety.UNSAFE)
    reason = "" if always else ", which has no permissions"
    yield Problem(f"{item.title} mounts a token of ServiceAccount {name}{reason}", field, fix=fix)


@rule(
    each=kind(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"checkov": ["CKV_K8S_41", "CKV_K8S_42"]},
    related={
        "kube-linter": ["default-service-account"],
        "hardeneks": [
            "use_dedicated_service_accounts_for_each_deployment",
            "use_dedicated_service_accounts_for_each_stateful_set",
            "use_dedicated_service_accounts_for_each_daemon_set",
        ],
    },
    cis=["K8s 1.12 5.1.5", "EKS 1.8.0 4.1.5"],
    options={"require_dedicated": "every Deployment, StatefulSet, DaemonSet and the like needs an account of its own"},
)
def default_service_account(item: KubeObject, project: Project, *, require_dedicated: bool = False) -> Problems:
    """The default ServiceAccount of a namespace has permissions, or workloads need an identity of their own.

    Every pod that names no account runs as `default`. What it may do, all of them may do: also the debug pod of this
    afternoon and the chart that is installed next year. Make an account for the program that needs the permission.

    With `require_dedicated` workloads without an account of their own are reported as well. Leave it in namespaces with
    a single program.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: leader-election, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
    subjects:
      - kind: ServiceAccount
        name: default  # <-
        namespace: shop
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: leader-election, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
    subjects:
      - kind: ServiceAccount
        name: scheduler
        namespace: shop
    ```

    See <https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts>.
    """
    if item.kind in {"RoleBinding", "ClusterRoleBinding"} and item.group == RBAC_GROUP:
        role = item.root["roleRef"]["name"].text
        for subject in subjects_of(item):
            if subject.kind == "ServiceAccount" and subject.name == "default":
                where = f"namespace {subject.namespace}" if subject.namespace else "its namespace"
                message = f"{item.title} gives {role} to every pod of {where} that names no ServiceAccount (default)"
                yield Problem(message, subject.node["name"])
    elif item.kind == "ServiceAccount" and item.name == "default":
        arn = item.metadata["annotations"][ROLE_ARN]
        if arn.text:
            role = arn.text.rpartition("/")[2]
            yield Problem(f"ServiceAccount {item.namespace or 'of its namespace'}/default has the IAM role {role}", arn)
        for block in project.resources("aws_eks_pod_identity_association"):
            account, namespace = block["service_account"], block["namespace"]
            if account.known and account.text == "default" and namespace.known and namespace.text == item.namespace:
                message = f"ServiceAccount {item.namespace}/default has an IAM role by EKS Pod Identity"
                yield Problem(message, item.metadata["name"], also=(("the association", account),))
    elif require_dedicated and not project.is_system(item) and item.pod_spec.present:
        runs = is_scaled(item) or (item.is_workload and item.kind == "DaemonSet")
        if runs and account_of(item) == "default":
            message = f"{item.title} runs as the default ServiceAccount of its namespace"
            yield Problem(message, item.pod_spec["serviceAccountName"])


@rule(
    each=kind("Secret", groups=("",)),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"kyverno": ["deny-secret-service-account-token-type", "check-serviceaccount-secrets"]},
    options={"allow": "globs of namespace/name of such Secrets that are needed"},
)
def long_lived_token(item: KubeObject, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """A Secret creates a ServiceAccount token that never expires.

    It ends up in a CI server, a wiki or somebody's kubeconfig, and works from anywhere until the Secret is deleted,
    years after its owner has left. Nothing says where copies are. Use `kubectl create token` or a projected volume,
    which expire; for CI an IAM role with an EKS access entry, or the cluster's OIDC provider.

    The message says which roles the token carries. Leave it for a monitoring system outside that can do nothing else.

    ```yaml bad
    apiVersion: v1
    kind: Secret
    metadata:
      name: deployer-token
      namespace: ci
      annotations: {kubernetes.io/service-account.name: deployer}
    type: kubernetes.io/service-account-token  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: deployer, namespace: ci}
    spec:
      serviceAccountName: deployer
      containers: [{name: deploy, image: "registry.example/deploy:5"}]
    ```

    See <https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets>.
    """
    type_ = item.root["type"]
    if type_.text != TOKEN_TYPE or any(glob_matches(f"{item.namespace}/{item.name}", glob) for glob in allow):
        return
    name = item.annotations.get(TOKEN_OF, "")
    roles = list(dict.fromkeys(_powers(name, item.namespace, project))) if name else []
    whose = f" of ServiceAccount {name}" if name else ""
    what = f", with {', '.join(roles)}" if roles else ""
    also = tuple(
        ("listed here", entry)
        for account in item.unit.of_kind("ServiceAccount")
        for entry in account.root["secrets"]
        if account.namespace == item.namespace and entry["name"].text == item.name
    )
    yield Problem(f"{item.title} is a token{whose} that never expires{what}", type_, also=also)
