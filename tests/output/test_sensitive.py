"""A text that supplies a sensitive variable shows in no output, whatever finding stands beside it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FILES = {
    "main.tf": """\
variable "size" {
  default = 0
}
variable "password" {
  sensitive = true
  default   = "hunter2-default"
}
variable "token" {
  sensitive = true
}
module "child" {
  source    = "example.com/org/child/aws"
  retention = 0
  inner     = "hunter2-argument"
  password  = var.password
}
resource "aws_db_instance" "a" {
  identifier              = "a"
  backup_retention_period = var.size
  deletion_protection     = false
  password                = var.password
}
""",
    ".terraform/modules/child/main.tf": (
        'variable "inner" {\n  sensitive = true\n}\nvariable "password" {\n  default = null\n}\nvariable "retention" {}\n'
        'resource "aws_db_instance" "b" {\n  identifier = "b"\n  backup_retention_period = var.retention\n}\n'
    ),
    ".terraform/modules/modules.json": '{"Modules": [{"Key": "child", "Dir": ".terraform/modules/child"}]}',
    "terraform.tfvars": 'size  = 0\ntoken = "hunter2-tfvars"\n',
}


@pytest.fixture
def opslint(tmp_path):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    def run(*arguments):
        command = [sys.executable, "-m", "opslint", "--no-cache", "--preset", "all", *arguments, "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout

    return run


FORMS = ("json", "sarif", "concise", "markdown", "junit", "github", "gitlab", "csv")


def test_no_format_shows_it(opslint, tmp_path):
    outputs = [part for form in FORMS for part in ("--output", f"{form}=report.{form}")]
    texts = [opslint("--format", "text", *outputs)] + [(tmp_path / f"report.{form}").read_text() for form in FORMS]
    for text in texts:
        assert "hunter2" not in text
        assert "main.tf" in text
    # The frame is drawn all the same.
    assert "inner     = ••••••" in texts[0]
    assert json.loads(texts[2])["version"] == "2.1.0"


def test_no_diff_shows_it(opslint):
    out = opslint("--diff", "--unsafe-fixes")
    assert "hunter2" not in out
    assert "+++ b/main.tf" in out
