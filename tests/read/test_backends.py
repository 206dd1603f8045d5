"""Where a root module keeps its state, and the files that `terraform init` merges into its backend."""

from pathlib import Path

import pytest

from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, read_terraform

S3 = 'terraform {\n  backend "s3" {\n    key = "a"\n  }\n}\nvariable "environment" {}\n'


def read(root: Path, files: dict[str, str]):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    own = tuple(name for name in files if name.endswith(".tf"))
    return read_terraform([TerraformDirectory("", own)], Settings(root=str(root)), root)


def test_a_backend_has_its_type_and_place(tmp_path):
    (module,) = read(tmp_path, {"main.tf": S3}).modules
    assert module.backend.type == "s3"
    assert module.backend.body["key"].text == "a"
    assert module.backend.header.span.line == 2
    assert module.backend.files == ()


def test_no_backend_is_local_state(tmp_path):
    (module,) = read(tmp_path, {"main.tf": "terraform {}\n"}).modules
    assert module.backend is None


def test_a_cloud_block_is_one_and_reads_no_settings(tmp_path):
    files = {"main.tf": "terraform {\n  cloud {}\n}\n", "prod.tfbackend": "bucket = 1\n"}
    (module,) = read(tmp_path, files).modules
    assert (module.backend.type, module.backend.files) == ("cloud", ())


@pytest.mark.parametrize("name", ["prod.tfbackend", "prod.s3.tfbackend", "backend-prod.hcl", "env/prod/backend.hcl"])
def test_each_environment_has_its_own_settings(tmp_path, name):
    other = name.replace("prod", "dev")
    files = {
        "main.tf": S3,
        "dev.tfvars": 'environment = "dev"\n',
        "prod.tfvars": 'environment = "prod"\n',
        name: 'bucket = "p"\n',
        other: 'bucket = "d"\n',
    }
    found = {one.environment.name: one.backend.files for one in read(tmp_path, files).modules}
    assert {name: [file["bucket"].text for file in nodes] for name, nodes in found.items()} == {
        "dev": ["d"],
        "prod": ["p"],
    }


def test_a_module_without_an_environment_may_be_given_any_of_them(tmp_path):
    files = {"main.tf": S3, "dev.tfbackend": 'bucket = "d"\n', "prod.tfbackend": 'bucket = "p"\n'}
    (module,) = read(tmp_path, files).modules
    assert [node["bucket"].text for node in module.backend.files] == ["d", "p"]
    assert module.backend.files[0]["bucket"].source.path == "dev.tfbackend"


def test_a_broken_settings_file_is_a_failure_with_its_place(tmp_path):
    result = read(tmp_path, {"main.tf": S3, "prod.tfbackend": 'bucket = "p"\nkey = \n'})
    assert [(one.path, one.line) for one in result.failures] == [("prod.tfbackend", 2)]
    assert result.modules[0].backend.files[0]["bucket"].text == "p"


@pytest.mark.parametrize("name", ["live/prod/terragrunt.hcl", "live/root.hcl", "terragrunt.hcl"])
def test_terragrunt_writes_the_backend_when_it_runs(tmp_path, name):
    for path, text in {name: "# state is in S3\n", "live/prod/main.tf": "locals {}\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = read_terraform(
        [TerraformDirectory("live/prod", ("live/prod/main.tf",))], Settings(root=str(tmp_path)), tmp_path
    )
    assert found.modules[0].backend.type == "terragrunt"
    assert found.failures == []
