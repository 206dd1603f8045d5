"""Public modules become the resources they make, at the arguments that decide them."""

from __future__ import annotations

import json
from importlib.resources import files as package_files
from typing import TYPE_CHECKING

import jsonschema
import pytest
from terraform_folders import read_module as read

from opslint.model.settings import Settings
from opslint.read.module_adapters import adapter_for, allows, major_range, normal_source
from opslint.read.terraform import clusters

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.terraform import Block, RootModule

FOLDER = package_files("opslint_schemas").joinpath("terraform/modules")
TABLES = sorted(entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".json"))


def blocks(module: RootModule, type_: str) -> list[Block]:
    return [block for block in module.blocks if block.type == type_]


def one(module: RootModule, type_: str) -> Block:
    (block,) = blocks(module, type_)
    return block


def call(source: str, version: str, body: str) -> str:
    line = f'  version = "{version}"\n' if version else ""
    return f'module "m" {{\n  source = "{source}"\n{line}{body}\n}}\n'


# -- tables and sources
@pytest.mark.parametrize("name", TABLES)
def test_tables_fit_their_schema(name: str) -> None:
    schema = json.loads(
        package_files("opslint_schemas").joinpath("data_schemas/terraform_module.schema.json").read_text()
    )
    jsonschema.validate(json.loads(FOLDER.joinpath(name).read_text()), schema)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("terraform-aws-modules/eks/aws", "terraform-aws-modules/eks/aws"),
        ("registry.terraform.io/terraform-aws-modules/eks/aws", "terraform-aws-modules/eks/aws"),
        ("terraform-aws-modules/iam/aws//modules/iam-eks-role", "terraform-aws-modules/iam/aws//modules/iam-eks-role"),
        (
            "git::https://github.com/terraform-aws-modules/terraform-aws-eks.git?ref=v20.1.0",
            "terraform-aws-modules/eks/aws",
        ),
        ("github.com/terraform-aws-modules/terraform-aws-rds-aurora", "terraform-aws-modules/rds-aurora/aws"),
        (
            "git@github.com:terraform-aws-modules/terraform-aws-vpc.git//modules/vpc-endpoints?ref=v5.0.0",
            "terraform-aws-modules/vpc/aws//modules/vpc-endpoints",
        ),
        ("https://example.com/x.zip", ""),
        ("s3::https://s3.amazonaws.com/b/eks.zip", ""),
    ],
)
def test_sources(source: str, found: str) -> None:
    assert normal_source(source) == found
    assert (adapter_for(source) is not None) == bool(found)


@pytest.mark.parametrize(
    ("constraint", "majors"),
    [
        ("~> 20.11", [20]),
        ("20.1.0", [20]),
        (">= 19.0, < 21.0", [19, 20]),
        ("~> 19", [19, 20, 21]),
        ("< 18.5", [17, 18]),
        ("> 19.0", [19, 20, 21]),
        ("!= 20.0.0", [17, 18, 19, 20, 21]),
    ],
)
def test_constraints(constraint: str, majors: list[int]) -> None:
    assert [major for major in range(17, 22) if allows(constraint, major)] == majors


def test_ranges() -> None:
    all_ = (17, 18, 19)
    assert [major_range(text, all_) for text in ("18", "18-", "-18", "-")] == [(18,), (18, 19), (17, 18), all_]


# -- eks
EKS = "terraform-aws-modules/eks/aws"


def test_eks_stands_at_its_inputs_and_defaults_at_the_call(tmp_path: Path) -> None:
    module = read(
        tmp_path,
        'locals {\n  v = "1.33"\n}\n' + call(EKS, "~> 20.0", '  cluster_name = "shop"\n  cluster_version = local.v'),
    )
    block = one(module, "aws_eks_cluster")
    assert block.virtual
    assert block.address == "module.m.aws_eks_cluster.this[0]"
    assert (block["name"].text, block["name"].location.text) == ("shop", '"shop"')
    assert (block["version"].text, block["version"].location.text) == ("1.33", "local.v")
    assert block["version"].via[0][1].text == '"1.33"'
    endpoint = block.body.one("vpc_config")["endpoint_public_access"]
    assert endpoint.is_false
    assert endpoint.location.span.line == 4
    assert block.header.text == 'module "m"'
    (found,) = module.calls
    assert (found.how, found.major, block.call) == ("adapter", 20, found)
    assert [cluster.version.text for cluster in clusters([module], Settings())] == ["1.33"]


