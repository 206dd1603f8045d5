"""Pods whose work is the node itself: network plugins, volume drivers, collectors of logs and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.images import parse_image
from opslint.model.cached import once
from opslint.model.node import Undecided
from opslint_schemas import load

if TYPE_CHECKING:
    from opslint.model.finding import Fix
    from opslint.model.kube import Container, Workload

HOST_NAMESPACES: Final = ("hostPID", "hostIPC", "hostNetwork")
CRITICAL: Final = ("system-node-critical", "system-cluster-critical")


@once
def needs_of_node(item: Workload) -> frozenset[str]:
    """Return what a well-known node agent takes of its node by design (`kubernetes/known_controllers`).

    It is known by its image in whatever registry, and runs as a DaemonSet: as a sidecar it serves its pod only.
    """
    if item.kind != "DaemonSet":
        return frozenset()
    return frozenset().union(*map(needs_of_agent, item.containers))


def needs_of_agent(item: Container) -> frozenset[str]:
    """Return what the image of one container of a DaemonSet needs of its node; nothing for an unknown one."""
    if item.owner.kind != "DaemonSet" or not item.image.known:
        return frozenset()
    image = parse_image(item.image.text)
    if image is None:
        return frozenset()
    agents: dict[str, list[str]] = load("kubernetes/known_controllers")["node_agents"]
    parts = image.repository.split("/")
    return frozenset(agents.get(parts[-1], ())) | frozenset(agents.get("/".join(parts[-2:]), ()))


@once
def serves_its_node(item: Workload) -> bool:
    """True when pods are a part of their node, or of the cluster: they stop working where a policy hardens them.

    That is a DaemonSet that shares a namespace of its node or mounts its directories, a well-known node agent, and what
    has a priority that Kubernetes keeps for such pods. What cannot be told counts as one.
    """
    try:
        spec = item.pod_spec
        if spec["priorityClassName"].text in CRITICAL:
            return True
        if item.kind != "DaemonSet":
            return False
        return (
            any(spec[field].is_true for field in HOST_NAMESPACES)
            or any(volume["hostPath"].present for volume in spec["volumes"])
            or bool(needs_of_node(item))
        )
    except Undecided:
        return True


def unless_node_agent(item: Workload, fix: Fix) -> Fix | None:
    """Return the fix, and none for pods that serve their node: to harden those blindly breaks nodes or the cluster."""
    return None if serves_its_node(item) else fix
