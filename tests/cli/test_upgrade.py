"""`opslint upgrade`: the example's plan as it was, hop by hop, and what stands in the way."""

import json
import os
import shutil
from pathlib import Path

import pytest

from opslint.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
GOLDEN = Path(__file__).parents[1] / "golden" / "upgrade"
CLUSTER = 'resource "aws_eks_cluster" "shop" {\n  name    = "shop"\n  version = "%s"\n}\n'
CRON = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: report}\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in a repository of its own: `run({path: text}, *arguments) -> (status, stdout, stderr)`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()

    def call(files, *arguments):
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        status = main(["upgrade", *arguments, "--as-of", "2026-11-22"])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("myshop.txt", ("--to", "1.34"), 1),
        ("myshop.md", ("--to", "1.36", "--format", "markdown"), 1),
        ("myshop.json", ("--to", "1.34", "--format", "json"), 1),
        ("myshop.ics", ("--to", "1.34", "--format", "ics"), 1),
        ("myshop-clean.txt", ("--to", "1.36"), 0),
    ],
)
def test_the_plan_of_the_example_is_as_it_was(run, tmp_path, name, arguments, expected):
    shutil.copytree(EXAMPLES / name.partition(".")[0], tmp_path / "shop")
    status, text, _ = run({}, "shop", *arguments)
    golden = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(text.encode())
    assert text == golden.read_bytes().decode()
    assert status == expected


def test_each_hop_has_what_it_needs_first_and_the_line_of_terraform(run):
    files = {"main.tf": CLUSTER % "1.24", "jobs.yaml": CRON}
    status, text, _ = run(files, ".", "--to", "1.26", "--format", "json")
    plan = json.loads(text)
    assert status == 1
    assert [(hop["from"], hop["to"], hop["blocked"]) for hop in plan["hops"]] == [
        ("1.24", "1.25", True),
        ("1.25", "1.26", False),
    ]
    (step,) = plan["hops"][0]["steps"]
    assert (step["path"], step["line"], step["old"], step["new"]) == ("jobs.yaml", 1, "batch/v1beta1", "batch/v1")
    assert step["fix"] == "opslint --fix --unsafe-fixes"
    lines = [line["becomes"] for hop in plan["hops"] for line in hop["terraform"]]
    assert lines == ['version = "1.25"', 'version = "1.26"']


def test_what_blocks_a_later_hop_only_does_not_block_the_next(run):
    status, text, _ = run({"main.tf": CLUSTER % "1.23", "jobs.yaml": CRON}, ".", "--to", "1.25", "--format", "json")
    assert status == 0
    assert [hop["blocked"] for hop in json.loads(text)["hops"]] == [False, True]


def test_a_rewrite_that_is_more_than_a_version_says_what_moves(run):
    ingress = "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: web}\n"
    ingress += "spec: {backend: {serviceName: web}}\n"  # no port: nothing to make the new one of
    status, text, _ = run({"web.yaml": ingress}, ".", "--from", "1.21", "--to", "1.22")
    assert status == 1
    assert "networking.k8s.io/v1beta1 → networking.k8s.io/v1  (by hand)" in text
    assert "spec.defaultBackend" in text
    assert "set the cluster's version to 1.22: no line of these files does" in text


def test_karpenter_is_asked_for_more_at_each_hop(run):
    release = 'resource "helm_release" "k" {\n  name = "k"\n  chart = "karpenter"\n  version = "1.5.0"\n}\n'
    _, text, _ = run({"main.tf": CLUSTER % "1.33" + release}, ".", "--to", "1.36", "--format", "json")
    plan = json.loads(text)
    assert plan["today"] == []
    needs = [step["text"].rpartition("needs ")[2] for hop in plan["hops"] for step in hop["steps"]]
    assert needs == ["Karpenter 1.6 or newer", "Karpenter 1.9 or newer", "Karpenter 1.13 or newer"]


def test_the_cluster_is_there_already(run):
    status, text, _ = run({"main.tf": CLUSTER % "1.34"}, ".", "--to", "1.34")
    assert status == 0
    assert text.startswith("Nothing to upgrade: Kubernetes 1.34 is reached")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "1.99"), "--to: EKS is not known to offer 1.99; opslint knows 1.16 to 1."),
        (("--to", "latest"), '--to: "latest" is no Kubernetes version such as 1.'),
        (("--to", "1.34", "--from", "two"), '--from: "two" is no Kubernetes version'),
        (("--to", "1.30"), "--to 1.30 lies below the start, 1.34: a control plane never goes back"),
    ],
)
def test_a_version_that_cannot_be_is_one_clear_message(run, arguments, message):
    status, text, error = run({"main.tf": CLUSTER % "1.34"}, ".", *arguments)
    assert (status, text) == (2, "")
    assert message in error
    assert error.count("Error:") == 1


def test_without_a_declared_version_the_start_is_asked_for(run):
    files = {"main.tf": 'variable "v" {}\nresource "aws_eks_cluster" "shop" { version = var.v }\n'}
    status, _, error = run(files, ".", "--to", "1.34")
    assert status == 2
    assert "no file declares the version of an EKS cluster that can be told; give it with --from" in error


