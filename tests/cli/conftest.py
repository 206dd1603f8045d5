"""An engine that answers at once, so that these tests are about the command line only."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from opslint.cli.streams import choose_color
from opslint.engine.packs import Pack
from opslint.engine.rule import rule, workload
from opslint.model.finding import Finding, Severity
from opslint.model.report import Coverage, Failure, Hidden, Notice, Report
from opslint.model.source import Confidence, Location, Source, Span


def make_rules():
    @rule(
        each=workload("Deployment"),
        severity=Severity.MEDIUM,
        preset="recommended",
        aliases={"kyverno": ["require-pdb"], "checkov": ["CKV_X_1"]},
        related={"polaris": ["missingPodDisruptionBudget"]},
        cis=["EKS 1.8.0 4.2.1"],
        options={"min_replicas": "least replicas that need a budget", "names": "some | names"},
    )
    def missing_pdb(item, project, *, min_replicas: int = 2, names: tuple[str, ...] | None = None):
        """A workload with several replicas has no budget.

        During an upgrade every node is drained.
        """
        yield from ()

    @rule(each=workload(), severity=Severity.LOW, preset="strict")
    def gp2_storage(item, project):
        """A volume is of the type gp2 | gp1."""
        yield from ()

    @rule(each=workload(), severity=Severity.INFO, preset="opt-in")
    def missing_cpu_limit(item, project):
        """A container has no CPU limit."""
        yield from ()

    return missing_pdb, gp2_storage, missing_cpu_limit


def make_report(*severities, failures=(), notices=()):
    """Return a report with one finding a severity."""
    source = Source("k8s/a.yaml", "kind: Deployment\n")
    findings = tuple(
        Finding(
            f"rule-{number}",
            "security",
            Severity(severity),
            f"message {number}",
            Location(source, Span(1, 1, 1, 5)),
            Confidence.EXACT,
        )
        for number, severity in enumerate(severities)
    )
    return Report(
        findings=findings,
        suppressed=(),
        failures=tuple(Failure(*failure) for failure in failures),
        coverage=Coverage(notices=[Notice(*notice) for notice in notices]),
        targets=(),
        hidden=Hidden(),
        files=1,
        resources=1,
        rules={},
    )


class Engine:
    """Stands for `opslint.engine.run`: keeps what it was called with, and answers with `report` or `error`."""

    def __init__(self):
        self.report = make_report()
        self.error = None
        self.calls = 0

    def lint(self, paths, settings, packs, stdin=None, progress=None):
        self.calls += 1
        self.paths, self.settings, self.packs, self.stdin, self.progress = list(paths), settings, packs, stdin, progress
        if self.error is not None:
            raise self.error
        return self.report


@pytest.fixture
def engine(monkeypatch):
    fake = Engine()
    module = ModuleType("opslint.engine.run")
    module.lint = fake.lint
    monkeypatch.setitem(sys.modules, "opslint.engine.run", module)
    return fake


@pytest.fixture
def packs(monkeypatch):
    pack = Pack("test", tuple(sorted(make_rules(), key=lambda one: one.id)))
    monkeypatch.setattr("opslint.engine.packs.load_packs", lambda rules_from=(): [pack])
    return pack


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty repository as the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in ("NO_COLOR", "FORCE_COLOR", "OPSLINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def report_of():
    return make_report


@pytest.fixture(autouse=True)
def plain_color():
    yield
    choose_color("auto")


@pytest.fixture
def cli(engine, packs, folder, capsys):
    """Run the command line in this process: `cli(*arguments) -> (status, stdout, stderr)`."""
    from opslint.cli.main import main

    def run(*arguments):
        status = main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
