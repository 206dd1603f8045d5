"""Finding what there is to read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opslint.read.discover import Discovery, TerraformDirectory, discover, find_root, looks_like_manifest
from opslint.read.ignore import Ignore

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is also the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(DEPLOYMENT if path.endswith(".yaml") else "")


def found(root: Path, *paths: str, exclude: tuple[str, ...] = ()) -> Discovery:
    return discover(paths, root, exclude)


def test_everything_is_sorted_into_its_kind(root: Path) -> None:
    fill(
        root,
        "z.yml",
        "k8s/my app.yaml",
        "k8s/b.json",
        "k8s/readme.md",
        "infra/main.tf",
        "infra/x.tofu",
        "infra/prod.tfvars",
        "infra/a.tf.json",
        "infra/b.tfvars.json",
        "charts/api/Chart.yaml",
        "overlay/kustomization.yaml",
        "overlay/Kustomization",
    )
    result = found(root)
    assert result.charts == ["charts/api"]
    assert result.manifests == ["k8s/b.json", "k8s/my app.yaml", "z.yml"]
    assert result.kustomizations == ["overlay/Kustomization", "overlay/kustomization.yaml"]
    names = ("a.tf.json", "b.tfvars.json", "main.tf", "prod.tfvars", "x.tofu")
    assert result.terraform == [TerraformDirectory("infra", tuple(f"infra/{name}" for name in names))]
    assert (result.failures, result.report_only, result.named, result.stdin) == ([], None, frozenset(), False)


def test_the_insides_of_a_chart_are_no_manifests(root: Path) -> None:
    fill(
        root,
        "a/Chart.yaml",
        "a/values.yaml",
        "a/values-prod.yaml",
        "a/templates/x.yaml",
        "a/crds/x.yaml",
        "a/ci/x.yaml",
        "a/docs/x.yaml",
        "b.yaml",
    )
    assert found(root).manifests == ["b.yaml"]


def test_a_repository_that_is_a_chart_may_hold_more(root: Path) -> None:
    fill(
        root, "Chart.yaml", "values.yaml", "templates/x.yaml", "ci/x.yaml", "k8s/x.yaml", "infra/main.tf", "files/m.tf"
    )
    result = found(root)
    assert (result.charts, result.manifests) == ([""], ["k8s/x.yaml"])
    assert [one.path for one in result.terraform] == ["infra"]


def test_a_vendored_subchart_is_no_chart_of_its_own(root: Path) -> None:
    fill(root, "charts/a/Chart.yaml", "charts/a/charts/b/Chart.yaml", "charts/a/charts/b/charts/c/Chart.yaml")
    fill(root, "charts/a/examples/d/Chart.yaml")
    assert found(root).charts == ["charts/a", "charts/a/examples/d"]
    assert found(root, "charts/a/charts/b").charts == ["charts/a/charts/b"]


def test_directories_of_tools_are_skipped(root: Path) -> None:
    for name in (".git", ".terraform", "node_modules", ".venv", "__pycache__"):
        fill(root, f"a/{name}/x.yaml", f"a/{name}/main.tf")
    fill(root, ".github/workflows/ci.yaml")
    result = found(root)
    assert (result.manifests, result.terraform) == ([".github/workflows/ci.yaml"], [])


# -- ignoring


def test_gitignore_nested_with_negation(root: Path) -> None:
    fill(root, "a.yaml", "gen/x.yaml", "d/a.yaml", "d/keep.yaml", "d/e/a.yaml", "d/e/b.yaml", "out/charts/Chart.yaml")
    (root / ".gitignore").write_text("gen/\n*.yaml\n!d/**/b.yaml\n/out\n")
    (root / "d" / ".gitignore").write_text("!keep.yaml\n")
    assert found(root).manifests == ["d/e/b.yaml", "d/keep.yaml"]
    assert found(root).charts == []


def test_gitignore_above_the_path_counts_and_a_named_path_is_never_ignored(root: Path) -> None:
    fill(root, "d/a.yaml", "d/b.yaml", "gen/c.yaml", "gen/sub/d.yaml")
    (root / ".gitignore").write_text("b.yaml\ngen/\n")
    assert found(root, "d").manifests == ["d/a.yaml"]
    assert found(root, "gen").manifests == ["gen/c.yaml", "gen/sub/d.yaml"]
    assert found(root, "d/b.yaml").manifests == ["d/b.yaml"]


def test_git_info_exclude(root: Path) -> None:
    fill(root, "a.yaml", "b.yaml")
    (root / ".git" / "info").mkdir(parents=True)
    (root / ".git" / "info" / "exclude").write_text("b.yaml\n")
    assert found(root).manifests == ["a.yaml"]


def test_a_bad_line_in_a_gitignore_does_not_spoil_the_others(root: Path) -> None:
    fill(root, "a.yaml", "b.yaml")
    (root / ".gitignore").write_text("!\n[z-a]\nb.yaml\n")
    assert found(root).manifests == ["a.yaml"]


def test_exclude(root: Path) -> None:
    fill(root, "a.yaml", "vendor/x/b.yaml", "vendor/c/Chart.yaml", "d/main.tf", "d/old.tf")
    result = found(root, exclude=("vendor/**", "./d/old.tf"))
    assert (result.charts, result.manifests) == ([], ["a.yaml"])
    assert result.terraform == [TerraformDirectory("d", ("d/main.tf",))]


def test_an_excluded_file_is_not_read_even_when_it_is_named(root: Path) -> None:
    fill(root, "vendor/b.yaml")
    result = found(root, "vendor/b.yaml", exclude=("vendor/**",))
    assert (result.manifests, result.named, result.failures) == ([], frozenset(), [])
    assert result.report_only is None


def test_a_bad_exclude_pattern_is_a_failure(root: Path) -> None:
    fill(root, "a.yaml")
    result = found(root, exclude=("!",))
    assert result.manifests == ["a.yaml"]
    assert [failure.kind for failure in result.failures] == ["input"]


def test_pathspec_is_imported_only_for_patterns(root: Path) -> None:
    fill(root, "a.yaml")
    script = "import sys; from pathlib import Path; from opslint.read.discover import discover\n"
    script += "discover(['.'], Path('.'), ()); sys.exit('pathspec' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], check=False, env=environment).returncode == 0


# -- files as arguments


def test_a_named_file_limits_the_report_but_not_what_is_read(root: Path) -> None:
    (root / ".git").mkdir()
    fill(root, "k8s/a.yaml", "k8s/b.yaml", "infra/main.tf")
    result = found(root, "k8s/a.yaml")
    assert result.manifests == ["k8s/a.yaml", "k8s/b.yaml"]
    assert [one.path for one in result.terraform] == ["infra"]
    assert result.report_only == result.named == frozenset({"k8s/a.yaml"})


def test_without_a_repository_only_the_surroundings_of_a_named_file_are_read(root: Path) -> None:
    fill(root, "a.yaml", "b.yaml", "t/main.tf", "t/other.tf", "t/x.yaml", "c/Chart.yaml", "c/templates/x.yaml")
    assert found(root, "a.yaml").manifests == ["a.yaml"]
    terraform = found(root, "t/main.tf")
    assert terraform.terraform == [TerraformDirectory("t", ("t/main.tf", "t/other.tf"))]
    assert terraform.manifests == []
    chart = found(root, "c/templates/x.yaml")
    assert (chart.charts, chart.manifests) == (["c"], [])
    assert chart.report_only == frozenset({"c/templates/x.yaml"})


def test_a_file_of_a_vendored_subchart_belongs_to_the_outer_chart(root: Path) -> None:
    fill(root, "a/Chart.yaml", "a/charts/b/Chart.yaml", "a/charts/b/templates/x.yaml")
    assert found(root, "a/charts/b/templates/x.yaml").charts == ["a"]


def test_a_directory_inside_a_chart_limits_the_report(root: Path) -> None:
    fill(root, "a/Chart.yaml", "a/templates/x.yaml", "a/templates/sub/_y.tpl", "a/values.yaml")
    result = found(root, "a/templates")
    assert result.charts == ["a"]
    assert result.report_only == frozenset({"a/templates/x.yaml", "a/templates/sub/_y.tpl"})


def test_files_and_directories_together(root: Path) -> None:
    fill(root, "a.yaml", "d/b.yaml", "d/e/c.yaml")
    result = found(root, "a.yaml", "d")
    assert result.manifests == ["a.yaml", "d/b.yaml", "d/e/c.yaml"]
    assert result.report_only == frozenset({"a.yaml", "d/b.yaml", "d/e/c.yaml"})
    assert result.named == frozenset({"a.yaml"})


def test_paths_that_overlap_are_listed_once(root: Path) -> None:
    fill(root, "d/b.yaml", "d/e/c.yaml")
    result = found(root, "d/e", "d", str(root), "d/")
    assert result.manifests == ["d/b.yaml", "d/e/c.yaml"]
    assert result.bases == ["d/e", "d"]


# -- what is not there


def test_missing_and_foreign_paths_are_failures(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    fill(root, "a.yaml")
    outside = str(tmp_path_factory.mktemp("outside"))
    result = found(root, "a.yaml", "none", outside, "a\0b")
    assert [(failure.path, failure.kind) for failure in result.failures] == [
        ("none", "input"),
        (outside, "input"),
        ("a\0b", "input"),
    ]
    assert result.manifests == ["a.yaml"]


def test_nothing_found_is_a_failure(root: Path) -> None:
    fill(root, "docs/readme.md")
    (failure,) = found(root, "docs").failures
    assert (failure.kind, failure.message) == ("input", "no Helm chart, manifest or Terraform file under docs")


def test_standard_input_alone_is_enough(root: Path) -> None:
    fill(root, "a.yaml")
    result = found(root, "-")
    assert (result.stdin, result.failures, result.manifests) == (True, [], [])
    assert found(root, "-", ".").manifests == ["a.yaml"]


# -- links


def test_links(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    fill(outside, "secret.yaml", "d/x.yaml")
    fill(root, "m/a.yaml", "z/b.yaml", "common.tf", "t/main.tf")
    (root / "a-link").symlink_to("z")  # sorts before its target, which keeps its own path
    (root / "m" / "loop").symlink_to("..")
    (root / "m" / "again.yaml").symlink_to("a.yaml")
    (root / "t" / "common.tf").symlink_to("../common.tf")
    (root / "out").symlink_to(outside / "d")
    (root / "out.yaml").symlink_to(outside / "secret.yaml")
    (root / "dead.yaml").symlink_to("nowhere")
    result = found(root)
    assert result.manifests == ["m/a.yaml", "z/b.yaml"]
    assert [one.files for one in result.terraform] == [("common.tf",), ("t/common.tf", "t/main.tf")]
    assert sorted(notice.path for notice in result.notices) == ["dead.yaml", "out", "out.yaml"]
    assert found(root, "m").manifests == ["m/a.yaml", "m/loop/z/b.yaml"]


def test_a_link_to_a_directory_that_is_not_walked_is_followed_once(root: Path) -> None:
    fill(root, "common/x.yaml", "d/a.yaml")
    (root / "d" / "one").symlink_to("../common")
    (root / "d" / "two").symlink_to("../common")
    assert found(root, "d").manifests == ["d/a.yaml", "d/one/x.yaml"]


def test_a_name_that_is_no_utf8_is_a_failure(root: Path) -> None:
    fill(root, "a.yaml")
    Path(os.fsdecode(b"\xff.yaml")).write_text("")
    result = found(root)
    assert result.manifests == ["a.yaml"]
    assert result.failures[0].path == "\ufffd.yaml"


# -- kustomizations


def test_what_a_kustomization_uses_without_applying_it(root: Path) -> None:
    fill(
        root, "o/deploy.yaml", "o/patch.yaml", "o/json.yaml", "o/old.yaml", "o/cfg.yaml", "o/values.yaml", "b/base.yaml"
    )
    (root / "o" / "kustomization.yaml").write_text(
        "resources: [deploy.yaml, ../b]\n"
        "patches: [{path: patch.yaml}, {path: ./json.yaml}, {patch: 'x: 1'}]\n"
        "patchesStrategicMerge:\n  - old.yaml\n  - |\n    a: 1\n"
        "configMapGenerator: [{name: c, files: [app=cfg.yaml]}]\n"
        "helmCharts: [{name: x, valuesFile: values.yaml}]\n"
    )
    result = found(root)
    assert result.manifests == ["b/base.yaml", "o/deploy.yaml"]
    assert result.kustomizations == ["o/kustomization.yaml"]


def test_a_broken_kustomization_hides_nothing(root: Path) -> None:
    fill(root, "o/a.yaml")
    (root / "o" / "kustomization.yaml").write_text("patches: {path: a.yaml}\n---\n[\n")
    assert found(root).manifests == ["o/a.yaml"]


# -- the looks of a text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (DEPLOYMENT, True),
        ("kind: X\r\nx: [\r\napiVersion : v1\r\n", True),
        ("'apiVersion': v1\n\"kind\": X\n", True),
        ("a:\n  apiVersion: v1\n  kind: X\n", False),
        ("kind: X\n", False),
        ("# apiVersion: v1\nkind: X\n", False),
        ('{"apiVersion": "v1", "kind":"X"', True),
        ('{"apiVersion": "v1"}', False),
        ("version: '3'\nservices: {}\n", False),
    ],
)
def test_looks_like_manifest(text: str, answer: bool) -> None:
    assert looks_like_manifest(text) is answer


# -- the root


def test_the_root_is_the_repository_else_the_current_directory(root: Path) -> None:
    fill(root, "repo/a/b/c.yaml", "plain/d.yaml")
    (root / "repo" / ".git").write_text("gitdir: elsewhere\n")
    assert find_root(["repo/a/b"]) == root / "repo"
    assert find_root(["repo/a/b/c.yaml"]) == root / "repo"
    assert find_root([]) == root
    assert find_root(["-"]) == root
    assert find_root(["plain"]) == root


def test_paths_outside_the_root_widen_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(root, "here/a.yaml", "one/x/b.yaml", "one/y/c.yaml")
    monkeypatch.chdir(root / "here")
    assert find_root(["../one/x", "../one/y/c.yaml"]) == root / "one"
    (root / "one" / "x" / ".git").mkdir()
    assert find_root(["../one/x", "../one/y"]) == root / "one"


def test_paths_are_relative_to_the_current_directory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(root, "d/a.yaml", "b.yaml")
    monkeypatch.chdir(root / "d")
    assert found(root).manifests == ["d/a.yaml"]
    assert found(root, "..").manifests == ["b.yaml", "d/a.yaml"]


def test_a_named_file_brings_the_project_of_its_configuration_not_the_whole_repository(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    for path in ("shop/infra/main.tf", "shop/k8s/a.yaml", "other/main.tf"):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = discover(["shop/k8s/a.yaml"], tmp_path, (), "shop")
    assert [directory.path for directory in found.terraform] == ["shop/infra"]
    assert found.report_only == {"shop/k8s/a.yaml"}
    found = discover(["shop/k8s/a.yaml"], tmp_path)
    assert [directory.path for directory in found.terraform] == ["other", "shop/infra"]


def test_a_file_of_comments_ignores_nothing_and_costs_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".git" / "info").mkdir(parents=True, exist_ok=True)
    (root / ".git" / "info" / "exclude").write_text("# git's own words\n\n  \n#*.yaml\n")
    (root / ".gitignore").write_text("\n")
    monkeypatch.setattr("opslint.read.ignore._patterns", lambda _: pytest.fail("pathspec was asked"))
    assert not Ignore(root).ignored("", "a.yaml")
