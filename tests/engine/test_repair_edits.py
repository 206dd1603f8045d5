"""Changes become edits that leave every other byte as it was."""

from datetime import date
from pathlib import Path

import pytest

from opslint.api import (
    STRICT,
    Add,
    AppendBlock,
    AppendDocument,
    Fix,
    Location,
    Problem,
    Remove,
    RemoveText,
    Rename,
    Safety,
    Set,
    Severity,
    Span,
    kind,
    resource,
    rule,
)
from opslint.engine.packs import Pack
from opslint.engine.repair.passes import repair
from opslint.engine.run import lint
from opslint.model.settings import Settings


def rule_for(each, changes_of, safety=Safety.SAFE):
    """A rule that proposes what `changes_of(item)` returns; nothing when that is ()."""

    @rule(each=each, severity=Severity.LOW, preset=STRICT)
    def proposes(item, project):
        """Proposes a change."""
        changes = changes_of(item)
        if changes:
            at = getattr(item, "root", None) if each.what == "kind" else item.body
            yield Problem("here", at, fix=Fix("change it", tuple(changes), safety))

    return proposes


class Shop:
    """A folder of files, linted and fixed with one rule."""

    def __init__(self, root: Path):
        self.root = root

    def write(self, files):
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def lint(self, one, *, fixing=True, **settings):
        settings = {"as_of": date(2026, 11, 22), "preset": "all", "no_cache": True} | settings
        return lint([str(self.root)], Settings(root=str(self.root), **settings), [Pack("test", (one,))], fixing=fixing)

    def fix(self, files, one, **settings):
        """Return the files after fixing, as bytes; the run is one that breaks nothing."""
        self.write(files)
        result = repair(lambda: self.lint(one, **settings), self.root, unsafe=True)
        assert result.refusals == []
        result.write(self.root)
        again = repair(lambda: self.lint(one, **settings), self.root, unsafe=True)
        assert again.files == {}, "fixing twice changes something"
        return {path: (self.root / path).read_bytes() for path in files}

    def shown(self, files, one, **settings):
        """Return the fixes of the findings, unapplied."""
        self.write(files)
        return [finding.fix for finding in self.lint(one, **settings).findings]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


HEAD = "apiVersion: v1\nkind: Thing\n"


def fixed_yaml(shop, body, changes_of, name="a.yaml"):
    """Fix one object with `body` after its head; return the body."""
    text = shop.fix({name: HEAD + body}, rule_for(kind(), changes_of))[name].decode()
    assert text.startswith(HEAD)
    return text.removeprefix(HEAD)


def unless(node, value, change):
    return () if node.text == value else (change,)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("spec:\n  a: 1   # why\n  b: 2\n", "7", "spec:\n  a: 7   # why\n  b: 2\n"),
        ("spec:\n  a: 'x'\n", "y/v1", "spec:\n  a: 'y/v1'\n"),
        ('spec:\n  a: "x"  # c\n', "z", 'spec:\n  a: "z"  # c\n'),
        ("spec: {a: 1, b: [2]}\n", "7", "spec: {a: 7, b: [2]}\n"),
        ("spec: {a: one, b: 2}\n", "x,y", 'spec: {a: "x,y", b: 2}\n'),
        ("spec:\n  a: |\n    long\n    text\n  b: 1\n", "short", "spec:\n  a: short\n  b: 1\n"),
        ("spec:\n  a:\n  b: 1\n", "7", "spec:\n  a: 7\n  b: 1\n"),
        ('spec:\n  "a": x\n', "y", 'spec:\n  "a": y\n'),
        ('spec:\n  a: "yes it is"\n', "false", "spec:\n  a: false\n"),
        ('spec:\n  a: "1"\n', "2", 'spec:\n  a: "2"\n'),
        ("spec:\n  a: !!str x\n", "y", "spec:\n  a: !!str y\n"),
        ("spec:\n  a: &one x\n", "y", "spec:\n  a: &one y\n"),
        ("spec:\n  ä: 1\n  a: ünï # ö\n", "y", "spec:\n  ä: 1\n  a: y # ö\n"),
        ("spec:\n  a: x", "y", "spec:\n  a: y"),
    ],
)
def test_set(shop, before, value, after):
    def change(item):
        return unless(item.root["spec"]["a"], value, Set(item.root["spec"]["a"], value))

    assert fixed_yaml(shop, before, change) == after


