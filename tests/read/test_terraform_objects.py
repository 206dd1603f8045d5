"""Kubernetes objects inside Terraform: what they come to, and where each of their fields stands."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

import opslint_schemas.objects
from opslint.model.node import Undecided, Unknown
from opslint.model.settings import Settings
from opslint.read.plan import Reading, read_project
from opslint_schemas import load

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.kube import KubeObject


def read(root: Path, files: dict[str, str], **settings: str) -> Reading:
    (root / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return read_project([str(root)], Settings(root=str(root), **settings))  # type: ignore[arg-type]


def one(reading: Reading) -> KubeObject:
    (found,) = reading.project.objects
    return found


DEPLOYMENT = """
    resource "kubernetes_deployment_v1" "api" {
      metadata {
        name   = "api"
        labels = { app = "api", tier = 1 }
      }
      spec {
        replicas = "3"
        selector {
          match_labels = { app = "api" }
        }
        strategy {
          rolling_update {
            max_unavailable = "1"
          }
        }
        template {
          metadata {
            labels = { app = "api" }
          }
          spec {
            host_ipc = true
            init_container {
              name  = "wait"
              image = "busybox:1.36"
            }
            container {
              name  = "api"
              image = "api:1"
              env {
                name  = "A"
                value = "1"
              }
              env {
                name = "B"
                value_from {
                  secret_key_ref {
                    name = "db"
                    key  = "password"
                  }
                }
              }
              env_from {
                config_map_ref {
                  name = "settings"
                }
              }
              volume_mount {
                name       = "data"
                mount_path = "/data"
              }
              liveness_probe {
                http_get {
                  path = "/"
                  port = "8080"
                }
              }
            }
            volume {
              name = "data"
              config_map {
                name         = "settings"
                default_mode = "0640"
              }
            }
            image_pull_secrets {
              name = "registry"
            }
          }
        }
      }
    }
