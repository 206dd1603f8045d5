"""eksctl's ClusterConfig is judged like the resources it makes, on the lines of the YAML."""

from __future__ import annotations

import pytest

from opslint.api import STRICT, Problem, Severity, any_of, cluster, kind, resource, rule, set_argument, trusts_of
from opslint.model.finding import Safety

CONFIG = """\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata:
  name: shop
  version: "1.33"
  tags: {team: web}
vpc:
  clusterEndpoints: {publicAccess: true}
  publicAccessCIDRs: [10.0.0.0/8]
cloudWatch:
  clusterLogging:
    enableTypes: ["*"]
    logRetentionInDays: 30
secretsEncryption: {keyARN: "arn:aws:kms:eu-west-1:123456789012:key/a"}
accessConfig:
  authenticationMode: API
  accessEntries:
    - principalARN: arn:aws:iam::123456789012:role/dev
      kubernetesGroups: [dev]
      accessPolicies:
        - policyARN: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
          accessScope: {type: namespace, namespaces: [shop]}
managedNodeGroups:
  - name: system
    instanceTypes: [m7g.large]
    amiFamily: AmazonLinux2
    minSize: 2
    spot: true
    taints:
      - {key: a, value: b, effect: NoSchedule}
nodeGroups:
  - name: own
    instanceType: m5.large
    taints: {c: "d:NoExecute"}
addons:
  - name: vpc-cni
    version: latest
  - name: coredns
    version: v1.11.1-eksbuild.4
    resolveConflicts: overwrite
fargateProfiles:
  - name: batch
    selectors: [{namespace: batch}]
iam:
  serviceAccounts:
    - metadata: {name: api, namespace: shop}
      roleName: shop-api
      attachPolicyARNs: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    - metadata: {name: pay}
      attachRoleARN: arn:aws:iam::123456789012:role/pay
  podIdentityAssociations:
    - namespace: shop
      serviceAccountName: mail
      roleARN: arn:aws:iam::123456789012:role/mail
"""


@pytest.fixture
def project(read):
    return read({"cluster.yaml": CONFIG}).project


def only(project, type_):
    (block,) = project.resources(type_)
    return block


def where(node):
    return node.location.span.line, node.location.text


def test_the_control_plane_on_its_lines(project):
    block = only(project, "aws_eks_cluster")
    assert block.address == "eksctl.shop.aws_eks_cluster"
    assert where(block["version"]) == (5, '"1.33"')
    assert block["tags"]["team"].text == "web"
    network = block.body.one("vpc_config")
    assert where(network["endpoint_public_access"]) == (8, "true")
    assert network["endpoint_private_access"].is_false
    assert where(network["endpoint_private_access"]) == (4, "shop")
    assert network["public_access_cidrs"].texts() == ["10.0.0.0/8"]
    assert block["enabled_cluster_log_types"].texts() == [
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    ]
    assert where(block["enabled_cluster_log_types"][0]) == (12, '"*"')
    assert block.body.one("encryption_config")["resources"].texts() == ["secrets"]
    assert block.body.one("access_config")["authentication_mode"].text == "API"
    assert where(block["no_such_argument"]) == (4, "shop")
    assert block.header.span.line == 4


def test_the_version_is_the_target_of_the_repository(read):
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    reading = read({"cluster.yaml": CONFIG, "apps/a.yaml": manifest})
    (unit,) = reading.project.units
    assert [(target.minor, target.provenance) for target in unit.targets] == [(33, "cluster.yaml:5")]
    assert [(one.id, one.version.text) for one in reading.project.clusters] == [("eksctl.shop.aws_eks_cluster", "1.33")]


def test_it_is_no_kubernetes_object(project):
    assert project.objects == []
    assert project.units == []
    assert not project.has_terraform
    assert [file.source.path for file in project.files] == ["cluster.yaml"]


def test_node_groups(project):
    system, own = project.resources("aws_eks_node_group")
    assert system["instance_types"].texts() == ["m7g.large"]
    assert where(system["ami_type"]) == (26, "AmazonLinux2")
    assert system["ami_type"].text == "AL2_ARM_64"
    assert system["capacity_type"].text == "SPOT"
    assert system.body.one("scaling_config")["min_size"].number == 2
    assert not system.body.one("scaling_config")["max_size"].known
    (taint,) = system["taint"]
    assert (taint["key"].text, taint["value"].text, taint["effect"].text) == ("a", "b", "NO_SCHEDULE")
    assert where(own["instance_types"][0]) == (33, "m5.large")
    assert not own["ami_type"].known
    (taint,) = own["taint"]
    assert (taint["key"].text, taint["value"].text, taint["effect"].text) == ("c", "d", "NO_EXECUTE")


@pytest.mark.parametrize(
    ("family", "instance", "known", "text"),
    [
        ("AmazonLinux2023", "m7i.large", True, "AL2023_x86_64_STANDARD"),
        ("AmazonLinux2023", "c7gn.large", True, "AL2023_ARM_64_STANDARD"),
        ("Bottlerocket", "m7i.large", True, "BOTTLEROCKET_x86_64"),
        ("Bottlerocket", "g5.xlarge", False, ""),
        ("WindowsServer2022FullContainer", "m7i.large", True, "WINDOWS_FULL_2022_x86_64"),
        ("Ubuntu2204", "m7i.large", False, ""),
    ],
)
def test_image_types(read, family, instance, known, text):
    config = (
        "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: a}\n"
        f"managedNodeGroups: [{{name: n, amiFamily: {family}, instanceType: {instance}}}]\n"
    )
    node = only(read({"c.yaml": config}).project, "aws_eks_node_group")["ami_type"]
    assert node.known == known
    assert (node.text if known else "") == text


