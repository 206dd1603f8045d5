"""Roles and the people and programs bound to them."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    RECOMMENDED,
    STRICT,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    glob_matches,
    kind,
    rule,
)

RBAC: Final = ("rbac.authorization.k8s.io",)


@rule(
    each=kind("ClusterRoleBinding", "RoleBinding", groups=RBAC),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={
        "kube-linter": ["cluster-admin-role-binding"],
        "polaris": ["clusterrolebindingClusterAdmin", "rolebindingClusterAdminClusterRole"],
        "trivy": ["KSV-0111"],
        "kyverno": ["restrict-binding-clusteradmin"],
    },
    related={"polaris": ["rolebindingClusterAdminRole"]},
    cis=["K8s 1.12 5.1.1", "EKS 1.8.0 4.1.1"],
    options={"allow": "globs of subjects, as Kind:namespace/name or Kind:name"},
)
def cluster_admin_binding(item: KubeObject, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """Someone or something is bound to cluster-admin.

    Whoever holds that token or becomes that user can read every Secret, run anything on every node and hide the traces.
    Deploy tools get it "for now" and keep it for years, with a token in a CI server that many people can reach. Give a
    role with what is really used, in the namespaces where it is used; the API server's audit log says what that is.

    Break-glass access for a few people is a fair reason: name them under `allow`. On EKS, access entries are the better
    place for it.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: deployer}
    roleRef:
      apiGroup: rbac.authorization.k8s.io
      kind: ClusterRole
      name: cluster-admin
    subjects:
      - {kind: ServiceAccount, name: deployer, namespace: ci}  # <-
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: deployer, namespace: shop}
    roleRef:
      apiGroup: rbac.authorization.k8s.io
      kind: ClusterRole
      name: edit
    subjects:
      - {kind: ServiceAccount, name: deployer, namespace: ci}
    ```

    See <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>.
    """
    role = item.root["roleRef"]
    if role["kind"].text != "ClusterRole" or role["name"].text != "cluster-admin" or item.name.startswith("system:"):
        return
    where = f" in namespace {item.namespace}" if item.kind == "RoleBinding" and item.namespace else ""
    reach = f"everything{where}" if item.kind == "RoleBinding" else "everything in the cluster"
    for subject in item.root["subjects"]:
        if not _is_allowed(subject, allow):
            message = f"{item.title} gives {_title(subject)} {reach} (cluster-admin)"
            yield Problem(message, subject, also=(("cluster-admin", role["name"]),))


def _title(subject: Node) -> str:
    # Of a user or group the namespace means nothing; Terraform's provider fills it in.
    namespace = subject["namespace"].text if subject["kind"].text == "ServiceAccount" else ""
    name = subject["name"].text
    return f"{subject['kind'].text} {namespace}/{name}" if namespace else f"{subject['kind'].text} {name}"


def _is_allowed(subject: Node, allow: tuple[str, ...]) -> bool:
    kind_, name, namespace = subject["kind"].text, subject["name"].text, subject["namespace"].text
    if (kind_, name) == ("Group", "system:masters"):
        return True
    texts = (f"{kind_}:{name}", f"{kind_}:{namespace}/{name}")
    return any(glob_matches(text, glob) for text in texts for glob in allow)


@rule(
    each=kind("Role", "ClusterRole", groups=RBAC),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_49"],
        "trivy": ["KSV-0044", "KSV-0045", "KSV-0046", "KSV-0112"],
        "kube-linter": ["wildcard-in-rules"],
        "polaris": ["rolebindingClusterAdminRole"],
        "kyverno": ["restrict-wildcard-verbs", "restrict-wildcard-resources"],
    },
    related={"hardeneks": ["restrict_wildcard_for_roles", "restrict_wildcard_for_cluster_roles"]},
    cis=["K8s 1.12 5.1.3", "EKS 1.8.0 4.1.3"],
    options={
        "grade": "1: report only rules with * in both verbs and resources",
        "strict_groups": "also report * in apiGroups",
    },
)
def wildcard_permissions(
    item: KubeObject, project: Project, *, grade: int = 2, strict_groups: bool = False
) -> Problems:
    """A role grants wildcard verbs or resources.

    A wildcard grows by itself: every custom resource that somebody installs next year is in it, and so are verbs such
    as `escalate`, `bind` and `impersonate`, by which a holder makes itself an administrator. Nobody can tell from such
    a role what its holder really does, so it can never be taken back. List the resources and verbs; for controllers
    their documentation has the list.

    A wildcard in verbs or resources only is medium. Rules that name single objects (`resourceNames`) pass. Leave it for
    operators whose published role is like that.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: ops-tools}
    rules:
      - apiGroups: [apps]
        resources: ["*"]  # <-
        verbs: ["*"]
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: ops-tools}
    rules:
      - apiGroups: [apps]
        resources: [deployments, statefulsets]
        verbs: [get, list, watch, patch]
    ```

    See <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>.
    """
    if item.name == "cluster-admin" or item.name.startswith("system:"):
        return
    for granted in item.root["rules"]:
        if len(granted["resourceNames"]):
            continue
        verbs, resources, urls = granted["verbs"], granted["resources"], granted["nonResourceURLs"]
        any_verb, any_resource = "*" in verbs.texts(), "*" in resources.texts()
        if any_verb and any_resource:
            message = f"{item.title} grants every verb on every resource of {_groups(granted)}"
            yield Problem(message, _star(resources), also=(("all verbs", _star(verbs)),))
        elif any_verb and "*" in urls.texts():
            message = f"{item.title} grants every verb on every non-resource URL"
            yield Problem(message, _star(urls), also=(("all verbs", _star(verbs)),))
        elif any_verb and grade >= 2 and len(resources):
            message = f"{item.title} grants every verb on {', '.join(resources.texts())}"
            yield Problem(message, _star(verbs), severity=Severity.MEDIUM)
        elif any_resource and grade >= 2:
            message = f"{item.title} grants {', '.join(verbs.texts())} on every resource of {_groups(granted)}"
            yield Problem(message, _star(resources), severity=Severity.MEDIUM)
        elif strict_groups and "*" in granted["apiGroups"].texts():
            message = f"{item.title} grants permissions in every API group"
            yield Problem(message, _star(granted["apiGroups"]), severity=Severity.MEDIUM)


def _star(listed: Node) -> Node:
    """The entry `*` of a list."""
    return next((one for one in listed if one.text == "*"), listed)


def _groups(granted: Node) -> str:
    groups = granted["apiGroups"].texts()
    if "*" in groups or not groups:
        return "every API group"
    if groups == [""]:
        return "the core API group"
    names = ", ".join(group or "core" for group in groups)
    return f"API group {names}" if len(groups) == 1 else f"API groups {names}"
