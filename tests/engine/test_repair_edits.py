"""Changes of YAML become edits that leave every other byte as it was."""

import pytest

from opslint.api import (
    Add,
    Append,
    AppendDocument,
    Location,
    Remove,
    RemoveText,
    Rename,
    Safety,
    Set,
    Span,
    kind,
)

HEAD = "apiVersion: v1\nkind: Thing\n"


def fixed_yaml(shop, body, changes_of, name="a.yaml"):
    """Fix one object with `body` after its head; return the body."""
    text = shop.fix({name: HEAD + body}, shop.rule_for(kind(), changes_of))[name].decode()
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
        ("spec:\n  a: [x]  # one\n", "[x, y]", "spec:\n  a: [x, y]  # one\n"),
        ("spec: {a: [], b: 1}\n", "[x]", "spec: {a: [x], b: 1}\n"),
        ('spec:\n  a: ["x"]\n', "[w, x]", 'spec:\n  a: ["w", "x"]\n'),
        ("spec:\n  a: ['x', 'z']\n", "[w, x]", "spec:\n  a: ['w', 'x']\n"),
        ('spec:\n  a: ["x", z]\n', "[y, x]", "spec:\n  a: [y, x]\n"),
        ('spec:\n  a: ["x"]\n', "[1, x]", "spec:\n  a: [1, x]\n"),
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

    after = shop.fix({"a.yaml": data}, shop.rule_for(kind(), change))["a.yaml"]
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
    assert shop.fix({"a.json": before}, shop.rule_for(kind(), change))["a.json"].decode() == after


JSON = '{\n  "apiVersion": "v1",\n  "kind": "Thing",\n  "spec": {\n    "a": [\n      "x"\n    ]%s\n  }\n}\n'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("[ALL]", '["ALL"]'),
        ("{a: [b, 1, true, null], c: 'd'}", '{"a": ["b", 1, true, null], "c": "d"}'),
        ("a: b\nc:\n  d: 1", '{"a": "b", "c": {"d": 1}}'),
    ],
)
def test_a_collection_in_json_is_json(shop, value, written):
    def change(item):
        spec = item.root["spec"]
        return () if spec["new"].exists else (Add(spec, "new", value),)

    after = shop.fix({"a.json": JSON % ""}, shop.rule_for(kind(), change))["a.json"].decode()
    assert after == JSON % f',\n    "new": {written}'


def test_a_list_in_json_is_written_anew(shop):
    def change(item):
        listed = item.root["spec"]["a"]
        return () if len(listed) > 1 else (Set(listed, "[z, x]"),)

    after = shop.fix({"a.json": JSON % ""}, shop.rule_for(kind(), change))["a.json"].decode()
    assert after == (JSON % "").replace('[\n      "x"\n    ]', '["z", "x"]')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spec: {b: 1}\n", 'spec: {b: 1, new: {a: "x,y", "1": 2}}\n'),
        ("spec: {}\n", 'spec: {new: {a: "x,y", "1": 2}}\n'),
    ],
)
def test_several_lines_in_brackets(shop, before, after):
    def change(item):
        spec = item.root["spec"]
        return () if spec["new"].present else (Add(spec["new"], "a", "x,y"), Add(spec["new"], "1", "2"))

    assert fixed_yaml(shop, before, change) == after


