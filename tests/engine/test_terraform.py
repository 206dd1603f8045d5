"""References between blocks, names, accounts and regions, opaque modules, fixes of arguments."""

from pathlib import Path

import pytest

from opslint.engine.terraform import (
    all_accounts_known,
    all_regions_known,
    beside,
    is_literal,
    known_accounts,
    known_regions,
    may_refer_to,
    name_of,
    name_pattern,
    opaque_could_provide,
    opaque_receives,
    provider_accounts,
    refers_to,
    refers_to_any,
    same_run,
    set_argument,
)
from opslint.model.finding import Add, Safety, Set
from opslint.model.settings import ClusterSettings, Settings
from opslint.read.plan import read_project


@pytest.fixture
def project_of(tmp_path):
    def make(files, settings=None):
        for name, text in ({"main.tf": files} if isinstance(files, str) else files).items():
            path = Path(tmp_path, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_project([str(tmp_path)], settings or Settings(root=str(tmp_path))).project

    return make


def block_of(project, address):
    (found,) = [block for module in project.modules for block in module.blocks if block.address == address]
    return found


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
    assert {name_of(block) for block in beside(blocks["dev"], project, "aws_ecr_repository")} == {"dev", "o"}


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
        ('name_prefix = "shop-"', "shop-2025", "web-2025"),
        ('name_prefix = "${var.free}-api-"', "eu-api-2025", "eu-web-2025"),
        ("", "terraform-2025", "shop"),
        ('name = null\nname_prefix = "shop-"', "shop-2025", "web"),
    ],
)
def test_name_pattern(project_of, arguments, fits, misses):
    project = project_of(f'variable "free" {{}}\nresource "aws_iam_role" "r" {{\n{arguments}\n}}\n')
    pattern = name_pattern(block_of(project, "aws_iam_role.r"))
    assert pattern.fullmatch(fits)
    assert not misses or not pattern.fullmatch(misses)


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


PROVIDERS = """
provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}
provider "aws" {
  alias  = "us"
  region = "us-east-1"
  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/deploy"
  }
}
resource "aws_kms_alias" "k" { kms_key_id = "arn:aws:kms:eu-central-1:333333333333:key/1" }
"""


def test_accounts_and_regions(project_of, tmp_path):
    settings = Settings(
        root=str(tmp_path),
        accounts={"444444444444": "prod"},
        clusters=(ClusterSettings(name="c", account="555555555555", region="eu-west-1"),),
    )
    project = project_of(PROVIDERS, settings)
    assert provider_accounts(project) == {"111111111111", "222222222222"}
    assert known_accounts(project) == {f"{digit}" * 12 for digit in range(1, 6)}
    assert known_regions(project) == {"eu-central-1", "us-east-1", "eu-west-1"}
    assert all_accounts_known(project)
    assert all_regions_known(project)


@pytest.mark.parametrize(
    ("text", "accounts", "regions"),
    [
        ('provider "aws" {}', True, False),
        ('variable "x" {}\nprovider "aws" { region = var.x }', True, False),
        ('variable "x" {}\nprovider "aws" {\n region = "r"\n allowed_account_ids = [var.x]\n}', False, True),
        ('variable "x" {}\nprovider "aws" {\n region = "r"\n assume_role {\n role_arn = var.x\n }\n}', False, True),
        ('variable "x" {}\nresource "aws_eks_cluster" "c" { role_arn = var.x }', False, False),
        ('provider "aws" { region = "r" }\nresource "aws_eks_cluster" "c" { role_arn = aws_iam_role.c.arn }', True, True),
        ('provider "google" {}', True, False),
    ],
)
def test_what_may_be_missing_from_accounts_and_regions(project_of, text, accounts, regions):
    project = project_of(text)
    assert all_accounts_known(project) is accounts
    assert all_regions_known(project) is regions


FIXES = """
variable "days" { default = 0 }
resource "aws_db_instance" "d" {
  literal    = 0
  text       = "1.30"
  variable   = var.days
  expression = 1 + 1
}
module "db" {
  source  = "terraform-aws-modules/rds/aws"
  version = "~> 6.0"
}
"""


def test_a_literal_is_set_in_place(project_of):
    block = block_of(project_of(FIXES), "aws_db_instance.d")
    fix = set_argument(block, "literal", "7", Safety.UNSAFE)
    (change,) = fix.changes
    assert isinstance(change, Set)
    assert (change.at.location.text, change.value) == ("0", "7")
    assert (fix.title, fix.safety) == ("set literal = 7", Safety.UNSAFE)
    assert is_literal(block["text"])


def test_a_variable_is_only_described_with_the_place_that_supplies_it(project_of):
    block = block_of(project_of(FIXES), "aws_db_instance.d")
    fix = set_argument(block, "variable", "7", Safety.SAFE)
    assert (fix.changes, fix.title, fix.safety) == ((), "set variable = 7 at main.tf:2", Safety.SHOWN)


def test_an_expression_is_only_described(project_of):
    block = block_of(project_of(FIXES), "aws_db_instance.d")
    fix = set_argument(block, "expression", "7", Safety.SAFE)
    assert (fix.changes, fix.title, fix.safety) == ((), "set expression = 7", Safety.SHOWN)


def test_an_absent_argument_is_added(project_of):
    block = block_of(project_of(FIXES), "aws_db_instance.d")
    (change,) = set_argument(block, "absent", "true", Safety.SAFE).changes
    assert isinstance(change, Add)
    assert (change.to, change.key, change.value) == (block.body, "absent", "true")


def test_an_absent_input_is_added_to_the_module_call(project_of):
    project = project_of(FIXES)
    (block,) = [one for one in project.resources("aws_db_instance") if one.virtual]
    (change,) = set_argument(block, "version", '"1"', Safety.SAFE, "kubernetes_version").changes
    assert isinstance(change, Add)
    assert change.to is block.call.body
    assert change.key == "kubernetes_version"
