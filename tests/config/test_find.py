"""Where the root and the configuration are."""

import pytest

from opslint.config.error import ConfigError
from opslint.config.find import find_configuration, find_root


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_root_is_the_repository_of_the_first_path(tmp_path):
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    file = write(tmp_path / "repo" / "k8s" / "a.yaml")
    assert find_root([str(file)], tmp_path) == tmp_path / "repo"
    assert find_root(["-"], tmp_path / "repo" / "k8s") == tmp_path / "repo"
    assert find_root([], tmp_path / "repo") == tmp_path / "repo"
    assert find_root(["k8s/.."], tmp_path / "repo") == tmp_path / "repo"


def test_a_work_tree_is_a_repository(tmp_path):
    write(tmp_path / "tree" / ".git", "gitdir: /elsewhere")
    (tmp_path / "tree" / "a").mkdir()
    assert find_root(["a"], tmp_path / "tree") == tmp_path / "tree"


def test_root_without_repository(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    file = write(tmp_path / "c" / "x.yaml")
    assert find_root(["b"], tmp_path / "a") == tmp_path / "a"
    assert find_root(["../c"], tmp_path / "a") == tmp_path / "c"
    assert find_root([str(file)], tmp_path / "a") == tmp_path / "c"
    assert find_root([str(file), "b"], tmp_path / "a") == tmp_path


def test_a_path_outside_the_repository_is_refused(tmp_path):
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    write(tmp_path / "other.yaml")
    (tmp_path / "repo" / "link.yaml").symlink_to(tmp_path / "other.yaml")
    for paths in ([".", "../other.yaml"], ["link.yaml"]):
        with pytest.raises(ConfigError, match="outside the repository"):
            find_root(paths, tmp_path / "repo")


def test_searches_upward_to_the_root_and_no_further(tmp_path):
    root = tmp_path / "repo"
    (root / "a" / "b").mkdir(parents=True)
    write(tmp_path / ".opslint.yaml")
    assert find_configuration(root / "a" / "b", root) is None
    top = write(root / ".opslint.yaml")
    assert find_configuration(root / "a" / "b", root) == top
    nearer = write(root / "a" / ".opslint.yml")
    assert find_configuration(root / "a" / "b", root) == nearer
    assert find_configuration(write(root / "a" / "b" / "x.yaml"), root) == nearer


def test_pyproject_counts_only_with_our_table(tmp_path):
    project = write(tmp_path / "pyproject.toml", '[project]\ndependencies = ["opslint"]\n')
    assert find_configuration(tmp_path, tmp_path) is None
    write(project, "[tool.opslint]\n")
    assert find_configuration(tmp_path, tmp_path) == project
    write(project, "[tool]\nopslint = {preset = 'strict'}\n")
    assert find_configuration(tmp_path, tmp_path) == project
    write(project, "opslint = [broken\n")
    assert find_configuration(tmp_path, tmp_path) is None
    write(project, "[tool.opslint.rules]\n")
    yaml = write(tmp_path / ".opslint.yaml")
    assert find_configuration(tmp_path, tmp_path) == yaml


def test_two_spellings_are_an_error(tmp_path):
    write(tmp_path / ".opslint.yaml")
    write(tmp_path / ".opslint.yml")
    with pytest.raises(ConfigError, match="keep one"):
        find_configuration(tmp_path, tmp_path)


def test_a_link_out_of_the_root_is_not_followed(tmp_path):
    secret = write(tmp_path / "secret", "password: x")
    root = tmp_path / "repo"
    root.mkdir()
    (root / ".opslint.yaml").symlink_to(secret)
    with pytest.raises(ConfigError, match="outside the root") as caught:
        find_configuration(root, root)
    assert caught.value.path == ".opslint.yaml"


def test_a_configuration_that_is_no_file_is_not_passed_over(tmp_path):
    file = tmp_path / ".opslint.yaml"
    file.symlink_to("nowhere.yaml")
    with pytest.raises(ConfigError, match="the configuration links to nothing"):
        find_configuration(tmp_path, tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="the configuration is no file"):
        find_configuration(tmp_path, tmp_path)
