"""What is said of charts of every sort: template line, values key, environments, call sites, as people read them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("one_engine")

ROOT = Path(__file__).parents[2]
RULES = "missing-memory-limit,mutable-image-tag,privileged-container,host-namespace"
CHARTS = ("environments", "helpers", "library", "ranges", "subcharts", "tpl")


@pytest.mark.parametrize("chart", CHARTS)
def test_what_is_said_of_a_chart(run_in_repository, golden, chart):
    options = ("-k", "1.34", "--as-of", "2026-11-22", "--select", RULES, "--include-vendored", "--no-cache")
    status, output = run_in_repository(f"tests/charts/{chart}", *options)
    assert status == 1
    golden(f"charts/{chart}.txt", output)


@pytest.mark.parametrize("chart", [*CHARTS[1:], "environments dev", "environments prod"])
def test_where_each_line_comes_from(run_in_repository, golden, chart):
    name, _, environment = chart.partition(" ")
    options = ("--env", environment) if environment else ()
    status, output = run_in_repository("render", f"tests/charts/{name}", "--map", "-k", "1.34", "--no-cache", *options)
    assert status == 0
    golden(f"charts/{chart.replace(' ', '-')}.map", output)
