"""Reports built by hand, which every format's tests write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opslint.model.finding import Edit, Finding, PlannedFix, Resource, Safety, Severity, Suppressed
from opslint.model.project import Target
from opslint.model.report import Coverage, Failure, Hidden, Notice, Report, RuleInfo
from opslint.model.source import Confidence, Location, Source, Span
from opslint.output import OutputContext

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parents[1] / "golden"

TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "api.fullname" . }}
spec:
  template:
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          {{- with .Values.resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
          env:
            - name: DB_PASSWORD
              value: {{ .Values.database.password | quote }}
"""
VALUES = """\
replicaCount: 3
image:
  repository: 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/myshop-api
  tag: latest  # 최신
database:
  host: db.internal
  password: "hunter2-very-secret"
"""
TERRAFORM = """\
resource "aws_db_instance" "orders" {
  identifier              = "orders"
  engine                  = "postgres"
\tbackup_retention_period = var.retention
  deletion_protection     = false
}
"""
TFVARS = """\
region    = "ap-northeast-2"
retention = 1
"""
PAGE = """\
An image tag that may change gives other Pods other code.

```yaml bad
image: shop:latest  # <-
```
```yaml good
image: shop:1.4.2
```
"""


def place(source: Source, line: int, text: str = "") -> Location:
    """Return the place of a text on a line, of the whole line when none is given."""
    whole = source.line(line)
    if not text:
        return Location(source, Span.of_line(line, whole))
    column = whole.index(text) + 1
    return Location(source, Span(line, column, line, column + len(text)))


def rule(name: str, area: str, severity: str, title: str) -> RuleInfo:
    """Return the description of a rule."""
    return RuleInfo(
        id=name,
        name=title,
        area=area,
        severity=severity,
        applies_to="kubernetes",
        preset="recommended",
        summary_of=lambda: f"{title}.",
        page_of=lambda: PAGE,
        fixable="safe",
        tags=("images", "cis-eks"),
        url=f"https://opslint.dev/rules/{name}",
        aliases={"kube-linter": ["latest-tag"]},
        related={},
    )


def build_report() -> Report:
    """Return a report with one finding of every sort."""
    template = Source("charts/myshop-api/templates/deployment.yaml", TEMPLATE, "template")
    values = Source("charts/myshop-api/values-prod.yaml", VALUES, "values")
    terraform = Source("infra/rds.tf", TERRAFORM, "hcl")
    tfvars = Source("infra/prod.tfvars", TFVARS, "hcl")
    rendered = Source("charts/myshop-api/templates/deployment.yaml", "kind: Deployment\n", "rendered")
    web = Resource("Deployment", "myshop", "myshop-api", "apps/v1")
    findings = (
        Finding(
            "missing-pdb",
            "reliability",
            Severity.MEDIUM,
            'Deployment "myshop-api" runs 3 replicas and no PodDisruptionBudget limits how many a node drain evicts at '
            "once",
            place(template, 1),
            Confidence.BLOCK,
            rendered=place(rendered, 1),
            resource=web,
            environments=(("prod", Severity.MEDIUM), ("dev", Severity.LOW)),
            targets=("prod",),
            unit="charts/myshop-api@prod",
            fix=PlannedFix("add a PodDisruptionBudget", Safety.SHOWN),
            fingerprint="5a0c0f9b8a01",
        ),
        Finding(
            "missing-memory-limit",
            "reliability",
            Severity.HIGH,
            'Container "web" has no memory limit',
            place(template, 12, "resources"),
            Confidence.EXACT,
            resource=web,
            field_path="spec.template.spec.containers[name=web].resources",
            environments=(("prod", Severity.HIGH),),
            fingerprint="5a0c0f9b8a02",
        ),
        Finding(
            "mutable-image-tag",
            "security",
            Severity.HIGH,
            'The tag "latest" may name another image tomorrow',
            place(values, 4, "latest"),
            Confidence.EXACT,
            resource=web,
            field_path="spec.template.spec.containers[name=web].image",
            related=(("used here", place(template, 10, ".Values.image.tag")),),
            environments=(("prod", Severity.HIGH), ("staging", Severity.HIGH)),
            targets=("prod",),
            fix=PlannedFix("pin the tag", Safety.SAFE, (Edit(values.path, Span(4, 8, 4, 14), '"1.4.2"'),)),
            fingerprint="5a0c0f9b8a03",
        ),
        Finding(
            "secret-in-values",
            "security",
            Severity.CRITICAL,
            "A password stands in a values file",
            place(values, 7, '"hunter2-very-secret"'),
            Confidence.EXACT,
            resource=web,
            related=(("used here", place(template, 16, ".Values.database.password")),),
            fingerprint="5a0c0f9b8a04",
            secret=True,
        ),
        Finding(
            "unpinned-dependency",
            "hygiene",
            Severity.INFO,
            "The chart has no lock file",
            Location(Source("charts/redis/Chart.yaml", "name: redis\n"), Span(1, 1, 1, 1)),
            Confidence.FILE,
            fingerprint="5a0c0f9b8a05",
            vendored=True,
        ),
        Finding(
            "short-backup-retention",
            "backup",
            Severity.LOW,
            "Backups of the database are kept for 1 day only",
            place(terraform, 4, "var.retention"),
            Confidence.EXACT,
            resource=Resource(address="aws_db_instance.orders"),
            field_path="backup_retention_period",
            related=(("its value in prod", place(tfvars, 2, "1")), ("the database", place(terraform, 1))),
            environments=(("prod", Severity.LOW),),
            fix=PlannedFix("keep backups for 30 days", Safety.UNSAFE, (Edit(tfvars.path, Span(2, 13, 2, 14), "30"),)),
            fingerprint="5a0c0f9b8a06",
        ),
    )
    suppressed = (
        Finding(
            "no-deletion-protection",
            "backup",
            Severity.MEDIUM,
            "The database can be deleted by one command",
            place(terraform, 5, "false"),
            Confidence.LINE,
            resource=Resource(address="aws_db_instance.orders"),
            fingerprint="5a0c0f9b8a07",
            suppressed=Suppressed("comment", "rebuilt every night"),
        ),
    )
    return Report(
        findings=findings,
        suppressed=suppressed,
        failures=(
            Failure("charts/broken/templates/job.yaml", 7, 'function "lookupp" not defined', "chart"),
            Failure("", 0, "rule missing-pdb failed on Deployment/web: KeyError", "rule"),
        ),
        coverage=Coverage(
            charts_found=3,
            charts_rendered=2,
            branches_unrendered=4,
            manifests_found=12,
            manifests_read=12,
            kustomizations_found=1,
            kustomizations_built=1,
            terraform_files=9,
            modules=2,
            opaque_modules=1,
            unknown_arguments=14,
            rules_run=96,
            silent_for_unknown={"short-backup-retention": 2, "missing-pdb": 1},
            notices=[
                Notice("charts/myshop-api/Chart.yaml", 12, "dependency redis is not vendored; the rest is judged")
            ],
        ),
        targets=(
            (Target("prod", 31, "cluster", place(tfvars, 1)), ("charts/myshop-api@prod", "charts/myshop-api@staging")),
            (Target("newest", 34, "newest"), ("manifests",)),
        ),
        hidden=Hidden(nonprod=3, vendored=10, suppressed=1, baseline=0),
        files=27,
        resources=58,
        rules={
            info.id: info
            for info in (
                rule("missing-pdb", "reliability", "medium", "No PodDisruptionBudget"),
                rule("missing-memory-limit", "reliability", "high", "No memory limit"),
                rule("mutable-image-tag", "security", "high", "A tag that may change"),
                rule("secret-in-values", "security", "critical", "A secret in a values file"),
                rule("unpinned-dependency", "hygiene", "info", "An unpinned dependency"),
                rule("short-backup-retention", "backup", "low", "Backups are kept too short"),
                rule("no-deletion-protection", "backup", "medium", "Deletion is not protected"),
                rule("excess-permissions", "rbac", "medium", "More permissions than needed"),
            )
        },
    )


