"""What changed since a revision: real git repositories, among them hostile ones."""

import os
import shutil
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from opslint.api import (
    STRICT,
    Fix,
    Problem,
    Safety,
    Set,
    Severity,
    cluster,
    earlier_version,
    resource,
    rule,
    workload,
)
from opslint.engine import changed, run
from opslint.engine.changed import ChangedError, changed_files
from opslint.engine.judge import judge
from opslint.engine.packs import load_packs
from opslint.engine.place import finding_of
from opslint.engine.select import select
from opslint.model.settings import Settings
from opslint.read.plan import read_project

ROOT = Path(__file__).resolve().parents[2]


@rule(each=workload(), severity=Severity.LOW, preset=STRICT)
def kube_rule(item, project):
    """Each one."""
    yield Problem("here", item.spec["replicas"])


@rule(each=resource("aws_db_instance"), severity=Severity.LOW, preset=STRICT)
def tf_rule(item, project):
    """Each one."""
    yield Problem("here", item["engine"])


DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n"
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
    "values.yaml": "replicas: 1\n",
    "templates/a.yaml": DEPLOYMENT.replace("3", "{{ .Values.replicas }}"),
}


@pytest.fixture
def git(tmp_path):
    """Run git in a new repository that knows no configuration but its own."""

    def run(*arguments):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path / "nowhere"), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
        }  # fmt: skip
        command = ["git", "-c", "init.defaultBranch=main", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout

    run("init", "-q")
    return run


@pytest.fixture
def commit(git, tmp_path):
    """Write files and commit them: `commit({path: text})`; None deletes."""

    def run(files):
        put(tmp_path, files)
        git("add", "-A")
        git("commit", "-q", "-m", "x")

    return run


def put(folder, files):
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            target.unlink()
        else:
            target.write_text(text)


def test_staged_unstaged_untracked_deleted_and_renamed_files_count(git, commit, tmp_path):
    commit({"a": "1", "b": "1", "c": "1", "same": "1", "old name": "1\n2\n3\n"})
    commit({"d": "1"})
    put(
        tmp_path,
        {
            "a": "2",
            "b": "2",
            "c": None,
            "ü\n": "1",
            "old name": None,
            "new name": "1\n2\n3\n",
            ".gitignore": "ignored\n",
            "ignored": "",
        },
    )
    git("add", "b", "new name", "old name")
    assert changed_files(tmp_path, "HEAD~1") == {"a", "b", "c", "d", "ü\n", "old name", "new name", ".gitignore"}
    assert "d" not in changed_files(tmp_path, "HEAD")


def test_the_merge_base_counts_not_what_the_other_branch_did_since(git, commit, tmp_path):
    commit({"a": "1"})
    git("branch", "work")
    commit({"theirs": "1"})
    git("checkout", "-q", "work")
    commit({"ours": "1"})
    assert changed_files(tmp_path, "main") == {"ours"}


def test_what_git_cannot_tell_is_one_message(git, commit, tmp_path, monkeypatch):
    with pytest.raises(ChangedError, match="no revision 'main'"):
        changed_files(tmp_path, "main")
    commit({"a": "1"})
    for revision in ("nothing", "--output=x", "", "a b"):
        with pytest.raises(ChangedError, match="there is no revision"):
            changed_files(tmp_path, revision)
    git("checkout", "-q", "--orphan", "lone")
    git("commit", "-q", "-m", "y")
    with pytest.raises(ChangedError, match="no commit in common"):
        changed_files(tmp_path, "main")
    (tmp_path / "sub").mkdir()
    with pytest.raises(ChangedError, match="is no git repository"):
        changed_files(tmp_path / "sub", "main")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ChangedError, match="there is none on the PATH"):
        changed_files(tmp_path, "HEAD")


def test_git_is_not_taken_from_a_relative_folder_of_the_path(tmp_path, git, monkeypatch):
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\ntouch executed\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([".", ""]))
    with pytest.raises(ChangedError, match="there is none on the PATH"):
        changed_files(tmp_path, "HEAD")
    assert not (tmp_path / "executed").exists()
    program.rename(tmp_path / "git.txt")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "git").mkdir()
    with pytest.raises(ChangedError, match="there is none on the PATH"):
        changed_files(tmp_path, "HEAD")


