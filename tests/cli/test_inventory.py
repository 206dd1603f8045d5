"""`opslint inventory`: what was read, as text and as JSON."""

import json

import jsonschema
import pytest

from opslint.cli.main import main
from opslint.model.settings import Settings
from opslint.output.inventory import inventory_of
from opslint.read.plan import read_project
from opslint_schemas import load

SHOP = {
    ".git/HEAD": "",
    "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\ndependencies:\n"
    "  - {name: redis, version: 1.0.0, repository: 'https://charts.example.com'}\n",
    "charts/api/values.yaml": "replicas: 1\nmetrics: false\n",
    "charts/api/values-dev.yaml": "replicas: 1\n",
    "charts/api/values-prod.yaml": "replicas: 3\n",
    "charts/api/templates/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
    "  replicas: {{ .Values.replicas }}\n"
    "  template:\n    spec:\n      containers:\n        - {name: web, image: 'quay.io/shop/web:1'}\n"
    "{{- if .Values.metrics }}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: metrics}\n{{- end }}\n",
    "k8s/cron.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n"
    "    - {name: a, image: busybox}\n    - {name: b, image: 'quay.io/shop/web:2'}\n",
    "infra/main.tf": 'variable "version_" {}\nresource "aws_eks_cluster" "this" {\n  name    = "shop"\n'
    '  version = var.version_\n}\nmodule "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n  version = "~> 5.0"\n}\n'
    'module "other" {\n  source = "git::https://example.com/x.git"\n}\n'
    'module "near" {\n  source = "./near"\n}\n',
    "infra/near/main.tf": "locals {}\n",
    "infra/dev.tfvars": 'version_ = "1.34"\n',
    "infra/prod.tfvars": '\nversion_ = "1.33"\n',
}


