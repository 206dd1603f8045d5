"""Terraform that is hostile, endless or outside the root ends in Unknown or a failure, quickly."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, TerraformResult, read_terraform


def read(root: Path, files: dict[str, str]) -> TerraformResult:
    found: dict[str, list[str]] = {}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if name.endswith(".tf"):
            found.setdefault(str(Path(name).parent).removeprefix("."), []).append(name)
    directories = [TerraformDirectory(path, tuple(names)) for path, names in sorted(found.items())]
    return read_terraform(directories, Settings(), root)


def value(root: Path, locals_: str, expression: str):
    text = f'locals {{\n{locals_}\n}}\nresource "aws_x" "a" {{\n  v = {expression}\n}}\n'
    return read(root, {"main.tf": text}).modules[0].blocks[0]["v"]


def test_a_ring_of_locals_is_unknown(tmp_path: Path) -> None:
    assert not value(tmp_path, "a = local.b\nb = local.a", "local.a").known


def test_a_resource_that_counts_itself_is_a_stand_in(tmp_path: Path) -> None:
    result = read(tmp_path, {"main.tf": 'resource "aws_x" "a" {\n  count = length(aws_x.a)\n}\n'})
    assert [block.stand_in for block in result.modules[0].blocks] == [True]


def test_a_long_chain_of_locals(tmp_path: Path) -> None:
    chain = "\n".join(f"l{i} = local.l{i + 1}" for i in range(300)) + "\nl300 = 5"
    assert value(tmp_path, chain, "local.l0").number == 5


def test_an_endless_chain_of_locals_is_unknown(tmp_path: Path) -> None:
    chain = "\n".join(f"l{i} = local.l{i + 1}" for i in range(8000)) + "\nl8000 = 5"
    assert not value(tmp_path, chain, "local.l0").known


def test_a_deep_expression_does_not_crash(tmp_path: Path) -> None:
    text = 'resource "aws_x" "a" {\n  v = ' + "(" * 10_000 + "1" + ")" * 10_000 + "\n  w = 2\n}\n"
    result = read(tmp_path, {"main.tf": text})
    assert result.failures
    assert result.modules[0].blocks[0]["w"].number == 2


BIG = 'big = join("", [for i in range(1000) : "%s"])\nmany = [for i in range(1000) : local.big]' % ("x" * 900)
HOSTILE = {
    "doubled text": (
        "\n".join(f'l{i} = "${{local.l{i + 1}}}${{local.l{i + 1}}}"' for i in range(60)) + '\nl60 = "ab"',
        "local.l0",
    ),
    "doubled list": (
        "\n".join(f"l{i} = [local.l{i + 1}, local.l{i + 1}]" for i in range(60)) + "\nl60 = 1",
        "jsonencode(local.l0)",
    ),
    "compared": (
        "\n".join(
            f"l{i} = [local.l{i + 1}, local.l{i + 1}]\nm{i} = [local.m{i + 1}, local.m{i + 1}]" for i in range(60)
        )
        + "\nl60 = 1\nm60 = 1",
        "local.l0 == local.m0",
    ),
    "nested loops": (
        "x = 1",
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : [for d in range(1000) : a]]]]",
    ),
    "power": ("x = 1", "pow(10, 1000000000)"),
    "product": ("x = pow(10, 900)", "local.x * local.x * local.x"),
    "backtracking": ("x = 1", 'regexall("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")'),
    "neighbouring repeats": ("x = 1", f'replace("{"a" * 19_000}", "/a*a*a*a*b/", "x")'),
    "optional parts": ("x = 1", f'regex("(?:a?){{50}}a{{50}}", "{"a" * 50}")'),
    "bounded repeats": ("x = 1", f'regex("(a{{1,30}}){{1,30}}b", "{"a" * 60}")'),
    "repeats in repeats": ("x = 1", f'regex("(?:(?:(?:a{{0,999}}){{0,999}}){{0,999}})b", "{"a" * 30}")'),
    "searches in loops": (
        'x = join("/", [for i in range(40) : "a${i}"])',
        '[for i in range(1000) : [for j in range(1000) : regexall("(.*)/(.*)/a", local.x)]]',
    ),
    "replacement": (BIG, 'replace(substr(local.big, 0, 9000), "/x/", local.big)'),
    "texts by format": (BIG, 'formatlist("a%s", local.many)'),
    "texts in JSON": (BIG, "jsonencode(local.many)"),
    "width": ("x = 1", 'format("%99999999999d", 1)'),
    "sets": ("x = range(1000)", "length(setproduct(local.x, local.x, local.x))"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_are_unknown_at_once(tmp_path: Path, name: str) -> None:
    start = time.monotonic()
    node = value(tmp_path, *HOSTILE[name])
    assert not node.known
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("pattern", ["*" * 200 + "a", "{a*,b*}" * 60 + "c", "*a" * 100 + "b"])
def test_filesets_with_many_wildcards_end(tmp_path: Path, pattern: str) -> None:
    (tmp_path / ("a" * 200)).write_text("")
    start = time.monotonic()
    node = value(tmp_path, "x = 1", f'fileset(path.module, "{pattern}")')
    assert not node.known or node.texts() in ([], ["a" * 200])
    assert time.monotonic() - start < 5


def test_a_power_is_a_number_of_64_bits(tmp_path: Path) -> None:
    assert value(tmp_path, "x = 1", "pow(2, 10)").number == 1024
    assert not value(tmp_path, "x = 1", "pow(999999999, 1000)").known


def test_a_doubled_list_is_not_walked_forever(tmp_path: Path) -> None:
    chain = "\n".join(f"l{i} = [local.l{i + 1}, local.l{i + 1}]" for i in range(60)) + "\nl60 = 1"
    node = value(tmp_path, chain, "local.l0")
    assert sum(1 for _ in node.walk()) < 100_000


def test_modules_that_call_themselves(tmp_path: Path) -> None:
    result = read(tmp_path, {"main.tf": 'module "m" {\n  source = "./."\n}\nresource "aws_x" "a" {}\n'})
    assert [block.address for block in result.modules[0].blocks] == ["aws_x.a"]
    assert [(f.path, f.line, f.message) for f in result.failures] == [("main.tf", 1, "module m: it calls itself")]


def test_modules_that_call_one_another(tmp_path: Path) -> None:
    files = {
        "a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
        "b/main.tf": 'module "a" {\n  source = "../a"\n}\nresource "aws_x" "a" {}\n',
    }
    result = read(tmp_path, files)
    assert [module.path for module in result.modules] == ["a"]
    assert [block.address for block in result.modules[0].blocks] == ["module.b.aws_x.a"]
    assert "in a ring" in result.failures[0].message


def test_files_outside_the_root_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("outside")
    root = tmp_path / "repo"
    (root / "files").mkdir(parents=True)
    (root / "files" / "in.txt").write_text("inside ${name}")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    text = """
