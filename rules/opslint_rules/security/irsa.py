"""IAM roles for service accounts: the annotation on one side, the role in Terraform on the other."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    KARPENTER_MODULE,
    POD_KINDS,
    RECOMMENDED,
    Block,
    Fix,
    KubeObject,
    ModuleCall,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    all_accounts_known,
    glob_matches,
    has_placeholder,
    kind,
    known_accounts,
    name_glob,
    name_of,
    opaque_could_provide,
    regex,
    registry_name,
    rule,
    set_value,
    trusts_of,
)

ANNOTATION: Final = "eks.amazonaws.com/role-arn"
_ROLE: Final = regex(r"arn:aws(?:-[a-z]+)*:iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})")


@rule(
    each=kind("ServiceAccount", *POD_KINDS),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    applies_to="cross",
    options={"known_roles": "globs of role names that are declared elsewhere"},
)
def irsa_role_undeclared(item: KubeObject, project: Project, *, known_roles: tuple[str, ...] = ()) -> Problems:
    """A ServiceAccount names an IAM role that Terraform does not declare, or that belongs to another account.

    The annotation is only a text to Kubernetes: the pod starts, and its first call to AWS is refused. It looks like
    a missing permission and is a name that changed on one side. A role of another account fails in the same way
    unless that account trusts this cluster. On a Pod or a pod template the annotation does nothing at all.

    Names are compared with all roles of the Terraform that is read along, roles of the known modules and their name
    prefixes included. Where a module cannot be seen through, or a role's name can be told only by an apply and
    may fit, the rule is silent. Leave it for roles that another repository declares, and list them in `known_roles`.

    ```yaml bad
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: exporter
      namespace: shop
      annotations:
        eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/shop-exporter  # <-
    ```
    ```hcl bad
    resource "aws_iam_role" "export" {
      name               = "shop-export"
      assume_role_policy = "{}"
    }
    ```

    ```yaml good
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: exporter
      namespace: shop
      annotations:
        eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/shop-export
    ```
    ```hcl good
    resource "aws_iam_role" "export" {
      name               = "shop-export"
      assume_role_policy = "{}"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html> and
    <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
    """
    if item.kind != "ServiceAccount":
        yield from _misplaced(item)
        return
    arn = item.metadata["annotations"][ANNOTATION]
    if not arn.text:
        return
    match = _ROLE.fullmatch(arn.text.strip())
    if has_placeholder(arn.text):
        return
    if match is None:
        yield Problem(f"{item.title} names no IAM role: {arn.text!r} is not the ARN of a role", arn)
        return
    name, account = match["name"], match["account"]
    if any(glob_matches(name, glob) for glob in known_roles):
        return
    accounts = known_accounts(project)
    if accounts and account not in accounts and all_accounts_known(project):
        yield Problem(
            f"{item.title} uses a role of account {account}, and the project knows only {', '.join(sorted(accounts))}",
            arn,
        )
        return
    roles = project.resources("aws_iam_role")
    if not roles or not project.has_terraform or _is_declared(name, roles, project):
        return
    nearest = _nearest(name, roles)
    hint = f"; the nearest is {name_of(nearest)}" if nearest else ""
    yield Problem(
        f"{item.title} uses IAM role {name}, which Terraform does not declare{hint}",
        arn,
        also=(("the nearest role", nearest["name"] if nearest["name"].exists else nearest.header),) if nearest else (),
    )


@rule(
    each=kind("ServiceAccount"),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    applies_to="cross",
    fixable="unsafe",
    options={"allow_wildcards": "globs of subjects that are accepted as intended"},
)
def irsa_trust_mismatch(item: KubeObject, project: Project, *, allow_wildcards: tuple[str, ...] = ()) -> Problems:
    """The IAM role's trust policy does not allow the service account that uses it, or allows any service account.

    A role for a service account is handed out only when the condition of its trust policy equals
    `system:serviceaccount:<namespace>:<name>`. One letter of difference, a release in another namespace, or a
    wildcard under StringEquals (which takes it literally), and AWS answers AccessDenied to a pod that looks right.
    Without a condition on the subject, or with one that fits everything, every pod of the cluster can take the role.

    The trust policy may be JSON, a data source or made by the known modules. What only an apply could tell counts as
    fitting. Leave wildcards that are meant, and list them in `allow_wildcards`.

    ```yaml bad
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: exporter
      namespace: shop-dev
      annotations:
        eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/shop-export  # <- the role trusts shop:exporter
    ```
    ```hcl bad
    module "export" {
      source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
      version = "~> 5.48"

      role_name = "shop-export"
      oidc_providers = {
        this = {
          provider_arn               = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/A"
          namespace_service_accounts = ["shop:exporter"]
        }
      }
    }
    ```

    ```hcl fixed
    module "export" {
      source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
      version = "~> 5.48"

      role_name = "shop-export"
      oidc_providers = {
        this = {
          provider_arn               = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/A"
          namespace_service_accounts = ["shop-dev:exporter"]
        }
      }
    }
    ```

    ```yaml good
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: exporter
      namespace: shop
      annotations:
        eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/shop-export
    ```
    ```hcl good
    module "export" {
      source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
      version = "~> 5.48"

      role_name = "shop-export"
      oidc_providers = {
        this = {
          provider_arn               = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/A"
          namespace_service_accounts = ["shop:exporter"]
        }
      }
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html> and
    <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
    """
    arn = item.metadata["annotations"][ANNOTATION]
    match = _ROLE.fullmatch(arn.text.strip())
    if match is None or not item.name or not _namespace(item):
        return
    roles = [role for role in project.resources("aws_iam_role") if glob_matches(match["name"], name_glob(role))]
    if len(roles) != 1:
        return
    trusts = trusts_of(roles[0])
    if not trusts:
        return
    role, wanted = roles[0], f"system:serviceaccount:{item.namespace}:{item.name}"
    policy = role["assume_role_policy"]
    for trust in trusts:
        said = trust.any_account(allow_wildcards)
        if said:
            yield Problem(f"any service account of the cluster can take IAM role {match['name']}: {said}", policy)
    if any(trust.admits(wanted) for trust in trusts):
        return
    values = [value for trust in trusts for value in trust.values]
    literal = next((value for trust in trusts for value in trust.literal_wildcards()), "")
    hint = f"{literal} is compared literally, use StringLike" if literal else f"it admits {_closest(wanted, values)}"
    yield Problem(
        f"{item.title} of namespace {item.namespace} cannot take IAM role {match['name']}: {hint}",
        arn,
        also=(("the trust policy", policy),),
        fix=_trust_fix(role, item, project),
    )


def _namespace(item: KubeObject) -> str:
    """Return the namespace, "" for a release that nobody says a namespace for: Helm then renders "default"."""
    return "" if item.unit.chart is not None and item.namespace == "default" else item.namespace


def _closest(wanted: str, values: list[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(wanted, values, n=1, cutoff=0.0)
    return found[0] if found else "no service account"


def _trust_fix(role: Block, item: KubeObject, project: Project) -> Fix | None:
    """Correct the module's only account, when only one ServiceAccount uses the role."""
    providers = role.call["oidc_providers"] if role.virtual and role.call is not None else None
    if providers is None or not providers.known or len(providers) != 1:
        return None
    _, entry = next(providers.items())
    accounts = entry["namespace_service_accounts"] if entry.known else providers["\0"]
    users = {(one.namespace, one.name) for one in project.of_kind("ServiceAccount") if _uses(one, item)}
    if not accounts.known or len(accounts) != 1 or len(users) != 1:
        return None
    return set_value(accounts[0], "namespace_service_accounts", f'"{item.namespace}:{item.name}"', Safety.UNSAFE)


def _uses(one: KubeObject, item: KubeObject) -> bool:
    return one.annotations.get(ANNOTATION) == item.annotations.get(ANNOTATION)


def _misplaced(item: KubeObject) -> Problems:
    for metadata in (item.metadata, item.pod_template["metadata"]):
        arn = metadata["annotations"][ANNOTATION]
        if arn.present:
            yield Problem(f"{item.title} carries {ANNOTATION}, which has an effect on a ServiceAccount only", arn)
        if item.kind == "Pod":
            return


def _is_declared(name: str, roles: list[Block], project: Project) -> bool:
    """True when a role is, or may be, the one of that name."""
    if opaque_could_provide(project) or any(_is_of_karpenter(name, call) for call in project.calls):
        return True
    known = (*roles, *project.data("aws_iam_role"))
    return any(glob_matches(name, name_glob(role)) for role in known)


def _is_of_karpenter(name: str, call: ModuleCall) -> bool:
    """True when Karpenter's module may make a role of that name: by default its names begin with the product's."""
    if registry_name(call) != KARPENTER_MODULE:
        return False
    given = [call[key] for key in ("iam_role_name", "node_iam_role_name", "irsa_name")]
    return name.startswith("Karpenter") or any(
        not node.known or (node.text and name.startswith(node.text)) for node in given
    )


def _nearest(name: str, roles: list[Block]) -> Block | None:
    from difflib import get_close_matches

    names = {name_of(role): role for role in roles if role["name"].known and role["name"].text}
    found = get_close_matches(name, names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


__all__ = ["ANNOTATION", "irsa_role_undeclared", "irsa_trust_mismatch"]
