"""ServiceAccounts and what bindings give them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from opslint.model.cached import once
from opslint.model.node import Undecided, text_of
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.kube import Container, KubeObject, Workload
    from opslint.model.node import Node
    from opslint.model.project import Project

RBAC_GROUP: Final = "rbac.authorization.k8s.io"
BINDINGS: Final = ("ClusterRoleBinding", "RoleBinding")
# Roles that every cluster has: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
BUILT_IN_ROLES: Final = frozenset({"cluster-admin", "admin", "edit", "view"})


class Subject(NamedTuple):
    """A subject of a binding; `namespace` is that of a ServiceAccount, the binding's when it names none."""

    kind: str
    namespace: str
    name: str
    node: Node

    @property
    def title(self) -> str:
        """`ServiceAccount shop/api`, `Group developers`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def bindings_of(project: Project) -> list[KubeObject]:
    """Return the ClusterRoleBindings and RoleBindings of the project."""
    return [item for item in project.of_kind(*BINDINGS) if item.group == RBAC_GROUP]


def subjects_of(binding: KubeObject) -> Iterator[Subject]:
    """Yield the subjects of a binding."""
    for node in binding.root["subjects"]:
        yield _subject(node, binding)


def _subject(node: Node, binding: KubeObject) -> Subject:
    kind = node["kind"].text
    namespace = node["namespace"].text if kind == "ServiceAccount" else ""
    if kind == "ServiceAccount" and not namespace and binding.kind == "RoleBinding":
        namespace = binding.namespace
    return Subject(kind, namespace, node["name"].text, node)


def _is_open(subject: Node) -> bool:
    """Return whether a subject may be a ServiceAccount that is not known."""
    if not subject["kind"].known:
        return True
    parts = (subject["name"], subject["namespace"])
    return subject["kind"].text == "ServiceAccount" and not all(part.known for part in parts)


def _known(node: Node, key: str) -> str:
    return node[key].text if node[key].known else ""


def account_of(item: Workload) -> str:
    """Return the name of the ServiceAccount that the workload's pods run as."""
    spec = item.pod_spec
    return spec["serviceAccountName"].text or spec["serviceAccount"].text or "default"


def find_account(item: KubeObject, name: str, project: Project) -> KubeObject | None:
    """Return the ServiceAccount of that name in the namespace of an object, its own unit's first."""
    named = _named(project).get(name, ())
    own = (one for one in named if one.unit is item.unit and _shares(one, item.namespace))
    return next(own, None) or next((one for one in named if one.namespace == item.namespace), None)


@once
def _named(project: Project) -> dict[str, list[KubeObject]]:
    index: dict[str, list[KubeObject]] = {}
    for one in project.of_kind("ServiceAccount"):
        index.setdefault(one.name, []).append(one)
    return index


def granting(name: str, namespace: str, project: Project) -> list[KubeObject]:
    """Return the bindings that name a ServiceAccount, or a group it is in other than that of all of them.

    Raises:
        Undecided: a binding whose subject is not known may be one of them.
    """
    index = _granted(project)
    for own, binding in index.get(("", ""), ()):
        if own in {"", namespace}:
            raise Undecided(binding.root["subjects"])
    found = [
        binding
        for group in ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        for _, binding in index.get(("Group", group), ())
    ]
    found += [
        binding
        for own, binding in index.get(("ServiceAccount", name), ())
        if own == namespace or not own or not namespace
    ]
    return list(dict.fromkeys(found))


@once
def _granted(project: Project) -> dict[tuple[str, str], list[tuple[str, KubeObject]]]:
    """The namespace and the binding of each subject, by its kind and name; of those not known, by two empty texts."""
    index: dict[tuple[str, str], list[tuple[str, KubeObject]]] = {}
    for binding in bindings_of(project):
        subjects = binding.root["subjects"]
        if not subjects.known:
            index.setdefault(("", ""), []).append(("", binding))
            continue
        for node in subjects:
            if not node.known:
                index.setdefault(("", ""), []).append(("", binding))
            elif _is_open(node):
                index.setdefault(("", ""), []).append((_known(node, "namespace"), binding))
            elif node["kind"].known and node["name"].known:
                one = _subject(node, binding)
                index.setdefault((one.kind, one.name), []).append((one.namespace, binding))
    return index


def role_of(binding: KubeObject, project: Project) -> KubeObject | None:
    """Return the role that a binding names, None when the project has none of that name."""
    reference = binding.root["roleRef"]
    kind, name = reference["kind"].text, reference["name"].text
    for role in (
        (*binding.unit.named(kind, name), *project.named(kind, name)) if kind in {"Role", "ClusterRole"} else ()
    ):
        if kind == "ClusterRole" or _shares(role, binding.namespace):
            return role
    return None


def bindings_to(role: KubeObject, project: Project) -> list[KubeObject]:
    """Return the bindings that name a role."""
    known = _bindings_by_role(project)
    return [
        binding
        for binding in (bindings_of(project) if known is None else known.get((role.kind, role.name), ()))
        if binding.root["roleRef"]["kind"].text == role.kind
        and binding.root["roleRef"]["name"].text == role.name
        and (role.kind == "ClusterRole" or _shares(role, binding.namespace))
    ]