def test_a_cluster_whose_version_only_an_apply_tells_is_named(run):
    unknown = 'variable "v" {}\nresource "aws_eks_cluster" "blue" {\n  name = "blue"\n  version = var.v\n}\n'
    status, text, _ = run({"main.tf": CLUSTER % "1.33", "blue/main.tf": unknown}, ".", "--to", "1.34")
    assert status == 0
    assert "the version of cluster blue cannot be told from the files (var.v): not in this plan  blue/main.tf:4" in text


def test_a_full_version_is_its_minor(run):
    status, text, _ = run({"main.tf": CLUSTER % "1.33"}, ".", "--to", "v1.34.7-eks-abc", "--format", "json")
    assert (status, json.loads(text)["to"]) == (0, "1.34")


def test_what_could_not_be_read_is_no_pass(run):
    status, text, _ = run({"main.tf": CLUSTER % "1.33", "a.yaml": "apiVersion: v1\nkind: [\n"}, ".", "--to", "1.34")
    assert status == 3
    assert "Incomplete: a.yaml" in text


@pytest.mark.parametrize("format_", ["json", "ics"])
def test_formats_for_programs_say_it_on_standard_error(run, format_):
    files = {"main.tf": CLUSTER % "1.33", "a.yaml": "apiVersion: v1\nkind: [\n"}
    status, _, errors = run(files, ".", "--to", "1.34", "--format", format_)
    assert status == 3
    assert errors.startswith("error: a.yaml:")


def test_suppressed_findings_are_left_out_and_counted(run):
    cron = CRON.replace("v1beta1\n", "v1beta1  # opslint: ignore[removed-api] kept for the old cluster\n")
    status, text, _ = run({"main.tf": CLUSTER % "1.24", "jobs.yaml": cron}, ".", "--to", "1.25")
    assert status == 0
    assert "suppressed in the files left out" in text


def test_only_the_assignment_of_a_line_is_shown(run):
    line = 'variable "c" { default = { password = "hunter2", version = "1.33" } }\n'
    files = {"main.tf": line + 'resource "aws_eks_cluster" "shop" {\n  version = var.c.version\n}\n'}
    _, text, _ = run(files, ".", "--to", "1.34")
    assert 'version = "1.34"' in text
    assert "hunter2" not in text


def test_two_clusters_whose_version_stands_on_one_line_share_the_step(run):
    files = {
        "main.tf": (
            'resource "aws_eks_cluster" "shop" {\n  for_each = toset(["a", "b"])\n  name = each.key\n'
            '  version = "1.33"\n}\n'
        )
    }
    _, text, _ = run(files, ".", "--to", "1.34", "--format", "json")
    plan = json.loads(text)
    assert [one["cluster"] for one in plan["clusters"]] == ["a", "b"]
    assert [(one["cluster"], one["line"]) for one in plan["hops"][0]["terraform"]] == [("a, b", 4)]


def test_what_one_environment_needs_today_is_done_for_the_others(run):
    cluster = 'variable "v" {}\n' + CLUSTER.replace('"%s"', "var.v")
    release = 'resource "helm_release" "k" {\n  name = "k"\n  chart = "karpenter"\n  version = "1.4.0"\n}\n'
    files = {"main.tf": cluster + release, "dev.tfvars": 'v = "1.34"\n', "prod.tfvars": 'v = "1.33"\n'}
    _, text, _ = run(files, ".", "--to", "1.34", "--format", "json")
    plan = json.loads(text)
    (step,) = plan["today"]
    assert step["text"].endswith("which needs Karpenter 1.6 or newer")
    assert plan["hops"][0]["steps"] == []


def test_the_chart_of_a_third_party_stands_in_the_way_too(run):
    files = {
        "main.tf": CLUSTER % "1.31",
        "web/Chart.yaml": 'apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1.0.0, repository: "https://charts.example.com"}\n',
        "web/charts/db/Chart.yaml": 'apiVersion: v2\nname: db\nversion: 1.0.0\nkubeVersion: "<1.32.0-0"\n',
        "web/charts/db/templates/a.yaml": (
            "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata: {name: a}\n"
        ),
    }
    status, text, _ = run(files, ".", "--to", "1.32", "--format", "json")
    steps = json.loads(text)["hops"][0]["steps"]
    assert status == 1
    assert [(step["rule_id"], step["path"], step["blocks"], step["fix"]) for step in steps] == [
        ("removed-api", "web/charts/db/templates/a.yaml", True, None),
        ("chart-kubeversion-excludes-cluster", "web/charts/db/Chart.yaml", False, None),  # Helm does not look at it
    ]
    assert all(step["text"].endswith("in a chart of a third party: raise the dependency") for step in steps)


def test_a_calendar_ends_its_lines_as_the_format_asks(run):
    _, text, _ = run({"main.tf": CLUSTER % "1.33"}, ".", "--to", "1.34", "--format", "ics")
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert "architecture review" in text
