"""Every row of the API data, at every minor: what the rules say of a minimal object is what the data says."""

from collections import defaultdict
from datetime import date

import pytest

from opslint.engine.judge import judge
from opslint.engine.packs import load_packs
from opslint.engine.select import select
from opslint.model.kube import KubeObject
from opslint.model.project import Environment, Project, Target, Unit
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml
from opslint_schemas import load

MINORS = range(16, 38)
RULES = ("removed-api", "deprecated-api", "api-not-served")
ROWS = {
    (version, kind): row
    for version, kinds in load("kubernetes/api_lifecycle")["apis"].items()
    for kind, row in kinds.items()
}


def expected(row, minor):
    """The verdict by the data file's own short keys, described in the file."""
    if row.get("c", "resource") not in {"resource", "create-only"}:
        return set()  # nothing that the API server serves, so nothing it removes
    if minor >= row.get("r", 99):
        return {"removed-api"}
    found = set()
    if minor < row["i"] or ("off" in row and minor < row.get("eks", 99)):
        found.add("api-not-served")
    if minor >= row.get("d", 99) and row.get("s") != "a":
        found.add("deprecated-api")
    return found


@pytest.fixture(scope="module")
def verdicts():
    """The rules that speak, by (apiVersion, kind, minor), with their messages."""
    units = []
    roots = [
        read_yaml(
            Source(f"{number}.yaml", f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: one}}\n")
        ).documents[0]
        for number, (version, kind) in enumerate(ROWS)
    ]
    for minor in MINORS:
        unit = Unit(f"at-{minor}", "manifests", "", Environment(), targets=(Target(f"1.{minor}", minor, "flag"),))
        unit.objects += [KubeObject(root, unit) for root in roots]
        units.append(unit)
    settings = Settings(select=RULES)
    project = Project(units, [], [], [], [], settings, date(2026, 11, 22))
    judgement = judge(project, select(load_packs(), settings))
    assert judgement.failures == []
    found = defaultdict(dict)
    for said in judgement.said:
        minor = said.item.unit.targets[0].minor
        found[said.item.api_version, said.item.kind, minor][said.selected.rule.id] = said.problem.message
    return found


def test_there_are_rows_to_judge():
    assert len(ROWS) > 200
    assert all(any(rule in expected(row, minor) for row in ROWS.values() for minor in MINORS) for rule in RULES)


@pytest.mark.parametrize("minor", MINORS)
def test_the_verdict_of_each_row_is_that_of_the_data(minor, verdicts):
    wrong = {
        f"{version}/{kind}": (sorted(found), sorted(wanted))
        for (version, kind), row in ROWS.items()
        if (found := set(verdicts.get((version, kind, minor), ()))) != (wanted := expected(row, minor))
    }
    assert wrong == {}


def test_a_removal_names_its_minor_and_what_to_use(verdicts):
    for (version, kind), row in ROWS.items():
        if "r" not in row or row["r"] not in MINORS or row.get("c", "resource") not in {"resource", "create-only"}:
            continue
        message = verdicts[version, kind, row["r"]]["removed-api"]
        assert f"Kubernetes 1.{row['r']} no longer serves" in message
        if "to" in row:
            head, _, last = row["to"].rpartition("/")
            assert f"use {head if last[0].isupper() else row['to']}" in message
