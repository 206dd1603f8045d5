"""Instance classes that newer ones replace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import (
    STRICT,
    Block,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    any_of,
    group_key,
    kind,
    load,
    name_of,
    resource,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Resource: its argument and the service whose families it takes.
_ARGUMENTS: Final = {
    "aws_instance": ("instance_type", "ec2"),
    "aws_launch_template": ("instance_type", "ec2"),
    "aws_launch_configuration": ("instance_type", "ec2"),
    "aws_eks_node_group": ("instance_types", "ec2"),
    "aws_db_instance": ("instance_class", "rds"),
    "aws_rds_cluster_instance": ("instance_class", "rds"),
    "aws_rds_cluster": ("db_cluster_instance_class", "rds"),
    "aws_elasticache_cluster": ("node_type", "elasticache"),
    "aws_elasticache_replication_group": ("node_type", "elasticache"),
}
_PREFIX: Final = {"rds": "db.", "elasticache": "cache."}
_TYPE: Final = "node.kubernetes.io/instance-type"
# The second is EKS Auto Mode's.
_FAMILIES: Final = ("karpenter.k8s.aws/instance-family", "eks.amazonaws.com/instance-family")
_GROUPS: Final = ("karpenter.sh",)


@rule(
    each=any_of(resource(*_ARGUMENTS), kind("NodePool", "Provisioner", groups=_GROUPS)),
    severity=Severity.LOW,
    preset=STRICT,
    related={
        "tflint": [
            "aws_instance_previous_type",
            "aws_db_instance_previous_type",
            "aws_elasticache_cluster_previous_type",
            "aws_elasticache_replication_group_previous_type",
        ]
    },
    options={"include_old": "also report families that are still current and that a newer one succeeds"},
)
def previous_generation_instance(item: Block | KubeObject, project: Project, *, include_old: bool = False) -> Problems:
    """An instance class belongs to a previous generation that costs more for less.

    AWS keeps selling old families at their old price; the current ones do more for less, and the old ones are the first
    to be short in a zone. A node group or database that was sized years ago is the usual place.

    Instances, launch templates, node groups (of the eks module and eksctl too), RDS, ElastiCache, and the types and
    families that a NodePool of Karpenter lists. The families are those that AWS calls previous generation; with
    `include_old` also those with a newer and cheaper successor. Leave it where software is licensed for one family.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m3.large"  # <-
    }
    ```

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
          requirements:
            - key: karpenter.k8s.aws/instance-family
              operator: In
              values:
                - m7i
                - m3  # <-
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m7g.large"
    }
    ```

    ```hcl bad include_old=true
    resource "aws_eks_node_group" "system" {
      cluster_name    = "shop"
      node_group_name = "system"
      instance_types  = ["m7i.large", "m5.large"]  # <-
    }
    ```

    See <https://aws.amazon.com/ec2/previous-generation/>,
    <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html> and
    <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheNode.html>.
    """
    found = _of_object(item) if isinstance(item, KubeObject) else _of_block(item)
    for node, family, service, owner in found:
        families: Any = load("aws/instance_generations")[service]
        if family in families["previous"]:
            yield Problem(f"{owner} uses {node.text}: {family} is a previous generation", node)
        elif include_old and family in families["old"]:
            yield Problem(f"{owner} uses {node.text}: a newer family than {family} costs less", node)


def _of_block(item: Block) -> Iterator[tuple[Node, str, str, str]]:
    key, service = _ARGUMENTS[item.type]
    owner = f"{item.type.removeprefix('aws_').replace('_', ' ')} {name_of(item)}"
    owner = f"node group {group_key(item)}" if group_key(item) else owner
    node = item[key]
    for one in node if node.is_list else (node,):
        if one.known and one.present:
            yield one, _family(one.text.removeprefix(_PREFIX.get(service, ""))), service, owner


def _of_object(item: KubeObject) -> Iterator[tuple[Node, str, str, str]]:
    template = item.spec["template"]["spec"] if item.kind == "NodePool" else item.spec
    for entry in template["requirements"]:
        if entry["operator"].text == "In" and entry["key"].text in {_TYPE, *_FAMILIES}:
            for one in entry["values"]:
                yield one, _family(one.text), "ec2", item.title


def _family(text: str) -> str:
    return text.partition(".")[0]
