"""`opslint init`: what it writes is valid, and nothing that is there is touched."""

import re

import pytest

from opslint.cli.main import main
from opslint.config import load_settings
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

CONFIGURATION = ".opslint.yaml"
HOOKS = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/opslint.yml"


def document(path):
    file = read_yaml(Source(path.name, path.read_text()))
    assert not file.errors
    return file.documents[0].plain()


def settings_of(folder, text):
    (folder / CONFIGURATION).write_text(text)
    return load_settings(["."], config_file=None, overrides={}, root=folder)


def test_everything_is_written_once(folder, capsys):
    assert main(["init"]) == 0
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        CONFIGURATION, HOOKS, WORKFLOW,
    }  # fmt: skip
    assert document(folder / HOOKS)["repos"][0]["hooks"] == [{"id": "opslint"}]
    step = document(folder / WORKFLOW)["jobs"]["opslint"]["steps"][1]
    assert re.fullmatch(r"opslint/opslint@v\d+\.\d+\.\d+.*", step["uses"])
    assert step["with"]["changed-since"] == "${{ github.base_ref && format('origin/{0}', github.base_ref) || '' }}"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["init"]) == 0
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert capsys.readouterr().err.count("is there already") == 3


def test_the_configuration_is_what_holds_without_it(folder):
    main(["init"])
    text = (folder / CONFIGURATION).read_text()
    assert settings_of(folder, text) == Settings(root=str(folder))


def test_the_commented_parts_of_the_configuration_are_valid(folder):
    main(["init"])
    text = (folder / CONFIGURATION).read_text()
    text = re.sub(r"^# (?=( |[a-z_]+:))", "", text, flags=re.MULTILINE)
    settings = settings_of(folder, text)
    assert settings.target_version == "1.34"
    assert settings.baseline == ".opslint-baseline.json"
    assert settings.suppress[0].rule == "missing-pdb"
    assert list(settings.charts) == ["charts/api"]
    assert list(settings.terraform) == ["infra"]
    assert settings.require_reason


def test_what_is_there_is_never_touched(folder, capsys):
    (folder / HOOKS).write_text("repos: []\n")
    (folder / ".opslint.yml").write_text("preset: strict\n")
    assert main(["init", "--no-workflow"]) == 0
    assert (folder / HOOKS).read_text() == "repos: []\n"
    assert not (folder / CONFIGURATION).exists()
    assert not (folder / ".github").exists()
    assert "      - id: opslint" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("--no-pre-commit", "--no-workflow"), ("--no-workflow", "--no-pre-commit", "sub")]
)
def test_only_the_configuration(folder, arguments):
    (folder / "sub").mkdir()
    assert main(["init", *arguments]) == 0
    target = folder / "sub" if "sub" in arguments else folder
    assert [path.name for path in target.iterdir() if path.is_file()] == [CONFIGURATION]


def test_what_cannot_be_written_is_one_message(folder, capsys):
    (folder / ".github").write_text("a file")
    assert main(["init"]) == 2
    assert "cannot write .github/workflows/opslint.yml" in capsys.readouterr().err
    assert main(["init", "nowhere"]) == 2
