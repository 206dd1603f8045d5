"""Charts, controllers and the target beside the version of the cluster they are for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    STRICT,
    Block,
    Chart,
    Cluster,
    Fix,
    Location,
    Problem,
    Problems,
    Project,
    Release,
    RemoveText,
    Safety,
    Set,
    Severity,
    Span,
    Target,
    asked_minor,
    chart,
    cluster,
    minor_of,
    project,
    release,
    releases_of,
    rule,
    satisfies,
    with_prereleases,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATCHES: Final = (0, 5, 15, 30)  # the patch of a cluster is nobody's choice: one that fits is enough
# Bounds that `-0` would move: `<=1.33` takes all of 1.33, `<=1.33.0-0` nothing of it.
_MOVED: Final = re.compile(r"<=|=<|!=|>(?![=\s]*=)|(?<![<>!=~])=|\d\s+-\s")
_TARGET_LINE: Final = re.compile(r"target_version\s*[:=]")
_RANGES: Final = ("istio", "keda", "kyverno", "aws-load-balancer-controller")


@rule(each=chart(), severity=Severity.HIGH, preset=RECOMMENDED, applies_to="cross", fixable="safe")
def chart_kubeversion_excludes_cluster(item: Chart, project: Project) -> Problems:
    """A chart's kubeVersion rejects the version of the cluster, or rejects every EKS cluster.

    Helm compares `kubeVersion` with what the API server reports and refuses to install or upgrade the release. EKS
    reports versions such as v1.34.6-eks-abc1234; semver takes the suffix for a prerelease, and bounds without one do
    not allow prereleases. So `>=1.25.0` works on a local cluster and on no EKS cluster; `>=1.25.0-0` works on both.

    Judged are the versions of the clusters that the chart is released to, and the target. Without an EKS cluster in the
    repository the suffix is not looked at. Leave it for a chart that is not for these clusters.

    ```yaml bad file=api/Chart.yaml
    apiVersion: v2
    name: api
    version: 1.0.0
    kubeVersion: ">=1.25.0"  # <-
    ```

    ```yaml bad file=api/templates/config.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: api}
    ```

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"
    }
    ```

    ```yaml fixed file=api/Chart.yaml
    apiVersion: v2
    name: api
    version: 1.0.0
    kubeVersion: ">=1.25.0-0"
    ```

    ```yaml good file=api/Chart.yaml
    apiVersion: v2
    name: api
    version: 1.0.0
    kubeVersion: ">=1.25.0-0"
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"
    }
    ```

    See <https://helm.sh/docs/topics/charts/#the-kubeversion-field>.
    """
    yield from _subcharts(item, project)
    node = item.metadata["kubeVersion"]
    constraint = node.text.strip()
    if not constraint:
        return
    suffix = "-eks-0" if project.clusters else ""
    for target in _targets(item, project):
        if _fits(target.minor, constraint, suffix) is not False:
            continue
        quoted = f'kubeVersion "{constraint}" of chart {item.name}'
        also = (("target version", target.location),) if target.location is not None else ()
        if suffix and _fits(target.minor, constraint, ""):
            better = with_prereleases(constraint)
            usable = not _MOVED.search(constraint) and _fits(target.minor, better, suffix)
            hint = f'; write "{better}"' if usable else ""
            yield Problem(
                f"{quoted} rejects every EKS cluster: v{target.version}.x-eks-… is a prerelease to semver, and no bound"
                f" allows one{hint}",
                node,
                also=also,
                fix=Fix("Append -0 to each bound", (Set(node, f'"{better}"'),), Safety.SAFE) if usable else None,
                target=target,
            )
        else:
            after = " after the upgrade" if target.after else ""
            yield Problem(
                f"{quoted} rejects Kubernetes {target.version}, the target{after} ({target.provenance})",
                node,
                also=also,
                target=target,
            )
        return


def _subcharts(item: Chart, project: Project) -> Problems:
    """Subcharts whose authors do not mean them for a target: Helm compares the kubeVersion of the chart itself only."""
    for metadata in item.subcharts:
        node = metadata["kubeVersion"] if metadata.known and metadata.is_map else metadata
        if not node.known or not node.is_scalar:
            continue
        for target in _targets(item, project):
            if _fits(target.minor, node.text.strip(), "") is False:
                after = " after the upgrade" if target.after else ""
                name = metadata["name"].text
                yield Problem(
                    f'kubeVersion "{node.text.strip()}" of subchart {name} rejects Kubernetes {target.version}, the'
                    f" target{after} ({target.provenance}); Helm does not look at it there, but its author does not"
                    " mean it for that version",
                    node,
                    severity=Severity.LOW,
                    target=target,
                )
                break


def _targets(item: Chart, project: Project) -> list[Target]:
    units = [unit for unit in project.units if unit.chart is item]
    targets = [target for unit in units or project.units for target in unit.targets]
    # A version that one cluster has today is not one of tomorrow.
    found = {target.minor: target for target in sorted(targets, key=lambda one: not one.after)}
    return [found[minor] for minor in sorted(found)]


def _fits(minor: int, constraint: str, suffix: str) -> bool | None:
    """True when a cluster of that minor may fulfil the constraint; None when it is no constraint."""
    told = [satisfies(f"1.{minor}.{patch}{suffix}", constraint) for patch in _PATCHES]
    return None if None in told else any(told)


@rule(each=project(), severity=Severity.LOW, preset=STRICT, applies_to="cross", fixable="unsafe")
def target_version_behind_cluster(item: Project, project: Project) -> Problems:
    """The configured target version is older than a cluster, or nothing says which of several clusters applies.

    All checks of API versions then look at the past: what the cluster has already removed passes. The configured
    version is usually left over from before the last upgrade. Without it the target follows the version that Terraform
    declares, for each unit its own cluster's.

    Clusters of different versions with units that are mapped to none of them are said too: those units are judged
    against all of them. Leave it while one environment is upgraded before the other.

    ```yaml bad file=.opslint.yaml
    preset: strict
    target_version: "1.32"  # <-
    ```
    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"
    }
    ```

    ```yaml fixed file=.opslint.yaml
    preset: strict
    ```

    Without a configuration, a version that the command line gives is reported at the cluster:

    ```hcl bad target=1.32
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"  # <-
    }
    ```

    ```hcl good target=1.34
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"
    }
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html>.
    """
    asked = asked_minor(project, 0) if project.settings.target_version not in {"", "next"} else None
    known = [(minor, one) for one in project.clusters if (minor := _minor(one)) is not None]
    if not known:
        return
    highest, newest = max(known, key=lambda pair: pair[0])
    if asked is not None:
        if asked < highest:
            configured = "configured" if project.settings.target_source == "configuration" else "given"
            where = project.settings.target_location
            yield Problem(
                f"the {configured} target version 1.{asked} is older than cluster {newest.title}, which declares"
                f" 1.{highest}; without it the target follows Terraform",
                where if where is not None else newest.version,
                also=(("the cluster's version", newest.version),) if where is not None else (),
                fix=_without_target(where) if where is not None else None,
            )
        return
    lowest, oldest = min(known, key=lambda pair: pair[0])
    open_ = [unit for unit in project.units if unit.cluster is None and unit.objects]
    if lowest < highest and open_:
        units = open_[0].id if len(open_) == 1 else f"{open_[0].id} and {len(open_) - 1} more"
        yield Problem(
            f"clusters declare Kubernetes 1.{lowest} and 1.{highest}, and nothing maps {units} to one of them: they are"
            " judged against both (configuration: clusters.<name>.units)",
            oldest.version,
            also=(("another cluster's version", newest.version),),
        )


def _without_target(where: Location) -> Fix:
    """Return the fix that removes the line of the configuration."""
    title = "remove target_version from the configuration, so that it follows Terraform"
    number = where.span.line
    if _TARGET_LINE.match(where.source.line(number)) is None:
        return Fix(title, (), Safety.SHOWN)
    last = number == where.source.text.count("\n") + 1
    whole = Span(number, 1, number, len(where.source.line(number)) + 1) if last else Span(number, 1, number + 1, 1)
    return Fix(title, (RemoveText(Location(where.source, whole)),), Safety.UNSAFE)


def _minor(item: Cluster) -> int | None:
    return minor_of(item.version.text) if item.version.known else None


@rule(
    each=cluster(),
    severity=Severity.HIGH,
    preset=STRICT,
    applies_to="cross",
    related={"eksup": ["K8S013"], "hardeneks": ["ensure_cluster_autoscaler_and_cluster_versions_match"]},
    options={"cluster_autoscaler_exact": "require the same minor"},
)
def controller_version_incompatible(
    item: Cluster, project: Project, *, cluster_autoscaler_exact: bool = False
) -> Problems:
    """A cluster controller is too old, too new or retired for the version of the cluster.

    Controllers talk to the API server in its newest shapes. Karpenter refuses to run below the release that its
    compatibility matrix names, and then no node comes up; the cluster autoscaler simulates the scheduler of its own
    minor and decides wrongly beside another. ingress-nginx is retired and gets no security fixes any more. What a
    project merely does not test (Istio, KEDA, Kyverno, the load balancer controller) is reported as information.

    Raise the controller before the control plane. The release is read from charts that Terraform, Argo CD or Flux
    install, from chart dependencies and from image tags; one that cannot be told passes. With a target version the
    version after the upgrade counts. Leave information about untested ranges when you have tested it yourself.

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"
    }

    resource "helm_release" "karpenter" {
      name       = "karpenter"
      repository = "oci://public.ecr.aws/karpenter"
      chart      = "karpenter"
      version    = "1.4.0"  # <- 1.34 needs 1.6
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name    = "shop"
      version = "1.34"
    }

    resource "helm_release" "karpenter" {
      name       = "karpenter"
      repository = "oci://public.ecr.aws/karpenter"
      chart      = "karpenter"
      version    = "1.8.2"
    }
    ```

    See <https://karpenter.sh/docs/upgrading/compatibility/>,
    <https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler#releases> and
    <https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/>.
    """
    declared = minor_of(item.version.text)
    if declared is None:
        return
    minor = max(declared, asked_minor(project, declared) or 0)
    when = f"Kubernetes 1.{minor}" + ("" if minor == declared else f" (the cluster declares 1.{declared})")
    for one in _of_cluster(item, project):
        said = _judge(one, minor, when, exact=cluster_autoscaler_exact)
        if said is None:
            continue
        later = (
            project.settings.target_version == "next"
            and _judge(one, declared, when, exact=cluster_autoscaler_exact) is None
        )
        yield Problem(
            said[0],
            one.at,
            also=(("the cluster's version", item.version),),
            severity=said[1],
            target=Target(f"{item.id}+1", minor, "cluster", item.version.location, after=True) if later else None,
        )


def _of_cluster(item: Cluster, project: Project) -> Iterator[Release]:
    """The releases deployed to the cluster: those of other var files or of units mapped elsewhere are not."""
    for one in releases_of(project):
        owner = one.owner
        if isinstance(owner, Block):
            if _installs_into(owner, item, project):
                yield one
        elif isinstance(owner, Chart):
            units = [unit for unit in project.units if unit.chart is owner]
            if not units or any(unit.cluster in {None, item} for unit in units):
                yield one
        elif owner.unit.cluster in {None, item}:
            yield one


def _installs_into(owner: Block, item: Cluster, project: Project) -> bool:
    """True when a Terraform resource deploys to the cluster.

    That is the cluster of its own root module, or the only one of the project where that root module has none.
    """
    if item.block is None:
        return len(project.clusters) == 1
    beside = any(one.block is not None and one.block.root.path == owner.root.path for one in project.clusters)
    if beside:
        return item.block.root is owner.root
    roots = {one.block.root.path if one.block is not None else one.id for one in project.clusters}
    return len(roots) == 1


def _judge(one: Release, minor: int, when: str, *, exact: bool) -> tuple[str, Severity] | None:
    """Return what is wrong with a release for a minor, and how bad it is."""
    from opslint.api import components

    gone = components.retired(one.component)
    if gone is not None:
        return f"{one.named}: {one.component} was retired upstream in {gone} and gets no more fixes", Severity.HIGH
    if not one.version:
        return None
    if one.component == "karpenter":
        least = components.karpenter_minimum(minor)
        if least is not None and release(one.version) < release(least):
            return f"{one.named} is too old for {when}, which needs Karpenter {least} or newer", Severity.HIGH
    if one.component == "cluster-autoscaler":
        own = minor_of(one.version)
        if own is not None and abs(own - minor) > (0 if exact else 1):
            return f"{one.named} is for Kubernetes 1.{own}, not for {when}: use 1.{minor}", Severity.HIGH
    if one.component in _RANGES:
        row = components.tested_range(one.component, one.version)
        if row is not None and row.oldest is not None and minor < row.oldest:
            return f"{one.named} is tested with Kubernetes 1.{row.oldest} and newer, not with {when}", Severity.INFO
        if row is not None and row.newest is not None and minor > row.newest:
            return f"{one.named} is tested with Kubernetes up to 1.{row.newest}, not with {when}", Severity.INFO
    return None
