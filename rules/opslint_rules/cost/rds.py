"""Databases that cost more than they have to."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    lifecycle,
    may_refer_to,
    name_of,
    regex,
    resource,
    rule,
    set_argument,
)

_DISABLED = "open-source-rds-extended-support-disabled"
_INSIGHTS: Final = "performance_insights_enabled"
# Engines and classes without Database Insights. Sources: RDS and Aurora user guides, "DB engine, Region, and instance
# class support for Database Insights".
_NONE: Final = ("db2-", "custom-")
_TOO_SMALL: Final = {
    "mysql": regex(r"db\.t(?:2|3|4g)\.(?:micro|small)"),
    "mariadb": regex(r"db\.t(?:2|3|4g)\.(?:micro|small)"),
    "aurora-mysql": regex(r"db\.(?:t[23]\..+|t4g\.(?:micro|small))"),
    "aurora": regex(r"db\.(?:t[23]\..+|t4g\.(?:micro|small))"),
}


@rule(
    each=resource("aws_db_instance", "aws_rds_cluster"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    options={"days": "warning window before the end of standard support"},
)
def rds_extended_support(item: Block, project: Project, *, days: int = 90) -> Problems:
    """The database engine version is in, or about to enter, paid extended support.

    After standard support RDS charges for every vCPU of the instance and hour, more than many instances cost
    themselves, and the charge rises in the third year. Databases enter it without asking: `engine_lifecycle_support`
    defaults to extended support. Disabled, RDS upgrades the engine by force instead, in a maintenance window of its
    choice.

    Engines and versions that are not in the bundled table pass. Leave it when the upgrade is planned.

    ```hcl bad as-of=2026-11-22
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      engine_version = "13.15"  # <- standard support ended on 2026-02-28
      instance_class = "db.m7g.large"
    }
    ```

    ```hcl good as-of=2026-11-22
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      engine_version = "17.4"
      instance_class = "db.m7g.large"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    version = item["engine_version"]
    if not version.present:
        return
    row = lifecycle.rds(item["engine"].text, version.text)
    if row is None or (row.standard_end - project.as_of).days > days:
        return
    hedge = f" ({row.unverified})" if row.hedged else ""
    verb = "ended" if row.standard_end < project.as_of else "ends"
    subject = f"standard support of {row.engine} {row.major} {verb} on {row.standard_end}{hedge}"
    policy = item["engine_lifecycle_support"]
    if row.engine == "mariadb":
        consequence = f"RDS upgrades database {name_of(item)} by force: there is no extended support"
    elif policy.text == _DISABLED:
        consequence = f"RDS upgrades database {name_of(item)} by force (engine_lifecycle_support is off)"
    elif row.extended_end is not None and row.extended_end < project.as_of:
        consequence = (
            f"extended support ended on {row.extended_end} too, RDS upgrades database {name_of(item)} by force"
        )
    elif verb == "ended":
        consequence = f"database {name_of(item)} is billed extended support for every vCPU"
    else:
        consequence = f"database {name_of(item)} is billed extended support for every vCPU from then on"
    yield Problem(f"{subject}: {consequence}", version)


@rule(
    each=resource("aws_db_instance", "aws_rds_cluster_instance", "aws_rds_cluster"),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_353"], "trivy": ["AVD-AWS-0133"]},
    related={"checkov": ["CKV_AWS_118"]},
    fixable="safe",
    prod_only=True,
    options={
        "enhanced_monitoring": "also require monitoring_interval > 0",
        "skip_replicas": "do not ask it of read replicas",
    },
)
def rds_no_insights(
    item: Block, project: Project, *, enhanced_monitoring: bool = False, skip_replicas: bool = True
) -> Problems:
    """The database collects no load data, so right-sizing is guesswork.

    CPU and memory say that a database is busy, not with what. Performance Insights samples what sessions wait for and
    which statement they run; without it nobody can tell whether a smaller class would do, or a missing index is the
    reason for the larger one. Seven days of history are free. The same switch feeds CloudWatch Database Insights, which
    took the console's place in 2026.

    `performance_insights_enabled` defaults to false in the provider and in the rds modules. Instances of Aurora count
    one by one unless their cluster has the switch, Multi-AZ clusters as a whole. Engines and small classes that do
    not support it pass. With `enhanced_monitoring` the metrics of the operating system are asked for too, whose
    `monitoring_interval` defaults to 0, which is off. Leave it where another tool samples the database.

    ```hcl bad
    resource "aws_db_instance" "orders" {  # <-
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m7g.large"
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier                   = "orders"
      engine                       = "postgres"
      instance_class               = "db.m7g.large"
      performance_insights_enabled = true
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier                   = "orders"
      engine                       = "postgres"
      instance_class               = "db.m7g.large"
      performance_insights_enabled = true
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.html>,
    <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    if item.type == "aws_rds_cluster" and not item["db_cluster_instance_class"].present:
        return
    if skip_replicas and (item["replicate_source_db"].present or item["replication_source_identifier"].present):
        return
    what = "database cluster" if item.type == "aws_rds_cluster" else "database"
    if _is_supported(item) and not item[_INSIGHTS].is_true and not _of_cluster(item, project):
        switch = item[_INSIGHTS]
        why = f"{_INSIGHTS} is {'false' if switch.present else 'not set, which means false'}"
        yield Problem(f"{what} {name_of(item)} collects no load data: {why}", switch, fix=_insights_fix(item))
    interval = item["monitoring_interval"]
    if enhanced_monitoring and not interval.number:
        yield Problem(f"{what} {name_of(item)} has no enhanced monitoring: monitoring_interval is 0", interval)


def _is_supported(item: Block) -> bool:
    engine = item["engine"].text
    small = _TOO_SMALL.get(engine)
    return not engine.startswith(_NONE) and (small is None or small.fullmatch(item["instance_class"].text) is None)


def _of_cluster(item: Block, project: Project) -> bool:
    """True for an instance of a cluster that has, or may have, the switch for all of its instances."""
    if item.type != "aws_rds_cluster_instance" or item.virtual:
        return False
    clusters = beside(item, project, "aws_rds_cluster")
    mine = [one for one in clusters if may_refer_to(item["cluster_identifier"], one, clusters)]
    return any(not one[_INSIGHTS].known or one[_INSIGHTS].is_true for one in mine)


def _insights_fix(item: Block) -> Fix:
    # The input of the rds-aurora module has another name in each of its majors.
    if item.virtual and item.type != "aws_db_instance":
        return Fix(f"set {_INSIGHTS} = true", (), Safety.SHOWN)
    return set_argument(item, _INSIGHTS, "true", Safety.SAFE)
