"""Manifests that Terraform applies: as HCL, in texts, files and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opslint.model.node import Undecided, Unknown

if TYPE_CHECKING:
    from pathlib import Path

from terraform_objects import one, read


def test_a_manifest_of_hcl_stands_at_its_entries(tmp_path: Path) -> None:
    text = """
        locals {
          image = "web:1"
        }
        resource "kubernetes_manifest" "a" {
          manifest = {
            apiVersion = "v1"
            kind       = "Pod"
            metadata   = { name = "a" }
            spec = {
              containers = [{ name = "a", image = local.image }]
            }
          }
        }
    """
    item = one(read(tmp_path, {"main.tf": text}))
    image = item.containers[0].image
    assert (image.text, image.location.text) == ("web:1", "local.image")
    assert [(label, place.text) for label, place in image.via] == [("local.image", '"web:1"')]
    assert image.derived


HEREDOC = """
    variable "tag" {}
    locals {
      name = "web"
    }
    resource "kubectl_manifest" "web" {
      yaml_body = <<-YAML
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: ${local.name}
          namespace: shop
        spec:
          template:
            spec:
              containers:
                - name: web
                  image: example.com/web:${var.tag}
                  securityContext: {privileged: true}
      YAML
    }
"""


def test_a_heredoc_stands_at_its_own_lines(tmp_path: Path) -> None:
    item = one(read(tmp_path, {"main.tf": HEREDOC}))
    assert (item.kind, item.name, item.namespace) == ("Deployment", "web", "shop")
    privileged = item.containers[0].root.at("securityContext", "privileged")
    source_map = privileged.source.origin
    assert source_map is not None
    origin = source_map.locate(privileged.span)
    assert origin.location.text == "true"
    assert origin.location.source.path == "main.tf"
    assert origin.location.source.line(origin.location.span.line).strip() == "securityContext: {privileged: true}"
    assert not origin.related
    name = source_map.locate(item.metadata["name"].span).location
    assert name.text == "name: ${local.name}"


def test_an_unknown_piece_is_unknown_and_the_rest_is_read(tmp_path: Path) -> None:
    image = one(read(tmp_path, {"main.tf": HEREDOC})).containers[0].image
    assert not image.known
    assert image.unknown is not None
    first, second = image.unknown.parts
    assert first == "example.com/web:"
    assert isinstance(second, Unknown)
    assert second.why == "var.tag"
    with pytest.raises(Undecided):
        _ = image.text


def test_a_map_with_an_unknown_key_may_hold_anything(tmp_path: Path) -> None:
    text = """
        variable "k" {}
        resource "kubectl_manifest" "a" {
          yaml_body = "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\ndata: {${var.k}: x}\\n"
        }
    """
    item = one(read(tmp_path, {"main.tf": text}))
    assert item.name == "a"
    assert not item.root["data"].known


def test_directives_of_a_template_keep_the_lines(tmp_path: Path) -> None:
    text = """
        resource "kubectl_manifest" "a" {
          yaml_body = <<-YAML
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: a
            data:
            %{ for key in ["x", "y"] ~}
              ${key}: "1"
            %{ endfor ~}
              last: "2"
          YAML
        }
    """
    item = one(read(tmp_path, {"main.tf": text}))
    data = item.root["data"]
    assert sorted(key for key, _ in data.items()) == ["last", "x", "y"]
    lines = {}
    for key, node in data.items():
        assert node.source.origin is not None
        lines[key] = node.source.origin.locate(node.span).location.span.line
    assert lines == {"x": 9, "y": 9, "last": 11}


def test_a_file_that_terraform_applies_is_no_manifest_beside_it(tmp_path: Path) -> None:
    files = {
        "main.tf": """
            resource "kubectl_manifest" "a" {
              for_each  = fileset(path.module, "manifests/*.yaml")
              yaml_body = file("${path.module}/${each.value}")
            }
        """,
        "manifests/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        "manifests/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
        "other/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
    }
    reading = read(tmp_path, files)
    found = {(item.name, item.unit.id, item.source.path) for item in reading.project.objects}
    assert found == {
        ("a", "terraform:.", "manifests/a.yaml"),
        ("b", "terraform:.", "manifests/b.yaml"),
        ("c", ".", "other/c.yaml"),
    }
    assert not any(item.root["metadata"]["name"].derived for item in reading.project.objects)


def test_a_copy_of_a_manifest_is_judged_in_its_file(tmp_path: Path) -> None:
    files = {
        "main.tf": """
            locals {
              found = { for path in fileset(path.module, "manifests/*.yaml") : path => yamldecode(file(path)) }
            }
            resource "kubernetes_manifest" "a" {
              for_each = local.found
              manifest = each.value
            }
            resource "kubernetes_manifest" "b" {
              for_each = local.found
              manifest = merge(each.value, { data = {} })
            }
        """,
        "manifests/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n",
    }
    found = [(item.unit.kind, item.block.name if item.block else "") for item in read(tmp_path, files).project.objects]
    assert found == [("manifests", ""), ("terraform", "b")]


@pytest.mark.parametrize("name", ["a.tftpl", "a.yaml"])
def test_a_template_file_stands_at_its_lines(tmp_path: Path, name: str) -> None:
    files = {
        "infra/main.tf": """
            resource "kubernetes_manifest" "a" {
              manifest = yamldecode(templatefile("${path.module}/NAME", { name = "web" }))
            }
        """.replace("NAME", name),
        f"infra/{name}": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: shop\n",
    }
    item = one(read(tmp_path, files))
    assert item.name == "web"
    node = item.metadata["namespace"]
    assert node.source.origin is not None
    origin = node.source.origin.locate(node.span)
    assert (origin.location.source.path, origin.location.span.line) == (f"infra/{name}", 5)
    ((label, place),) = origin.related
    assert (label, place.source.path, place.span.line) == ("applied by kubernetes_manifest.a", "infra/main.tf", 1)


def test_yamlencode_stands_at_its_entries(tmp_path: Path) -> None:
    text = """
        resource "kubectl_manifest" "a" {
          yaml_body = yamlencode({
            apiVersion = "v1"
            kind       = "ConfigMap"
            metadata   = { name = "a" }
          })
        }
    """
    name = one(read(tmp_path, {"main.tf": text})).metadata["name"]
    assert (name.text, name.location.text) == ("a", '"a"')


def test_a_file_outside_the_root_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    root = tmp_path / "repository"
    root.mkdir()
    text = 'resource "kubectl_manifest" "a" {\n  yaml_body = file("../secret.yaml")\n}\n'
    reading = read(root, {"main.tf": text})
    assert reading.project.objects == []
    assert "is not judged" in reading.coverage.notices[0].message


def test_text_that_is_no_yaml_is_a_failure_at_its_line(tmp_path: Path) -> None:
    text = """
        resource "kubectl_manifest" "a" {
          yaml_body = <<-YAML
            apiVersion: v1
            kind: [
          YAML
        }
    """
    (failure,) = read(tmp_path, {"main.tf": text}).failures
    assert (failure.path, failure.kind) == ("main.tf", "yaml")
    assert failure.line in {4, 5}
    assert failure.message.startswith("the text of kubectl_manifest.a: ")


def test_unknown_pieces_that_leave_no_yaml_are_said(tmp_path: Path) -> None:
    text = """
        variable "more" {}
        resource "kubectl_manifest" "a" {
          yaml_body = <<-YAML
            apiVersion: v1
            kind: ConfigMap
            ${var.more}
          YAML
        }
    """
    reading = read(tmp_path, {"main.tf": text})
    assert not reading.failures
    assert [notice.message for notice in reading.coverage.notices] == [
        "kubectl_manifest.a is not judged: what is unknown in its text leaves no YAML"
    ]
