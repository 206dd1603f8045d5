"""What Terraform is read with is looked up where it is, and only what is asked for is imported, parsed or computed."""

import json
import subprocess
import sys
from collections import Counter
from importlib import import_module
from importlib.resources import files as package_files

import pytest
from processes import child_environment

import opslint_schemas
from opslint.read import module_adapters
from opslint.read.evaluate import expressions, functions
from opslint.read.module_adapters import adapter_for

VPC = """\
module "vpc" {
  source          = "terraform-aws-modules/vpc/aws"
  version         = "6.0.0"
  private_subnets = [for i in range(3) : cidrsubnet("10.0.0.0/16", 8, i)]
  public_subnets  = var.unset
}
variable "unset" {}
"""


def sources():
    folder = package_files("opslint_schemas").joinpath(module_adapters.FOLDER)
    tables = [json.loads(entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".json")]
    return [source for table in tables for module in table["modules"] for source in module["sources"]]


@pytest.fixture
def parsed(monkeypatch):
    """Return the names of the tables that are parsed from now on."""
    names = []
    before = opslint_schemas.load
    monkeypatch.setattr(opslint_schemas, "load", lambda name: names.append(name) or before(name))
    for kept in (module_adapters._named, module_adapters._adapters):
        kept.cache_clear()
    return names


def test_every_source_of_a_table_is_found_and_stands_in_one_only():
    every = sources()
    assert [source for source in every if adapter_for(source) is None] == []
    assert len(every) == len(set(every)) > 10


def test_only_the_file_that_names_a_source_is_parsed(parsed):
    assert adapter_for("terraform-aws-modules/ecr/aws") is not None
    assert parsed == ["terraform/modules/ecr"]


@pytest.mark.parametrize("source", ["", "./here", "acme/eks/aws", "git::https://example.com/x.git", "a/b/c\ud800"])
def test_for_any_other_source_none_is(parsed, source):
    assert (adapter_for(source), parsed) == (None, [])


def test_every_function_is_found_and_stands_in_one_table_only():
    tables = [import_module(f"{functions.__name__}.{topic}").TABLE for topic in functions._TOPICS]
    names = Counter(name for table in tables for name in table)
    assert names.most_common(1)[0][1] == 1
    assert all(functions.function_named(name) is table[name] for table in tables for name in table)
    assert functions.function_named("nobody") is None


def test_an_input_of_a_module_is_evaluated_once_however_many_resources_are_made_of_it(read, monkeypatch):
    called = Counter()
    before = expressions.call_function
    monkeypatch.setattr(expressions, "call_function", lambda name, *rest: called.update([name]) or before(name, *rest))
    (root,) = read({"main.tf": VPC}).project.modules
    assert len([block.body.plain() for block in root.blocks if block.type == "aws_subnet"]) > 3
    assert called["cidrsubnet"] == 3


def test_what_is_not_asked_for_is_not_imported(write):
    root = write({"main.tf": 'resource "aws_eip" "a" { tags = merge({ a = jsonencode([1]) }, {}) }'})
    code = (
        "import sys; from opslint.read.plan import read_project; from opslint.model.settings import Settings\n"
        "(module,) = read_project(['.'], Settings()).project.modules\n"
        "assert module.blocks[0]['tags']['a'].text == '[1]'\n"
        "print(*sys.modules)"
    )
    environment = child_environment()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    unasked = {"terragrunt", "terraform_objects", "terraform_plan", "evaluate.functions.strings", "hcl.tf_json"}
    assert {f"opslint.read.{name}" for name in unasked}.isdisjoint(done.stdout.split())
