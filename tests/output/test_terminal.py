"""The text and concise formats say what a reader needs, and nothing that is not so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opslint.model.finding import Severity
from opslint.model.records import replace
from opslint.model.report import Failure, Hidden, Notice
from opslint.model.source import Confidence, Location, Source, Span
from opslint.output import render
from opslint.output.selection import by_area, plural, resource_name
from opslint.output.style import paint, width, wrap

if TYPE_CHECKING:
    from opslint.model.report import Report
    from opslint.output import OutputContext


def test_every_line_fits_the_terminal(report: Report, context: OutputContext) -> None:
    for columns in (80, 120, 160):
        lines = render("text", report, replace(context, width=columns, verbose=True, show_suppressed=True)).splitlines()
        assert max(map(width, lines)) <= columns


def test_without_a_terminal_no_line_is_broken(report: Report, context: OutputContext) -> None:
    lines = render("text", report, replace(context, width=0)).splitlines()
    message = report.findings[0].message
    assert f"medium  missing-pdb  {message}" in lines


def test_findings_are_grouped_by_file(report: Report, context: OutputContext) -> None:
    lines = render("text", report, context).splitlines()
    assert lines.count("charts/myshop-api/values-prod.yaml") == 1
    assert lines.count("    --> infra/rds.tf:4:28") == 1


def test_colors_follow_the_severity_and_have_no_background(report: Report, context: OutputContext) -> None:
    text = render("text", report, replace(context, color=True))
    assert "\x1b[1;31mcritical  \x1b[0m" in text
    assert "\x1b[31m^^^^^^\x1b[0m" in text
    assert "\x1b[4" not in text
    assert "\x1b[10" not in text


def test_a_place_that_is_only_a_file_has_no_line(report: Report, context: OutputContext) -> None:
    text = render("text", report, context)
    assert "--> charts/redis/Chart.yaml\n" in text
    assert "1 | name: redis" not in text


def test_a_block_is_said_to_be_one(report: Report, context: OutputContext) -> None:
    assert render("text", report, context).count("its exact line is not known") == 1


def test_environments_are_told_with_their_severity(report: Report, context: OutputContext) -> None:
    text = render("text", report, context)
    assert "in prod, dev (low)" in text
    assert "in prod, staging" in text


def test_the_help_says_what_mends_it_and_how(report: Report, context: OutputContext) -> None:
    text = render("text", report, replace(context, width=160))
    assert "help: pin the tag (`--fix` does it); run `opslint explain mutable-image-tag`" in text
    assert "help: keep backups for 30 days (`--fix --unsafe-fixes` does it); run" in text
    assert "help: add a PodDisruptionBudget; run `opslint explain missing-pdb`" in text
    assert "help: run `opslint explain missing-memory-limit`" in text


def test_many_related_places_are_cut_unless_verbose(report: Report, context: OutputContext) -> None:
    source = Source("k8s/a.yaml", "a: 1\n" * 9)
    related = tuple((f"place {line}", Location(source, Span(line, 1, line, 2))) for line in range(1, 8))
    many = report._replace(findings=(replace(report.findings[1], related=related),))
    short = render("text", many, context)
    assert "place 3" in short
    assert "place 4" not in short
    assert "... and 4 more places (--verbose lists them)" in short
    assert "place 7" in render("text", many, replace(context, verbose=True))


def test_suppressed_findings_say_why(report: Report, context: OutputContext) -> None:
    shown = render("text", report, replace(context, show_suppressed=True, width=160))
    assert "(suppressed by comment: rebuilt every night)" in shown
    assert "--show-suppressed" not in shown
    hidden = render("text", report, replace(context, width=160))
    assert "no-deletion-protection" not in hidden
    assert "1 suppressed (--show-suppressed)" in hidden


def test_quiet_leaves_out_the_summary_but_not_what_could_not_be_read(report: Report, context: OutputContext) -> None:
    text = render("text", report, replace(context, quiet=True))
    assert "Read  " not in text
    assert "Found  " not in text
    assert "charts/broken/templates/job.yaml:7: function" in text


def test_many_errors_and_notices_are_cut_unless_verbose(report: Report, context: OutputContext) -> None:
    failures = tuple(Failure("a.yaml", line, f"error {line}.", "yaml") for line in range(1, 31))
    coverage = replace(report.coverage, notices=[Notice("", 0, f"notice {line}.") for line in range(1, 9)])
    many = report._replace(failures=failures, coverage=coverage)
    short = render("text", many, context)
    assert "error 20." in short
    assert "error 21." not in short
    assert "and 10 more (--verbose lists them)" in short
    assert "notice 6." not in short
    assert "and 3 more (--verbose lists them)" in short
    long = render("text", many, replace(context, verbose=True))
    assert "error 30." in long
    assert "notice 8." in long


def test_nothing_found_is_good_only_when_everything_was_read(
    empty: Report, report: Report, context: OutputContext
) -> None:
    assert render("text", empty, context).endswith("Found     no problems\n")
    unread = render("text", empty._replace(failures=report.failures), context)
    assert "Found     nothing\n" in unread
    assert "no problems" not in unread


def test_hidden_findings_are_counted_with_their_reasons(report: Report, context: OutputContext) -> None:
    text = render("text", report._replace(hidden=Hidden(1, 0, 0, 1_200)), replace(context, width=160))
    assert "Hidden    1 only in non-production, 1,200 in the baseline\n" in text
    assert "Hidden" not in render("text", report._replace(hidden=Hidden()), context)


def test_concise_is_one_line_a_finding(report: Report, context: OutputContext) -> None:
    lines = render("concise", report, context).splitlines()
    assert lines[2] == (
        "charts/myshop-api/values-prod.yaml:4:8: high mutable-image-tag The tag "
        '"latest" may name another image tomorrow'
    )
    assert len(lines) == len(report.findings) + 1
    assert lines[-1] == (
        "Found 6 problems (1 critical, 2 high, 1 medium, 1 low, 1 info), 2 fixable; incomplete: 2 errors; "
        "judged for Kubernetes 1.31 by infra/prod.tfvars:1, 1.34 by the newest EKS version known"
    )
    assert len(render("concise", report, replace(context, quiet=True)).splitlines()) == len(report.findings)


def test_github_refuses_columns_of_several_lines(report: Report, context: OutputContext) -> None:
    source = Source("a.yaml", "a:\n  b: 1\n")
    finding = replace(report.findings[1], location=Location(source, Span(1, 1, 2, 7)), confidence=Confidence.BLOCK)
    text = render("github", report._replace(findings=(finding,)), context)
    assert "::error file=a.yaml,line=1,endLine=2,title=missing-memory-limit (high)::" in text


def test_gitlab_fingerprints_are_unique(report: Report, context: OutputContext) -> None:
    import json

    twice = report._replace(findings=(report.findings[0], report.findings[0]))
    prints = [issue["fingerprint"] for issue in json.loads(render("gitlab", twice, context))]
    assert len(prints) == len(set(prints)) == 4


@pytest.mark.parametrize(
    ("number", "noun", "text"), [(0, "file", "0 files"), (1, "branch", "1 branch"), (1_000, "branch", "1,000 branches")]
)
def test_plural(number: int, noun: str, text: str) -> None:
    assert plural(number, noun) == text


def test_areas_are_ordered_by_number(report: Report) -> None:
    assert by_area(report.findings) == {"reliability": 2, "security": 2, "backup": 1, "hygiene": 1}


def test_resource_names(report: Report) -> None:
    assert resource_name(report.findings[0].resource) == "Deployment/myshop/myshop-api"
    assert resource_name(report.findings[5].resource) == "aws_db_instance.orders"
    assert resource_name(report.findings[4].resource) == ""


def test_code_in_backticks_is_not_broken() -> None:
    lines = wrap([("please run `opslint explain missing-pdb` now", "")], 24, "  ")
    assert [paint(line, color=False) for line in lines] == ["please run", "  `opslint explain missing-pdb`", "  now"]


def test_wide_text_is_wrapped_by_its_columns() -> None:
    lines = wrap([("최신 최신 최신 최신", "")], 10, " ")
    assert [paint(line, color=False) for line in lines] == ["최신 최신", " 최신 최신"]


def test_every_severity_has_a_color() -> None:
    assert all(paint([("x", str(severity))], color=True) != "x" for severity in Severity)
