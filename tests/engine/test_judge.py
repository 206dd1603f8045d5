"""The engine: unknown values make a rule silent, alternatives are tried, a crash is an error and the rest goes on."""

from opslint.api import STRICT, Problem, Severity, any_of, kind, project, resource, root_module, rule, workload
from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 3}
"""


@rule(each=workload("Deployment"), severity=Severity.LOW, preset=STRICT)
def every_deployment(item, project):
    """Each one."""
    yield Problem(f"{item.name} is here", item.spec["replicas"])


@rule(each=workload("Deployment"), severity=Severity.LOW, preset=STRICT)
def crashing(item, project):
    """Each one."""
    yield Problem("lost", item.root)
    raise ValueError("no [luck]")


@rule(each=resource("aws_db_instance"), severity=Severity.HIGH, preset=STRICT)
def short_retention(item, project):
    """Each one."""
    if item["backup_retention_period"].number == 0:
        yield Problem("off", item["backup_retention_period"])


def test_a_crash_names_the_rule_and_the_object_and_the_others_go_on(lint_files):
    report = lint_files({"a.yaml": DEPLOYMENT}, [crashing, every_deployment])
    assert [finding.rule_id for finding in report.findings] == ["every-deployment"]
    (failure,) = report.failures
    assert (failure.path, failure.line, failure.kind) == ("a.yaml", 1, "rule")
    assert "crashing" in failure.message
    assert "Deployment/web" in failure.message
    assert "no [luck]" in failure.message


def test_an_unknown_value_is_counted_not_reported(lint_files):
    text = 'variable "days" {}\nresource "aws_db_instance" "a" { backup_retention_period = var.days }\n'
    report = lint_files({"main.tf": text}, [short_retention])
    assert report.findings == ()
    assert report.coverage.silent_for_unknown == {"short-retention": 1}


def test_alternatives_are_reported_only_when_all_are_bad(lint_files):
    text = 'variable "prod" {}\nresource "aws_db_instance" "a" { backup_retention_period = var.prod ? %s : 0 }\n'
    assert len(lint_files({"main.tf": text % "0"}, [short_retention]).findings) == 1
    report = lint_files({"main.tf": text % "7"}, [short_retention])
    assert report.findings == ()


@rule(each=resource("aws_x"), severity=Severity.LOW, preset=STRICT)
def unlimited(item, project):
    """Each one without limits, or with high ones."""
    limits = item.body.one("limits")
    if not limits.present or limits["most"].number > 9:
        yield Problem("no limit", item.body["name"])


def test_an_undecided_block_is_tried_as_absent_too(lint_files):
    text = """
