"""What holds for every format."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from opslint.model.records import replace
from opslint.output import FORMATS, OutputContext, render, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from opslint.model.report import Report

SUFFIXES = {"json": "json", "sarif": "sarif", "junit": "xml", "gitlab": "json", "markdown": "md", "csv": "csv"}
SECRET = "hunter2"


@pytest.mark.parametrize("format_", FORMATS)
def test_the_format_is_as_it_was(
    format_: str, report: Report, context: OutputContext, golden: Callable[[str, str], None]
) -> None:
    golden(f"{format_}/sample.{SUFFIXES.get(format_, 'txt')}", render(format_, report, context))


@pytest.mark.parametrize("format_", FORMATS)
def test_the_format_with_everything_shown_is_as_it_was(
    format_: str, report: Report, context: OutputContext, golden: Callable[[str, str], None]
) -> None:
    everything = replace(context, show_suppressed=True, verbose=True, width=160)
    golden(f"{format_}/everything.{SUFFIXES.get(format_, 'txt')}", render(format_, report, everything))


@pytest.mark.parametrize("format_", FORMATS)
def test_a_run_without_findings_is_as_it_was(
    format_: str, empty: Report, context: OutputContext, golden: Callable[[str, str], None]
) -> None:
    golden(f"{format_}/empty.{SUFFIXES.get(format_, 'txt')}", render(format_, empty, context))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("width", [0, 40, 80])
def test_hostile_names_do_nothing(format_: str, width: int, hostile: Report, context: OutputContext) -> None:
    shown = replace(context, show_suppressed=True, verbose=True, width=width)
    text = render(format_, hostile, shown)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\ud800-\udfff\U000e0041]", text)
    assert not re.search(r"##(\[|vso\[)", text)
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    if format_ == "github":
        # Two findings, an error and a notice: no message has made a command of its own, or a property.
        assert len(commands) == 4
        for command in commands:
            head = command[2:].partition("::")[0]
            kind, _, properties = head.partition(" ")
            assert kind in {"error", "warning", "notice"}
            names = [item.partition("=")[0] for item in properties.split(",")]
            assert set(names) <= {"file", "line", "endLine", "col", "endColumn", "title"}
    else:
        assert commands == []


def test_hostile_names_stay_text_in_their_format(hostile: Report, context: OutputContext) -> None:
    shown = replace(context, show_suppressed=True)
    cells = [cell for row in csv.reader(io.StringIO(render("csv", hostile, shown))) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    suites = ET.fromstring(render("junit", hostile, shown))
    assert len(suites.findall("testsuite/testcase")) == 3
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert "</failure><script>alert(1)</script>" in failure.attrib["message"]
    assert not list(failure)
    found = json.loads(render("json", hostile, shown))["findings"]
    assert "\x1b[31m" in found[1]["message"]  # JSON keeps the text: its escapes harm nobody
    found[1]["message"].encode()  # no lone surrogate is left
    markdown = render("markdown", hostile, shown)
    assert not re.search(r"<script|\]\(|!\[|@everyone|#1\b|://|`code`|www\.", markdown)
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {5}


def test_text_in_color_lets_no_other_escape_through(hostile: Report, context: OutputContext) -> None:
    text = render("text", hostile, replace(context, color=True, show_suppressed=True, verbose=True))
    rest = re.sub(r"\x1b\[(0|1|2|3[1-6]|1;3[1-6])m", "", text)
    assert "\x1b" not in rest
    assert rest == render("text", hostile, replace(context, show_suppressed=True, verbose=True))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("width", [0, 80])
def test_a_secret_is_in_no_format(format_: str, width: int, report: Report, context: OutputContext) -> None:
    shown = replace(context, width=width, show_suppressed=True, verbose=True)
    text = render(format_, report, shown)
    assert SECRET not in text
    assert "swordfish" not in text


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_report_gives_the_same_text(format_: str, report: Report, context: OutputContext) -> None:
    assert render(format_, report, context) == render(format_, report, context)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_stream_of_any_encoding_can_be_written(
    format_: str, encoding: str, hostile: Report, context: OutputContext
) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, newline="\n")
    write(format_, hostile, stream, context)
    stream.flush()
    assert buffer.getvalue()


def test_a_string_stream_gets_the_text_as_it_is(report: Report, context: OutputContext) -> None:
    stream = io.StringIO()
    write("text", report, stream, context)
    assert stream.getvalue() == render("text", report, context)
    assert "최신" in stream.getvalue()


def test_an_unknown_format_is_a_key_error(report: Report, context: OutputContext) -> None:
    with pytest.raises(KeyError):
        render("yaml", report, context)


def test_a_format_imports_no_other_and_nothing_heavy() -> None:
    code = (
        "import sys, opslint.output as o\n"
        "assert not [m for m in sys.modules if m.startswith('opslint.output.') and m != 'opslint.output.context']\n"
        "import opslint.output.terminal\n"
        "assert 'rich' not in sys.modules and 'json' not in sys.modules\n"
        "assert 'opslint.output.sarif' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("format_", [one for one in FORMATS if one != "gitlab"])  # its format has no place for it
@pytest.mark.parametrize("found", [True, False])
def test_what_was_judged_against_and_what_named_it_is_said(
    format_: str, found: bool, report: Report, context: OutputContext
) -> None:
    given = report if found else report._replace(findings=())
    text = render(format_, given, context)
    if format_ == "csv" and not found:  # rows of findings only
        return
    said = ("infra/prod.tfvars", "1.31") if format_ == "json" else ("1.31 by infra/prod.tfvars:1",)
    if format_ == "text":
        said = ("Kubernetes 1.31 by infra/prod.tfvars:1",)
    assert all(one in text for one in said)
