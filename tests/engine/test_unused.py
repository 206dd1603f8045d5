"""unused-suppression: which suppressions silence nothing, name no rule, have expired or say no reason."""

from datetime import date

import pytest

from opslint.api import RECOMMENDED, STRICT, Problem, Severity, project, resource, rule, workload
from opslint.engine.packs import load_packs
from opslint.model.settings import SuppressSettings
from opslint.model.source import Location, Source, Span

pytestmark = pytest.mark.usefixtures("one_engine")


@rule(each=workload(), severity=Severity.LOW, preset=RECOMMENDED)
def some_rule(item, project):
    """More than two."""
    if item.spec["replicas"].number > 2:
        yield Problem("here", item.spec["replicas"])


@rule(each=workload(), severity=Severity.LOW, preset=STRICT)
def strict_rule(item, project):
    """Each one."""
    yield Problem("here", item.spec["replicas"])


@rule(each=workload(), severity=Severity.LOW, preset=RECOMMENDED, prod_only=True)
def prod_rule(item, project):
    """Each one."""
    yield Problem("here", item.spec["replicas"])


@rule(each=resource("aws_db_instance"), severity=Severity.LOW, preset=RECOMMENDED)
def tf_rule(item, project):
    """Mysql."""
    if item["engine"].text == "mysql":
        yield Problem("here", item["engine"])


@rule(each=project(), severity=Severity.LOW, preset=RECOMMENDED, applies_to="cross")
def cross_rule(item, project):
    """Never."""
    yield from ()


UNUSED = next(one for pack in load_packs() for one in pack.rules if one.id == "unused-suppression")
RULES = [some_rule, strict_rule, prod_rule, tf_rule, cross_rule, UNUSED]
TEXT = """\
apiVersion: apps/v1{first}
kind: Deployment
metadata:
  name: web{annotation}
spec:
{above}  replicas: {replicas}{beside}
"""


def text(replicas=1, first="", above="", beside="", annotation=""):
    return TEXT.format(replicas=replicas, first=first, above=above, beside=beside, annotation=annotation)


@pytest.fixture
def said(lint_files):
    """What is said of suppressions: `said(files) -> [(path, line, message)]`."""

    def run(files, **settings):
        files = {"a.yaml": files} if isinstance(files, str) else files
        settings = {"preset": "recommended"} | settings
        report = lint_files(files, RULES, **settings)
        return [
            (one.location.source.path, one.location.span.line, one.message)
            for one in report.findings
            if one.rule_id == "unused-suppression"
        ]

    return run


NOTHING = "the suppression of some-rule silences nothing: there is no such finding"


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        (text(beside="  # opslint: ignore[some-rule] why"), 6),
        (text(above="  # opslint: ignore[some-rule] why\n"), 6),
        (text(first="  # opslint: ignore[some-rule]"), 1),
        ("# opslint: ignore-file[some-rule]\n" + text(), 1),
        (text(annotation="\n  annotations:\n    opslint.dev/ignore: some-rule"), 6),
        (text(3, beside="  # opslint: ignore[some-rule]", above="\n  # opslint: ignore[some-rule]\n\n"), 7),
    ],
)
def test_what_silences_nothing_is_said_at_its_place(said, yaml, line):
    assert said(yaml) == [("a.yaml", line, NOTHING)]


@pytest.mark.parametrize(
    "yaml",
    [
        text(3, beside="  # opslint: ignore[some-rule]"),
        text(beside="  # opslint: ignore[strict-rule] does not run"),
        text(beside="  # opslint: ignore[unused-suppression] for itself"),
        text(beside="  # opslint: see the manual"),
        "# opslint: ignore-file[unused-suppression]\n" + text(beside="  # opslint: ignore[some-rule]"),
        text(3, annotation='\n  annotations: {opslint.dev/ignore: "some-rule"}'),
    ],
)
def test_what_is_of_use_or_cannot_be_told_is_left_alone(said, yaml):
    assert said(yaml) == []


def test_one_name_of_several_is_named(said):
    assert said(text(3, beside="  # opslint: ignore[some-rule, prod-rule, unused-suppression]")) == []
    found = said(text(beside="  # opslint: ignore[prod-rule, some-rule]"))
    assert found == [("a.yaml", 6, NOTHING)]


