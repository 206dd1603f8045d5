"""Suppressions of other tools, in the formats of their documentation."""

import pytest

from opslint.api import STRICT, Problem, Severity, resource, rule, workload
from opslint.engine.packs import load_packs

pytestmark = pytest.mark.usefixtures("one_engine")

PEERS = {
    "checkov": ["CKV_K8S_8"],
    "kube-linter": ["no-liveness-probe"],
    "kube-score": ["pod-probes"],
    "polaris": ["livenessProbeMissing"],
    "trivy": ["KSV-0012"],
    "kics": ["ade74944-a674-4e00-859e-c6eab5bde441"],
}


@rule(each=workload(), severity=Severity.LOW, preset=STRICT, aliases=PEERS)
def kube_rule(item, project):
    """Each one."""
    yield Problem("here", item.spec["replicas"])


@rule(
    each=resource("aws_db_instance"),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_16"], "trivy": ["AWS-0080"]},
    related={"tflint": ["aws_db_instance_invalid_engine"], "kics": ["abc-1"]},
)
def tf_rule(item, project):
    """Each one."""
    yield Problem("here", item["engine"])


@rule(each=workload(), severity=Severity.LOW, preset=STRICT)
def other_rule(item, project):
    """Each one."""
    yield Problem("there", item.spec["replicas"])


TEXT = """\
{top}apiVersion: apps/v1
kind: Deployment
metadata:
  name: web{annotation}
spec:
{above}  replicas: 3{beside}
  paused: false
"""


def kube(top="", above="", beside="", annotation=""):
    if annotation:
        annotation = f"\n  annotations: {{{annotation}}}"
    return TEXT.format(top=top, above=above, beside=beside, annotation=annotation)


@pytest.mark.parametrize(
    ("yaml", "justification"),
    [
        (kube(annotation='checkov.io/skip1: "CKV_K8S_8=probed elsewhere"'), "checkov: probed elsewhere"),
        (kube(annotation='checkov.io/skip2: "CKV_K8S_8"'), "checkov"),
        (kube(beside=" #checkov:skip=CKV_K8S_8:why not"), "checkov: why not"),
        (kube(annotation='ignore-check.kube-linter.io/no-liveness-probe: "a job"'), "kube-linter: a job"),
        (kube(annotation='kube-linter.io/ignore-all: "legacy"'), "kube-linter: legacy"),
        (kube(annotation='kube-score/ignore: "pod-networkpolicy, pod-probes"'), "kube-score"),
        (kube(annotation='polaris.fairwinds.com/livenessProbeMissing-exempt: "true"'), "polaris"),
        (kube(annotation='polaris.fairwinds.com/liveness-probe-missing-exempt: "true"'), "polaris"),
        (kube(annotation='polaris.fairwinds.com/exempt: "true"'), "polaris"),
        (kube(above="  #trivy:ignore:AVD-KSV-0012\n"), "trivy"),
        (kube(beside=" # trivy:ignore:KSV012"), "trivy"),
        (kube(top="# trivy:ignore:KSV-0012\n"), "trivy"),
        (kube(beside=" # trivy:ignore:KSV-0012:exp:2026-11-22"), "trivy"),
        (kube(above="  # kics-scan ignore-line\n"), "kics"),
        (kube(top="# kics-scan disable=ade74944-a674-4e00-859e-c6eab5bde441\n\n"), "kics"),
        (kube(top="# kics-scan ignore\n\n"), "kics"),
    ],
)
def test_on_an_object(lint_files, yaml, justification):
    report = lint_files({"a.yaml": yaml}, [kube_rule, other_rule])
    assert [one.suppressed for one in report.suppressed] == [("foreign", justification)]
    assert [one.rule_id for one in report.findings] == ["other-rule"]  # none of theirs
    assert len(lint_files({"a.yaml": yaml}, [kube_rule], foreign_suppressions=False).findings) == 1