def test_nothing_that_a_repository_configures_is_run(git, commit, tmp_path):
    commit({"a.yaml": "1\n", "sub/b.yaml": "1\n", ".gitattributes": "* filter=evil diff=evil\n"})
    marker = tmp_path.parent / f"{tmp_path.name}-ran"
    evil = f"touch {marker}; cat"
    for key in (
        "core.fsmonitor", "core.pager", "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean",
        "filter.evil.smudge", "filter.evil.process", "core.sshCommand", "core.hooksPath",
    ):  # fmt: skip
        git("config", key, evil)
    git("config", "filter.evil.required", "true")
    put(tmp_path, {"a.yaml": "2\n", "c.yaml": "1\n"})
    os.utime(tmp_path / "sub/b.yaml", (1, 1))
    assert changed_files(tmp_path, "HEAD") == {"a.yaml", "c.yaml"}
    assert not marker.exists()


def test_the_environment_cannot_point_git_elsewhere(commit, tmp_path, monkeypatch):
    commit({"a": "1"})
    put(tmp_path, {"a": "2"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert changed_files(tmp_path, "HEAD") == {"a"}


def test_a_run_asks_git_once_and_says_its_error(lint_files, commit, monkeypatch):
    asked = []
    run = changed._Git.run
    monkeypatch.setattr(changed._Git, "run", lambda *given: asked.append(given[1][0]) or run(*given))

    @rule(each=cluster(), severity=Severity.LOW, preset=STRICT)
    def asks_too(item, project):
        """Asks."""
        yield Problem(earlier_version(item, project) or "as today", item.version)

    files = {"main.tf": 'resource "aws_eks_cluster" "a" {\n  name = "a"\n  version = "1.34"\n}\n', "note": "a"}
    commit(files)
    report = lint_files({"note": "b"}, [asks_too], changed_since="HEAD")
    assert (len(asked), asked[0], report.hidden.unchanged) == (4, "merge-base", 1)
    with pytest.raises(ChangedError, match="there is no revision 'gone'"):
        lint_files({}, [asks_too], changed_since="gone")


def test_the_fix_of_what_is_not_reported_is_not_planned(lint_files, commit, monkeypatch):
    planned = []
    real = run.plan_fix
    monkeypatch.setattr(run, "plan_fix", lambda finding, *given, **named: (
        planned.append(finding.location.source.path), real(finding, *given, **named)))  # fmt: skip

    @rule(each=workload(), severity=Severity.LOW, preset=STRICT, fixable="safe")
    def too_few(item, project):
        """Few."""
        at = item.spec["replicas"]
        yield Problem("few", at, fix=Fix("more", (Set(at, "3"),), Safety.SAFE))

    commit({"a/web.yaml": DEPLOYMENT, "b/web.yaml": DEPLOYMENT})
    report = lint_files({"b/web.yaml": DEPLOYMENT.replace("3", "2")}, [too_few], changed_since="HEAD")
    assert [one.fix.edits[0].text for one in report.findings] == ["3"]
    assert planned == ["b/web.yaml"]


FILES = {
    **{f"charts/c/{path}": text for path, text in CHART.items()},
    **{f"charts/other/{path}": text for path, text in CHART.items()},
    "k8s/a/web.yaml": DEPLOYMENT,
    "k8s/a/b.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: b}\n",
    "k8s/b/web.yaml": DEPLOYMENT,
    "infra/main.tf": 'resource "aws_db_instance" "a" {\n  engine = var.engine\n}\n',
    "infra/variables.tf": 'variable "engine" {}\n',
    "infra/terraform.tfvars": 'engine = "mysql"\n',
    "infra/notes.md": "",
    "other/main.tf": 'module "m" {\n  source = "../modules/m"\n}\n',
    "modules/m/main.tf": 'resource "aws_db_instance" "m" {\n  engine = "mysql"\n}\n',
    "README.md": "",
}


KUBERNETES = {"charts/c/values.yaml", "charts/c/templates/b.yaml", "k8s/b/new.yaml"}  # of what is changed below


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"README.md": "x"}, set()),
        ({"charts/c/values.yaml": "replicas: 1\nx: 1\n"}, {"charts/c/templates/a.yaml"}),
        ({"charts/c/templates/b.yaml": "# new\n"}, {"charts/c/templates/a.yaml"}),
        ({"k8s/a/b.yaml": None}, {"k8s/a/web.yaml"}),
        ({"k8s/b/new.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: b}\n"}, {"k8s/b/web.yaml"}),
        ({"infra/terraform.tfvars": 'engine = "postgres"\n'}, {"infra/main.tf"}),
        ({"infra/notes.md": "x"}, set()),
        ({"modules/m/main.tf": 'resource "aws_db_instance" "m" {\n  engine = "x"\n}\n'}, {"modules/m/main.tf"}),
        ({"other/main.tf": 'module "m" {\n  source = "../modules/m"\n}\n\n'}, {"modules/m/main.tf"}),
    ],
)
def test_a_finding_is_kept_when_a_file_of_its_unit_changed(lint_files, commit, tmp_path, files, found):
    commit(FILES)
    put(tmp_path, files)
    everything = lint_files({}, [kube_rule, tf_rule]).findings
    report = lint_files({}, [kube_rule, tf_rule], changed_since="HEAD")
    paths = [finding.location.source.path for finding in report.findings]
    assert {path.replace("values.yaml", "templates/a.yaml") for path in paths} == found
    # Of what changed in charts and manifests alone, the rule about Terraform is not asked.
    asked = {"kube-rule"} if set(files) <= KUBERNETES else {"kube-rule", "tf-rule"}
    assert set(report.rules) == asked
    total = sum(one.rule_id in asked for one in everything)
    assert report.hidden.unchanged == total - len(report.findings)


