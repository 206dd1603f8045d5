"""Which cluster component a chart or an image is, and how its version tells the component's."""

# No `from __future__ import annotations` here: NamedTuple would compile every annotation again.
from functools import cache
from typing import NamedTuple

from opslint_schemas import load

__all__ = ["ChartRow", "component_charts", "component_images"]

_TABLE = "kubernetes/component_charts"


class ChartRow(NamedTuple):
    """A chart that installs a component.

    Source: version and appVersion in the charts' own Chart.yaml, over their releases.
    """

    component: str
    same: bool
    """The chart has the component's version."""
    same_from: int | None
    """The major of the chart from which it has."""
    offset: tuple[int, int, int] | None
    """Of a chart of that major, the component's major and what to add to the chart's minor: chart 3.5 has 1.15."""
    repository: str
    """What the address of the chart's repository must hold, "" for a name that nobody else uses."""


@cache
def component_charts() -> dict[str, ChartRow]:
    """Return the charts by name."""
    found = {}
    for name, row in load(_TABLE)["charts"].items():
        said = row.get("version")
        offset = (said["chart_major"], said["major"], said["offset"]) if isinstance(said, dict) else None
        found[name] = ChartRow(
            row["component"], said == "same", row.get("same_from"), offset, row.get("repository", "")
        )
    return found


@cache
def component_images() -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the component by the end of an image's repository, and the ends that mean other products."""
    table = load(_TABLE)
    return table["images"], tuple(table["others"])
