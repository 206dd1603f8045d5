"""Traffic that takes the expensive way out of a VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    STRICT,
    Add,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    elsewhere,
    environment_of,
    may_name,
    may_refer_to,
    name_of,
    opaque_beside,
    opaque_receives,
    refers_to,
    refers_to_any,
    resource,
    rule,
)
from opslint_rules.cost.endpoint_fix import endpoint_fix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import ModuleCall, Node, RootModule

_TITLES: Final = {"s3": "S3", "dynamodb": "DynamoDB"}
ENDPOINTS_MODULE: Final = "vpc/aws//modules/vpc-endpoints"


@rule(
    each=resource("aws_vpc"),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    fixable="unsafe",
    options={"services": "gateway services to look for"},
)
def missing_gateway_endpoint(
    item: Block, project: Project, *, services: tuple[str, ...] = ("s3", "dynamodb")
) -> Problems:
    """A VPC with NAT has no free gateway endpoint for S3 (or DynamoDB), so that traffic pays per gigabyte.

    A NAT gateway charges for every gigabyte that passes it. Without a gateway endpoint everything private subnets read
    from and write to S3 passes it: backups, logs, and the layers of every image pulled from ECR, which are stored
    in S3. A gateway endpoint costs nothing and is one resource and an entry in the route tables; an endpoint with no
    route table does nothing and is reported too.

    DynamoDB is asked for only where the project declares a table other than Terraform's lock table. A VPC whose NAT
    gateways depend on an unknown value, and one that is handed to a module that cannot be read, pass.
    Leave it for a VPC whose route tables are managed elsewhere.

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
    ```

    With a region that is known the endpoint can be written:

    ```hcl bad
    provider "aws" {
      region = "eu-central-1"
    }

    module "vpc" {  # <-
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name               = "shop"
      azs                = ["eu-central-1a", "eu-central-1b"]
      private_subnets    = ["10.0.1.0/24", "10.0.2.0/24"]
      public_subnets     = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway = true
    }
    ```

    ```hcl fixed
    provider "aws" {
      region = "eu-central-1"
    }

    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name               = "shop"
      azs                = ["eu-central-1a", "eu-central-1b"]
      private_subnets    = ["10.0.1.0/24", "10.0.2.0/24"]
      public_subnets     = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway = true
    }

    resource "aws_vpc_endpoint" "s3" {
      vpc_id          = module.vpc.vpc_id
      service_name    = "com.amazonaws.eu-central-1.s3"
      route_table_ids = module.vpc.private_route_table_ids
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

    resource "aws_vpc_endpoint" "s3" {
      vpc_id          = module.vpc.vpc_id
      service_name    = "com.amazonaws.eu-central-1.s3"
      route_table_ids = module.vpc.private_route_table_ids
    }
    ```

    See <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>,
    <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/vpc_endpoint>.
    """
    nat = next((gateway for gateway in nat_gateways(item, project)), None)
    if nat is None or opaque_receives(item) or opaque_beside(item, "endpoint"):
        return
    for service in services:
        if service == "dynamodb" and not any(map(_is_data, beside(item, project, "aws_dynamodb_table"))):
            continue
        found = list(_endpoints(item, project, service))
        if not found:
            layers = ", ECR image layers included" if service == "s3" else ""
            title = _TITLES.get(service, service)
            yield Problem(
                f"VPC {name_of(item)} has NAT and no gateway endpoint for {title}:"
                f" traffic to {title} is charged per gigabyte{layers}",
                item.header,
                also=(("the NAT gateway", nat),),
                fix=endpoint_fix(item, project, service),
            )
        for routes in found:
            if routes is not None:
                yield Problem(
                    f"the gateway endpoint for {_TITLES.get(service, service)} of VPC {name_of(item)} is in no"
                    " route table: traffic still goes through NAT",
                    routes,
                )


@rule(
    each=resource("aws_vpc"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"ha_in_prod": "report a single NAT gateway in production"},
)
def nat_gateway_count(item: Block, project: Project, *, ha_in_prod: bool = True) -> Problems:
    """There are more NAT gateways than zones, or a number that does not suit the environment.

    Each gateway is charged by the hour, used or not. More than one a zone brings nothing; the vpc module makes one for
    every private subnet unless it is told otherwise. Development does with one. Production with a single gateway
    loses its way out when that one zone fails, and pays for traffic between zones until then.

    Regional NAT gateways pass, and so do numbers that only an apply could tell. An environment without a sign counts as
    production. Leave it where the traffic is small and an outage of the way out is acceptable.

    ```hcl bad
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name               = "shop"
      azs                = ["eu-central-1a", "eu-central-1b"]
      private_subnets    = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24"]
      public_subnets     = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway = true  # <- four gateways in two zones
    }
    ```

    ```hcl fixed
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name                   = "shop"
      azs                    = ["eu-central-1a", "eu-central-1b"]
      private_subnets        = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24"]
      public_subnets         = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway     = true
      one_nat_gateway_per_az = true
    }
    ```

    ```hcl good
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.0"

      name                   = "shop"
      azs                    = ["eu-central-1a", "eu-central-1b"]
      private_subnets        = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24"]
      public_subnets         = ["10.0.101.0/24", "10.0.102.0/24"]
      enable_nat_gateway     = true
      one_nat_gateway_per_az = true
    }
    ```

    See <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html>,
    <https://aws.amazon.com/vpc/pricing/> and
    <https://registry.terraform.io/modules/terraform-aws-modules/vpc/aws/latest>.
    """
    gateways = list(nat_gateways(item, project))
    zones = _zones(item, project)
    if not gateways or not zones or any(_is_doubtful(one, item) for one in beside(item, project, "aws_nat_gateway")):
        return
    count, said = (
        len(gateways),
        f"VPC {name_of(item)} has {len(gateways)} NAT gateway{'s' if len(gateways) > 1 else ''}",
    )
    nonprod = environment_of(item).is_nonprod
    if nonprod and count > 1:
        yield Problem(
            f"{said}, and one is enough outside production", gateways[0], fix=_count_fix(item, "single_nat_gateway")
        )
    elif count > zones:
        yield Problem(
            f"{said} for {zones} zone{'s' if zones > 1 else ''}: each is charged by the hour",
            gateways[0],
            fix=_count_fix(item, "one_nat_gateway_per_az"),
        )
    elif not nonprod and ha_in_prod and count == 1 and zones > 1:
        single = item.call["single_nat_gateway"] if item.virtual and item.call is not None else None
        yield Problem(
            f"{said} for {zones} zones: when its zone fails, all lose their way out",
            single if single is not None and single.is_true else gateways[0],
            fix=_count_fix(item, "one_nat_gateway_per_az"),
        )


def _is_doubtful(gateway: Block, vpc: Block) -> bool:
    """True for a gateway that may be the VPC's and cannot be counted."""
    if gateway.virtual and gateway.call is not vpc.call:
        return False
    mode = gateway["availability_mode"]
    return gateway.stand_in or not mode.known or mode.text == "regional"


def _zones(vpc: Block, project: Project) -> int:
    """Return the number of zones the VPC has subnets in, 0 when it cannot be told."""
    if vpc.virtual and vpc.call is not None:
        return len(vpc.call["azs"])
    subnets = [one for one in beside(vpc, project, "aws_subnet") if refers_to(one["vpc_id"], vpc)]
    zones = [one["availability_zone"] for one in subnets]
    if any(one.stand_in for one in subnets) or not all(zone.known and zone.present for zone in zones):
        return 0
    return len({zone.text for zone in zones})


def _count_fix(vpc: Block, name: str) -> Fix:
    if vpc.virtual and vpc.call is not None and not vpc.call[name].exists and not vpc.call["single_nat_gateway"].exists:
        return Fix(f"set {name} = true", (Add(vpc.call.body, name, "true"),), Safety.UNSAFE)
    return Fix(f"set {name} = true", (), Safety.SHOWN)


# -- NAT
def nat_gateways(vpc: Block, project: Project) -> Iterator[Node]:
    """Yield a place of each NAT gateway that surely is in the VPC."""
    subnets = [one for one in beside(vpc, project, "aws_subnet") if refers_to(one["vpc_id"], vpc)]
    for gateway in beside(vpc, project, "aws_nat_gateway"):
        if gateway.stand_in:
            continue
        if gateway.virtual and vpc.virtual and gateway.call is vpc.call and gateway.call is not None:
            yield gateway.call["enable_nat_gateway"]
        elif refers_to(gateway["vpc_id"], vpc) or refers_to_any(gateway["subnet_id"], subnets):
            yield gateway["subnet_id"]


# -- endpoints
def _endpoints(vpc: Block, project: Project, service: str) -> Iterator[Node | None]:
    """Yield for each gateway endpoint that is or may be the service's: None, or where its route tables are missing."""
    vpcs = beside(vpc, project, "aws_vpc")
    for endpoint in (*beside(vpc, project, "aws_vpc_endpoint"), *elsewhere(vpc, project, "aws_vpc_endpoint")):
        if endpoint.virtual or not may_be_in(endpoint["vpc_id"], endpoint.root, vpc, vpcs):
            continue
        kind, name = endpoint["vpc_endpoint_type"], endpoint["service_name"]
        if _may_be_gateway(kind, "Gateway") and may_serve(name, service, project):
            sure = endpoint.root is vpc.root and kind.known and name.known and refers_to(endpoint["vpc_id"], vpc)
            yield endpoint["route_table_ids"] if sure and not _is_routed(endpoint, project) else None
    for call in project.calls:
        if ENDPOINTS_MODULE in call.source and (call.root is vpc.root or call.root.path != vpc.root.path):
            yield from _of_module(call, vpc, vpcs, service)


def may_be_in(where: Node, root: RootModule, vpc: Block, vpcs: list[Block]) -> bool:
    """True when a vpc_id is, or may be, the VPC's: another root module has it from a variable or by its literal id."""
    return may_refer_to(where, vpc, vpcs) if root is vpc.root else where.known or may_name(where, vpc)


def _of_module(call: ModuleCall, vpc: Block, vpcs: list[Block], service: str) -> Iterator[Node | None]:
    where = call["vpc_id"]
    if not may_be_in(where, call.root, vpc, vpcs):
        return
    mine = call.root is vpc.root and refers_to(where, vpc)
    endpoints = call["endpoints"]
    if not endpoints.known:
        yield None
        return
    for endpoint in dict(endpoints.items()).values():
        if not endpoint.known:
            yield None
            continue
        name = endpoint["service"] if endpoint["service"].present else endpoint["service_endpoint"]
        kind = endpoint["service_type"] if endpoint["service_type"].present else endpoint["vpc_endpoint_type"]
        if name.known and name.text.rpartition(".")[2] != service:
            continue
        if _may_be_gateway(kind, "Interface"):
            routes = endpoint["route_table_ids"]
            yield routes if mine and kind.known and name.known and _is_empty(routes) else None


def _may_be_gateway(kind: Node, default: str) -> bool:
    return not kind.known or (kind.text or default) == "Gateway"


def may_serve(name: Node, service: str, project: Project) -> bool:
    """True when a service name is, or may be, that of the service: its last piece tells even without the region."""
    unknown = name.unknown
    if unknown is None:
        return name.text.endswith(f".{service}")
    for data in project.data("aws_vpc_endpoint_service"):
        if refers_to(name, data) and data["service"].known:
            return data["service"].text == service
    last = unknown.parts[-1] if unknown.parts else None
    return not isinstance(last, str) or "." not in last or last.endswith(f".{service}")


def _is_routed(endpoint: Block, project: Project) -> bool:
    if not _is_empty(endpoint["route_table_ids"]):
        return True
    endpoints = beside(endpoint, project, "aws_vpc_endpoint")
    for association in beside(endpoint, project, "aws_vpc_endpoint_route_table_association"):
        if may_refer_to(association["vpc_endpoint_id"], endpoint, endpoints):
            return True
    return opaque_receives(endpoint)


def _is_empty(routes: Node) -> bool:
    return routes.known and (not routes.present or (routes.is_list and len(routes) == 0))


# -- tables
def _is_data(table: Block) -> bool:
    """True for a DynamoDB table other than Terraform's lock table, whose key is always LockID."""
    key = table["hash_key"]
    return not table.stand_in and key.known and key.text != "LockID"
