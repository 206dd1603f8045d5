"""Plans as JSON: found by what they hold, in place of what the files alone tell, and without their secrets."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from opslint.api import STRICT, Problem, resource, rule
from opslint.engine.packs import Pack
from opslint.engine.run import lint
from opslint.model.finding import Severity
from opslint.model.settings import Settings
from opslint.read.plan import Reading, read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from opslint.model.terraform import Block

MAIN = """variable "size" {}
variable "password" {}
resource "aws_db_instance" "orders" {
  identifier              = "orders"
  instance_class          = "db.m7g.large"
  backup_retention_period = var.size
  password                = var.password
  vpc_security_group_ids  = [aws_security_group.db.id]
  tags                    = { app = "orders" }
}
resource "aws_security_group" "db" {
  name = "db"
}
resource "aws_db_instance" "old" {
  count      = var.size > 100 ? 1 : 0
  identifier = "old"
}
module "eks" {
  source = "somebody/eks-cluster/aws"
  name   = "shop"
}
module "queue" {
  source   = "./queue"
  for_each = toset(["a", "b"])
  name     = "${each.key}-${var.size}"
}
"""
QUEUE = """variable "name" {}
resource "aws_sqs_queue" "it" {
  name = var.name
}
"""
SECRET = "bibimbap-7-Hongdae"


def entry(
    address: str, values: dict[str, Any], unknown: object = None, sensitive: object = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    type_, name = re.sub(r"\[[^]]*\]", "", address).split(".")[-2:]
    head = {"address": address, "mode": "managed", "type": type_, "name": name}
    change = {
        "actions": ["create"],
        "before": None,
        "after": values,
        "after_unknown": unknown or {},
        "after_sensitive": sensitive or {},
    }
    return {**head, "values": values, "sensitive_values": sensitive or {}}, {**head, "change": change}


def make_plan(size: int = 0) -> dict[str, Any]:
    database = entry(
        "aws_db_instance.orders",
        {
            "identifier": "orders",
            "instance_class": "db.m7g.large",
            "backup_retention_period": size,
            "password": SECRET,
            "multi_az": None,
            "restore_to_point_in_time": [],
            "tags": {"app": "orders"},
            "tags_all": {"app": "orders", "team": "shop"},
        },
        {"arn": True, "vpc_security_group_ids": True},
        {"password": True},
    )
    group = entry("aws_security_group.db", {"name": "db"}, {"id": True})
    cluster = entry(
        "module.eks.aws_eks_cluster.this[0]",
        {"name": "shop", "version": "1.33", "vpc_config": [{"endpoint_public_access": True}]},
        {"role_arn": True},
    )
    queues = [entry(f'module.queue["{key}"].aws_sqs_queue.it', {"name": f"{key}-{size}"}) for key in "ab"]
    gone = entry("aws_db_instance.gone", {})[1]
    gone["change"] = {"actions": ["delete"], "before": {"identifier": "gone", "password": SECRET}, "after": None}
    expressions = {"password": {"references": ["var.password"]}}
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {"size": {"value": size}, "password": {"value": SECRET}},
        "planned_values": {
            "root_module": {
                "resources": [database[0], group[0]],
                "child_modules": [
                    {"address": "module.eks", "resources": [cluster[0]]},
                    {"address": 'module.queue["a"]', "resources": [queues[0][0]]},
                    {"address": 'module.queue["b"]', "resources": [queues[1][0]]},
                ],
            }
        },
        "resource_changes": [database[1], group[1], cluster[1], gone, *(one[1] for one in queues)],
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}},
                "aws.west": {"name": "aws", "alias": "west", "expressions": {"region": {"references": ["var.region"]}}},
            },
            "root_module": {
                "resources": [
                    {
                        "address": "aws_db_instance.orders",
                        "provider_config_key": "aws.west",
                        "expressions": expressions,
                    },
                    {"address": "aws_security_group.db", "expressions": {}},
                    {"address": "aws_db_instance.old", "expressions": {}},
                ],
                "module_calls": {
                    "eks": {
                        "source": "somebody/eks-cluster/aws",
                        "version_constraint": "~> 1.2",
                        "expressions": {"name": {"constant_value": "shop"}},
                        "module": {
                            "resources": [
                                {
                                    "address": "aws_eks_cluster.this",
                                    "expressions": {"role_arn": {"references": ["aws_iam_role.this.arn"]}},
                                }
                            ]
                        },
                    },
                    "queue": {"source": "./queue", "expressions": {}, "module": {}},
                },
            },
        },
        "complete": True,
        "errored": False,
    }


def write(root: Path, files: dict[str, Any]) -> None:
    (root / ".git").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))


def read(root: Path, files: dict[str, Any], paths: Sequence[str] = (".",)) -> Reading:
    write(root, files)
    return read_project([str(root / path) for path in paths], Settings(root=str(root)))


def both(plan: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"infra/main.tf": MAIN, "infra/queue/main.tf": QUEUE, "infra/plan.json": plan or make_plan()}


def block(reading: Reading, address: str) -> Block:
    (found,) = [one for module in reading.project.modules for one in module.blocks if one.address == address]
    return found


def addresses(reading: Reading) -> list[str]:
    return sorted(one.address for module in reading.project.modules for one in module.blocks)


# -- a plan with its files
def test_values_are_the_plans_and_places_the_files(tmp_path: Path) -> None:
    orders = block(read(tmp_path, both()), "aws_db_instance.orders")
    period = orders["backup_retention_period"]
    assert period.value == 0
    assert (period.source.path, period.location.text) == ("infra/main.tf", "var.size")
    assert orders.header.text == 'resource "aws_db_instance" "orders"'
    assert not orders["multi_az"].present
    assert not orders["restore_to_point_in_time"].exists
    assert orders["multi_az"].location.source.path == "infra/main.tf"
    assert not period.derived


def test_what_is_known_after_apply_keeps_its_reason(tmp_path: Path) -> None:
    orders = block(read(tmp_path, both()), "aws_db_instance.orders")
    assert orders["arn"].why == "aws_db_instance.orders.arn is known after apply"
    assert not orders["vpc_security_group_ids"].known


def test_a_reference_that_is_not_known_yet_is_still_one(tmp_path: Path) -> None:
    plan = make_plan()
    change = plan["resource_changes"][0]["change"]
    change["after"]["vpc_security_group_ids"] = [None]
    change["after_unknown"]["vpc_security_group_ids"] = [True]
    (group,) = block(read(tmp_path, both(plan)), "aws_db_instance.orders")["vpc_security_group_ids"]
    assert group.why == "aws_security_group.db.id"


def test_tags_have_those_of_the_provider(tmp_path: Path) -> None:
    tags = block(read(tmp_path, both()), "aws_db_instance.orders")["tags"]
    assert {key: node.text for key, node in tags.items()} == {"app": "orders", "team": "shop"}
    assert tags["app"].location.text == '"orders"'


def test_what_is_sensitive_is_never_read_from_the_plan(tmp_path: Path) -> None:
    password = block(read(tmp_path, both()), "aws_db_instance.orders")["password"]
    assert not password.known
    assert password.why == "var.password"
    literal = MAIN.replace("= var.password", '= "in-the-file"')
    reading = read(tmp_path / "b", {**both(), "infra/main.tf": literal})
    assert block(reading, "aws_db_instance.orders")["password"].text == "in-the-file"


def test_what_the_plan_does_not_make_is_not_judged(tmp_path: Path) -> None:
    found = addresses(read(tmp_path, both()))
    assert found == [
        "aws_db_instance.orders",
        "aws_security_group.db",
        "module.eks.aws_eks_cluster.this[0]",
        'module.queue["a"].aws_sqs_queue.it',
        'module.queue["b"].aws_sqs_queue.it',
    ]


def test_a_plan_with_targets_leaves_the_rest_to_the_files(tmp_path: Path) -> None:
    plan = make_plan()
    plan["complete"] = False
    assert "aws_db_instance.old" in addresses(read(tmp_path, both(plan)))
    assert addresses(read(tmp_path, both(plan))).count("aws_db_instance.orders") == 1


def test_a_module_that_is_not_there_is_seen_on_its_call(tmp_path: Path) -> None:
    reading = read(tmp_path, both())
    cluster = block(reading, "module.eks.aws_eks_cluster.this[0]")
    assert cluster["version"].text == "1.33"
    assert cluster["version"].source.path == "infra/main.tf"
    assert cluster.header.text == 'module "eks"'
    assert cluster.call is not None
    assert cluster.call.how == "plan"
    assert reading.coverage.opaque_modules == 0
    assert [(one.name.text, one.version.text) for one in reading.project.clusters] == [("shop", "1.33")]
    assert cluster["role_arn"].why == "aws_iam_role.this.arn"


def test_a_local_module_stands_at_its_argument(tmp_path: Path) -> None:
    name = block(read(tmp_path, both()), 'module.queue["b"].aws_sqs_queue.it')["name"]
    assert (name.text, name.source.path, name.location.text) == ("b-0", "infra/queue/main.tf", "var.name")
    assert [(label, place.source.path) for label, place in name.via] == [("module.queue", "infra/main.tf")]


def test_members_of_a_set_are_found_by_their_value(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  names = ["b", "a"]\n}\n'
    planned, change = entry("aws_x.a", {"names": ["a", "b"]})
    plan = make_plan()
    plan["planned_values"] = {"root_module": {"resources": [planned]}}
    plan["resource_changes"] = [change]
    plan["configuration"] = {"root_module": {"resources": [{"address": "aws_x.a"}]}}
    names = block(read(tmp_path, {"main.tf": text, "plan.json": plan}), "aws_x.a")["names"]
    assert [(node.text, node.location.text) for node in names] == [("a", '"a"'), ("b", '"b"')]


@rule(each=resource("aws_db_instance", "aws_eks_cluster"), severity=Severity.HIGH, preset=STRICT)
def retention(item, project):  # type: ignore[no-untyped-def]
    """Say the number of days."""
    node = item["backup_retention_period"]
    if node.present and node.number == 0:
        yield Problem(f"{item.address} keeps nothing", node)


def findings(root: Path, files: dict[str, Any], *paths: str) -> list[tuple[str, int, str]]:
    write(root, files)
    settings = Settings(root=str(root), preset="all", no_cache=True)
    report = lint([str(root / path) for path in paths], settings, [Pack("test", (retention,))])
    assert report.failures == ()
    return [(one.location.source.path, one.location.span.line, one.message) for one in report.findings]


@pytest.mark.parametrize("paths", [(".",), ("infra",), ("infra/plan.json",), ("infra/main.tf", "infra/plan.json")])
def test_each_finding_is_said_once_at_the_files(tmp_path: Path, paths: tuple[str, ...]) -> None:
    said = ("infra/main.tf", 6, "aws_db_instance.orders keeps nothing")
    assert findings(tmp_path, both(), *paths) == [said]


def test_the_plan_may_lie_elsewhere(tmp_path: Path) -> None:
    files = both()
    files["out/tfplan.json"] = files.pop("infra/plan.json")
    assert [place[:2] for place in findings(tmp_path, files, ".")] == [("infra/main.tf", 6)]


def test_a_plan_that_may_be_of_two_directories_stands_alone(tmp_path: Path) -> None:
    files = both()
    files["plan.json"] = files.pop("infra/plan.json")
    files |= {"other/main.tf": MAIN, "other/queue/main.tf": QUEUE}
    reading = read(tmp_path, files)
    assert {module.path: module.plan for module in reading.project.modules} == {
        "": "plan.json",
        "infra": "",
        "other": "",
    }
    assert [notice.message for notice in reading.coverage.notices if notice.path == "plan.json"] == [
        "the plan may be of several directories (infra, other): its findings stand in the plan itself"
    ]


@pytest.mark.parametrize("names", [("prod-plan.json", "dev-plan.json"), ("a.json", "b.json")])
def test_each_environment_has_its_own_plan(tmp_path: Path, names: tuple[str, str]) -> None:
    files = both()
    del files["infra/plan.json"]
    files |= {
        "infra/prod.tfvars": "size = 30\n",
        "infra/dev.tfvars": "size = 1\n",
        f"infra/{names[0]}": make_plan(30),
        f"infra/{names[1]}": make_plan(1),
    }
    modules = {module.environment.name: module for module in read(tmp_path, files).project.modules}
    assert {name: module.plan for name, module in modules.items()} == {
        "prod": f"infra/{names[0]}",
        "dev": f"infra/{names[1]}",
    }
    for name, days in (("prod", 30), ("dev", 1)):
        (orders,) = [one for one in modules[name].blocks if one.address == "aws_db_instance.orders"]
        assert orders["backup_retention_period"].value == days


def test_objects_of_kubernetes_have_the_plans_values(tmp_path: Path) -> None:
    text = (
        'variable "name" {}\nresource "kubernetes_config_map" "a" {\n  metadata {\n    name = var.name\n  }\n}\n'
        'resource "kubectl_manifest" "b" {\n  yaml_body = <<-Y\n    apiVersion: v1\n    kind: ConfigMap\n'
        "    metadata:\n      name: ${var.name}\n  Y\n}\n"
    )
    typed = entry("kubernetes_config_map.a", {"metadata": [{"name": "x", "namespace": "default"}], "data": None})
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"
    raw = entry("kubectl_manifest.b", {"yaml_body": body})
    plan = make_plan()
    plan["planned_values"] = {"root_module": {"resources": [typed[0], raw[0]]}}
    plan["resource_changes"] = [typed[1], raw[1]]
    plan["configuration"] = {
        "root_module": {"resources": [{"address": "kubernetes_config_map.a"}, {"address": "kubectl_manifest.b"}]}
    }
    first, second = read(tmp_path, {"main.tf": text, "plan.json": plan}).project.objects
    assert [first.name, second.name] == ["x", "x"]
    assert first.metadata["name"].location.text == "var.name"
    node = second.metadata["name"]
    assert node.source.origin is not None
    place = node.source.origin.locate(node.span).location
    assert (place.source.path, place.span.line) == ("main.tf", 12)


# -- a plan alone
def test_a_plan_alone_is_its_own_place(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "plan.json").write_text(json.dumps(make_plan(), indent=2))
    reading = read(tmp_path, {})
    orders = block(reading, "aws_db_instance.orders")
    period = orders["backup_retention_period"]
    assert period.source.path == "plan.json"
    assert period.source.line(period.span.line).strip() == '"backup_retention_period": 0,'
    assert period.derived
    assert orders.provider == "aws.west"
    (module,) = reading.project.modules
    assert [(call.address, call.source, call.version, call["name"].text) for call in module.calls] == [
        ("module.eks", "somebody/eks-cluster/aws", "~> 1.2", "shop"),
        ("module.queue", "./queue", "", ""),
    ]
    assert [(name, node["region"].known) for name, node in module.providers] == [("aws", True), ("aws.west", False)]
    cluster = block(reading, "module.eks.aws_eks_cluster.this[0]")
    assert cluster.call is module.calls[0]
    assert cluster.body.one("vpc_config")["endpoint_public_access"].is_true
    assert findings(tmp_path, {}, "plan.json") == [
        ("plan.json", period.span.line, "aws_db_instance.orders keeps nothing")
    ]


@pytest.mark.parametrize(("default", "known"), [(None, False), (SECRET, True)])
def test_a_secret_that_was_given_as_a_variable_is_not_taken_for_code(
    tmp_path: Path, default: str | None, known: bool
) -> None:
    plan = make_plan()
    plan["planned_values"]["root_module"]["resources"][0]["sensitive_values"] = {}
    plan["resource_changes"][0]["change"]["after_sensitive"] = {}
    plan["configuration"]["root_module"]["variables"] = {"password": {"default": default}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    reading = read(tmp_path, {})
    orders = block(reading, "aws_db_instance.orders")
    assert orders["password"].known == known
    assert orders["identifier"].text == "orders"
    (source,) = [file.source for file in reading.project.files]
    assert (SECRET in source.text) == known


def test_a_plan_with_sorted_keys_is_found(tmp_path: Path) -> None:
    plan = make_plan()
    plan["configuration"]["root_module"]["outputs"] = {f"o{i}": {"expression": {}} for i in range(500)}
    (tmp_path / "plan.json").write_text(json.dumps(plan, sort_keys=True, indent=2))
    reading = read(tmp_path, {})
    assert block(reading, "aws_db_instance.orders")["identifier"].text == "orders"


@pytest.mark.parametrize("indent", [None, 2])
def test_no_secret_is_in_the_text_that_is_kept(tmp_path: Path, indent: int | None) -> None:
    write(tmp_path, {})
    (tmp_path / "plan.json").write_text(json.dumps(make_plan(), indent=indent))
    reading = read(tmp_path, {})
    orders = block(reading, "aws_db_instance.orders")
    assert not orders["password"].known
    assert orders["password"].why == "aws_db_instance.orders.password is sensitive"
    (source,) = [file.source for file in reading.project.files]
    assert SECRET not in source.text
    assert "backup_retention_period" in source.text
    assert len(source.text) == len((tmp_path / "plan.json").read_text())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-16-le"])
def test_a_plan_may_come_from_another_shell(tmp_path: Path, encoding: str) -> None:
    data = json.dumps(make_plan()).encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    assert "aws_db_instance.orders" in addresses(read(tmp_path, {"plan.json": data}, ["plan.json"]))


# -- what is no plan
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**make_plan(), "format_version": "2.0"}, "is a plan of format 2.0: only the formats 1.x can be read"),
        (
            {"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": {}}},
            "is a state of Terraform, not a plan: write one with `terraform show -json plan.out`",
        ),
        (
            {"format_version": "1.2", "resource_changes": []},
            "is a plan without planned_values: it cannot be judged",
        ),
        (json.dumps(make_plan())[:1500], "the plan is cut off or broken: it is not JSON"),
    ],
)
def test_what_cannot_be_judged_is_said_once(tmp_path: Path, content: object, message: str) -> None:
    reading = read(tmp_path, {"a/plan.json": content, "infra/main.tf": MAIN, "infra/queue/main.tf": QUEUE})
    assert [(failure.path, failure.message) for failure in reading.failures] == [("a/plan.json", message)]
    assert "aws_db_instance.orders" in addresses(reading)


@pytest.mark.parametrize(
    "content",
    [
        {"format_version": "1.0", "provider_schemas": {}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"format_version": "1"}},
        ["format_version"],
    ],
)
def test_other_json_is_left_alone(tmp_path: Path, content: object) -> None:
    reading = read(tmp_path, {"x.json": content, "infra/main.tf": MAIN, "infra/queue/main.tf": QUEUE}, ["."])
    assert reading.failures == []
    assert len(reading.project.objects) == (1 if isinstance(content, dict) and "kind" in content else 0)


def mutations(plan: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return every holder and key of a plan."""
    found: list[tuple[Any, Any]] = []
    stack: list[Any] = [plan]
    while stack:
        here = stack.pop()
        for key in here if isinstance(here, dict) else range(len(here)):
            found.append((here, key))
            if isinstance(here[key], (dict, list)):
                stack.append(here[key])
    return found


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda holder, key: holder.__setitem__(key, None),
        lambda holder, key: holder.__setitem__(key, [{"x": []}]),
        lambda holder, key: holder.__setitem__(key, {"y": True}),
        lambda holder, key: holder.__setitem__(key, True),
        lambda holder, key: holder.pop(key),
    ],
    ids=["null", "list", "map", "true", "gone"],
)
def test_nothing_that_a_plan_holds_stops_the_run(
    tmp_path: Path, change: Callable[[Any, Any], object], alone: bool
) -> None:
    write(tmp_path, {} if alone else {"main.tf": MAIN, "queue/main.tf": QUEUE})
    spots = len(mutations(make_plan()))
    for number in random.Random(7).sample(range(spots), 20):
        plan = copy.deepcopy(make_plan())
        change(*mutations(plan)[number])
        reading = read(tmp_path, {"plan.json": plan})
        for module in reading.project.modules:
            for one in module.blocks:
                for node in one.body.walk():
                    assert node.location.span.line >= 1
                    assert SECRET not in (node.value if node.known and isinstance(node.value, str) else "") or not alone