@pytest.mark.parametrize(
    ("version", "public", "logs"),
    [
        ("17.24.0", True, []),
        ("~> 18.31", True, ["audit", "api", "authenticator"]),
        ("~> 19.0", False, ["audit", "api", "authenticator"]),
        ("~> 21.0", False, ["audit", "api", "authenticator"]),
    ],
)
def test_eks_defaults_by_major(tmp_path: Path, version: str, public: bool, logs: list[str]) -> None:
    block = one(read(tmp_path, call(EKS, version, "")), "aws_eks_cluster")
    assert block.body.one("vpc_config")["endpoint_public_access"].value is public
    assert block["enabled_cluster_log_types"].texts() == logs


def test_eks_without_a_version_is_decided_by_its_inputs(tmp_path: Path) -> None:
    module = read(tmp_path, call(EKS, "", '  name = "x"\n  kubernetes_version = "1.33"'))
    assert module.calls[0].major == 21
    assert one(module, "aws_eks_cluster").body.one("vpc_config")["endpoint_public_access"].is_false


def test_defaults_that_differ_are_unknown_without_a_version(tmp_path: Path) -> None:
    block = one(read(tmp_path, call(EKS, "", "")), "aws_eks_cluster")
    assert not block.body.one("vpc_config")["endpoint_public_access"].known
    assert block.body.one("vpc_config")["public_access_cidrs"].texts() == ["0.0.0.0/0"]


@pytest.mark.parametrize(
    ("version", "body", "encrypted"),
    [
        ("~> 18.0", "", False),
        ("~> 20.0", "", True),
        ("~> 20.0", "  cluster_encryption_config = {}", False),
        ("~> 21.0", "  encryption_config = {}", True),
        ("~> 21.0", "  encryption_config = null", False),
    ],
)
def test_eks_encryption(tmp_path: Path, version: str, body: str, encrypted: bool) -> None:
    block = one(read(tmp_path, call(EKS, version, body)), "aws_eks_cluster")
    assert block["encryption_config"].present is encrypted


def test_eks_addons_and_node_groups(tmp_path: Path) -> None:
    body = """
  cluster_addons = {
    coredns = { addon_version = "v1.11.1-eksbuild.4" }
    vpc-cni = { most_recent = true }
  }
  eks_managed_node_group_defaults = { ami_type = "AL2_x86_64" }
  eks_managed_node_groups = {
    web = { min_size = 2, instance_types = ["t3.small"] }
  }
  cluster_version = "1.30"
"""
    module = read(tmp_path, call(EKS, "~> 20.0", body))
    addons = {block["addon_name"].text: block for block in blocks(module, "aws_eks_addon")}
    assert list(addons) == ["coredns", "vpc-cni"]
    assert addons["coredns"]["addon_version"].location.text == '"v1.11.1-eksbuild.4"'
    assert addons["vpc-cni"]["most_recent"].is_true
    group = one(module, "aws_eks_node_group")
    assert group.address == 'module.m.module.eks_managed_node_group["web"].aws_eks_node_group.this[0]'
    assert group["ami_type"].location.text == '"AL2_x86_64"'
    assert group["version"].text == "1.30"
    scaling = group.body.one("scaling_config")
    assert (scaling["min_size"].number, scaling["max_size"].number) == (2, 3)
    assert one(module, "aws_launch_template").body.one("metadata_options")["http_tokens"].text == "required"


def test_unknown_node_groups_are_one_stand_in(tmp_path: Path) -> None:
    text = 'variable "g" {}\n' + call(EKS, "~> 20.0", "  eks_managed_node_groups = var.g")
    group = one(read(tmp_path, text), "aws_eks_node_group")
    assert group.stand_in
    assert not group["ami_type"].known