def test_in_a_chart_at_the_root_of_a_repository(lint_files, commit):
    commit({**CHART, "infra/main.tf": FILES["infra/main.tf"].replace("var.engine", '"mysql"')})
    report = lint_files({"templates/new.yaml": ""}, [kube_rule, tf_rule], changed_since="HEAD")
    assert [one.rule_id for one in report.findings] == ["kube-rule"]


def test_suppressions_of_rules_that_were_not_asked(lint_files, commit):
    unused = next(one for pack in load_packs() for one in pack.rules if one.id == "unused-suppression")
    rules = [kube_rule, tf_rule, unused]
    every = "  # opslint: ignore because it is old"
    commit({**FILES, "infra/main.tf": FILES["infra/main.tf"].replace("var.engine", f"var.engine{every}")})
    mark = "  # opslint: ignore[tf-rule] because"
    report = lint_files(
        {"k8s/b/new.yaml": f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: c}}{mark}\n"},
        rules,
        changed_since="HEAD",
        preset="all",
    )
    assert "tf-rule" not in report.rules
    said = [one.location.source.path for one in report.findings if one.rule_id == unused.id]
    assert said == ["k8s/b/new.yaml"]
    # What silences a rule that was not asked, in its own files, is not taken for unused, not even as a number.
    everything = [one for one in lint_files({}, rules, preset="all").findings if one.rule_id != "tf-rule"]
    assert report.hidden.unchanged == len(everything) - len(report.findings)


EKSCTL = """\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: shop, region: eu-west-1, version: "1.24"}
addons: [{name: vpc-cni}]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The example, with a cluster of eksctl and a chart beside Terraform: (its files, project, rules, what they say)."""
    folder = tmp_path_factory.mktemp("changed") / "shop"
    shutil.copytree(ROOT / "examples/myshop", folder)
    put(
        folder,
        {"cluster.yaml": EKSCTL, "extra/Chart.yaml": CHART["Chart.yaml"], "extra/main.tf": FILES["other/main.tf"]},
    )
    settings = Settings(root=str(folder), preset="all", as_of=date(2026, 11, 1), no_cache=True)
    selected = select(load_packs(), settings)
    project = read_project([str(folder)], settings).project
    files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    return files, project, selected, judge(project, selected)


def test_no_rule_is_left_out_that_would_say_something_to_keep(shop, monkeypatch):
    files, project, selected, judgement = shop
    findings = [finding_of(said) for said in judgement.said]
    assert {one.rule_id for one in findings if one.location.source.path == "cluster.yaml"}
    left_out = Counter()
    for names in [*((one,) for one in files), *zip(files, files[7:], strict=False)]:
        monkeypatch.setattr(changed, "changed_in", lambda _, names=names: frozenset(names))
        changes = changed.Changes(project)
        asked = {one.rule.id for one in changes.worth_asking(selected)}
        assert {one.rule_id for one in findings if changes.touch(one)} <= asked, names
        left_out[len(selected) - len(asked)] += 1
    assert set(left_out) == {0, sum(one.rule.applies_to == "terraform" for one in selected)}
    assert min(left_out.values()) > 10
