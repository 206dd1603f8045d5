"""Plans as JSON: found by what they hold, in place of what the files alone tell, and without their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

from plans import MAIN, QUEUE, addresses, block, both, entry, findings, make_plan, read


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
