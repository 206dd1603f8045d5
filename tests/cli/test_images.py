"""`opslint images`: every image with what uses it, as text, as JSON and as a list for a scanner."""

import json
import os
from pathlib import Path

import pytest

from opslint.cli.main import main

GOLDEN = Path(__file__).parents[1] / "golden" / "images"
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
FILES = {
    ".git/HEAD": "",
    "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "charts/api/values.yaml": f"image: {ECR}/shop-api\ntag: v1\n",
    "charts/api/values-dev.yaml": "tag: latest\n",
    "charts/api/values-prod.yaml": "tag: v2\n",
    "charts/api/templates/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
    "  template:\n    spec:\n      containers:\n"
    "        - name: web\n          image: {{ .Values.image }}:{{ .Values.tag }}\n",
    "k8s/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  initContainers:\n"
    "    - {name: wait, image: busybox}\n  containers:\n"
    "    - {name: a, image: 'quay.io/shop/web@sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31'}\n"
    "    - {name: b, image: '${IMAGE}'}\n",
    "infra/main.tf": 'resource "aws_ecr_repository" "api" {\n  name = "shop-api"\n}\n',
}


@pytest.fixture
def images(tmp_path, monkeypatch, capsys):
    """Write files and run: `images(files, *arguments) -> (status, stdout)`."""
    monkeypatch.chdir(tmp_path)

    def run(files, *arguments):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return main(["images", *arguments]), capsys.readouterr().out

    return run


def golden(name, text):
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def test_text(images):
    status, out = images(FILES, ".")
    assert status == 0
    golden("shop.txt", out)


def test_json(images):
    status, out = images(FILES, "--format", "json", ".")
    assert status == 0
    assert json.loads(out)["schema_version"] == 1
    golden("shop.json", out)


def test_a_list_for_a_scanner(images):
    status, out = images(FILES, "--format", "list", ".")
    assert status == 0
    assert out.splitlines() == [
        f"{ECR}/shop-api:latest",
        f"{ECR}/shop-api:v2",
        "busybox",
        "quay.io/shop/web@sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31",
    ]


def test_one_environment(images):
    assert images(FILES, "--format", "list", "--env", "prod", "charts")[1] == f"{ECR}/shop-api:v2\n"


def test_a_repository_of_another_name_is_not_its(images):
    files = FILES | {"infra/main.tf": 'resource "aws_ecr_repository" "api" {\n  name = "shop-apis"\n}\n'}
    found = json.loads(images(files, "--format", "json", ".")[1])
    assert {one["ecr_repository"] for one in found["images"]} == {None}


def test_what_could_not_be_read_is_said(images):
    status, out = images({"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: [\n"}, ".")
    assert status == 3
    assert "not read: a.yaml:" in out


def test_nothing(images):
    assert images({"main.tf": "locals {}\n"}, ".") == (0, "no workload was read\n")


def test_names_cannot_hurt_the_terminal(images):
    text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: "a\\u001b[2J"}\nspec:\n  containers: [{name: "::error::x", image: web}]\n'
    _, out = images({"a.yaml": text}, ".")
    assert "\x1b" not in out
    assert not any(line.startswith("::") for line in out.splitlines())


TERRAFORM = """\
variable "tag" {}
resource "aws_lambda_function" "resize" {
  function_name = "resize"
  package_type  = "Image"
  image_uri     = "ACCOUNT/resize:v3"
}
resource "aws_lambda_function" "zip" {
  function_name = "zip"
  filename      = "zip.zip"
}
resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([
    { name = "web", image = "ACCOUNT/shop-api:v1", essential = true },
    { name = "log", image = "fluent/fluent-bit:${var.tag}" },
  ])
}
resource "aws_ecs_task_definition" "elsewhere" {
  family                = "elsewhere"
  container_definitions = var.tag
}
resource "aws_apprunner_service" "docs" {
  service_name = "docs"
  source_configuration {
    image_repository {
      image_identifier      = "public.ecr.aws/shop/docs:latest"
      image_repository_type = "ECR_PUBLIC"
    }
  }
}
resource "aws_batch_job_definition" "report" {
  name                 = "report"
  type                 = "container"
  container_properties = <<-EOT
    {"image": "ACCOUNT/report:v9"}
  EOT
}
""".replace("ACCOUNT", ECR)


def test_images_that_terraform_runs(images):
    status, out = images({".git/HEAD": "", "infra/prod/main.tf": TERRAFORM}, "--format", "json", ".")
    assert status == 0
    found = json.loads(out)
    used = {
        one["image"]: [(use["name"], use["container"], use["line"]) for use in one["uses"]] for one in found["images"]
    }
    assert used == {
        f"{ECR}/report:v9": [("aws_batch_job_definition.report", "", 35)],
        f"{ECR}/resize:v3": [("aws_lambda_function.resize", "", 5)],
        f"{ECR}/shop-api:v1": [("aws_ecs_task_definition.web", "web", 14)],
        "public.ecr.aws/shop/docs:latest": [("aws_apprunner_service.docs", "", 26)],
    }
    unknown = [(use["name"], use["container"], use["line"]) for use in found["unknown"]]
    assert unknown == [("aws_ecs_task_definition.elsewhere", "", 20), ("aws_ecs_task_definition.web", "log", 13)]


def test_images_that_terraform_runs_are_named_by_their_resource(images):
    out = images({".git/HEAD": "", "main.tf": TERRAFORM}, ".")[1]
    assert "  main.tf:5  aws_lambda_function.resize\n" in out
    assert "  main.tf:14  container web of aws_ecs_task_definition.web\n" in out