def test_a_suppression_of_everything_may_not_hide_that_it_silences_nothing(said):
    files = {"a.yaml": "# opslint: ignore\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n"}
    assert said(files) == [("a.yaml", 1, "the suppression of every rule silences nothing: there is no such finding")]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore[some-ruel]", 'the suppression names "some-ruel", which is no rule, did you mean "some-rule"?'),
        ("ignore[zzz]", 'the suppression names "zzz", which is no rule'),
        ("ignore[some-rule] old until 2026-11-21", "the suppression of some-rule expired on 2026-11-21: it hides nothing any more"),
        ("ignore[strict-rule] until 2020-01-01", "the suppression of strict-rule expired on 2020-01-01: it hides nothing any more"),
        ("ignore[some-rule] until 2026-02-30", "the suppression is not understood: 2026-02-30 is no day of the calendar"),
        ("ingore[some-rule]", 'the suppression is not understood: "opslint: ingore" is not understood, did you mean "ignore"?'),
        ("disable[some-rule]", 'the suppression is not understood: "opslint: disable" is not understood, did you mean "ignore"?'),
        ("ignore some-rule", "the suppression is not understood: without brackets it silences every rule: write [some-rule]"),
    ],
)  # fmt: skip
def test_typos_and_dates(said, comment, message):
    assert said(text(3, beside=f"  # opslint: {comment}")) == [("a.yaml", 6, message)]


def test_what_has_expired_or_is_not_understood_hides_nothing(lint_files):
    for comment in ("ignore[some-rule] until 2026-11-21", "ignore[some-rule] until 2026-02-30", "ingore[some-rule]"):
        report = lint_files({"a.yaml": text(3, beside=f"  # opslint: {comment}")}, [some_rule])
        assert len(report.findings) == 1


def test_a_reason_may_be_asked_for(said):
    used = text(3, beside="  # opslint: ignore[some-rule]")
    message = "the suppression of some-rule gives no reason"
    assert said(used, require_reason=True) == [("a.yaml", 6, message)]
    assert said(used, rules={"unused-suppression": {"require_reason": True}}) == [("a.yaml", 6, message)]
    assert said(text(3, beside="  # opslint: ignore[some-rule] why"), require_reason=True) == []
    annotated = '\n  annotations: {opslint.dev/ignore: "some-rule", opslint.dev/reason: "why"}'
    assert said(text(3, annotation=annotated), require_reason=True) == []


def test_an_annotation_has_a_date_in_its_reason(lint_files, said):
    annotated = '\n  annotations:\n    opslint.dev/ignore: some-rule\n    opslint.dev/reason: "soon until {}"'
    late = text(3, annotation=annotated.format("2026-11-21"))
    assert said(late)[0][2].startswith("the suppression of some-rule expired on 2026-11-21")
    report = lint_files({"a.yaml": text(3, annotation=annotated.format("2026-11-22"))}, [some_rule])
    assert report.suppressed[0].suppressed.justification == "soon"


def entry(**fields):
    source = Source(".opslint.yaml", "suppress:\n  - rule: x\n")
    return SuppressSettings(**fields, location=Location(source, Span(2, 11, 2, 12)))


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"rule": "some-rule"}, [NOTHING]),
        ({"rule": "some-rule", "path": "b.yaml"}, [NOTHING]),
        ({"rule": "strict-rule"}, []),
        ({"rule": "some-ruel"}, ['the suppression names "some-ruel", which is no rule, did you mean "some-rule"?']),
        (
            {"rule": "some-rule", "until": date(2026, 1, 1)},
            ["the suppression of some-rule expired on 2026-01-01: it hides nothing any more"],
        ),
        ({"rule": "prod-*"}, []),
    ],
)
def test_entries_of_the_configuration(said, fields, messages):
    expected = [(".opslint.yaml", 2, message) for message in messages]
    assert said(text(), suppress=(entry(**fields),)) == expected


def test_an_entry_of_the_configuration_needs_a_whole_run(said):
    files = {"a/a.yaml": text(), "b/b.yaml": text(3)}
    assert said(files, suppress=(entry(rule="some-rule", path="b/*"),), paths=("a",)) == []
    assert said(files, suppress=(entry(rule="some-rule", path="b/*"),)) == []
    assert said(files, suppress=(entry(rule="some-rule", path="a/*"),)) == [(".opslint.yaml", 2, NOTHING)]


