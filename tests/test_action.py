"""The GitHub Action: its lint step is run as a runner runs it, with opslint from here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opslint import __version__
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

ROOT = Path(__file__).parents[1]
CLEAN = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a, namespace: shop}\ndata: {KEY: value}\n"
BAD = (
    CLEAN
    + "---\nkind: Pod\napiVersion: v1\nmetadata: {name: b, namespace: shop}\nspec:\n  hostNetwork: true\n  containers: [{name: c, image: a/b:1.2.3}]\n"
)


def steps(path):
    file = read_yaml(Source(path, (ROOT / path).read_text()))
    assert not file.errors
    return file.documents[0].plain()


ACTION = steps("action.yml")


@pytest.fixture
def lint(tmp_path):
    """Run the step: `lint({file: text}, **environment) -> (outputs, summary, SARIF run or None)`."""
    runner = tmp_path / "runner"
    binary = runner / "opslint" / "bin"
    binary.mkdir(parents=True)
    for name, line in (("python", ""), ("opslint", " -m opslint")):
        (binary / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{line} "$@"\n')
        (binary / name).chmod(0o755)
    step = next(step for step in ACTION["runs"]["steps"] if step.get("id") == "lint")

    def run(files, **given):
        work = tmp_path / "work folder"
        shutil.rmtree(work, ignore_errors=True)
        for path, text in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text)
        outputs, summary = runner / "outputs", runner / "summary"
        outputs.write_text("")
        summary.write_text("")
        environment = {
            **os.environ, "RUNNER_TEMP": str(runner), "GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary),
            "PATHS": ".", "ARGS": "", "SINCE": "", "SARIF": "out.sarif", "SUMMARY": "true", **given,
        }  # fmt: skip
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        subprocess.run(command, cwd=work, env=environment, check=True, capture_output=True, timeout=60)
        sarif = work / "out.sarif"
        found = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        return found, summary.read_text(), json.loads(sarif.read_text())["runs"][0] if sarif.exists() else None

    return run


@pytest.mark.parametrize(
    ("files", "given", "status", "complete"),
    [
        ({"a.yaml": CLEAN}, {}, "0", "true"),
        ({"a b.yaml": BAD, "c.yaml": CLEAN}, {"PATHS": "c.yaml\na b.yaml\n", "SUMMARY": "false"}, "1", "true"),
        ({"a.yaml": BAD}, {"ARGS": "--select=host-namespace\n--fail-on=never\n"}, "0", "true"),
        ({"a.yaml": BAD, "b.yaml": "apiVersion: v1\nkind: [\n"}, {}, "1", "false"),
        ({"b.yaml": "apiVersion: v1\nkind: [\n"}, {}, "3", "false"),
        ({"a.yaml": CLEAN}, {"SINCE": "main"}, "2", "false"),
        ({"a.yaml": CLEAN}, {"PATHS": "$(touch ran)"}, "2", "false"),
    ],
)
def test_the_lint_step(lint, files, given, status, complete):
    outputs, summary, sarif = lint(files, **given)
    assert outputs == {"status": status, "complete": complete}
    assert (sarif is None) == (status == "2")
    assert bool(summary) == (status != "2" and given.get("SUMMARY") != "false")


def test_a_summary_that_github_would_drop_is_cut(lint, tmp_path):
    stand_in = tmp_path / "runner" / "opslint" / "bin" / "opslint"
    stand_in.write_text(
        '#!/bin/sh\nfor one in "$@"; do case "$one" in\n'
        '  markdown=*) yes "| 1 | low | a rule | 한 |" | head -c 2000000 > "${one#markdown=}" ;;\n'
        """  sarif=*) echo '{"runs": [{"invocations": [{"executionSuccessful": true}]}]}' > "${one#sarif=}" ;;\n"""
        "esac; done\n"
    )
    outputs, summary, _ = lint({"a.yaml": CLEAN})
    assert outputs == {"status": "0", "complete": "true"}
    assert 990_000 < len(summary.encode()) < 1024**2
    *rows, first, second, note = summary.splitlines()
    assert set(rows) == {"| 1 | low | a rule | 한 |"}
    assert (first, second, note) == ("", "", "The rest is left out: GitHub shows no more than 1 MiB.")


@pytest.mark.parametrize(
    "path", ["action.yml", ".github/workflows/ci.yml", "linter/opslint/cli/init.py", "docs/guides/code-scanning.md"]
)
def test_actions_of_others_are_pinned_by_commit(path):
    used = re.findall(r"uses: ([^\n]+)", (ROOT / path).read_text())
    others = [one for one in used if not one.startswith(("./", "opslint/opslint@"))]
    assert others
    for one in others:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one), one


def test_the_image_is_built_of_files_that_are_there_and_says_its_version():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    ]
    assert {"pyproject.toml", "linter", "rules", "schemas"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed
    assert f"ARG VERSION={__version__}" in lines
    assert "USER 10001" in lines[lines.index(next(line for line in lines if line.startswith("COPY --from"))) :]


def test_every_input_is_used_and_none_stands_in_a_script():
    text = (ROOT / "action.yml").read_text()
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_no_upload_of_an_incomplete_or_partial_run():
    upload = next(step for step in ACTION["runs"]["steps"] if "upload-sarif" in step.get("uses", ""))
    condition = " ".join(upload["if"].split())
    assert "inputs.changed-since == ''" in condition
    assert "(steps.lint.outputs.complete == 'true' || inputs.upload-incomplete == 'true')" in condition


def test_the_workflow_runs_what_the_readme_says():
    jobs = steps(".github/workflows/ci.yml")["jobs"]
    assert {"run": ".ci/run"} in jobs["test"]["steps"]
