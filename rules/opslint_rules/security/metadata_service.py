"""Who may ask an instance for its credentials."""

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
    any_of,
    at_caller,
    beside,
    group_key,
    is_literal,
    kind,
    name_of,
    refers_to,
    resource,
    rule,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOUNS: Final = {"aws_instance": "instance", "aws_launch_configuration": "launch configuration"}
_LIMIT: Final = "http_put_response_hop_limit"


@rule(
    each=any_of(
        resource("aws_launch_template", "aws_instance", "aws_launch_configuration"),
        kind("EC2NodeClass", groups=("karpenter.k8s.aws",)),
    ),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"trivy": ["AVD-AWS-0130", "AVD-AWS-0028"]},
    related={"checkov": ["CKV_AWS_79", "CKV_AWS_341"], "hardeneks": ["check_access_to_instance_profile"]},
    fixable="unsafe",
    options={"max_hop": "largest accepted hop limit; 2 where pods need the metadata service"},
)
def imds_exposed(item: Block | KubeObject, project: Project, *, max_hop: int = 1) -> Problems:
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

    Nodes of Karpenter ask for tokens and have a limit of 1 unless their class says otherwise:

    ```yaml bad
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: nodes
      metadataOptions:
        httpTokens: optional  # <-
        httpPutResponseHopLimit: 2  # <-
    ```

    ```yaml fixed
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: nodes
      metadataOptions:
        httpTokens: required
        httpPutResponseHopLimit: 1
    ```

    eksctl sets a limit of 2 without `disablePodIMDS`, which it refuses beside `withAddonPolicies`:

    ```yaml bad
    apiVersion: eksctl.io/v1alpha5
    kind: ClusterConfig
    metadata: {name: shop, region: eu-central-1, version: "1.35"}
    managedNodeGroups:
      - name: general  # <-
        disableIMDSv1: false  # <-
    ```

    ```yaml good
    apiVersion: eksctl.io/v1alpha5
    kind: ClusterConfig
    metadata: {name: shop, region: eu-central-1, version: "1.35"}
    managedNodeGroups:
      - name: general
        disablePodIMDS: true
    ```

    See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>,
    <https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html>,
    <https://karpenter.sh/docs/concepts/nodeclasses/#specmetadataoptions> and
    <https://docs.aws.amazon.com/eks/latest/eksctl/security.html>.
    """
    if isinstance(item, Block):
        yield from _of_template(item, project, max_hop)
        return
    options = item.spec["metadataOptions"]
    if options["httpEndpoint"].text != "disabled":
        yield from _of_class(item, options, max_hop)


def _of_template(item: Block, project: Project, max_hop: int) -> Iterator[Problem]:
    given = item["metadata_options"]
    options = item.body.one("metadata_options") if given.present else item.body["\0"]
    if options["http_endpoint"].text == "disabled":
        return
    # What is known first: a value that only an apply could tell ends the rule.
    for node in sorted((options["http_tokens"], options[_LIMIT]), key=lambda one: not one.known):
        if node.key == _LIMIT:
            yield from _limit(item, node, project, max_hop)
        else:
            yield from _tokens(item, given, node, project)


def _tokens(item: Block, given: Node, tokens: Node, project: Project) -> Iterator[Problem]:
    if tokens.text == "required" or (tokens.text == "" and _has_default(project)):
        return
    why = "http_tokens is optional" if tokens.present else "http_tokens is not set, which means optional"
    yield Problem(
        f"{_title(item)} lets version 1 of the metadata service answer without a token:"
        f" {'disableIMDSv1 is false' if _is_eksctl(item) else why}",
        *at_caller(item, tokens if given.present else given),
        fix=_fix(item, given, tokens),
    )


def _limit(item: Block, hop: Node, project: Project, max_hop: int) -> Iterator[Problem]:
    if hop.number is None or hop.number <= max_hop or not _is_for_nodes(item, project):
        return
    if _is_eksctl(item):
        fix = Fix("set disablePodIMDS: true", (), Safety.SHOWN)
    else:
        fix = set_value(hop, _LIMIT, str(max_hop), Safety.UNSAFE)
    why = "without disablePodIMDS " if _is_eksctl(item) else ""
    yield Problem(
        f"{_title(item)} lets pods read the credentials of the node: {why}the hop limit is {hop.text},"
        f" at most {max_hop} is asked",
        *at_caller(item, hop),
        fix=fix,
    )


def _is_eksctl(item: Block) -> bool:
    return item.virtual and item.call is None


def _title(item: Block) -> str:
    key = item.name if _is_eksctl(item) else group_key(item)
    return f"node group {key}" if key else f"{_NOUNS.get(item.type, 'launch template')} {name_of(item)}"


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
    if _is_eksctl(item):
        return Fix("set disableIMDSv1: true", (), Safety.SHOWN)
    title = 'set http_tokens = "required"'
    if is_literal(tokens):
        return set_value(tokens, "http_tokens", '"required"', Safety.UNSAFE)
    if given.present and not tokens.exists and not item.virtual and not given.via:
        return Fix(title, (Add(item.body.one("metadata_options"), "http_tokens", '"required"'),), Safety.UNSAFE)
    if not given.exists and not item.virtual:
        change = Add(item.body, "metadata_options", '{\n  http_tokens = "required"\n}')
        return Fix(title, (change,), Safety.UNSAFE)
    return Fix(title, (), Safety.SHOWN)


def _of_class(item: KubeObject, options: Node, max_hop: int) -> Iterator[Problem]:
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
