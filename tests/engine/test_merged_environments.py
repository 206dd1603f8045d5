"""A finding that holds in several environments is one, with its severity in each."""

import pytest

from opslint.api import STRICT, Problem, Severity, kind, rule

pytestmark = pytest.mark.usefixtures("one_engine")

CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "c/values.yaml": "size: 1\n",
    "c/values-dev.yaml": "size: 1\n",
    "c/values-staging.yaml": "size: 1\n",
    "c/values-prod.yaml": "size: 2\n",
    "c/templates/a.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  fixed: x\n  size: '{{ .Values.size }}M'\n"
        "  {{- if gt (int .Values.size) 1 }}\n  big: x\n  {{- end }}\n"
    ),
}


@rule(each=kind("ConfigMap"), severity=Severity.HIGH, preset=STRICT)
def some_rule(item, project):
    """Each one; less of a matter outside production."""
    severity = Severity.LOW if item.unit.environment.is_nonprod else None
    for key, node in item.root["data"].items():
        yield Problem(f"{key} in {item.unit.environment.name}", node, severity=severity)


@pytest.fixture
def found(lint_files):
    def run(**settings):
        report = lint_files(CHART, [some_rule], **settings)
        assert report.failures == ()
        return {
            (finding.location.source.path, finding.location.span.line): (finding.severity, finding.environments)
            for finding in report.findings
        }

    return run


def test_each_environment_has_its_severity_and_the_finding_the_highest(found):
    line = ("c/templates/a.yaml", 5)
    assert found()[line] == (
        Severity.HIGH,
        (("dev", Severity.LOW), ("prod", Severity.HIGH), ("staging", Severity.LOW)),
    )


def test_what_holds_in_one_environment_names_that_one(found):
    assert found()["c/templates/a.yaml", 8] == (Severity.HIGH, (("prod", Severity.HIGH),))


def test_one_template_line_with_other_values_in_each_environment_is_one_finding(found):
    severity, environments = found()["c/templates/a.yaml", 6]
    assert (severity, [name for name, _ in environments]) == (Severity.HIGH, ["dev", "prod", "staging"])


def test_a_run_over_one_environment_has_its_severity(found):
    assert found(env=("dev",)) == {
        ("c/templates/a.yaml", 5): (Severity.LOW, (("dev", Severity.LOW),)),
        ("c/templates/a.yaml", 6): (Severity.LOW, (("dev", Severity.LOW),)),
    }


def test_the_default_values_are_nobodys_environment(found):
    assert all(name in {"dev", "prod", "staging"} for _, names in found().values() for name, _ in names)
