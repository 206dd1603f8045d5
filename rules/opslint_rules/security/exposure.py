"""What the whole internet can reach: the Kubernetes API and databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    Add,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    at_caller,
    beside,
    environment_of,
    name_of,
    refers_to,
    resource,
    rule,
    set_argument,
)

if TYPE_CHECKING:
    from opslint.api import Node

_EVERYBODY: Final = frozenset({"0.0.0.0/0", "::/0"})
_ACCESS: Final = ("endpoint_public_access", "cluster_endpoint_public_access")
_CIDRS: Final = ("endpoint_public_access_cidrs", "cluster_endpoint_public_access_cidrs")
_PORTS: Final = {"postgres": 5432, "aurora-postgresql": 5432, "sqlserver": 1433, "oracle": 1521, "db2": 50000}
_MYSQL_PORT: Final = 3306


@rule(
    each=resource("aws_eks_cluster"),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={"checkov": ["CKV_AWS_38"], "trivy": ["AVD-AWS-0041"]},
    related={"checkov": ["CKV_AWS_39"], "trivy": ["AVD-AWS-0040"], "hardeneks": ["check_endpoint_public_access"]},
    cis=["EKS 1.8.0 5.4.1", "EKS 1.8.0 5.4.2"],
    fixable="unsafe",
    options={
        "require_private": "demand endpoint_private_access = true too",
        "include_nonprod": "this rule checks environments that are not production too",
    },
)
def eks_endpoint_open(
    item: Block, project: Project, *, require_private: bool = False, include_nonprod: bool = True
) -> Problems:
    """The Kubernetes API endpoint is reachable from the whole internet.

    Every flaw of the API server and every leaked kubeconfig or token can be used from anywhere then, and each failed
    login is noise in the audit log. A short list of office, VPN and CI addresses costs a line; a private
    endpoint alone, a way into the VPC.

    A plain `aws_eks_cluster` is public to 0.0.0.0/0 when nothing is said; the eks module has a private endpoint only
    since major 19, and opens it to 0.0.0.0/0 when it is made public. Addresses that only an apply could tell pass.
    Leave it when CI runs from addresses nobody can list.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      vpc_config {
        subnet_ids             = ["subnet-1", "subnet-2"]
        endpoint_public_access = true  # <- no public_access_cidrs: open to 0.0.0.0/0
      }
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      vpc_config {
        subnet_ids             = ["subnet-1", "subnet-2"]
        endpoint_public_access = true
        public_access_cidrs    = ["203.0.113.0/24"]
      }
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      vpc_config {
        subnet_ids              = ["subnet-1", "subnet-2"]
        endpoint_private_access = true
        endpoint_public_access  = true
        public_access_cidrs     = ["203.0.113.0/24"]
      }
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_cluster>.
    """
    if not include_nonprod and environment_of(item).is_nonprod:
        return
    network = item.body.one("vpc_config")
    public, cidrs = network["endpoint_public_access"], network["public_access_cidrs"]
    if not public.is_false and _is_open(cidrs):
        listed = _given(item, _CIDRS, cidrs)
        why = "no addresses are listed" if listed is None else "everybody's addresses are listed"
        place = next(node for node in (listed, _given(item, _ACCESS, public), network) if node is not None)
        yield Problem(
            f"the API endpoint of cluster {name_of(item)} is open to the whole internet: {why}",
            *at_caller(item, place, cidrs, public),
            fix=_narrow(item, network, cidrs),
        )
    private = network["endpoint_private_access"]
    if require_private and not private.is_true:
        yield Problem(
            f"the API of cluster {name_of(item)} has no private endpoint: nodes reach it over the internet", private
        )


def _is_open(cidrs: Node) -> bool:
    if not cidrs.present:
        return True
    return any(cidr.known and cidr.text in _EVERYBODY for cidr in cidrs)


def _given(item: Block, inputs: tuple[str, ...], argument: Node) -> Node | None:
    """Return where an argument is written: for a module's block, the input of the call."""
    if not item.virtual or item.call is None:
        return argument if argument.exists else None
    call = item.call
    return next((call[key] for key in inputs if call[key].exists), None)


