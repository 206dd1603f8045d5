"""Trees of Terraform in the cache: what comes from there is what parsing would give."""

import subprocess
import sys
from pathlib import Path

import pytest
from processes import child_environment

import opslint
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read import hcl
from opslint.read.cache import TupleCache
from opslint.read.evaluate.trees import Trees
from opslint.read.plan import read_project

EXAMPLES = Path(__file__).parents[3] / "examples"
ODD = """\
locals {
  twice = { a = 1, a = 2 }
  text  = "é ${var.x}\ud83d\ude00"
  big   = [1.5, -3, 1e300, true, null, 9007199254740993]
  for   = { for k, v in var.m : k => v... if v != "" }
}
resource "aws_s3_bucket" {
  broken = = 1
}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder that holds the trees of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "opslint" / "terraform"


@pytest.fixture
def unread(monkeypatch):
    """Return what was parsed from now on."""
    parsed = []
    for name in ("parse", "parse_json"):
        before = getattr(hcl, name)
        monkeypatch.setattr(hcl, name, lambda text, before=before: parsed.append(text) or before(text))
    return parsed


def texts():
    found = [Source(path.name, path.read_text(encoding="utf-8"), "hcl") for path in sorted(EXAMPLES.rglob("*.tf"))]
    json = Source("a.tf.json", '{"locals": {"a": {"b": [1, "${var.x}"]}}, "x": }', "json")
    return [*found, Source("odd.tf", ODD, "hcl"), json]


def test_a_kept_tree_is_the_parsed_one(folder, unread):
    parsed, _ = Trees(keep=False).of(texts()), Trees(keep=True).of(texts())
    unread.clear()
    kept = Trees(keep=True).of(texts())
    assert (repr(kept), unread) == (repr(parsed), [])  # lists as lists, tuples as tuples
    assert (len(kept[-2].errors), len(kept[-1].errors), len(kept[-2].duplicates)) == (1, 1, 1)


@pytest.mark.parametrize(
    "other",
    [
        [Source("a.tf", "a = 2", "hcl")],
        [Source("a.tf", "a = 1", "json")],
        [Source("a.tf", "a = 1", "hcl"), Source("b.tf", "", "hcl")],
    ],
    ids=["text", "language", "file"],
)
def test_another_text_is_parsed(folder, unread, other):
    Trees(keep=True).of([Source("a.tf", "a = 1", "hcl")])
    unread.clear()
    Trees(keep=True).of(other)
    assert unread == [source.text for source in other]


def test_another_version_parses_again(folder, unread, monkeypatch):
    source = Source("a.tf", "a = 1", "hcl")
    Trees(keep=True).of([source])
    monkeypatch.setattr(opslint, "__version__", "0.0.0")
    Trees(keep=True).of([source])
    monkeypatch.setattr(sys, "implementation", type("Other", (), {"cache_tag": "cpython-399"}))
    Trees(keep=True).of([source])
    assert unread == ["a = 1"] * 3


@pytest.mark.parametrize("kept", [None, [], [([], [])], [[[], [], []]], [([], [], None)], [([], [], [])] * 2])
def test_an_entry_of_another_form_is_not_taken(folder, unread, kept, monkeypatch):
    monkeypatch.setattr(TupleCache, "get", lambda *_: kept)
    (tree,) = Trees(keep=True).of([Source("a.tf", "a = 1", "hcl")])
    assert (tree.body[0][3], unread) == ("a", ["a = 1"])


def test_a_damaged_entry_is_replaced(folder, unread):
    source = Source("a.tf", "a = 1", "hcl")
    Trees(keep=True).of([source])
    (entry,) = folder.iterdir()
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    for _ in range(2):
        assert Trees(keep=True).of([source])[0].body[0][3] == "a"
    assert unread == ["a = 1"] * 2


def test_only_the_user_may_read_them(folder):
    Trees(keep=True).of([Source("a.tfvars", 'password = "x"', "hcl")])
    (entry,) = folder.iterdir()
    assert (entry.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_nests_too_deeply_to_be_kept_is_parsed_each_time(folder, unread):
    text = "b {\n" * 490 + "a = " + "{a=" * 490 + "1" + "}" * 490 + "\n}" * 490
    for _ in range(2):
        assert Trees(keep=True).of([Source("a.tf", text, "hcl")])[0].errors == []
    assert (len(unread), folder.exists()) == (2, False)


def test_without_a_cache_nothing_is_written(folder, write):
    root = write({"main.tf": "locals { a = 1 }", "dev.tfvars": "a = 1"})
    read_project([str(root)], Settings(root=str(root), no_cache=True))
    assert not folder.exists()


def test_a_folder_is_one_entry_and_a_variables_file_another(folder, write, unread):
    root = write({"a.tf": 'variable "x" {}', "b.tf": "locals { a = var.x }", "dev.tfvars": 'x = "1"', "c.tf": "x = ="})
    first, second = (read_project([str(root)], Settings(root=str(root))) for _ in range(2))
    assert (len(list(folder.iterdir())), len(unread)) == (2, 4)
    assert [one.message for one in first.failures] == [one.message for one in second.failures] != []


def test_the_patterns_of_the_parser_are_not_made_for_what_is_kept(folder, write):
    root = write({"main.tf": 'resource "aws_eip" "a" { domain = "vpc" }', "dev.tfvars": "a = 1"})
    code = (
        "import sys; from opslint.cli.main import main; main(['--exit-zero'])\n"
        "print([name for name in sys.modules if name.startswith('opslint.read.hcl.t')])"
    )
    environment = child_environment()
    said = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
        ).stdout.splitlines()[-1]
        for _ in range(2)
    ]
    assert "opslint.read.hcl.tokens" in said[0]
    assert said[1] == "[]"
