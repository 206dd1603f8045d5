"""Kubernetes objects inside Terraform: what they come to, and where each of their fields stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import opslint_schemas.objects
from opslint_schemas import load

if TYPE_CHECKING:
    from pathlib import Path

from terraform_objects import one, read

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