def build_empty() -> Report:
    """Return the report of a run that found nothing and read everything."""
    return Report((), (), (), Coverage(rules_run=96), (), Hidden(), 3, 5, {})


HOSTILE = (
    "[red]x[/red]\x1b[31m\x9b2J\u202egnp.exe\u200b\r\n::error file=a::owned%0A%25 "
    "</failure><script>alert(1)</script> | `code` ![i](http://evil) [a](javascript:1) @everyone #1 www.evil.com "
    "\x00\x07\udcff\U000e0041 {0} \"'"
)


def build_hostile() -> Report:
    """Return a report in which every text of a repository is hostile."""
    path = "=cmd|' /C calc'!A0/\x1b[2J::error,%0A\u202e\udcff.yaml"
    text = f"# {HOSTILE.splitlines()[0]}\nname: {HOSTILE!s}\n"
    location = Location(Source(path, text), Span(1, 3, 1, 15))
    finding = Finding(
        "hostile-rule",
        "security",
        Severity.HIGH,
        HOSTILE,
        location,
        Confidence.EXACT,
        rendered=location,
        resource=Resource("Deployment", HOSTILE, HOSTILE, "v1"),
        field_path=HOSTILE,
        related=((HOSTILE, location),),
        environments=((HOSTILE, Severity.LOW),),
        targets=(HOSTILE,),
        unit=HOSTILE,
        fix=PlannedFix(HOSTILE, Safety.SAFE, (Edit(path, location.span, HOSTILE),)),
        fingerprint="5a0c0f9b8aff",
    )
    formula = Finding(
        "hostile-rule",
        "security",
        Severity.LOW,
        "=HYPERLINK(1)",
        location,
        Confidence.LINE,
        fingerprint="5a0c0f9b8afe",
        suppressed=Suppressed("comment", HOSTILE),
    )
    return Report(
        findings=(finding,),
        suppressed=(formula,),
        failures=(Failure(path, 3, HOSTILE, "yaml"),),
        coverage=Coverage(notices=[Notice(path, 1, HOSTILE)]),
        targets=((Target("t", 31, "cluster", location), (HOSTILE,)),),
        hidden=Hidden(),
        files=1,
        resources=1,
        rules={},
    )


@pytest.fixture
def report() -> Report:
    """A report with one finding of every sort."""
    return build_report()


@pytest.fixture
def empty() -> Report:
    """The report of a run that found nothing."""
    return build_empty()


@pytest.fixture
def hostile() -> Report:
    """A report in which every text of a repository is hostile."""
    return build_hostile()


@pytest.fixture
def context() -> OutputContext:
    """Everything known, no colours."""
    return OutputContext(
        tool_version="0.1.0",
        data_as_of="2026-11-01",
        root="/src/myshop",
        width=80,
        command_line=(
            "check",
            ".",
            "--helm-set",
            "database.password=swordfish",
            "--tf-var=key=swordfish",
            "-f",
            "sarif",
        ),
        revision="0123456789abcdef0123456789abcdef01234567",
        repository="https://bot:swordfish@github.com/myshop/shop.git",
        branch="main",
    )


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file of tests/golden, or write the file when UPDATE_GOLDEN=1."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode(), f"{name} differs; UPDATE_GOLDEN=1 writes it anew"

    return compare
