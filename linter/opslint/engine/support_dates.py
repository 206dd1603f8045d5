"""The dates that files know: when support ends for the versions they declare, and the next drills and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.engine.place import origin_of
from opslint.engine.releases import releases_of
from opslint.engine.reviews import reviews_of
from opslint.engine.terraform import minor_of, name_of
from opslint.model.records import NamedTuple
from opslint.read.targets import place_of_value
from opslint_schemas import components, lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from opslint.model.node import Node
    from opslint.model.project import Project

__all__ = ["Dated", "dates_of"]


class Dated(NamedTuple):
    """A day on which some support ends, and the place that makes it matter ("" and 0 for the target itself).

    `what` ends; `whose` names what the files declare with it, `then` what happens next, "" for nothing. With `months`
    nothing ends: it is to be done then, and every so many months again.
    """

    day: date
    what: str
    whose: tuple[str, ...] = ()
    then: str = ""
    path: str = ""
    line: int = 0
    months: int = 0


def dates_of(project: Project, target: str) -> tuple[Dated, ...]:
    """Return the ends of support of clusters, the target, databases and controllers, and the reviews, by day."""
    reviews = [Dated(one.day, one.what, one.whose, months=one.months) for one in reviews_of(project)]
    found = [*_clusters(project), *_target(project, target), *_databases(project), *_controllers(project), *reviews]
    return _together(found)


def _together(found: Iterable[Dated]) -> tuple[Dated, ...]:
    """One entry for what ends at once for several environments, at the place of the first."""
    merged: dict[tuple[date, str, str], Dated] = {}
    for one in sorted(set(found)):
        known = merged.get((one.day, one.what, one.then))
        whose = one.whose if known is None else tuple(dict.fromkeys(known.whose + one.whose))
        merged[one.day, one.what, one.then] = (known or one)._replace(whose=whose)
    return tuple(merged.values())


def _clusters(project: Project) -> Iterator[Dated]:
    for cluster in project.clusters:
        minor = minor_of(cluster.version.text) if cluster.version.known else None
        row = lifecycle.eks(f"1.{minor}")
        if row is None:
            continue
        name = cluster.name.text if cluster.name.known and cluster.name.text else cluster.id
        yield _at(cluster.version, row.standard_end, f"standard support of EKS {row.version}", f"cluster {name}")
        if row.extended_end is not None:
            extended = _at(
                cluster.version, row.extended_end, f"extended support of EKS {row.version}", f"cluster {name}"
            )
            yield extended._replace(then="AWS upgrades by itself")


def _target(project: Project, target: str) -> Iterator[Dated]:
    row = lifecycle.eks(target)
    declared = {minor_of(one.version.text) for one in project.clusters if one.version.known}
    if row is not None and minor_of(target) not in declared:
        yield Dated(row.standard_end, f"standard support of EKS {target}", ("the target",))


def _databases(project: Project) -> Iterator[Dated]:
    for block in project.resources("aws_db_instance", "aws_rds_cluster", "aws_rds_global_cluster"):
        engine, version = block["engine"], block["engine_version"]
        if not (engine.known and version.known and engine.text and version.text):
            continue
        row = lifecycle.rds(engine.text, version.text)
        if row is None:
            continue
        what = f"RDS {row.engine} {row.major}"
        name = name_of(block)
        yield _at(version, row.standard_end, f"standard support of {what}", f"database {name}")
        if row.extended_end is not None:
            yield _at(version, row.extended_end, f"extended support of {what}", f"database {name}")


def _controllers(project: Project) -> Iterator[Dated]:
    for one in releases_of(project):
        row = components.tested_range(one.component, one.version) if one.version else None
        if row is not None and row.end is not None:
            yield _at(one.at, row.end, f"support of {one.component} {row.version}", one.named)


def _at(node: Node, day: date, what: str, whose: str) -> Dated:
    place = origin_of(place_of_value(node)).location
    return Dated(day, what, (whose,), "", place.source.path, place.span.line)
