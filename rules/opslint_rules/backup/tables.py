"""Tables and file systems that could not be brought back."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Add,
    AppendBlock,
    Block,
    Fix,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    cause_of,
    is_literal,
    may_refer_to,
    name_of,
    opaque_receives,
    resource,
    rule,
    same_run,
    set_value,
)

_TABLE: Final = "aws_dynamodb_table"
_EFS: Final = "aws_efs_file_system"
_VOLUME: Final = "aws_ebs_volume"


@rule(
    each=resource(_TABLE),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_28", "CKV_AWS_165"], "trivy": ["AVD-AWS-0024"]},
    fixable="safe",
    prod_only=True,
)
def dynamodb_no_pitr(item: Block, project: Project) -> Problems:
    """A DynamoDB table cannot be restored to a point in time.

    A wrong write or a bad deployment changes items one by one, and there is no way back. With point-in-time recovery
    the table is restored, as a new one, to any second of the last 35 days.

    It is off by default in the provider and in the dynamodb-table module, and each `replica` has a switch of its own.
    Terraform's own lock table, whose only key
    is LockID, passes, and so does a table that an AWS Backup selection covers or may cover. Leave it for caches and
    sessions.

    ```hcl bad
    resource "aws_dynamodb_table" "carts" {
      name         = "carts"
      billing_mode = "PAY_PER_REQUEST"
      hash_key     = "id"
      point_in_time_recovery {
        enabled = false  # <-
      }
    }
    ```

    ```hcl fixed
    resource "aws_dynamodb_table" "carts" {
      name         = "carts"
      billing_mode = "PAY_PER_REQUEST"
      hash_key     = "id"
      point_in_time_recovery {
        enabled = true
      }
    }
    ```

    ```hcl good
    resource "aws_dynamodb_table" "carts" {
      name         = "carts"
      billing_mode = "PAY_PER_REQUEST"
      hash_key     = "id"
      point_in_time_recovery {
        enabled = true
      }
    }
    ```

    See <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table>.
    """
    if item["hash_key"].text == "LockID" and not item["range_key"].present:
        return
    given = item["point_in_time_recovery"]
    flag = item.body.one("point_in_time_recovery")["enabled"] if given.present else given
    if is_selected(item, project):
        return
    if not (given.present and flag.is_true):
        yield Problem(
            f"table {name_of(item)} cannot be restored to a point in time:"
            f" point_in_time_recovery is {'off' if given.present else 'not set'}",
            flag,
            fix=_pitr_fix(item, flag),
        )
    for replica in item["replica"]:
        own = replica["point_in_time_recovery"]
        if not own.is_true:
            where = replica["region_name"]
            yield Problem(
                f"the replica of table {name_of(item)}{f' in {where.text}' if where.known and where.text else ''}"
                " cannot be restored to a point in time",
                own if own.exists else replica,
                fix=_replica_fix(replica, own),
            )


def _replica_fix(replica: Node, own: Node) -> Fix:
    if own.exists:
        return set_value(own, "point_in_time_recovery", "true", Safety.SAFE)
    return Fix("set point_in_time_recovery = true", (Add(replica, "point_in_time_recovery", "true"),), Safety.SAFE)


def _pitr_fix(item: Block, flag: Node) -> Fix:
    title = "switch point_in_time_recovery on"
    if is_literal(flag) and not item.virtual:
        return set_value(flag, "enabled", "true", Safety.SAFE)
    if not item.virtual and not item["point_in_time_recovery"].exists:
        return Fix(title, (Add(item.body, "point_in_time_recovery", "{\n  enabled = true\n}"),), Safety.SAFE)
    if item.virtual and item.call is not None and not item.call["point_in_time_recovery_enabled"].exists:
        return Fix(title, (Add(item.call.body, "point_in_time_recovery_enabled", "true"),), Safety.SAFE)
    return Fix(title, (), Safety.SHOWN)


@rule(
    each=resource(_EFS, _VOLUME),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"checkov": ["CKV2_AWS_18", "CKV2_AWS_9"]},
    fixable="safe",
    prod_only=True,
)
def filesystem_no_backup(item: Block, project: Project) -> Problems:
    """An EFS file system or standalone EBS volume is covered by no backup policy.

    Files that are deleted by mistake, or encrypted by someone else, are gone. EFS has no snapshots of its own, and a
    volume has only those that somebody takes.

    A file system passes with an `aws_efs_backup_policy` (the efs module makes one), a volume with an enabled
    `aws_dlm_lifecycle_policy`, and both with an AWS Backup selection that covers them or may. Volumes of
    pods are Velero's. Leave it for scratch space.

    ```hcl bad
    resource "aws_efs_file_system" "media" {  # <-
      creation_token = "media"
      encrypted      = true
    }
    ```

    ```hcl fixed
    resource "aws_efs_file_system" "media" {
      creation_token = "media"
      encrypted      = true
    }

    resource "aws_efs_backup_policy" "media" {
      file_system_id = aws_efs_file_system.media.id

      backup_policy {
        status = "ENABLED"
      }
    }
    ```

    ```hcl good
    resource "aws_efs_file_system" "media" {
      creation_token = "media"
      encrypted      = true
    }

    resource "aws_efs_backup_policy" "media" {
      file_system_id = aws_efs_file_system.media.id
      backup_policy {
        status = "ENABLED"
      }
    }
    ```

    See <https://docs.aws.amazon.com/efs/latest/ug/awsbackup.html> and
    <https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lifecycle.html>.
    """
    if is_selected(item, project) or opaque_receives(item):
        return
    if item.type == _VOLUME:
        policies = [one for one in project.resources("aws_dlm_lifecycle_policy") if same_run(one, item)]
        if not any(_is_enabled(one, "state") and _targets(one, item) for one in policies):
            yield Problem(f"volume {name_of(item)} is in no backup: no lifecycle policy or backup plan", item.header)
        return
    systems = beside(item, project, _EFS)
    for policy in beside(item, project, "aws_efs_backup_policy"):
        mine = policy.call is item.call if policy.virtual else may_refer_to(policy["file_system_id"], item, systems)
        block = policy.body.one("backup_policy")
        if mine and (not block.known or not block["status"].known or block["status"].text == "ENABLED"):
            return
    name = item.name
    body: dict[str, object] = {
        "file_system_id": f"${{aws_efs_file_system.{name}.id}}",
        "backup_policy": [{"status": "ENABLED"}],
    }
    title = "add an aws_efs_backup_policy"
    block_: dict[str, object] = {"resource": [{"aws_efs_backup_policy": {name: body}}]}
    plain = not item.virtual and item.address == f"aws_efs_file_system.{name}"
    yield Problem(
        f"file system {name_of(item)} is in no backup: no backup policy or backup plan",
        item.header,
        fix=Fix(title, (AppendBlock(item.header, block_),), Safety.SAFE) if plain else Fix(title, (), Safety.SHOWN),
    )


def _targets(policy: Block, item: Block) -> bool:
    """True when a lifecycle policy takes snapshots of volumes with a tag of this one, or may do so."""
    if not policy["policy_details"].known or not policy["policy_details"].present:
        return True
    details = policy.body.one("policy_details")
    wanted, kinds = details["target_tags"], details["resource_types"]
    if not kinds.known or any(not one.known for one in kinds) or (kinds.present and "VOLUME" not in kinds.texts()):
        return True  # snapshots of an instance hold the volumes that are attached to it
    if not wanted.known or not wanted.present or not item["tags"].known:
        return True
    return any(not node.known or _has_value(item["tags"][key], node.text) for key, node in wanted.items())


def _has_value(tag: Node, wanted: str) -> bool:
    return tag.present and (not tag.known or tag.text == wanted)


def _is_enabled(block: Block, key: str) -> bool:
    return not block[key].known or block[key].text in {"", "ENABLED"}


def is_selected(item: Block, project: Project) -> bool:
    """True when an AWS Backup selection covers the resource, or may do so."""
    selections = [one for one in project.resources("aws_backup_selection") if same_run(one, item)]
    return any(_covers(one, item, project) for one in selections)


def _covers(selection: Block, item: Block, project: Project) -> bool:
    arns, tags = selection["resources"], selection["selection_tag"]
    if not arns.known or not tags.known or not selection["condition"].known or selection["condition"].present:
        return True
    same = beside(item, project, item.type)
    for arn in arns:
        if not arn.known and (
            may_refer_to(arn, item, same) and not cause_of(arn).startswith(("aws_db_", "aws_rds_", "aws_s3_"))
        ):
            return True
        if arn.known and ("*" in arn.text or name_of(item) in arn.text):
            return True
    return any(not tag.known or _has_tag(item, tag) for tag in tags)


def _has_tag(item: Block, tag: Node) -> bool:
    key, value = tag["key"], tag["value"]
    if not key.known or not value.known:
        return True
    for tags in (item["tags_all"], item["tags"]):
        if not tags.known:
            return True
        node = tags[key.text]
        if node.present and (not node.known or node.text == value.text):
            return True
    return False
