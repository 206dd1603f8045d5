"""Documents with holes in the texts of values, and the places of their parts."""

from pathlib import Path

import pytest

from opslint.engine.documents import HOLE, json_with_holes, place_within, text_with_holes, yaml_with_holes
from opslint.model.settings import Settings
from opslint.model.source import Location
from opslint.read.plan import read_project


@pytest.fixture
def block_of(tmp_path):
    def make(text):
        Path(tmp_path, "main.tf").write_text(text, encoding="utf-8")
        project = read_project([str(tmp_path)], Settings(root=str(tmp_path))).project
        (block,) = project.resources("test")
        return block

    return make


DOCUMENTS = """
variable "free" {}
resource "test" "t" {
  known   = jsonencode({ a = 1 })
  member  = jsonencode({ a = var.free, b = [true] })
  piece   = jsonencode({ a = "x-${var.free}-y" })
  unknown = var.free
  text    = "no JSON"
}
"""


@pytest.mark.parametrize(
    ("argument", "document"),
    [
        ("known", {"a": 1}),
        ("member", {"a": HOLE, "b": [True]}),
        ("piece", {"a": f"x-{HOLE}-y"}),
        ("unknown", None),
        ("text", None),
        ("absent", None),
    ],
)
def test_json_with_holes(block_of, argument, document):
    assert json_with_holes(block_of(DOCUMENTS)[argument]) == document


def test_text_with_holes(block_of):
    block = block_of(DOCUMENTS)
    assert text_with_holes(block["text"]) == "no JSON"
    assert text_with_holes(block["unknown"]) is None


TEXTS = """
variable "free" {}
resource "test" "t" {
  document = yamlencode([{ arn = "arn:a", groups = ["x"] }, { arn = var.free }])
  heredoc  = <<-EOT
    - arn: arn:a
      groups: [x]
    - arn: ${var.free}/arn:b
  EOT
  several  = "a: 1\\n---\\nb: 2"
  broken   = "a: ["
  unknown  = var.free
}
"""


@pytest.mark.parametrize(
    ("argument", "document"),
    [
        ("document", [{"arn": "arn:a", "groups": ["x"]}, {"arn": HOLE}]),
        ("heredoc", [{"arn": "arn:a", "groups": ["x"]}, {"arn": f"{HOLE}/arn:b"}]),
        ("several", None),
        ("broken", None),
        ("unknown", None),
        ("absent", None),
    ],
)
def test_yaml_with_holes(block_of, argument, document):
    assert yaml_with_holes(block_of(TEXTS)[argument]) == document


@pytest.mark.parametrize(
    ("argument", "text", "place"),
    [("document", "arn:a", (4, 35)), ("heredoc", "arn:a", (6, 12)), ("heredoc", "arn:b", (8, 24))],
)
def test_a_part_of_a_text_has_its_own_place(block_of, argument, text, place):
    found = place_within(block_of(TEXTS)[argument], text)
    assert isinstance(found, Location)
    assert (found.span.line, found.span.column) == place
    assert found.text == text


def test_what_is_not_written_there_stands_at_the_value(block_of):
    node = block_of(TEXTS)["several"]
    assert place_within(node, "arn:a") is node
