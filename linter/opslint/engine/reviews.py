"""What a team does by its own calendar, whatever the dates of versions: drills and reviews that files ask for.

Restores are tried, and access, benchmarks, sizes and the next upgrade looked at, every quarter; a disaster is
rehearsed every half-year; the architecture is looked at once a year. Each is on the second Monday of a period's first
month: never a New Year's Day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from opslint.engine.terraform import name_of
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.project import Project

__all__ = ["Review", "reviews_of"]

_DATABASES: Final = ("aws_db_instance", "aws_rds_cluster")
_WEEK: Final = 7
_DRILL: Final = (
    "restore a backup beside the live data, check it, point a test at it, delete it, write down how long it took"
)


class Review(NamedTuple):
    """Something to do again every `months`, next on `day`; `whose` names what the files declare that it is about."""

    day: date
    what: str
    months: int
    whose: tuple[str, ...] = ()


def reviews_of(project: Project) -> Iterator[Review]:
    """Yield what the project gives a reason for, the next day after its own."""
    databases = sorted({name_of(block) for block in project.resources(*_DATABASES)} - {""})
    schedules = sorted({one.name for one in project.of_kind("Schedule") if one.group == "velero.io" and one.name})
    stored = [*(f"database {name}" for name in databases), *(f"Velero schedule {name}" for name in schedules)]
    on = project.as_of
    if stored:
        yield Review(next_day(on, 3), f"recovery drill: {_DRILL}", 3, tuple(stored))
    if project.clusters:
        sizes = ", sizes of databases" if databases else ""
        what = f"quarterly review: next Kubernetes version, RBAC and access entries, CIS benchmark{sizes}"
        yield Review(next_day(on, 3), what, 3)
    if project.clusters and stored:
        yield Review(next_day(on, 6), "disaster recovery exercise and penetration test", 6)
    if project.clusters:
        yield Review(next_day(on, 12), "architecture review", 12)


def next_day(after: date, months: int) -> date:
    """Return the first second Monday after a day, of the months that begin a period of so many months."""
    year, month = after.year, after.month - (after.month - 1) % months
    while (day := _second_monday(year, month)) <= after:
        month += months
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return day


def _second_monday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % _WEEK + _WEEK)
