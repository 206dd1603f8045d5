"""Databases that do not survive their zone, and windows that do not work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    environment_of,
    name_of,
    opaque_receives,
    refers_to,
    regex,
    resource,
    rule,
    set_argument,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSTANCE: Final = "aws_db_instance"
_CLUSTER: Final = "aws_rds_cluster"
_WINDOWS: Final = {
    _INSTANCE: ("backup_window", "maintenance_window"),
    _CLUSTER: ("preferred_backup_window", "preferred_maintenance_window"),
}
_TIME: Final = r"([01]\d|2[0-3]):([0-5]\d)"
_DAILY: Final = regex(rf"{_TIME}-{_TIME}")
_WEEKLY: Final = regex(rf"(?i)(mon|tue|wed|thu|fri|sat|sun):{_TIME}-(mon|tue|wed|thu|fri|sat|sun):{_TIME}")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_SHORTEST: Final = 30  # minutes


@rule(
    each=resource(_INSTANCE, _CLUSTER),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"checkov": ["CKV_AWS_157"]},
    fixable="unsafe",
    prod_only=True,
)
def rds_single_az(item: Block, project: Project) -> Problems:
    """The production database has no standby in another zone.

    When its zone or its host fails, the database is down until AWS brings another host up, or until you restore. With a
    standby it fails over within a minute or two, and most maintenance happens there first.

    `multi_az` defaults to false in the provider and in the rds module. An Aurora cluster needs a second instance; its
    instances are counted where they are resources of the same root module. Read replicas, RDS Custom, Aurora Serverless
    v1 and Multi-AZ clusters pass. A standby doubles the price of the instance. Leave it where hours of outage
    are acceptable.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m7g.large"
      multi_az       = false  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m7g.large"
      multi_az       = true
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m7g.large"
      multi_az       = true
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.html> and
    <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html>.
    """
    if item.type == _CLUSTER:
        yield from _lonely(item, project)
        return
    if item["replicate_source_db"].present or item["engine"].text.startswith("custom-"):
        return
    flag = item["multi_az"]
    if not flag.is_true:
        why = "multi_az is false" if flag.present else "multi_az is not set, which means false"
        yield Problem(
            f"database {name_of(item)} has no standby in another zone: {why}",
            flag,
            fix=set_argument(item, "multi_az", "true", Safety.UNSAFE),
        )


def _lonely(item: Block, project: Project) -> Problems:
    if item["db_cluster_instance_class"].present or item["engine_mode"].text not in {"", "provisioned"}:
        return
    if item["replication_source_identifier"].present or item["global_cluster_identifier"].present:
        return
    count = 0
    for one in beside(item, project, "aws_rds_cluster_instance"):
        mine = one.virtual and one.call is item.call if item.virtual else refers_to(one["cluster_identifier"], item)
        if not item.virtual and not mine and not one["cluster_identifier"].known:
            others = beside(item, project, _CLUSTER)
            mine = not any(refers_to(one["cluster_identifier"], other) for other in others)
        if mine and one.stand_in:
            return
        count += mine
    if count == 1 and not opaque_receives(item):
        yield Problem(f"database cluster {name_of(item)} has one instance: there is none to fail over to", item.header)


@rule(
    each=resource(*_WINDOWS),
    severity=Severity.MEDIUM,
    preset=STRICT,
    options={
        "include_nonprod": "demand explicit windows outside production too",
        "require_explicit": "demand that both windows are set",
    },
)
def rds_window_invalid(
    item: Block, project: Project, *, require_explicit: bool = False, include_nonprod: bool = False
) -> Problems:
    """Backup and maintenance windows overlap, are malformed, or are left to chance.

    RDS refuses windows that overlap, that are shorter than 30 minutes or that it cannot read: the apply fails, maybe
    half way through a change. A window that nobody chose is one that AWS picks at random, which may be noon.

    Times are in UTC, `hh:mm-hh:mm` for backups and `ddd:hh:mm-ddd:hh:mm` for maintenance, and may pass midnight.
    With `require_explicit` windows that are not set are reported for production. Clusters of Aurora
    and their modules are judged in the same way. Leave it nowhere: RDS refuses the values.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier         = "orders"
      engine             = "postgres"
      instance_class     = "db.m7g.large"
      backup_window      = "18:00-19:00"
      maintenance_window = "sun:18:30-sun:19:30"  # <-
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier         = "orders"
      engine             = "postgres"
      instance_class     = "db.m7g.large"
      backup_window      = "17:00-18:00"
      maintenance_window = "sun:18:30-sun:19:30"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html> and
    <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupWindow.html>.
    """
    daily, weekly = (item[key] for key in _WINDOWS[item.type])
    spans = []
    for node, read, form in ((daily, _backup, "hh:mm-hh:mm"), (weekly, _maintenance, "ddd:hh:mm-ddd:hh:mm")):
        if not node.known:
            continue
        if not node.text:
            if require_explicit and (include_nonprod or not environment_of(item).is_nonprod):
                yield Problem(f"AWS picks the {_title(node)} of database {name_of(item)} at random", node)
            continue
        span = read(node.text)
        if span is None:
            yield Problem(f"the {_title(node)} of database {name_of(item)} is {node.text!r}, not {form}", node)
        elif (span[1] - span[0]) % (_DAY if read is _backup else _WEEK) < _SHORTEST:
            yield Problem(f"the {_title(node)} of database {name_of(item)} is shorter than 30 minutes", node)
        else:
            spans.append(span)
    if len(spans) == 2 and _overlap(*spans):
        yield Problem(
            f"the maintenance window of database {name_of(item)}, {weekly.text},"
            f" overlaps its backup window {daily.text}",
            weekly,
            also=(("the backup window", daily),),
        )


def _title(node: Node) -> str:
    return "backup window" if "backup" in str(node.key) else "maintenance window"


def _backup(text: str) -> tuple[int, int] | None:
    match = _DAILY.fullmatch(text)
    return (_minutes(match[1], match[2]), _minutes(match[3], match[4])) if match else None


def _maintenance(text: str) -> tuple[int, int] | None:
    match = _WEEKLY.fullmatch(text)
    if match is None:
        return None
    start = _DAYS.index(match[1].lower()) * _DAY + _minutes(match[2], match[3])
    return start, _DAYS.index(match[4].lower()) * _DAY + _minutes(match[5], match[6])


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _overlap(daily: tuple[int, int], weekly: tuple[int, int]) -> bool:
    """True when the daily window meets the weekly one on any day."""
    start, end = weekly
    end += _WEEK if end <= start else 0
    length = (daily[1] - daily[0]) % _DAY
    return any(first < end and start < first + length for first in _starts(daily[0]))


def _starts(minute: int) -> Iterator[int]:
    # A day before and a week after, for windows that pass midnight or the end of the week.
    return (day * _DAY + minute for day in range(-1, 15))
