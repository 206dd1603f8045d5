"""Whether a cluster manages its add-ons, and what decides their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    AppendBlock,
    Block,
    Change,
    Fix,
    Location,
    ModuleCall,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    addons_of,
    cluster_of,
    has_auto_mode,
    ignores_changes,
    installs_of,
    name_of,
    opaque_receives,
    regex,
    registry_name,
    resource,
    rule,
)
from opslint_rules.upgrade.addons import addon_entry, addon_place

if TYPE_CHECKING:
    from collections.abc import Iterator

_EKS: Final = "terraform-aws-modules/eks/aws"
_NEVER: Final = "terraform-aws-modules/"  # of these only the eks module makes add-ons, and that one is known
_UNRESOLVED: Final = 18  # the last major of the module that leaves the version to AWS
_NEWEST: Final = 21  # from this major on the module takes the most recent version
_CLUSTER: Final = regex(r"(aws_eks_cluster\.[\w-]+(?:\[[^\]]+\])?)\.(?:name|id)")
# What stands in for an add-on, by chart and by the name of the workload it makes.
# Source: "Addons" of eksctl's user guide.
_DEFAULT: Final = frozenset({"vpc-cni", "coredns", "kube-proxy"})
_CHARTS: Final = {
    "cilium": ("vpc-cni", "kube-proxy"),
    "tigera-operator": ("vpc-cni", "kube-proxy"),
    "calico": ("vpc-cni", "kube-proxy"),
    "aws-vpc-cni": ("vpc-cni",),
    "coredns": ("coredns",),
}
_WORKLOADS: Final = {
    "cilium": ("vpc-cni", "kube-proxy"),
    "calico-node": ("vpc-cni", "kube-proxy"),
    "tigera-operator": ("vpc-cni", "kube-proxy"),
    "aws-node": ("vpc-cni",),
    "coredns": ("coredns",),
    "kube-proxy": ("kube-proxy",),
}


@rule(
    each=resource("aws_eks_cluster"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"required": "addon names every cluster must manage"},
)
def addon_missing(
    item: Block, project: Project, *, required: tuple[str, ...] = ("vpc-cni", "coredns", "kube-proxy")
) -> Problems:
    """The cluster is declared without one of the core addons, so nothing upgrades it with the cluster.

    EKS puts its own copies of them into a new cluster and never touches them again. They fall behind with every upgrade
    of the control plane, kube-proxy until the skew is no longer supported, and nobody owns them. Where a cluster is
    created without these copies, as the eks module does from major 21 on, its nodes never become Ready without a CNI.

    Add-ons of the cluster's module, of `aws_eks_addon` and of eks-blueprints-addons count. Auto Mode, charts that stand
    in for an add-on (Cilium, Calico), and modules that get the cluster and cannot be read pass, as does what only an
    apply could tell; so does a ClusterConfig of eksctl, which installs them unless `disableDefaultAddons` is set. To
    take over a copy that runs, an add-on needs `resolve_conflicts_on_create = "OVERWRITE"`.

    ```hcl bad
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.35"

      cluster_addons = {  # <-
        coredns = {}
        vpc-cni = {}
      }
    }
    ```

    ```hcl fixed
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.35"

      cluster_addons = {
        coredns    = {}
        vpc-cni    = {}
        kube-proxy = {}
      }
    }
    ```

    ```hcl good
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.35"

      cluster_addons = {
        coredns    = {}
        vpc-cni    = {}
        kube-proxy = {}
      }
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_addon>.
    """
    if has_auto_mode(item):
        return
    have = {addon["addon_name"].text for addon in addons_of(item, project)} | _given(item)
    missing = [name for name in required if name not in have]
    if not missing or opaque_receives(item, besides=_NEVER):
        return
    replaced = set(_replaced(project))
    missing = [name for name in missing if name not in replaced]
    if missing:
        listed = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        noun = "add-on" if len(missing) == 1 else "add-ons"
        yield Problem(
            f"cluster {name_of(item)} does not manage the {noun} {listed}: {_consequence(item, missing)}",
            _addons_input(item.call) if item.virtual and item.call is not None else item.header,
            fix=_add(item, missing),
        )


def _given(item: Block) -> frozenset[str]:
    """Return what eksctl installs as EKS add-ons unless it is told not to (since v0.184)."""
    by_eksctl = item.virtual and item.call is None and not item["bootstrap_self_managed_addons"].is_false
    return _DEFAULT if by_eksctl else frozenset()


def _replaced(project: Project) -> Iterator[str]:
    """Yield the add-ons that something else of the project stands in for, or may."""
    if any(not block["chart"].known for block in project.resources("helm_release")):
        yield from (name for names in _CHARTS.values() for name in names)
    for chart, names in _CHARTS.items():
        if installs_of(project, chart):
            yield from names
    for item in project.of_kind("DaemonSet", "Deployment"):
        yield from _WORKLOADS.get(item.name, ())


def _consequence(item: Block, missing: list[str]) -> str:
    bootstrap = item["bootstrap_self_managed_addons"]
    if bootstrap.known and bootstrap.is_false:
        return "nodes never become Ready without a CNI" if "vpc-cni" in missing else "the cluster has none"
    return "what EKS installs by itself is not upgraded with the cluster"


def _addons_input(call: ModuleCall) -> Node | Location:
    """Return the map of add-ons of a module call, the call's header when it gives none."""
    return next((call[key] for key in ("addons", "cluster_addons") if call[key].exists), call.header)


def _add(item: Block, missing: list[str]) -> Fix | None:
    """Return the fix that adds add-ons to the map that a module call writes out."""
    addons = _addons_input(item.call) if item.virtual and item.call is not None else None
    if not isinstance(addons, Node) or addons.via or not addons.known or not addons.is_map:
        return None
    bare = item.call is not None and item.call.major is not None and item.call.major >= _NEWEST
    changes: list[Change] = [
        Add(addons, name, "{ before_compute = true }" if bare and name == "vpc-cni" else "{}") for name in missing
    ]
    return Fix(f"add {', '.join(missing)} to {addons.key}", tuple(changes), Safety.UNSAFE)


@rule(
    each=resource("aws_eks_addon"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"eksup": ["EKS005"]},
    fixable="unsafe",
    options={"style": "how the version has to be given"},
    forms={"style": "any|pinned|most_recent"},
)
def addon_version_unmanaged(item: Block, project: Project, *, style: str = "any") -> Problems:
    """The addon's version follows neither a pin nor the cluster version, or not the style the project chose.

    Without `addon_version` AWS takes its default once, when the add-on is created, and Terraform never changes it. The
    add-on stays there while the control plane moves on, and is found incompatible in the middle of an upgrade.

    A version, one that `data.aws_eks_addon_version` looks up, and one that `ignore_changes` leaves to somebody else
    pass. Add-ons of the eks module pass from major 19
    on, and those of eks-blueprints-addons: they look a version up for the cluster on every plan. With `style: pinned`
    every add-on needs a version that is written down; with `style: most_recent` none may have one.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_addon" "coredns" {  # <-
      cluster_name = aws_eks_cluster.shop.name
      addon_name   = "coredns"
    }
    ```

    ```hcl fixed
    resource "aws_eks_cluster" "shop" {
      name     = "shop"
      role_arn = "arn:aws:iam::123456789012:role/eks"
      version  = "1.35"
    }

    resource "aws_eks_addon" "coredns" {
      cluster_name  = aws_eks_cluster.shop.name
      addon_name    = "coredns"
      addon_version = data.aws_eks_addon_version.coredns.version
    }

    data "aws_eks_addon_version" "coredns" {
      addon_name         = "coredns"
      kubernetes_version = aws_eks_cluster.shop.version
    }
    ```

    ```hcl good
    data "aws_eks_addon_version" "coredns" {
      addon_name         = "coredns"
      kubernetes_version = "1.35"
    }

    resource "aws_eks_addon" "coredns" {
      cluster_name  = "shop"
      addon_name    = "coredns"
      addon_version = data.aws_eks_addon_version.coredns.version
    }
    ```

    See <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_addon> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/eks_addon_version>.
    """
    version = _version(item)
    if style == "most_recent":
        if version.known and version.present:
            yield Problem(f"add-on {_name(item)} is pinned to {version.text}: the style is most_recent", version)
        return
    if version.present or (style != "pinned" and (_is_looked_up(item) or ignores_changes(item, "addon_version"))):
        return
    entry = _entry(item)
    if style == "pinned" and entry is not None:
        recent = entry["most_recent"]
        why = "most_recent takes the newest" if recent.known and recent.is_true else "it has no addon_version"
        yield Problem(f"add-on {_name(item)} is not pinned: {why}", recent if recent.exists else entry)
        return
    yield Problem(
        f"add-on {_name(item)} has no version: AWS chose one when it was created, and Terraform never changes"
        f" it{_conflicts(item)}",
        version if version.exists else addon_place(item, _entry(item)),
        fix=_look_up(item, project),
    )


def _version(item: Block) -> Node:
    """Return the version that an add-on is given; a module's entry has it in its own words."""
    entry = _entry(item)
    return entry["addon_version"] if entry is not None else item["addon_version"]


