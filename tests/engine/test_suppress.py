"""Suppressions: where a comment holds, annotations, configuration, and their dates."""

from datetime import date

import pytest

from opslint.api import STRICT, Problem, Severity, resource, rule, workload
from opslint.model.settings import SuppressSettings


@rule(each=workload(), severity=Severity.LOW, preset=STRICT)
def some_rule(item, project):
    """Each one."""
    yield Problem("here", item.spec["replicas"])


@rule(each=resource("aws_db_instance"), severity=Severity.LOW, preset=STRICT)
def tf_rule(item, project):
    """Each one."""
    yield Problem("here", item["engine"])


TEXT = """\
apiVersion: apps/v1{first}
kind: Deployment
metadata:
  name: web{annotation}
spec:
{above}  replicas: 3{beside}
"""


def text(first="", above="", beside="", annotation=""):
    return TEXT.format(first=first, above=above, beside=beside, annotation=annotation)


@pytest.mark.parametrize(
    "yaml",
    [
        text(beside="  # opslint: ignore[some-rule] known"),
        text(beside="  # opslint: ignore"),
        text(beside="  # opslint: ignore[other, some-rule]"),
        text(above="  # opslint: ignore[some-rule] known\n"),
        text(above="  # opslint: ignore[some-rule]\n  # opslint: ignore[other]\n"),
        text(first="  # opslint: ignore[some-rule]"),
        "# opslint: ignore-file[some-rule] generated\n" + text(),
        text(beside="  # opslint: ignore[some-rule] until 2026-11-22"),
        text(annotation='\n  annotations: {opslint.dev/ignore: "other,some-rule"}'),
    ],
)
def test_suppressed(lint_files, yaml):
    report = lint_files({"a.yaml": yaml}, [some_rule])
    assert report.findings == ()
    assert report.hidden.suppressed == 1
    assert report.suppressed[0].suppressed is not None


@pytest.mark.parametrize(
    "yaml",
    [
        text(),
        text(beside="  # opslint: ignore[other]"),
        text(beside="  # opslint: ignore[some-rule] until 2026-11-21"),
        text(above="  # opslint: ignore[some-rule]\n\n"),
        text(above="  paused: false # opslint: ignore[some-rule]\n"),
        text(annotation='\n  annotations: {opslint.dev/ignore: "other"}'),
    ],
)
def test_not_suppressed(lint_files, yaml):
    assert len(lint_files({"a.yaml": yaml}, [some_rule]).findings) == 1


def test_the_reason_is_kept(lint_files):
    report = lint_files({"a.yaml": text(beside="  # opslint: ignore[some-rule] old until 2027-01-31")}, [some_rule])
    assert report.suppressed[0].suppressed.justification == "old"


@pytest.mark.parametrize(
    "comment", ["# opslint: ignore[tf-rule]", "// opslint: ignore", "/* opslint: ignore[tf-rule] ok */"]
)
def test_in_hcl(lint_files, comment):
    block = 'resource "aws_db_instance" "a" {\n  engine = "postgres" %s\n}\n'
    report = lint_files({"main.tf": block % comment}, [tf_rule])
    assert (len(report.findings), report.hidden.suppressed) == (0, 1)


@pytest.mark.parametrize(
    ("entry", "count"),
    [
        (SuppressSettings("some-rule", resource="Deployment/*/web"), 0),
        (SuppressSettings("some-*"), 0),
        (SuppressSettings("some-rule", path="*.yaml"), 0),
        (SuppressSettings("some-rule", resource="Deployment/*/other"), 1),
        (SuppressSettings("some-rule", until=date(2026, 11, 21)), 1),
    ],
)
def test_by_configuration(lint_files, entry, count):
    assert len(lint_files({"a.yaml": text()}, [some_rule], suppress=(entry,)).findings) == count


def test_per_path(lint_files):
    files = {"old/a.yaml": text(), "new/a.yaml": text()}
    report = lint_files(files, [some_rule], per_path={"old/*": {"ignore": ("some-rule",)}})
    assert [finding.location.source.path for finding in report.findings] == ["new/a.yaml"]


def test_suppressing_one_of_two_leaves_the_others_fingerprint(lint_files):
    two = text() + "---\n" + text()
    before = lint_files({"a.yaml": two}, [some_rule]).findings
    marked = text(beside=" # opslint: ignore") + "---\n" + text()
    after = lint_files({"a.yaml": marked}, [some_rule]).findings
    assert [finding.fingerprint for finding in after] == [before[1].fingerprint]
