"""Variables files make one run each; local modules are judged through their callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from terraform_folders import addresses, only, read

from opslint.model.settings import Settings, TerraformEnvironment
from opslint.read.terraform import TerraformDirectory, read_terraform

if TYPE_CHECKING:
    from pathlib import Path

# -- environments
ENVIRONMENTS = {
    "infra/main.tf": 'variable "v" {}\nvariable "n" {\n  default = 1\n}\nresource "aws_x" "a" {\n  v = var.v\n  n = var.n\n}\n',
    "infra/terraform.tfvars": "n = 7\n",
    "infra/dev.tfvars": 'v = "small"\n',
    "infra/prod.tfvars": 'v = "large"\n',
}


def test_one_run_for_each_variables_file(tmp_path: Path) -> None:
    result = read(tmp_path, ENVIRONMENTS)
    seen = [(m.path, m.environment.name, m.environment.stage, m.blocks[0]["v"].text) for m in result.modules]
    assert seen == [("infra", "dev", "nonprod", "small"), ("infra", "prod", "prod", "large")]
    node = result.modules[1].blocks[0]["v"]
    ((label, place),) = node.via
    assert label == "set in prod.tfvars"
    assert (place.source.path, place.text) == ("infra/prod.tfvars", '"large"')
    assert result.modules[0].blocks[0]["n"].number == 7
    assert {file.source.path for file in result.files} == set(ENVIRONMENTS)


@pytest.mark.parametrize("name", ["envs/prod.tfvars", "env/prod/terraform.tfvars", "tfvars/prod.tfvars.json"])
def test_variables_in_folders(tmp_path: Path, name: str) -> None:
    text = '{"v": "large"}' if name.endswith(".json") else 'v = "large"\n'
    result = read(tmp_path, {"main.tf": ENVIRONMENTS["infra/main.tf"], name: text})
    (module,) = result.modules
    assert (module.environment.name, module.blocks[0]["v"].text) == ("prod", "large")


def test_configured_environments(tmp_path: Path) -> None:
    runs = (TerraformEnvironment("live", ("prod.tfvars",)), TerraformEnvironment("lab", ("infra/dev.tfvars",)))
    result = read(tmp_path, ENVIRONMENTS, Settings(root=str(tmp_path), terraform={"infra": runs}))
    seen = [(m.environment.name, m.environment.stage, m.blocks[0]["v"].text) for m in result.modules]
    assert seen == [("live", "prod", "large"), ("lab", "nonprod", "small")]


def test_command_line_and_environment_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_v", "from-env")
    files = {"main.tf": ENVIRONMENTS["infra/main.tf"].replace("default = 1", "type = list(number)")}
    assert not read(tmp_path, files).modules[0].blocks[0]["v"].known
    block = read(tmp_path, files, Settings(tf_env=True, tf_vars=("n=[1, 2]",))).modules[0].blocks[0]
    assert block["v"].text == "from-env"
    assert block["n"].plain() == [1, 2]
    assert block["v"].via[0][0] == "TF_VAR_v"


def test_directory_and_variable_name_the_environment(tmp_path: Path) -> None:
    text = 'variable "environment" {\n  default = "staging"\n}\n'
    result = read(tmp_path, {"envs/prod/main.tf": 'resource "aws_x" "a" {}\n', "other/main.tf": text})
    assert [(m.environment.name, m.environment.stage) for m in result.modules] == [
        ("prod", "prod"),
        ("staging", "nonprod"),
    ]


# -- local modules
MODULES = {
    "main.tf": 'variable "v" {}\nmodule "db" {\n  source  = "./modules/db"\n  version_of = var.v\n}\noutput "o" {\n  value = module.db.name\n}\nresource "aws_y" "b" {\n  n = module.db.name\n}\n',
    "prod.tfvars": 'v = "15"\n',
    "modules/db/main.tf": 'variable "version_of" {}\nresource "aws_x" "a" {\n  engine = var.version_of\n  name   = "db-${var.version_of}"\n}\noutput "name" {\n  value = aws_x.a.name\n}\n',
}


def test_local_module_is_judged_through_its_caller(tmp_path: Path) -> None:
    result = read(tmp_path, MODULES)
    (module,) = result.modules
    assert [call.how for call in module.calls] == ["local"]
    block = only(result, "aws_x")
    assert block.address == "module.db.aws_x.a"
    assert block.call is module.calls[0]
    node = block["engine"]
    assert node.text == "15"
    assert (node.source.path, node.location.text) == ("modules/db/main.tf", "var.version_of")
    assert [(label, place.source.path, place.text) for label, place in node.via] == [
        ("module.db", "main.tf", "var.v"),
        ("set in prod.tfvars", "prod.tfvars", '"15"'),
    ]
    assert only(result, "aws_y")["n"].text == "db-15"


def test_module_for_each(tmp_path: Path) -> None:
    files = {
        "main.tf": 'module "m" {\n  for_each = toset(["a", "b"])\n  source   = "./m"\n  name     = each.key\n}\n',
        "m/main.tf": 'variable "name" {}\nresource "aws_x" "a" {\n  name = var.name\n}\n',
    }
    result = read(tmp_path, files)
    assert addresses(result) == ['module.m["a"].aws_x.a', 'module.m["b"].aws_x.a']
    assert [block["name"].text for block in result.modules[0].blocks] == ["a", "b"]


def test_module_with_an_unknown_count_is_a_stand_in(tmp_path: Path) -> None:
    files = {
        "main.tf": 'variable "n" {}\nmodule "m" {\n  count  = var.n\n  source = "./m"\n}\n',
        "m/main.tf": 'resource "aws_x" "a" {\n  s = 1\n}\n',
    }
    assert only(read(tmp_path, files), "aws_x").stand_in


def test_optional_attributes_get_their_defaults(tmp_path: Path) -> None:
    files = {
        "main.tf": 'module "m" {\n  source = "./m"\n  o      = { a = 1 }\n}\n',
        "m/main.tf": 'variable "o" {\n  type = object({ a = string, b = optional(number, 7), c = optional(string) })\n}\nresource "aws_x" "a" {\n  o = var.o\n}\n',
    }
    node = only(read(tmp_path, files), "aws_x")["o"]
    assert node.plain() == {"a": "1", "b": 7, "c": None}
    assert node["a"].via[-1][1].text == "1"


def test_null_input_takes_the_default_when_not_nullable(tmp_path: Path) -> None:
    files = {
        "main.tf": 'module "m" {\n  source = "./m"\n  a      = null\n  b      = null\n}\n',
        "m/main.tf": 'variable "a" {\n  default  = 1\n  nullable = false\n}\nvariable "b" {\n  default = 1\n}\nresource "aws_x" "a" {\n  a = var.a\n  b = var.b\n}\n',
    }
    block = only(read(tmp_path, files), "aws_x")
    assert block["a"].number == 1
    assert not block["b"].present


def test_excluded_variables_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "envs").mkdir()
    (tmp_path / "main.tf").write_text('variable "v" {\n  default = 1\n}\nresource "aws_x" "a" {\n  v = var.v\n}\n')
    (tmp_path / "terraform.tfvars").write_text("v = 2\n")
    (tmp_path / "envs" / "prod.tfvars").write_text("v = 3\n")
    directories = [TerraformDirectory("", ("main.tf",))]

    def values(*exclude: str) -> list[object]:
        result = read_terraform(directories, Settings(exclude=exclude), tmp_path)
        return [(module.environment.name, module.blocks[0]["v"].number) for module in result.modules]

    assert values() == [("prod", 3)]
    assert values("envs/") == [("", 2)]
    assert values("terraform.tfvars", "/envs/*.tfvars") == [("", 1)]
