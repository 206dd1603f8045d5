"""Paths and globs of a configuration in a subfolder."""

import pathspec
import pytest

from opslint.config.rebase import rebase_file, rebase_glob, rebase_path, rebase_pattern


@pytest.mark.parametrize(
    ("path", "base", "moved"),
    [
        ("charts/a/", "", "charts/a"),
        (".", "", ""),
        (".", "x", "x"),
        ("./a", "x", "x/a"),
        ("../a", "x", "a"),
        ("../a", "", "../a"),
    ],
)
def test_paths(path, base, moved):
    assert rebase_path(path, base) == moved


def test_globs():
    assert rebase_glob("charts/*@prod", "x/y") == "x/y/charts/*@prod"
    assert rebase_glob("./k8s/**", "") == "k8s/**"
    assert rebase_glob("/k8s/**", "x") == "x/k8s/**"


@pytest.mark.parametrize(
    ("pattern", "excluded", "kept"),
    [
        ("vendor/**", "x/vendor/a", "vendor/a"),
        ("/vendor", "x/vendor/a", "x/y/vendor/a"),
        ("*.bak", "x/y/z.bak", "z.bak"),
        ("tests/", "x/y/tests/a", "tests/a"),
        ("./a.yaml", "x/a.yaml", "a.yaml"),
    ],
)
def test_patterns_mean_what_they_mean_in_a_gitignore_of_the_folder(pattern, excluded, kept):
    spec = pathspec.GitIgnoreSpec.from_lines([rebase_pattern(pattern, "x")])
    assert spec.match_file(excluded)
    assert not spec.match_file(kept)


def test_patterns_of_the_root_stay_and_negation_stays_in_front():
    assert rebase_pattern("*.bak", "") == "*.bak"
    assert rebase_pattern("!keep/a", "x") == "!/x/keep/a"


def test_files_relative_to_the_configuration(tmp_path):
    (tmp_path / "x" / "chart").mkdir(parents=True)
    (tmp_path / "x" / "values").mkdir()
    (tmp_path / "x" / "values" / "prod.yaml").touch()
    (tmp_path / "x" / "chart" / "dev.yaml").touch()
    assert rebase_file("dev.yaml", "x/chart", "x", tmp_path) == "dev.yaml"
    assert rebase_file("values/prod.yaml", "x/chart", "x", tmp_path) == "x/values/prod.yaml"
    assert rebase_file("missing.yaml", "x/chart", "x", tmp_path) == "missing.yaml"
