"""Versions of modules: what an init may bring in, and inputs that do not fit it."""

from __future__ import annotations

import re
from typing import Final

from opslint.api import (
    RECOMMENDED,
    STRICT,
    Fix,
    ModuleCall,
    Problem,
    Problems,
    Project,
    Rename,
    Safety,
    Set,
    Severity,
    allowed_majors,
    is_bounded,
    is_literal,
    module_call,
    regex,
    registry_name,
    rule,
)

_EKS: Final = "terraform-aws-modules/eks/aws"
_NEW: Final = 21
# Old and new names of the inputs of terraform-aws-modules/eks/aws. Source: docs/UPGRADE-21.0.md of the module.
_STRIPPED: Final = (
    "enabled_log_types force_update_version compute_config upgrade_policy remote_network_config zonal_shift_config"
    " additional_security_group_ids endpoint_private_access endpoint_public_access endpoint_public_access_cidrs"
    " ip_family service_ipv4_cidr service_ipv6_cidr encryption_config timeouts security_group_id security_group_name"
    " security_group_use_name_prefix security_group_description security_group_additional_rules security_group_tags"
    " encryption_policy_use_name_prefix encryption_policy_name encryption_policy_description encryption_policy_path"
    " encryption_policy_tags addons addons_timeouts identity_providers name"
)
_CLUSTER: Final = {f"cluster_{name}": name for name in _STRIPPED.split()} | {
    "cluster_version": "kubernetes_version",
    "create_cluster_primary_security_group_tags": "create_primary_security_group_tags",
    "create_cluster_security_group": "create_security_group",
    "attach_cluster_encryption_policy": "attach_encryption_policy",
}
_RENAMED: Final = {
    _EKS: _CLUSTER,
    f"{_EKS}//modules/eks-managed-node-group": {"cluster_version": "kubernetes_version"},
    f"{_EKS}//modules/self-managed-node-group": {"cluster_version": "kubernetes_version"},
}

# Inputs that major 21 has no more, under any name.
_SCHEDULED: Final = "create_schedule schedules elastic_gpu_specifications elastic_inference_accelerator platform"
_REMOVED: Final = {
    _EKS: "bootstrap_self_managed_addons eks_managed_node_group_defaults enable_efa_support"
    " enable_security_groups_for_pods fargate_profile_defaults self_managed_node_group_defaults",
    f"{_EKS}//modules/eks-managed-node-group": f"{_SCHEDULED} cluster_service_ipv4_cidr placement_group_az"
    " placement_group_strategy",
    f"{_EKS}//modules/self-managed-node-group": f"{_SCHEDULED} placement_group_az hibernation_options min_elb_capacity"
    " wait_for_elb_capacity",
    f"{_EKS}//modules/karpenter": "enable_irsa enable_pod_identity enable_v1_permissions"
    " irsa_assume_role_condition_test irsa_namespace_service_accounts irsa_oidc_provider_arn",
}


