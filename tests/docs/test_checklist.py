"""The guide's operations checklist is what the example shop shows, item by item."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from opslint.cli.main import main

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/checklist.md").read_text(encoding="utf-8")
RULES = re.compile(r"\[([\w-]+)\]\(\.\./rules/([\w-]+)\.md\)")


def section(title):
    """Return the rows of the table under a heading, as lists of cells; an empty first cell repeats the one above."""
    text = GUIDE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    item = ""
    for row in rows[2:]:
        item = row[0] or item
        yield [item, *row[1:]]


SHOWN = [
    pytest.param(name, path.strip("`"), id=f"{item}-{name}-{number}")
    for number, (item, rules, path) in enumerate(section("What the example shows"))
    for name, _ in RULES.findall(rules)
]
# What the checklist asks for, by the words its items begin with. An item is not to lose its rows unseen.
ITEMS = {
    "Kubernetes version": 1,
    "Upgrade": 5,
    "RDS": 3,
    "Velero": 3,
    "Karpenter": 3,
    "NAT": 1,
    "What is left over": 1,
    "ECR": 1,
    "Cost": 1,
    "CIS benchmarks (kube-bench)": 2,
    "Image scans (Trivy)": 1,
    "RBAC": 3,
    "Policies (Kyverno)": 2,
    "IRSA": 1,
    "Values per environment": 1,
    "External Secrets": 1,
    "ALB Ingress": 1,
    "Autoscaling (HPA)": 1,
    "Migration Job as a Helm hook": 1,
    "Argo CD, app of apps": 1,
    "Argo Rollouts": 1,
}


@pytest.fixture(scope="module")
def fired():
    """Return what opslint says of the example: {(rule, path within the example)}."""
    import contextlib
    import io

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        main([str(ROOT / "examples/myshop"), "--format", "json"])
    findings = json.loads(said.getvalue())["findings"]
    return {(one["rule_id"], one["path"].partition("examples/myshop/")[2] or one["path"]) for one in findings}


@pytest.mark.parametrize(("name", "path"), SHOWN)
def test_the_example_shows_each_item_where_the_guide_says(fired, name, path):
    assert (name, path) in fired


def test_each_item_of_the_checklist_has_its_rows():
    items = {item for item, *_ in section("What the example shows")}
    assert {word: len([one for one in items if re.match(rf"{re.escape(word)}(:|$| )", one)]) for word in ITEMS} == ITEMS
    assert len(items) == sum(ITEMS.values())


def test_a_rule_is_linked_by_its_own_name():
    assert [pair for pair in RULES.findall(GUIDE) if pair[0] != pair[1]] == []
    assert [name for name, _ in RULES.findall(GUIDE) if not (ROOT / f"docs/rules/{name}.md").exists()] == []


def test_one_change_away(tmp_path, monkeypatch, capsys):
    shop = tmp_path / "myshop"
    shutil.copytree(ROOT / "examples/myshop", shop)
    monkeypatch.chdir(shop)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "start")):
        subprocess.run((*git, *words), check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    variables = shop / "infra/prod.tfvars"
    text = variables.read_text(encoding="utf-8")
    assert text.count('cluster_version = "1.33"') == 1
    variables.write_text(text.replace('cluster_version = "1.33"', 'cluster_version = "1.35"'), encoding="utf-8")
    rows = {item: (RULES.findall(rules)[0][0], run.strip("`").split()[1:]) for item, rules, run in ONE_CHANGE}
    for name, arguments in rows.values():
        main([*arguments, "--format", "json"])
        assert name in {one["rule_id"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert len(rows) == 2


ONE_CHANGE = list(section("What one change away shows"))


def test_the_plan_of_the_example_names_the_drill_and_the_reviews(capsys):
    main(["upgrade", str(ROOT / "examples/myshop"), "--to", "1.34", "--format", "json"])
    dates = json.loads(capsys.readouterr().out)["dates"]
    reviews = {one["review"].partition(":")[0] for one in dates if one["review"]}
    assert {"recovery drill", "quarterly review", "architecture review"} <= reviews
    (drill,) = [one for one in dates if (one["review"] or "").startswith("recovery drill")]
    assert "database myshop-prod-reporting" in drill["of"]
