"""The clean example has no finding across Terraform and manifests; one edit of it makes exactly one rule fire."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings

pytestmark = pytest.mark.usefixtures("one_engine")

CLEAN = Path(__file__).parents[2] / "examples" / "myshop-clean"
PACKS = load_packs()
CROSS = sorted(rule.id for pack in PACKS for rule in pack.rules if rule.applies_to == "cross")
HOSTS = """\
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {app.kubernetes.io/name: redis}}
      nodeSelector: {workload: system}
"""
SPEC = "      automountServiceAccountToken: false\n"
SYSTEM = '      instance_types = ["m7i.large", "m6i.large"]\n'
REPORTS = """
resource "aws_security_group" "reports" {
  name = "reports"

  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_db_instance" "reports" {
  identifier             = "reports"
  engine                 = "postgres"
  instance_class         = "db.m7g.large"
  vpc_security_group_ids = [aws_security_group.reports.id]
}
"""

# Rule: what is changed, one or several (file, old text, new text); of old texts the first is changed. An empty old text
# appends, a new text of None removes the file.
EDITS = {
    "access-entry-group-unbound": [
        ("manifests/rbac/developers.yaml", "name: myshop-developers", "name: myshop-testers"),
    ],
    "chart-kubeversion-excludes-cluster": [
        ("charts/myshop-api/Chart.yaml", '">=1.32.0-0"', '">=1.32.0-0 <1.35.0-0"'),
    ],
    "controller-version-incompatible": [
        (
            "infra/controllers.tf",
            '"1.14.0"\n\n  values = [yamlencode({\n    settings',
            '"1.5.0"\n\n  values = [yamlencode({\n    settings',
        ),
    ],
    "csi-driver-missing": [
        ("infra/eks.tf", "aws-ebs-csi-driver = {", "aws-efs-csi-driver = {"),
    ],
    "db-security-group-gap": [
        ("infra/rds.tf", "", REPORTS),
    ],
    "external-secret-undeclared": [
        ("infra/secrets.tf", '"myshop/${var.environment}/payment"', '"myshop/${var.environment}/payments"'),
    ],
    "image-repository-mismatch": [
        ("infra/prod.tfvars", '["myshop-api", "myshop-batch"]', '["myshop-web", "myshop-batch"]'),
    ],
    "irsa-role-stale": [
        ("manifests/batch/order-export.yaml", None, None),
    ],
    "irsa-role-undeclared": [
        ("infra/irsa.tf", '"myshop-api-${var.environment}"', '"shop-api-${var.environment}"'),
    ],
    "irsa-trust-mismatch": [
        ("infra/irsa.tf", '["logging:fluent-bit"]', '["${local.namespace}:order-export"]'),
    ],
    "karpenter-nodeclass-unresolved": [
        ("infra/eks.tf", '"${local.cluster_name}-karpenter-node"', '"${local.cluster_name}-nodes"'),
    ],
    "load-balancer-controller-missing": [
        ("infra/controllers.tf", 'chart      = "aws-load-balancer-controller"', 'chart      = "external-dns"'),
    ],
    "network-policy-not-enforced": [
        ("infra/eks.tf", 'enableNetworkPolicy = "true"', 'enableNetworkPolicy = "false"'),
    ],
    "node-selector-unsatisfiable": [
        ("manifests/redis/redis.yaml", SPEC, SPEC + "      nodeSelector: {disk: fast}\n"),
    ],
    "replicas-exceed-nodes": [
        ("manifests/redis/redis.yaml", SPEC, SPEC + HOSTS),
        ("manifests/redis/redis.yaml", "replicas: 1", "replicas: 9"),
        ("infra/eks.tf", SYSTEM, SYSTEM + '      labels         = { workload = "system" }\n'),
    ],
    "velero-bucket-expires-early": [
        (
            "infra/velero.tf",
            "noncurrent_version_expiration {\n      noncurrent_days = 30",
            "expiration {\n      days = 7",
        ),
    ],
    "velero-bucket-undeclared": [
        ("infra/velero.tf", '"myshop-velero-${var.environment}"', '"shop-velero-${var.environment}"'),
    ],
    "velero-namespace-uncovered": [
        ("manifests/velero/schedule.yaml", "[myshop]", "[logging]"),
    ],
}


def cross_findings(folder):
    settings = Settings(root=str(folder), as_of=date(2026, 11, 22), select=tuple(CROSS), no_cache=True)
    report = lint([str(folder)], settings, PACKS)
    assert [failure.message for failure in report.failures] == []
    return report.findings


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(CLEAN, folder)
    return folder


def change(folder, edits):
    for name, old, new in edits:
        path = folder / name
        if old is None:
            path.unlink()
            continue
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")


def test_the_clean_example_has_none(shop):
    assert [(one.rule_id, one.message) for one in cross_findings(shop) if one.rule_id != "no-cost-visibility"] == []


@pytest.mark.parametrize("rule", EDITS)
def test_one_edit_makes_exactly_one_rule_fire(shop, rule):
    change(shop, EDITS[rule])
    assert {(one.rule_id) for one in cross_findings(shop)} - {"no-cost-visibility"} == {rule}


def test_every_cross_rule_of_the_default_presets_has_an_edit():
    # target-version-behind-cluster needs a version that the user names; no-cost-visibility runs by name only.
    assert sorted(EDITS) == [
        rule for rule in CROSS if rule not in {"target-version-behind-cluster", "no-cost-visibility"}
    ]


def test_a_version_asked_for_that_is_behind_the_cluster(shop):
    settings = Settings(
        root=str(shop),
        as_of=date(2026, 11, 22),
        select=tuple(CROSS),
        no_cache=True,
        target_version="1.33",
        target_source="flag",
    )
    found = {one.rule_id for one in lint([str(shop)], settings, PACKS).findings}
    assert found - {"no-cost-visibility"} == {"target-version-behind-cluster"}


@pytest.mark.parametrize("gone", ["infra", "manifests charts"])
def test_one_side_alone_has_no_finding_across(shop, gone):
    for name in gone.split():
        shutil.rmtree(shop / name)
    assert [(one.rule_id, one.message) for one in cross_findings(shop)] == []


def test_a_module_that_cannot_be_read_makes_missing_things_unsayable(shop):
    change(shop, EDITS["irsa-role-undeclared"])
    opaque = 'module "roles" {\n  source = "git::https://git.example.com/modules/iam-roles.git"\n}\n'
    change(shop, [("infra/irsa.tf", "", opaque)])
    assert {one.rule_id for one in cross_findings(shop)} - {"no-cost-visibility"} == set()


def test_an_unknown_name_on_the_other_side_makes_the_rule_silent(shop):
    change(shop, [("infra/irsa.tf", '"myshop-api-${var.environment}"', "var.unknown")])
    change(shop, [("infra/variables.tf", "", 'variable "unknown" {}\n')])
    assert {one.rule_id for one in cross_findings(shop)} - {"no-cost-visibility"} == set()


def test_each_environment_is_judged_against_its_own_cluster(shop):
    change(shop, [("infra/dev.tfvars", 'cluster_version        = "1.35"', 'cluster_version        = "1.32"')])
    change(shop, [("charts/myshop-api/Chart.yaml", '">=1.32.0-0"', '">=1.34.0-0"')])
    found = [one for one in cross_findings(shop) if one.rule_id == "chart-kubeversion-excludes-cluster"]
    assert [one.targets for one in found] == [("module.eks.aws_eks_cluster.this[0]@dev",)]
    assert "1.32" in found[0].message


def test_a_role_of_the_other_environment_is_not_the_one_that_is_meant(shop):
    change(shop, [("charts/myshop-api/values-prod.yaml", "role/myshop-api-prod", "role/myshop-api-stage")])
    (finding,) = [one for one in cross_findings(shop) if one.rule_id == "irsa-role-undeclared"]
    assert finding.location.source.path == "charts/myshop-api/values-prod.yaml"
    assert [name for name, _ in finding.environments] == ["prod"]
