"""Roles nobody has, and bindings to what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    BUILT_IN_ROLES,
    RBAC_GROUP,
    STRICT,
    Fix,
    KubeObject,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    Subject,
    bindings_to,
    glob_matches,
    kind,
    role_of,
    rule,
    selects,
    subjects_of,
    yaml_string,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# What operators ship for people to be bound to later.
FOR_USERS: Final = (
    "*-view",
    "*-edit",
    "*-viewer",
    "*-editor",
    "*-viewer-role",
    "*-editor-role",
    "*-admin",
    "*-admin-role",
    "*-metrics-reader",  # for the ServiceAccount of a Prometheus
)
AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"


@rule(
    each=kind("Role", "ClusterRole", groups=(RBAC_GROUP,)),
    severity=Severity.LOW,
    preset=STRICT,
)
def unbound_role(item: KubeObject, project: Project) -> Problems:
    """A Role or ClusterRole is bound to nobody.

    It gives nothing to anyone now, and is a trap for later: whoever may bind existing roles finds it, with permissions
    that nobody has looked at since the program it was written for was removed. Often the binding was meant to be there,
    and something fails with "forbidden".

    Roles that are part of an aggregated one pass, and those that operators ship for people (`*-view`, `*-edit`, …). The
    rule is silent when a part of what is applied together could not be read. Leave it when another repository binds it.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata:
      name: job-starter  # <-
      namespace: shop
    rules: [{apiGroups: [batch], resources: [jobs], verbs: [create]}]
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: job-starter, namespace: shop}
    rules: [{apiGroups: [batch], resources: [jobs], verbs: [create]}]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: job-starter, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: job-starter}
    subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
    ```

    See <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>.
    """
    name = item.name
    if not item.unit.closed or not name or name.startswith("system:") or name in BUILT_IN_ROLES or item.is_test_hook:
        return
    if any(glob_matches(name, glob) for glob in FOR_USERS) or any(label.startswith(AGGREGATE) for label in item.labels):
        return
    if bindings_to(item, project) or _is_aggregated(item, project):
        return
    where = "its namespace" if item.kind == "Role" else "the project"
    yield Problem(f"{item.title} is bound to nobody: no binding of {where} names it", item.metadata["name"])


def _is_aggregated(item: KubeObject, project: Project) -> bool:
    return any(
        selects(selector, item.labels)
        for role in project.of_kind("ClusterRole")
        for selector in role.root["aggregationRule"]["clusterRoleSelectors"]
    )


@rule(
    each=kind("RoleBinding", "ClusterRoleBinding", groups=(RBAC_GROUP,)),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"known_roles": "globs of ClusterRoles that are installed from elsewhere"},
)
def dangling_binding(item: KubeObject, project: Project, *, known_roles: tuple[str, ...] = ()) -> Problems:
    """A binding names a role or ServiceAccount that does not exist.

    The API server takes it without a word, and the program gets "forbidden" at run time, often only on the one call
    that it makes at night. A binding to a missing ServiceAccount waits as well: whoever creates an account of that
    name later gets what was meant for another. Mostly the namespace of the subject is the one of a first attempt.

    A ServiceAccount in a namespace of which the project has nothing passes, since another repository has it. The rule
    is silent when a part of what is applied together could not be read. Leave it for roles that a chart from
    elsewhere brings, under `known_roles`.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: web, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: ServiceAccount
        name: web
        namespace: default  # <-
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ```
    ```yaml fixed
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: web, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: ServiceAccount
        name: web
        namespace: shop
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: web, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: ServiceAccount
        name: web
        namespace: shop
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ```

    See <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects>.
    """
    if not item.unit.closed or item.is_test_hook:
        return
    reference = item.root["roleRef"]
    name = reference["name"].text
    if name and not _role_exists(item, project, known_roles):
        where = f" in namespace {item.namespace}" if reference["kind"].text == "Role" and item.namespace else ""
        yield Problem(
            f"{item.title} names {reference['kind'].text} {name}, which does not exist{where}", reference["name"]
        )
    for subject in subjects_of(item):
        if subject.kind == "ServiceAccount" and subject.name:
            yield from _subject(item, subject, project)


def _role_exists(item: KubeObject, project: Project, known_roles: tuple[str, ...]) -> bool:
    reference = item.root["roleRef"]
    kind_, name = reference["kind"].text, reference["name"].text
    if kind_ not in {"Role", "ClusterRole"}:
        return True  # the API server rejects it
    if kind_ == "Role" and item.namespace in project.system_namespaces:
        return True  # Kubernetes has some of its own there, such as extension-apiserver-authentication-reader
    if kind_ == "ClusterRole" and (name in BUILT_IN_ROLES or name.startswith("system:")):
        return True
    if kind_ == "ClusterRole" and (
        any(glob_matches(name, glob) for glob in known_roles) or any(chart in name for chart in _charts(project))
    ):
        return True
    return role_of(item, project) is not None or project.knows(kind_, item.namespace if kind_ == "Role" else "", name)


def _charts(project: Project) -> Iterator[str]:
    """The names of charts that are installed from elsewhere, and may bring roles."""
    for block in project.resources("helm_release"):
        for key in ("chart", "name"):
            if block[key].known and block[key].text:
                yield block[key].text.rstrip("/").rpartition("/")[2]
    for item in project.of_kind("Application", "HelmRelease"):
        if item.name:
            yield item.name


def _subject(item: KubeObject, subject: Subject, project: Project) -> Iterator[Problem]:
    node = subject.node["namespace"]
    if not node.present and item.kind == "ClusterRoleBinding":
        # Kustomize fills it in.
        if not project.of_kind("Kustomization"):
            message = (
                f"{item.title} names ServiceAccount {subject.name} without a namespace, which the API server rejects"
            )
            yield Problem(message, subject.node["name"])
        return
    if subject.name == "default" or _account_exists(subject, project):
        return
    same = item.unit.named("ServiceAccount", subject.name)
    message = f"{item.title} names ServiceAccount {subject.namespace}/{subject.name}, which does not exist"
    namespaces = {one.namespace for one in same if one.namespace}
    if namespaces:
        fix = None
        if len(same) == 1 and node.present:
            (meant,) = namespaces
            fix = Fix(f"Set namespace: {meant}", (Set(node, yaml_string(meant)),), Safety.UNSAFE)
        also = tuple(("the ServiceAccount", one.metadata["name"]) for one in same)
        where = node if node.present else subject.node["name"]
        yield Problem(f"{message}; it is in namespace {', '.join(sorted(namespaces))}", where, also=also, fix=fix)
    elif _is_ours(subject.namespace, item, project):
        yield Problem(message, subject.node["name"])


def _account_exists(subject: Subject, project: Project) -> bool:
    if any(one.namespace in {subject.namespace, ""} for one in project.named("ServiceAccount", subject.name)):
        return True
    return project.knows("ServiceAccount", subject.namespace, subject.name)


def _is_ours(namespace: str, item: KubeObject, project: Project) -> bool:
    """True when the project has ServiceAccounts of that namespace, and no chart from elsewhere puts some there."""
    for block in project.resources("helm_release"):
        if not block["namespace"].known or block["namespace"].text == namespace:
            return False
    if namespace in project.system_namespaces or project.of_kind("Application", "HelmRelease"):
        return False
    return namespace == item.unit.namespace or any(
        one.namespace == namespace for one in project.of_kind("ServiceAccount")
    )
