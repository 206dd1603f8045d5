"""What the tables of public modules say, where a major's own code was found to differ from a first guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, read_terraform

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.node import Node
    from opslint.model.terraform import Block

EKS = "terraform-aws-modules/eks/aws"
AURORA = "terraform-aws-modules/rds-aurora/aws"
ENDPOINTS = "terraform-aws-modules/vpc/aws//modules/vpc-endpoints"


def made(root: Path, source: str, version: str, body: str, type_: str) -> list[Block]:
    """Return the blocks of a type that a call makes."""
    line = f'  version = "{version}"\n' if version else ""
    (root / "main.tf").write_text(f'module "m" {{\n  source = "{source}"\n{line}{body}\n}}\n')
    (module,) = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), root).modules
    return [block for block in module.blocks if block.type == type_]


def shown(node: Node) -> Any:
    """Return a plain value, `?` for an unknown one."""
    return "?" if node.unknown is not None else node.plain()


@pytest.mark.parametrize(("logs", "count"), [("", 0), ('cluster_enabled_log_types = ["api"]', 1)])
def test_eks_17_makes_a_log_group_only_for_logs(tmp_path: Path, logs: str, count: int) -> None:
    assert len(made(tmp_path, EKS, "~> 17.0", logs, "aws_cloudwatch_log_group")) == count


def test_log_group_inputs_decide_the_major(tmp_path: Path) -> None:
    (group,) = made(tmp_path, EKS, "", "cluster_log_retention_in_days = 7\ncluster_enabled_log_types = [1]",
                    "aws_cloudwatch_log_group")  # fmt: skip
    assert group["retention_in_days"].number == 7


GIVEN = 'metadata_options = { http_endpoint = "enabled" }'


@pytest.mark.parametrize(
    ("version", "given", "tokens", "hops"),
    [
        ("~> 20.0", "", "required", 2),
        ("~> 20.0", GIVEN, None, None),  # the given map takes the place of the whole default
        ("~> 21.0", "", "required", 1),
        ("~> 21.0", GIVEN, "required", 1),  # an object with optional() attributes fills in what is absent
        (">= 20.0", GIVEN, "?", "?"),
    ],
)
def test_metadata_options_that_are_given(
    tmp_path: Path, version: str, given: str, tokens: object, hops: object
) -> None:
    body = f"eks_managed_node_groups = {{\n  a = {{\n  {given}\n  }}\n}}"
    (template,) = made(tmp_path, EKS, version, body, "aws_launch_template")
    options = template.body.one("metadata_options")
    assert (shown(options["http_tokens"]), shown(options["http_put_response_hop_limit"])) == (tokens, hops)


def test_defaults_of_all_groups_are_not_mixed_with_those_of_one(tmp_path: Path) -> None:
    body = """
  eks_managed_node_group_defaults = { metadata_options = { http_tokens = "required" } }
  eks_managed_node_groups = {
    a = { metadata_options = { http_endpoint = "enabled" } }
    b = {}
  }"""
    templates = made(tmp_path, EKS, "~> 19.0", body, "aws_launch_template")
    assert [shown(each.body.one("metadata_options")["http_tokens"]) for each in templates] == [None, "required"]


@pytest.mark.parametrize(
    ("given", "percentage", "number"),
    [("", 33, None), ("update_config = { max_unavailable = 1 }", None, 1)],
)
@pytest.mark.parametrize("version", ["~> 19.0", "~> 20.0", "~> 21.0"])
def test_update_config_that_is_given(
    tmp_path: Path, version: str, given: str, percentage: object, number: object
) -> None:
    body = f"eks_managed_node_groups = {{\n  a = {{\n  {given}\n  }}\n}}"
    (group,) = made(tmp_path, EKS, version, body, "aws_eks_node_group")
    update = group.body.one("update_config")
    assert (shown(update["max_unavailable_percentage"]), shown(update["max_unavailable"])) == (percentage, number)


@pytest.mark.parametrize(("own", "templates", "size"), [("true", 1, None), ("false", 0, 50)])
def test_disk_size_counts_without_the_modules_launch_template(
    tmp_path: Path, own: str, templates: int, size: object
) -> None:
    body = (
        f"eks_managed_node_groups = {{\n  a = {{\n    use_custom_launch_template = {own}\n    disk_size = 50\n  }}\n}}"
    )
    (group,) = made(tmp_path, EKS, "~> 20.0", body, "aws_eks_node_group")
    assert shown(group["disk_size"]) == size
    assert len(made(tmp_path, EKS, "~> 20.0", body, "aws_launch_template")) == templates


@pytest.mark.parametrize(
    ("version", "addons", "expected"),
    [
        ("~> 18.0", "cluster_addons", (None, None, None)),
        ("~> 20.0", "cluster_addons", ("OVERWRITE", "OVERWRITE", True)),
        ("~> 21.0", "addons", ("NONE", "OVERWRITE", True)),
    ],
)
def test_conflicts_of_addons(tmp_path: Path, version: str, addons: str, expected: tuple[object, ...]) -> None:
    (addon,) = made(tmp_path, EKS, version, f"{addons} = {{ coredns = {{}} }}", "aws_eks_addon")
    names = ("resolve_conflicts_on_create", "resolve_conflicts_on_update", "preserve")
    assert tuple(shown(addon[name]) for name in names) == expected


@pytest.mark.parametrize(("mode", "blocks"), [("", 1), ('engine_mode = "serverless"', 0)])
def test_serverless_v2_needs_provisioned_mode(tmp_path: Path, mode: str, blocks: int) -> None:
    body = f"serverlessv2_scaling_configuration = {{ min_capacity = 1 }}\n{mode}"
    (cluster,) = made(tmp_path, AURORA, "~> 9.0", body, "aws_rds_cluster")
    assert len(cluster["serverlessv2_scaling_configuration"]) == blocks


def test_gateway_endpoints_have_routes_and_interface_endpoints_have_subnets(tmp_path: Path) -> None:
    body = """
  subnet_ids = ["s"]
  endpoints = {
    s3  = { service = "s3", service_type = "Gateway", route_table_ids = ["r"] }
    ecr = { service = "ecr.api", route_table_ids = ["r"] }
  }"""
    endpoints = made(tmp_path, ENDPOINTS, "~> 5.0", body, "aws_vpc_endpoint")
    found = [(shown(each["route_table_ids"]), shown(each["subnet_ids"])) for each in endpoints]
    assert found == [(["r"], None), (None, ["s"])]


@pytest.mark.parametrize("name", ["dynamodb-table", "efs"])
def test_a_name_tag_that_the_module_adds_is_there(tmp_path: Path, name: str) -> None:
    type_ = {"dynamodb-table": "aws_dynamodb_table", "efs": "aws_efs_file_system"}[name]
    (block,) = made(tmp_path, f"terraform-aws-modules/{name}/aws", "", 'tags = { team = "a" }', type_)
    assert (shown(block["tags"]["Name"]), shown(block["tags"]["team"])) == ("?", "a")
