"""What rules ask of EKS clusters: the names of their node groups, Auto Mode, which add-ons are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.terraform import cluster_of, may_name, may_refer_to, name_of
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node
    from opslint.model.project import Project
    from opslint.model.terraform import Block

_KEY: Final = regex(r'\["([^"]+)"\]')
_RENAMED: Final = 21  # the first major of the eks module whose node groups say kubernetes_version


def node_group_name(block: Block) -> str:
    """Return the name of a node group; of one that a module makes, its key there."""
    inside = block.address.removeprefix(block.call.address) if block.virtual and block.call is not None else ""
    key = _KEY.search(inside)
    if key is not None:
        return key[1]
    name = block["node_group_name"]
    return name.text if name.known and name.text else name_of(block)


def self_managed_versions(cluster: Block) -> Iterator[tuple[str, Node]]:
    """Yield the versions that self-managed node groups of the eks module say, with their names.

    No resource has them: the module only chooses an image by them.
    """
    call = cluster.call if cluster.virtual else None
    groups = call["self_managed_node_groups"] if call is not None else cluster.body
    if call is None or not groups.known:
        return
    names: tuple[str, ...] = ("kubernetes_version", "cluster_version")
    if call.major is not None:
        names = names[:1] if call.major >= _RENAMED else names[1:]
    for name, group in groups.items():
        version = next((group[key] for key in names if group[key].present), None) if group.known else None
        if version is not None and version.known:
            yield name, version


def has_auto_mode(cluster: Block) -> bool:
    """True for a cluster in EKS Auto Mode, whose nodes, network and storage AWS manages.

    Raises:
        Undecided: only an apply could tell.
    """
    return cluster.body.one("compute_config")["enabled"].is_true


def addons_of(cluster: Block, project: Project) -> list[Block]:
    """Return the add-ons that belong to a cluster, or may: those of its module, and those that may name it."""
    others = [one for one in project.resources("aws_eks_cluster") if one is not cluster]
    return [one for one in project.resources("aws_eks_addon") if _may_belong(one, cluster, others, project)]


def _may_belong(addon: Block, cluster: Block, others: list[Block], project: Project) -> bool:
    found = cluster_of(addon, project)
    if found is not None:
        return found is cluster
    named = addon["cluster_name"]
    if addon.root is cluster.root:
        return may_refer_to(named, cluster, others)
    return addon.root.path != cluster.root.path and may_name(named, cluster)


__all__ = ["addons_of", "has_auto_mode", "node_group_name", "self_managed_versions"]