resource "aws_x" "a" {
  a = file("files/in.txt")
  b = file("../secret.txt")
  c = file("link.txt")
  d = file("/etc/hostname")
  e = templatefile("${path.module}/files/in.txt", { name = "web" })
  f = fileset("files", "**/*.txt")
  g = fileset("..", "*")
  h = fileexists("files/none.txt")
  i = filesha256("files/in.txt")
  j = file("files/none.txt")
}
"""
    block = read(root, {"main.tf": text}).modules[0].blocks[0]
    assert block["a"].text == "inside ${name}"
    assert block["e"].text == "inside web"
    assert block["f"].texts() == ["in.txt"]
    assert block["h"].is_false
    assert len(block["i"].text) == 64
    assert [name for name in "bcdgj" if block[name].known] == []


def test_a_linked_terraform_file_outside_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.tf").write_text('resource "aws_x" "a" {}\n')
    root = tmp_path / "repo"
    root.mkdir()
    (root / "main.tf").symlink_to(tmp_path / "out.tf")
    result = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), root)
    assert [(failure.path, failure.kind) for failure in result.failures] == [("main.tf", "file")]
    assert all(not module.blocks for module in result.modules)


def test_a_module_source_outside_the_root_is_opaque(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "main.tf").write_text('resource "aws_x" "a" {}\n')
    result = read(tmp_path / "repo", {"main.tf": 'module "m" {\n  source = "../out"\n}\n'})
    assert [call.name for call in result.modules[0].opaque] == ["m"]
    assert result.notices == []


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_bytes(b'locals {\n  a = "\xff"\n}\n')
    result = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), tmp_path)
    assert [(failure.path, failure.line, failure.message) for failure in result.failures] == [
        ("main.tf", 2, "is not UTF-8: byte 0xff on line 2")
    ]


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "main.tf")
    result = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), tmp_path)
    assert [(one.path, one.message, one.kind) for one in result.failures] == [
        ("main.tf", "is not a regular file", "file")
    ]


def test_a_terraform_file_of_100_mb_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "main.tf").open("wb") as file:
        file.truncate(100_000_000)
    result = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), tmp_path)
    assert [(one.path, one.message, one.kind) for one in result.failures] == [
        ("main.tf", "larger than 20 MB (100,000,000 bytes): not read", "limit")
    ]


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_bytes(b'\xef\xbb\xbfresource "aws_x" "a" {}\n')
    result = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), tmp_path)
    assert result.failures == []
    assert result.modules[0].blocks[0].header.span.column == 1


def test_a_count_at_the_end_of_an_endless_chain_is_unknown(tmp_path: Path) -> None:
    chain = "\n".join(f"l{i} = local.l{i + 1}" for i in range(8000)) + "\nl8000 = 5"
    files = {
        "main.tf": f'locals {{\n{chain}\n}}\nresource "aws_x" "a" {{\n  count = local.l0\n}}\n'
        'module "m" {\n  source = "./m"\n  p      = local.l1\n}\n',
        "m/main.tf": 'variable "p" {\n  sensitive = true\n  nullable  = false\n  default   = 1\n}\n'
        'resource "aws_y" "b" {\n  v = var.p\n}\n',
    }
    module = read(tmp_path, files).modules[0]
    assert [(block.address, block.stand_in) for block in module.blocks] == [
        ("aws_x.a", True),
        ("module.m.aws_y.b", False),
    ]
    assert not module.blocks[1]["v"].known
    assert [(one.path, one.line) for one in module.notices] == [("main.tf", 8005)]
