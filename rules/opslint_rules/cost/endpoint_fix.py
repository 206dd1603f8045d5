"""The gateway endpoint that a VPC lacks, as new Terraform text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import AppendBlock, Fix, Safety, beside, known_regions, refers_to

if TYPE_CHECKING:
    from opslint.api import Block, Project


def endpoint_fix(vpc: Block, project: Project, service: str) -> Fix:
    """Return the fix that adds a gateway endpoint, only described where its route tables or region cannot be told."""
    title = f"add an aws_vpc_endpoint for {service} with the private route tables"
    regions, tables = known_regions(project), _route_tables(vpc, project)
    call = vpc.call if vpc.virtual else None
    address = f"module.{call.name}" if call is not None else f"aws_vpc.{vpc.name}"
    # One region for all runs of the module, and a VPC that is there once, in the root module.
    if len(regions) != 1 or not tables or (call.address if call is not None else vpc.address) != address:
        return Fix(title, (), Safety.SHOWN)
    body: dict[str, object] = {
        "vpc_id": f"${{{address}.{'vpc_id' if call is not None else 'id'}}}",
        "service_name": f"com.amazonaws.{next(iter(regions))}.{service}",
        "route_table_ids": f"${{{tables}}}",
    }
    block: dict[str, object] = {"resource": [{"aws_vpc_endpoint": {service: body}}]}
    return Fix(title, (AppendBlock(vpc.header, block),), Safety.UNSAFE)


def _route_tables(vpc: Block, project: Project) -> str:
    """Return the expression for the route tables that lead to NAT, "" when it cannot be written."""
    if vpc.virtual and vpc.call is not None:
        return f"module.{vpc.call.name}.private_route_table_ids"
    tables = [one for one in beside(vpc, project, "aws_route_table") if refers_to(one["vpc_id"], vpc)]
    routes = beside(vpc, project, "aws_route")
    found = [
        one
        for one in tables
        if _leads_to_nat(one, [route for route in routes if refers_to(route["route_table_id"], one)])
    ]
    if not found or any(one.address != f"aws_route_table.{one.name}" for one in found):
        return ""
    return "[" + ", ".join(f"{one.address}.id" for one in found) + "]"


def _leads_to_nat(table: Block, routes: list[Block]) -> bool:
    inner = table["route"]
    if inner.known and any(one["nat_gateway_id"].present for one in inner if one.known):
        return True
    return any(one["nat_gateway_id"].present for one in routes)
