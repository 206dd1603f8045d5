"""Charts whose default values do not render: each values file of ci/ is a case of its own."""

from opslint.api import STRICT, Problem, Severity, kind, rule
from opslint.model.settings import Settings
from opslint.model.source import Span
from opslint.read.plan import read_project

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
NEEDS = 'a: {{ required "need a" .Values.a }}\nkind: {{ .Values.kind | default "none" }}\n'


def read(write, files, **settings):
    root = write({"x/Chart.yaml": CHART, "x/templates/a.yaml": NEEDS} | files)
    return read_project([str(root)], Settings(root=str(root), no_cache=True, **settings))


def cases(result):
    (chart,) = result.project.charts
    return {release.unit: [source.text for source in release.sources] for release in chart.releases}


def test_each_file_that_renders_is_a_unit_without_an_environment(write):
    files = {
        "x/ci/1-values.yaml": "b: 1\n",
        "x/ci/2-values.yaml": "a: 7\n",
        "x/ci/prod-values.yaml": "a: 8\nkind: other\n",
        "x/ci/notes.yaml": "a: 9\n",
    }
    result = read(write, files)
    assert result.failures == []
    assert cases(result) == {
        "x@ci/2-values.yaml": ["a: 7\nkind: none\n"],
        "x@ci/prod-values.yaml": ["a: 8\nkind: other\n"],
    }
    assert {unit.environment.name for unit in result.project.units} == {""}
    (chart,) = result.project.charts
    assert chart.rendered
    assert [release.source for release in chart.releases] == ["ci/2-values.yaml", "ci/prod-values.yaml"]
    (source,) = chart.releases[0].sources
    assert source.origin.locate(Span(1, 4, 1, 5)).editable.source.path == "x/ci/2-values.yaml"


def test_what_was_used_and_what_was_not_is_told(write):
    files = {"x/ci/1-values.yaml": "b: 1\n", "x/ci/2-values.yaml": "a: 7\n", "x/ci/3-values.yaml": "a: 8\n"}
    first, second = read(write, files).coverage.notices
    assert (first.path, first.line) == ("x/templates/a.yaml", 1)
    assert "so x/ci/2-values.yaml, x/ci/3-values.yaml were used, each for itself" in first.message
    assert "need a" in first.message
    assert (second.path, second.line) == ("x/templates/a.yaml", 1)
    assert second.message.startswith("with x/ci/1-values.yaml: not rendered:")


def test_one_finding_in_several_cases_is_one(lint_files):
    @rule(each=kind("ConfigMap"), severity=Severity.LOW, preset=STRICT)
    def named(item, project):
        """Says its name."""
        yield Problem("here", item.metadata["name"])

    files = {
        "x/Chart.yaml": CHART,
        "x/templates/a.yaml": (
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n"
            '  a: {{ required "need a" .Values.a | quote }}\n'
        ),
        "x/ci/1-values.yaml": "a: 7\n",
        "x/ci/2-values.yaml": "a: 8\n",
    }
    report = lint_files(files, [named])
    assert report.failures == ()
    assert [(one.location.source.path, one.location.span.line) for one in report.findings] == [
        ("x/templates/a.yaml", 4)
    ]


def test_default_values_that_render_need_no_other_case(write):
    files = {"x/values.yaml": "a: 1\n", "x/ci/1-values.yaml": "a: 7\nkind: other\n"}
    assert cases(read(write, files)) == {"x@x": ["a: 1\nkind: none\n"]}


def test_no_case_that_renders_leaves_the_failure_of_the_default_values(write):
    result = read(write, {"x/ci/1-values.yaml": "b: 1\n"})
    (failure,) = result.failures
    assert (failure.path, failure.line) == ("x/templates/a.yaml", 1)
    assert "ci/1-values.yaml" in failure.message
    assert cases(result) == {"x@x": []}


def test_an_environment_is_never_replaced_by_a_case(write):
    result = read(write, {"x/ci/a-values.yaml": "a: 7\n", "x/values-prod.yaml": ""})
    assert len(result.failures) == 1
    assert cases(result) == {"x@prod": []}
