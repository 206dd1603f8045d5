"""What an evaluation cuts or does not read is said once, at its place, and the rest goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from terraform_folders import read_module as read

from opslint.api import STRICT, Problem, Severity, resource, rule
from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, read_terraform

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.terraform import RootModule

MANY = "toset([for i in range(90) : tostring(i)])"


def said(module: RootModule) -> list[tuple[str, int, str]]:
    for block in module.blocks:
        for node in block.body.walk():
            assert node.known or node.why is not None
    return [(notice.path, notice.line, notice.message) for notice in module.notices]


@pytest.mark.parametrize(("argument", "what"), [("count    = 90", "count"), (f"for_each = {MANY}", "for_each")])
def test_instances_above_the_limit(tmp_path: Path, argument: str, what: str) -> None:
    module = read(
        tmp_path,
        f'resource "aws_x" "a" {{\n  {argument}\n  n = 1\n}}\n'
        'resource "aws_y" "b" {\n  n    = length(aws_x.a)\n  last = try(aws_x.a[80].n, 0)\n}\n',
    )
    assert said(module) == [("main.tf", 2, f"{what} makes 90: 64 of them are judged one by one, the others as one")]
    *first, rest, other = module.blocks
    assert len(first) == 64
    assert (rest.address, rest.stand_in, rest["n"].number) == ("aws_x.a", True, 1)
    # The cut collection has no length, and its members beyond the cut are not absent.
    assert not other["n"].known
    assert not other["last"].known


def test_exactly_the_limit_is_whole(tmp_path: Path) -> None:
    module = read(tmp_path, 'resource "aws_x" "a" {\n  count = 64\n}\n')
    assert said(module) == []
    assert len(module.blocks) == 64


def test_dynamic_blocks_above_the_limit(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  dynamic "rule" {\n    for_each = range(90)\n    content {\n      p = rule.value\n    }\n  }\n}\n'
    module = read(tmp_path, text)
    node = module.blocks[0]["rule"]
    assert not node.known
    node.assume(node.alternatives()[1])
    assert [item["p"].number for item in node] == list(range(64))
    node.unassume()
    assert [(one.line, one.message) for one in module.notices] == [
        (3, "dynamic rule makes 90: 64 of them are judged one by one, the others as one")
    ]


def test_module_calls_above_the_limit(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text('resource "aws_x" "a" {}\n')
    module = read(tmp_path, 'module "m" {\n  source = "./m"\n  count  = 90\n}\n')
    assert said(module)[0][:2] == ("main.tf", 3)
    assert len(module.calls) == 65
    assert module.blocks[-1].stand_in


def test_entries_of_a_public_module_above_the_limit(tmp_path: Path) -> None:
    text = (
        'module "eks" {\n  source  = "terraform-aws-modules/eks/aws"\n  version = "~> 20.0"\n'
        "  eks_managed_node_groups = { for i in range(90) : tostring(i) => { min_size = i } }\n}\n"
    )
    module = read(tmp_path, text)
    groups = [block for block in module.blocks if block.type == "aws_eks_node_group"]
    assert [group.stand_in for group in groups] == [False] * 64 + [True]
    assert (
        "main.tf",
        4,
        "90 resources of a module: 64 of them are judged one by one, the others as one",
    ) in said(module)


def test_for_each_over_a_million_keys(tmp_path: Path) -> None:
    text = (
        "locals {\n  a = range(1000)\n}\n"
        'resource "aws_x" "a" {\n  for_each = toset([for p in setproduct(local.a, local.a) : "${p[0]}-${p[1]}"])\n}\n'
        'resource "aws_y" "b" {\n  n = 1\n}\n'
    )
    begin = time.monotonic()
    module = read(tmp_path, text)
    assert time.monotonic() - begin < 5
    assert said(module) == [("main.tf", 5, "a collection that is too large: one instance stands for all of them")]
    assert [(block.address, block.stand_in) for block in module.blocks] == [("aws_x.a", True), ("aws_y.b", False)]


def test_a_written_map_of_very_many_keys(tmp_path: Path) -> None:
    keys = ", ".join(f"k{i} = 1" for i in range(120_000))
    module = read(tmp_path, f'locals {{\n  m = {{ {keys} }}\n}}\nresource "aws_x" "a" {{\n  for_each = local.m\n}}\n')
    assert said(module) == [
        ("main.tf", 5, "for_each makes 120,000: 64 of them are judged one by one, the others as one")
    ]


def test_an_evaluation_that_never_ends_is_said_once(tmp_path: Path) -> None:
    loops = "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]"
    module = read(tmp_path, f'resource "aws_x" "a" {{\n  v = {loops}\n  w = {loops}\n}}\n')
    assert said(module) == [(".", 0, "its expressions take too much to evaluate: what is not evaluated yet is unknown")]


def test_files_outside_the_root(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("outside")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    text = (
        'resource "aws_x" "a" {\n  a = file("../secret.txt")\n  b = "${file("link.txt")}!"\n'
        '  c = templatefile("/etc/hostname", {})\n  d = fileset("..", "*")\n  e = 1\n}\n'
    )
    module = read(root, text)
    assert said(module) == [
        ("main.tf", 2, "file: ../secret.txt lies outside the root of the run: not read"),
        ("main.tf", 3, "file: link.txt lies outside the root of the run: not read"),
        ("main.tf", 4, "templatefile: /etc/hostname lies outside the root of the run: not read"),
        ("main.tf", 5, "fileset: .. lies outside the root of the run: not read"),
    ]
    assert module.blocks[0]["e"].number == 1


def test_a_ring_of_locals(tmp_path: Path) -> None:
    text = 'locals {\n  a = "${local.b}-x"\n  b = local.c\n  c = local.a\n}\nresource "aws_x" "a" {\n  v = local.a\n  w = local.c\n  u = 1\n}\n'
    module = read(tmp_path, text)
    assert said(module) == [("main.tf", 2, "local.a needs itself: Terraform refuses it, its value is unknown")]
    assert module.blocks[0]["u"].number == 1


def test_a_linked_module_is_the_module_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "main.tf").write_text('resource "aws_x" "a" {\n  v = 1\n}\n')
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "main.tf").write_text('module "m" {\n  source = "./link"\n}\n')
    directories = [TerraformDirectory("", ("main.tf",)), TerraformDirectory("real", ("real/main.tf",))]
    result = read_terraform(directories, Settings(), tmp_path)
    assert [block.address for module in result.modules for block in module.blocks] == ["module.m.aws_x.a"]
    assert result.modules[0].blocks[0]["v"].source.path == "real/main.tf"


def test_a_module_linked_into_itself(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "main.tf").write_text('module "m" {\n  source = "./link"\n}\nresource "aws_x" "a" {}\n')
    result = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), tmp_path)
    assert [(one.path, one.line, one.message) for one in result.failures] == [
        ("main.tf", 1, "module m: it calls itself")
    ]
    assert [block.address for block in result.modules[0].blocks] == ["aws_x.a"]


@rule(each=resource("aws_x"), severity=Severity.HIGH, preset=STRICT)
def eager(item, project):
    """Reads everything."""
    for key in ("a", "b", "c", "d"):
        if item[key].number == 0:
            yield Problem("zero", item[key])


def test_late_notices_are_in_the_report(lint_files) -> None:
    text = 'resource "aws_x" "a" {\n  dynamic "a" {\n    for_each = range(70)\n    content {}\n  }\n}\n'
    report = lint_files({"main.tf": text}, [eager])
    assert [(one.path, one.line) for one in report.coverage.notices] == [("main.tf", 3)]


def test_more_readings_than_are_tried_are_said(lint_files) -> None:
    text = 'variable "v" {}\nresource "aws_x" "a" {\n%s}\n'
    undecided = "".join(f"  {key} = var.v ? 0 : 0.0\n" for key in "abcd")
    report = lint_files({"main.tf": text % undecided.replace("0.0", "null")}, [eager])
    assert report.findings == ()
    assert report.coverage.silent_for_unknown == {"eager": 1}
    (notice,) = report.coverage.notices
    assert (notice.path, notice.line) == ("main.tf", 6)
    assert notice.message.startswith("more than 8 readings of undecided values")
    fewer = undecided.replace("0.0", "null").splitlines(keepends=True)[:3]
    report = lint_files({"main.tf": text % "".join(fewer)}, [eager])
    assert report.coverage.notices == []
    assert report.coverage.silent_for_unknown == {}
