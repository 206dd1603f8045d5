"""What rules ask of EKS clusters: the names of their node groups, Auto Mode, which add-ons are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.terraform import cluster_of, may_name, may_refer_to, name_of
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from opslint.model.project import Project
    from opslint.model.terraform import Block

_KEY: Final = regex(r'\["([^"]+)"\]')


def node_group_name(block: Block) -> str:
    """Return the name of a node group; of one that a module makes, its key there."""
    inside = block.address.removeprefix(block.call.address) if block.virtual and block.call is not None else ""
    key = _KEY.search(inside)
    if key is not None:
        return key[1]
    name = block["node_group_name"]
    return name.text if name.known and name.text else name_of(block)


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


__all__ = ["addons_of", "has_auto_mode", "node_group_name"]
