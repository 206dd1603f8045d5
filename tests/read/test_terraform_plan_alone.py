"""A plan without its files, what is no plan, and whatever else a plan may hold."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

from plans import MAIN, QUEUE, SECRET, addresses, block, findings, make_plan, read, write


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
