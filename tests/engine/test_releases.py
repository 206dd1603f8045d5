"""Which release of a controller the files deploy."""

import pytest

from opslint.api import STRICT, Problem, Severity, project, releases_of, rule
from opslint.engine.releases import component_version

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.mark.parametrize(
    ("chart", "version", "component"),
    [
        ("karpenter", "v1.6.0", "1.6.0"),
        ("kyverno", "3.5.2", "1.15"),
        ("kyverno", "2.7.0", ""),
        ("aws-load-balancer-controller", "1.14.0", "2.14"),
        ("aws-load-balancer-controller", "3.0.1", "3.0.1"),
        ("cluster-autoscaler", "9.50.1", ""),
        ("external-secrets", "~0.14", ""),
        ("external-secrets", "", ""),
    ],
)
def test_the_version_of_a_chart_tells_the_component(chart, version, component):
    assert component_version(chart, version) == component


@rule(each=project(), severity=Severity.LOW, preset=STRICT)
def every_release(item, project):
    """Each one."""
    for one in releases_of(project):
        yield Problem(f"{one.component} {one.version} by {one.named}", one.at)


def said(report):
    assert report.failures == ()
    return sorted(finding.message for finding in report.findings)


def test_charts_images_and_dependencies_are_seen(lint_files):
    report = lint_files(
        {
            "main.tf": """
resource "helm_release" "autoscaler" {
  name = "autoscaler"
  repository = "https://kubernetes.github.io/autoscaler"
  chart = "cluster-autoscaler"
  version = "9.50.1"
  values = ["image: {tag: v1.33.0}"]
}
resource "helm_release" "base" {
  name = "shop"
  repository = "https://charts.example.com"
  chart = "base"
  version = "1.2.3"
}
""",
            "api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\ndependencies: [{name: keda, version: 2.17.0}]\n",
            "pods.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: karpenter}
spec: {template: {spec: {containers: [{name: c, image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/karpenter/controller:1.8.2@sha256:00"}]}}}
""",
        },
        [every_release],
    )
    messages = sorted(finding.message for finding in report.findings)
    assert messages == [
        "cluster-autoscaler 1.33.0 by chart cluster-autoscaler 9.50.1",
        "karpenter 1.8.2 by image karpenter/controller:1.8.2",
        "keda 2.17.0 by chart keda 2.17.0",
    ]


def test_products_of_like_names_are_not_taken_for_it(lint_files):
    pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: "%s:1.2.3"}]}\n'
    images = ("rancher/nginx-ingress-controller", "example.com/my-karpenter/controllers", "shop/velero")
    report = lint_files({f"{number}.yaml": pod % image for number, image in enumerate(images)}, [every_release])
    assert said(report) == []
