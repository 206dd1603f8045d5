"""Charts that do not render: what their templates say in plain text is looked at all the same."""

import pytest

from opslint.engine.packs import load_packs

RULES = {rule.id: rule for pack in load_packs() for rule in pack.rules}
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
FAILS = '{{ fail "no" }}\n'
CRON = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: report\nspec: {{ .Values.spec }}\n"


@pytest.fixture
def said(lint_files):
    """Return (path, line, name, message) of what the rules say of a chart that fails to render."""

    def run(template, rules=("removed-api",), **files):
        texts = {"web/Chart.yaml": CHART, "web/templates/fail.yaml": FAILS, "web/templates/a.yaml": template}
        report = lint_files(texts | files, [RULES[one] for one in rules], target_version="1.34")
        assert [one.kind for one in report.failures] == ["chart"]
        return [
            (one.location.source.path, one.location.span.line, one.resource.name, one.message, one.fix)
            for one in report.findings
        ]

    return run


def test_a_literal_version_is_found_at_its_line_and_not_rewritten(said):
    ((path, line, name, message, fix),) = said("# a\n---\n" + CRON)
    assert (path, line, name, fix) == ("web/templates/a.yaml", 3, "report", None)
    assert "CronJob/report uses batch/v1beta1 in a template that does not render, which Kubernetes 1.25" in message


def test_the_documents_of_a_template_are_told_apart(said):
    service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n"
    found = said(f"{service}---\n{CRON}--- # next\n{CRON.replace('report', 'second')}")
    assert [one[1:3] for one in found] == [(6, "report"), (12, "second")]


@pytest.mark.parametrize(
    "template",
    [
        CRON.replace("batch/v1beta1", "{{ .Values.api }}"),
        CRON.replace("kind: CronJob", "kind: {{ .Values.kind }}"),
        "apiVersion: batch/v1beta1\n---\nkind: CronJob\n",
        '{{ if .Capabilities.APIVersions.Has "batch/v1beta1" }}\n' + CRON + "{{ end }}\n",
        '{{- if semverCompare ">=1.21" .Values.version }}\n{{- if .Values.on }}\na: b\n{{ end }}\n{{- else }}\n'
        + CRON
        + "{{- end }}\n",
        '{{ define "cron" }}\n' + CRON + "{{ end }}\n",
        "{{ if .Values.on }}\na: 1\n{{ else if .Capabilities.KubeVersion }}\n" + CRON + "{{ end }}\n",
        "spec:\n  apiVersion: batch/v1beta1\n  kind: CronJob\n",
        '{{ if and (include "common.capabilities.cron.old" .) .Values.on }}\n' + CRON + "{{ end }}\n",
        '{{- $old := semverCompare "<1.21-0" .Values.version -}}\n{{ if and $old .Values.on }}\n'
        + CRON
        + "{{ end }}\n",
    ],
)
def test_what_is_not_sure_is_left_out(said, template):
    assert said(template) == []


def test_what_other_branches_guard_ends_with_them(said):
    guarded = '{{ if .Capabilities.APIVersions.Has "a" }}\na: b\n{{ end }}\n---\n'
    assert [one[1] for one in said(guarded + "{{ if .Values.on }}\n" + CRON + "{{ end }}\n")] == [6]


def test_rules_that_need_the_whole_object_do_not_get_it(said):
    assert said(CRON, ("invalid-manifest", "obsolete-setting", "deprecated-api")) == []


def test_a_document_without_a_literal_name_is_named_by_its_kind(said):
    ((_, _, _, message, _),) = said(CRON.replace("report", "{{ .Release.Name }}"))
    assert message.startswith("CronJob uses batch/v1beta1 in a template that does not render")