def test_a_quoted_value_is_a_string(shop):
    def change(item):
        return unless(item.root["spec"]["a"], "8", Set(item.root["spec"]["a"], '"8"'))

    assert fixed_yaml(shop, "spec:\n  a: 7\n", change) == 'spec:\n  a: "8"\n'
    assert fixed_yaml(shop, "spec:\n  a: 'x'\n", change) == "spec:\n  a: '8'\n"


def test_line_breaks_and_byte_order_mark_stay(shop):
    data = b"\xef\xbb\xbfapiVersion: v1\r\nkind: Thing\r\nspec:\r\n  a: 1\r\n  b: 2\r\n"

    def change(item):
        spec = item.root["spec"]
        return (*unless(spec["a"], "7", Set(spec["a"], "7")), *(() if spec["c"].exists else (Add(spec, "c", "3"),)))

    after = shop.fix({"a.yaml": data}, rule_for(kind(), change))["a.yaml"]
    assert after == data.replace(b"a: 1", b"a: 7").replace(b"b: 2\r\n", b"b: 2\r\n  c: 3\r\n")


ADDED = [
    ("spec:\n  a: 1\nx: 1\n", "spec:\n  a: 1\n  new: 7\nx: 1\n"),
    ("spec:\n  a: 1 # c\n\n# of x\nx: 1\n", "spec:\n  a: 1 # c\n  new: 7\n\n# of x\nx: 1\n"),
    ("spec:\n    a:\n        - 1\n        - 2\n", "spec:\n    a:\n        - 1\n        - 2\n    new: 7\n"),
    ("spec:\n  a:\nx: 1\n", "spec:\n  a:\n  new: 7\nx: 1\n"),
    ("spec:\n  a: |\n    text\n\nx: 1\n", "spec:\n  a: |\n    text\n  new: 7\n\nx: 1\n"),
    ("spec:\n  a: |+\n    text\n\nx: 1\n", "spec:\n  new: 7\n  a: |+\n    text\n\nx: 1\n"),
    ("spec:\n  a: 1", "spec:\n  a: 1\n  new: 7"),
    ('spec:\n  "a": 1\n', 'spec:\n  "a": 1\n  "new": 7\n'),
    ("spec: {a: 1}\n", "spec: {a: 1, new: 7}\n"),
    ("spec: { a: 1 }\n", "spec: { a: 1, new: 7 }\n"),
    ("spec: {a: 1, }\n", "spec: {a: 1, new: 7, }\n"),
    ("spec: {}\n", "spec: {new: 7}\n"),
    ("spec: {\n  a: 1\n}\n", "spec: {\n  a: 1,\n  new: 7\n}\n"),
    ("spec:\n", "spec:\n  new: 7\n"),
    ("spec: # later\nx: 1\n", "spec: # later\n  new: 7\nx: 1\n"),
    ("spec: null\nx: 1\n", "spec:\n  new: 7\nx: 1\n"),
    ("x: 1\n", "x: 1\nspec:\n  new: 7\n"),
    ("spec: &here\n  a: 1\n", "spec: &here\n  a: 1\n  new: 7\n"),
]


@pytest.mark.parametrize(("before", "after"), ADDED)
def test_add(shop, before, after):
    def change(item):
        spec = item.root["spec"]
        return () if spec["new"].exists else (Add(spec, "new", "7"),)

    assert fixed_yaml(shop, before, change) == after


def test_add_to_an_item_of_a_list(shop):
    def change(item):
        return [Add(one, "new", "x") for one in item.root["spec"] if not one["new"].exists]

    before = "spec:\n  - name: a\n    # about b\n  - name: b\n    v: [1]\n"
    after = "spec:\n  - name: a\n    new: x\n    # about b\n  - name: b\n    v: [1]\n    new: x\n"
    assert fixed_yaml(shop, before, change) == after