def test_outputs_that_repeat_an_input(tmp_path: Path) -> None:
    text = (
        call(EKS, "~> 20.0", '  cluster_name = "shop"')
        + 'resource "aws_x" "a" {\n  n = module.m.cluster_name\n  e = module.m.cluster_endpoint\n}\n'
    )
    block = one(read(tmp_path, text), "aws_x")
    assert block["n"].text == "shop"
    assert block["e"].why == "module.m.cluster_endpoint"


def test_nothing_is_made_of_a_module_that_is_switched_off(tmp_path: Path) -> None:
    assert read(tmp_path, call(EKS, "~> 20.0", "  create = false")).blocks == []


# -- others
def test_rds(tmp_path: Path) -> None:
    body = '  identifier = "db"\n  multi_az = true\n  password = "p"'
    block = one(read(tmp_path, call("terraform-aws-modules/rds/aws", "~> 6.0", body)), "aws_db_instance")
    assert block["multi_az"].is_true
    assert block["storage_encrypted"].is_true
    assert block["deletion_protection"].is_false
    assert block["copy_tags_to_snapshot"].is_false
    assert not block["backup_retention_period"].present


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("", 0),
        ("enable_nat_gateway = true\nsingle_nat_gateway = true", 1),
        ("enable_nat_gateway = true\none_nat_gateway_per_az = true", 3),
        ("enable_nat_gateway = true", 2),
    ],
)
def test_nat_gateways_of_a_vpc(tmp_path: Path, body: str, count: int) -> None:
    lists = 'azs = ["a", "b", "c"]\nprivate_subnets = ["10.0.1.0/24", "10.0.2.0/24"]\n'
    module = read(tmp_path, call("terraform-aws-modules/vpc/aws", "~> 5.0", lists + body))
    assert len(blocks(module, "aws_nat_gateway")) == count
    assert [block["cidr_block"].text for block in blocks(module, "aws_subnet")] == ["10.0.1.0/24", "10.0.2.0/24"]


def test_subnet_tags_of_a_vpc(tmp_path: Path) -> None:
    body = 'public_subnets = ["10.0.1.0/24"]\npublic_subnet_tags = { "kubernetes.io/role/elb" = 1 }'
    block = one(read(tmp_path, call("terraform-aws-modules/vpc/aws", "~> 5.0", body)), "aws_subnet")
    assert block["tags"]["kubernetes.io/role/elb"].text == "1"
    assert not block["tags"]["Name"].known


def test_ecr(tmp_path: Path) -> None:
    block = one(
        read(tmp_path, call("terraform-aws-modules/ecr/aws", "~> 2.0", '  repository_name = "api"')),
        "aws_ecr_repository",
    )
    assert block["image_tag_mutability"].text == "IMMUTABLE"
    assert block.body.one("image_scanning_configuration")["scan_on_push"].is_true


def test_role_for_a_service_account(tmp_path: Path) -> None:
    source = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
    body = """
  role_name = "web"
  oidc_providers = {
    main = {
      provider_arn               = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"
      namespace_service_accounts = ["shop:web"]
    }
  }
"""
    role = one(read(tmp_path, call(source, "~> 5.0", body)), "aws_iam_role")
    assert role["name"].text == "web"
    (statement,) = json.loads(role["assume_role_policy"].text)["Statement"]
    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"
    }
    claims = statement["Condition"]["StringEquals"]
    assert claims["oidc.eks.eu-west-1.amazonaws.com/id/A:sub"] == ["system:serviceaccount:shop:web"]


def test_role_with_an_unknown_provider_keeps_its_account(tmp_path: Path) -> None:
    source = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts"
    body = '  name = "web"\n  oidc_providers = { m = { provider_arn = module.e.arn, namespace_service_accounts = ["shop:web"] } }'
    role = one(read(tmp_path, call(source, "~> 6.0", body)), "aws_iam_role")
    assert role["name_prefix"].text == "web-"
    assert not role["name"].present
    unknown = role["assume_role_policy"].unknown
    assert unknown is not None
    text = "".join(part if isinstance(part, str) else "?" for part in unknown.parts)
    assert json.loads(text)["Statement"][0]["Condition"]["StringEquals"]["*:sub"] == ["system:serviceaccount:shop:web"]


