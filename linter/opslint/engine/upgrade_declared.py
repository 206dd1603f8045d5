"""What the files declare of clusters: the lines that set versions, add-ons, groups of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.engine.place import origin_of
from opslint.engine.terraform import minor_of, name_of
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint.read.targets import place_of_value
from opslint_schemas import load

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.project import Cluster, Project
    from opslint.model.source import Location
    from opslint.model.terraform import Block

__all__ = [
    "Addon",
    "ClusterLine",
    "NodeGroup",
    "addons",
    "cluster_lines",
    "moving",
    "node_groups",
    "node_pools",
    "unclear",
]

_KEY: Final = regex(r'.*\["([^"]+)"\]')
_ASSIGNED: Final = regex(r'([\w."-]+)\s*([=:])\s*("?v?1\.\d+[^"\s]*"?)\Z')


class ClusterLine(NamedTuple):
    """The line of Terraform (or of a var file) that sets a cluster's version."""

    cluster: str
    environment: str
    version: str
    path: str
    line: int
    text: str  # the assignment as it reads, without the rest of its line
    nonprod: bool = False


class Addon(NamedTuple):
    """An add-on to move with the control plane.

    `declared` is "" without a version, None when only an apply tells it; `newest` is "" when none was seen.
    """

    name: str
    declared: str | None
    newest: str
    path: str
    line: int


class NodeGroup(NamedTuple):
    """A group of nodes, and the line that pins its version; `version` is "" where it follows the control plane.

    None: only an apply tells it.
    """

    name: str
    version: str | None
    path: str = ""
    line: int = 0
    text: str = ""  # the assignment as it reads


def cluster_lines(project: Project) -> tuple[ClusterLine, ...]:
    """Return the clusters whose version is known, those that are not production first, as they are upgraded first."""
    found = set()
    for cluster in project.clusters:
        minor = minor_of(cluster.version.text) if cluster.version.known else None
        if minor is None:
            continue
        place = origin_of(place_of_value(cluster.version)).location
        environment = cluster.environment
        where = place.source.path, place.span.line, _assignment(place)
        found.add(ClusterLine(_name(cluster), environment.name, f"1.{minor}", *where, nonprod=environment.is_nonprod))
    return tuple(sorted(found, key=lambda line: (not line.nonprod, line)))


def moving(lines: tuple[ClusterLine, ...], minor: int) -> tuple[ClusterLine, ...]:
    """Return the lines to change in the hop from a minor, each once: several clusters may take theirs from one."""
    found: dict[tuple[str, int, str], ClusterLine] = {}
    for line in lines:
        if minor_of(line.version) in range(minor + 1):
            key = line.path, line.line, line.text
            names = ", ".join(dict.fromkeys(filter(None, (found[key].cluster if key in found else "", line.cluster))))
            known = found.get(key, line)
            found[key] = known._replace(cluster=names, version=f"1.{minor}", nonprod=known.nonprod and line.nonprod)
    return tuple(found.values())


def unclear(project: Project) -> tuple[tuple[str, str, int], ...]:
    """Return the clusters whose version cannot be told: what is the matter, path and line."""
    found = []
    for cluster in project.clusters:
        version = cluster.version
        if version.known and minor_of(version.text) is not None:
            continue
        if not version.known:
            why = f"cannot be told from the files ({version.why})"
        else:
            why = f'"{version.text}" is none' if version.text else "is not declared"
        place = origin_of(version.location).location
        found.append((f"the version of cluster {_name(cluster)} {why}", place.source.path, place.span.line))
    return tuple(sorted(set(found)))


def _assignment(place: Location) -> str:
    """The key and the version: what else stands on the line may be nobody's business."""
    line, end = place.source.line(place.span.line), place.span.end_column - 1
    found = _ASSIGNED.search(line[: end + 1] if line[end : end + 1] == '"' else line[:end])
    return f"{found[1]}{' = ' if found[2] == '=' else ': '}{found[3]}" if found else place.text


def _name(cluster: Cluster) -> str:
    if cluster.name.known and cluster.name.text:
        return cluster.name.text
    return name_of(cluster.block) if cluster.block is not None else cluster.id


# -- add-ons
def addons(project: Project, minor: int) -> tuple[Addon, ...]:
    """Return the add-ons that are declared, with the newest version seen for the minor after a hop."""
    seen = load("aws/eks_addons")["latest_seen"]
    found: dict[tuple[str, str], Addon] = {}
    for block in project.resources("aws_eks_addon"):
        if not block["addon_name"].known:
            continue
        name, version = block["addon_name"].text, block["addon_version"]
        declared = version.text if version.known else None
        newest = seen.get(name, {}).get(str(minor), ("",))[0]
        place = _addon_place(block, name)
        found.setdefault((name, declared or ""), Addon(name, declared, newest, place.source.path, place.span.line))
    return tuple(found[key] for key in sorted(found))


def _addon_place(block: Block, name: str) -> Location:
    """Where its version is written, or would be."""
    if block["addon_version"].known and block["addon_version"].present:
        return block["addon_version"].location
    if block.virtual and block.call is not None:
        for key in ("addons", "cluster_addons"):
            found = block.call[key]
            if found.known and found[name].exists:
                return found[name].location
    return block["addon_name"].location


# -- nodes
def node_groups(project: Project) -> tuple[NodeGroup, ...]:
    """Return the managed node groups, each once, with the lines that pin versions of their own."""
    clusters = {_place(one.version) for one in project.clusters if one.version.known and one.version.present}
    found: set[NodeGroup] = set()
    for block in project.resources("aws_eks_node_group"):
        name, version = _group_name(block), block["version"]
        if not name:
            continue
        if not version.known:
            found.add(NodeGroup(name, None))
        elif minor_of(version.text) is None or _place(version) in clusters:
            found.add(NodeGroup(name, ""))
        else:
            place = origin_of(place_of_value(version)).location
            text = _assignment(place)
            found.add(NodeGroup(name, f"1.{minor_of(version.text)}", place.source.path, place.span.line, text))
    return tuple(sorted(found, key=lambda one: (one.name, one.version or "", one.path, one.line)))


def _place(version: Node) -> tuple[str, int]:
    place = origin_of(place_of_value(version)).location
    return place.source.path, place.span.line


def _group_name(block: Block) -> str:
    """The name of a node group, or its key where a module makes it."""
    key = _KEY.search(block.address)
    return key[1] if block.virtual and key else name_of(block)


def node_pools(project: Project) -> tuple[str, ...]:
    """Return the names of Karpenter's pools."""
    return tuple(sorted({one.name for one in project.of_kind("NodePool") if one.group == "karpenter.sh" and one.name}))
