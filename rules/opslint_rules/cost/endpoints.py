"""Interface endpoints that a cluster would use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    STRICT,
    Block,
    Problem,
    Problems,
    Project,
    Severity,
    beside,
    elsewhere,
    name_of,
    opaque_beside,
    opaque_receives,
    refers_to,
    refers_to_any,
    resource,
    rule,
)
from opslint_rules.cost.network import ENDPOINTS_MODULE, may_be_in, may_serve, nat_gateways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import ModuleCall, Node

# What else may lead out of a VPC than a NAT gateway.
_WAYS_OUT = (
    "aws_nat_gateway",
    "aws_internet_gateway",
    "aws_egress_only_internet_gateway",
    "aws_instance",
    "aws_ec2_transit_gateway_vpc_attachment",
    "aws_vpc_peering_connection",
    "aws_vpn_gateway",
    "aws_dx_gateway_association",
    "aws_networkmanager_vpc_attachment",
)


@rule(
    each=resource("aws_vpc"),
    severity=Severity.LOW,
    preset=STRICT,
    options={"services": "services of AWS to look for, for example sts, logs, ec2, secretsmanager too"},
)
def missing_interface_endpoint(
    item: Block, project: Project, *, services: tuple[str, ...] = ("ecr.api", "ecr.dkr")
) -> Problems:
    """Image pulls and other AWS API traffic of the cluster go through NAT because interface endpoints are missing.

    A NAT gateway charges for every gigabyte. Calls of ECR, logs that agents send and secrets that are read all take
    that way out. An interface endpoint is charged by the hour and zone, and much less by the gigabyte: with little
    traffic it costs more than it saves, so this is a hint. (Image layers come from S3, see missing-gateway-endpoint.)

    Asked for where the VPC has NAT and the subnets of an EKS cluster belong to it. An endpoint without private DNS is
    reported too: clients do not find it; `private_dns_enabled` defaults to false. Where a private cluster has no way
    out at all, nodes cannot pull an image without the endpoints, and the message says so. Leave it where NAT traffic is
    small.

    ```hcl bad
    module "vpc" {  # <-
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name               = "shop"
      azs                = ["eu-central-1a", "eu-central-1b"]
      private_subnets    = ["10.0.1.0/24", "10.0.2.0/24"]
      public_subnets     = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway = true
    }

    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.34"
      vpc_id          = module.vpc.vpc_id
      subnet_ids      = module.vpc.private_subnets
    }
    ```

    ```hcl good
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name               = "shop"
      azs                = ["eu-central-1a", "eu-central-1b"]
      private_subnets    = ["10.0.1.0/24", "10.0.2.0/24"]
      public_subnets     = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway = true
    }

    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.34"
      vpc_id          = module.vpc.vpc_id
      subnet_ids      = module.vpc.private_subnets
    }

    module "endpoints" {
      source  = "terraform-aws-modules/vpc/aws//modules/vpc-endpoints"
      version = "~> 5.0"

      vpc_id = module.vpc.vpc_id
      endpoints = {
        ecr_api = { service = "ecr.api", private_dns_enabled = true, subnet_ids = module.vpc.private_subnets }
        ecr_dkr = { service = "ecr.dkr", private_dns_enabled = true, subnet_ids = module.vpc.private_subnets }
      }
    }
    ```

    See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/vpc_endpoint>.
    """
    cluster = next((one for one in beside(item, project, "aws_eks_cluster") if _is_in(one, item, project)), None)
    if cluster is None or opaque_receives(item) or opaque_beside(item, "endpoint"):
        return
    nat = next((gateway for gateway in nat_gateways(item, project)), None)
    if nat is None and not _is_closed(item, cluster, project):
        return
    for service in services:
        found = list(_endpoints(item, project, service))
        if not found:
            lost = (
                f"calls of {service} take the NAT gateway and are charged by the gigabyte (an endpoint is charged by"
                " the hour and zone)"
                if nat is not None
                else f"nodes of private cluster {name_of(cluster)} cannot reach {service}: there is no NAT either"
            )
            yield Problem(
                f"VPC {name_of(item)} has no interface endpoint for {service}: {lost}",
                item.header,
                also=(("the cluster", cluster.header), *((("the NAT gateway", nat),) if nat is not None else ())),
            )
        for at in found:
            if at is not None:
                yield Problem(
                    f"the interface endpoint for {service} of VPC {name_of(item)} has no private DNS: clients do not"
                    " find it",
                    at,
                )


def _is_in(cluster: Block, vpc: Block, project: Project) -> bool:
    """True when the cluster's subnets surely are the VPC's."""
    if cluster.virtual and cluster.call is not None and refers_to(cluster.call["vpc_id"], vpc):
        return True
    where = cluster.body.one("vpc_config")
    subnets = where["subnet_ids"] if where.known else where
    if vpc.virtual and vpc.call is not None:
        nodes = list(subnets) if subnets.known else [subnets]
        return bool(nodes) and all(node.why.startswith(f"{vpc.call.address}.") for node in nodes)
    own = [one for one in beside(vpc, project, "aws_subnet") if refers_to(one["vpc_id"], vpc)]
    return subnets.known and len(subnets) > 0 and all(refers_to_any(node, own) for node in subnets)


def _is_closed(vpc: Block, cluster: Block, project: Project) -> bool:
    """True when the cluster is private and nothing leads out of its VPC."""
    if cluster.body.one("vpc_config")["endpoint_public_access"].is_true or vpc.root.opaque:
        return False
    if not cluster.body.one("vpc_config")["endpoint_public_access"].present:
        return False  # the provider's default is true
    if vpc.virtual and vpc.call is not None:
        return not vpc.call["public_subnets"].present and not any(
            one.call is not vpc.call for one in beside(vpc, project, *_WAYS_OUT)
        )
    return not beside(vpc, project, *_WAYS_OUT)


def _endpoints(vpc: Block, project: Project, service: str) -> Iterator[Node | None]:
    """Yield for each interface endpoint that is or may be the service's: None, or where private DNS is missing."""
    vpcs = beside(vpc, project, "aws_vpc")
    for one in (*beside(vpc, project, "aws_vpc_endpoint"), *elsewhere(vpc, project, "aws_vpc_endpoint")):
        if one.virtual or not may_be_in(one["vpc_id"], one.root, vpc, vpcs):
            continue
        kind, name = one["vpc_endpoint_type"], one["service_name"]
        if (not kind.known or kind.text == "Interface") and may_serve(name, service, project):
            sure = one.root is vpc.root and kind.known and name.known and refers_to(one["vpc_id"], vpc)
            yield one["private_dns_enabled"] if sure and _is_off(one["private_dns_enabled"]) else None
    for call in project.calls:
        if ENDPOINTS_MODULE in call.source and (call.root is vpc.root or call.root.path != vpc.root.path):
            yield from _of_module(call, vpc, vpcs, service)


def _of_module(call: ModuleCall, vpc: Block, vpcs: list[Block], service: str) -> Iterator[Node | None]:
    if not may_be_in(call["vpc_id"], call.root, vpc, vpcs):
        return
    mine = call.root is vpc.root and refers_to(call["vpc_id"], vpc)
    if not call["endpoints"].known:
        yield None
        return
    for one in dict(call["endpoints"].items()).values():
        if not one.known:
            yield None
            continue
        name = one["service"] if one["service"].present else one["service_endpoint"]
        kind, dns = one["service_type"], one["private_dns_enabled"]
        if name.known and name.text != service and not name.text.endswith(f".{service}"):
            continue
        if not kind.known or kind.text in {"", "Interface"}:
            sure = mine and kind.known and name.known and _is_off(dns)
            yield (dns if dns.exists else one) if sure else None


def _is_off(flag: Node) -> bool:
    return flag.known and not flag.is_true