@pytest.fixture
def inventory(tmp_path, monkeypatch, capsys):
    """Write files and run: `inventory(files, *arguments) -> (status, stdout, stderr)`."""
    monkeypatch.chdir(tmp_path)

    def run(files, *arguments):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        status = main(["inventory", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def facts(inventory):
    def run(files, *arguments):
        status, out, _ = inventory(files, "--format", "json", *arguments)
        assert status in (0, 3)
        return json.loads(out)

    return run


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """What the shop comes to: read once for all tests that only look."""
    root = tmp_path_factory.mktemp("shop")
    for path, text in SHOP.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    reading = read_project([str(root)], Settings(root=str(root)))
    return inventory_of(reading.project, reading.coverage, reading.failures)


def by(key, items):
    return {item[key]: item for item in items}


def test_units_with_environment_cluster_target_and_why_they_are_open(shop):
    units = by("id", shop["units"])
    assert sorted(units) == [".", "charts/api@dev", "charts/api@prod"]
    prod = units["charts/api@prod"]
    assert prod["environment"] == {"name": "prod", "stage": "prod", "sign": "values-prod.yaml"}
    assert prod["cluster"] == "aws_eks_cluster.this@prod"
    assert prod["targets"] == [
        {
            "kubernetes": "1.33",
            "source": {"kind": "cluster", "path": "infra/prod.tfvars", "line": 2},
            "named_by": "infra/prod.tfvars:2",
        }
    ]
    assert (prod["closed"], prod["open_because"]) == (False, ["dependency redis is not in charts/"])
    assert (units["."]["closed"], units["."]["objects"], units["."]["environment"]) == (True, 1, None)
    assert [target["kubernetes"] for target in units["."]["targets"]] == ["1.33", "1.34"]


def test_a_plan_is_named_where_its_values_are_used(inventory):
    plan = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": []}},
        "configuration": {
            "root_module": {
                "resources": [{"address": "aws_eks_cluster.this"}],
                "module_calls": {"vpc": {}, "other": {}, "near": {}},
            }
        },
    }
    files = SHOP | {"infra/prod-plan.json": json.dumps(plan)}
    _, out, _ = inventory(files, "--format", "json")
    jsonschema.Draft202012Validator(load("inventory.schema")).validate(json.loads(out))
    _, out, _ = inventory({})
    assert out.count("values of the plan infra/prod-plan.json") == 1
    assert "module.other  git::https://example.com/x.git: seen in the plan" in out


def test_the_json_fits_its_schema(inventory):
    schema = load("inventory.schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    application = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: jobs}\nspec:\n"
        "  destination: {namespace: jobs}\n  source: {repoURL: x, path: k8s}\n"
    )
    broken = {"apps/jobs.yaml": application, "broken.yaml": "apiVersion: v1\nkind: Pod\na: [\n"}
    _, out, _ = inventory(SHOP | broken, "--format", "json")
    jsonschema.Draft202012Validator(schema).validate(json.loads(out))
    # Every object of the schema is closed and asks for all its members: nothing is printed that it does not describe.
    stack = [schema]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if one.get("type") == "object":
                assert one["additionalProperties"] is False
                assert sorted(one["required"]) == sorted(one["properties"])
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def test_clusters_say_where_their_version_stands(shop):
    clusters = by("id", shop["clusters"])
    dev = clusters["aws_eks_cluster.this@dev"]
    assert (dev["name"], dev["version"], dev["version_place"]) == (
        "shop",
        "1.34",
        {"path": "infra/dev.tfvars", "line": 1},
    )
    assert dev["declared"] == {"path": "infra/main.tf", "line": 2}


def test_charts_with_releases_unrendered_branches_and_missing_dependencies(shop):
    (chart,) = shop["charts"]
    assert [(one["environment"]["name"], one["values"], one["source"]) for one in chart["releases"]] == [
        ("dev", ["charts/api/values-dev.yaml"], "charts/api/values-dev.yaml"),
        ("prod", ["charts/api/values-prod.yaml"], "charts/api/values-prod.yaml"),
    ]
    assert chart["branches_unrendered"] == [{"path": "charts/api/templates/web.yaml", "line": 10}]
    assert chart["missing_dependencies"] == [{"name": "redis", "path": "charts/api/Chart.yaml", "line": 5}]


def test_a_branch_that_one_environment_renders_is_not_listed(facts):
    (chart,) = facts(SHOP | {"charts/api/values-prod.yaml": "metrics: true\n"})["charts"]
    assert chart["branches_unrendered"] == []


def test_root_modules_with_var_files_and_how_each_call_was_seen(shop):
    (module,) = shop["terraform"]
    assert module["path"] == "infra"
    assert [(run["environment"]["name"], run["var_files"]) for run in module["runs"]] == [
        ("dev", ["infra/dev.tfvars"]),
        ("prod", ["infra/prod.tfvars"]),
    ]
    calls = {call["address"]: (call["how"], call["major"], call["line"]) for call in module["calls"]}
    assert calls == {
        "module.near": ("local", None, 13),
        "module.other": ("opaque", None, 10),
        "module.vpc": ("adapter", 5, 6),
    }


def test_registries_are_counted_by_containers_and_distinct_images(shop):
    assert shop["registries"] == [
        {"registry": "quay.io", "images": 2, "containers": 3},
        {"registry": "docker.io", "images": 1, "containers": 1},
    ]


def test_what_could_not_be_read_is_listed_and_is_the_exit_status(inventory, facts):
    files = {
        ".git/HEAD": "",
        "k8s/a.yaml": SHOP["k8s/cron.yaml"],
        "k8s/broken.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: [a\n",
    }
    status, out, _ = inventory(files)
    assert status == 3
    assert "Could not be read (1)\n  k8s/broken.yaml:" in out
    found = facts(files)
    assert [error["path"] for error in found["errors"]] == ["k8s/broken.yaml"]
    assert by("id", found["units"])["."]["open_because"] == ["a file of it could not be read"]
    assert inventory({"k8s/broken.yaml": "a: 1\n"})[0] == 0


def test_the_text_names_every_part(inventory):
    _, out, _ = inventory(SHOP)
    for line in (
        "  charts/api@prod  release, 1 object",
        "    environment prod (production, by values-prod.yaml); cluster aws_eks_cluster.this@prod",
        "    Kubernetes 1.33 by infra/prod.tfvars:2",
        "    not closed: dependency redis is not in charts/ (what refers to missing objects is not judged)",
        "    1 template branch in no environment:",
        "      charts/api/templates/web.yaml:10",
        "    dependency missing: redis at charts/api/Chart.yaml:5",
        "    module.vpc  terraform-aws-modules/vpc/aws ~> 5.0: known by its inputs, as version 5",
        "    module.other  git::https://example.com/x.git: not read: its resources are unknown",
        "  quay.io  2 images in 3 containers",
    ):
        assert f"{line}\n" in out
    assert "\x1b" not in out


def test_the_same_input_gives_the_same_bytes(inventory):
    assert inventory(SHOP, "--format", "json")[1] == inventory(SHOP, "--format", "json")[1]


def test_env_and_cluster_keep_only_what_is_named(facts):
    found = facts(SHOP, "--env", "prod")
    assert sorted(by("id", found["units"])) == [".", "charts/api@prod"]
    assert [one["id"] for one in found["clusters"]] == ["aws_eks_cluster.this@prod"]
    assert [run["environment"]["name"] for run in found["terraform"][0]["runs"]] == ["prod"]
    assert [target["kubernetes"] for target in by("id", found["units"])["."]["targets"]] == ["1.33"]
    found = facts(SHOP, "--cluster", "aws_eks_cluster.this@dev")
    assert sorted(by("id", found["units"])) == [".", "charts/api@dev"]
    assert [run["environment"]["name"] for run in found["terraform"][0]["runs"]] == ["dev"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--env", "pord"), "there is no environment pord: there are dev, prod"),
        (
            ("--cluster", "x"),
            "there is no cluster x: there are aws_eks_cluster.this@dev, aws_eks_cluster.this@prod, shop",
        ),
    ],
)
def test_a_name_that_nothing_has_is_an_error(facts, arguments, message):
    files = {path: text for path, text in SHOP.items() if not path.startswith("charts/")}
    errors = facts(files, *arguments)["errors"]
    assert [(error["message"], error["kind"]) for error in errors] == [(message, "input")]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_hostile_names_do_nothing(inventory, format_):
    evil = "\\u001b[31m\\n::error::x\\u202e##[group]"
    files = {
        ".git/HEAD": "",
        "a\u202eb\n::error::/Chart.yaml": f'apiVersion: v2\nname: "{evil}"\nversion: 1.0.0\n',
        "c/Chart.yaml": f'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{{name: "{evil}"}}]\n',
        "k8s/a.yaml": 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: "'
        + evil
        + '/x/y:1"}]}\n',
        "infra/main.tf": 'module "a" {\n  source = "git::\\u001b[31m##[group]"\n}\n',
    }
    _, out, _ = inventory(files, "--format", format_)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "##[" not in out
    assert not any(line.lstrip().startswith("::") for line in out.splitlines())


def test_nothing_there_is_an_error(inventory):
    status, out, _ = inventory({".git/HEAD": ""})
    assert status == 3
    assert "Could not be read (1)" in out


def test_a_path_that_is_not_there_is_wrong_usage(inventory):
    status, _, error = inventory({".git/HEAD": ""}, "nowhere")
    assert status == 2
    assert "'nowhere'" in error
