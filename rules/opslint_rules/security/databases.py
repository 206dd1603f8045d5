"""Who reaches a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    beside,
    name_of,
    opaque_receives,
    refers_to,
    resource,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATABASES: Final = ("aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")
_PORTS: Final = {
    "postgres": 5432,
    "aurora-postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "aurora-mysql": 3306,
    "aurora": 3306,
    "sqlserver": 1433,
    "oracle": 1521,
    "docdb": 27017,
    "neptune": 8182,
}
_OPEN: Final = frozenset({"0.0.0.0/0", "::/0"})
# What manifests get the address of a database from.
_USERS: Final = (
    "aws_secretsmanager_secret_version",
    "aws_ssm_parameter",
    "helm_release",
    "kubernetes_secret",
    "kubernetes_secret_v1",
    "kubernetes_config_map",
    "kubernetes_config_map_v1",
)


class Way(NamedTuple):
    """A rule that lets traffic in; `source` is a CIDR, a security group, or an unknown."""

    source: Node
    first: Node
    last: Node
    protocol: Node

    def admits(self, port: int) -> bool:
        """True when the rule lets in what goes to the port."""
        if self.protocol.text in {"-1", "all"}:
            return True
        low, high = self.first.number, self.last.number
        return low is not None and high is not None and low <= port <= high


@rule(
    each=resource(*_DATABASES),
    severity=Severity.HIGH,
    preset=STRICT,
    applies_to="cross",
    options={"check_reachability": "report a database that the cluster needs and its security groups keep out"},
)
def db_security_group_gap(item: Block, project: Project, *, check_reachability: bool = True) -> Problems:
    """The database's security group is open to everyone, or closed to the cluster that needs it.

    A group that lets 0.0.0.0/0 in makes the network no obstacle: the password alone decides, and one public subnet or
    one changed flag puts the database on the internet. The opposite is found at the first rollout only: pods run into
    timeouts, because a security group drops what it does not know.

    The rules of the groups in `vpc_security_group_ids` are read where they are resources of the same root module:
    inline, `aws_security_group_rule` and `aws_vpc_security_group_ingress_rule`. Closed groups are reported when the
    root has an EKS cluster, a secret or release gets the address of the database, and every source is a security group
    of its own that no node has. Anything unknown passes. Leave it for databases that are public on purpose.

    ```hcl bad
    resource "aws_security_group" "db" {
      name = "db"
      ingress {
        from_port   = 5432
        to_port     = 5432
        protocol    = "tcp"
        cidr_blocks = ["0.0.0.0/0"]  # <-
      }
    }

    resource "aws_db_instance" "orders" {
      identifier             = "orders"
      engine                 = "postgres"
      instance_class         = "db.m7g.large"
      vpc_security_group_ids = [aws_security_group.db.id]
    }
    ```

    ```hcl good
    resource "aws_security_group" "db" {
      name = "db"
      ingress {
        from_port       = 5432
        to_port         = 5432
        protocol        = "tcp"
        security_groups = [module.eks.node_security_group_id]
      }
    }

    resource "aws_db_instance" "orders" {
      identifier             = "orders"
      engine                 = "postgres"
      instance_class         = "db.m7g.large"
      vpc_security_group_ids = [aws_security_group.db.id]
    }

    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.34"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html>.
    """
    port = _port(item)
    groups = _groups(item, project)
    if not port or not groups:
        return
    for group in groups:
        for way in _ways(group, project):
            if _is_told(way) and way.source.text in _OPEN and way.admits(port):
                yield Problem(
                    f"security group {name_of(group)} lets everyone ({way.source.text}) reach port {port} of database"
                    f" {name_of(item)}",
                    way.source,
                )
    if check_reachability:
        yield from _closed(item, groups, port, project)


def _port(item: Block) -> int:
    given = item["port"]
    if given.number is not None:
        return int(given.number)
    engine = item["engine"].text or ("docdb" if "docdb" in item.type else "neptune" if "neptune" in item.type else "")
    found = _PORTS.get(engine)
    return found or next((port for name, port in _PORTS.items() if engine.startswith(f"{name}-")), 0)


def _groups(item: Block, project: Project) -> list[Block]:
    """Return the security groups of a database; none when one of them cannot be told."""
    given = item["vpc_security_group_ids"]
    if not given.known:
        return []
    every = beside(item, project, "aws_security_group")
    found = [next((group for group in every if refers_to(node, group)), None) for node in given]
    return [group for group in found if group is not None] if None not in found else []


def _ways(group: Block, project: Project) -> Iterator[Way]:
    """Yield what lets traffic into a group; unknown parts stay unknown nodes."""
    for entry in group["ingress"] if group["ingress"].known else [group["ingress"]]:
        if not entry.known:
            yield Way(entry, entry, entry, entry)
            continue
        yield from _sources(
            entry, ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"), "protocol"
        )
    for one in beside(group, project, "aws_security_group_rule"):
        if not refers_to(one["security_group_id"], group):
            continue
        direction = one["type"]
        if not direction.known:
            yield Way(direction, direction, direction, direction)
        elif direction.text == "ingress":
            keys = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "source_security_group_id")
            yield from _sources(one.body, keys, "protocol")
    for one in beside(group, project, "aws_vpc_security_group_ingress_rule"):
        if refers_to(one["security_group_id"], group):
            keys = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
            yield from _sources(one.body, keys, "ip_protocol")


def _sources(entry: Node, keys: tuple[str, ...], protocol: str) -> Iterator[Way]:
    for key in keys:
        node = entry[key]
        for source in node if node.known and node.is_list else [node]:
            if source.present:
                yield Way(source, entry["from_port"], entry["to_port"], entry[protocol])


def _is_told(way: Way) -> bool:
    return all(node.known for node in way)


# -- closed to the cluster
def _closed(item: Block, groups: list[Block], port: int, project: Project) -> Problems:
    clusters = beside(item, project, "aws_eks_cluster")
    user = next((one for one in beside(item, project, *_USERS) if _uses(one, item)), None)
    if len(clusters) != 1 or user is None or any(opaque_receives(group) for group in groups):
        return
    rules = (
        *beside(item, project, "aws_security_group_rule"),
        *beside(item, project, "aws_vpc_security_group_ingress_rule"),
    )
    if any(not refers_to_one(one["security_group_id"], item, project) or one.stand_in for one in rules):
        return
    own = beside(item, project, "aws_security_group")
    for group in groups:
        for way in _ways(group, project):
            if not all(node.known for node in way[1:]):
                return
            if way.admits(port) and not any(
                refers_to(way.source, one) and not _is_worn(one, item, project) for one in own
            ):
                return
    yield Problem(
        f"database {name_of(item)} lets no node of cluster {name_of(clusters[0])} in, and {user.address} hands out its"
        " address",
        item["vpc_security_group_ids"],
        also=(("the security group", groups[0].header),),
    )


def refers_to_one(node: Node, item: Block, project: Project) -> bool:
    """True when an argument surely is the id of a security group of the item's own root module."""
    return any(refers_to(node, group) for group in beside(item, project, "aws_security_group"))


def _uses(one: Block, item: Block) -> bool:
    return any(not node.known and refers_to(node, item) for node in one.body.walk())


def _is_worn(group: Block, item: Block, project: Project) -> bool:
    """True when nodes, or pods, may have the security group."""
    if project.of_kind("SecurityGroupPolicy", "EC2NodeClass"):
        return True
    for one in beside(item, project, "aws_launch_template", "aws_eks_cluster", "aws_instance", "aws_network_interface"):
        if any(not node.known and refers_to(node, group) for node in one.body.walk()):
            return True
    calls = [call for call in project.calls if call.root is item.root]
    return any(not node.known and refers_to(node, group) for call in calls for node in call.body.walk())
