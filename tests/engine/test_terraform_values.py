"""Accounts and regions, versions, fixes of arguments."""

import pytest
from blocks import block_of

from opslint.engine.terraform import (
    all_accounts_known,
    all_regions_known,
    allowed_majors,
    asked_minor,
    cluster_of,
    is_literal,
    known_accounts,
    known_regions,
    minor_of,
    provider_accounts,
    registry_name,
    set_argument,
)
from opslint.model.finding import Add, Safety, Set
from opslint.model.settings import ClusterSettings, Settings

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
        (
            'provider "aws" { region = "r" }\nresource "aws_eks_cluster" "c" { role_arn = aws_iam_role.c.arn }',
            True,
            True,
        ),
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


@pytest.mark.parametrize(
    ("text", "minor"), [("1.31", 31), ("v1.31.7-eksbuild.2", 31), (" 1.9 ", 9), ("1", None), ("2.1", None), ("", None)]
)
def test_minor_of(text, minor):
    assert minor_of(text) == minor


@pytest.mark.parametrize(("wanted", "minor"), [("", None), ("next", 34), ("1.34,1.36", 36), ("1.30", 30)])
def test_asked_minor(project_of, tmp_path, wanted, minor):
    project = project_of("", Settings(root=str(tmp_path), target_version=wanted))
    assert asked_minor(project, 33) == minor


def test_an_addon_belongs_to_the_cluster_it_names_or_to_its_module(project_of):
    project = project_of(
        """
        resource "aws_eks_cluster" "a" { name = "a" }
        resource "aws_eks_cluster" "b" { name = "b" }
        resource "aws_eks_addon" "literal" { cluster_name = "b" }
        resource "aws_eks_addon" "reference" { cluster_name = aws_eks_cluster.a.id }
        resource "aws_eks_addon" "other" { cluster_name = "c" }
        module "eks" {
          source         = "terraform-aws-modules/eks/aws"
          version        = "~> 20.0"
          cluster_addons = { coredns = {} }
        }
        """
    )
    found = {addon.name: cluster_of(addon, project) for addon in project.resources("aws_eks_addon")}
    assert {name: cluster and cluster.address for name, cluster in found.items()} == {
        "literal": "aws_eks_cluster.b",
        "reference": "aws_eks_cluster.a",
        "other": None,
        "this": "module.eks.aws_eks_cluster.this[0]",
    }


@pytest.mark.parametrize(
    ("version", "lowest", "highest"),
    [("~> 20.1", 20, 20), (">= 19.0, < 21.0", 19, 20), (">= 20.0", 20, 99), ("", 0, 99), ("5.1.0", 5, 5)],
)
def test_allowed_majors(project_of, version, lowest, highest):
    project = project_of(f'module "m" {{\nsource = "terraform-aws-modules/eks/aws"\nversion = "{version}"\n}}\n')
    (call,) = project.calls
    majors = allowed_majors(call)
    assert (min(majors), max(majors)) == (lowest, highest)
    assert registry_name(call) == "terraform-aws-modules/eks/aws"
