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
    assert line == 10
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


NAMED = """variable "x" {}
resource "kubernetes_config_map" "a" {
  metadata {
    name      = %s
    namespace = %s
  }
}
"""


@pytest.mark.parametrize(
    ("name", "namespace", "count"),
    [
        ("var.x", '"shop"', 0),
        ('"db"', "var.x", 0),
        ('"other"', "var.x", 1),
        ("var.x", "var.x", 0),
    ],
)
def test_what_has_no_known_name_may_be_what_is_referred_to(lint_files, name, namespace, count):
    files = {"pod.yaml": POD, "main.tf": NAMED % (name, namespace)}
    assert len(said(lint_files, files, "missing-config-reference")) == count


INGRESS = """variable "x" {}
resource "kubernetes_ingress_v1" "a" {
  metadata {
    name        = "a"
    annotations = %s
  }
  spec {
    ingress_class_name = "alb"
    rule {
      host = "shop.example"
    }
  }
}
"""


@pytest.mark.parametrize(
    ("annotations", "count"),
    [
        ('{ "alb.ingress.kubernetes.io/scheme" = "internet-facing" }', 1),
        (
            '{ "alb.ingress.kubernetes.io/scheme" = "internet-facing", "alb.ingress.kubernetes.io/certificate-arn" = var.x }',
            0,
        ),
        ("var.x", 0),
    ],
)
def test_an_annotation_that_is_not_known_may_be_there(lint_files, annotations, count):
    assert len(said(lint_files, {"main.tf": INGRESS % annotations}, "ingress-without-tls")) == count


RUNS = """variable "x" {}
resource "kubernetes_pod" "a" {
  metadata {
    name      = "a"
    namespace = "shop"
  }
  spec {
    service_account_name = %s
  }
}
"""
IDLE = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: idle, namespace: %s}\n"


@pytest.mark.parametrize(
    ("account", "namespace", "count"), [("var.x", "shop", 0), ("var.x", "other", 1), ('"busy"', "shop", 1)]
)
def test_a_pod_may_run_as_any_account_when_its_own_is_not_known(lint_files, account, namespace, count):
    files = {"main.tf": RUNS % account, "account.yaml": IDLE % namespace}
    assert len(said(lint_files, files, "stale-service-account")) == count