def test_add_in_json(shop):
    def change(item):
        spec = item.root["spec"]
        return () if spec["new"].exists else (Add(spec, "new", "text"), Set(spec["a"], "two"))

    before = '{\n  "apiVersion": "v1",\n  "kind": "Thing",\n  "spec": {\n    "a": "one"\n  }\n}\n'
    after = '{\n  "apiVersion": "v1",\n  "kind": "Thing",\n  "spec": {\n    "a": "two",\n    "new": "text"\n  }\n}\n'
    assert shop.fix({"a.json": before}, rule_for(kind(), change))["a.json"].decode() == after


def test_add_several_entries_to_a_map_that_is_missing(shop):
    def change(item):
        new = item.root["spec"]["new"]
        return (
            () if new.exists else (Add(new, "a", "1"), Add(new, "x.example/b", "two"), Add(item.root["spec"], "z", "3"))
        )

    after = "spec:\n  a: 1\n  new:\n    a: 1\n    x.example/b: two\n  z: 3\n"
    assert fixed_yaml(shop, "spec:\n  a: 1\n", change) == after


def test_add_several_lines(shop):
    def change(item):
        return () if item.root["spec"]["drop"].exists else (Add(item.root["spec"], "drop", "- ALL\n- NONE"),)

    assert fixed_yaml(shop, "spec:\n  a: 1\n", change) == "spec:\n  a: 1\n  drop:\n    - ALL\n    - NONE\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spec:\n  a: 1 # c\n  b: 2\n", "spec:\n  b: 2\n"),
        ("spec:\n  b: 2\n  # on a\n  a:\n    deep: 1\nx: 1\n", "spec:\n  b: 2\n  # on a\nx: 1\n"),
        ("spec:\n  a: 1\nx: 1\n", "spec: {}\nx: 1\n"),
        ("spec: {a: 1, b: 2}\n", "spec: {b: 2}\n"),
        ("spec: {b: 2, a: 1}\n", "spec: {b: 2}\n"),
        ("spec: {a: 1}\n", "spec: {}\n"),
        ("spec: {\n  a: 1,\n  b: 2\n}\n", "spec: {\n  b: 2\n}\n"),
    ],
)
def test_remove(shop, before, after):
    def change(item):
        a = item.root["spec"]["a"]
        return (Remove(a),) if a.exists else ()

    assert fixed_yaml(shop, before, change) == after


def test_remove_the_first_entry_of_an_item(shop):
    def change(item):
        return [Remove(one["a"]) for one in item.root["spec"] if one["a"].exists]

    before = "spec:\n  - a: 1\n    b: 2\n  - b: 3\n    a: 4\n"
    assert fixed_yaml(shop, before, change) == "spec:\n  - b: 2\n  - b: 3\n"


def test_remove_items(shop):
    def change(item):
        return [Remove(one) for one in item.root["spec"] if one.text == "x"][:1]

    assert fixed_yaml(shop, "spec:\n- x\n- y\n- x # c\n", change) == "spec:\n- y\n"
    assert fixed_yaml(shop, "spec: [x, y, x]\n", change) == "spec: [y]\n"
    assert fixed_yaml(shop, "spec:\n- x\nz: 1\n", change) == "spec: []\nz: 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("spec:\n  a: 1\n", "spec:\n  new: 7\n"), ('spec: {"a":1}\n', 'spec: {"new":7}\n')],
)
def test_rename_and_set(shop, before, after):
    def change(item):
        a = item.root["spec"]["a"]
        return (Rename(a, "new"), Set(a, "7")) if a.exists else ()

    assert fixed_yaml(shop, before, change) == after


SHARED = [
    ("spec:\n  a: &v 1\n  b: *v\n", Set),
    ("base: &v {a: 1}\nspec: *v\n", Set),
    ("base: &v {a: 1}\nspec:\n  <<: *v\n", Set),
    ("base: &v\n  a: 1\nspec:\n  <<: *v\n  b: 2\n", Remove),
]


