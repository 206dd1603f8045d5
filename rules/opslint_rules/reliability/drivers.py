"""Storage drivers that manifests count on and nothing installs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Cluster,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    cluster,
    cluster_of,
    name_of,
    parse_image,
    rule,
    same_run,
)
from opslint_rules.reliability.controllers import listed, may_install, objects_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_EBS: Final = "ebs.csi.aws.com"
_DRIVERS: Final = {
    _EBS: "aws-ebs-csi-driver",
    "efs.csi.aws.com": "aws-efs-csi-driver",
    "snapshot.storage.k8s.io": "snapshot-controller",
}
_PROVISIONERS: Final = {_EBS: _EBS, "kubernetes.io/aws-ebs": _EBS, "efs.csi.aws.com": "efs.csi.aws.com"}
# Names in EKS of classes that need the EBS driver even when no StorageClass of the repository says so.
_USUAL_CLASSES: Final = frozenset({"gp2", "gp3"})


@rule(
    each=cluster(),
    severity=Severity.HIGH,
    preset=STRICT,
    applies_to="cross",
    related={"eksup": ["K8S010"]},
    fixable="unsafe",
)
def csi_driver_missing(item: Cluster, project: Project) -> Problems:
    """Volumes use an EBS or EFS StorageClass but the cluster is declared without the matching CSI driver.

    A claim for a volume waits for its driver for ever: the pod stays Pending and says that it has unbound claims. The
    class `gp2` that EKS creates is no help, because since Kubernetes 1.23 it is served by the EBS driver too. Snapshots
    need the snapshot controller in the same way.

    StorageClasses, volumes and claims of the units that are applied to the cluster are compared with its add-ons and
    with installed charts and images. EKS Auto Mode brings a driver of its own, `ebs.csi.eks.amazonaws.com`, and
    not the others. Where a module, an Application or the map of add-ons cannot be seen through, the rule is silent.
    The fix adds the add-on to the module's map; it still needs a role (addon-role-missing).

    ```hcl bad
    module "eks" {  # <- no aws-ebs-csi-driver
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.34"
      cluster_addons = {
        coredns = {}
      }
    }
    ```
    ```yaml bad
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: fast}
    provisioner: ebs.csi.aws.com
    ```

    ```hcl fixed
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.34"
      cluster_addons = {
        coredns            = {}
        aws-ebs-csi-driver = {}
      }
    }
    ```

    ```hcl good
    module "eks" {
      source  = "terraform-aws-modules/eks/aws"
      version = "~> 20.31"

      cluster_name    = "shop"
      cluster_version = "1.34"
      cluster_addons = {
        coredns            = {}
        aws-ebs-csi-driver = {}
      }
    }
    ```
    ```yaml good
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: fast}
    provisioner: ebs.csi.aws.com
    ```

    See <https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/efs-csi.html> and
    <https://docs.aws.amazon.com/eks/latest/userguide/csi-snapshot-controller.html>.
    """
    block = item.block
    if block is None or may_install(item, project):
        return
    wishes: dict[str, list[KubeObject]] = {}
    for one in objects_of(item, project):
        for driver in _drivers(one):
            wishes.setdefault(driver, []).append(one)
    for driver, asking in wishes.items():
        addon = _DRIVERS[driver]
        if _has_addon(block, addon, project) or _is_deployed(item, addon, project):
            continue
        yield Problem(
            f"cluster {name_of(block)} has no {addon}, and {listed(asking)} {'needs' if len(asking) == 1 else 'need'}"
            " it",
            block.header,
            also=tuple((one.title, one.metadata["name"]) for one in asking[:3]),
            fix=_addon_fix(block, addon),
        )


def _drivers(one: KubeObject) -> Iterator[str]:
    if one.kind == "StorageClass" and one.group == "storage.k8s.io":
        driver = _PROVISIONERS.get(one.root["provisioner"].text)
    elif one.kind == "PersistentVolume":
        driver = _PROVISIONERS.get(one.spec["csi"]["driver"].text)
    elif one.kind in {"VolumeSnapshot", "VolumeSnapshotClass"}:
        driver = one.group if one.group in _DRIVERS else None
    else:
        yield from {_EBS for spec in _claims(one) if _is_usual(spec, one)}
        return
    if driver is not None:
        yield driver


def _claims(one: KubeObject) -> Iterator[Node]:
    if one.kind == "PersistentVolumeClaim":
        yield one.spec
    elif one.kind == "StatefulSet":
        yield from (claim["spec"] for claim in one.spec["volumeClaimTemplates"])


def _is_usual(spec: Node, one: KubeObject) -> bool:
    name = spec["storageClassName"].text
    return name in _USUAL_CLASSES and not any(found.name == name for found in one.unit.of_kind("StorageClass"))


def _has_addon(block: Block, name: str, project: Project) -> bool:
    """True when the cluster has the add-on, or may have it."""
    call = block.call if block.virtual else None
    for key in ("addons", "cluster_addons"):
        if call is not None and (not call[key].known or name in call[key]):
            return True
    for addon in project.resources("aws_eks_addon"):
        named = addon["addon_name"]
        if same_run(addon, block) and (not named.known or named.text == name) and _may_be_of(addon, block, project):
            return True
    return False


def _may_be_of(addon: Block, block: Block, project: Project) -> bool:
    found = cluster_of(addon, project)
    return found is None or found is block


def _is_deployed(item: Cluster, name: str, project: Project) -> bool:
    for one in objects_of(item, project, "Deployment"):
        for container in one.containers:
            image = parse_image(container.image.text) if container.image.known else None
            if image is not None and name in image.repository:
                return True
    installed = [one["chart"] for one in project.resources("helm_release") if item.block and same_run(one, item.block)]
    for one in project.of_kind("Application", "HelmRelease"):
        sources = (
            [one.spec["source"], *one.spec["sources"]] if one.kind == "Application" else [one.spec.at("chart", "spec")]
        )
        installed += [source["chart"] for source in sources]
    return any(not node.known or name in node.text for node in installed) or any(
        name in chart.name for chart in project.charts
    )


def _addon_fix(block: Block, name: str) -> Fix:
    title = f"add {name} = {{}} to the add-ons"
    call = block.call if block.virtual else None
    addons = next((call[key] for key in ("addons", "cluster_addons") if call[key].present), None) if call else None
    if addons is None or addons.via or not addons.known or addons.source is not block.header.source:
        return Fix(title, (), Safety.SHOWN)
    return Fix(title, (Add(addons, name, "{}"),), Safety.UNSAFE)
