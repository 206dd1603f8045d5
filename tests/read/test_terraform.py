"""Terraform directories become blocks whose values have exact places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from terraform_folders import addresses, only, read

from opslint.model.node import Undecided
from opslint.model.settings import ClusterSettings, Settings
from opslint.read.terraform import clusters, count_unknown

if TYPE_CHECKING:
    from pathlib import Path


# -- values and places
def test_literals_have_their_own_places(tmp_path: Path) -> None:
    block = only(
        read(tmp_path, {"main.tf": 'resource "aws_x" "a" {\n  size = 20\n  tags = { team = "web" }\n}\n'}), "aws_x"
    )
    assert block.address == "aws_x.a"
    assert block["size"].number == 20
    assert block["size"].location.text == "20"
    team = block["tags"]["team"]
    assert team.text == "web"
    assert team.location.text == '"web"'
    assert team.key_span is not None
    assert team.source.span(*_range(team.source, team.key_span)) == team.key_span
    assert block.header.text == 'resource "aws_x" "a"'


def _range(source, span):
    return source.offset(span.line, span.column), source.offset(span.end_line, span.end_column)


def test_missing_argument_stands_at_the_header(tmp_path: Path) -> None:
    block = only(read(tmp_path, {"main.tf": '\nresource "aws_x" "a" {\n  b {\n    c = 1\n  }\n}\n'}), "aws_x")
    assert not block["size"].present
    assert block["size"].location.span.line == 2
    missing = block.body.one("b")["d"]
    assert not missing.present
    assert missing.location.span.line == 3
    assert block["b"].location.text == "b"


def test_default_of_a_variable_is_a_place_on_the_way(tmp_path: Path) -> None:
    text = 'variable "v" {\n  default = "1.30"\n}\nresource "aws_x" "a" {\n  version = var.v\n}\n'
    node = only(read(tmp_path, {"main.tf": text}), "aws_x")["version"]
    assert node.text == "1.30"
    assert node.location.text == "var.v"
    ((label, place),) = node.via
    assert label == "var.v"
    assert place.text == '"1.30"'


def test_members_of_a_local_stand_at_the_argument(tmp_path: Path) -> None:
    text = 'locals {\n  tags = {\n    team = "web"\n  }\n}\nresource "aws_x" "a" {\n  tags = local.tags\n}\n'
    node = only(read(tmp_path, {"main.tf": text}), "aws_x")["tags"]["team"]
    assert node.location.text == "local.tags"
    ((label, place),) = node.via
    assert (label, place.text) == ("local.tags", '"web"')


def test_merge_keeps_the_places_of_its_literals(tmp_path: Path) -> None:
    text = 'locals {\n  t = { a = "1" }\n}\nresource "aws_x" "a" {\n  tags = merge(local.t, { b = "2" })\n}\n'
    tags = only(read(tmp_path, {"main.tf": text}), "aws_x")["tags"]
    assert tags["b"].location.text == '"2"'
    assert tags["a"].location.text == 'merge(local.t, { b = "2" })'
    assert tags["a"].via[-1][1].text == '"1"'


def test_computed_expression_names_what_it_is_made_of(tmp_path: Path) -> None:
    text = 'variable "size" {\n  default = "large"\n}\nresource "aws_x" "a" {\n  class = "db.${var.size}"\n}\n'
    node = only(read(tmp_path, {"main.tf": text}), "aws_x")["class"]
    assert node.text == "db.large"
    assert [(label, place.text) for label, place in node.via] == [("var.size", '"large"')]


def test_attribute_of_another_resource(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  n = 3\n}\nresource "aws_y" "b" {\n  n   = aws_x.a.n\n  arn = aws_x.a.arn\n}\n'
    block = only(read(tmp_path, {"main.tf": text}), "aws_y")
    assert block["n"].number == 3
    assert block["arn"].why == "aws_x.a.arn"
    with pytest.raises(Undecided):
        _ = block["arn"].text


def test_null_attribute_of_another_resource_is_not_null(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  n = null\n}\nresource "aws_y" "b" {\n  n = aws_x.a.n == null ? 1 : 2\n}\n'
    assert not only(read(tmp_path, {"main.tf": text}), "aws_y")["n"].known


def test_computed_argument_of_a_nested_block(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  b {\n    c = 1\n  }\n}\nresource "aws_y" "b" {\n  p = aws_x.a.b[0].c\n  q = aws_x.a.b[0].d\n}\n'
    block = only(read(tmp_path, {"main.tf": text}), "aws_y")
    assert block["p"].number == 1
    assert block["q"].why == "aws_x.a.b[0].d"


# -- instances
def test_count(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  count = 2\n  i = count.index\n}\nresource "aws_x" "none" {\n  count = 0\n}\n'
    result = read(tmp_path, {"main.tf": text})
    assert addresses(result) == ["aws_x.a[0]", "aws_x.a[1]"]
    assert [block["i"].number for block in result.modules[0].blocks] == [0, 1]


def test_for_each(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  for_each = {\n    one = { size = 5 }\n  }\n  name = each.key\n  size = each.value.size\n}\n'
    block = only(read(tmp_path, {"main.tf": text}), "aws_x")
    assert block.address == 'aws_x.a["one"]'
    assert block["name"].text == "one"
    assert block["size"].number == 5
    assert block["size"].via[0][1].text == "5"


def test_unknown_count_gives_one_stand_in(tmp_path: Path) -> None:
    block = only(
        read(tmp_path, {"main.tf": 'variable "n" {}\nresource "aws_x" "a" {\n  count = var.n\n  s = 1\n}\n'}), "aws_x"
    )
    assert block.stand_in
    assert block.address == "aws_x.a"
    assert block["s"].number == 1


def test_for_each_is_capped(tmp_path: Path) -> None:
    result = read(
        tmp_path, {"main.tf": 'resource "aws_x" "a" {\n  for_each = toset([for i in range(900) : "k${i}"])\n}\n'}
    )
    assert len(addresses(result)) == 65
    assert [block.stand_in for block in result.modules[0].blocks] == [False] * 64 + [True]


# -- dynamic blocks and alternatives
DYNAMIC = 'resource "aws_x" "a" {\n  dynamic "rule" {\n    for_each = %s\n    content {\n      port = rule.value\n    }\n  }\n}\n'


def test_dynamic_blocks_are_expanded(tmp_path: Path) -> None:
    block = only(read(tmp_path, {"main.tf": DYNAMIC % "[80, 443]"}), "aws_x")
    assert [rule["port"].number for rule in block["rule"]] == [80, 443]
    assert block["rule"][1]["port"].location.text == "rule.value"
    assert block["rule"][1]["port"].via[-1][1].text == "443"


def test_dynamic_block_of_nothing_is_absent(tmp_path: Path) -> None:
    block = only(read(tmp_path, {"main.tf": DYNAMIC % "[]"}), "aws_x")
    assert not block["rule"].exists


def test_dynamic_block_of_the_unknown_has_two_alternatives(tmp_path: Path) -> None:
    block = only(read(tmp_path, {"main.tf": 'variable "r" {}\n' + DYNAMIC % "var.r"}), "aws_x")
    node = block["rule"]
    assert node.why == "var.r"
    there, absent = node.alternatives()
    node.assume(there)
    assert node.known
    assert not node[0]["port"].known
    assert absent is None
    node.unassume()


def test_undecided_conditional_has_its_branches_as_alternatives(tmp_path: Path) -> None:
    text = (
        'variable "c" {\n  type = bool\n}\nresource "aws_x" "a" {\n  open = var.c ? ["0.0.0.0/0"] : ["10.0.0.0/8"]\n}\n'
    )
    node = only(read(tmp_path, {"main.tf": text}), "aws_x")["open"]
    seen = []
    for raw in node.alternatives():
        node.assume(raw)
        seen.append((node[0].text, node[0].location.text))
        node.unassume()
    assert seen == [("0.0.0.0/0", '"0.0.0.0/0"'), ("10.0.0.0/8", '"10.0.0.0/8"')]
    assert not node.known


def test_equal_branches_decide(tmp_path: Path) -> None:
    text = 'variable "c" {}\nresource "aws_x" "a" {\n  v = var.c ? 1 : 1\n  w = "a-${var.c}"\n}\n'
    block = only(read(tmp_path, {"main.tf": text}), "aws_x")
    assert block["v"].number == 1
    unknown = block["w"].unknown
    assert unknown is not None
    assert unknown.parts[0] == "a-"


# -- files
def test_override_files_replace_arguments(tmp_path: Path) -> None:
    files = {
        "main.tf": 'resource "aws_x" "a" {\n  p = 1\n  q = 2\n  r {\n    s = 1\n  }\n}\n',
        "x_override.tf": 'resource "aws_x" "a" {\n  q = 3\n  r {\n    s = 9\n  }\n}\n',
    }
    block = only(read(tmp_path, files), "aws_x")
    assert (block["p"].number, block["q"].number, block.body.one("r")["s"].number) == (1, 3, 9)
    assert block["q"].source.path == "x_override.tf"
    assert len(block["r"]) == 1


def test_tofu_hides_the_tf_file_of_its_name(tmp_path: Path) -> None:
    files = {"main.tf": 'resource "aws_x" "old" {}\n', "main.tofu": 'resource "aws_x" "new" {}\n'}
    assert addresses(read(tmp_path, files)) == ["aws_x.new"]


def test_json_files(tmp_path: Path) -> None:
    text = '{"locals": {"n": 4}, "resource": {"aws_x": {"a": {"size": "${local.n}", "b": {"c": true}}}}}'
    block = only(read(tmp_path, {"main.tf.json": text}), "aws_x")
    assert block["size"].number == 4
    assert block.body.one("b")["c"].is_true


def test_broken_file_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    result = read(
        tmp_path, {"a.tf": 'resource "aws_x" "a" {\n  p = [1 2]\n  q = 2\n}\n', "b.tf": 'resource "aws_y" "b" {}\n'}
    )
    assert [(failure.path, failure.line, failure.kind) for failure in result.failures] == [("a.tf", 2, "terraform")]
    assert addresses(result) == ["aws_x.a", "aws_y.b"]
    assert only(result, "aws_x")["q"].number == 2


def test_duplicate_keys_are_kept_with_the_file(tmp_path: Path) -> None:
    result = read(tmp_path, {"main.tf": "locals {\n  m = {\n    a = 1\n    a = 2\n  }\n}\n"})
    ((duplicate,),) = [file.duplicates for file in result.files]
    assert (duplicate.key, duplicate.lost.span.line, duplicate.kept.span.line) == ("a", 3, 4)


# -- secrets
def test_sensitive_values_never_show(tmp_path: Path) -> None:
    text = 'variable "p" {\n  sensitive = true\n  default   = "hunter2"\n}\nresource "aws_x" "a" {\n  p = var.p\n  q = "x-${var.p}"\n  r = var.p == null\n}\n'
    block = only(read(tmp_path, {"main.tf": text}), "aws_x")
    assert block["p"].why == "var.p is sensitive"
    assert block["r"].is_false
    for node in (block["p"], block["q"]):
        unknown = node.unknown
        assert unknown is not None
        assert "hunter2" not in repr(unknown) + unknown.why + repr(unknown.parts) + repr(unknown.either)
        assert "hunter2" not in repr(node.plain())


# -- AWS
def test_default_tags_are_under_the_tags_of_a_resource(tmp_path: Path) -> None:
    text = 'provider "aws" {\n  default_tags {\n    tags = { team = "a", env = "p" }\n  }\n}\nresource "aws_x" "a" {\n  tags = { team = "b" }\n}\nresource "aws_y" "b" {}\n'
    result = read(tmp_path, {"main.tf": text})
    assert only(result, "aws_x")["tags"].plain() == {"team": "b", "env": "p"}
    assert only(result, "aws_x")["tags"]["team"].location.span.line == 7
    assert only(result, "aws_y")["tags_all"].plain() == {"team": "a", "env": "p"}
    assert [name for name, _ in result.modules[0].providers] == ["aws"]


def test_policy_document(tmp_path: Path) -> None:
    text = """
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::b", "${aws_x.a.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:x"
      values   = ["&{y}"]
    }
  }
}
resource "aws_x" "a" {}
resource "aws_y" "b" {
  policy = data.aws_iam_policy_document.d.json
}
"""
    unknown = only(read(tmp_path, {"main.tf": text}), "aws_y")["policy"].unknown
    assert unknown is not None
    text = "".join(part if isinstance(part, str) else "?" for part in unknown.parts)
    assert text == (
        '{"Statement":[{"Action":"s3:*","Condition":{"StringEquals":{"aws:x":"${y}"}},"Effect":"Allow",'
        '"Principal":{"AWS":"*"},"Resource":["arn:aws:s3:::b","?/*"]}],"Version":"2012-10-17"}'
    )


def test_region_and_account_of_the_provider(tmp_path: Path) -> None:
    text = 'provider "aws" {\n  region = "eu-west-1"\n  allowed_account_ids = ["123456789012"]\n}\ndata "aws_region" "r" {}\ndata "aws_caller_identity" "c" {}\nresource "aws_x" "a" {\n  arn = "${data.aws_region.r.name}:${data.aws_caller_identity.c.account_id}"\n}\n'
    assert only(read(tmp_path, {"main.tf": text}), "aws_x")["arn"].text == "eu-west-1:123456789012"


def test_ignore_changes_are_names(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  lifecycle {\n    prevent_destroy = true\n    ignore_changes  = [tags, size[0].n]\n  }\n}\n'
    lifecycle = only(read(tmp_path, {"main.tf": text}), "aws_x").body.one("lifecycle")
    assert lifecycle["prevent_destroy"].is_true
    assert lifecycle["ignore_changes"].texts() == ["tags", "size[0].n"]


# -- clusters and counts
def test_clusters(tmp_path: Path) -> None:
    text = 'resource "aws_eks_cluster" "main" {\n  name    = "shop"\n  version = "1.34"\n}\n'
    result = read(tmp_path, {"infra/main.tf": text})
    (cluster,) = clusters(result.modules, Settings())
    assert (cluster.id, cluster.name.text, cluster.version.text) == ("aws_eks_cluster.main", "shop", "1.34")
    named = Settings(clusters=(ClusterSettings("prod", terraform="aws_eks_cluster.main"),))
    assert [found.id for found in clusters(result.modules, named)] == ["prod"]


def test_clusters_of_two_environments_have_two_ids(tmp_path: Path) -> None:
    text = 'variable "v" {}\nresource "aws_eks_cluster" "main" {\n  name    = "shop"\n  version = var.v\n}\n'
    result = read(tmp_path, {"main.tf": text, "dev.tfvars": 'v = "1.34"\n', "prod.tfvars": 'v = "1.33"\n'})
    assert [found.id for found in clusters(result.modules, Settings())] == [
        "aws_eks_cluster.main@dev",
        "aws_eks_cluster.main@prod",
    ]


def test_unknown_arguments_are_counted(tmp_path: Path) -> None:
    result = read(tmp_path, {"main.tf": 'variable "v" {}\nresource "aws_x" "a" {\n  p = var.v\n  q = 1\n}\n'})
    assert result.unknown_arguments == 0
    assert count_unknown(result.modules) == 1
    assert result.unknown_arguments == 1


def test_settings_of_terraform(tmp_path: Path) -> None:
    text = 'terraform {\n  required_version = ">= 1.5"\n  backend "s3" {\n    encrypt = false\n  }\n}\n'
    (module,) = read(tmp_path, {"main.tf": text}).modules
    assert module.settings[0]["required_version"].text == ">= 1.5"
    assert module.settings[0].one("backend")["encrypt"].is_false
