"""Who gets into an EKS cluster: access entries, and the groups they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    KubeObject,
    ModuleCall,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    any_of,
    beside,
    bindings_of,
    cluster_of,
    environment_of,
    glob_matches,
    kind,
    module_call,
    name_of,
    opaque_could_provide,
    project,
    refers_to,
    resource,
    rule,
    subjects_of,
)
from opslint_rules.rbac.aws_auth import (
    DATA,
    Admin,
    admins_by,
    admins_of,
    cluster_by,
    groups_by,
    is_aws_auth,
    sources_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.api import Location

_ENTRY: Final = "aws_eks_access_entry"
_ASSOCIATION: Final = "aws_eks_access_policy_association"
_ADMIN: Final = ("AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy")
_TERRAFORM_BINDINGS: Final = (
    "kubernetes_cluster_role_binding",
    "kubernetes_cluster_role_binding_v1",
    "kubernetes_role_binding",
    "kubernetes_role_binding_v1",
)


@rule(
    each=any_of(
        resource("aws_eks_cluster", DATA), kind("ConfigMap", groups=("",)), module_call("*//modules/aws-auth*")
    ),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"trivy": ["KSV-0123"]},
    cis=["EKS 1.8.0 4.1.1", "EKS 1.8.0 4.1.7"],
    options={
        "max_admins": "administrators a cluster may have",
        "report_creator": "report that whoever creates the cluster is its administrator",
    },
)
def eks_admin_access(
    item: Block | KubeObject | ModuleCall, project: Project, *, max_admins: int = 3, report_creator: bool = False
) -> Problems:
    """Too many principals, or a user or the account itself, are administrators of the EKS cluster.

    An administrator of the cluster reads every Secret and may do what every pod may. One role for the platform team and
    one for emergencies are enough. A user has keys that do not expire, and the root of the account opens the cluster to
    everyone whom IAM lets in.

    Access entries with AmazonEKSClusterAdminPolicy or AmazonEKSAdminPolicy for the whole cluster count, and entries of
    aws-auth in the group system:masters: of the ConfigMap as a manifest or in Terraform, and of the inputs of the eks
    module. What cannot be told is not counted. Leave it for clusters of one team whose members all run it.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }

    resource "aws_eks_access_policy_association" "kim" {
      cluster_name  = aws_eks_cluster.shop.name
      policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
      principal_arn = "arn:aws:iam::123456789012:user/kim"  # <- a user
      access_scope {
        type = "cluster"
      }
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }

    resource "aws_eks_access_policy_association" "platform" {
      cluster_name  = aws_eks_cluster.shop.name
      policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
      principal_arn = "arn:aws:iam::123456789012:role/platform"
      access_scope {
        type = "cluster"
      }
    }
    ```

    ```yaml bad max_admins=1
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: aws-auth, namespace: kube-system}  # <- two roles are one too many
    data:
      mapRoles: |
        - rolearn: arn:aws:iam::123456789012:role/platform
          groups: [system:masters]
        - rolearn: arn:aws:iam::123456789012:role/ci
          groups: [system:masters]
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html> and
    <https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html>.
    """
    if isinstance(item, Block) and item.type == "aws_eks_cluster":
        yield from _judge(f"cluster {name_of(item)}", item.header, _admins(item, project), max_admins, _mode(item))
        if report_creator:
            yield from _creator(item)
    elif is_aws_auth(item) and cluster_by(item, project) is None:
        place = item.metadata["name"] if isinstance(item, KubeObject) else item.header
        yield from _judge("the cluster by aws-auth", place, admins_by(item), max_admins)


def _mode(cluster: Block) -> str:
    """Return what the mode of the cluster means for its administrators, "" for the usual ones."""
    config = cluster.body.one("access_config")
    mode = config["authentication_mode"] if config.known else config
    return "; its mode CONFIG_MAP lets aws-auth alone decide" if mode.known and mode.text == "CONFIG_MAP" else ""


def _judge(
    what: str, place: Node | Location, found: Iterable[Admin], max_admins: int, mode: str = ""
) -> Iterator[Problem]:
    admins = {one.principal: one for one in found}
    for one in admins.values():
        if ":user/" in one.principal or one.principal.endswith(":root"):
            who = "the root of an account" if one.principal.endswith(":root") else "an IAM user"
            yield Problem(f"{who} is administrator of {what}: {one.principal}", one.at)
    if len(admins) > max_admins:
        yield Problem(
            f"{len(admins)} principals are administrators of {what}, at most {max_admins} are asked{mode}",
            place,
            also=tuple((one.principal, one.at) for one in admins.values()),
        )


def _creator(item: Block) -> Problems:
    if item.virtual and item.call is not None:
        switch = item.call["enable_cluster_creator_admin_permissions"]
        is_on = switch.is_true and not environment_of(item).is_nonprod
    else:
        switch = item.body.one("access_config")["bootstrap_cluster_creator_admin_permissions"]
        is_on = not switch.is_false
    if is_on:
        yield Problem(f"whoever creates cluster {name_of(item)} is its administrator for good", switch)


def _admins(cluster: Block, project: Project) -> Iterator[Admin]:
    for entry in beside(cluster, project, _ENTRY):
        policies = entry["policy_associations"]
        if (
            not entry.virtual
            or entry.call is not cluster.call
            or not policies.known
            or not entry["principal_arn"].known
        ):
            continue
        if any(_is_admin(one) for one in dict(policies.items()).values() if one.known):
            yield Admin(entry["principal_arn"].text, entry["principal_arn"])
    for block in beside(cluster, project, _ASSOCIATION):
        if block["principal_arn"].known and _is_admin(block.body) and refers_to(block["cluster_name"], cluster):
            yield Admin(block["principal_arn"].text, block["principal_arn"])
    yield from admins_of(cluster, project)


def _is_admin(association: Node) -> bool:
    policy, scope = association["policy_arn"], association["access_scope"]
    if not policy.known or not policy.text.endswith(_ADMIN) or not scope.known or not scope.present:
        return False
    kind = association.one("access_scope")
    return kind.known and kind["type"].known and kind["type"].text == "cluster"


@rule(
    each=project(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    applies_to="cross",
    options={"known_groups": "globs of groups that are mapped elsewhere"},
)
def access_entry_group_unbound(item: Project, project: Project, *, known_groups: tuple[str, ...] = ()) -> Problems:
    """An access entry maps people to a Kubernetes group that no binding uses, or a binding names a group nobody has.

    Both sides are only names. When one of them changes, people log in and may do nothing, or a binding waits for
    whoever creates an entry with its group and then gets its permissions.

    Groups of `aws_eks_access_entry`, of the eks module and of aws-auth are compared with the subjects of RoleBindings
    and ClusterRoleBindings. An entry with an access policy passes. Bindings are reported only where all entries can be
    read, the cluster takes access entries only (or aws-auth is in the files), and no OIDC provider brings groups of its
    own. Leave it for groups that another repository binds, and list them in `known_groups`.

    ```hcl bad
    resource "aws_eks_access_entry" "developers" {
      cluster_name      = "shop"
      principal_arn     = "arn:aws:iam::123456789012:role/developer"
      kubernetes_groups = ["developers"]  # <- the binding says shop-developers
    }
    ```
    ```yaml bad
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: developers}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: Group
        name: shop-developers
        apiGroup: rbac.authorization.k8s.io
    ```

    ```hcl good
    resource "aws_eks_access_entry" "developers" {
      cluster_name      = "shop"
      principal_arn     = "arn:aws:iam::123456789012:role/developer"
      kubernetes_groups = ["developers"]
    }
    ```
    ```yaml good
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: developers}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - kind: Group
        name: developers
        apiGroup: rbac.authorization.k8s.io
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html> and
    <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>.
    """
    entries = project.resources(_ENTRY)
    used = [subject for one in bindings_of(project) for subject in subjects_of(one) if subject.kind == "Group"]
    mapped = [one for source in sources_of(project) for one in groups_by(source) or ()]
    if not (entries or mapped) or not used or any(not unit.closed for unit in project.units):
        return
    if project.resources(*_TERRAFORM_BINDINGS):
        return
    known = {subject.name for subject in used}
    for entry in entries:
        for group in _groups(entry):
            if group.text in known or _is_known(group.text, known_groups) or _has_policy(entry, project):
                continue
            yield Problem(f"group {group.text} of access entry {_title(entry)} is in no binding", group)
    for one in mapped:
        if not (one.group in known or one.group.startswith("system:") or _is_known(one.group, known_groups)):
            yield Problem(f"group {one.group} of {_short(one.principal)} in aws-auth is in no binding", one.at)
    granted = _granted(entries, project) if entries else None
    if granted is None:
        return
    for subject in used:
        known_elsewhere = subject.name.startswith("system:") or _is_known(subject.name, known_groups)
        if not known_elsewhere and subject.name not in granted:
            yield Problem(f"no access entry gives anyone the group {subject.name}", subject.node["name"])


def _is_known(name: str, known: tuple[str, ...]) -> bool:
    return any(glob_matches(name, glob) for glob in known)


def _short(principal: str) -> str:
    return principal.rpartition("/")[2] or "an entry"


def _groups(entry: Block) -> list[Node]:
    groups = entry["kubernetes_groups"]
    return [one for one in groups if one.known and one.text] if groups.known else []


def _title(entry: Block) -> str:
    arn = entry["principal_arn"]
    return arn.text.rpartition("/")[2] if arn.known and arn.text else entry.address


def _has_policy(entry: Block, project: Project) -> bool:
    """True when the entry has an access policy too, or may have one."""
    policies = entry["policy_associations"]
    if not policies.known or (policies.present and len(policies) > 0):
        return True
    own = entry["principal_arn"]
    for one in beside(entry, project, _ASSOCIATION):
        other = one["principal_arn"]
        if not other.known or not own.known or other.text == own.text:
            return True
    return False


def _granted(entries: list[Block], project: Project) -> set[str] | None:
    """Return the groups that entries give; None when others may be given too."""
    if opaque_could_provide(project, "eks", "access", "auth", "iam") or any(one.stand_in for one in entries):
        return None
    if project.resources("aws_eks_identity_provider_config") or project.eksctl or project.of_kind("AccessEntry"):
        return None
    mapped: set[str] = set()
    for cluster in (cluster_of(one, project) for one in entries):
        # Without the cluster of an entry nobody knows whether aws-auth counts too.
        groups = _mapped(cluster, project) if cluster is not None else None
        if groups is None:
            return None
        mapped |= groups
    if any(not one["kubernetes_groups"].known for one in entries):
        return None
    found = [group for one in entries for group in one["kubernetes_groups"]]
    return mapped | {group.text for group in found} if all(group.known for group in found) else None


def _mapped(cluster: Block, project: Project) -> set[str] | None:
    """Return the groups that aws-auth gives in a cluster; None when they, or whether it counts, cannot be told."""
    config = cluster.body.one("access_config")
    mode = config["authentication_mode"] if config.known else config
    if not mode.known or not mode.present:
        return None
    if mode.text == "API":
        return set()
    lists = [groups_by(one) for one in sources_of(project) if cluster_by(one, project) is cluster]
    return {one.group for found in lists for one in found or ()} if lists and None not in lists else None
