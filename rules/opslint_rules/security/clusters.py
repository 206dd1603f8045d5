"""EKS clusters and their nodes: audit logs, the key of their secrets, the metadata service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    beside,
    is_literal,
    kind,
    name_of,
    refers_to,
    regex,
    resource,
    rule,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATES: Final = ("aws_launch_template", "aws_instance", "aws_launch_configuration")
_KEY: Final = regex(r'eks_managed_node_group\["([^"]+)"\]')
_NOUNS: Final = {"aws_instance": "instance", "aws_launch_configuration": "launch configuration"}


@rule(
    each=resource("aws_eks_cluster"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_37"], "trivy": ["AVD-AWS-0038"]},
    related={"hardeneks": ["check_logs_are_enabled"]},
    cis=["EKS 1.8.0 2.1.1"],
    fixable="unsafe",
    options={"types": "log types that must be on"},
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


@rule(
    each=resource(*_TEMPLATES),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"trivy": ["AVD-AWS-0130", "AVD-AWS-0028"]},
    related={"checkov": ["CKV_AWS_79", "CKV_AWS_341"], "hardeneks": ["check_access_to_instance_profile"]},
    fixable="unsafe",
    options={"max_hop": "largest accepted hop limit; 2 where pods need the metadata service"},
)
def imds_exposed(item: Block, project: Project, *, max_hop: int = 1) -> Problems:
    """Pods or attackers on a node can read instance credentials through the metadata service.

    Version 1 of the service answers any request, so one URL that a server fetches for a stranger is enough to get the
    role of the node. Version 2 asks for a token first. With a hop limit of 1 the answer does not reach pods
    in a network of their own, who have roles of their own instead.

    Without `http_tokens` the provider leaves version 1 on, unless `aws_ec2_instance_metadata_defaults` says otherwise
    for the account. The hop limit is judged for templates of EKS nodes: the eks module sets 2 up to major 20 and 1
    from 21 on. Node groups without a template are left to EKS. Set `max_hop` to 2 where pods need the service.

    ```hcl bad
    resource "aws_launch_template" "nodes" {
      name_prefix = "nodes-"
      metadata_options {
        http_tokens = "optional"  # <-
      }
    }
    ```

    ```hcl fixed
    resource "aws_launch_template" "nodes" {
      name_prefix = "nodes-"
      metadata_options {
        http_tokens = "required"
      }
    }
    ```

    ```hcl good
    resource "aws_launch_template" "nodes" {
      name_prefix = "nodes-"
      metadata_options {
        http_tokens                 = "required"
        http_put_response_hop_limit = 1
      }
    }
    ```

    See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html> and
    <https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html>.
    """
    given = item["metadata_options"]
    options = item.body.one("metadata_options") if given.present else item.body["\0"]
    if options["http_endpoint"].text == "disabled":
        return
    tokens, hop = options["http_tokens"], options["http_put_response_hop_limit"]
    what = _title(item)
    if tokens.text != "required" and not (tokens.text == "" and _has_default(project)):
        why = "http_tokens is optional" if tokens.present else "http_tokens is not set, which means optional"
        yield Problem(
            f"{what} lets version 1 of the metadata service answer without a token: {why}",
            tokens if given.present else given,
            fix=_fix(item, given, tokens),
        )
    if hop.number is not None and hop.number > max_hop and _is_for_nodes(item, project):
        yield Problem(
            f"{what} lets pods read the credentials of the node: the hop limit is {hop.text},"
            f" at most {max_hop} is asked",
            hop,
            fix=set_value(hop, "http_put_response_hop_limit", str(max_hop), Safety.UNSAFE),
        )


def _title(item: Block) -> str:
    key = _KEY.search(item.address) if item.virtual else None
    return f"node group {key[1]}" if key is not None else f"{_NOUNS.get(item.type, 'launch template')} {name_of(item)}"


def _has_default(project: Project) -> bool:
    """True when the account asks for tokens by default, or may do so."""
    defaults = (one["http_tokens"] for one in project.resources("aws_ec2_instance_metadata_defaults"))
    return any(not one.known or one.text == "required" for one in defaults)


def _is_for_nodes(item: Block, project: Project) -> bool:
    if item.virtual:
        return True
    for group in beside(item, project, "aws_eks_node_group"):
        if group["launch_template"].known and group["launch_template"].present:
            template = group.body.one("launch_template")
            if any(refers_to(template[key], item) for key in ("id", "name")):
                return True
    return False


def _fix(item: Block, given: Node, tokens: Node) -> Fix:
    title = 'set http_tokens = "required"'
    if is_literal(tokens):
        return set_value(tokens, "http_tokens", '"required"', Safety.UNSAFE)
    if given.present and not tokens.exists and not item.virtual and not given.via:
        return Fix(title, (Add(item.body.one("metadata_options"), "http_tokens", '"required"'),), Safety.UNSAFE)
    return Fix(title, (), Safety.SHOWN)


@rule(
    each=kind("EC2NodeClass", groups=("karpenter.k8s.aws",)),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"checkov": ["CKV_AWS_79", "CKV_AWS_341"], "hardeneks": ["check_access_to_instance_profile"]},
    fixable="unsafe",
    options={"max_hop": "largest accepted hop limit; 2 where pods need the metadata service"},
)
def karpenter_imds_exposed(item: KubeObject, project: Project, *, max_hop: int = 1) -> Problems:
    """Nodes that Karpenter launches answer pods, or anyone, with the credentials of the instance.

    Version 1 of the metadata service answers any request; version 2 asks for a token first. With a hop limit of 1
    the answer does not reach pods in a network of their own. What a node may do, such as to pull every image and
    to change network interfaces, is then open to each pod on it.

    Without `metadataOptions` Karpenter asks for tokens and sets a limit of 1, and passes. Set `max_hop` to 2 where
    pods need the metadata service.

    ```yaml bad
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: nodes
      metadataOptions:
        httpTokens: optional  # <-
    ```

    ```yaml fixed
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: nodes
      metadataOptions:
        httpTokens: required
    ```

    ```yaml good
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: nodes
      metadataOptions:
        httpTokens: required
        httpPutResponseHopLimit: 1
    ```

    See <https://karpenter.sh/docs/concepts/nodeclasses/#specmetadataoptions> and
    <https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html>.
    """
    options = item.spec["metadataOptions"]
    if options["httpEndpoint"].text != "disabled":
        yield from _karpenter(item, options, max_hop)


def _karpenter(item: KubeObject, options: Node, max_hop: int) -> Iterator[Problem]:
    tokens, hop = options["httpTokens"], options["httpPutResponseHopLimit"]
    if tokens.text == "optional":
        yield Problem(
            f"nodes of {item.title} let version 1 of the metadata service answer without a token",
            tokens,
            fix=Fix("set httpTokens: required", (Set(tokens, "required"),), Safety.UNSAFE),
        )
    if hop.number is not None and hop.number > max_hop:
        yield Problem(
            f"nodes of {item.title} let pods read the credentials of the node: the hop limit is {hop.text},"
            f" at most {max_hop} is asked",
            hop,
            fix=Fix(f"set httpPutResponseHopLimit: {max_hop}", (Set(hop, str(max_hop)),), Safety.UNSAFE),
        )