def test_nothing_is_said_of_an_incomplete_or_narrowed_run(said):
    unused = text(beside="  # opslint: ignore[some-rule]")
    broken = {"a.yaml": unused, "b.yaml": "apiVersion: v1\nkind: [\n"}
    assert said(broken) == []
    assert said(unused, env=("prod",)) == []


def test_a_rule_over_the_whole_needs_the_whole(said):
    files = {"a/a.yaml": text(beside="  # opslint: ignore[cross-rule]"), "b/b.yaml": text()}
    assert said(files, paths=("a",)) == []
    assert [line for _, line, _ in said(files)] == [6]


def test_a_named_file_limits_what_is_said(said):
    files = {
        "a.yaml": text(beside="  # opslint: ignore[some-rule]"),
        "b.yaml": text(beside=" # opslint: ignore[some-rule]"),
    }
    assert [path for path, _, _ in said(files, paths=("a.yaml",))] == ["a.yaml"]


def test_what_hides_a_finding_of_non_production_is_of_use(said):
    yaml = text(beside="  # opslint: ignore[prod-rule]").replace("  name: web", "  name: web\n  namespace: shop-dev")
    assert said(yaml) == []


def test_a_rule_that_was_silent_says_nothing(said):
    known = 'resource "aws_db_instance" "a" {\n  engine = "postgres" # opslint: ignore[tf-rule]\n}\n'
    assert [line for _, line, _ in said({"main.tf": known})] == [2]
    unknown = 'resource "aws_db_instance" "b" {\n  engine = data.x.y.z\n}\ndata "x" "y" {}\n'
    assert said({"main.tf": known + unknown}) == []


CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
    "c/values.yaml": "replicas: 1\nextra: {extra}\n",
    "c/templates/a.yaml": """\
{{{{- /* opslint: ignore[some-rule] why */}}}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {{{{ .Values.replicas }}}}
{{{{- if .Values.extra }}}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
{{{{- end }}}}
""",
}


@pytest.mark.parametrize(("extra", "lines"), [("true", [1]), ("false", [])])
def test_in_a_template_it_is_told_only_when_every_branch_was_rendered(said, extra, lines):
    files = {path: text.format(extra=extra) for path, text in CHART.items()}
    assert [line for _, line, _ in said(files)] == lines


def test_beside_a_values_key(said):
    files = {path: text.format(extra="true") for path, text in CHART.items()}
    files["c/templates/a.yaml"] = files["c/templates/a.yaml"].partition("\n")[2]
    files["c/values.yaml"] = "replicas: 3 # opslint: ignore[some-rule]\nextra: true # opslint: ignore[some-rule]\n"
    assert said(files) == [("c/values.yaml", 2, NOTHING)]


def test_one_annotation_of_a_chart_is_one_suppression_in_all_environments(said):
    files = {path: text.format(extra="true") for path, text in CHART.items()}
    files["c/templates/a.yaml"] = text(
        "{{ .Values.replicas }}", annotation="\n  annotations:\n    opslint.dev/ignore: some-rule"
    )
    assert [line for _, line, _ in said(files | {"c/values-dev.yaml": "{}\n", "c/values-prod.yaml": "{}\n"})] == [6]
    assert said(files | {"c/values-dev.yaml": "{}\n", "c/values-prod.yaml": "replicas: 3\n"}) == []


def test_the_fix_removes_the_comment_and_nothing_else(lint_files):
    yaml = text(above="  # opslint: ignore[some-rule] one\n", beside="  # opslint: ignore[some-rule]  # other")
    report = lint_files({"a.yaml": yaml}, RULES, preset="recommended")
    edits = [edit for one in report.findings if one.fix for edit in one.fix.edits]
    lines = yaml.splitlines(keepends=True)
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        source = Source("", "".join(lines))
        start, end = (source.offset(*edit.span[:2]), source.offset(*edit.span[2:]))
        lines = [source.text[:start] + edit.text + source.text[end:]]
    assert "".join(lines) == text(beside="  # other")


def test_suppressed_findings_are_kept_for_show_suppressed(lint_files):
    report = lint_files({"a.yaml": text(3, beside="  # opslint: ignore[some-rule] known")}, [some_rule])
    assert [(one.rule_id, one.suppressed) for one in report.suppressed] == [("some-rule", ("comment", "known"))]
