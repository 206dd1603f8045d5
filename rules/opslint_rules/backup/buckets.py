"""Buckets of backups and state, and what Terraform may destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    RootModule,
    Safety,
    Set,
    Severity,
    beside,
    environment_of,
    glob_matches,
    may_refer_to,
    name_of,
    opaque_receives,
    resource,
    rule,
    set_argument,
)
from opslint_rules.backup.velero_locations import locations_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUCKET: Final = "aws_s3_bucket"
_PATTERNS: Final = ("*backup*", "*velero*", "*tfstate*", "*terraform-state*", "*snapshot*", "*dump*")
_ABOUT: Final = frozenset({"log", "logs", "report", "reports"})
_SAYING: Final = frozenset({"name", "purpose"})
_BLOCKS: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_GUARDED: Final = (
    "aws_db_instance",
    "aws_rds_cluster",
    "aws_dynamodb_table",
    "aws_efs_file_system",
    "aws_s3_bucket",
    "aws_kms_key",
    "aws_ebs_volume",
)
_API_SIDE: Final = ("deletion_protection", "deletion_protection_enabled")


@rule(
    each=resource(_BUCKET),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_21", "CKV2_AWS_6"], "trivy": ["AVD-AWS-0090", "AVD-AWS-0094"]},
    fixable="safe",
    options={"name_patterns": "globs of names of buckets that hold backups"},
)
def backup_bucket_unprotected(item: Block, project: Project, *, name_patterns: tuple[str, ...] = _PATTERNS) -> Problems:
    """A bucket that holds backups or Terraform state is not versioned or may be emptied by a destroy.

    Without versions an object that is overwritten or deleted, by mistake or by an intruder, is gone, and with it the
    backup. `force_destroy` empties the bucket before it is destroyed, which is what a bucket of backups must refuse.

    A bucket counts by its name or its tags Name and Purpose (`name_patterns`, unless they say log or report), as the
    target of a Velero location or as an S3 backend of the repository. An explicit false in its public access block is
    reported too; without one, new buckets block public access by themselves. Other buckets pass. Leave it for copies of
    what is kept elsewhere.

    ```hcl bad
    resource "aws_s3_bucket" "backups" {
      bucket        = "shop-backups"
      force_destroy = true  # <-
    }

    resource "aws_s3_bucket_versioning" "backups" {
      bucket = aws_s3_bucket.backups.id
      versioning_configuration {
        status = "Enabled"
      }
    }
    ```

    ```hcl fixed
    resource "aws_s3_bucket" "backups" {
      bucket        = "shop-backups"
      force_destroy = false
    }

    resource "aws_s3_bucket_versioning" "backups" {
      bucket = aws_s3_bucket.backups.id
      versioning_configuration {
        status = "Enabled"
      }
    }
    ```

    ```hcl good
    resource "aws_s3_bucket" "backups" {
      bucket = "shop-backups"
    }

    resource "aws_s3_bucket_versioning" "backups" {
      bucket = aws_s3_bucket.backups.id
      versioning_configuration {
        status = "Enabled"
      }
    }
    ```

    See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html> and
    <https://developer.hashicorp.com/terraform/language/backend/s3>.
    """
    if not is_backup(item, project, name_patterns):
        return
    name = name_of(item)
    if not _is_versioned(item, project):
        yield Problem(f"bucket {name} holds backups and is not versioned", item.header)
    force = item["force_destroy"]
    if force.known and force.is_true:
        yield Problem(
            f"bucket {name} holds backups and is emptied when it is destroyed (force_destroy = true)",
            force,
            fix=set_argument(item, "force_destroy", "false", Safety.SAFE),
        )
    for one in beside(item, project, "aws_s3_bucket_public_access_block"):
        if not _is_of(one, item, project, sure=True):
            continue
        for key in _BLOCKS:
            if one[key].known and one[key].is_false:
                yield Problem(
                    f"bucket {name} holds backups and may be made public: {key} is false",
                    one[key],
                    fix=set_argument(one, key, "true", Safety.SAFE),
                )


def _is_about(name: str) -> bool:
    """True for a bucket of what is written about backups: reports of AWS Backup, logs of access to the state."""
    return not _ABOUT.isdisjoint(name.lower().replace("_", "-").replace(".", "-").split("-"))


def is_backup(item: Block, project: Project, patterns: tuple[str, ...] = _PATTERNS) -> bool:
    """True when the bucket surely holds backups or state: by its name or tags, for Velero, or as a backend."""
    named, prefix = item["bucket"], item["bucket_prefix"]
    name = named.text if named.known else ""
    start = prefix.text if prefix.known else ""
    if _fits(name, patterns) or _fits(start, patterns):
        return True
    if any(_fits(text, patterns) for text in _purposes(item)):
        return True
    if not name:
        return False
    return any(place.bucket == name for place in locations_of(project)) or any(
        name in _state_buckets(module) for module in project.modules
    )


def _fits(text: str, patterns: tuple[str, ...]) -> bool:
    return bool(text) and not _is_about(text) and any(glob_matches(text.lower(), glob) for glob in patterns)


def _purposes(item: Block) -> Iterator[str]:
    """Yield the tags that say what the bucket is for; others may say how the bucket itself is backed up."""
    tags = item["tags"]
    for key, node in tags.items() if tags.known else ():
        if key.lower() in _SAYING and node.known:
            yield node.text


def _state_buckets(module: RootModule) -> Iterator[str]:
    """Yield the buckets in which the module keeps its state."""
    backend = module.backend
    if backend is not None and backend.type == "s3":
        yield from (body["bucket"].text for body in (backend.body, *backend.files) if body["bucket"].known)


def _is_versioned(item: Block, project: Project) -> bool:
    """True when the bucket has versions, or may have them."""
    legacy = item["versioning"]
    if not legacy.known or opaque_receives(item):
        return True
    if legacy.present:
        enabled = item.body.one("versioning")["enabled"]
        if not enabled.known or enabled.is_true:
            return True
    for one in beside(item, project, "aws_s3_bucket_versioning"):
        block = one.body.one("versioning_configuration")
        status = block["status"] if block.known else block
        if _is_of(one, item, project, sure=False) and (not status.known or status.text in {"Enabled", "true"}):
            return True
    return False


def _is_of(one: Block, item: Block, project: Project, *, sure: bool) -> bool:
    if (one.virtual or item.virtual) and one.virtual and item.virtual:
        return one.call is item.call
    buckets = beside(item, project, _BUCKET)
    return may_refer_to(one["bucket"], item, buckets) and (not sure or not one.stand_in)


@rule(
    each=resource(*_GUARDED),
    severity=Severity.LOW,
    preset=STRICT,
    fixable="safe",
    options={"resources": "resource types that must be guarded"},
)
def no_prevent_destroy(item: Block, project: Project, *, resources: tuple[str, ...] = _GUARDED) -> Problems:
    """A resource whose loss means data loss has no Terraform guard against destruction.

    A renamed block, a changed key of a `for_each` or an argument that forces a replacement makes Terraform destroy the
    resource and its data, and in a long plan nobody sees the line. With `prevent_destroy` the plan fails instead.

    Resources that AWS itself protects (`deletion_protection`) pass, and so do those inside registry modules, where
    the guard cannot be set. Buckets count when they hold backups (backup-bucket-unprotected). Environments that
    are known not to be production pass. Leave it for data that can be made again.

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

      lifecycle {
        prevent_destroy = true
      }
    }
    ```

    ```hcl good
    resource "aws_efs_file_system" "media" {
      creation_token = "media"
      encrypted      = true
      lifecycle {
        prevent_destroy = true
      }
    }
    ```

    See <https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle> and
    <https://developer.hashicorp.com/terraform/tutorials/state/resource-lifecycle>.
    """
    if item.type not in resources or item.virtual or environment_of(item).is_nonprod:
        return
    if item.call is not None and item.call.how != "local":
        return
    if any(not item[key].known or item[key].is_true for key in _API_SIDE):
        return
    if item.type == _BUCKET and not is_backup(item, project):
        return
    guard = item.body.one("lifecycle")
    if item["lifecycle"].present and (not guard["prevent_destroy"].known or guard["prevent_destroy"].is_true):
        return
    yield Problem(
        f"Terraform may destroy {item.address} and its data: prevent_destroy is not set",
        item.header,
        fix=_guard(item),
    )


def _guard(item: Block) -> Fix:
    guard = item.body.one("lifecycle") if item["lifecycle"].present else None
    if guard is None:
        change: Add | Set = Add(item.body, "lifecycle", "{\n  prevent_destroy = true\n}")
    elif guard["prevent_destroy"].exists:
        change = Set(guard["prevent_destroy"], "true")
    else:
        change = Add(guard, "prevent_destroy", "true")
    return Fix("set prevent_destroy = true", (change,), Safety.SAFE)
