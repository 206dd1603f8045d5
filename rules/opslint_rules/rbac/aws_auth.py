"""Who is administrator of a cluster by the ConfigMap aws-auth, and whom eksctl writes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import (
    HOLE,
    Block,
    KubeObject,
    ModuleCall,
    NamedTuple,
    place_within,
    registry_name,
    yaml_with_holes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import Location, Node, Project

MODULE: Final = "terraform-aws-modules/eks/aws//modules/aws-auth"
DATA: Final = "kubernetes_config_map_v1_data"
MAPPING: Final = "eksctl_iam_identity_mapping"  # an entry of iamIdentityMappings in a ClusterConfig
_INPUTS: Final = ("aws_auth_roles", "aws_auth_users", "map_roles", "map_users")
_KEYS: Final = ("mapRoles", "mapUsers")
_ARNS: Final = ("rolearn", "userarn")
_MASTERS: Final = "system:masters"


class Admin(NamedTuple):
    """A principal that may do everything in a cluster, and where it is written."""

    principal: str
    at: Node | Location


class Granted(NamedTuple):
    """A group that an entry of aws-auth gives to a principal, and where the entry is written."""

    group: str
    principal: str
    at: Node | Location


def groups_by(item: Block | KubeObject | ModuleCall) -> list[Granted] | None:
    """Return the groups that aws-auth gives, None when some of them only an apply could tell."""
    found: list[Granted] = []
    if isinstance(item, Block) and item.type == MAPPING:
        return [Granted(group.text, item["arn"].text, group) for group in item["groups"]]
    if isinstance(item, ModuleCall):
        for listed in (item[key] for key in _INPUTS):
            if not listed.known:
                return None
            for one in listed:
                groups = one["groups"] if one.known else one
                if not groups.known or not all(group.known for group in groups):
                    return None
                arn = next((one[name] for name in _ARNS if one[name].present and one[name].known), one)
                found += [Granted(group.text, arn.text, group) for group in groups]
        return found
    data = _data(item)
    for text in (data[key] if data.known else data for key in _KEYS):
        given = _in_text(text)
        if given is None:
            return None
        found += given
    return found


def _in_text(text: Node) -> list[Granted] | None:
    listed = yaml_with_holes(text)
    if text.present and not isinstance(listed, list):
        return None
    found = []
    for one in listed or ():
        groups = one.get("groups") if isinstance(one, dict) else None
        if not isinstance(groups, list) or not all(isinstance(name, str) and HOLE not in name for name in groups):
            return None
        arn = next((one[key] for key in _ARNS if isinstance(one.get(key), str)), "")
        at = place_within(text, arn) if arn and HOLE not in arn else text
        found += [Granted(name, arn.replace(HOLE, ""), at) for name in groups]
    return found


def _data(item: Block | KubeObject) -> Node:
    return item["data"] if isinstance(item, Block) else item.root["data"]


def sources_of(project: Project) -> list[Block | KubeObject | ModuleCall]:
    """Return all that holds entries of aws-auth."""
    every: list[Block | KubeObject | ModuleCall] = [
        *project.named("ConfigMap", "aws-auth"),
        *project.resources(DATA, MAPPING),
        *project.calls,
    ]
    return [one for one in every if is_aws_auth(one)]


def admins_by(item: Block | KubeObject | ModuleCall) -> Iterator[Admin]:
    """Yield whom aws-auth makes administrators: the ConfigMap, the resource of its data, or the module that makes it.

    A principal that only an apply could tell is left out.
    """
    if isinstance(item, ModuleCall):
        yield from _of_inputs(item)
        return
    if isinstance(item, Block) and item.type == MAPPING:
        if _MASTERS in item["groups"].texts() and item["arn"].present:
            yield Admin(item["arn"].text, item["arn"])
        return
    data = _data(item)
    for key in _KEYS if data.known else ():
        listed = yaml_with_holes(data[key])
        for one in listed if isinstance(listed, list) else ():
            arn = _principal(one)
            if arn:
                yield Admin(arn, place_within(data[key], arn))


def _principal(entry: Any) -> str:
    """Return the ARN of an entry of system:masters, "" for every other one."""
    groups = entry.get("groups") if isinstance(entry, dict) else None
    if not isinstance(groups, list) or _MASTERS not in groups:
        return ""
    arn = next((entry[key] for key in _ARNS if isinstance(entry.get(key), str)), "")
    return arn if HOLE not in arn else ""


def _of_inputs(call: ModuleCall) -> Iterator[Admin]:
    for listed in (call[key] for key in _INPUTS):
        for one in listed if listed.known else ():
            groups = one["groups"] if one.known else one
            arn = next((one[name] for name in _ARNS if one[name].present), None) if one.known else None
            masters = groups.known and any(group.known and group.text == _MASTERS for group in groups)
            if arn is not None and arn.known and masters:
                yield Admin(arn.text, arn)


def is_aws_auth(item: Block | KubeObject | ModuleCall) -> bool:
    """True for what holds the entries of aws-auth."""
    if isinstance(item, ModuleCall):
        return item.how not in {"local", "installed"} and registry_name(item) == MODULE
    if isinstance(item, KubeObject):
        return item.kind == "ConfigMap" and item.name == "aws-auth" and item.namespace in {"", "kube-system"}
    if item.type != DATA or not item["metadata"].known:
        return item.type == MAPPING
    name = item.body.one("metadata")["name"]
    return name.known and name.text == "aws-auth"


def cluster_by(item: Block | KubeObject | ModuleCall, project: Project) -> Block | None:
    """Return the cluster whose aws-auth it is, as far as the files tell: the only one of its root, or of its unit."""
    if isinstance(item, KubeObject) and item.block is None:
        cluster = item.unit.cluster
        return cluster.block if cluster is not None else None
    root = item.block.root if isinstance(item, KubeObject) and item.block is not None else item.root
    found = [one for one in project.resources("aws_eks_cluster") if one.root is root]
    return found[0] if len(found) == 1 else None


def admins_of(cluster: Block, project: Project) -> Iterator[Admin]:
    """Yield whom the aws-auth of a cluster makes administrators, the inputs of the eks module up to major 19 too."""
    call = cluster.call if cluster.virtual else None
    if call is not None:
        yield from _of_inputs(call)
    for one in sources_of(project):
        if one is not call and cluster_by(one, project) is cluster:
            yield from admins_by(one)
