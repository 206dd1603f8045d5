"""The version a cluster had before a change, from real git repositories."""

import os
import subprocess

import pytest

from opslint.api import STRICT, Problem, Severity, cluster, earlier_version, rule
from opslint.engine.changed import files_before

CLUSTER = 'resource "aws_eks_cluster" "shop" {{\n  name    = "shop"\n  version = {}\n}}\n'


@rule(each=cluster(), severity=Severity.LOW, preset=STRICT)
def says_it(item, project):
    """Says it."""
    supply = item.version.via  # environments share the argument, and each has a place of its own
    yield Problem(earlier_version(item, project) or "nothing", supply[-1][1] if supply else item.version)


@pytest.fixture
def commit(tmp_path):
    """Write files into a repository and commit them."""

    def git(*arguments):
        who = {f"GIT_{one}_{key}": "a@example.com" for one in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "nowhere"), "GIT_CONFIG_NOSYSTEM": "1", **who}
        subprocess.run(["git", *arguments], cwd=tmp_path, env=environment, check=True, capture_output=True)

    def run(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        git("add", "-A")
        git("commit", "-q", "-m", "x")

    git("init", "-q")
    return run


def said(lint_files, files, since="HEAD"):
    return sorted(one.message for one in lint_files(files, [says_it], changed_since=since).findings)


def test_a_literal_a_variable_and_a_module_input(lint_files, commit):
    files = {
        "infra/main.tf": CLUSTER.format("var.cluster_version"),
        "infra/variables.tf": 'variable "cluster_version" {}\n',
        "infra/terraform.tfvars": 'cluster_version = "1.33"\n',
        "other/main.tf": 'module "eks" {\n  source = "terraform-aws-modules/eks/aws"\n  kubernetes_version = "1.31"\n}\n',
    }
    commit(files)
    changed = {"infra/terraform.tfvars": 'cluster_version = "1.35"\n', "other/main.tf": files["other/main.tf"] + "\n"}
    assert said(lint_files, changed) == ["1.31", "1.33"]


def test_a_cluster_of_eksctl(lint_files, commit):
    config = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: shop\n  version: '{}'\n"
    commit({"eks/cluster.yaml": config.format("1.33"), "other.yaml": config.format("1.31")})
    assert said(lint_files, {"eks/cluster.yaml": config.format("1.35")}) == ["1.33"]


def test_each_environment_has_its_own(lint_files, commit):
    commit(
        {
            "main.tf": CLUSTER.format("var.cluster_version") + 'variable "cluster_version" {}\n',
            "dev.tfvars": 'cluster_version = "1.34"\n',
            "prod.tfvars": 'cluster_version = "1.33"\n',
        }
    )
    assert said(lint_files, {"dev.tfvars": 'cluster_version = "1.35"\n'}) == ["1.33", "1.34"]


@pytest.mark.parametrize("before", ["var.open", "null", "[]"])
def test_nothing_is_said_of_what_cannot_be_told(lint_files, commit, before):
    commit({"main.tf": CLUSTER.format(before) + 'variable "open" {}\n'})
    assert said(lint_files, {"main.tf": CLUSTER.format('"1.35"')}) == ["nothing"]


def test_a_new_cluster_had_none(lint_files, commit):
    commit({"main.tf": "# nothing yet\n"})
    assert said(lint_files, {"main.tf": CLUSTER.format('"1.35"')}) == ["nothing"]


def test_without_a_revision_git_is_not_asked(lint_files, commit):
    commit({"main.tf": CLUSTER.format('"1.33"')})
    assert said(lint_files, {"main.tf": CLUSTER.format('"1.35"')}, since="") == ["nothing"]


def test_files_are_read_as_they_were(commit, tmp_path):
    commit({"a.tf": "old", "sub dir/ü.tf": b"\xff\n", "b.txt": "no", "big.tf": "x" * 2_000_001})
    (tmp_path / "link.tf").symlink_to("/etc/hostname")
    commit({"a.tf": "old"})
    (tmp_path / "a.tf").write_text("new")
    before = files_before(tmp_path, "HEAD", lambda path: path.endswith(".tf"))
    assert before == {"a.tf": b"old", "sub dir/ü.tf": b"\xff\n"}
