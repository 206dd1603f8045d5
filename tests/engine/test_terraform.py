"""References between blocks, names, accounts and regions, opaque modules, fixes of arguments."""

import pytest
from blocks import block_of

from opslint.engine.terraform import (
    beside,
    cause_of,
    elsewhere,
    may_name,
    may_refer_to,
    name_glob,
    name_of,
    opaque_beside,
    opaque_could_provide,
    opaque_receives,
    refers_to,
    refers_to_any,
    same_run,
)
from opslint.model.patterns import glob_matches

REFERENCES = """
variable "free" {}
resource "aws_vpc" "a" {
  count = 2
}
resource "aws_vpc" "ab" {}
resource "aws_ecr_repository" "r" { name = "shop" }
resource "aws_ecr_repository" "unknown" { name = var.free }
resource "test" "t" {
  attribute = aws_vpc.a[0].id
  template  = "x-${aws_vpc.a[1].id}"
  prefix    = aws_vpc.ab.id
  literal   = "shop"
  name      = aws_ecr_repository.r.name
  other     = "else"
  free      = var.free
  absent    = null
}
"""


@pytest.mark.parametrize(
    ("argument", "address", "expected"),
    [
        ("attribute", "aws_vpc.a[0]", True),
        ("template", "aws_vpc.a[1]", True),
        ("prefix", "aws_vpc.a[0]", False),  # an address is no prefix of another's name
        ("prefix", "aws_vpc.ab", True),
        ("literal", "aws_ecr_repository.r", True),
        ("name", "aws_ecr_repository.r", True),
        ("other", "aws_ecr_repository.r", False),
        ("free", "aws_ecr_repository.r", False),
        ("absent", "aws_ecr_repository.r", False),
        ("missing", "aws_ecr_repository.r", False),
    ],
)
def test_refers_to(project_of, argument, address, expected):
    project = project_of(REFERENCES)
    assert refers_to(block_of(project, "test.t")[argument], block_of(project, address)) is expected


@pytest.mark.parametrize(
    ("argument", "address", "expected"),
    [
        ("free", "aws_ecr_repository.r", True),
        ("other", "aws_ecr_repository.r", False),
        ("other", "aws_ecr_repository.unknown", True),  # its name may be just that
        ("literal", "aws_ecr_repository.unknown", False),  # that is the other's name
        ("attribute", "aws_ecr_repository.r", True),
    ],
)
def test_may_refer_to(project_of, argument, address, expected):
    project = project_of(REFERENCES)
    repositories = project.resources("aws_ecr_repository")
    node = block_of(project, "test.t")[argument]
    assert may_refer_to(node, block_of(project, address), repositories) is expected


def test_an_attribute_of_another_resource_is_not_one_of_this(project_of):
    project = project_of(REFERENCES)
    node = block_of(project, "test.t")["prefix"]
    assert refers_to_any(node, project.resources("aws_vpc"))
    assert not may_refer_to(node, block_of(project, "aws_vpc.a[0]"), project.resources("aws_vpc"))


def test_an_output_of_a_known_module_is_its_resource(project_of):
    project = project_of(
        """
        module "net" {
          source  = "terraform-aws-modules/vpc/aws"
          version = "~> 5.0"
          name    = "shop"
        }
        resource "test" "t" {
          vpc    = module.net.vpc_id
          subnet = module.net.default_security_group_id
        }
        """
    )
    (vpc,) = project.resources("aws_vpc")
    test = block_of(project, "test.t")
    assert refers_to(test["vpc"], vpc)
    assert not refers_to(test["subnet"], vpc)


def test_blocks_of_another_environment_are_not_beside(project_of):
    project = project_of(
        {
            "main.tf": 'variable "name" {}\nresource "aws_ecr_repository" "r" { name = var.name }\n',
            "dev.tfvars": 'name = "dev"\n',
            "prod.tfvars": 'name = "prod"\n',
            "other/main.tf": 'resource "aws_ecr_repository" "o" { name = "o" }\n',
        }
    )
    blocks = {name_of(block): block for block in project.resources("aws_ecr_repository")}
    assert set(blocks) == {"dev", "prod", "o"}
    assert not same_run(blocks["dev"], blocks["prod"])
    assert same_run(blocks["dev"], blocks["o"])
    assert [name_of(block) for block in beside(blocks["dev"], project, "aws_ecr_repository")] == ["dev"]
    assert [name_of(block) for block in elsewhere(blocks["dev"], project, "aws_ecr_repository")] == ["o"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"shop"', True),
        ('"else"', False),
        ("var.free", True),
        ("data.terraform_remote_state.base.outputs.name", True),
        ("aws_ecr_repository.mine.name", False),
        ("module.mine.name", False),
    ],
)
def test_may_name(project_of, value, expected):
    project = project_of(
        {
            "a/main.tf": 'resource "aws_ecr_repository" "r" { name = "shop" }\n',
            "b/main.tf": 'variable "free" {}\nresource "aws_ecr_repository" "mine" {}\n'
            'module "mine" {\nsource = "git::https://git.example.com/m.git"\n}\n'
            f'resource "test" "t" {{ name = {value} }}\n',
        }
    )
    assert may_name(block_of(project, "test.t")["name"], block_of(project, "aws_ecr_repository.r")) is expected


