"""A comment or annotation holds in every kind of file in which a finding can stand."""

import json

import pytest

from opslint.cli.main import main

pytestmark = pytest.mark.usefixtures("one_engine")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:TAG
"""
CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
LATEST = DEPLOYMENT.replace("TAG", "latest")
DATABASE = 'variable "days" {}\nresource "aws_db_instance" "a" {\n  backup_retention_period = DAYS\n}\n'
CLUSTER = 'apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: a\n  version: "1.25"\n'
OBJECT = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "annotations": {"opslint.dev/ignore": "mutable-image-tag", "opslint.dev/reason": "meant"}},
    "spec": {"containers": [{"name": "web", "image": "registry.example/web:latest"}]},
}  # fmt: skip


def beside(text, part, comment):
    assert part in text
    return text.replace(part, f"{part}  {comment}")


def mark(rule, *, start="#", end=""):
    return f"{start} opslint: ignore[{rule}] meant{end}"


TAG = "mutable-image-tag"
BACKUP = "rds-backup-disabled"
CASES = {
    "a .yaml file": (TAG, {"a.yaml": beside(LATEST, ":latest", mark(TAG))}),
    "a .yml file": (TAG, {"a.yml": beside(LATEST, ":latest", mark(TAG))}),
    "JSON": (TAG, {"a.json": json.dumps(OBJECT)}),
    "a template": (TAG, {"c/Chart.yaml": CHART, "c/templates/a.yaml": beside(LATEST, ":latest", mark(TAG))}),
    "a comment of a template": (
        TAG,
        {"c/Chart.yaml": CHART, "c/templates/a.yaml": beside(LATEST, ":latest", mark(TAG, start="{{/*", end=" */}}"))},
    ),
    "a helper": (
        TAG,
        {
            "c/Chart.yaml": CHART,
            "c/templates/_a.tpl": f'{{{{- define "web" }}}}\n{beside(LATEST, ":latest", mark(TAG))}{{{{- end }}}}\n',
            "c/templates/a.yaml": '{{ include "web" . }}\n',
        },
    ),
    "a values file": (
        TAG,
        {
            "c/Chart.yaml": CHART,
            "c/values.yaml": f"tag: latest  {mark(TAG)}\n",
            "c/templates/a.yaml": DEPLOYMENT.replace("TAG", "{{ .Values.tag }}"),
        },
    ),
    "a .tf file": (BACKUP, {"main.tf": beside(DATABASE.replace("DAYS", "0"), "= 0", mark(BACKUP, start="//"))}),
    "a block comment": (
        BACKUP,
        {"main.tf": beside(DATABASE.replace("DAYS", "0"), "= 0", mark(BACKUP, start="/*", end=" */"))},
    ),
    "a .tfvars file": (
        BACKUP,
        {"main.tf": DATABASE.replace("DAYS", "var.days"), "prod.tfvars": f"days = 0  {mark(BACKUP)}\n"},
    ),
    "a file of eksctl": (
        "eks-version-unsupported",
        {"eks.yaml": beside(CLUSTER, '"1.25"', mark("eks-version-unsupported"))},
    ),
}


@pytest.mark.parametrize(("rule", "files"), CASES.values(), ids=CASES)
def test_it_is_hidden_with_its_reason(rule, files, tmp_path, monkeypatch, capsys):
    def lint():
        main([".", "--select", rule, "--as-of", "2026-11-22", "--show-suppressed", "-f", "json", "--no-cache"])
        return [one["suppressed"] for one in json.loads(capsys.readouterr().out)["findings"]]

    monkeypatch.chdir(tmp_path)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    kind = "annotation" if "a.json" in files else "comment"
    assert lint() == [{"kind": kind, "justification": "meant"}]
    for path, text in files.items():
        (tmp_path / path).write_text(text.replace("opslint: ignore", "ignore").replace("opslint.dev/", "x.dev/"))
    assert lint() == [None]