@pytest.mark.parametrize(("body", "change"), SHARED)
def test_what_an_alias_shares_is_only_shown(shop, body, change):
    def changes(item):
        a = item.root["spec"]["a"]
        return (Set(a, "7"),) if change is Set else (Remove(a),)

    fixes = shop.shown({"a.yaml": HEAD + body}, rule_for(kind(), changes))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


def test_append_a_document(shop):
    new = "apiVersion: v1\nkind: Other\n"

    def change(item):
        return (AppendDocument(item.root, new),) if item.kind == "Thing" else ()

    one = rule_for(kind(), change)
    assert shop.fix({"a.yaml": HEAD}, one)["a.yaml"].decode() == HEAD + "---\n" + new
    bare = HEAD.replace("\n", "\r\n").rstrip("\r\n")
    after = shop.fix({"a.yaml": bare}, one)["a.yaml"].decode()
    assert after == bare + ("\n---\n" + new).replace("\n", "\r\n")


def test_documents_for_many_objects_of_one_file_come_in_one_pass(shop):
    text = "---\n".join(f"{HEAD}metadata: {{name: n{number}}}\n" for number in range(30))

    def change(item):
        new = f"apiVersion: v1\nkind: Other\nmetadata: {{name: {item.name}}}\n"
        known = {other.name for other in item.unit.objects if other.kind == "Other"}
        return (AppendDocument(item.root, new),) if item.kind == "Thing" and item.name not in known else ()

    after = shop.fix({"a.yaml": text}, rule_for(kind(), change))["a.yaml"].decode()
    assert after.startswith(text)
    assert after.count("kind: Other") == 30


def test_remove_text(shop):
    def change(item):
        source = item.root.source
        return (RemoveText(Location(source, Span(3, 1, 4, 1))),) if source.line(3) == "x: 1" else ()

    assert fixed_yaml(shop, "x: 1\ny: 2\n", change) == "y: 2\n"


def test_a_fix_that_cannot_be_made_whole_is_not_made_in_part(shop):
    def change(item):
        return (Set(item.root["spec"]["a"], "7"), Set(item.root["spec"]["missing"], "1"))

    fixes = shop.shown({"a.yaml": HEAD + "spec: {a: 1}\n"}, rule_for(kind(), change))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


# -- charts

CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
TEMPLATE = """\
apiVersion: v1
kind: Thing
metadata:
  name: {{ .Release.Name }}
spec:
  # literal
  mode: audit
  size: {{ .Values.size }}
  {{- if .Values.extra }}
  extra: 1
  {{- end }}
  full: {{ .Values.size }}-x
  items:
    - name: one
      on: false
  tail: {{ .Values.tail | quote }}
"""
VALUES = "size: small # default\ntail: 'end'\nextra: false\n"


def fixed_chart(shop, changes_of):
    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": TEMPLATE}
    after = shop.fix(files, rule_for(kind(), changes_of))
    return after["web/templates/a.yaml"].decode(), after["web/values.yaml"].decode()


def shown_chart(shop, changes_of):
    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": TEMPLATE}
    return shop.shown(files, rule_for(kind(), changes_of))


def test_a_literal_of_a_template_is_changed_there(shop):
    def change(item):
        mode, on = item.root["spec"]["mode"], item.root["spec"]["items"][0]["on"]
        return (Set(mode, "enforce"), Set(on, "true")) if mode.text == "audit" else ()

    template, values = fixed_chart(shop, change)
    assert template == TEMPLATE.replace("audit", "enforce").replace("on: false", "on: true")
    assert values == VALUES


def test_a_value_that_came_whole_is_changed_in_the_values(shop):
    def change(item):
        return [Set(item.root["spec"][key], "big") for key in ("size", "tail") if item.root["spec"][key].text != "big"]

    template, values = fixed_chart(shop, change)
    assert template == TEMPLATE
    assert values == "size: big # default\ntail: 'big'\nextra: false\n"


def test_what_a_template_computes_is_only_shown(shop):
    fixes = shown_chart(shop, lambda item: (Set(item.root["spec"]["full"], "x"),))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


