"""Databases that could not be brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    RECOMMENDED,
    Block,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    cause_of,
    may_refer_to,
    name_of,
    refers_to,
    resource,
    rule,
    same_run,
    set_argument,
)

if TYPE_CHECKING:
    from opslint.api import Node

_INSTANCE = "aws_db_instance"
_CLUSTERS = ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")
_DATABASES = (_INSTANCE, *_CLUSTERS)
_PROTECTION = {"aws_dynamodb_table": "deletion_protection_enabled", "aws_lb": "enable_deletion_protection"}
_PROTECTED = (*_DATABASES, "aws_rds_global_cluster", "aws_dynamodb_table", "aws_eks_cluster", "aws_lb")
_MOST_DAYS = 35


@rule(
    each=resource(*_DATABASES),
    severity=Severity.CRITICAL,
    preset=RECOMMENDED,
    related={"checkov": ["CKV_AWS_133"], "trivy": ["AVD-AWS-0077"]},
    fixable="unsafe",
    prod_only=True,
    options={"accept_aws_backup": "continuous AWS Backup counts as point-in-time recovery"},
)
def rds_backup_disabled(item: Block, project: Project, *, accept_aws_backup: bool = True) -> Problems:
    """Automated backups, and with them point-in-time recovery, are off for an RDS instance.

    A bad migration or a wrong DELETE is undone by restoring the database to the minute before. That needs automated
    backups: with a retention of 0 there are none, the ones taken so far are deleted with the change, and dumps lose all
    that was written since the last of them.

    An `aws_db_instance` without `backup_retention_period` is created with 0 (the provider sends its default), and so is
    one of the rds module, whose input defaults to null (1 with `blue_green_update`). One that is restored from a
    snapshot or to a point in time keeps what it was restored with, and Aurora, DocumentDB and Neptune clusters
    default to 1 day. Read replicas are left to their source. A continuous AWS Backup plan that selects the instance
    counts as a backup. Leave it for databases that are rebuilt from elsewhere.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier              = "orders"
      engine                  = "postgres"
      instance_class          = "db.m7g.large"
      backup_retention_period = 0  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier              = "orders"
      engine                  = "postgres"
      instance_class          = "db.m7g.large"
      backup_retention_period = 7
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier              = "orders"
      engine                  = "postgres"
      instance_class          = "db.m7g.large"
      backup_retention_period = 14
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    if _is_replica(item):
        return
    retention = item["backup_retention_period"]
    if retention.present:
        if retention.number != 0:
            return
        said = "automated backups are off (backup_retention_period = 0)"
    elif item.type != _INSTANCE or _is_restored(item) or _is_blue_green(item):
        return
    else:
        said = "automated backups are off (backup_retention_period is not set, which means 0)"
    if accept_aws_backup and _has_continuous_backup(item, project):
        return
    yield Problem(
        f"{said}: database {name_of(item)} cannot be restored to a point in time",
        retention,
        fix=set_argument(item, "backup_retention_period", "7", Safety.UNSAFE),
    )


@rule(
    each=resource(*_DATABASES),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    related={"trivy": ["AVD-AWS-0077"], "checkov": ["CKV_AWS_360"]},
    fixable="safe",
    prod_only=True,
    options={"min_days": "days that must be recoverable"},
)
def rds_backup_retention_short(item: Block, project: Project, *, min_days: int = 7) -> Problems:
    """The point-in-time recovery window is shorter than the required number of days.

    Corrupted data is often noticed days later: after a weekend, at the end of the month. Once the window is over, the
    state before is gone. A longer window costs storage only.

    Clusters of Aurora, DocumentDB and Neptune default to 1 day. More than 35 days are refused by RDS and reported too.
    Leave it where AWS Backup or exports keep longer copies.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier              = "orders"
      engine                  = "postgres"
      instance_class          = "db.m7g.large"
      backup_retention_period = 2  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier              = "orders"
      engine                  = "postgres"
      instance_class          = "db.m7g.large"
      backup_retention_period = 7
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier              = "orders"
      engine                  = "postgres"
      instance_class          = "db.m7g.large"
      backup_retention_period = 14
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html>
    and <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/rds_cluster>.
    """
    if _is_replica(item):
        return
    retention = item["backup_retention_period"]
    days = retention.number
    if days is None and not retention.present and item.type != _INSTANCE and not _is_restored(item):
        days = 1
    if days is None or days == 0:
        return
    if days > _MOST_DAYS:
        yield Problem(
            f"backups of database {name_of(item)} are to be kept {days} days, and RDS refuses more than {_MOST_DAYS}",
            retention,
            fix=set_argument(item, "backup_retention_period", str(_MOST_DAYS), Safety.SAFE),
        )
    elif days < min_days:
        default = "" if retention.present else ", the default"
        yield Problem(
            f"database {name_of(item)} can be restored to the last {days} day{'s' if days > 1 else ''} only{default},"
            f" {min_days} are required",
            retention,
            fix=set_argument(item, "backup_retention_period", str(min_days), Safety.SAFE),
        )