@pytest.mark.parametrize(
    "yaml",
    [
        kube(annotation='checkov.io/skip1: "CKV_K8S_9=other"'),
        kube(annotation='polaris.fairwinds.com/livenessProbeMissing-exempt: "false"'),
        kube(annotation='ignore-check.kube-linter.io/no-readiness-probe: "a job"'),
        kube(above="  # trivy:ignore:KSV-0121\n"),
        kube(above="  # trivy:ignore:KSV-0012\n\n"),
        kube(beside=" # trivy:ignore:KSV-0012:exp:2026-11-21"),
        kube(beside=" # trivy:ignore:KSV-0012:ws:dev"),
        kube(annotation='note: "trivy:ignore:KSV-0012"'),
        kube(above="  # kics-scan ignore-line\n  minReadySeconds: 1\n"),
        kube() + "---\n# checkov:skip=CKV_K8S_8:only that one\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n",
    ],
)
def test_what_does_not_hold(lint_files, yaml):
    assert len(lint_files({"a.yaml": yaml}, [kube_rule]).findings) == 1


def test_on_pods(lint_files):
    template = "  template:\n    metadata:\n      annotations: {kube-score/ignore: pod-probes}\n"
    assert lint_files({"a.yaml": kube() + template}, [kube_rule]).hidden.suppressed == 1


TF = """\
{top}resource "aws_db_instance" "a" {{{header}
  engine = "postgres"{beside}
{inside}}}

resource "aws_db_instance" "b" {{
  engine = "postgres"
}}
"""


def hcl(top="", header="", beside="", inside=""):
    return TF.format(top=top, header=header, beside=beside, inside=inside)


@pytest.mark.parametrize(
    ("text", "justification"),
    [
        (hcl(inside="  #checkov:skip=CKV_AWS_16:encrypted below\n"), "checkov: encrypted below"),
        (hcl(header=" // bridgecrew:skip=CKV_AWS_16"), "checkov"),
        (hcl(top="#trivy:ignore:AVD-AWS-0080\n"), "trivy"),
        (hcl(top="#tfsec:ignore:AWS-0001\n#tfsec:ignore:AWS-0080\n"), "trivy"),
        (hcl(beside=" #tfsec:ignore:AWS080 #tfsec:ignore:AWS-0001"), "trivy"),
        (hcl(top="# trivy:ignore:*\n"), "trivy"),
        (hcl(beside=" # tflint-ignore: terraform_x, aws_db_instance_invalid_engine"), "tflint"),
        (hcl(top="# tflint-ignore: all\n"), "tflint"),
        (hcl(top="# kics-scan ignore-block\n"), "kics"),
    ],
)
def test_in_terraform(lint_files, text, justification):
    report = lint_files({"main.tf": text}, [tf_rule])
    assert [(one.resource.address, one.suppressed) for one in report.suppressed] == [
        ("aws_db_instance.a", ("foreign", justification))
    ]
    assert [one.resource.address for one in report.findings] == ["aws_db_instance.b"]


def test_a_whole_file_of_tflint(lint_files):
    text = "# tflint-ignore-file: aws_db_instance_invalid_engine\n\n" + hcl()
    assert lint_files({"main.tf": text}, [tf_rule]).hidden.suppressed == 2


def test_they_are_never_called_unused(lint_files):
    rules = [kube_rule, next(one for pack in load_packs() for one in pack.rules if one.id == "unused-suppression")]
    files = {"a.yaml": kube(beside=" # trivy:ignore:KSV-0999", annotation='kube-score/ignore: "x"')}
    assert [one.rule_id for one in lint_files(files, rules).findings] == ["kube-rule"]


def test_in_a_chart_a_comment_inside_the_resource_holds_for_it(lint_files):
    template = kube().replace("replicas: 3", "replicas: {{ .Values.replicas }}")
    files = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
        "c/values.yaml": "replicas: 3\n",
        "c/templates/a.yaml": template.replace("  paused", "  # checkov:skip=CKV_K8S_8:why\n  paused"),
        "c/templates/b.yaml": template.replace("name: web", "name: api"),
    }
    report = lint_files(files, [kube_rule])
    assert (len(report.findings), report.hidden.suppressed) == (1, 1)
