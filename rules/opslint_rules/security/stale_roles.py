"""IAM roles for service accounts that are no longer there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    HOLE,
    STRICT,
    Block,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    glob_matches,
    name_of,
    resource,
    rule,
    trusts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "system:serviceaccount:"
_ASSOCIATION: Final = "aws_eks_pod_identity_association"


@rule(
    each=resource("aws_iam_role", _ASSOCIATION),
    severity=Severity.LOW,
    preset=STRICT,
    applies_to="cross",
    options={"known_service_accounts": "globs of namespace/name that are created elsewhere"},
)
def irsa_role_stale(item: Block, project: Project, *, known_service_accounts: tuple[str, ...] = ()) -> Problems:
    """A role or pod identity association trusts a service account that no longer exists.

    The permissions outlive what they were made for. Whoever may create a ServiceAccount of that name in that namespace
    takes the role, and nobody thinks of it when the trust is reviewed.

    Only namespaces that the manifests of this repository fill are looked at, and only where all of them can be read.
    Accounts of system namespaces, wildcards, and accounts in a namespace that a chart (`helm_release`, Argo CD,
    Flux) is installed into pass: the chart may create them. Leave it for accounts that another repository creates, and
    list them in `known_service_accounts`.

    ```hcl bad
    resource "aws_eks_pod_identity_association" "export" {
      cluster_name    = "shop"
      namespace       = "shop"
      service_account = "exporter"  # <- the account is called order-export
      role_arn        = "arn:aws:iam::123456789012:role/shop-export"
    }
    ```
    ```yaml bad
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: order-export, namespace: shop}
    ```

    ```hcl good
    resource "aws_eks_pod_identity_association" "export" {
      cluster_name    = "shop"
      namespace       = "shop"
      service_account = "order-export"
      role_arn        = "arn:aws:iam::123456789012:role/shop-export"
    }
    ```
    ```yaml good
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: order-export, namespace: shop}
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html>.
    """
    lost = [
        (namespace, name, at)
        for namespace, name, at in _trusted(item)
        if not any(glob_matches(f"{namespace}/{name}", glob) for glob in known_service_accounts)
        and _is_gone(namespace, name, project)
    ]
    for namespace, name, at in lost:
        what = "the pod identity association" if item.type == _ASSOCIATION else f"IAM role {name_of(item)}"
        yield Problem(f"{what} trusts the ServiceAccount {namespace}/{name}, which does not exist", at)


def _trusted(item: Block) -> Iterator[tuple[str, str, Node]]:
    if item.type == _ASSOCIATION:
        yield item["namespace"].text, item["service_account"].text, item["service_account"]
        return
    for trust in trusts_of(item):
        for value in trust.values:
            namespace, _, name = value.removeprefix(_PREFIX).partition(":")
            if value.startswith(_PREFIX) and not any(char in value for char in f"*?{HOLE}"):
                yield namespace, name, item["assume_role_policy"]


def _is_gone(namespace: str, name: str, project: Project) -> bool:
    """True when the repository fills the namespace and surely has no such account there."""
    filled = [one for one in project.objects if one.namespace == namespace and one.kind != "Namespace"]
    if not filled or namespace in project.system_namespaces or any(not unit.closed for unit in project.units):
        return False
    # A release whose namespace nobody knows may be rendered for this one.
    if any(
        one.name == name for one in project.of_kind("ServiceAccount") if one.namespace in {namespace, "", "default"}
    ):
        return False
    return not _may_be_installed(namespace, project) and not project.knows("ServiceAccount", namespace, name)


def _may_be_installed(namespace: str, project: Project) -> bool:
    """True when a chart that is not read may be installed into the namespace."""
    for block in project.resources("helm_release"):
        where = block["namespace"]
        if block.virtual or not where.known or where.text == namespace:
            return True
    for block in project.resources("kubernetes_service_account", "kubernetes_service_account_v1"):
        where = block.body.one("metadata")
        if not where.known or not where["namespace"].known or where["namespace"].text == namespace:
            return True
    for one in project.of_kind("Application", "ApplicationSet", "HelmRelease", "Kustomization"):
        where = one.spec["destination"]["namespace"] if one.kind == "Application" else one.spec["targetNamespace"]
        if one.kind in {"ApplicationSet", "Kustomization"} or where.text in {"", namespace}:
            return True
    return False
