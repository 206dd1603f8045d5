"""Storage that is not encrypted at rest."""

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
    environment_of,
    group_key,
    is_literal,
    kind,
    name_of,
    resource,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLUSTERS: Final = ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")
_FLAGS: Final = {
    "aws_db_instance": ("database", "storage_encrypted"),
    **dict.fromkeys(_CLUSTERS, ("database", "storage_encrypted")),
    "aws_ebs_volume": ("volume", "encrypted"),
    "aws_efs_file_system": ("file system", "encrypted"),
}
_FROM_OTHERS: Final = (
    "replicate_source_db",
    "replication_source_identifier",
    "snapshot_identifier",
    "restore_to_point_in_time",
    "global_cluster_identifier",
    "snapshot_id",
)
_TEMPLATE: Final = "aws_launch_template"
_EBS_CSI: Final = frozenset({"ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs"})


@rule(
    each=any_of(
        resource(*_FLAGS, _TEMPLATE),
        kind("StorageClass", "EC2NodeClass", groups=("storage.k8s.io", "karpenter.k8s.aws")),
    ),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_AWS_16", "CKV_AWS_96", "CKV_AWS_3", "CKV_AWS_42", "CKV_AWS_8", "CKV_AWS_106"],
        "trivy": ["AVD-AWS-0080", "AVD-AWS-0079", "AVD-AWS-0026", "AVD-AWS-0037"],
    },
    related={"hardeneks": ["use_encryption_with_ebs", "use_encryption_with_efs"]},
    fixable="unsafe",
    options={"include_nonprod": "this rule checks environments that are not production too"},
)
def storage_unencrypted(item: Block | KubeObject, project: Project, *, include_nonprod: bool = True) -> Problems:
    """A database, volume or file system is not encrypted at rest.

    A snapshot that is shared by mistake, or copied to another account, is then readable by whoever has it. Encryption
    costs nothing and cannot be switched on later: the database or volume has to be made again from a copy.

    The provider's default is false everywhere; the rds modules default to true and pass. Replicas and restored
    databases take it from their source. Volumes pass where `aws_ebs_encryption_by_default` is in the project. On
    databases, volumes and file systems the change replaces the resource, so only launch templates, storage classes and
    node classes are edited.

    ```hcl bad
    resource "aws_launch_template" "nodes" {
      name_prefix = "nodes-"
      block_device_mappings {
        device_name = "/dev/xvda"
        ebs {
          volume_size = 50
          encrypted   = false  # <-
        }
      }
    }
    ```

    ```hcl fixed
    resource "aws_launch_template" "nodes" {
      name_prefix = "nodes-"
      block_device_mappings {
        device_name = "/dev/xvda"
        ebs {
          volume_size = 50
          encrypted   = true
        }
      }
    }
    ```

    ```hcl good
    resource "aws_db_instance" "orders" {
      identifier        = "orders"
      engine            = "postgres"
      instance_class    = "db.m7g.large"
      storage_encrypted = true
    }
    ```

    Without `encrypted: "true"` a StorageClass of the EBS driver follows the account, whose default is off. Disks of an
    EC2NodeClass are judged when its mappings are written out. The parameters of a StorageClass that exists cannot
    change: it has to be made again under its name.

    ```yaml bad
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: fast}
    provisioner: ebs.csi.aws.com
    parameters:
      type: gp3
      encrypted: "false"  # <-
    ```

    ```yaml fixed
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: fast}
    provisioner: ebs.csi.aws.com
    parameters:
      type: gp3
      encrypted: "true"
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html>,
    <https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html>,
    <https://docs.aws.amazon.com/efs/latest/ug/encryption.html> and
    <https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md>.
    """
    if not include_nonprod and environment_of(item).is_nonprod:
        return
    if isinstance(item, KubeObject):
        yield from _of_object(item, project)
        return
    if item.type == _TEMPLATE:
        yield from _template(item, project)
        return
    if any(item[key].present for key in _FROM_OTHERS) or item["engine_mode"].text == "serverless":
        return
    if item.type == "aws_ebs_volume" and has_default(project):
        return
    what, key = _FLAGS[item.type]
    flag = item[key]
    if flag.is_true:
        return
    why = f"{key} is false" if flag.present else f"{key} is not set, which means false"
    title = f"set {key} = true, which replaces the {what}"
    yield Problem(f"{what} {name_of(item)} is not encrypted: {why}", flag, fix=Fix(title, (), Safety.SHOWN))


def has_default(project: Project) -> bool:
    """True when the account encrypts new volumes by default, or may do so."""
    defaults = (one["enabled"] for one in project.resources("aws_ebs_encryption_by_default"))
    return any(not one.known or not one.is_false for one in defaults)


def _template(item: Block, project: Project) -> Problems:
    if has_default(project):
        return
    for mapping in _mappings(item["block_device_mappings"]):
        ebs = mapping.one("ebs")
        flag = ebs["encrypted"]
        if not ebs.present or flag.is_true or ebs["snapshot_id"].present:
            continue
        device = mapping["device_name"].text
        yield Problem(
            f"volume {device} of {_title(item)} is not encrypted".replace("  ", " "),
            flag,
            fix=_fix(ebs, flag),
        )


def _title(item: Block) -> str:
    key = group_key(item)
    return f"node group {key}" if key else f"launch template {name_of(item)}"


def _mappings(node: Node) -> Iterator[Node]:
    """Yield the mappings of a template: blocks, or the entries of a module's map."""
    if node.is_map:
        yield from (child for _, child in node.items())
    else:
        yield from node


def _fix(ebs: Node, flag: Node) -> Fix:
    title = "set encrypted = true"
    if is_literal(flag):
        return Fix(title, (Set(flag, "true"),), Safety.UNSAFE)
    if not flag.exists and not ebs.via:
        return Fix(title, (Add(ebs, "encrypted", "true"),), Safety.UNSAFE)
    return Fix(title, (), Safety.SHOWN)


def _of_object(item: KubeObject, project: Project) -> Iterator[Problem]:
    if has_default(project):
        return
    if item.kind == "StorageClass":
        flag = item.root["parameters"]["encrypted"]
        if item.root["provisioner"].text in _EBS_CSI and not flag.is_true:
            yield Problem(f"volumes of {item.title} are not encrypted", flag, fix=_yaml_fix(flag, '"true"'))
        return
    for mapping in item.spec["blockDeviceMappings"]:
        flag = mapping["ebs"]["encrypted"]
        if mapping["ebs"].present and not flag.is_true:
            yield Problem(
                f"volume {mapping['deviceName'].text} of {item.title} is not encrypted",
                flag,
                fix=_yaml_fix(flag, "true"),
            )


def _yaml_fix(flag: Node, value: str) -> Fix:
    title = f"set encrypted: {value}"
    if flag.exists:
        return Fix(title, (Set(flag, value),), Safety.UNSAFE)
    parent = flag.parent
    if parent is not None and parent.exists:
        return Fix(title, (Add(parent, "encrypted", value),), Safety.UNSAFE)
    return Fix(title, (), Safety.SHOWN)