variable "limit" {}
resource "aws_x" "a" {
  name = "a"
  dynamic "limits" {
    for_each = var.limit
    content {
      most = %s
    }
  }
}
"""
    report = lint_files({"main.tf": text % 10}, [unlimited])
    assert [finding.message for finding in report.findings] == ["no limit"]
    report = lint_files({"main.tf": text % 9}, [unlimited])
    assert (report.findings, report.coverage.silent_for_unknown) == ((), {})


def test_prod_only_rules_are_counted_elsewhere(lint_files):
    @rule(each=workload("Deployment"), severity=Severity.LOW, preset=STRICT, prod_only=True)
    def only_prod(item, project):
        """Each one."""
        yield Problem("here", item.root)

    text = DEPLOYMENT.replace("{name: web}", "{name: web, namespace: shop-dev}")
    report = lint_files({"a.yaml": text}, [only_prod])
    assert report.findings == ()
    assert report.hidden.nonprod == 1
    report = lint_files({"a.yaml": text}, [only_prod], rules={"only-prod": {"include_nonprod": True}})
    assert len(report.findings) == 1


def test_test_hooks_and_system_namespaces_are_left_out(lint_files):
    hook = DEPLOYMENT.replace("{name: web}", '{name: web, annotations: {helm.sh/hook: "test"}}')
    system = DEPLOYMENT.replace("{name: web}", "{name: web, namespace: kube-system}")
    assert lint_files({"a.yaml": hook}, [every_deployment]).findings == ()
    assert lint_files({"a.yaml": system}, [every_deployment]).findings == ()
    own = DEPLOYMENT.replace("{name: web}", "{name: web, namespace: ops}")
    assert lint_files({"a.yaml": own}, [every_deployment], system_namespaces=("ops",)).findings == ()


def test_two_problems_at_one_place_stay_two(lint_files):
    @rule(each=kind("Deployment"), severity=Severity.LOW, preset=STRICT)
    def twice(item, project):
        """Each one."""
        yield Problem("one", item.root)
        yield Problem("two", item.root)

    report = lint_files({"a.yaml": DEPLOYMENT}, [twice])
    assert sorted(finding.message for finding in report.findings) == ["one", "two"]
    assert len({finding.fingerprint for finding in report.findings}) == 2


def test_the_same_words_at_one_place_are_said_once(lint_files):
    @rule(each=project(), severity=Severity.LOW, preset=STRICT)
    def once_an_environment(item, project):
        """Each volume, in whichever environment it stands."""
        for block in item.resources("aws_ebs_volume"):
            yield Problem("small", block["size"])
            yield Problem("slow", block["size"])

    files = {
        "main.tf": 'variable "zone" {}\nresource "aws_ebs_volume" "data" {\n  size = 1\n}\n',
        "dev.tfvars": 'zone = "a"\n',
        "prod.tfvars": 'zone = "b"\n',
    }
    report = lint_files(files, [once_an_environment])
    assert sorted(finding.message for finding in report.findings) == ["slow", "small"]
    assert {finding.location.span.line for finding in report.findings} == {3}


def test_severity_may_only_fall(lint_files):
    @rule(each=project(), severity=Severity.LOW, preset=STRICT)
    def louder(item, project):
        """Once."""
        for one in item.of_kind("Deployment"):
            yield Problem("a", one.root, severity=Severity.CRITICAL)
            yield Problem("b", one.spec, severity=Severity.INFO)

    report = lint_files({"a.yaml": DEPLOYMENT}, [louder])
    assert [(finding.message, finding.severity) for finding in report.findings] == [("a", "low"), ("b", "info")]


def test_a_rule_may_judge_manifests_and_terraform(lint_files):
    @rule(each=any_of(resource("aws_ebs_volume"), kind("StorageClass")), severity=Severity.LOW, preset=STRICT)
    def either(item, project):
        """Each of both."""
        yield Problem("here", item.root if hasattr(item, "kind") else item.header)

    files = {
        "a.tf": 'resource "aws_ebs_volume" "data" {}\n',
        "a.yaml": "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: x\n",
    }
    report = lint_files(files, [either])
    assert [finding.location.source.path for finding in report.findings] == ["a.tf", "a.yaml"]
    assert either.applies_to == "both"


def test_a_rule_for_several_items_of_one_side_is_for_that_side():
    @rule(each=any_of(resource("aws_x"), root_module()), severity=Severity.LOW, preset=STRICT)
    def terraform_only(item, project):
        """Each of both."""
        yield from ()

    assert terraform_only.applies_to == "terraform"


@rule(each=resource("aws_x"), severity=Severity.LOW, preset=STRICT)
def first_and_second(item, project):
    """Both arguments are bad."""
    if item["first"].number == 0:
        yield Problem("first is 0", item["first"])
    if item["second"].number == 0:
        yield Problem("second is 0", item["second"])


TWO = 'variable "x" {}\nresource "aws_x" "a" {\n  first  = %s\n  second = %s\n}\n'


def test_what_was_said_before_an_unknown_value_is_kept_and_the_silence_counted(lint_files):
    report = lint_files({"main.tf": TWO % ("0", "var.x")}, [first_and_second])
    assert [finding.message for finding in report.findings] == ["first is 0"]
    assert report.coverage.silent_for_unknown == {"first-and-second": 1}


def test_what_needs_the_unknown_value_is_not_said(lint_files):
    report = lint_files({"main.tf": TWO % ("var.x", "0")}, [first_and_second])
    assert report.findings == ()
    assert report.coverage.silent_for_unknown == {"first-and-second": 1}


def test_an_unknown_value_under_one_alternative_leaves_what_all_of_them_say(lint_files):
    report = lint_files({"main.tf": TWO % ("var.x ? 0 : 0", "var.x ? 0 : var.x")}, [first_and_second])
    assert [finding.message for finding in report.findings] == ["first is 0"]
    assert report.coverage.silent_for_unknown == {"first-and-second": 1}


def test_too_many_alternatives_leave_what_was_said_before_them(lint_files):
    many = "".join(f"var.x == {one} ? {one} : " for one in range(9)) + "0"
    report = lint_files({"main.tf": TWO % ("0", many)}, [first_and_second])
    assert [finding.message for finding in report.findings] == ["first is 0"]
    assert report.coverage.silent_for_unknown == {"first-and-second": 1}
    (notice,) = report.coverage.notices
    assert "readings of undecided values" in notice.message


def test_each_step_of_a_run_is_told(tmp_path):
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", encoding="utf-8")
    (tmp_path / "a.tf").write_text('resource "aws_s3_bucket" "b" {}\n', encoding="utf-8")
    steps: list[tuple[str, int, int]] = []
    packs = load_packs()
    settings = Settings(root=str(tmp_path), select=("duplicate-key", "invalid-manifest"))
    lint([str(tmp_path)], settings, packs, None, lambda *step: steps.append(step))
    assert steps == [
        ("reading manifests", 0, 1),
        ("reading Terraform", 0, 0),
        ("judging", 0, 2),
        ("judging", 1, 2),
        ("making the report", 0, 0),
    ]
