"""Nodes: presence is not truth, a miss keeps its path, an unknown value is not read by accident."""

import pytest

from opslint.model.node import Undecided, Unknown
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

TEXT = """\
kind: Deployment
spec:
  replicas: 3
  paused: false
  name: "12"
  nothing: null
  containers:
    - name: web
      image: nginx
    - {name: side, image: busybox}
"""


@pytest.fixture
def root():
    return read_yaml(Source("a.yaml", TEXT)).documents[0]


def place(node):
    span = node.span
    return (span.line, span.column, span.end_line, span.end_column)


def test_values_have_their_types(root):
    spec = root["spec"]
    assert spec["replicas"].number == 3
    assert spec["replicas"].text == "3"
    assert spec["paused"].is_false
    assert not spec["paused"].is_true
    assert spec["name"].text == "12"
    assert spec["name"].number == 12
    assert spec["name"].value == "12"


@pytest.mark.parametrize(
    ("text", "number"), [("http", None), ("12", 12), ("-1.5", -1.5), ("inf", float("inf")), ("x1", None), ("''", None)]
)
def test_texts_that_are_numbers(text, number):
    written = text if text == "''" else f"'{text}'"
    assert read_yaml(Source("a.yaml", f"a: {written}\n")).documents[0]["a"].number == number


def test_a_null_is_absent_but_exists(root):
    node = root["spec"]["nothing"]
    assert not node.present
    assert node.exists
    assert not root["spec"]["other"].exists


def test_a_miss_never_raises_and_keeps_its_path(root):
    node = root["spec"]["template"]["spec"]["containers"][0]["image"]
    assert not node.present
    assert node.path == ("spec", "template", "spec", "containers", 0, "image")
    assert node.text == ""
    assert node.number is None
    assert list(node) == []
    assert list(node.items()) == []


def test_a_miss_stands_at_its_nearest_parent(root):
    assert place(root["spec"]["template"]["metadata"]) == (2, 1, 2, 5)


def test_scalars_stand_on_their_own_text(root):
    assert place(root["spec"]["replicas"]) == (3, 13, 3, 14)
    assert root["spec"]["replicas"].location.text == "3"


def test_collections_stand_on_their_key_or_first_line(root):
    assert root["spec"]["containers"].location.text == "containers"
    assert place(root["spec"]["containers"][0])[:2] == (8, 7)
    assert place(root["spec"]["containers"][0])[2] == 8
    assert root["spec"]["containers"][1].location.text == "{name: side, image: busybox}"


def test_truth_and_equality_are_refused(root):
    with pytest.raises(TypeError):
        bool(root["spec"])
    with pytest.raises(TypeError):
        root["spec"] == root["spec"]  # noqa: B015


def test_walk_is_depth_first(root):
    paths = [node.path for node in root["spec"]["containers"].walk()]
    assert paths[:3] == [("spec", "containers"), ("spec", "containers", 0), ("spec", "containers", 0, "name")]


def test_plain(root):
    assert root["spec"]["containers"][1].plain() == {"name": "side", "image": "busybox"}


def test_one_takes_the_first_of_a_list(root):
    assert root["spec"].one("containers")["name"].text == "web"
    assert root.one("spec")["replicas"].number == 3


def test_an_unknown_is_not_read_by_accident(root):
    node = root["spec"]["replicas"]
    node._value, node._kids = Unknown("var.x"), None
    assert not node.known
    assert node.why == "var.x"
    for read in (lambda: node.text, lambda: node.number, lambda: node.is_true, lambda: list(node), lambda: node["a"]):
        with pytest.raises(Undecided, match=r"var\.x"):
            read()
    assert node.present


def test_plain_reads_as_deep_as_the_limit():
    deep = read_yaml(Source("a.json", "[" * 499 + "1" + "]" * 499)).documents[0].plain()
    for _ in range(499):
        (deep,) = deep
    assert deep == 1


ANSWERS = ("present", "known", "unknown", "why", "is_map", "is_list", "is_scalar", "value", "text", "number")


def test_a_miss_answers_as_a_null_does(root):
    """All but `exists`, wherever it stands, and it has no children."""
    null = root["spec"]["nothing"]
    for missing in (root["other"], root["spec"]["other"]["one"], root["kind"]["other"], root["spec"]["containers"][7]):
        for name in (*ANSWERS, "is_true", "is_false"):
            assert getattr(missing, name) == getattr(null, name), name
        assert not missing.exists
        assert missing.plain() is None
        assert missing.texts() == []
        assert len(missing) == 0
        assert "x" not in missing
        assert len(list(missing.walk())) == 1
        assert missing.form is root.form
        assert missing.alternatives() == ()
        assert not missing.through(lambda form: form).present