def test_addons_logs_and_profiles(project):
    newest, pinned = project.resources("aws_eks_addon")
    assert not newest["addon_version"].present
    assert newest["most_recent"].is_true
    assert where(pinned["addon_version"]) == (39, "v1.11.1-eksbuild.4")
    assert pinned["resolve_conflicts_on_update"].text == "OVERWRITE"
    assert only(project, "aws_cloudwatch_log_group")["retention_in_days"].number == 30
    assert only(project, "aws_eks_fargate_profile")["selector"][0]["namespace"].text == "batch"


def test_access_entries(project):
    assert only(project, "aws_eks_access_entry")["kubernetes_groups"].texts() == ["dev"]
    policy = only(project, "aws_eks_access_policy_association")
    assert policy["policy_arn"].location.span.line == 21
    assert policy.body.one("access_scope")["namespaces"].texts() == ["shop"]


def test_service_accounts(project):
    role = only(project, "aws_iam_role")
    assert where(role["name"]) == (47, "shop-api")
    (trust,) = trusts_of(role)
    assert trust.admits("system:serviceaccount:shop:api")
    assert not trust.admits("system:serviceaccount:shop:web")
    assert only(project, "aws_iam_role_policy_attachment")["policy_arn"].location.span.line == 48
    accounts = project.resources("kubernetes_service_account_v1")
    assert [
        (one.body.one("metadata")["name"].text, one.body.one("metadata")["namespace"].text) for one in accounts
    ] == [
        ("api", "shop"),
        ("pay", "default"),
    ]
    assert only(project, "aws_eks_pod_identity_association")["role_arn"].text.endswith(":role/mail")


def test_each_file_and_environment_is_a_root_of_its_own(read):
    one = CONFIG.replace("name: shop", "name: dev")
    project = read({"envs/dev/cluster.yaml": one, "envs/prod/cluster.yaml": CONFIG}).project
    assert [(each.environment.name, each.name.text) for each in project.clusters] == [("dev", "dev"), ("prod", "shop")]
    assert [module.path for module in project.eksctl] == ["envs/dev/cluster.yaml", "envs/prod/cluster.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "kind: ClusterConfig\napiVersion: eksctl.io/v1alpha5\n",
        "kind: ClusterConfig\napiVersion: eksctl.io/v1alpha5\nmetadata: a\nvpc: [1]\naddons: {a: 1}\niam: [x]\n",
        "kind: ClusterConfig\napiVersion: eksctl.io/v1alpha5\nmanagedNodeGroups: [a, [], {taints: x}, {instanceTypes: m}]\n",
        "kind: ClusterConfig\napiVersion: eksctl.io/v1alpha5\niam: {serviceAccounts: [{metadata: []}, 1]}\naccessConfig: 3\n",
    ],
)
def test_odd_shapes_raise_nothing(read, text):
    project = read({"c.yaml": text}).project
    assert len(project.clusters) == 1
    for module in project.eksctl:
        for block in module.blocks:
            assert sum(1 for _ in block.body.walk()) > 0


def test_a_cluster_config_of_another_group_is_an_object(read):
    project = read({"c.yaml": "apiVersion: example.com/v1\nkind: ClusterConfig\nmetadata: {name: a}\n"}).project
    assert [item.title for item in project.objects] == ["ClusterConfig/a"]
    assert project.eksctl == []


@rule(each=resource("aws_eks_cluster"), severity=Severity.HIGH, preset=STRICT)
def terraform_fix(item, project):
    """Writes Terraform."""
    yield Problem("old", item["version"], fix=set_argument(item, "version", '"1.34"', Safety.SAFE))
    yield Problem(
        "bare", item["deletion_protection"], fix=set_argument(item, "deletion_protection", "true", Safety.SAFE)
    )


def test_terraform_is_never_written_into_yaml(lint_files):
    report = lint_files({"cluster.yaml": CONFIG}, [terraform_fix])
    assert [(one.location.span.line, one.resource.address) for one in report.findings] == [
        (4, "eksctl.shop.aws_eks_cluster"),
        (5, "eksctl.shop.aws_eks_cluster"),
    ]
    assert all(one.fix is None or not one.fix.edits for one in report.findings)


def test_comments_silence_findings(lint_files):
    text = CONFIG.replace('"1.33"', '"1.33" # opslint: ignore[terraform-fix] tested elsewhere')
    report = lint_files({"cluster.yaml": text}, [terraform_fix])
    assert [one.message for one in report.findings] == ["bare"]


@rule(each=any_of(cluster(), kind("ClusterConfig")), severity=Severity.LOW, preset=STRICT)
def each_cluster(item, project):
    """Each one."""
    yield Problem(item.id, item.version)


def test_rules_for_clusters_see_it(lint_files):
    report = lint_files({"cluster.yaml": CONFIG}, [each_cluster])
    assert [(one.message, one.location.span.line) for one in report.findings] == [("eksctl.shop.aws_eks_cluster", 5)]
