"""The progress bar: only on a terminal, only when people wait."""

import io
import sys

import pytest

from opslint.cli import progress
from opslint.cli.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def run(stream, clock, seconds, monkeypatch, *, enabled=True):
    monkeypatch.setattr(sys, "stderr", stream)
    with ProgressBar(enabled=enabled) as bar:
        bar("reading [red]\x07", 1, 10)
        clock[0] += seconds
        bar("reading [red]\x07", 2, 10)
        clock[0] += 0.25
        bar("judging", 0, 0)
    return bar, stream.getvalue()


def test_shown_when_it_takes_long(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    shown = run(Terminal(), clock, 1.5, monkeypatch)[1]
    assert "reading [red]\u2407" in shown
    assert "\x07" not in shown


@pytest.mark.parametrize(
    ("stream", "seconds", "enabled"), [(Terminal, 0.5, True), (io.StringIO, 5.0, True), (Terminal, 5.0, False)]
)
def test_not_shown_otherwise(clock, monkeypatch, stream, seconds, enabled):
    assert run(stream(), clock, seconds, monkeypatch, enabled=enabled)[1] == ""


def test_keeps_the_time_of_each_step(clock, monkeypatch):
    bar = run(io.StringIO(), clock, 2.0, monkeypatch)[0]
    assert bar.seconds == {"reading [red]\x07": 2.25, "judging": 0.0}
