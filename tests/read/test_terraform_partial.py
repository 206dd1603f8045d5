"""What is known of a text stays known around what is not: JSON, YAML, formats and policy documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opslint.api import HOLE, json_with_holes
from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, read_terraform

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.node import Node

MODULE = 'module "eks" {\n  source = "example.com/org/eks/aws"\n}\n'


def value(root: Path, expression: str, more: str = "") -> Node:
    (root / "main.tf").write_text(f'{MODULE}{more}\nresource "aws_x" "a" {{\n  v = {expression}\n}}\n')
    (module,) = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), root).modules
    return next(block for block in module.blocks if block.type == "aws_x")["v"]


TRUST = (
    '{ Statement = [{ Effect = "Allow", Condition = { StringEquals = {\n'
    '  "${module.eks.oidc_provider}:sub" = "system:serviceaccount:shop:api"\n'
    '  "${module.eks.oidc_provider}:aud" = "sts.amazonaws.com"\n} } }] }'
)
CONDITION = {f"{HOLE}:sub": "system:serviceaccount:shop:api", f"{HOLE}:aud": "sts.amazonaws.com"}


@pytest.mark.parametrize("function", ["jsonencode", "yamlencode"])
def test_an_unknown_key_keeps_its_known_end(tmp_path: Path, function: str) -> None:
    document = json_with_holes(value(tmp_path, f"{function}({TRUST})"))
    assert document == {"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": CONDITION}}]}


def test_through_a_local_and_back(tmp_path: Path) -> None:
    more = f"locals {{\n  trust = {TRUST}\n  text = jsonencode(local.trust)\n}}\n"
    document = json_with_holes(value(tmp_path, "local.text", more))
    assert document["Statement"][0]["Condition"]["StringEquals"] == CONDITION
    assert value(tmp_path, "jsondecode(local.text).Statement[0].Effect", more).text == "Allow"
    assert value(tmp_path, "yamldecode(yamlencode(local.trust)).Statement[0].Effect", more).text == "Allow"
    # What is decoded is still unknown where it was.
    assert not value(tmp_path, "jsondecode(local.text).Statement[0].Condition.StringEquals", more).known
    assert not value(tmp_path, "jsondecode(module.eks.text).a", more).known


def test_an_object_with_an_unknown_key_is_unknown_to_all_others(tmp_path: Path) -> None:
    more = "locals {\n  o = { a = 1, (module.eks.k) = 2 }\n}\n"
    for expression in (
        "length(local.o)",
        "local.o.a",
        "merge(local.o, { b = 1 })",
        "keys(local.o)",
        "[for k, v in local.o : k]",
    ):
        assert not value(tmp_path, expression, more).known


def test_pieces_of_formats_and_joins(tmp_path: Path) -> None:
    text = 'format("%s:sub", module.eks.x)'
    assert json_with_holes(value(tmp_path, f'jsonencode({{ (format("%s:sub", module.eks.x)) = {text} }})')) == {
        f"{HOLE}:sub": f"{HOLE}:sub"
    }
    assert json_with_holes(value(tmp_path, 'jsonencode([join(":", [module.eks.x, "sub"]), 1, null])')) == [
        f"{HOLE}:sub",
        1,
        None,
    ]


STATEMENT = 'statement {\n    sid       = "%s"\n    actions   = ["s3:%s"]\n    resources = ["*"]\n  }\n'


def document(name: str, body: str) -> str:
    return f'data "aws_iam_policy_document" "{name}" {{\n  {body}\n}}\n'


def statements(root: Path, *documents: str) -> list[object]:
    found = json_with_holes(value(root, "data.aws_iam_policy_document.d.json", "".join(documents)))
    return [item if isinstance(item, str) else item["Action"] for item in found["Statement"]]


def test_statements_of_an_unknown_number_stand_beside_the_known_ones(tmp_path: Path) -> None:
    dynamic = (
        'dynamic "statement" {\n    for_each = module.eks.list\n    content {\n      actions = ["*"]\n    }\n  }\n'
    )
    assert statements(tmp_path, document("d", STATEMENT % ("A", "Get*") + dynamic)) == ["s3:Get*", HOLE]


def test_documents_that_a_document_takes_in(tmp_path: Path) -> None:
    base = document("base", STATEMENT % ("A", "Get*") + STATEMENT % ("B", "Put*"))
    source = "source_policy_documents = [data.aws_iam_policy_document.base.json]\n  "
    assert statements(tmp_path, base, document("d", source + STATEMENT % ("B", "List*"))) == ["s3:Get*", "s3:List*"]
    over = "override_policy_documents = [data.aws_iam_policy_document.base.json]\n  "
    assert statements(tmp_path, base, document("d", over + STATEMENT % ("B", "List*"))) == ["s3:Get*", "s3:Put*"]


def test_a_document_in_part_unknown_is_taken_in_with_what_is_known(tmp_path: Path) -> None:
    base = document("base", 'statement {\n    actions = ["s3:*"]\n    resources = [module.eks.arn]\n  }\n')
    source = "source_policy_documents = [data.aws_iam_policy_document.base.json]\n  "
    assert statements(tmp_path, base, document("d", source + STATEMENT % ("B", "List*"))) == ["s3:*", "s3:List*"]


def test_an_unknown_document_may_replace_statements_of_its_name(tmp_path: Path) -> None:
    source = "source_policy_documents = [module.eks.policy]\n  "
    assert statements(tmp_path, document("d", source + STATEMENT % ("B", "List*"))) == [HOLE, "s3:List*"]
    over = "override_policy_documents = [module.eks.policy]\n  "
    text = document("d", over + STATEMENT % ("B", "List*"))
    assert json_with_holes(value(tmp_path, "data.aws_iam_policy_document.d.json", text)) is None
    unnamed = 'statement {\n    actions = ["s3:*"]\n    resources = ["*"]\n  }\n'
    assert statements(tmp_path, document("d", over + unnamed)) == ["s3:*", HOLE]
