"""Drills and reviews: when the next one is, and what files ask for them."""

from datetime import date, timedelta

import pytest

from opslint.engine.reviews import next_day, reviews_of
from opslint.model.settings import Settings
from opslint.read.plan import read_project


@pytest.mark.parametrize(
    ("after", "months", "expected"),
    [
        (date(2026, 11, 22), 3, date(2027, 1, 11)),
        (date(2027, 1, 10), 3, date(2027, 1, 11)),
        (date(2027, 1, 11), 3, date(2027, 4, 12)),
        (date(2027, 2, 1), 6, date(2027, 7, 12)),
        (date(2027, 1, 12), 12, date(2028, 1, 10)),
        (date(2026, 12, 31), 12, date(2027, 1, 11)),
    ],
)
def test_the_next_day(after, months, expected):
    assert next_day(after, months) == expected


@pytest.mark.parametrize("months", [3, 6, 12])
def test_every_day_has_a_next_one_that_is_a_second_monday(months):
    day = date(2024, 1, 1)
    for _ in range(1200):
        found = next_day(day, months)
        assert day < found <= day + timedelta(days=31 * months + 14)
        assert found.weekday() == 0
        assert 8 <= found.day <= 14
        assert (found.month - 1) % months == 0
        day += timedelta(days=1)


CLUSTER = 'resource "aws_eks_cluster" "shop" {\n  name = "shop"\n}\n'
DATABASE = 'resource "aws_db_instance" "db" {\n  identifier = "shop-db"\n}\n'
SCHEDULE = "apiVersion: velero.io/v1\nkind: Schedule\nmetadata: {name: daily}\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"}, []),
        ({"a.yaml": SCHEDULE}, [("recovery drill", ("Velero schedule daily",))]),
        ({"main.tf": CLUSTER}, [("quarterly review", ()), ("architecture review", ())]),
        (
            {"main.tf": CLUSTER + DATABASE},
            [
                ("recovery drill", ("database shop-db",)),
                ("quarterly review", ()),
                ("disaster recovery exercise and penetration test", ()),
                ("architecture review", ()),
            ],
        ),
    ],
)
def test_only_what_files_give_a_reason_for(tmp_path, files, expected):
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    project = read_project([str(tmp_path)], Settings(root=str(tmp_path), as_of=date(2026, 11, 22))).project
    assert [(one.what.partition(":")[0], one.whose) for one in reviews_of(project)] == expected
