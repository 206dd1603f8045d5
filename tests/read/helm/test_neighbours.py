"""Helpers of a chart that stands in for a dependency: released by itself, so findings stand where they are called."""

from opslint.engine.packs import load_packs

RULES = {rule.id: rule for pack in load_packs() for rule in pack.rules}
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: {{ include "base.image" (dict "image" .Values.image) }}
"""
HELPER = '{{- define "base.image" -}}\n{{- printf "%s:%s" .image.name .image.tag -}}\n{{- end -}}\n'


def files(repository):
    return {
        "base/Chart.yaml": "apiVersion: v2\nname: base\nversion: 2.1.0\ntype: library\n",
        "base/templates/_image.tpl": HELPER,
        "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"
        f"dependencies: [{{name: base, version: 2.x.x, repository: '{repository}'}}]\n",
        "web/values.yaml": "image: {name: nginx, tag: latest}\n",
        "web/templates/web.yaml": POD,
    }


def places(report):
    (finding,) = report.findings
    place = finding.location
    return (place.source.path, place.span.line), [
        (label, other.source.path, other.span.line) for label, other in finding.related if "helper" in label
    ]


def test_a_helper_of_a_chart_from_a_registry_is_shown_at_its_call(lint_files):
    report = lint_files(files("oci://example.com/charts"), [RULES["mutable-image-tag"]])
    assert places(report) == (
        ("web/templates/web.yaml", 7),
        [("printed by this helper", "base/templates/_image.tpl", 2)],
    )


def test_a_helper_of_a_chart_that_is_part_of_the_repository_is_shown_itself(lint_files):
    report = lint_files(files("file://../base"), [RULES["mutable-image-tag"]])
    assert places(report) == (("base/templates/_image.tpl", 2), [])