def _narrow(item: Block, network: Node, cidrs: Node) -> Fix:
    """Describe the list, or add it where there is none: a range for documentation that has to be replaced."""
    title = 'set public_access_cidrs to your own addresses, such as ["203.0.113.0/24"]'
    if item.virtual or cidrs.exists or not network.exists:
        return Fix(title, (), Safety.SHOWN)
    return Fix(title, (Add(network, "public_access_cidrs", '["203.0.113.0/24"]'),), Safety.UNSAFE)


@rule(
    each=resource("aws_db_instance", "aws_rds_cluster_instance", "aws_dms_replication_instance"),
    severity=Severity.CRITICAL,
    preset=RECOMMENDED,
    aliases={"checkov": ["CKV_AWS_17"], "trivy": ["AVD-AWS-0180"]},
    fixable="unsafe",
)
def rds_public(item: Block, project: Project) -> Problems:
    """The database has a public address.

    Its name resolves to an address of the internet, and only security groups stand between everybody and the
    login: one rule that is opened "for a moment" is enough. Scanners find such databases within minutes.

    The provider and the modules default to false and pass. When a security group in the code admits everybody to the
    port, the message says that the database is reachable now. Leave it for demonstration data only.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      publicly_accessible = true  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      publicly_accessible = false
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      publicly_accessible = false
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    public = item["publicly_accessible"]
    if not public.is_true:
        return
    group = _open_group(item, project)
    what = "replication instance" if item.type == "aws_dms_replication_instance" else "database"
    now = "" if group is None else f" and is reachable now: security group {name_of(group)} admits everybody"
    yield Problem(
        f"{what} {name_of(item)} has a public address{now}",
        public,
        also=(("the security group", group.header),) if group is not None else (),
        fix=set_argument(item, "publicly_accessible", "false", Safety.UNSAFE),
    )


def _open_group(item: Block, project: Project) -> Block | None:
    """Return a security group of the database that surely admits everybody to its port."""
    mine = item["vpc_security_group_ids"]
    if not mine.known:
        return None
    port = _port(item)
    for group in beside(item, project, "aws_security_group"):
        if any(refers_to(id_, group) for id_ in mine) and _admits_everybody(group, port, project):
            return group
    return None


def _port(item: Block) -> float:
    port, engine = item["port"], item["engine"]
    if port.known and port.number is not None:
        return port.number
    name = engine.text if engine.known else ""
    return next((number for prefix, number in _PORTS.items() if name.startswith(prefix)), _MYSQL_PORT)


def _admits_everybody(group: Block, port: float, project: Project) -> bool:
    rules = list(group["ingress"]) if group["ingress"].known else []
    if any(_covers(one, ("cidr_blocks", "ipv6_cidr_blocks"), port, "protocol") for one in rules):
        return True
    for one in beside(group, project, "aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
        if refers_to(one["security_group_id"], group) and not (one["type"].known and one["type"].text == "egress"):
            keys = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
            if _covers(one.body, keys, port, "protocol") or _covers(one.body, keys, port, "ip_protocol"):
                return True
    return False


def _covers(entry: Node, keys: tuple[str, ...], port: float, protocol: str) -> bool:
    if not entry.known or not any(_everybody(entry[key]) for key in keys):
        return False
    kind, low, high = entry[protocol], entry["from_port"], entry["to_port"]
    if not (kind.known and low.known and high.known):
        return False
    if kind.text in {"-1", "all"}:
        return True
    return low.number is not None and high.number is not None and low.number <= port <= high.number


def _everybody(node: Node) -> bool:
    if not node.known:
        return False
    return any(cidr.known and cidr.text in _EVERYBODY for cidr in (node if node.is_list else (node,)))