def test_literal_lines_of_a_template_are_added_renamed_and_removed(shop):
    def change(item):
        spec = item.root["spec"]
        if not spec["mode"].exists:
            return ()
        return (Rename(spec["mode"], "kind"), Add(spec["items"][0], "also", "1"))

    template, _ = fixed_chart(shop, change)
    assert template == TEMPLATE.replace("mode: audit", "kind: audit").replace(
        "on: false\n", "on: false\n      also: 1\n"
    )

    def remove(item):
        return (Remove(item.root["spec"]["mode"]),) if item.root["spec"]["mode"].exists else ()

    template, _ = fixed_chart(shop, remove)
    assert template == TEMPLATE.replace("  mode: audit\n", "")


def test_an_entry_is_added_above_a_block_when_no_line_is_whole(shop):
    def change(item):
        new = [("inner", "a"), ("inner", "b")]
        return [Add(item.root["spec"][to], key, "1") for to, key in new if not item.root["spec"][to][key].exists][:1]

    template = HEAD + "spec:\n  inner:\n    deep:\n      size: {{ .Values.size }}\n"
    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": template}
    after = shop.fix(files, rule_for(kind(), change))["web/templates/a.yaml"].decode()
    assert after == template.replace("    deep:", "    a: 1\n    b: 1\n    deep:")


def test_a_key_of_a_branch_that_was_not_rendered_is_not_added_again(shop):
    fixes = shown_chart(shop, lambda item: (Add(item.root["spec"], "extra", "2"),))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


def test_documents_are_not_appended_to_templates(shop):
    fixes = shown_chart(shop, lambda item: (AppendDocument(item.root, HEAD),))
    assert [fix.safety for fix in fixes] == [Safety.SHOWN]


# -- Terraform


def fixed_hcl(shop, files, changes_of):
    files = files if isinstance(files, dict) else {"main.tf": files}
    after = shop.fix(files, rule_for(resource("x", "aws_db_instance"), changes_of))
    return after["main.tf"].decode() if len(files) == 1 else {path: data.decode() for path, data in after.items()}


def block(*lines, head='resource "aws_db_instance" "a"'):
    return head + " {\n" + "".join(f"  {line}\n" if line else "\n" for line in lines) + "}\n"


def test_set_in_terraform(shop):
    def change(item):
        return unless(item["size"], "7", Set(item["size"], "7"))

    assert fixed_hcl(shop, block("size = 1 # c"), change) == block("size = 7 # c")
    assert fixed_hcl(shop, block('size = "1"'), change) == block('size = "7"')


SUPPLIED = 'variable "size" {\n  default = 1\n}\nresource "x" "a" {\n  size = var.size\n}\n'


def test_set_follows_variables_to_what_supplies_them(shop):
    def change(item):
        return unless(item["size"], "7", Set(item["size"], "7"))

    assert fixed_hcl(shop, SUPPLIED, change) == SUPPLIED.replace("default = 1", "default = 7")
    files = {"main.tf": SUPPLIED, "terraform.tfvars": "size = 3 # here\n"}
    assert fixed_hcl(shop, files, change) == {"main.tf": SUPPLIED, "terraform.tfvars": "size = 7 # here\n"}


@pytest.mark.parametrize("value", ["var.size + 1", '"${var.size}-x"', "var.size > 0 ? 5 : 6", "max(var.size, 9)"])
def test_what_terraform_computes_is_only_shown(shop, value):
    text = SUPPLIED.replace("= var.size", f"= {value}")
    fixes = shop.shown(
        {"main.tf": text}, rule_for(resource("x", "aws_db_instance"), lambda item: (Set(item["size"], "7"),))
    )
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (block("a = 1"), block("a   = 1", "new = 7")),
        (block("longer = 1", "b      = 2"), block("longer = 1", "b      = 2", "new    = 7")),
        (block("b = 2", "", "longer = 1"), block("b = 2", "", "longer = 1", "new    = 7")),
        (block("a=1", "long   = 2"), block("a=1", "long   = 2", "new = 7")),
        (
            block("a = 1 # c", "", "inner {", "  b = 2", "}"),
            block("a   = 1 # c", "new = 7", "", "inner {", "  b = 2", "}"),
        ),
        (block("inner {", "  b = 2", "}"), block("new = 7", "", "inner {", "  b = 2", "}")),
        (block("tags = {", "  a = 1", "}"), block("tags = {", "  a = 1", "}", "new = 7")),
        ('resource "x" "a" {}\n', 'resource "x" "a" {\n  new = 7\n}\n'),
        ('resource "x" "a" { b = 1 }\n', 'resource "x" "a" {\n  b = 1\n  new = 7\n}\n'),
        (block("a = 1").replace("\n", "\r\n"), block("a   = 1", "new = 7").replace("\n", "\r\n")),
    ],
)
def test_add_in_terraform(shop, before, after):
    def change(item):
        return () if item["new"].exists else (Add(item.body, "new", "7"),)

    assert fixed_hcl(shop, before, change) == after