@once
def _bindings_by_role(project: Project) -> dict[tuple[str, str], list[KubeObject]] | None:
    """The bindings by kind and name of the role; None when those of one are not known."""
    found: dict[tuple[str, str], list[KubeObject]] = {}
    try:
        for binding in bindings_of(project):
            reference = binding.root["roleRef"]
            found.setdefault((reference["kind"].text, reference["name"].text), []).append(binding)
    except Undecided:
        return None
    return found


def _shares(item: KubeObject, namespace: str) -> bool:
    return item.namespace == namespace or not item.namespace or not namespace


def uses_account(item: KubeObject, project: Project) -> bool:
    """True when something of the project uses a ServiceAccount, or may.

    That is a pod, a field with `serviceAccount` in its name of a custom resource, a Secret with its token, an argument,
    variable or settings file that names it as one, or a Pod Identity association.
    """
    index = _uses(project)
    namespaces = index.get(item.name, set()) | index.get(_ANY, set())
    return bool(namespaces) and (not item.namespace or item.namespace in namespaces or "" in namespaces)


_OWN: Final = frozenset({"ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Service"})
_TEXT: Final = regex(r"(?i)service[-_ ]?account(?:[-_ ]?names?)?[\"']?\s*[:= ]\s*[\"']?([a-z0-9][a-z0-9.-]*)")
_USER: Final = regex(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_ANY: Final = "*"  # of its namespace: which one, only an apply could tell
TOKEN_OF: Final = "kubernetes.io/service-account.name"  # noqa: S105 - an annotation


@once
def _uses(project: Project) -> dict[str, set[str]]:
    """The namespaces ("" for any) in which each name of a ServiceAccount is used."""
    index: dict[str, set[str]] = {}
    for namespace, name in _found(project):
        index.setdefault(name, set()).add(namespace)
    return index


def _found(project: Project) -> Iterator[tuple[str, str]]:
    """Yield (namespace or "" for any, name) of each use of a ServiceAccount."""
    for item in project.objects:
        if item.is_workload:
            if item.pod_spec.known:
                yield item.namespace, _known_account(item.pod_spec)
            for container in item.containers:
                yield from _in_container(container)
        elif item.kind == "ConfigMap":
            for _, node in item.root["data"].items() if item.root["data"].known else ():
                if node.known:
                    yield from (("", name) for name in _written(node.text))
        elif item.kind == "Secret":
            yield item.namespace, item.annotations.known(TOKEN_OF)
        elif item.kind not in _OWN:
            yield from _in_custom_resource(item)
    for block in project.resources("aws_eks_pod_identity_association"):
        if block["service_account"].known:
            yield block["namespace"].text if block["namespace"].known else "", block["service_account"].text


def _in_custom_resource(item: KubeObject) -> Iterator[tuple[str, str]]:
    """Yield what fields named after ServiceAccounts hold, and the accounts that a policy names as its subjects.

    Of plain values: definitions of custom resources are large, and no other rule needs the nodes of all of them.
    """
    waiting: list[Any] = [{"": item.root.plain()}]
    while waiting:
        holder = waiting.pop()
        for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if isinstance(value, (dict, list)):
                waiting.append(value)
            if isinstance(key, str) and _is_named(key):
                yield from (("", text) for text in _texts(value))
            elif key == "kind" and value == "ServiceAccount":
                yield text_of(holder.get("namespace")), text_of(holder.get("name"))
            elif isinstance(value, str):
                match = _USER.fullmatch(value) if value.startswith("system:") else None
                if match is not None:
                    yield match["namespace"], match["name"]


@lru_cache(maxsize=4096)  # the same few hundred keys come again and again
def _is_named(key: str) -> bool:
    name = key.lower()
    return "account" in name and any(f"service{mark}account" in name for mark in ("", "-", "_"))


def _written(text: str) -> list[str]:
    """Return the accounts that an argument or a settings file names."""
    return _TEXT.findall(text) if "service" in text.lower() else []


def _texts(plain: object) -> Iterator[str]:
    """Yield the scalars of a plain value as texts."""
    waiting = [plain]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, (str, int, float)):
            yield text_of(value)


def _known_account(spec: Node) -> str:
    for key in ("serviceAccountName", "serviceAccount"):
        if not spec[key].known:
            return _ANY
        if spec[key].text:
            return spec[key].text
    return "default"


def _in_container(container: Container) -> Iterator[tuple[str, str]]:
    for part in ("command", "args"):
        listed = container.root[part]
        for node in listed if listed.known else ():
            if node.known:
                yield from (("", name) for name in _written(node.text))
    variables = container.root["env"]
    for entry in variables if variables.known else ():
        if entry.known and entry["name"].known and _is_named(entry["name"].text) and entry["value"].known:
            yield "", entry["value"].text