def test_two_entries_of_one_map_in_brackets(shop):
    def change(item):
        spec = item.root["spec"]
        return [Add(spec, key, "1") for key in ("b", "c") if not spec[key].exists]

    assert fixed_yaml(shop, "spec: {a: 0}  # c\n", change) == "spec: {a: 0, b: 1, c: 1}  # c\n"
    assert fixed_yaml(shop, "spec: {a: 0, }\n", change) == "spec: {a: 0, b: 1, c: 1, }\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  a:\n  - x  # x\n  - z\n  b: 1\n", '  a:\n  - new\n  - x  # x\n  - "1"\n  - z\n  - last\n  b: 1\n'),
        (
            "  a:\n      - 'x'\n      - 'z'",
            "  a:\n      - 'new'\n      - 'x'\n      - '1'\n      - 'z'\n      - 'last'",
        ),
    ],
)
def test_new_items_come_between_those_of_a_list_in_lines(shop, before, after):
    def change(item):
        listed = item.root["spec"]["a"]
        return () if len(listed) > 2 else (Set(listed, '[new, x, "1", z, last]'),)

    assert fixed_yaml(shop, f"spec:\n{before}", change) == f"spec:\n{after}"


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
    ("before", "value", "after"),
    [
        (
            "spec:\n  a: 1\n",
            '[{key: "1", to: {all: {app: "2"}}, in: [b, c], no: {}}, {key: x}]',
            'spec:\n  a: 1\n  new:\n    - key: "1"\n      to:\n        all:\n          app: "2"\n      in: [b, c]\n      no: {}\n    - key: x\n',
        ),
        ("spec:\n  a: 1\n", '{"a b": c}', 'spec:\n  a: 1\n  new:\n    "a b": c\n'),
        ("spec:\n  a: 1\n", "[ALL, b]", "spec:\n  a: 1\n  new: [ALL, b]\n"),
        ("spec:\n  a: 1\n", "{}", "spec:\n  a: 1\n  new: {}\n"),
        ("spec: {a: 1}\n", "[{key: x}]", "spec: {a: 1, new: [{key: x}]}\n"),
    ],
)  # fmt: skip
def test_a_map_is_added_in_the_style_of_its_surroundings(shop, before, value, after):
    def change(item):
        return () if item.root["spec"]["new"].exists else (Add(item.root["spec"], "new", value),)

    assert fixed_yaml(shop, before, change) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spec: [x]\n", "spec: [x, w]\n"),
        ("spec: [x, ]  # c\n", "spec: [x, w, ]  # c\n"),
        ("spec: [\n  x,\n  z\n]\n", "spec: [\n  x,\n  z,\n  w\n]\n"),
        ("spec:\n- x # c\na: 1\n", "spec:\n- x # c\n- w\na: 1\n"),
        ("spec:\n  -  x\n  # end\na: 1\n", "spec:\n  -  x\n  -  w\n  # end\na: 1\n"),
        ("spec:\n  - x", "spec:\n  - x\n  - w"),
        ("spec:\n  - - x\n", "spec:\n  - - x\n"),
        ("spec: []\n", "spec: []\n"),
        ("spec: &a [x]\nb: *a\n", "spec: &a [x]\nb: *a\n"),
    ],
)
def test_append_to_a_list(shop, before, after):
    def change(item):
        inner = item.root["spec"][0]
        to = inner if inner.present and inner.is_list else item.root["spec"]
        return (Append(to, "w"),) if "w" not in to.texts() else ()

    assert fixed_yaml(shop, before, change) == after


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


@pytest.mark.parametrize("written", ["[x,\n   y]", "\n  - x", "{b: 1}", "[x]"], ids=["lines", "block", "map", "scalar"])
def test_a_list_that_is_more_than_one_line_in_brackets_is_only_shown(shop, written):
    value = "y" if written == "[x]" else "[y]"
    rule = shop.rule_for(kind(), lambda item: (Set(item.root["spec"]["a"], value),))
    fixes = shop.shown({"a.yaml": f"{HEAD}spec:\n  a: {written}\n"}, rule)
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


@pytest.mark.parametrize(("body", "change"), SHARED)
def test_what_an_alias_shares_is_only_shown(shop, body, change):
    def changes(item):
        a = item.root["spec"]["a"]
        return (Set(a, "7"),) if change is Set else (Remove(a),)

    fixes = shop.shown({"a.yaml": HEAD + body}, shop.rule_for(kind(), changes))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


def test_append_a_document(shop):
    new = "apiVersion: v1\nkind: Other\n"

    def change(item):
        return (AppendDocument(item.root, new),) if item.kind == "Thing" else ()

    one = shop.rule_for(kind(), change)
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

    after = shop.fix({"a.yaml": text}, shop.rule_for(kind(), change))["a.yaml"].decode()
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

    fixes = shop.shown({"a.yaml": HEAD + "spec: {a: 1}\n"}, shop.rule_for(kind(), change))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]