def test_add_to_nested_blocks_and_objects(shop):
    def change(item):
        targets = [one for one in (item.body.one("inner"), item["tags"]) if not one["new"].exists]
        return [Add(one, "new", '"x"') for one in targets]

    before = block("tags = {", '  Name = "a"', "}", "", "inner {", "  b = 2", "}")
    after = block("tags = {", '  Name = "a"', '  new  = "x"', "}", "", "inner {", "  b   = 2", '  new = "x"', "}")
    assert fixed_hcl(shop, before, change) == after


def test_rename_and_remove_in_terraform(shop):
    def change(item):
        return (Rename(item["old_name"], "name"), Remove(item["gone"])) if item["gone"].exists else ()

    before = block("old_name = 1", "other    = 2", "gone = [", "  1,", "]", "last = 3")
    assert fixed_hcl(shop, before, change) == block("name  = 1", "other = 2", "last = 3")


def test_neighbours_are_laid_out_anew(shop):
    def rename(item):
        changes = [(item["a"], "much_longer"), (item["bb"], "even_more_so")]
        return [Rename(node, key) for node, key in changes[: 2 if item["two"].exists else 1] if node.exists]

    before = block("a   = 1", "bb  = 2", "ccc = 3", "", "d = 4")
    after = block("much_longer = 1", "bb          = 2", "ccc         = 3", "", "d = 4")
    assert fixed_hcl(shop, before, rename) == after
    before = block("a   = 1", "bb  = 2", "two = 3")
    assert fixed_hcl(shop, before, rename) == block("much_longer = 1", "even_more_so = 2", "two = 3")

    def remove(item):
        return [Remove(item["ccc"])] if item["ccc"].exists else []

    before = block("a   = 1", "ccc = 3", "bb  = 2", "", "d = 4")
    assert fixed_hcl(shop, before, remove) == block("a  = 1", "bb = 2", "", "d = 4")


BLOCK = {
    "resource": [
        {
            "x_policy": {
                "a": {"of": "${x.a.id}", "long_name": "text", "rules": [{"n": 1}], "json": "${jsonencode({ b = [1] })}"}
            }
        }
    ]
}
WRITTEN = """\

resource "x_policy" "a" {
  of        = x.a.id
  long_name = "text"
  rules {
    n = 1
  }
  json = jsonencode({
    b = [
      1
    ]
  })
}
"""


def test_append_a_block(shop):
    before = 'resource "x" "a" {}'

    def change(item):
        return (AppendBlock(item.header, BLOCK),) if item.type == "x" else ()

    after = fixed_hcl(shop, before, change)
    assert after.startswith(before + "\n\nresource")
    assert "\n".join(line for line in after.split("\n")[1:] if line) == "\n".join(
        line for line in WRITTEN.split("\n") if line
    )


def test_a_block_is_written_out_only_for_fixing(shop):
    one = rule_for(
        resource("x", "aws_db_instance"), lambda item: (AppendBlock(item.header, BLOCK),) if item.type == "x" else ()
    )
    shop.write({"main.tf": 'resource "x" "a" {}\n'})
    plain, fixing = (shop.lint(one, fixing=fixing).findings[0].fix for fixing in (False, True))
    assert (plain.safety, plain.edits) == (Safety.SAFE, ())
    assert [edit.path for edit in fixing.edits] == ["main.tf"]
