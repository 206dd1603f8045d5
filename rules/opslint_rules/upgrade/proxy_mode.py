"""The mode of kube-proxy that Kubernetes deprecates, in its ConfigMap and in the EKS add-on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.api import Problem, Severity, asked_minor, cluster_of, json_with_holes, minor_of, regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import Block, KubeObject, Node, Project

# ipvs mode of kube-proxy: deprecated by KEP-5495, https://kubernetes.io/blog/2025/11/26/kubernetes-v1-35-sneak-peek/
IPVS_DEPRECATED: Final = 35
_IPVS: Final = regex(r"""^\s*["']?mode["']?\s*:\s*["']?ipvs\b""", re.MULTILINE)


def of_addon(item: Block, project: Project) -> Iterator[Problem]:
    """Yield what the configuration of an add-on asks for and Kubernetes deprecates."""
    if item["addon_name"].text != "kube-proxy":
        return
    control = cluster_of(item, project)
    minor = minor_of(control["version"].text) if control is not None else None
    minor = max((one for one in (minor, asked_minor(project, minor or 0)) if one), default=None)
    values = json_with_holes(item["configuration_values"])
    if minor is None or minor < IPVS_DEPRECATED or not isinstance(values, dict) or values.get("mode") != "ipvs":
        return
    yield Problem(
        f"kube-proxy runs in mode ipvs, deprecated since Kubernetes 1.{IPVS_DEPRECATED} (the cluster has 1.{minor}): "
        "use nftables, or iptables",
        item["configuration_values"],
        severity=Severity.LOW,
    )


def in_config_map(item: KubeObject) -> Iterator[Node]:
    """Yield the configurations of kube-proxy in a ConfigMap that ask for ipvs."""
    for _, node in item.root["data"].items():  # noqa: PERF102 - a Node has no values()
        if node.known and _IPVS.search(node.text):
            yield node
