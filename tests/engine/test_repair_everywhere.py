"""Each change at each node of real manifests: what is read afterwards differs by exactly that change."""

import copy
from pathlib import Path

import pytest

from opslint.api import Add, Fix, Remove, Rename, Safety, Set
from opslint.engine.repair.conflict import changed
from opslint.engine.repair.edits import plan
from opslint.model.source import Confidence, Source
from opslint.read.yaml import read_yaml

pytestmark = pytest.mark.usefixtures("one_engine")

EXAMPLES = Path(__file__).parents[2] / "examples" / "myshop" / "manifests"
TRICKY = """\
# first
a: &anchor
  b: [1, {c: d, "e": 'f'}, ]  # flow
  "quoted key": |
    text
      more

  'single': >-
    folded
    text
list:
- x
-   y: 1

    z: {}
- - nested
  - {m: n}
- # comment
  k: v
nothing:
alias: *anchor
last: "é → \\u00e9"
---
{"json": {"a": [1, 2], "b": null}, "c": "d"}
---
root: {multi: 1,
  line: 2,
}
end: x"""
TEXTS = {
    "tricky": TRICKY,
    "tricky-crlf": TRICKY.replace("\n", "\r\n"),
    "worker": (EXAMPLES / "worker" / "deployment.yaml").read_text(),
    "schedule": (EXAMPLES / "velero" / "schedule.yaml").read_text(),
}


def set_value(node, holder):
    if node.is_map or node.is_list:
        return None
    holder[node.key] = "new: value"
    return Set(node, '"new: value"')


def add_entry(node, holder):
    if not node.is_map:
        return None
    holder[node.key]["newKey"] = 7
    return Add(node, "newKey", "7")


def add_nested(node, holder):
    if not node.is_map:
        return None
    holder[node.key]["newMap"] = {"in": {"new key": "a, b"}}
    return Add(node["newMap"]["in"], "new key", "a, b")


def remove(node, holder):
    del holder[node.key]
    return Remove(node)


def rename(node, holder):
    if not isinstance(node.key, str):
        return None
    holder["renamed"] = holder.pop(node.key)
    return Rename(node, "renamed")


def plain(text):
    parsed = read_yaml(Source("a.yaml", text, absolute="/a.yaml"))
    assert parsed.errors == []
    return [document.plain() for document in parsed.documents]


@pytest.mark.parametrize("change", [set_value, add_entry, add_nested, remove, rename])
@pytest.mark.parametrize("name", TEXTS)
def test_a_change_changes_nothing_else(name, change):
    text = TEXTS[name]
    source = Source("a.yaml", text, absolute="/a.yaml")
    parsed = read_yaml(source)
    before = plain(text)
    done = shown = 0
    for number, document in enumerate(parsed.documents):
        for node in document.walk():
            if node.parent is None:
                continue
            wanted = copy.deepcopy(before)
            holder = wanted[number]
            for key in node.path[:-1]:
                holder = holder[key]
            proposed = change(node, holder)
            if proposed is None:
                continue
            planned = plan(Fix("change", (proposed,), Safety.SAFE), Confidence.EXACT)
            if not planned.edits:
                shown += 1
                continue
            done += 1
            assert plain(changed("a.yaml", text, planned.edits)) == wanted, node.path
    assert done > shown
