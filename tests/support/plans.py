"""Plans of Terraform, their files, and what is read of both."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from opslint.api import STRICT, Problem, resource, rule
from opslint.engine.packs import Pack
from opslint.engine.run import lint
from opslint.model.finding import Severity
from opslint.model.settings import Settings
from opslint.read.plan import Reading, read_project

if TYPE_CHECKING:
    from collections.abc import Sequence
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