@rule(
    each=resource(*_PROTECTED),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={"checkov": ["CKV_AWS_293", "CKV_AWS_139"], "trivy": ["AVD-AWS-0177", "AVD-AWS-0343"]},
    fixable="safe",
    prod_only=True,
    options={"resources": "resource types that must be protected; add aws_dynamodb_table, aws_eks_cluster, aws_lb"},
)
def rds_no_deletion_protection(
    item: Block,
    project: Project,
    *,
    resources: tuple[str, ...] = (*_DATABASES, "aws_rds_global_cluster"),
) -> Problems:
    """The production database can be deleted by one API call or a replacing apply.

    A renamed resource, a changed engine or an apply in the wrong workspace makes Terraform delete the database, and
    its automated backups go with it. With deletion protection AWS refuses, whoever asks, until somebody switches the
    protection off first.

    The argument defaults to false in the provider, in the rds module, and (as null) in the rds-aurora module. Read
    replicas are left alone. Leave it for databases that are thrown away on purpose.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      deletion_protection = false  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      deletion_protection = true
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      deletion_protection = true
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    if item.type not in resources or _is_replica(item):
        return
    key = _PROTECTION.get(item.type, "deletion_protection")
    protection = item[key]
    if protection.is_true:
        return
    what = _NOUNS.get(item.type, "database")
    why = f"{key} is false" if protection.present else f"{key} is not set, which means false"
    yield Problem(
        f"{what} {name_of(item)} can be deleted by one call or a replacing apply: {why}",
        protection,
        fix=set_argument(item, key, "true", Safety.SAFE),
    )


_NOUNS = {"aws_dynamodb_table": "table", "aws_eks_cluster": "cluster", "aws_lb": "load balancer"}


@rule(
    each=resource(*_DATABASES),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    fixable="unsafe",
    prod_only=True,
    options={"retained_backups": "demand delete_automated_backups = false too"},
)
def rds_skip_final_snapshot(item: Block, project: Project, *, retained_backups: bool = False) -> Problems:
    """Destroying the database leaves no final snapshot.

    Automated backups go when the instance goes, so a destroy (or a replacement that nobody noticed in the plan) leaves
    nothing to restore from. A final snapshot costs its storage and is deleted when nobody misses it.

    The provider and the modules default to false and pass; read replicas hold nothing of their own. Leave it for
    databases that live for one test run.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      skip_final_snapshot = true  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier          = "orders"
      engine              = "postgres"
      instance_class      = "db.m7g.large"
      skip_final_snapshot = false
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier                = "orders"
      engine                    = "postgres"
      instance_class            = "db.m7g.large"
      skip_final_snapshot       = false
      final_snapshot_identifier = "orders-final"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    if _is_replica(item):
        return
    skip = item["skip_final_snapshot"]
    if skip.is_true:
        yield Problem(
            f"database {name_of(item)} leaves no snapshot when it is destroyed (skip_final_snapshot = true)",
            skip,
            fix=set_argument(item, "skip_final_snapshot", "false", Safety.UNSAFE),
        )
    retained = item["delete_automated_backups"]
    if retained_backups and item.type == _INSTANCE and not retained.is_false:
        why = "is true" if retained.present else "is not set, which means true"
        yield Problem(
            f"the automated backups of database {name_of(item)} vanish with it: delete_automated_backups {why}",
            retained,
            fix=set_argument(item, "delete_automated_backups", "false", Safety.UNSAFE),
        )


def _is_replica(item: Block) -> bool:
    return item["replicate_source_db"].present or item["replication_source_identifier"].present


def _is_restored(item: Block) -> bool:
    """True when the database is created from another's data: an argument that is not set keeps what was restored."""
    return any(item[key].present for key in ("snapshot_identifier", "restore_to_point_in_time"))


def _is_blue_green(item: Block) -> bool:
    """True when the rds module sets a retention of 1, which blue/green updates need."""
    if not item.virtual or item.call is None:
        return False
    updates = item.call["blue_green_update"]
    return updates.present and len(updates) > 0


def _has_continuous_backup(item: Block, project: Project) -> bool:
    """True when a continuous AWS Backup plan selects the database, or may do so."""
    return any(
        _selects(selection, item)
        for selection in project.resources("aws_backup_selection")
        if same_run(selection, item) and _has_continuous_plan(selection, project)
    )


def _has_continuous_plan(selection: Block, project: Project) -> bool:
    plans = beside(selection, project, "aws_backup_plan")
    return any(may_refer_to(selection["plan_id"], plan, plans) for plan in plans if _is_continuous(plan))


def _is_continuous(plan: Block) -> bool:
    return plan["rule"].known and any(
        not rule.known or _may_be_true(rule["enable_continuous_backup"]) for rule in plan["rule"]
    )


def _may_be_true(node: Node) -> bool:
    return not node.known or node.is_true


def _selects(selection: Block, item: Block) -> bool:
    arns = selection["resources"]
    narrowed = selection["condition"]
    if (not narrowed.known or narrowed.present) and not (arns.known and len(arns)):
        return True  # everything whose tags the conditions match
    if not arns.known or any(_may_be(arn, item, selection) for arn in arns):
        return True
    tags = selection["selection_tag"]
    if not tags.known:
        return True
    return any(not tag.known or _has_tag(item, tag["key"], tag["value"]) for tag in tags)


def _may_be(arn: Node, item: Block, selection: Block) -> bool:
    if selection.root is item.root and refers_to(arn, item):
        return True
    if not arn.known:
        return not cause_of(arn).startswith(("aws_", "module."))
    name = item["identifier"]
    return arn.text in {"*", "arn:aws:rds:*:*:db:*"} or (name.known and arn.text.endswith(f":db:{name.text}"))


def _has_tag(item: Block, key: Node, value: Node) -> bool:
    if not key.known or not value.known:
        return True
    for tags in (item["tags_all"], item["tags"]):
        if not tags.known:
            return True
        tag = tags[key.text]
        if tag.present and (not tag.known or tag.text == value.text):
            return True
    return False