def test_blueprint_addons_are_helm_releases(tmp_path: Path) -> None:
    body = '  enable_argocd = true\n  argocd = { chart_version = "5.51.6", values = ["a: 1"] }\n  enable_velero = false'
    release = one(read(tmp_path, call("aws-ia/eks-blueprints-addons/aws", "~> 1.0", body)), "helm_release")
    assert (release["chart"].text, release["version"].text) == ("argo-cd", "5.51.6")
    assert release["values"].texts() == ["a: 1"]


def test_other_tables(tmp_path: Path) -> None:
    text = (
        call(
            "terraform-aws-modules/s3-bucket/aws", "~> 4.0", '  bucket = "b"\n  versioning = { enabled = true }'
        ).replace('"m"', '"s3"')
        + call("terraform-aws-modules/rds-aurora/aws", "~> 9.0", '  name = "c"\n  instances = { one = {} }').replace(
            '"m"', '"au"'
        )
        + call("terraform-aws-modules/dynamodb-table/aws", "~> 4.0", '  name = "t"').replace('"m"', '"dy"')
        + call("terraform-aws-modules/efs/aws", "~> 1.0", '  name = "f"').replace('"m"', '"efs"')
    )
    module = read(tmp_path, text)
    assert one(module, "aws_s3_bucket_public_access_block")["block_public_acls"].is_true
    assert one(module, "aws_s3_bucket_versioning").body.one("versioning_configuration")["status"].text == "Enabled"
    assert one(module, "aws_rds_cluster")["storage_encrypted"].is_true
    assert one(module, "aws_rds_cluster_instance").address == 'module.au.aws_rds_cluster_instance.this["one"]'
    assert one(module, "aws_dynamodb_table").body.one("point_in_time_recovery")["enabled"].is_false
    assert one(module, "aws_efs_backup_policy").body.one("backup_policy")["status"].text == "ENABLED"


# -- installed
def test_installed_module_is_reported_at_the_caller(tmp_path: Path) -> None:
    manifest = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Source": "x/y/z", "Dir": ".terraform/modules/m"}]}
    inner = 'variable "size" {\n  default = 1\n}\nvariable "n" {}\nresource "aws_x" "a" {\n  size = var.size\n  n    = var.n\n  c    = 5\n}\n'
    (tmp_path / ".terraform/modules/m").mkdir(parents=True)
    (tmp_path / ".terraform/modules/modules.json").write_text(json.dumps(manifest))
    (tmp_path / ".terraform/modules/m/main.tf").write_text(inner)
    module = read(tmp_path, call("x/y/z", "1.0.0", "  n = 7"))
    assert module.calls[0].how == "installed"
    block = one(module, "aws_x")
    assert not block.virtual
    assert (block.header.source.path, block.header.text) == ("main.tf", 'module "m"')
    assert (block["n"].number, block["n"].source.path, block["n"].location.text) == (7, "main.tf", "7")
    for name in ("size", "c", "missing"):
        assert (block[name].source.path, block[name].location.span.line) == ("main.tf", 1)
    assert (block["size"].number, block["c"].number) == (1, 5)


def test_installed_modules_outside_the_root_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    (root / ".terraform/modules").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/main.tf").write_text('resource "aws_x" "a" {}\n')
    manifest = {"Modules": [{"Key": "m", "Source": "x", "Dir": "../out"}]}
    (root / ".terraform/modules/modules.json").write_text(json.dumps(manifest))
    module = read(root, call("x/y/z", "", ""))
    assert [found.how for found in module.calls] == ["opaque"]


@pytest.mark.parametrize("manifest", ["[", "[]", '{"Modules": 3}', '{"Modules": [{"Key": 1, "Dir": []}, 4]}'])
def test_a_broken_list_of_installed_modules_is_ignored(tmp_path: Path, manifest: str) -> None:
    (tmp_path / ".terraform/modules").mkdir(parents=True)
    (tmp_path / ".terraform/modules/modules.json").write_text(manifest)
    assert [found.how for found in read(tmp_path, call("x/y/z", "", "")).calls] == ["opaque"]
