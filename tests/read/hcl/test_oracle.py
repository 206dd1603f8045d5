"""Literal values are those that python-hcl2, another reader, gives."""

from __future__ import annotations

from typing import Any

import pytest

from opslint.read.hcl import BLOCK, LIT, NUM, OBJ, STR, TUP, UN, parse

FILES = {
    "resources": """
resource "aws_eks_cluster" "main" {
  name                      = "prod"
  version                   = "1.31"
  enabled_cluster_log_types = ["api", "audit"]
  count                     = 2
  deletion_protection       = true
  role_arn                  = var.role
  tags = {
    Team  = "platform"
    "a/b" = "c"
    size  = 3
  }
  vpc_config {
    endpoint_public_access = false
    public_access_cidrs = [
      "10.0.0.0/8", # inside
      "192.168.0.0/16",
    ]
  }
}

resource "aws_db_instance" "main" {
  allocated_storage = 20
  ratio             = 1.5
  password          = null
  nested            = { a = [{ b = "x" }, { b = "y" }], c = {} }
}
""",
    "the rest": """
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}
variable "a" {
  default     = ["x", "y", 1, true]
  description = "quoted \\"words\\" and a \\\\"
}
locals {
  empty_list = []
  empty      = ""
  minus      = -4
  matrix     = [[1, 2], [3], []]
  unicode    = "Grüße"
}
output "o" {
  value     = "plain"
  sensitive = false
}
""",
    "generated": "".join(
        f'module "m{number}" {{\n  source = "./m/{number}"\n  size = {number}\n  on = {str(number % 2 == 0).lower()}\n'
        f"  names = {['x' * count for count in range(number)]}\n}}\n".replace("'", '"')
        for number in range(8)
    ),
}
ABSENT: Any = object()  # no literal


def literal(node: Any) -> Any:
    """Return the value of a literal."""
    kind = node[0]
    if kind in (NUM, STR, LIT):
        return node[3]
    if kind == UN and node[4][0] == NUM:
        return -node[4][3]
    if kind == TUP:
        items = [literal(item) for item in node[3]]
        return ABSENT if any(item is ABSENT for item in items) else items
    if kind == OBJ:
        pairs = {literal(key): literal(value) for key, value in node[3]}
        return ABSENT if any(value is ABSENT for value in pairs.values()) else pairs
    return ABSENT


def ours(body: list[Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return the literal attributes of a body by their paths."""
    found: dict[tuple[str, ...], Any] = {}
    for node in body:
        if node[0] == BLOCK:
            found |= ours(node[6], (*path, node[3], *(label[0] for label in node[4])))
        elif (value := literal(node[4])) is not ABSENT:
            found[*path, node[3]] = value
    return found


def theirs(tree: Any, wanted: tuple[str, ...]) -> Any:
    """Return what stands at a path of python-hcl2's dict: blocks are lists, keys and texts keep their quotes."""
    current = [tree]
    for name in wanted:
        following = []
        for item in current:
            for key, value in item.items() if isinstance(item, dict) else ():
                if key.strip('"') == name:
                    following += value if isinstance(value, list) and name != wanted[-1] else [value]
        current = following
    assert len(current) == 1, wanted
    return plain(current[0])


def plain(value: Any) -> Any:
    """Return a value of python-hcl2 as the value that it stands for."""
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str) and value[:1] == '"':
        return value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return value


@pytest.mark.parametrize("name", FILES)
def test_literals_are_those_of_python_hcl2(name: str) -> None:
    import hcl2

    parsed = parse(FILES[name])
    assert parsed.errors == []
    found = ours(parsed.body)
    assert len(found) > 10
    tree = hcl2.loads(FILES[name])
    assert found == {path: theirs(tree, path) for path in found}
