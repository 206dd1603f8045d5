"""How a cluster and its node groups say which Kubernetes version they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    Cluster,
    Fix,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    argument_of,
    cluster,
    lifecycle,
    load,
    name_of,
    node_group_name,
    place_of_value,
    regex,
    resource,
    rule,
    self_managed_versions,
    set_value,
)

if TYPE_CHECKING:
    from datetime import date

_NUMBER: Final = regex(r"\d+(?:\.\d+)?")
_VERSION: Final = regex(r"(?P<v>v?)(?P<minor>1\.(?P<number>\d{1,3}))(?P<rest>[.+-].*)?")
# The first version EKS offered, on 2018-06-05: https://docs.aws.amazon.com/eks/latest/userguide/doc-history.html
_FIRST: Final = 10
# Kubernetes has three releases a year, and EKS follows each.
_DAYS_OF_A_RELEASE: Final = 120


@rule(each=cluster(), severity=Severity.MEDIUM, preset=STRICT)
def eks_version_unpinned(item: Cluster, project: Project) -> Problems:
    """The EKS cluster does not declare a Kubernetes version, so nobody decides when it is upgraded.

    Without a version EKS takes its default on the day the cluster is created, and the provider compares nothing from
    then on: dev and prod that are made a month apart differ, the code does not say what runs, and the version stays
    until AWS forces it out of support. No check of the upgrade can start from a version that is not written down.

    The version may come from a variable. One that only an apply could tell passes; a literal null counts as absent.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {  # <-
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }
    ```

    See <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_cluster#version-1> and
    <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html>.
    """
    version = item.version
    if version.present:
        return
    name = item.name.text if item.name.known and item.name.text else item.id
    yield Problem(
        f"cluster {name} declares no Kubernetes version: it got that of its day, which stays until AWS upgrades it by"
        " force",
        version if version.exists or item.block is None else item.block.header,
    )


@rule(
    each=resource("aws_eks_cluster", "aws_eks_node_group"),
    severity=Severity.HIGH,
    preset=STRICT,
    fixable="safe",
)
def eks_version_malformed(item: Block, project: Project) -> Problems:
    """The EKS version is written in a form that means something else, such as the number 1.30 that becomes 1.3.

    A number loses its trailing zero before anybody compares it, and EKS knows no 1.3; a patch version, a leading v or a
    version that EKS does not offer is refused by its API. The plan looks right each time, and the apply fails, on the
    day of the upgrade.

    A version that is newer than the bundled table counts as offered while EKS may have released it since.
    Versions that only an apply could tell pass.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = 1.30  # <- this is 1.3
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.30"
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.30"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html> and
    <https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html>.
    """
    version = item["version"]
    is_cluster = item.type == "aws_eks_cluster"
    name = f"cluster {name_of(item)}" if is_cluster else f"node group {node_group_name(item)}"
    found = [(name, version)] if version.known and not _is_inherited(item, version, project) else []
    found += [(f"node group {group}", own) for group, own in self_managed_versions(item)] if is_cluster else []
    for what, node in found:
        said = _wrong(node, project.as_of) if node.is_scalar else None
        if said is not None:
            yield Problem(f"{what}: {said[0]}", node, fix=said[1])


def _is_inherited(item: Block, version: Node, project: Project) -> bool:
    """True for a node group that takes the version of a cluster: that one is judged."""
    controls = project.resources("aws_eks_cluster") if item.type == "aws_eks_node_group" else []
    return any(one["version"].known and _place(one["version"]) == _place(version) for one in controls)


def _place(node: Node) -> tuple[str, object]:
    place = place_of_value(node)
    return place.source.path, place.span


def _wrong(version: Node, on: date) -> tuple[str, Fix | None] | None:
    """Return what is wrong with a version and what would mend it, None when nothing is."""
    written, text, key = place_of_value(version).text.strip(), version.text.strip(), argument_of(version)
    if _NUMBER.fullmatch(written) and written != text:
        fix = set_value(version, key, f'"{written}"', Safety.SAFE)
        return f"{written} without quotes is the number {text}, which is no version of EKS", fix
    match = _VERSION.fullmatch(text)
    if match is None:
        return f'"{text}" is not a version that EKS takes, such as {lifecycle.newest_eks()}', None
    if not _may_be_offered(int(match["number"]), on):
        return f"EKS offers no Kubernetes {match['minor']}; the newest it is known to offer is {_newest()}", None
    if not match["v"] and not match["rest"]:
        return None
    # As it is written the API refuses it: nothing that runs can change.
    fix = set_value(version, key, f'"{match["minor"]}"', Safety.SAFE)
    return f'"{text}" is not a version that EKS takes: it wants {match["minor"]}, without v and patch', fix


def _newest() -> str:
    return lifecycle.newest_eks()


def _may_be_offered(minor: int, on: date) -> bool:
    """True for a minor that EKS offered once, offers, or may have begun to offer since the table was made."""
    newest = int(_newest().partition(".")[2])
    since = (on - type(on).fromisoformat(load("aws/eks_support")["data_as_of"])).days
    # One more than the table has: it does not tell whether the release after its newest came in its last weeks.
    return _FIRST <= minor <= newest + 1 + max(since, 0) // _DAYS_OF_A_RELEASE
