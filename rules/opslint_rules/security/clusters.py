"""EKS clusters: audit logs, the key of their secrets."""

from __future__ import annotations

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    name_of,
    resource,
    rule,
)


@rule(
    each=resource("aws_eks_cluster"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_37"], "trivy": ["AVD-AWS-0038"]},
    related={"hardeneks": ["check_logs_are_enabled"]},
    cis=["EKS 1.8.0 2.1.1"],
    fixable="unsafe",
    options={"types": "log types that must be on"},
    forms={"types": "api|audit|authenticator|controllerManager|scheduler"},
)
def eks_logging_incomplete(
    item: Block, project: Project, *, types: tuple[str, ...] = ("audit", "authenticator")
) -> Problems:
    """The audit logs of the control plane are not enabled.

    The audit log is the only record of who read a Secret or changed a role. After an incident it is too late to switch
    it on: EKS keeps nothing that it was not told to keep.

    Without `enabled_cluster_log_types` no log is on; the eks module turns on audit, api and authenticator from major 18
    on, and passes. CloudWatch charges for what is written. Leave it for clusters that live for one test run.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name                      = "shop"
      role_arn                  = "arn:aws:iam::123456789012:role/eks"
      enabled_cluster_log_types = ["api"]  # <-
    }
    ```

    A cluster that names no log has none:

    ```hcl bad
    resource "aws_eks_cluster" "shop" {  # <-
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name                      = "shop"
      role_arn                  = "arn:aws:iam::123456789012:role/eks"
      enabled_cluster_log_types = ["audit", "authenticator"]
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name                      = "shop"
      role_arn                  = "arn:aws:iam::123456789012:role/eks"
      enabled_cluster_log_types = ["api", "audit", "authenticator"]
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_cluster>.
    """
    logs = item["enabled_cluster_log_types"]
    found = logs.texts()
    missing = [one for one in types if one not in found]
    if not missing:
        return
    title = f"add {', '.join(missing)} to the log types"
    changes: tuple[Add, ...] = ()
    if not logs.exists and not item.virtual:
        wanted = ", ".join(f'"{one}"' for one in types)
        changes = (Add(item.body, "enabled_cluster_log_types", f"[{wanted}]"),)
    yield Problem(
        f"cluster {name_of(item)} does not log {' and '.join(missing)}"
        f"{'' if found else ': no log of the control plane is on'}",
        logs,
        fix=Fix(title, changes, Safety.UNSAFE if changes else Safety.SHOWN),
    )


@rule(
    each=resource("aws_eks_cluster"),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_58"], "trivy": ["AVD-AWS-0039"]},
    cis=["EKS 1.8.0 5.3.1"],
)
def eks_secrets_no_cmk(item: Block, project: Project) -> Problems:
    """Kubernetes Secrets are not encrypted with a key of your own.

    Since Kubernetes 1.28 EKS encrypts all data of the API with a key that AWS owns. With a key of your own you decide
    who may use it, see each use in CloudTrail and can take it away.

    The eks module makes such a key by itself from major 19 on. Local clusters on Outposts pass. A key
    cannot be removed from a cluster again. Leave it where the key of AWS is good enough.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {  # <-
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"

      encryption_config {
        resources = ["secrets"]
        provider {
          key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2f1c0000-0000-0000-0000-000000000000"
        }
      }
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html>.
    """
    config = item["encryption_config"]
    if item["outpost_config"].present:
        return
    if config.present and len(config) > 0:
        resources = item.body.one("encryption_config")["resources"]
        if not resources.known or "secrets" in resources.texts():
            return
    yield Problem(
        f"the Secrets of cluster {name_of(item)} are encrypted with a key of AWS, not with one of yours", config
    )
