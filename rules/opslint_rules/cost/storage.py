"""Volumes of a type that costs more than gp3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    any_of,
    group_key,
    is_literal,
    kind,
    name_of,
    resource,
    rule,
    set_argument,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLD: Final = frozenset({"gp2", "standard"})
_PROVISIONED: Final = frozenset({"io1", "io2"})
_EBS_CSI: Final = "ebs.csi.aws.com"
_IN_TREE: Final = "kubernetes.io/aws-ebs"
_COPIES: Final = ("replicate_source_db", "snapshot_identifier", "restore_to_point_in_time", "s3_import")
# What gp3 gives without paying for more. Source: EBS user guide, "General Purpose SSD volumes".
_BASELINE: Final = 3000
# RDS stripes larger volumes: from this size (GiB) on gp3 gives four times the IOPS. Source: RDS user guide, "gp3
# storage"; SQL Server has no such step.
_STRIPED: Final = {"oracle": 200, "mysql": 400, "mariadb": 400, "postgres": 400}
# The devices that an image brings (Bottlerocket the second one too): what is not said of them is as the image has it.
_ROOT: Final = frozenset({"/dev/xvda", "/dev/xvdb", "/dev/sda1", ""})


@rule(
    each=any_of(
        resource("aws_db_instance", "aws_ebs_volume", "aws_launch_template", "aws_instance"),
        kind("StorageClass", "EC2NodeClass", groups=("storage.k8s.io", "karpenter.k8s.aws")),
    ),
    severity=Severity.LOW,
    preset=STRICT,
    fixable="unsafe",
    options={"io_volumes": "also report io1 and io2 with no more IOPS than gp3 has for free"},
)
def gp2_storage(item: Block | KubeObject, project: Project, *, io_volumes: bool = False) -> Problems:
    """Storage uses gp2, io1 or magnetic volumes where gp3 is cheaper.

    A gigabyte of gp3 costs about a fifth less than one of gp2, and its 3,000 IOPS do not depend on the size, nor on
    credits that run out during a restore. The change is made online.

    Databases: `storage_type` that is not set means gp2 (io1 with `iops`) to the provider, the rds module and AWS.
    Replicas and restored databases follow their source, and Aurora has no volumes. Volumes: an `aws_ebs_volume` and an
    `ebs_block_device` without a type are gp2; the devices that an image brings to a launch template or instance are as
    it says, so only a written type counts there. StorageClasses: the CSI driver's default is gp3, the in-tree
    provisioner's gp2. Parameters of a StorageClass cannot change, so make a new one and let claims move with their next
    copy.

    Leave it for volumes that need the lowest price per gigabyte and no throughput (magnetic).

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier        = "orders"
      engine            = "postgres"
      instance_class    = "db.m7g.large"
      allocated_storage = 100
      storage_type      = "gp2"  # <-
    }

    resource "aws_ebs_volume" "data" {  # <- without a type it is gp2
      availability_zone = "eu-central-1a"
      size              = 100
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier        = "orders"
      engine            = "postgres"
      instance_class    = "db.m7g.large"
      allocated_storage = 100
      storage_type      = "gp3"
    }

    resource "aws_ebs_volume" "data" {
      availability_zone = "eu-central-1a"
      size              = 100
      type              = "gp3"
    }
    ```

    ```yaml bad
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: standard}
    provisioner: ebs.csi.aws.com
    parameters:
      type: gp2  # <-
    ```

    ```yaml good
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: standard}
    provisioner: ebs.csi.aws.com
    parameters:
      type: gp3
    ```

    See <https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html>,
    <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html>,
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance> and
    <https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md>.
    """
    if isinstance(item, KubeObject):
        yield from _class(item, io_volumes=io_volumes) if item.kind == "StorageClass" else _node_class(item)
    elif item.type == "aws_db_instance":
        yield from _database(item, io_volumes=io_volumes)
    elif item.type == "aws_ebs_volume":
        yield from _volume(item, io_volumes=io_volumes)
    else:
        yield from _devices(item)


# -- Terraform
def _database(item: Block, *, io_volumes: bool) -> Problems:
    engine = item["engine"].text
    if engine.startswith(("aurora", "custom-", "db2-")) or any(item[key].present for key in _COPIES):
        return
    kind_, iops = item["storage_type"], item["iops"]
    type_ = kind_.text or ("io1" if iops.present else "gp2")
    said = f"database {name_of(item)} has {_named(kind_, type_)} storage"
    fix = set_argument(item, "storage_type", '"gp3"', Safety.UNSAFE)
    if type_ in _OLD:
        yield Problem(f"{said}, and gp3 is cheaper", kind_, fix=fix)
    elif io_volumes and type_ in _PROVISIONED and _is_low(iops, _free_iops(engine, item["allocated_storage"])):
        yield Problem(f"{said} with {iops.text} IOPS, which gp3 has for free", kind_)


def _free_iops(engine: str, size: Node) -> int:
    step = next((gib for name, gib in _STRIPED.items() if engine.startswith(name)), None)
    number = size.number
    return 4 * _BASELINE if step is not None and number is not None and number >= step else _BASELINE


def _is_low(iops: Node, free: int) -> bool:
    number = iops.number
    return number is not None and number <= free


def _volume(item: Block, *, io_volumes: bool) -> Problems:
    kind_ = item["type"]
    type_ = kind_.text or "gp2"
    said = f"volume {name_of(item)} is {_named(kind_, type_)}"
    if type_ in _OLD:
        fix = set_argument(item, "type", '"gp3"', Safety.UNSAFE)
        yield Problem(f"{said}, and gp3 is cheaper", kind_, fix=fix)
    elif io_volumes and type_ in _PROVISIONED and _is_low(item["iops"], _BASELINE):
        if item["multi_attach_enabled"].is_true:  # gp3 cannot be attached to several instances
            return
        yield Problem(f"{said} with {item['iops'].text} IOPS, which gp3 has for free", kind_)


def _devices(item: Block) -> Problems:
    kind_of = "launch template" if item.type == "aws_launch_template" else "instance"
    owner = f"node group {group_key(item)}" if group_key(item) else f"{kind_of} {name_of(item)}"
    for device, disk, is_root in _disks(item):
        if not disk.known or not disk["volume_type"].known or disk["snapshot_id"].present:
            continue
        kind_ = disk["volume_type"]
        type_ = kind_.text or ("" if is_root else "gp2")
        if type_ in _OLD:
            yield Problem(
                f"volume {device} of {owner} is {_named(kind_, type_)}, and gp3 is cheaper".replace("  ", " "),
                kind_,
                fix=_nested_fix(disk, kind_),
            )


def _disks(item: Block) -> Iterator[tuple[str, Node, bool]]:
    """Yield name and settings of each disk, and whether an image brings it."""
    if item.type == "aws_launch_template":
        mappings = item["block_device_mappings"]
        entries = [entry for _, entry in mappings.items()] if mappings.is_map else list(mappings)
        for entry in entries:
            if entry.known and entry["device_name"].known and entry["ebs"].known and entry["ebs"].present:
                device = entry["device_name"].text
                yield device, entry.one("ebs"), device in _ROOT
        return
    for key in ("root_block_device", "ebs_block_device"):
        for entry in item[key] if item[key].known else ():
            if entry.known and entry["device_name"].known:
                root = key == "root_block_device"
                yield "/" if root else entry["device_name"].text, entry, root


def _nested_fix(disk: Node, kind_: Node) -> Fix:
    title = 'set volume_type = "gp3"'
    if is_literal(kind_):
        return Fix(title, (Set(kind_, '"gp3"'),), Safety.UNSAFE)
    if not kind_.exists and not disk.via:
        return Fix(title, (Add(disk, "volume_type", '"gp3"'),), Safety.UNSAFE)
    return Fix(title, (), Safety.SHOWN)


def _named(node: Node, type_: str) -> str:
    shown = "magnetic" if type_ == "standard" else type_
    return shown if node.present else f"{shown} (no type is set)"


# -- Kubernetes
def _class(item: KubeObject, *, io_volumes: bool) -> Problems:
    provisioner, kind_ = item.root["provisioner"].text, item.root["parameters"]["type"]
    if provisioner not in {_EBS_CSI, _IN_TREE}:
        return
    type_ = kind_.text or ("gp2" if provisioner == _IN_TREE else "gp3")
    if type_ in _OLD or (io_volumes and type_ in _PROVISIONED):
        yield Problem(
            f"{item.title} makes {_named(kind_, type_)} volumes, and gp3 is cheaper",
            kind_ if item.root["parameters"].exists else item.root["provisioner"],
            fix=Fix("make a class with type: gp3: parameters of this one cannot change", (), Safety.SHOWN),
        )


def _node_class(item: KubeObject) -> Problems:
    for mapping in item.spec["blockDeviceMappings"]:
        kind_ = mapping["ebs"]["volumeType"]
        if kind_.text in _OLD:
            yield Problem(
                f"volume {mapping['deviceName'].text} of {item.title} is {_named(kind_, kind_.text)}, and gp3 is"
                " cheaper",
                kind_,
                fix=Fix("set volumeType: gp3", (Set(kind_, "gp3"),), Safety.UNSAFE),
            )