def _entry(item: Block) -> Node | None:
    """Return the entry of a module call that an add-on is made of; None for a resource."""
    return addon_entry(item, item.call if item.virtual else None, ("addons", "cluster_addons", "eks_addons"))


def _is_looked_up(item: Block) -> bool:
    """True for an add-on whose module looks a version up for the cluster on every plan."""
    call = item.call
    if not item.virtual or call is None:
        return item.virtual  # eksctl asks for the version when it is run
    return registry_name(call) != _EKS or call.major is None or call.major > _UNRESOLVED


def _name(item: Block) -> str:
    name = item["addon_name"]
    return name.text if name.known and name.text else item.address


def _conflicts(item: Block) -> str:
    """Say what becomes of changed settings when nothing says who wins."""
    mode = item["resolve_conflicts_on_update"]
    silent = mode.known and mode.text in {"", "NONE"}
    if item.virtual or not silent or not item["configuration_values"].present:
        return ""
    return "; and without resolve_conflicts_on_update an update fails where its settings were changed by hand"


def _look_up(item: Block, project: Project) -> Fix | None:
    """Return the fix that looks a version up for the cluster, where the add-on refers to one."""
    reference = _CLUSTER.fullmatch(item["cluster_name"].location.text)
    taken = any(one.name == item.name and one.root is item.root for one in project.data("aws_eks_addon_version"))
    if item.virtual or reference is None or taken or "[" in item.address or cluster_of(item, project) is None:
        return None
    data = {"addon_name": _name(item), "kubernetes_version": f"${{{reference[1]}.version}}"}
    return Fix(
        "look the version up for the cluster",
        (
            Add(item.body, "addon_version", f"data.aws_eks_addon_version.{item.name}.version"),
            AppendBlock(item.header, {"data": [{"aws_eks_addon_version": {item.name: data}}]}),
        ),
        Safety.UNSAFE,
    )