def test_the_name_is_the_address_when_it_cannot_be_told(project_of):
    project = project_of('variable "n" {}\nresource "aws_iam_role" "r" { name = var.n }\nresource "aws_vpc" "v" {}\n')
    assert name_of(block_of(project, "aws_iam_role.r")) == "aws_iam_role.r"
    assert name_of(block_of(project, "aws_vpc.v")) == "aws_vpc.v"


@pytest.mark.parametrize(
    ("arguments", "fits", "misses"),
    [
        ('name = "shop.api"', "shop.api", "shop-api"),
        ('name = "shop-${var.free}-api"', "shop-eu-api", "shop-eu-web"),
        ("name = var.free", "anything", ""),
        ('name = "shop[1]*"', "shop[1]*", "shop1x"),
        ('name_prefix = "shop-"', "shop-2025", "web-2025"),
        ('name_prefix = "${var.free}-api-"', "eu-api-2025", "eu-web-2025"),
        ("", "terraform-2025", "shop"),
        ('name = null\nname_prefix = "shop-"', "shop-2025", "web"),
    ],
)
def test_name_glob(project_of, arguments, fits, misses):
    project = project_of(f'variable "free" {{}}\nresource "aws_iam_role" "r" {{\n{arguments}\n}}\n')
    glob = name_glob(block_of(project, "aws_iam_role.r"))
    assert glob_matches(fits, glob)
    assert not misses or not glob_matches(misses, glob)


def test_many_unknown_pieces_do_not_backtrack(project_of):
    name = "a".join(["${var.free}"] * 40)
    project = project_of(f'variable "free" {{}}\nresource "aws_iam_role" "r" {{ name = "{name}z" }}\n')
    assert not glob_matches("a" * 64, name_glob(block_of(project, "aws_iam_role.r")))


OPAQUE = """
variable "free" {{}}
resource "aws_vpc" "v" {{}}
module "extra" {{
  source = "git::https://git.example.com/network.git"
  {}
}}
"""


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("vpc = aws_vpc.v.id", True),
        ("settings = { vpc = [aws_vpc.v.id] }", True),
        ("vpc = var.free", True),  # it may be the VPC
        ('vpc = "vpc-1"', False),
        ("region = data.aws_region.current.name", False),
    ],
)
def test_opaque_receives(project_of, argument, expected):
    project = project_of(OPAQUE.format(argument))
    assert opaque_receives(block_of(project, "aws_vpc.v")) is expected


def test_opaque_could_provide(project_of):
    project = project_of(OPAQUE.format(""))
    assert opaque_could_provide(project)
    assert opaque_could_provide(project, "network")
    assert opaque_could_provide(project, "role", "extra")
    assert not opaque_could_provide(project, "role")


def test_only_modules_of_the_same_root_are_beside(project_of):
    project = project_of(
        {
            "a/main.tf": OPAQUE.format(""),
            "b/main.tf": 'resource "aws_vpc" "b" {}\n',
        }
    )
    blocks = {block.name: block for block in project.resources("aws_vpc")}
    assert opaque_beside(blocks["v"], "network")
    assert not opaque_beside(blocks["v"], "role")
    assert not opaque_beside(blocks["b"], "network")


MODULES = {
    "main.tf": """
module "a" {
  source = "./a"
}
resource "aws_vpc" "this" {}
resource "test" "t" {
  inner = module.a.id
  own   = aws_vpc.this.id
}
""",
    "a/main.tf": """
module "b" {
  source = "example.com/b/aws"
}
resource "aws_vpc" "this" {}
data "aws_region" "here" {}
data "terraform_remote_state" "else" {}
resource "test" "t" {
  own    = aws_vpc.this.id
  first  = module.b.subnets[0]
  second = module.b.subnets[1]
  here   = data.aws_region.here.name
  other  = data.terraform_remote_state.else.outputs.id
}
output "id" {
  value = aws_vpc.this.id
}
""",
}


def test_a_reference_inside_a_module_is_to_that_modules_block(project_of):
    project = project_of(MODULES)
    root, inner = block_of(project, "test.t"), block_of(project, "module.a.test.t")
    outside, inside = block_of(project, "aws_vpc.this"), block_of(project, "module.a.aws_vpc.this")
    assert refers_to(inner["own"], inside)
    assert not refers_to(inner["own"], outside)
    assert refers_to(root["inner"], inside)
    assert not refers_to(root["inner"], outside)
    assert refers_to(root["own"], outside)
    assert not refers_to(root["own"], inside)


def test_a_cause_is_said_as_its_own_module_writes_it(project_of):
    inner = block_of(project_of(MODULES), "module.a.test.t")
    assert inner["own"].why == "module.a.aws_vpc.this.id"
    assert cause_of(inner["own"]) == "aws_vpc.this.id"
    assert cause_of(inner["here"]) == "data.aws_region.here.name"
    assert cause_of(inner["first"]) == "module.a.module.b.subnets[0]"


def test_members_of_an_unknown_list_are_told_apart(project_of):
    inner = block_of(project_of(MODULES), "module.a.test.t")
    assert inner["second"].why == "module.a.module.b.subnets[1]"


def test_what_another_state_holds_may_be_a_name_inside_a_module_too(project_of):
    project = project_of(MODULES)
    inner, vpc = block_of(project, "module.a.test.t"), block_of(project, "aws_vpc.this")
    assert may_name(inner["other"], vpc)
    assert may_name(inner["here"], vpc)
    assert not may_name(inner["own"], vpc)
