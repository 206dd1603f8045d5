"""Which environment an object, a resource or a cluster is of: explicit signs only."""

import pytest

from opslint.engine.environment import environment_of
from opslint.model.project import Environment


def pod(namespace="", labels="{}"):
    metadata = f"{{name: a, labels: {labels}{f', namespace: {namespace}' if namespace else ''}}}"
    return f"apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec: {{containers: [{{name: a}}]}}\n"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.yaml", pod(), ("", "unknown", "")),
        ("a.yaml", pod("shop"), ("", "unknown", "")),
        ("a.yaml", pod("shop-dev"), ("dev", "nonprod", "namespace shop-dev")),
        ("a.yaml", pod("shop_prod"), ("prod", "prod", "namespace shop_prod")),
        ("a.yaml", pod("devices"), ("", "unknown", "")),
        ("a.yaml", pod("shop", "{env: staging}"), ("staging", "nonprod", "label env")),
        ("a.yaml", pod("shop", "{environment: production, env: dev}"), ("production", "prod", "label environment")),
        ("a.yaml", pod("shop-dev", "{stage: live}"), ("live", "prod", "label stage")),
        ("a.yaml", pod("shop", "{env: blue}"), ("", "unknown", "")),
        ("a.yaml", pod("shop", "{tier: dev}"), ("", "unknown", "")),
        ("overlays/staging/a.yaml", pod("shop", "{env: prod}"), ("staging", "nonprod", "folder overlays/staging")),
        ("tests/a.yaml", pod(), ("", "unknown", "")),
        ("demo/a.yaml", pod(), ("", "unknown", "")),
        ("examples/dev-tools/a.yaml", pod(), ("", "unknown", "")),
    ],
)
def test_of_an_object(read, path, text, expected):
    (item,) = read({path: text}).objects
    found = environment_of(item)
    assert (found.name, found.stage, found.sign) == expected
    assert environment_of(item.containers[0]) == found, "a container is of its pod's"


def test_the_pods_own_label_counts_after_the_objects(read):
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: {env: %s}}\n"
        "spec: {template: {metadata: {labels: {env: dev}}}}\n"
    )
    assert environment_of(read({"a.yaml": text % "prod"}).objects[0]).stage == "prod"
    assert environment_of(read({"a.yaml": text % "blue"}).objects[0]).sign == "label env"


@pytest.mark.parametrize(
    ("tags", "stage"),
    [
        ('{ Environment = "dev" }', "nonprod"),
        ('{ env = "prod" }', "prod"),
        ("{ env = var.unset }", "unknown"),
        ("var.unset", "unknown"),
        ('{ Name = "dev" }', "unknown"),
    ],
)
def test_of_a_resource_by_its_tags(read, tags, stage):
    project = read({"main.tf": f'variable "unset" {{}}\nresource "aws_sqs_queue" "a" {{\n  tags = {tags}\n}}\n'})
    assert environment_of(project.resources("aws_sqs_queue")[0]).stage == stage


def test_of_what_has_none():
    assert environment_of(object()) == Environment()
