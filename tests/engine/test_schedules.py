"""Cron expressions and Go durations."""

import pytest

from opslint.engine.schedules import cron_fields, duration_seconds, longest_gap_hours


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1h30m", 5400),
        ("720h0m0s", 2592000),
        ("1.5h", 5400),
        ("100ms", 0.1),
        ("0", 0),
        ("-5m", -300),
        ("", None),
        ("5", None),
        ("5d", None),
        ("Never", None),
        ("1h x", None),
        ("h", None),
    ],
)
def test_duration(text, seconds):
    assert duration_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "0 2 * * *",
        "*/15 * * * *",
        "0 2 1,15 * MON-FRI",
        "@daily",
        "TZ=Asia/Seoul 0 2 * * *",
        "0 0 ? jan 0",
        "5/10 * * * *",
    ],
)
def test_what_cron_parses(text):
    assert cron_fields(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 2 * *",
        "0 2 * * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 7",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "daily",
        "@often",
        "1- * * * *",
        "0 0 * * mo",
        "² * * * *",
        "*/² * * * *",
        ", * * * *",
    ],
)
def test_what_cron_refuses(text):
    assert cron_fields(text) is None
    assert longest_gap_hours(text) is None


def test_fields():
    minutes, hours, days, months, weekdays = cron_fields("*/20 1-3 1 feb,MAR 0")
    assert (minutes, hours, days) == ({0, 20, 40}, {1, 2, 3}, {1})
    assert (months, weekdays) == ({2, 3}, {0})


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("0 2 * * *", 24),
        ("0 */6 * * *", 6),
        ("0 2,20 * * *", 18),
        ("*/30 * * * *", 0.5),
        ("0 2 * * 0", 168),
        ("0 2 * * 1-5", 72),
        ("0 2 1 * *", 31 * 24),
        ("0 2 1 * 1", 168),
        ("@every 12h", 12),
        ("@every 0s", None),
        ("@yearly", 365 * 24),
    ],
)
def test_longest_gap(text, hours):
    assert longest_gap_hours(text) == hours
