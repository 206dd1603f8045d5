"""Suppression comments in charts: on template lines, in helpers, and next to values keys."""

import pytest

from opslint.api import STRICT, Problem, Severity, container, rule

pytestmark = pytest.mark.usefixtures("one_engine")


@rule(each=container(), severity=Severity.LOW, preset=STRICT)
def moving_tag(item, project):
    """Each one."""
    if item.image.text.endswith("latest"):
        yield Problem(f"here: {item.name}", item.image)


HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  containers:\n"
MARK = "opslint: ignore[moving-tag] known"
TEMPLATE = (
    HEAD % "lines"
    + f"    - name: yaml-comment\n      image: x:latest # {MARK}\n"
    + f"    - name: template-comment\n      image: x:latest {{{{/* {MARK} */}}}}\n"
    + f"    - name: trimmed-comment\n      image: x:latest {{{{- /* {MARK} */}}}}\n"
    + f"    - name: yaml-above\n      # {MARK}\n      image: x:latest\n"
    + f"    - name: template-above\n      {{{{- /* {MARK} */}}}}\n      image: x:latest\n"
    + f"    - name: several-lines-above\n      {{{{- /*\n        {MARK},\n        and why\n      */}}}}\n      image: x:latest\n"
    + f"    - name: above-in-a-branch\n      {{{{- /* {MARK} */}}}}\n      {{{{- if true }}}}\n      image: x:latest\n      {{{{- end }}}}\n"
    + "    - name: bare\n      image: x:latest\n"
    + "    - name: helper-bare\n      image: {{ .Values.bare }}\n"
    + '    {{- include "x.helped" . | nindent 4 }}\n'
    + "    - name: values-key\n      image: {{ .Values.key }}\n"
    + "    - name: values-above\n      image: {{ .Values.nested.above }}\n"
    + "    - name: values-part\n      image: 'x:{{ .Values.part }}'\n"
    + "    - name: values-of-one-environment\n      image: 'x:{{ .Values.tag }}'\n"
    + f"---\n# {MARK}\n"
    + HEAD % "whole"
    + "    - name: resource-yaml\n      image: x:latest\n"
    + f"---\n{{{{/* {MARK} */}}}}\n"
    + HEAD % "whole2"
    + "    - name: resource-template\n      image: x:latest\n"
)
FILES = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "c/values.yaml": (
        f"bare: x:latest\nkey: x:latest # {MARK}\nnested:\n  # {MARK}\n  above: x:latest\npart: latest # {MARK}\ntag: '1'\n"
    ),
    "c/values-dev.yaml": f"tag: latest # {MARK}\n",
    "c/values-prod.yaml": "tag: latest\n",
    "c/templates/_helpers.tpl": (
        '{{- define "x.helped" }}\n'
        f"- name: helper-yaml\n  image: x:latest # {MARK}\n"
        f"- name: helper-template\n  image: x:latest {{{{- /* {MARK} */}}}}\n"
        f"- name: helper-above\n  {{{{- /* {MARK} */}}}}\n  image: x:latest\n"
        "- name: in-helper-bare\n  image: x:latest\n{{- end }}\n"
    ),
    "c/templates/a.yaml": TEMPLATE,
    "c/templates/file.yaml": (
        "{{- /* opslint: ignore-file[moving-tag] all of it */ -}}\n"
        + HEAD % "file"
        + "    - name: file\n      image: x:latest\n"
    ),
}


@pytest.fixture
def said(lint_files):
    """Return the containers that are reported, with their environments, and those that are not."""
    report = lint_files(FILES, [moving_tag])
    assert report.failures == ()
    shown = {
        finding.message.removeprefix("here: "): [name for name, _ in finding.environments]
        for finding in report.findings
    }
    return shown, report.suppressed


def test_a_comment_hides_what_stands_beside_it_and_nothing_else(said):
    assert said[0] == {
        "above-in-a-branch": ["dev", "prod"],  # the line below the comment is another one
        "bare": ["dev", "prod"],
        "helper-bare": ["dev", "prod"],
        "in-helper-bare": ["dev", "prod"],
        "values-of-one-environment": ["prod"],
    }


def test_what_is_hidden_is_known_with_its_reason(said):
    hidden = {finding.message.removeprefix("here: "): finding.suppressed.justification for finding in said[1]}
    assert hidden == {
        "file": "all of it",
        "helper-above": "known",
        "helper-template": "known",
        "helper-yaml": "known",
        "resource-template": "known",
        "resource-yaml": "known",
        "several-lines-above": "known, and why",
        "template-above": "known",
        "template-comment": "known",
        "trimmed-comment": "known",
        "values-above": "known",
        "values-key": "known",
        "values-of-one-environment": "known",
        "values-part": "known",
        "yaml-above": "known",
        "yaml-comment": "known",
    }


def test_a_comment_of_several_lines_is_removed_whole(lint_files, tmp_path):
    from opslint.engine.marks import comments
    from opslint.model.source import Source

    text = "a: 1\n{{- /*\n  opslint: ignore[moving-tag] why\n*/}}\nb: 2\nc: 3 {{/* opslint: ignore\n*/}}\n"
    first, second = comments(Source("c/templates/a.yaml", text))
    assert (first.line, first.alone, first.removal.span[:4]) == (4, True, (2, 1, 5, 1))
    assert (second.line, second.alone, second.removal.text) == (7, False, " {{/* opslint: ignore\n*/}}")


def test_a_comment_that_is_rendered_too_is_removed_from_its_template(tmp_path, monkeypatch):
    from opslint.cli.main import main

    template = tmp_path / "c" / "templates" / "a.yaml"
    template.parent.mkdir(parents=True)
    (tmp_path / "c" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    head = "{{- /* a line that is not\n  rendered */}}\n" + HEAD % "a"
    mark = "  # opslint: ignore[host-namespace] nothing here\n"
    tail = "    - name: a\n      image: registry.example/a:1\n"
    template.write_text(head + mark + tail)
    monkeypatch.chdir(tmp_path)
    assert main(["check", ".", "--select", "unused-suppression,host-namespace", "--fix"]) == 0
    assert template.read_text() == head + tail