"""


def test_a_typed_resource_is_its_object_with_its_places(tmp_path: Path) -> None:
    item = one(read(tmp_path, {"main.tf": DEPLOYMENT}))
    assert (item.api_version, item.kind, item.name, item.namespace) == ("apps/v1", "Deployment", "api", "default")
    assert item.labels == {"app": "api", "tier": "1"}
    assert item.spec["replicas"].value == 3
    assert item.spec.at("strategy", "rollingUpdate", "maxUnavailable").value == 1
    spec = item.pod_spec
    assert spec["hostIPC"].location.text == "true"
    assert [found.name for found in item.containers] == ["api", "wait"]
    container = spec["containers"][0]
    assert [entry["name"].text for entry in container["env"]] == ["A", "B"]
    reference = container["env"][1].at("valueFrom", "secretKeyRef", "name")
    assert (reference.text, reference.location.text) == ("db", '"db"')
    assert container.at("envFrom", 0, "configMapRef", "name").text == "settings"
    assert container.at("volumeMounts", 0, "mountPath").text == "/data"
    assert container.at("livenessProbe", "httpGet", "port").value == 8080
    assert spec.at("volumes", 0, "configMap", "defaultMode").value == 0o640
    assert spec.at("imagePullSecrets", 0, "name").text == "registry"
    assert container["image"].key_span is not None
    assert container["image"].source.line(container["image"].key_span.line).strip() == 'image = "api:1"'
    assert item.root.location.text == 'resource "kubernetes_deployment_v1" "api" {'
    assert item.block is not None
    assert item.block.address == "kubernetes_deployment_v1.api"


def test_what_is_not_set_stands_at_its_block(tmp_path: Path) -> None:
    item = one(read(tmp_path, {"main.tf": DEPLOYMENT}))
    missing = item.pod_spec["containers"][0]["resources"]
    assert not missing.present
    assert missing.source.line(missing.span.line).strip() == "container {"


@pytest.mark.parametrize(
    ("type_", "content", "path", "expected"),
    [
        ("kubernetes_service", 'spec {\n cluster_ip = "None"\n}', ("spec", "clusterIP"), "None"),
        (
            "kubernetes_service_v1",
            'spec {\n port {\n port = 80\n target_port = "web"\n}\n}',
            ("spec", "ports", 0, "targetPort"),
            "web",
        ),
        ("kubernetes_storage_class", 'storage_provisioner = "ebs.csi.aws.com"', ("provisioner",), "ebs.csi.aws.com"),
        ("kubernetes_storage_class", 'storage_provisioner = "ebs.csi.aws.com"', ("allowVolumeExpansion",), True),
        (
            "kubernetes_persistent_volume",
            'spec {\n persistent_volume_source {\n csi {\n driver = "efs.csi.aws.com"\n}\n}\n}',
            ("spec", "csi", "driver"),
            "efs.csi.aws.com",
        ),
        ("kubernetes_secret", 'data = {\n a = "b"\n}', ("stringData", "a"), "b"),
        ("kubernetes_secret_v1", 'binary_data = {\n a = "Yg=="\n}', ("data", "a"), "Yg=="),
        (
            "kubernetes_daemonset",
            'spec {\n strategy {\n type = "OnDelete"\n}\n}',
            ("spec", "updateStrategy", "type"),
            "OnDelete",
        ),
        ("kubernetes_role", 'rule {\n verbs = ["get"]\n}', ("rules", 0, "verbs", 0), "get"),
        ("kubernetes_cluster_role", 'rule {\n non_resource_urls = ["/x"]\n}', ("rules", 0, "nonResourceURLs", 0), "/x"),
        (
            "kubernetes_role_binding",
            'subject {\n kind = "ServiceAccount"\n name = "a"\n}',
            ("subjects", 0, "namespace"),
            "default",
        ),
        (
            "kubernetes_job",
            "spec {\n template {\n spec {\n}\n}\n}",
            ("spec", "template", "spec", "restartPolicy"),
            "Never",
        ),
        ("kubernetes_pod", "spec {\n}", ("spec", "automountServiceAccountToken"), True),
        (
            "kubernetes_pod",
            "spec {\n automount_service_account_token = false\n}",
            ("spec", "automountServiceAccountToken"),
            False,
        ),
        (
            "kubernetes_ingress_v1",
            'spec {\n rule {\n http {\n path {\n path = "/"\n}\n}\n}\n}',
            ("spec", "rules", 0, "http", "paths", 0, "pathType"),
            "ImplementationSpecific",
        ),
        (
            "kubernetes_horizontal_pod_autoscaler_v2",
            "spec {\n behavior {\n scale_down {\n policy {\n value = 1\n}\n}\n}\n}",
            ("spec", "behavior", "scaleDown", "policies", 0, "value"),
            1,
        ),
        (
            "kubernetes_horizontal_pod_autoscaler",
            "spec {\n target_cpu_utilization_percentage = 80\n}",
            ("spec", "targetCPUUtilizationPercentage"),
            80,
        ),
        ("kubernetes_limit_range", 'spec {\n limit {\n type = "Pod"\n}\n}', ("spec", "limits", 0, "type"), "Pod"),
        (
            "kubernetes_network_policy",
            'spec {\n pod_selector {\n}\n ingress {\n ports {\n port = "80"\n}\n}\n}',
            ("spec", "ingress", 0, "ports", 0, "port"),
            80,
        ),
        (
            "kubernetes_default_service_account",
            "automount_service_account_token = false",
            ("metadata", "name"),
            "default",
        ),
    ],
)
def test_names_and_defaults_of_the_provider(
    tmp_path: Path, type_: str, content: str, path: tuple[str | int, ...], expected: object
) -> None:
    item = one(
        read(
            tmp_path, {"main.tf": f'resource "{type_}" "a" {{\n metadata {{\n namespace = "shop"\n}}\n{content}\n}}\n'}
        )
    )
    assert item.root.at(*path).value == expected


@pytest.mark.parametrize(
    ("type_", "content", "expected"),
    [
        ("kubernetes_cron_job", "", "batch/v1beta1"),
        ("kubernetes_horizontal_pod_autoscaler", "max_replicas = 3", "autoscaling/v1"),
        ("kubernetes_horizontal_pod_autoscaler", 'metric {\n type = "Resource"\n}', "autoscaling/v2beta2"),
        ("kubernetes_pod_disruption_budget_v1", "", "policy/v1"),
    ],
)
def test_the_version_is_the_one_that_the_provider_asks_for(
    tmp_path: Path, type_: str, content: str, expected: str
) -> None:
    text = f'resource "{type_}" "a" {{\n metadata {{\n name = "a"\n}}\n spec {{\n{content}\n}}\n}}\n'
    assert one(read(tmp_path, {"main.tf": text})).api_version == expected


def test_every_type_of_the_table_has_its_definition() -> None:
    for type_, row in load("terraform/kubernetes_provider")["kinds"].items():
        version = row.get("fields_of", row["api_version"])
        found = opslint_schemas.objects.definition_of(version, row["kind"], opslint_schemas.objects.NEWEST)
        assert found is not None, type_


def test_what_is_no_field_is_left_out(tmp_path: Path) -> None:
    text = """
        resource "kubernetes_deployment" "a" {
          wait_for_rollout = false
          metadata {
            name = "a"
          }
          timeouts {
            create = "1h"
          }
          lifecycle {
            ignore_changes = [metadata]
          }
        }
    """
    assert set(one(read(tmp_path, {"main.tf": text})).root.plain()) == {"apiVersion", "kind", "metadata"}


def test_an_unknown_value_is_unknown_in_the_object(tmp_path: Path) -> None:
    text = """
        variable "level" {}
        resource "kubernetes_pod" "a" {
          metadata {
            name = "a-${var.level}"
          }
          spec {
            host_network = var.level
            dynamic "container" {
              for_each = var.level
              content {
                name = container.value
              }
            }
          }
        }
    """
    item = one(read(tmp_path, {"main.tf": text}))
    assert item.name == ""
    assert item.title == "Pod kubernetes_pod.a"
    assert not item.pod_spec["hostNetwork"].known
    assert not item.pod_spec["containers"].known
    assert item.containers == ()
    node = item.pod_spec["containers"]
    some, none = node.alternatives()
    node.assume(some)
    assert node[0]["name"].why == "container.value"
    node.unassume()
    assert none is None


def test_an_object_without_a_known_frame_is_said_once(tmp_path: Path) -> None:
    text = """
        variable "it" {}
        resource "kubernetes_manifest" "whole" {
          manifest = var.it
        }
        resource "kubernetes_manifest" "frame" {
          manifest = {
            apiVersion = "v1"
            kind       = "Pod"
            metadata   = { name = "a" }
            spec       = var.it
          }
        }
        resource "kubectl_manifest" "text" {
          yaml_body = var.it
        }
    """
    reading = read(tmp_path, {"main.tf": text})
    assert reading.project.objects == []
    assert [(notice.line, notice.message) for notice in reading.coverage.notices] == [
        (2, "kubernetes_manifest.whole is not judged: its object is not known (var.it)"),
        (5, "kubernetes_manifest.frame is not judged: its object is not known (var.it)"),
        (13, "kubectl_manifest.text is not judged: its object is not known (var.it)"),
    ]


# -- kubernetes_manifest and kubectl_manifest
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


# -- units
def test_the_unit_goes_to_the_cluster_of_its_root_module(tmp_path: Path) -> None:
    eks = 'resource "aws_eks_cluster" "this" {{\n  name    = "{0}"\n  version = "{1}"\n}}\n'
    namespace = 'resource "kubernetes_namespace" "a" {\n  metadata {\n    name = "a"\n  }\n}\n'
    files = {
        "blue/main.tf": eks.format("blue", "1.33") + namespace,
        "green/main.tf": eks.format("green", "1.34") + namespace,
    }
    units = {unit.id: unit for unit in read(tmp_path, files).project.units}
    assert {
        id_: (unit.kind, [target.minor for target in unit.targets], unit.cluster.name.text if unit.cluster else "")
        for id_, unit in units.items()
    } == {"terraform:blue": ("terraform", [33], "blue"), "terraform:green": ("terraform", [34], "green")}


def test_an_alias_of_the_provider_is_another_cluster(tmp_path: Path) -> None:
    block = 'resource "kubernetes_namespace" "{0}" {{\n  provider = {1}\n  metadata {{\n    name = "a"\n  }}\n}}\n'
    files = {"main.tf": block.format("a", "kubernetes") + block.format("b", "kubernetes.east")}
    units = read(tmp_path, files).project.units
    assert [unit.id for unit in units] == ["terraform:.", "terraform:.:east"]


@pytest.mark.parametrize(
    ("more", "closed"),
    [
        ("", True),
        ('module "x" {\n  source = "somebody/something/any"\n}\n', False),
        ('resource "helm_release" "x" {\n  name  = "x"\n  chart = "x"\n}\n', False),
        ('variable "n" {}\nresource "kubernetes_namespace" "b" {\n  count = var.n\n  metadata {\n  }\n}\n', False),
    ],
)
def test_a_unit_is_closed_when_all_of_it_is_seen(tmp_path: Path, more: str, closed: bool) -> None:
    text = 'resource "kubernetes_namespace" "a" {\n  metadata {\n    name = "a"\n  }\n}\n'
    (unit,) = read(tmp_path, {"main.tf": text + more}).project.units
    assert unit.closed is closed


def test_every_instance_is_an_object(tmp_path: Path) -> None:
    text = """
        resource "kubernetes_namespace" "a" {
          for_each = toset(["x", "y"])
          metadata {
            name = each.value
          }
        }
    """
    assert [item.name for item in read(tmp_path, {"main.tf": text}).project.objects] == ["x", "y"]


def test_json_is_read_as_well(tmp_path: Path) -> None:
    body = {"metadata": {"name": "a"}, "data": {"k": "v"}}
    text = json.dumps({"resource": {"kubernetes_config_map": {"a": body}}}, indent=2)
    item = one(read(tmp_path, {"main.tf.json": text}))
    assert (item.kind, item.name) == ("ConfigMap", "a")
    assert item.root["data"]["k"].location.text == '"v"'
