"""Whose cost it is, and where it can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    OPT_IN,
    SCALED_KINDS,
    Block,
    KubeObject,
    Problem,
    Problems,
    Project,
    RootModule,
    Severity,
    any_of,
    kind,
    name_of,
    opaque_could_provide,
    parse_image,
    project,
    resource,
    root_module,
    rule,
    template_of,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.api import Node

# Resources that cost something and take `tags`. Source: their pages of the AWS provider.
_TAGGABLE: Final = (
    "aws_alb",
    "aws_ami",
    "aws_cloudwatch_log_group",
    "aws_db_instance",
    "aws_docdb_cluster",
    "aws_dynamodb_table",
    "aws_ebs_snapshot",
    "aws_ebs_volume",
    "aws_ecr_repository",
    "aws_efs_file_system",
    "aws_eip",
    "aws_eks_cluster",
    "aws_eks_fargate_profile",
    "aws_eks_node_group",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_instance",
    "aws_kinesis_stream",
    "aws_kms_key",
    "aws_lambda_function",
    "aws_lb",
    "aws_mq_broker",
    "aws_msk_cluster",
    "aws_nat_gateway",
    "aws_neptune_cluster",
    "aws_opensearch_domain",
    "aws_rds_cluster",
    "aws_rds_cluster_instance",
    "aws_redshift_cluster",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sqs_queue",
    "aws_vpc_endpoint",
)
_VIEWS: Final = ("opencost", "kubecost", "cost-analyzer")
_SEEN: Final = (
    "aws_budgets_budget",
    "aws_ce_anomaly_monitor",
    "aws_cur_report_definition",
    "aws_bcmdataexports_export",
)


@rule(
    each=any_of(
        workload(*SCALED_KINDS, "DaemonSet", "CronJob"),
        kind("Namespace", groups=("",), system=False),
        kind("EC2NodeClass", groups=("karpenter.k8s.aws",)),
        resource(*_TAGGABLE),
        root_module(),
    ),
    severity=Severity.LOW,
    preset=OPT_IN,
    aliases={
        "tflint": ["aws_provider_missing_default_tags", "aws_resource_missing_tags"],
        "kyverno": ["require-labels", "require-kubecost-labels"],
        "kube-linter": ["required-label-owner"],
    },
    options={
        "labels": "groups of alternative label keys: one of each group has to be there",
        "tags": "tag keys that AWS resources need",
    },
)
def missing_cost_labels(
    item: Block | KubeObject | RootModule,
    project: Project,
    *,
    labels: tuple[tuple[str, ...], ...] = (("app.kubernetes.io/name", "app"), ("team", "owner")),
    tags: tuple[str, ...] = ("Environment", "Owner"),
) -> Problems:
    """Workloads or AWS resources lack the labels that attribute their cost.

    A cost view splits the bill by labels and tags. What has none ends in the share that nobody owns, which is the one
    that grows.

    Manifests: pod templates (their labels are the pods') and namespaces need one label of each group in `labels`; an
    EC2NodeClass needs the keys of `tags` in `spec.tags`. Terraform: resources that cost something need the keys after
    the provider's `default_tags` are merged; an AWS provider without `default_tags` is reported once instead of each of
    its resources that lack them. Tags may be in any case. Unknown maps pass. Leave it for repositories whose tags are
    set by another tool.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web}  # <- no team, no owner
        spec:
          containers: [{name: web, image: "web:1"}]
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web, team: storefront}
        spec:
          containers: [{name: web, image: "web:1"}]
    ```

    ```hcl bad
    provider "aws" {  # <- no default_tags
      region = "eu-central-1"
    }

    resource "aws_s3_bucket" "assets" {
      bucket = "shop-assets"
    }
    ```

    ```hcl good
    provider "aws" {
      region = "eu-central-1"
      default_tags {
        tags = { Environment = "prod", Owner = "storefront" }
      }
    }

    resource "aws_s3_bucket" "assets" {
      bucket = "shop-assets"
    }
    ```

    See <https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html>,
    <https://docs.aws.amazon.com/cur/latest/userguide/split-cost-allocation-data.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging>.
    """
    if isinstance(item, RootModule):
        yield from _providers(item, tags)
    elif isinstance(item, Block):
        yield from _resource(item, tags)
    elif item.kind == "EC2NodeClass":
        given = item.spec["tags"]
        if lost := _lost(tags, (key for key, _ in given.items())):
            at = given if given.exists else item.metadata["name"]
            yield Problem(f"{item.title} has no tag {', '.join(lost)}: nobody owns its cost", at)
    elif item.kind != "Namespace" or item.name not in project.system_namespaces:
        own = item.metadata if item.kind == "Namespace" else template_of(item)["metadata"]
        yield from _without(item.title, own["labels"], labels, item.metadata["name"])


def _without(title: str, given: Node, groups: tuple[tuple[str, ...], ...], at: Node) -> Problems:
    keys = {key for key, _ in given.items()}
    lost = [" or ".join(group) for group in groups if keys.isdisjoint(group)]
    if lost:
        yield Problem(f"{title} has no label {', '.join(lost)}: nobody owns its cost", given if given.exists else at)


def _lost(tags: Iterable[str], keys: Iterable[str]) -> list[str]:
    """Return the wanted tags that are not among the keys: `owner` is as good as `Owner`."""
    have = {key.lower() for key in keys}
    return [tag for tag in tags if tag.lower() not in have]


def _providers(item: RootModule, tags: tuple[str, ...]) -> Problems:
    for name, provider in item.providers:
        if name.partition(".")[0] != "aws" or provider["default_tags"].present:
            continue
        found = {tag for one in item.blocks if (one.provider or "aws") == name for tag in _lacking(one, tags)}
        if found:
            lost = ", ".join(tag for tag in tags if tag in found)
            yield Problem(f"provider {name} has no default_tags, and resources of it have no tag {lost}", provider)


def _lacking(block: Block, tags: tuple[str, ...]) -> list[str]:
    """Return the tags that a resource which costs something surely has not itself."""
    if block.type not in _TAGGABLE or block.mode != "resource" or block.stand_in or not block["tags"].known:
        return []
    return _lost(tags, (key for key, _ in block["tags"].items()))


def _resource(item: Block, tags: tuple[str, ...]) -> Problems:
    providers = dict(item.root.providers)
    provider = providers.get(item.provider or "aws")
    if provider is not None and not provider["default_tags"].present:
        return  # said once, of the provider
    if provider is None and item.root.generated:
        return
    keys = {key for key, _ in item["tags"].items()}
    if provider is not None and item.virtual:
        # A module's resources are made by the provider it is given, the default one unless told otherwise.
        keys |= {key for key, _ in provider.one("default_tags")["tags"].items()}
    lost = _lost(tags, keys)
    if lost and not item.stand_in:
        node = item["tags"]
        yield Problem(
            f"{item.type.removeprefix('aws_').replace('_', ' ')} {name_of(item)} has no tag {', '.join(lost)}: nobody"
            " owns its cost",
            node if node.key_span is not None else item.header,
        )


@rule(each=project(), severity=Severity.INFO, preset=OPT_IN, applies_to="cross")
def no_cost_visibility(item: Project, project: Project) -> Problems:
    """A cluster is declared but nothing in the project makes its cost visible.

    The bill says what the nodes cost, not which namespace filled them. Without a view by workload the monthly review
    has nothing to look at, and the first sign of a leak is next month's invoice.

    Looked for: OpenCost or Kubecost as chart, image or EKS add-on; an AWS budget, anomaly monitor, cost and usage
    report or data export in Terraform. Silent without workloads, and where a chart, an Application or a module could
    not be read. Leave it where the view is set up elsewhere.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {  # <-
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }
    ```
    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers: [{name: web, image: "web:1"}]
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }

    resource "helm_release" "opencost" {
      name       = "opencost"
      repository = "https://opencost.github.io/opencost-helm-chart"
      chart      = "opencost"
      version    = "2.1.0"
    }
    ```
    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers: [{name: web, image: "web:1"}]
    ```

    See <https://opencost.io/docs/>,
    <https://docs.aws.amazon.com/eks/latest/userguide/cost-monitoring.html> and
    <https://docs.aws.amazon.com/cost-management/latest/userguide/manage-ad.html>.
    """
    cluster = next((one for one in item.clusters if one.block is not None), None)
    if cluster is None or cluster.block is None or not any(unit.workloads for unit in item.units):
        return
    if not all(unit.closed for unit in item.units) or opaque_could_provide(item, "cost", "budget", "addon", "argo"):
        return
    if item.resources(*_SEEN) or any(word in name for name in _names(item) for word in _VIEWS):
        return
    yield Problem(
        f"nothing makes the cost of cluster {name_of(cluster.block)} visible: no OpenCost or Kubecost, no budget, no"
        " anomaly monitor",
        cluster.block.header,
    )


def _names(item: Project) -> Iterator[str]:
    """Yield the names of everything that could be a cost view."""
    for chart in item.charts:
        yield chart.name
        yield chart.path
        for dependency in chart.metadata["dependencies"] if chart.metadata.known else ():
            yield dependency["name"].text
    for block in item.resources("aws_eks_addon", "helm_release"):
        for key in ("addon_name", "chart", "name"):
            yield block[key].text
    for one in item.objects:
        if one.kind in {"Application", "HelmRelease", "ApplicationSet", "HelmChart"}:
            yield from (node.text for node in one.spec.walk() if node.known and node.is_scalar)
        for container in one.containers if one.is_workload else ():
            image = parse_image(container.image.text)
            yield image.full_repository if image is not None else ""
