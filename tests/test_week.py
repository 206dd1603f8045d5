"""A first week: init, first run, baseline, a commit that adds problems, a pull request, fixes, an upload."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "tests/output/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


@pytest.fixture
def shop(tmp_path):
    """Return a runner in a git repository that holds a copy of the example, without its configuration."""
    folder = tmp_path / "my shop"
    folder.mkdir()
    for part in ("charts", "infra", "manifests"):
        shutil.copytree(ROOT / "examples/myshop" / part, folder / part)
    identity = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **identity,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    def run(command, expected=0):
        words = command.split()
        words = [sys.executable, "-m", "opslint", *words[1:]] if words[0] == "opslint" else words
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout

    run("git init --quiet -b main")
    run("git add .")
    run("git commit --quiet -m start")
    return folder, run


def test_the_week(shop):
    folder, run = shop

    # Monday: what it says, and what is there already is put aside.
    run("opslint init")
    configuration = folder / ".opslint.yaml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text("as_of: 2026-11-22\n" + text, encoding="utf-8")
    first = json.loads(run("opslint --format json .", expected=1))
    known = len(first["findings"])
    assert known > 30
    assert first["errors"] == []
    run("opslint baseline .")
    named = configuration.read_text(encoding="utf-8").replace("# baseline: ", "baseline: ")
    configuration.write_text(named, encoding="utf-8")
    assert f"{known} in the baseline" in run("opslint .")
    run("git add .")
    run("git commit --quiet -m opslint")

    # Tuesday: edits elsewhere in the files bring nothing back.
    chart = folder / "charts/myshop-api/values-prod.yaml"
    chart.write_text("# production\n\n" + chart.read_text(encoding="utf-8"), encoding="utf-8")
    run("opslint .")

    # Wednesday: a branch that mistypes a repository and brings an old API along.
    run("git checkout --quiet -b feature")
    worker = folder / "manifests/worker/deployment.yaml"
    worker.write_text(worker.read_text(encoding="utf-8").replace("/myshop-worker:", "/myshop-wrker:"), encoding="utf-8")
    budget = folder / "manifests/worker/pdb.yaml"
    budget.write_text(
        "apiVersion: policy/v1beta1  # copied\nkind: PodDisruptionBudget\nmetadata: {name: worker, namespace: myshop}\n"
        "spec:\n  maxUnavailable: 1\n  selector: {matchLabels: {app: myshop-worker}}\n",
        encoding="utf-8",
    )
    only_worker = json.loads(run("opslint --format json manifests/worker/deployment.yaml", expected=1))
    assert {finding["rule_id"] for finding in only_worker["findings"]} == {"image-repository-mismatch"}
    related = only_worker["findings"][0]["related"]
    assert [place["path"] for place in related] == ["infra/ecr.tf"]

    # Thursday: the pull request shows both, and nothing that was there before.
    run("git add .")
    run("git commit --quiet -m feature")
    lines = run("opslint --changed-since main --format github .", expected=1).splitlines()
    annotated = sorted(line.split("file=")[1].split(",")[0] for line in lines if line.startswith("::"))
    assert annotated == ["manifests/worker/deployment.yaml", "manifests/worker/pdb.yaml"]

    # Friday: what a machine can mend, it mends; the rest by hand; the report goes up.
    difference = run("opslint --fix --unsafe-fixes --diff manifests/worker/pdb.yaml", expected=1)
    assert "-apiVersion: policy/v1beta1  # copied\n+apiVersion: policy/v1  # copied\n" in difference
    run("opslint --fix --unsafe-fixes manifests/worker/pdb.yaml")
    assert budget.read_text(encoding="utf-8").startswith("apiVersion: policy/v1  # copied\n")
    worker.write_text(worker.read_text(encoding="utf-8").replace("/myshop-wrker:", "/myshop-worker:"), encoding="utf-8")
    # The budget mended what the baseline had put aside, and the run says so.
    assert "one entry of the baseline matches nothing any more" in run("opslint --fail-on low .", expected=1)
    run("opslint baseline --prune .")
    run("opslint --output sarif=opslint.sarif .")
    report = json.loads((folder / "opslint.sarif").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["runs"][0]["results"] == []
    assert report["runs"][0]["invocations"][0]["executionSuccessful"] is True
