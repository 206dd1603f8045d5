"""Typed Kubernetes resources of Terraform beside everything else: nothing twice, nothing hidden, no wrong fix."""

import pytest

from opslint.engine.packs import load_packs
from opslint.model.finding import Safety

PACKS = load_packs()
RULES = {rule.id: rule for pack in PACKS for rule in pack.rules}


def said(lint_files, files, *rules):
    report = lint_files(files, [RULES[name] for name in rules])
    assert report.failures == ()
    return [(one.rule_id, one.location.source.path, one.location.span.line, one.message) for one in report.findings]


POD = """apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop}
spec:
  containers:
    - name: api
      image: api:1
      envFrom: [{configMapRef: {name: db}}]
"""
SECRET = 'resource "kubernetes_secret" "db" {\n  metadata {\n    name      = "db"\n    namespace = "shop"\n  }\n  data = {\n    password = "bibimbap-7-Hongdae"\n  }\n}\n'


def test_what_terraform_makes_is_there_for_manifests(lint_files):
    made = SECRET.replace("kubernetes_secret", "kubernetes_config_map")
    assert said(lint_files, {"pod.yaml": POD, "main.tf": made}, "missing-config-reference") == []
    other = made.replace('"shop"', '"other"').replace('name      = "db"', 'name      = "cache"')
    found = said(lint_files, {"pod.yaml": POD, "main.tf": other}, "missing-config-reference")
    assert [(path, line) for _, path, line, _ in found] == [("pod.yaml", 8)]


def test_a_secret_in_plain_text_is_said_once(lint_files):
    found = said(lint_files, {"main.tf": SECRET}, "plaintext-secret", "terraform-plaintext-secret")
    assert [(rule, line) for rule, _, line, _ in found] == [("terraform-plaintext-secret", 7)]


def test_a_storage_class_is_said_once(lint_files):
    text = 'resource "kubernetes_storage_class" "a" {\n  metadata {\n    name = "a"\n  }\n  storage_provisioner = "ebs.csi.aws.com"\n}\n'
    found = said(lint_files, {"main.tf": text}, "immediate-volume-binding")
    assert len(found) == 1


def test_the_namespace_of_a_group_is_not_said(lint_files):
    text = """resource "kubernetes_cluster_role_binding" "a" {
  metadata {
    name = "a"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "cluster-admin"
  }
  subject {
    kind = "Group"
    name = "operators"
  }
}
"""
    ((_, _, line, message),) = said(lint_files, {"main.tf": text}, "cluster-admin-binding")
    assert line == 8
    assert message == "ClusterRoleBinding/a gives Group operators everything in the cluster (cluster-admin)"


TWICE = """variable "where" {}
resource "kubernetes_config_map" "a" {
  metadata {
    name      = "a"
    namespace = %s
  }
}
resource "kubernetes_config_map" "b" {
  %s
  metadata {
    name      = "a"
    namespace = "x"
  }
}
"""


@pytest.mark.parametrize(
    ("where", "more", "lines"),
    [('"x"', "", [11]), ("var.where", "", []), ('"y"', "", []), ('"x"', "count = var.where", [])],
)
def test_an_object_is_defined_twice_only_when_that_is_sure(lint_files, where, more, lines):
    found = said(lint_files, {"main.tf": TWICE % (where, more)}, "duplicate-resource")
    assert [line for _, _, line, _ in found] == lines


DEPLOYMENT = """resource "kubernetes_deployment" "a" {
  metadata {
    name = "a"
  }
  spec {
    template {
      spec {
        container {
          name  = "a"
          image = "a:1"
          security_context {
            privileged = true
          }
        }
      }
    }
  }
}
"""


def test_no_fix_is_written_into_terraform(lint_files):
    report = lint_files({"main.tf": DEPLOYMENT}, list(RULES.values()))
    assert "privileged-container" in {one.rule_id for one in report.findings}
    fixes = [one.fix for one in report.findings if one.fix is not None and one.resource.kind]
    assert fixes
    assert {(fix.safety, fix.edits) for fix in fixes} == {(Safety.SHOWN, ())}


def test_a_comment_at_the_block_silences_its_object(lint_files):
    rules = [RULES["privileged-container"]]
    assert len(lint_files({"main.tf": DEPLOYMENT}, rules).findings) == 1
    report = lint_files({"main.tf": "# opslint: ignore[privileged-container] node agent\n" + DEPLOYMENT}, rules)
    assert report.findings == ()
    assert len(report.suppressed) == 1


BINDING = """variable "who" {}
resource "kubernetes_role_binding" "a" {
  metadata {
    name      = "a"
    namespace = "shop"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "edit"
  }
  subject {
    kind      = "%s"
    name      = var.who
    namespace = "shop"
  }
}
"""
ACCOUNT = """apiVersion: v1
kind: Pod
metadata: {name: a, namespace: %s}
spec: {containers: [{name: a, image: "a:1"}]}
"""


@pytest.mark.parametrize(
    ("kind", "namespace", "count"),
    [("ServiceAccount", "shop", 0), ("ServiceAccount", "other", 1), ("Group", "shop", 1)],
)
def test_a_subject_that_is_not_known_may_be_an_account_of_its_namespace(lint_files, kind, namespace, count):
    files = {"main.tf": BINDING % kind, "pod.yaml": ACCOUNT % namespace}
    assert len(said(lint_files, files, "token-automounted")) == count
