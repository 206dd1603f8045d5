"""The commands that the README and the guides show, executed as they are written, in a copy of the example shop."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from opslint.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "getting-started.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
FENCE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A plan that Terraform writes first; a pack that its own test installs; a folder of the clone.
ELSEWHERE = ("plan.json", "missing-team-label", "ownership", "examples/")


def commands():
    lines = [
        (page.name, line[2:])
        for page in PAGES
        for match in FENCE.finditer(page.read_text(encoding="utf-8"))
        for line in match[1].splitlines()
        if line.startswith("$ opslint") and not any(word in line for word in ELSEWHERE)
    ]
    return dict.fromkeys(shlex.join(shlex.split(line, comments=True)[1:]) for _, line in lines)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("line", commands())
def test_it_does_what_is_shown(line, cache, tmp_path, monkeypatch, capsys):
    shop = shutil.copytree(ROOT / "examples" / "myshop", tmp_path / "shop")
    monkeypatch.chdir(shop)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    arguments, _, file = (part.strip() for part in line.partition(" '>' "))
    if "--changed-since" in line:
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
        for one in (
            ["init", "-q"],
            ["add", "-A"],
            ["commit", "-q", "-m", "x"],
            ["update-ref", "refs/remotes/origin/main", "HEAD"],
        ):
            subprocess.run([*git, *one], check=True)
    if "--baseline" in line or "--prune" in line:
        assert main(["baseline", ".", "-q"]) == 0
    status = main(shlex.split(arguments))
    out, err = capsys.readouterr()
    assert status in {0, 1}, err
    assert out or err or file or "--output" in line
    assert "rror:" not in err


def test_there_are_many():
    assert len(commands()) > 25


def test_what_the_readme_shows_is_what_is_said(monkeypatch, capsys):
    shown = next(text for text in FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8")) if "-->" in text)
    command, path, empty, *lines = shown.splitlines()
    monkeypatch.chdir(ROOT / "examples" / "myshop")
    assert main(shlex.split(command.removeprefix("$ opslint"))) == 1
    said = capsys.readouterr().out.replace("examples/myshop/", "")  # the shop is a part of this repository here
    assert (empty, f"\n{path}\n\n" in said) == ("", True)
    assert "\n".join(lines) in said
