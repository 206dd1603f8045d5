"""Nodes on Amazon Linux 2, in Terraform and in Karpenter's node classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    Fix,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    any_of,
    argument_of,
    asked_minor,
    cluster_of,
    kind,
    load,
    minor_of,
    node_group_name,
    resource,
    rule,
    set_value,
    text_with_holes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

_DATA: Final = "aws/node_images"
_FAMILY: Final = "AL2"
_ALIAS: Final = "al2@"


class _Why(NamedTuple):
    """Why nodes may not stay on the family, as words and as a severity; `after` marks what only an upgrade breaks."""

    said: str
    severity: Severity
    after: bool = False


@rule(
    each=any_of(resource("aws_eks_node_group"), kind("EC2NodeClass", "AWSNodeTemplate", groups=("karpenter.k8s.aws",))),
    severity=Severity.HIGH,
    preset=STRICT,
    related={"eksup": ["EKS008"]},
    fixable="unsafe",
)
def amazon_linux_2_nodes(item: Block | KubeObject, project: Project) -> Problems:
    """Nodes use the Amazon Linux 2 image family, which has no EKS images from Kubernetes 1.33 on.

    AWS ended the images on 2025-11-26 and the system itself on 2026-06-30: new nodes start with known holes, and a node
    group cannot follow its cluster past 1.32, so the control plane moves on until the skew stops the next upgrade.
    The successor is configured by `NodeConfig` instead of `bootstrap.sh`, which takes work before the day it must be
    done.

    Reported when the cluster or the target is 1.33 or newer, or the images have ended; on 1.32 before that, lower.
    Without `ami_type` the provider's choice depends on the cluster, and passes, as does an image of one's own.

    ```hcl bad
    resource "aws_eks_node_group" "general" {
      cluster_name    = "shop"
      node_group_name = "general"
      ami_type        = "AL2_x86_64"  # <-
    }
    ```

    ```hcl fixed
    resource "aws_eks_node_group" "general" {
      cluster_name    = "shop"
      node_group_name = "general"
      ami_type        = "AL2023_x86_64_STANDARD"
    }
    ```

    ```hcl good
    resource "aws_eks_node_group" "general" {
      cluster_name    = "shop"
      node_group_name = "general"
      ami_type        = "AL2023_x86_64_STANDARD"
    }
    ```

    With `amiFamily: AL2` or the alias `al2@…` Karpenter finds no image from 1.33 on and launches nothing: pods stay
    Pending after the control plane was upgraded, and consolidation cannot replace a node either.

    ```yaml bad
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: shop-karpenter-node
      amiSelectorTerms:
        - alias: al2@latest  # <-
    ```

    ```yaml fixed
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata: {name: general}
    spec:
      role: shop-karpenter-node
      amiSelectorTerms:
        - alias: al2023@latest
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/al2023.html>,
    <https://github.com/awslabs/amazon-eks-ami/issues/2545> and
    <https://karpenter.sh/docs/concepts/nodeclasses/#specamiselectorterms>.
    """
    if isinstance(item, KubeObject):
        yield from _of_class(item, project)
    else:
        yield from _of_group(item, project)


def _of_group(item: Block, project: Project) -> Iterator[Problem]:
    image = item["ami_type"]
    said = text_with_holes(image) if image.unknown is not None and image.unknown.parts else image.text
    if not (said or "").startswith(f"{_FAMILY}_"):
        return
    control = cluster_of(item, project)
    version = control["version"] if control is not None else None
    minor = minor_of(version.text) if version is not None and version.known else None
    why = _why(minor, asked_minor(project, minor) if minor is not None else None, project.as_of)
    if why is not None:
        yield Problem(
            f"node group {node_group_name(item)} uses Amazon Linux 2: {why.said}; the successor is AL2023",
            image,
            also=(("the version of the cluster", version),) if version is not None and minor is not None else (),
            fix=_newer(item, image),
            severity=why.severity,
        )


def _of_class(item: KubeObject, project: Project) -> Iterator[Problem]:
    image = _image(item.spec)
    if image is None:
        return
    targets = sorted(item.unit.targets, key=lambda target: target.minor)
    now = max((target.minor for target in targets if not target.after), default=None)
    after = next((target for target in reversed(targets) if target.after), None)
    why = _why(now, after.minor if after is not None else None, project.as_of)
    if why is not None:
        yield Problem(
            f"{item.title} launches Amazon Linux 2 ({image.text}): {why.said}; the successor is AL2023",
            image,
            fix=_successor(image),
            severity=why.severity,
            target=after if why.after else None,
        )


def _newer(item: Block, image: Node) -> Fix | None:
    """Return the fix that names the type of the successor's image; eksctl names families instead."""
    if item.virtual and item.call is None:
        return Fix("set amiFamily: AmazonLinux2023", (), Safety.SHOWN)
    successor = load(_DATA)["families"][_FAMILY]["ami_types"].get(image.text) if image.known else None
    return set_value(image, argument_of(image), f'"{successor}"', Safety.UNSAFE) if successor else None


def _image(spec: Node) -> Node | None:
    """Return what names Amazon Linux 2 in a node class, None when nothing does."""
    terms = spec["amiSelectorTerms"]
    aliases = [term["alias"] for term in terms if term.is_map] if terms.is_list else []
    found = next((alias for alias in aliases if alias.text.lower().startswith(_ALIAS)), None)
    family = spec["amiFamily"]
    return found if found is not None else family if family.text == _FAMILY else None


def _successor(image: Node) -> Fix | None:
    """Return the fix that names the successor; a pinned alias has no counterpart there."""
    new = {f"{_ALIAS}latest": "al2023@latest", _FAMILY: "AL2023"}.get(image.text)
    if new is None:
        return None
    return Fix(f"set {image.key}: {new}; user data becomes a NodeConfig", (Set(image, new),), Safety.UNSAFE)


def _why(minor: int | None, target: int | None, on: date) -> _Why | None:
    """Return why nodes of a cluster, or of its target, may not stay on the family; None when they may."""
    row = load(_DATA)["families"][_FAMILY]
    last, end = row["last_minor"], row["images_end"]
    gone = f"there are no images of it from Kubernetes 1.{last + 1} on"
    if minor is not None and minor > last:
        return _Why(f"{gone}, and the cluster has 1.{minor}", Severity.HIGH)
    day = on.isoformat()
    if day > end:
        system = f", and the system itself on {row['os_end']}" if day > row["os_end"] else ""
        return _Why(f"AWS ended its EKS images on {end}{system}", Severity.HIGH)
    if target is not None and target > last:
        return _Why(f"{gone}, and the target is 1.{target}", Severity.HIGH, after=True)
    if last in {minor, target}:
        said = f"Kubernetes 1.{last} is the last version with images of it, and AWS ends them on {end}"
        return _Why(said, Severity.MEDIUM)
    return None
