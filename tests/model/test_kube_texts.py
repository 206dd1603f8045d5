"""Labels and annotations, some of them not known."""

import pytest

from opslint.model.node import Undecided
from opslint.model.settings import Settings
from opslint.read.plan import read_project

TEXT = """variable "x" {}
resource "kubernetes_namespace" "a" {
  metadata {
    name        = "a"
    labels      = { team = "shop", tier = var.x }
    annotations = var.x
  }
}
"""


@pytest.fixture
def item(tmp_path):
    (tmp_path / "main.tf").write_text(TEXT)
    (found,) = read_project([str(tmp_path)], Settings(root=str(tmp_path))).project.objects
    return found


def test_what_is_known_is_a_plain_map(item):
    assert item.labels == {"team": "shop"}
    assert item.labels["team"] == item.labels.get("team") == item.labels.known("team") == "shop"
    assert item.labels.get("none") is None
    assert item.labels.get("none", "") == ""
    assert "none" not in item.labels
    with pytest.raises(KeyError):
        _ = item.labels["none"]


def test_a_value_that_is_not_known_cannot_be_had(item):
    assert "tier" in item.labels
    assert item.labels.known("tier") == ""
    for ask in (lambda: item.labels["tier"], lambda: item.labels.get("tier")):
        with pytest.raises(Undecided):
            ask()


def test_any_key_may_be_in_a_map_that_is_not_known(item):
    assert dict(item.annotations) == {}
    assert item.annotations.known("any") == ""
    for ask in (lambda: "any" in item.annotations, lambda: item.annotations.get("any")):
        with pytest.raises(Undecided):
            ask()
