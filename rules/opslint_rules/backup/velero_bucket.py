"""Velero's bucket in Terraform."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Block,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    cause_of,
    glob_matches,
    has_placeholder,
    name_glob,
    opaque_could_provide,
    project,
    refers_to,
    registry_name,
    resource,
    rule,
    set_value,
)
from opslint_rules.backup.velero_locations import Place, Schedule, locations_of, schedules_of
from opslint_rules.security.external_secrets import region_of

_IRSA: Final = (
    "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks",
    "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts",
)
_WORDS: Final = ("bucket", "s3", "velero", "backup")
_MARGIN: Final = 7
_COLD: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})


def _buckets(project: Project) -> list[Block]:
    return project.resources("aws_s3_bucket")


def _is_called(bucket: Block, name: str) -> bool:
    return glob_matches(name, name_glob(bucket, "bucket", "bucket_prefix"))


@rule(each=project(), severity=Severity.MEDIUM, preset=STRICT, applies_to="cross")
def velero_bucket_undeclared(item: Project, project: Project) -> Problems:
    """Velero writes to a bucket that Terraform does not declare, or in another region, or with a role without access.

    Backups then fail with NoSuchBucket or AccessDenied, the location turns Unavailable, and the schedules go on without
    an alarm. It is noticed on the day something has to be restored.

    The bucket of each BackupStorageLocation (and of the chart's values) is looked for among the buckets of the
    Terraform that is read along. One that is found must be in the region that the location names, and in
    `velero_s3_bucket_arns` of the module that makes Velero's role. Names that cannot be told, buckets of data sources
    and modules that cannot be seen through make the rule silent. Leave it when the bucket belongs to another account.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage:
        bucket: shop-backup  # <- Terraform makes shop-backups
    ```
    ```hcl bad
    resource "aws_s3_bucket" "backups" {
      bucket = "shop-backups"
    }
    ```

    ```yaml good
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec:
      provider: aws
      objectStorage:
        bucket: shop-backups
    ```
    ```hcl good
    resource "aws_s3_bucket" "backups" {
      bucket = "shop-backups"
    }
    ```

    See <https://velero.io/docs/main/api-types/backupstoragelocation/>,
    <https://github.com/vmware-tanzu/velero-plugin-for-aws> and
    <https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/latest>.
    """
    for place in locations_of(project):
        if not place.bucket or has_placeholder(place.bucket):
            continue
        found = [one for one in _buckets(project) if _is_called(one, place.bucket)]
        if not found:
            yield from _undeclared(place, project)
            continue
        regions = {region_of(one) for one in found}
        if place.region and "" not in regions and place.region not in regions:
            yield Problem(
                f"Velero looks for the bucket {place.bucket} in {place.region},"
                f" and it is in {', '.join(sorted(regions))}",
                place.at,
                also=(("the bucket", found[0].header),),
            )
        yield from _unreachable(place, found, project)


def _undeclared(place: Place, project: Project) -> Problems:
    buckets = _buckets(project)
    others = project.data("aws_s3_bucket")
    if any(not one["bucket"].known or one["bucket"].text == place.bucket for one in others):
        return
    if not (buckets or project.resources("aws_eks_cluster")) or opaque_could_provide(project, *_WORDS):
        return
    from difflib import get_close_matches

    names = [one["bucket"].text for one in buckets if one["bucket"].known and one["bucket"].text]
    near = get_close_matches(place.bucket, names, n=1, cutoff=0.6)
    said = f"; the nearest is {near[0]}" if near else ""
    yield Problem(f"Velero writes to the bucket {place.bucket}, which Terraform does not declare{said}", place.at)


def _unreachable(place: Place, found: list[Block], project: Project) -> Problems:
    """Say that the module that makes Velero's role gives it other buckets only."""
    calls = [
        call
        for call in project.calls
        if registry_name(call) in _IRSA
        and any(call.root is one.root for one in found)
        and call["attach_velero_policy"].is_true
    ]
    if not calls or any(
        _covers(arn, one) for call in calls for arn in _arns(call["velero_s3_bucket_arns"]) for one in found
    ):
        return
    yield Problem(
        f"Velero writes to the bucket {place.bucket}, and the role of {calls[0].address} may reach others only",
        place.at,
        also=(("the buckets of the role", calls[0]["velero_s3_bucket_arns"]),),
    )


def _arns(node: Node) -> list[Node]:
    return list(node) if node.known and node.is_list else [node]


def _covers(arn: Node, bucket: Block) -> bool:
    if not arn.known:
        return refers_to(arn, bucket) or not cause_of(arn).startswith(("aws_s3_bucket.", "module."))
    name = bucket["bucket"]
    return not arn.present or not name.known or glob_matches(f"arn:aws:s3:::{name.text}", arn.text)


@rule(
    each=resource("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket"),
    severity=Severity.HIGH,
    preset=STRICT,
    applies_to="cross",
    fixable="unsafe",
)
def velero_bucket_expires_early(item: Block, project: Project) -> Problems:
    """The bucket's lifecycle rules delete or archive backup objects before Velero's own retention ends.

    Velero deletes expired backups itself. A lifecycle rule that is quicker removes parts of backups that are still
    listed: kopia and restic repositories share data between backups, so one lost object breaks many. Objects in
    Glacier cannot be read without a restore, which Velero does not ask for.

    Rules that are enabled and cover the location's prefix are compared with the longest `ttl` of the active schedules
    that use the location (30 days where none is given). Rules for old versions and for unfinished uploads pass, and so
    do rules for tags. Leave it for a bucket that Velero only restores from.

    ```yaml bad
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec: {provider: aws, objectStorage: {bucket: shop-backups}}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template: {ttl: 2160h}
    ```
    ```hcl bad
    resource "aws_s3_bucket" "backups" {
      bucket = "shop-backups"
    }

    resource "aws_s3_bucket_lifecycle_configuration" "backups" {
      bucket = aws_s3_bucket.backups.id
      rule {
        id     = "expire"
        status = "Enabled"
        filter {}
        expiration {
          days = 30  # <- the backups are kept 90 days
        }
      }
    }
    ```

    ```hcl fixed
    resource "aws_s3_bucket" "backups" {
      bucket = "shop-backups"
    }

    resource "aws_s3_bucket_lifecycle_configuration" "backups" {
      bucket = aws_s3_bucket.backups.id
      rule {
        id     = "expire"
        status = "Enabled"
        filter {}
        expiration {
          days = 97
        }
      }
    }
    ```

    ```yaml good
    apiVersion: velero.io/v1
    kind: BackupStorageLocation
    metadata: {name: default, namespace: velero}
    spec: {provider: aws, objectStorage: {bucket: shop-backups}}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template: {ttl: 2160h}
    ```
    ```hcl good
    resource "aws_s3_bucket" "backups" {
      bucket = "shop-backups"
    }

    resource "aws_s3_bucket_lifecycle_configuration" "backups" {
      bucket = aws_s3_bucket.backups.id
      rule {
        id     = "old-versions"
        status = "Enabled"
        filter {}
        noncurrent_version_expiration {
          noncurrent_days = 30
        }
      }
    }
    ```

    See <https://velero.io/docs/main/backup-reference/> and
    <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html>.
    """
    if item.type == "aws_s3_bucket":
        bucket, rules = item, item["lifecycle_rule"]
    else:
        found = [one for one in beside(item, project, "aws_s3_bucket") if _is_of(item, one)]
        if len(found) != 1:
            return
        bucket, rules = found[0], item["rule"]
    name = bucket["bucket"]
    if not rules.present or not name.known:
        return
    places = [place for place in locations_of(project) if place.bucket == name.text]
    schedules = list(schedules_of(project)) if places else []
    for place in places:
        yield from _early(rules, place, schedules)


def _is_of(item: Block, bucket: Block) -> bool:
    return bucket.call is item.call if item.virtual else refers_to(item["bucket"], bucket)


def _early(rules: Node, place: Place, schedules: list[Schedule]) -> Problems:
    used = [one for one in schedules if one.location == place.name or (not one.location and place.is_default)]
    if not used:
        return
    longest = max(used, key=lambda one: one.days)
    for rule_ in rules:
        if not _is_on(rule_) or not _covers_prefix(rule_, place.prefix):
            continue
        days = rule_.one("expiration")["days"]
        if days.number is not None and 0 < days.number < longest.days:
            wanted = str(int(longest.days) + _MARGIN)
            yield Problem(
                f"objects of bucket {place.bucket} are deleted after {days.text} days, and {longest.title} keeps its"
                f" backups {longest.days:g} days",
                days,
                also=((longest.title, longest.at),),
                fix=set_value(days, "days", wanted, Safety.UNSAFE),
            )
        for transition in _maps(rule_["transition"]):
            kind_ = transition["storage_class"]
            if kind_.text in _COLD:
                yield Problem(
                    f"objects of bucket {place.bucket} move to {kind_.text}, where Velero cannot read them", kind_
                )


def _maps(node: Node) -> list[Node]:
    return list(node) if node.is_list else [node] if node.is_map else []


def _is_on(rule_: Node) -> bool:
    return rule_["status"].text == "Enabled" or rule_["enabled"].is_true


def _covers_prefix(rule_: Node, prefix: str) -> bool:
    filter_ = rule_.one("filter")
    both = filter_.one("and")
    if any(one[key].present for one in (filter_, both) for key in ("tag", "tags", "object_size_less_than")):
        return False
    if rule_["tags"].present:
        return False
    wanted = next((one["prefix"].text for one in (both, filter_, rule_) if one["prefix"].text), "").lstrip("/")
    own = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return own.startswith(wanted) or wanted.startswith((f"{own}backups", f"{own}kopia", f"{own}restic"))


__all__ = ["velero_bucket_expires_early", "velero_bucket_undeclared"]
