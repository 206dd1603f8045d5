"""Changes in charts: literal template lines, values keys, and what is only shown."""

import pytest

from opslint.api import (
    Add,
    AppendDocument,
    Remove,
    Rename,
    Safety,
    Set,
    kind,
)

pytestmark = pytest.mark.usefixtures("one_engine")

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

HEAD = "apiVersion: v1\nkind: Thing\n"


def fixed_chart(shop, changes_of):
    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": TEMPLATE}
    after = shop.fix(files, shop.rule_for(kind(), changes_of))
    return after["web/templates/a.yaml"].decode(), after["web/values.yaml"].decode()


def shown_chart(shop, changes_of):
    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": TEMPLATE}
    return shop.shown(files, shop.rule_for(kind(), changes_of))


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
    after = shop.fix(files, shop.rule_for(kind(), change))["web/templates/a.yaml"].decode()
    assert after == template.replace("    deep:", "    a: 1\n    b: 1\n    deep:")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # What opens here is filled in another branch.
        (
            "  size: 1\n  volumes:\n  {{- if .Values.extra }}\n    - name: a\n  {{- end }}\n",
            "  size: 1\n  new: 7\n  volumes:\n  {{- if .Values.extra }}\n    - name: a\n  {{- end }}\n",
        ),
        (
            "  size: 1\n  volumes: # of all\n  {{- if .Values.extra }}\n    - name: a\n  {{- end }}\n",
            "  size: 1\n  new: 7\n  volumes: # of all\n  {{- if .Values.extra }}\n    - name: a\n  {{- end }}\n",
        ),
        # A line that is not always there.
        (
            "  size: 1\n  {{- if .Values.size }}\n  mode: x\n  {{- end }}\n",
            "  size: 1\n  new: 7\n  {{- if .Values.size }}\n  mode: x\n  {{- end }}\n",
        ),
        (
            "  {{- if .Values.size }}\n  mode: x\n  {{- else }}\n  mode: y\n  {{- end }}\n  size: 1\n",
            "  {{- if .Values.size }}\n  mode: x\n  {{- else }}\n  mode: y\n  {{- end }}\n  size: 1\n  new: 7\n",
        ),
        # A map that is a part of the branch as a whole.
        (
            "  {{- if .Values.size }}\n  sub:\n    a: 1\n  {{- end }}\n  size: {{ .Values.size }}\n",
            "  {{- if .Values.size }}\n  sub:\n    a: 1\n    new: 7\n  {{- end }}\n  size: {{ .Values.size }}\n",
        ),
    ],
)
def test_an_entry_is_added_where_it_is_always_written_and_breaks_no_other_branch(shop, before, after):
    def change(item):
        spec = item.root["spec"]["sub"] if item.root["spec"]["sub"].exists else item.root["spec"]
        return () if spec["new"].exists else (Add(spec, "new", "7"),)

    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": f"{HEAD}spec:\n{before}"}
    assert shop.fix(files, shop.rule_for(kind(), change))["web/templates/a.yaml"].decode() == f"{HEAD}spec:\n{after}"


def test_a_line_that_opens_a_branch_is_not_removed(shop):
    template = f"{HEAD}spec:\n  a: 1\n  volumes:\n  {{{{- if .Values.extra }}}}\n    - name: a\n  {{{{- end }}}}\n"
    files = {"web/Chart.yaml": CHART, "web/values.yaml": VALUES, "web/templates/a.yaml": template}
    (fix,) = shop.shown(files, shop.rule_for(kind(), lambda item: (Remove(item.root["spec"]["volumes"]),)))
    assert fix.safety is Safety.SHOWN


def test_a_key_of_a_branch_that_was_not_rendered_is_not_added_again(shop):
    fixes = shown_chart(shop, lambda item: (Add(item.root["spec"], "extra", "2"),))
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


def test_documents_are_not_appended_to_templates(shop):
    fixes = shown_chart(shop, lambda item: (AppendDocument(item.root, HEAD),))
    assert [fix.safety for fix in fixes] == [Safety.SHOWN]


@pytest.mark.parametrize(
    ("other", "safety"),
    [
        ("", Safety.SAFE),
        ("a: {{ .Values.thing.other }}", Safety.SAFE),
        ("a: {{ .Values.thing.modeller }}", Safety.SAFE),
        ("a: {{ .Values.thing.mode | quote }}", Safety.UNSAFE),
        ("{{ if eq $.Values.thing.mode `b` }}a: 1{{ end }}", Safety.UNSAFE),
        ("a: {{ toYaml .Values.thing | nindent 2 }}", Safety.UNSAFE),
    ],
)
def test_a_fix_of_a_value_that_feeds_other_places_too_is_not_safe(shop, other, safety):
    files = {
        "web/Chart.yaml": CHART,
        "web/values.yaml": "thing:\n  mode: a\n  other: x\n",
        "web/templates/a.yaml": f"{HEAD}spec:\n  mode: {{{{ .Values.thing.mode }}}}\n",
        "web/templates/b.yaml": f"apiVersion: v1\nkind: Other\nspec:\n  b: 1\n  {other}\n",
    }
    rule = shop.rule_for(kind("Thing"), lambda item: (Set(item.root["spec"]["mode"], "b"),))
    (fix,) = shop.shown(files, rule)
    assert fix.safety is safety
    assert [edit.path for edit in fix.edits] == ["web/values.yaml"]
