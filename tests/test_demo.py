"""The example shop, as `make demo` shows it, and the same shop done right."""

import json
import os
from pathlib import Path

import jsonschema
import pytest

from opslint_schemas import load

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "demo"
AREAS = {"upgrade", "reliability", "backup", "cost", "security", "rbac", "hygiene"}


@pytest.mark.parametrize("name", ["text", "json", "concise"])
def test_the_demo_is_what_was_read_and_approved(run_in_repository, name):
    status, output = run_in_repository("examples/myshop", "--format", name)
    path = GOLDEN / f"myshop.{name}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(output, encoding="utf-8")
    assert status == 1
    assert output == path.read_text(encoding="utf-8")


def test_the_demo_has_a_finding_in_every_area_and_reads_everything(run_in_repository):
    report = json.loads(run_in_repository("examples/myshop", "--format", "json")[1])
    areas = {rule["id"]: rule["area"] for rule in json.loads(run_in_repository("rules", "--format", "json")[1])}
    assert {areas[finding["rule_id"]] for finding in report["findings"]} == AREAS
    assert report["errors"] == []
    assert report["coverage"]["charts"]["rendered"] == report["coverage"]["charts"]["found"] == 1


def test_the_demo_is_valid_sarif_and_valid_json(run_in_repository):
    report = json.loads(run_in_repository("examples/myshop", "--format", "json")[1])
    jsonschema.Draft202012Validator(load("report.schema")).validate(report)
    schema = json.loads((Path(__file__).parent / "output" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(run_in_repository("examples/myshop", "--format", "sarif")[1])
    jsonschema.Draft202012Validator(schema).validate(log)
    assert len(log["runs"][0]["results"]) == len(report["findings"])


PLACES = {
    "rds-backup-disabled": [("infra/rds.tf", "module.database"), ("infra/prod.tfvars", "set in prod.tfvars")],
    "rds-no-deletion-protection": [
        ("infra/rds.tf", "module.database"),
        ("infra/variables.tf", "var.db_deletion_protection"),
    ],
    "gp2-storage": [("infra/modules/database/variables.tf", "var.storage_type")],
    "eks-extended-support": [("infra/prod.tfvars", "set in prod.tfvars")],
    "eks-support-ending": [("infra/dev.tfvars", "set in dev.tfvars")],
}


def test_terraform_findings_name_module_calls_variables_and_var_files(run_in_repository):
    report = json.loads(run_in_repository("examples/myshop", "--format", "json")[1])
    terraform = [finding for finding in report["findings"] if finding["path"].endswith(".tf")]
    # The reporting database has gp2 storage too, by its module's default: there is no variable to name.
    shop = [finding for finding in terraform if not finding["path"].endswith("/reporting.tf")]
    found = {finding["rule_id"]: finding for finding in shop if finding["rule_id"] in PLACES}
    named = {
        rule: [(each["path"].removeprefix("examples/myshop/"), each["message"]) for each in finding["related"]]
        for rule, finding in found.items()
    }
    assert named == PLACES
    log = json.loads(run_in_repository("examples/myshop", "--format", "sarif")[1])
    results = [result for result in log["runs"][0]["results"] if result["ruleId"] == "rds-backup-disabled"]
    uris = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in results
        for place in result["relatedLocations"]
    }
    assert uris == {"examples/myshop/infra/rds.tf", "examples/myshop/infra/prod.tfvars"}


def test_var_file_sets_merge_into_one_finding_with_a_severity_each(run_in_repository):
    report = json.loads(run_in_repository("examples/myshop", "--format", "json")[1])
    (skew,) = [finding for finding in report["findings"] if finding["rule_id"] == "nodegroup-version-skew"]
    assert [(each["name"], each["severity"]) for each in skew["environments"]] == [("dev", "high"), ("prod", "medium")]
    assert skew["severity"] == "high"


def test_the_shop_done_right_has_nothing_in_it(run_in_repository):
    status, output = run_in_repository("examples/myshop-clean", "--format", "json")
    report = json.loads(output)
    assert [(finding["rule_id"], finding["path"], finding["line"]) for finding in report["findings"]] == []
    assert report["errors"] == []
    assert status == 0


def test_the_issue_of_the_day_works_as_written(run_in_repository):
    status, output = run_in_repository("examples/myshop/charts", "examples/myshop/infra", "--format", "json")
    rules = {finding["rule_id"] for finding in json.loads(output)["findings"]}
    assert status == 1
    assert {"image-repository-mismatch", "rds-backup-disabled", "pdb-blocks-drain"} <= rules


def test_a_finding_in_a_chart_shows_template_line_values_key_and_environments(run_in_repository):
    chart = "examples/myshop/charts/myshop-api"
    (result,) = (
        one
        for one in json.loads(run_in_repository("examples/myshop", "--format", "sarif")[1])["runs"][0]["results"]
        if one["ruleId"] == "mutable-image-tag" and "container api " in one["message"]["text"]
    )
    places = [one["physicalLocation"] for one in (*result["locations"], *result["relatedLocations"])]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places] == [
        (f"{chart}/templates/deployment.yaml", 30),
        (f"{chart}/values.yaml", 6),
        (f"{chart}/values-dev.yaml", 4),
    ]
    assert result["properties"]["environments"] == ["dev"]
    assert "In dev. See [values key image.repository](1), [values key image.tag](2)." in result["message"]["text"]
    said = run_in_repository("examples/myshop", "--format", "text")[1].partition(
        "container api of Deployment/myshop-api uses"
    )[2]
    shown = said.partition("help: ")[0]
    for line in (
        f"--> {chart}/templates/deployment.yaml:30:11\n",
        f"--> {chart}/values-dev.yaml:4:3  values key image.tag\n",
        ", in dev\n",
    ):
        assert line in shown
