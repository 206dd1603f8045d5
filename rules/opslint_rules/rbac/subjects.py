"""Subjects that are everybody."""

from __future__ import annotations

from typing import Final

from opslint.api import RECOMMENDED, KubeObject, Node, Problem, Problems, Project, Severity, glob_matches, kind, rule

ANONYMOUS: Final = frozenset({("User", "system:anonymous"), ("Group", "system:unauthenticated")})
EVERYBODY: Final = frozenset({("Group", "system:authenticated"), ("Group", "system:serviceaccounts")})
# Roles that Kubernetes gives to these subjects, or says that they may be given: the second has the public keys of the
# cluster's tokens, https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
FOR_ANONYMOUS: Final = frozenset({"system:public-info-viewer", "system:service-account-issuer-discovery"})
FOR_EVERYBODY: Final = FOR_ANONYMOUS | {"system:basic-user", "system:discovery"}
READING: Final = frozenset({"get", "list", "watch"})


@rule(
    each=kind("ClusterRoleBinding", "RoleBinding", groups=("rbac.authorization.k8s.io",)),
    severity=Severity.CRITICAL,
    preset=RECOMMENDED,
    aliases={"trivy": ["KSV-0122", "KSV-01011", "KSV-0123"]},
    related={
        "kyverno": ["restrict-binding-system-groups"],
        "hardeneks": ["disable_anonymous_access_for_cluster_roles", "disable_anonymous_access_for_roles"],
    },
    cis=["K8s 1.12 5.1.7"],
    options={"allow": "globs of bindings that are meant"},
)
def anonymous_binding(item: KubeObject, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """Permissions are granted to unauthenticated users or to every authenticated identity.

    With a public endpoint `system:anonymous` and `system:unauthenticated` are the whole internet, and clusters that
    were open like that are found by scanners within hours. `system:authenticated` is every identity that any account
    or identity provider was ever connected for, `system:serviceaccounts` every pod of the cluster, a hacked one too.
    Bind the groups and service accounts that are meant.

    The bindings of Kubernetes itself pass. A role that only reads and does not read Secrets is reported as medium.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: dashboard}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: User
        name: system:anonymous  # <-
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: dashboard}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: ServiceAccount
        name: dashboard
        namespace: monitoring
    ```

    See <https://kubernetes.io/docs/concepts/security/rbac-good-practices/> and
    <https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html>.
    """
    if any(glob_matches(item.name, glob) for glob in allow):
        return
    role = item.root["roleRef"]["name"].text
    for subject in item.root["subjects"]:
        who = (subject["kind"].text, subject["name"].text)
        if who in ANONYMOUS and role not in FOR_ANONYMOUS:
            yield Problem(
                f"{item.title} gives {role} to {who[1]}, that is to everyone without a login", subject["name"]
            )
        elif who in EVERYBODY and role not in FOR_EVERYBODY:
            whom = "every identity that can log in" if who[1] == "system:authenticated" else "every pod of the cluster"
            only_reads = _only_reads(item, project)
            yield Problem(
                f"{item.title} gives {role} to {who[1]}, that is to {whom}{' (it only reads)' if only_reads else ''}",
                subject["name"],
                severity=Severity.MEDIUM if only_reads else None,
            )
        elif who == ("Group", "system:masters") and item.name != "cluster-admin":
            message = f"{item.title} binds system:masters, which may do everything anyway and past every audit of RBAC"
            yield Problem(message, subject["name"])


def _only_reads(item: KubeObject, project: Project) -> bool:
    """True when the role is in the files, and only reads what is no Secret."""
    reference = item.root["roleRef"]
    namespace = item.namespace if reference["kind"].text == "Role" else None
    for role in project.of_kind(reference["kind"].text, namespace=namespace):
        if role.name == reference["name"].text:
            rules = list(role.root["rules"])
            return bool(rules) and all(_is_harmless(one) for one in rules)
    return False


def _is_harmless(granted: Node) -> bool:
    resources = granted["resources"].texts()
    return READING.issuperset(granted["verbs"].texts()) and not {"*", "secrets"}.intersection(resources)
