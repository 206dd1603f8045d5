"""Requests and limits, with what a LimitRange or the pod level gives; integers or percentages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from opslint.engine.pods import share_namespace

if TYPE_CHECKING:
    from opslint.model.kube import Container, KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Project


def has_resource(item: Container, part: str, name: str, project: Project) -> bool:
    """True when a container has a request or limit, written, on its pod, or as its namespace's LimitRange default.

    Args:
        item: the container.
        part: `limits` or `requests`. A limit alone counts as the request too, as the API server fills it in.
        name: `memory`, `cpu`, …
        project: where a LimitRange of the namespace may stand as well.
    """
    for resources in (item.root["resources"], item.owner.pod_spec["resources"]):
        if resources[part][name].present or (part == "requests" and resources["limits"][name].present):
            return True
    return any(_range_default(limit_range, part, name) for limit_range in _ranges(item.owner, project))


def _ranges(owner: KubeObject, project: Project) -> list[KubeObject]:
    return [
        one
        for one in project.of_kind("LimitRange")
        if (share_namespace(one, owner) if one.unit is owner.unit else _reaches(one, owner))
    ]


def _reaches(limit_range: KubeObject, owner: KubeObject) -> bool:
    """True for a LimitRange of another unit that lands in the namespace, and in no other environment or cluster."""
    first, second = limit_range.unit, owner.unit
    apart = first.environment.name and second.environment.name and first.environment.name != second.environment.name
    clusters = {first.cluster, second.cluster} - {None}
    return limit_range.namespace == owner.namespace != "" and not apart and len(clusters) < 2


def _range_default(limit_range: KubeObject, part: str, name: str) -> bool:
    # A maximum alone becomes the default limit, a limit the default request, and else the minimum does.
    keys = ("default", "max") if part == "limits" else ("defaultRequest", "default", "max", "min")
    return any(
        entry["type"].text == "Container" and any(entry[key][name].present for key in keys)
        for entry in limit_range.spec["limits"]
    )


def int_or_percent(node: Node, total: int | None, *, round_up: bool = True) -> int | None:
    """Return an int-or-string field as a count of `total`; None when it is neither, or the total is unknown.

    Percentages round up unless told otherwise, as for maxUnavailable and minAvailable of a PodDisruptionBudget.
    """
    number = node.number
    if number is not None:
        return int(number) if math.isfinite(number) else None
    share_of = percent(node)
    if share_of is None or total is None:
        return None
    share = share_of * total / 100
    return math.ceil(share) if round_up else math.floor(share)


def percent(node: Node) -> int | None:
    """Return 25 for "25%", None for everything else."""
    text = node.text.strip()
    return int(text[:-1]) if text.endswith("%") and text[:-1].isdecimal() else None


def is_zero(node: Node) -> bool:
    """Return whether a number or percentage is 0."""
    return node.number == 0 or percent(node) == 0
