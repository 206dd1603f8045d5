"""The guide to rule packs, followed word by word: its files are installed, listed, run and tested."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs/guides/rule-packs.md"
FILE = re.compile(
    r"`([\w./-]+\.(?:toml|py))`[^`\n]*(?:`__init__.py`[^\n]*)?:\n\n(````?)\w+\n(.*?)^\2$", re.DOTALL | re.MULTILINE
)
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {team: checkout}
spec:
  template:
    spec: {containers: [{name: web, image: "registry.acme.example/web:1.4"}]}
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """Install the guide's pack into a folder of its own; return the environment of its users."""
    project, site = tmp_path_factory.mktemp("acme-opslint-rules"), tmp_path_factory.mktemp("site")
    files = {name: text for name, _, text in FILE.findall(GUIDE.read_text(encoding="utf-8"))}
    assert set(files) == {"pyproject.toml", "acme_rules/ownership/labels.py", "tests/test_examples.py"}
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    for folder in ("acme_rules", "acme_rules/ownership"):
        (project / folder / "__init__.py").touch()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site), str(project)]
    subprocess.run([*pip, *offline], check=True)
    paths = os.pathsep.join([str(site), *(path for path in sys.path if path)])
    return project, {**os.environ, "PYTHONPATH": paths}


def opslint(pack, folder, *arguments):
    command = [sys.executable, "-m", "opslint", *arguments]
    return subprocess.run(command, cwd=folder, env=pack[1], capture_output=True, text=True, check=False)


def test_it_is_listed_and_explained(pack, tmp_path):
    listed = opslint(pack, tmp_path, "rules", "--area", "ownership", "--format", "json")
    (rule,) = json.loads(listed.stdout)
    assert (rule["id"], rule["area"], rule["tags"], rule["url"]) == (
        "missing-team-label",
        "ownership",
        ["ownership", "acme"],
        "",
    )
    page = opslint(pack, tmp_path, "explain", "missing-team-label")
    assert "At three in the morning" in page.stdout
    assert "acme_rules/ownership/labels.py" in page.stdout.replace("\n", "")


def test_it_runs_with_the_options_of_the_configuration(pack, tmp_path):
    (tmp_path / "web.yaml").write_text(MANIFEST, encoding="utf-8")
    only = ("--select", "missing-team-label", "--format", "concise", ".")
    assert opslint(pack, tmp_path, *only).returncode == 0
    (tmp_path / ".opslint.yaml").write_text("rules:\n  missing-team-label: {label: owner}\n", encoding="utf-8")
    done = opslint(pack, tmp_path, *only)
    assert done.returncode == 1
    assert done.stdout.startswith("web.yaml:5:3: medium missing-team-label Deployment/web has no label owner\n")


def test_it_runs_in_the_recommended_preset_and_writes_sarif(pack, tmp_path):
    (tmp_path / "web.yaml").write_text(MANIFEST.replace("team", "squad"), encoding="utf-8")
    done = opslint(pack, tmp_path, "--format", "sarif", ".")
    run = json.loads(done.stdout)["runs"][0]
    (rule,) = [rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "missing-team-label"]
    assert "helpUri" not in rule
    assert [result for result in run["results"] if result["ruleId"] == "missing-team-label"]


def test_a_mistyped_option_is_named_with_the_nearest(pack, tmp_path):
    (tmp_path / ".opslint.yaml").write_text("rules:\n  missing-team-label: {labels: owner}\n", encoding="utf-8")
    done = opslint(pack, tmp_path, ".")
    assert done.returncode == 2
    assert ".opslint.yaml:2" in done.stderr
    assert "label" in done.stderr


def test_its_own_tests_pass_and_can_fail(pack):
    project, environment = pack
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(project / "tests")]
    done = subprocess.run(pytest_, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout
    # The same examples against a rule that looks for another label.
    source = project / "acme_rules/ownership/labels.py"  # before the installed one, as pytest runs in this folder
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace('label: str = "team"', 'label: str = "squad"'), encoding="utf-8")
    done = subprocess.run(pytest_, cwd=project, env=environment, capture_output=True, text=True, check=False)
    source.write_text(text, encoding="utf-8")
    assert "1 failed" in done.stdout


def test_a_single_file_needs_no_package(tmp_path):
    files = {name: text for name, _, text in FILE.findall(GUIDE.read_text(encoding="utf-8"))}
    (tmp_path / "team_rules.py").write_text(files["acme_rules/ownership/labels.py"], encoding="utf-8")
    (tmp_path / "web.yaml").write_text(MANIFEST.replace("team", "squad"), encoding="utf-8")
    command = [sys.executable, "-m", "opslint", "--rules-from", "team_rules.py", "--select", "missing-team-label"]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [*command, "-f", "concise", "web.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "web.yaml:5" in done.stdout
    assert done.returncode == 1
