"""Permissions that are worth more than they look."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from opslint.api import (
    RBAC_GROUP,
    STRICT,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    bindings_to,
    glob_matches,
    kind,
    load,
    rule,
    subjects_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

READS: Final = frozenset({"get", "list", "watch", "*"})
WRITES: Final = frozenset({"create", "update", "patch", "*"})
WORKLOADS: Final = {
    "": ("pods", "replicationcontrollers"),
    "apps": ("deployments", "daemonsets", "statefulsets", "replicasets"),
    "batch": ("jobs", "cronjobs"),
}
SKIP_KNOWN: Final = "pass what the published roles of well-known controllers need"


@rule(
    each=kind("Role", "ClusterRole", groups=(RBAC_GROUP,)),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "trivy": ["KSV-0113"],
        "kube-linter": ["access-to-secrets"],
        "kyverno": ["restrict-secret-role-verbs"],
    },
    related={"checkov": ["CKV2_K8S_5"], "trivy": ["KSV-0041"]},
    cis=["K8s 1.12 5.1.2", "EKS 1.8.0 4.1.2"],
    options={"allow": "globs of role names that may", "skip_known": SKIP_KNOWN},
)
def secrets_read(
    item: KubeObject,
    project: Project,
    *,
    allow: tuple[str, ...] = ("external-secrets*", "cert-manager*", "sealed-secrets*"),
    skip_known: bool = True,
) -> Problems:
    """A role can read all Secrets of a namespace or of the cluster.

    Database passwords, TLS keys and the tokens of every other controller are in there, so one hole in the holder is a
    hole in everything. `list` and `watch` return the contents just as `get` does. Name the Secrets that are needed with
    `resourceNames`, which limits `list` and `watch` as well, or mount them.

    The message says how far it reaches: bound to the cluster, to a namespace (then it is low), or to nobody yet (low).
    Controllers whose work it is pass. Full wildcards are reported by wildcard-permissions.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: reporter}
    rules:
      - apiGroups: [""]
        resources: [pods, secrets]  # <-
        verbs: [get, list]
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: reporter, namespace: shop}
    rules:
      - apiGroups: [""]
        resources: [secrets]
        resourceNames: [reporter-smtp]
        verbs: [get]
    ```

    See <https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets>.
    """
    if _is_allowed(item, allow) or (skip_known and _needs(item, "secrets")):
        return
    for granted in _limited(item):
        if len(granted["resourceNames"]) or not _covers(granted, "", ("secrets",), READS):
            continue
        reach, severity = _reach(item, project)
        verbs = [text for text in granted["verbs"].texts() if text in READS]
        what = "read and write" if "*" in verbs else _and(verbs)
        where = _entry(granted["resources"], "secrets")
        yield Problem(f"{item.title} can {what} all Secrets {reach}", where, severity=severity)


def _and(words: list[str]) -> str:
    """`get`, `get and list`, `get, list and watch`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _entry(listed: Node, *texts: str) -> Node:
    """Return the first entry of a list that is one of the texts, the list itself when none is."""
    return next((one for one in listed if one.text in texts), listed)


def _reach(item: KubeObject, project: Project) -> tuple[str, Severity | None]:
    bindings = bindings_to(item, project)
    wide = next((one for one in bindings if one.kind == "ClusterRoleBinding"), None)
    if wide is not None:
        return f"of the cluster, as {_holders(wide)}", None
    if bindings:
        namespace = bindings[0].namespace
        return (
            f"of {f'namespace {namespace}' if namespace else 'its namespace'}, as {_holders(bindings[0])}",
            Severity.LOW,
        )
    where = "of the cluster" if item.kind == "ClusterRole" else "of its namespace"
    return f"{where} (no binding of the project uses it)", Severity.LOW


def _holders(binding: KubeObject) -> str:
    names = [one.title for one in subjects_of(binding)]
    return ", ".join(names[:3]) or binding.title


@rule(
    each=kind("Role", "ClusterRole", groups=(RBAC_GROUP,)),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_157", "CKV_K8S_158", "CKV2_K8S_3", "CKV2_K8S_1"],
        "trivy": ["KSV-0050", "KSV-0043", "KSV-0051", "KSV-0052", "KSV-0055"],
        "kyverno": ["restrict-escalation-verbs-roles"],
    },
    cis=["K8s 1.12 5.1.8", "EKS 1.8.0 4.1.8"],
    options={"allow": "globs of role names that may, for operators that manage RBAC", "skip_known": SKIP_KNOWN},
)
def escalation_verbs(
    item: KubeObject, project: Project, *, allow: tuple[str, ...] = (), skip_known: bool = True
) -> Problems:
    """A role can escalate, bind or impersonate, and so obtain other permissions.

    The API server normally lets nobody hand out more than he has. `escalate` and `bind` lift that: the holder writes
    itself a binding to cluster-admin. `impersonate` on users or groups is the same in one step, and what is done then
    stands in the audit log under another name. So the role is an administrator's, whatever else it lists.

    `bind` and `impersonate` limited by `resourceNames` pass. Leave it for operators that manage roles, under `allow`.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: tenant-operator}
    rules:
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [roles, rolebindings]
        verbs: [create, bind, escalate]  # <-
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: tenant-operator}
    rules:
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [rolebindings]
        verbs: [create]
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [clusterroles]
        resourceNames: [view]
        verbs: [bind]
    ```

    See <https://kubernetes.io/docs/concepts/security/rbac-good-practices/#escalate-verb>.
    """
    if _is_allowed(item, allow) or (skip_known and _needs(item, "rbac")):
        return
    for granted in _limited(item):
        named = bool(len(granted["resourceNames"]))
        verbs = set(granted["verbs"].texts())
        on_roles = _covers(granted, RBAC_GROUP, ("roles", "clusterroles"), {"escalate", "bind", "*"})
        powers = [
            verb for verb in ("escalate", "bind") if on_roles and verbs & {verb, "*"} and not (named and verb == "bind")
        ]
        if powers:
            message = f"{item.title} may {' and '.join(powers)} roles, and so give itself every permission"
            yield Problem(message, _entry(granted["verbs"], "escalate", "bind", "*"))
        people = ("users", "groups", "serviceaccounts")
        if not named and _covers(granted, "", people, {"impersonate", "*"}) and "impersonate" in verbs:
            whom = [name for name in people if name in granted["resources"].texts()]
            at = _entry(granted["verbs"], "impersonate")
            yield Problem(f"{item.title} may impersonate any of {', '.join(whom)}", at)
        extra = [text for text in granted["resources"].texts() if text.startswith("userextras")]
        if not named and extra and "impersonate" in verbs and "authentication.k8s.io" in granted["apiGroups"].texts():
            at = _entry(granted["verbs"], "impersonate")
            yield Problem(f"{item.title} may impersonate {', '.join(extra)}", at)


ITEMS: Final = ("exec", "token", "nodes-proxy", "csr", "webhooks", "aws-auth")


@rule(
    each=kind("Role", "ClusterRole", groups=(RBAC_GROUP,)),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "checkov": ["CKV2_K8S_2", "CKV_K8S_155", "CKV_K8S_156"],
        "trivy": ["KSV-0047", "KSV-0048", "KSV-0053", "KSV-0054", "KSV-0114", "KSV-0115"],
        "kube-linter": ["access-to-create-pods"],
        "polaris": [
            "clusterrolePodExecAttach",
            "rolePodExecAttach",
            "clusterrolebindingPodExecAttach",
            "rolebindingClusterRolePodExecAttach",
            "rolebindingRolePodExecAttach",
        ],
        "kyverno": [
            "restrict-clusterrole-nodesproxy",
            "restrict-clusterrole-csr",
            "restrict-clusterrole-mutating-validating-admission-webhooks",
        ],
    },
    cis=[
        "EKS 1.8.0 4.1.4",
        "EKS 1.8.0 4.1.9",
        "EKS 1.8.0 4.1.10",
        "EKS 1.8.0 4.1.11",
        "EKS 1.8.0 4.1.12",
        "K8s 1.12 5.1.4",
        "K8s 1.12 5.1.9",
        "K8s 1.12 5.1.10",
        "K8s 1.12 5.1.11",
        "K8s 1.12 5.1.12",
        "K8s 1.12 5.1.13",
    ],
    options={
        "items": "what is looked for",
        "include_unbound": "also report roles that no binding of the project uses",
        "skip_known": SKIP_KNOWN,
    },
    forms={"items": "|".join((*ITEMS, "create-pods", "create-pv"))},
)
def takeover_permissions(
    item: KubeObject,
    project: Project,
    *,
    items: tuple[str, ...] = ITEMS,
    include_unbound: bool = False,
    skip_known: bool = True,
) -> Problems:
    """A role can enter pods, mint tokens, proxy to nodes, approve certificates or change admission webhooks.

    Each of these leads further than its name says. A shell in a pod has the pod's ServiceAccount and secrets; a
    minted token is another account's; the kubelet behind `nodes/proxy` runs commands in every pod of its node,
    without an audit entry; a signed certificate is a login; a webhook sees and rewrites everything that is created,
    Secrets included; the ConfigMap `aws-auth` makes any IAM role an administrator.

    Only roles that something of the project binds are reported, unless `include_unbound` is set; rules with
    `resourceNames` pass. Leave it for the on-call team's role.

    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: debug, namespace: shop}
    rules:
      - apiGroups: [""]
        resources: [pods/exec]  # <-
        verbs: [create]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: debug, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: debug}
    subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: shop-developers}]
    ```

    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: debug, namespace: shop}
    rules:
      - apiGroups: [""]
        resources: [pods, pods/log]
        verbs: [get, list, watch]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: debug, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: debug}
    subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: shop-developers}]
    ```

    See <https://kubernetes.io/docs/concepts/security/rbac-good-practices/#kubernetes-rbac-privilege-escalation-risks>.
    """
    if _is_allowed(item, ()):
        return
    bindings = bindings_to(item, project)
    if not bindings and not include_unbound:
        return
    wide = any(one.kind == "ClusterRoleBinding" for one in bindings) or (not bindings and item.kind == "ClusterRole")
    held = f", as {_holders(bindings[0])}" if bindings else ""
    said: set[str] = set()
    for granted in _limited(item):
        for name, power, node in _powers(granted, wide=wide):
            if name in items and name not in said and not (skip_known and _needs(item, name)):
                said.add(name)
                yield Problem(f"{item.title} can {power}{held}", node)


def _powers(granted: Node, *, wide: bool) -> Iterator[tuple[str, str, Node]]:
    """Yield (item, what it means, node) for each power that a rule gives."""
    named = granted["resourceNames"].texts()
    resources = granted["resources"]
    if _covers(granted, "", ("configmaps",), WRITES | {"delete"}) and "aws-auth" in named:
        yield (
            "aws-auth",
            "change the ConfigMap aws-auth, and so make any IAM role an administrator",
            _entry(granted["resourceNames"], "aws-auth"),
        )
    if named:
        return
    enter = [name for name in ("pods/exec", "pods/attach", "pods/portforward") if name in resources.texts()]
    if enter and _covers(granted, "", tuple(enter), {"create", "get", "*"}):
        yield "exec", f"enter pods ({', '.join(enter)})", _entry(resources, *enter)
    if _covers(granted, "", ("nodes/proxy",), None):
        yield "nodes-proxy", "reach the kubelet of every node (nodes/proxy)", _entry(resources, "nodes/proxy")
    if _covers(granted, "", ("serviceaccounts/token",), {"create", "*"}):
        name = "serviceaccounts/token"
        yield "token", f"mint tokens of ServiceAccounts ({name})", _entry(resources, name)
    csr = ("certificatesigningrequests/approval",)
    if _covers(granted, "certificates.k8s.io", csr, {"update", "patch", "*"}):
        yield "csr", "approve certificate signing requests", _entry(resources, *csr)
    hooks = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
    if _covers(granted, "admissionregistration.k8s.io", hooks, WRITES | {"delete"}):
        yield "webhooks", "change admission webhooks", _entry(resources, *hooks)
    if _covers(granted, "", ("persistentvolumes",), {"create", "*"}):
        at = _entry(resources, "persistentvolumes")
        yield "create-pv", "create PersistentVolumes, also of the disk of a node", at
    for group, names in WORKLOADS.items() if wide else ():
        if _covers(granted, group, names, {"create", "*"}):
            yield "create-pods", "start pods in every namespace", _entry(resources, *names)


def _limited(item: KubeObject) -> Iterator[Node]:
    """Yield the rules of a role other than full wildcards, which wildcard-permissions speaks of."""
    for granted in item.root["rules"]:
        if not ("*" in granted["verbs"].texts() and "*" in granted["resources"].texts()):
            yield granted


def _covers(granted: Node, group: str, resources: tuple[str, ...], verbs: frozenset[str] | set[str] | None) -> bool:
    """True when a rule gives one of the verbs (None: any) on one of the resources of an API group."""
    groups = granted["apiGroups"].texts()
    if group not in groups and "*" not in groups:
        return False
    if verbs is not None and verbs.isdisjoint(granted["verbs"].texts()):
        return False
    return bool(len(granted["verbs"])) and not set(resources).isdisjoint(granted["resources"].texts())


def _is_allowed(item: KubeObject, allow: tuple[str, ...]) -> bool:
    if item.name.startswith("system:") or any(
        label.startswith("rbac.authorization.k8s.io/aggregate-to-") for label in item.labels
    ):
        return True
    if item.labels.get("kubernetes.io/bootstrapping") == "rbac-defaults":
        return True
    names = (item.name, item.labels.get("app.kubernetes.io/name", ""))
    return any(glob_matches(name, glob) for glob in allow for name in names if name)


def _needs(item: KubeObject, what: str) -> bool:
    """True when the role is that of a well-known controller that needs it."""
    labels = ("app.kubernetes.io/name", "app.kubernetes.io/component", "app")
    names = (*(item.labels.get(label, "") for label in labels), item.name)
    controllers, beginnings = _needing(what)
    return not controllers.isdisjoint(names) or item.name.startswith(beginnings)


@cache
def _needing(what: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The controllers that need it, and how the names of more of their roles begin."""
    controllers: dict[str, list[str]] = load("kubernetes/known_controllers")["controllers"]
    names = frozenset(name for name, needed in controllers.items() if what in needed)
    return names, tuple(f"{name}-" for name in names)
