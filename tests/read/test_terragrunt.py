"""terragrunt.hcl: a local module with the inputs of the file, on the lines of both; the rest is unknown or opaque."""

from __future__ import annotations

import pytest

MODULE = 'variable "days" {}\nvariable "name" {}\nresource "aws_db_instance" "a" {\n  identifier = var.name\n  d = var.days\n}\n'
ROOT = 'locals {\n  days = 3\n}\ninputs = {\n  days = local.days\n  name = "common"\n}\n'
PROD = """\
include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "../../modules//db"
}
dependency "vpc" {
  config_path = "../vpc"
}
locals {
  name = "orders"
}
inputs = {
  name = "${local.name}-prod"
}
"""


def only(project):
    (block,) = project.resources("aws_db_instance")
    return block


def test_a_module_with_inputs_of_the_file_and_of_what_it_includes(read):
    reading = read({"modules/db/main.tf": MODULE, "live/prod/terragrunt.hcl": PROD, "root.hcl": ROOT})
    block = only(reading.project)
    assert reading.failures == []
    assert (block.root.path, block.environment.name) == ("live/prod", "prod")
    assert block["identifier"].text == "orders-prod"
    assert (block["identifier"].source.path, block["identifier"].location.span.line) == ("modules/db/main.tf", 4)
    assert [(place.source.path, place.span.line) for _, place in block["identifier"].via] == [
        ("live/prod/terragrunt.hcl", 14)
    ]
    assert block["d"].number == 3
    assert [(place.source.path, place.span.line) for _, place in block["d"].via] == [("root.hcl", 5), ("root.hcl", 2)]


def test_each_file_is_a_root_of_its_own(read):
    other = PROD.replace("-prod", "-dev")
    project = read(
        {
            "modules/db/main.tf": MODULE,
            "live/prod/terragrunt.hcl": PROD,
            "live/dev/terragrunt.hcl": other,
            "root.hcl": ROOT,
        }
    ).project
    assert [block["identifier"].text for block in project.resources("aws_db_instance")] == ["orders-dev", "orders-prod"]


def test_what_only_terragrunt_could_tell_is_unknown(read, tmp_path):
    made = tmp_path / "made"
    text = 'terraform {\n  source = "../db"\n}\ninputs = {\n  name = dependency.vpc.outputs.name\n  days = run_cmd("touch", "%s")\n}\n'
    block = only(read({"db/main.tf": MODULE, "live/terragrunt.hcl": text % made}).project)
    assert block["identifier"].why == "dependency.vpc.outputs.name"
    assert not block["d"].known
    assert not made.exists()


@pytest.mark.parametrize(
    "source", ['"git::https://example.com/db.git?ref=v1"', '"../none"', '"../../../outside"', "local.none"]
)
def test_a_module_that_cannot_be_read_is_an_opaque_call(read, source):
    reading = read({"live/terragrunt.hcl": f"terraform {{\n  source = {source}\n}}\n"})
    (call,) = reading.project.calls
    assert (call.how, call.header.source.path, call.header.span.line) == ("opaque", "live/terragrunt.hcl", 2)
    assert reading.coverage.opaque_modules == 1


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("tfr:///terraform-aws-modules/rds/aws?version=6.10.0", "6.10.0"),
        ("tfr://registry.terraform.io/terraform-aws-modules/rds/aws?version=6.10.0", "6.10.0"),
        ("git::https://github.com/terraform-aws-modules/terraform-aws-rds.git?ref=v6.10.0", ""),
    ],
)
def test_a_public_module_is_seen_through_its_table(read, source, version):
    text = f'terraform {{\n  source = "{source}"\n}}\ninputs = {{\n  identifier = "db"\n  multi_az = local.x\n}}\n'
    reading = read({"live/terragrunt.hcl": text + "locals {\n  x = true\n}\n"})
    block = only(reading.project)
    assert (block["identifier"].text, block["identifier"].location.span.line) == ("db", 5)
    assert block["multi_az"].is_true
    assert (block["deletion_protection"].is_false, block.header.span.line) == (True, 2)
    (call,) = reading.project.calls
    assert (call.how, call.major, call.version, call["identifier"].text) == ("adapter", 6, version, "db")


def test_a_file_beside_a_module_gives_it_its_inputs(read):
    reading = read({"prod/terragrunt.hcl": 'inputs = {\n  days = 3\n  name = "orders"\n}\n', "prod/main.tf": MODULE})
    block = only(reading.project)
    assert (block["d"].number, block["identifier"].text) == (3, "orders")
    assert [(place.source.path, place.span.line) for _, place in block["d"].via] == [("prod/terragrunt.hcl", 2)]


def test_a_file_for_others_to_include_is_no_root(read):
    reading = read({"terragrunt.hcl": ROOT, "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
    assert reading.project.modules == []


@pytest.mark.parametrize(
    "text",
    [
        'include "a" {\n  path = "terragrunt.hcl"\n}\nterraform {\n  source = "../db"\n}\n',
        'include "a" {\n  path = find_in_parent_folders(1, 2)\n}\nterraform {\n  source = ["../db"]\n}\n',
        'locals {\n  a = local.a\n}\nterraform {\n  source = "../${local.a}"\n}\ninputs = merge(1)\n',
        "terraform {\n  source = \n",
    ],
)
def test_odd_files_raise_nothing(read, text):
    read({"db/main.tf": MODULE, "live/terragrunt.hcl": text})