@rule(
    each=module_call(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    fixable="unsafe",
)
def eks_module_input_mismatch(item: ModuleCall, project: Project) -> Problems:
    """The EKS module call uses input names that do not exist in the module major version its constraint selects.

    Major 21 renamed almost every input (`cluster_version` became `kubernetes_version`) and removed some. With the names
    of the other side the next `terraform init` leads to a plan that fails, or, where a name exists on both sides, to
    one that means something else. With a constraint that allows both, which names are right depends on the machine that
    runs init.

    A call without a version is left to module-unpinned, and one whose module is installed beside it to Terraform.

    ```hcl bad
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 21.0"

      cluster_name    = "shop"  # <- since 21: name
      cluster_version = "1.35"  # <- since 21: kubernetes_version
    }
    ```

    ```hcl fixed
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 21.0"

      name               = "shop"
      kubernetes_version = "1.35"
    }
    ```

    ```hcl good
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 21.0"

      name               = "shop"
      kubernetes_version = "1.35"
    }
    ```

    See <https://github.com/terraform-aws-modules/terraform-aws-eks/blob/master/docs/UPGRADE-21.0.md>.
    """
    source = registry_name(item)
    names, removed = _RENAMED.get(source, {}), _REMOVED.get(source, "").split()
    if not (names or removed) or not item.version or item.how == "installed":
        return
    majors = allowed_majors(item)
    old = [key for key, _ in item.body.items() if key in names]
    gone = [key for key, _ in item.body.items() if key in removed]
    new = [key for key, _ in item.body.items() if key in names.values() and key not in names and not _is_shared(key)]
    if not majors or not (old or gone or new):
        return
    if min(majors) < _NEW <= max(majors):
        used, other = (old or gone or new)[0], "20 and older" if old or gone else "21 and newer"
        yield Problem(
            f"module {item.name} uses {used}, which only major {other} have, and version {item.version} allows both",
            item["version"],
        )
        return
    for key in gone if min(majors) >= _NEW else ():
        yield Problem(
            f"module {item.name} of version {item.version} has no input {key}: major {_NEW} removed it", item[key]
        )
    renames = names if min(majors) >= _NEW else {value: key for key, value in names.items()}
    since = f"since {_NEW} it is" if min(majors) >= _NEW else f"before {_NEW} it is"
    for key in old if min(majors) >= _NEW else new:
        node = item[key]
        yield Problem(
            f"module {item.name} of version {item.version} has no input {key}: {since} {renames[key]}",
            node,
            fix=Fix(f"rename {key} to {renames[key]}", (Rename(node, renames[key]),), Safety.UNSAFE),
        )


def _is_shared(name: str) -> bool:
    """True for a name that both sides have, though it is also the new one of another."""
    return name in {"timeouts", "security_group_tags", "create_security_group"}


@rule(
    each=module_call(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={
        "checkov": ["CKV_TF_1", "CKV_TF_2"],
        "tflint": ["terraform_module_pinned_source", "terraform_module_version"],
    },
    fixable="unsafe",
    options={"require": "how firmly the version has to be given"},
    forms={"require": "bounded|exact|commit"},
)
def module_unpinned(item: ModuleCall, project: Project, *, require: str = "bounded") -> Problems:
    """A remote module has no version, an open-ended version or a branch as its reference.

    An apply can pull in a new major release then. The lock file covers providers, not modules: every fresh
    `terraform init` takes the newest release that fits. What a colleague planned yesterday is not what CI applies
    today, and a new major replaces resources.

    Registry modules need a constraint with an upper bound, Git sources a ref that is a tag or a commit, archives a
    version in their address. `require: exact` asks for one version, `commit` for a full commit hash. Local paths pass.
    Leave it for modules of the same team that are meant to be followed.

    ```hcl bad
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = ">= 5.0"  # <- allows 6, 7, …
    }
    ```

    ```hcl fixed
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"
    }
    ```

    ```hcl good
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"
    }
    ```

    See <https://developer.hashicorp.com/terraform/language/modules/sources> and
    <https://developer.hashicorp.com/terraform/language/expressions/version-constraints>.
    """
    source = item.source
    if not source or source.startswith((".", "/")):
        return
    if _is_registry(source):
        why, place = _registry(item.version, require), "version"
    elif _is_git(source):
        why, place = _git(source, require), "source"
    elif source.startswith(("http://", "https://", "s3::", "gcs::")):
        why, place = "" if _VERSION.search(source) else "its address names no version", "source"
    else:
        return
    if why:
        yield Problem(
            f"module {item.name} is not pinned: {why}",
            item[place] if item[place].exists else item.header,
            fix=_pin(item),
        )


_VERSION: Final = regex(r"(?:^|[/_.=-])v?\d+\.\d+|[?&](?:versionId|ref)=|\b[0-9a-f]{40}\b")
_COMMIT: Final = regex(r"[0-9a-f]{40}")
_BRANCHES: Final = frozenset({"main", "master", "develop", "dev", "trunk", "head", "latest"})
_EXACT: Final = regex(r"\s*=?\s*v?\d+\.\d+\.\d+[\w.+-]*\s*")


def _is_registry(source: str) -> bool:
    path = source.partition("//")[0]
    parts = path.split("/")
    return (
        "::" not in source
        and "?" not in source
        and (len(parts) == 3 or (len(parts) == 4 and "." in parts[0]))
        and not path.startswith(("github.com", "bitbucket.org", "git@", "http"))
    )


def _is_git(source: str) -> bool:
    return source.startswith(("git::", "git@", "github.com", "bitbucket.org", "hg::")) or ".git" in source


def _registry(version: str, require: str) -> str:
    """Say what is missing from the constraint of a registry module, "" when nothing is."""
    if not version:
        return "it has no version"
    if require == "commit":
        return "a registry version is no commit"
    terms = version.split(",")
    if require == "exact":
        return "" if len(terms) == 1 and _EXACT.fullmatch(version) else f"{version} is not one version"
    return "" if is_bounded(version) else f"{version} has no upper bound"


def _git(source: str, require: str) -> str:
    """Say what is missing from the reference of a Git source, "" when nothing is."""
    match = re.search(r"[?&]ref=([^&]+)", source)
    if match is None:
        return "its source has no ref"
    ref = match[1]
    if require == "commit" and not _COMMIT.fullmatch(ref):
        return f"{ref} is not a full commit hash"
    return f"{ref} is a branch" if ref.lower() in _BRANCHES else ""


def _pin(item: ModuleCall) -> Fix | None:
    """Turn `>= x.y` into `~> x.y`."""
    match = re.fullmatch(r"\s*>=?\s*(\d+\.\d+)(?:\.\d+)?\s*", item.version)
    node = item["version"]
    if match is None:
        return None
    changes = (Set(node, f'"~> {match[1]}"'),) if is_literal(node) else ()
    return Fix(f'set version = "~> {match[1]}"', changes, Safety.UNSAFE if changes else Safety.SHOWN)
