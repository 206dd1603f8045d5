"""Backup plans that keep too little, too long, or nothing."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Block,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    beside,
    may_refer_to,
    name_of,
    opaque_could_provide,
    opaque_receives,
    provider_accounts,
    refers_to,
    regex,
    resource,
    rule,
)
from opslint_rules.security.external_secrets import region_of

_PLAN: Final = "aws_backup_plan"
_SELECTION: Final = "aws_backup_selection"
_DLM: Final = "aws_dlm_lifecycle_policy"
_VAULTS: Final = ("aws_backup_vault", "aws_backup_logically_air_gapped_vault")
_DEFAULT_VAULT: Final = "Default"  # AWS Backup makes it
_COLD_DAYS: Final = 90
_VAULT_ARN: Final = regex(r"arn:[a-z-]+:backup:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):backup-vault:")


@rule(
    each=resource(_PLAN, _SELECTION, _DLM),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"checkov": ["CKV2_AWS_8"]},
    options={
        "min_days": "smallest accepted retention in days",
        "require_copy": "demand a copy of each backup in another region or account",
    },
)
def backup_plan_incomplete(item: Block, project: Project, *, min_days: int = 7, require_copy: bool = False) -> Problems:
    """A backup plan selects nothing, keeps too little, keeps forever, or is switched off.

    A plan without a selection looks like a backup in every review and makes none. A rule without a schedule starts only
    by hand, and one without `delete_after` is paid for until somebody looks.

    AWS Backup keeps what it moved to cold storage at least 90 days, so `delete_after` must be that much later
    than `cold_storage_after`. A copy that `require_copy` asks for must leave the region or the account: one that is
    known to stay in both is lost with the backup. Lifecycle policies of volumes are reported when they are disabled.
    A plan that another module selects for passes. Leave it for plans that are started by hand on purpose.

    ```hcl bad
    resource "aws_backup_plan" "daily" {  # <- nothing is selected
      name = "daily"
      rule {
        rule_name         = "daily"
        target_vault_name = "main"
        schedule          = "cron(0 3 * * ? *)"
        lifecycle {
          delete_after = 35
        }
      }
    }
    ```

    ```hcl good
    resource "aws_backup_plan" "daily" {
      name = "daily"
      rule {
        rule_name         = "daily"
        target_vault_name = "main"
        schedule          = "cron(0 3 * * ? *)"
        lifecycle {
          delete_after = 35
        }
      }
    }

    resource "aws_backup_selection" "tagged" {
      name         = "tagged"
      plan_id      = aws_backup_plan.daily.id
      iam_role_arn = "arn:aws:iam::123456789012:role/backup"
      selection_tag {
        type  = "STRINGEQUALS"
        key   = "backup"
        value = "daily"
      }
    }
    ```

    See <https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup-plan.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_plan>.
    """
    if item.type == _DLM:
        if item["state"].text == "DISABLED":
            yield Problem(f"lifecycle policy {item.address} is disabled, so it makes no snapshot", item["state"])
        return
    if item.type == _SELECTION:
        wanted = [item[key] for key in ("resources", "not_resources", "selection_tag", "condition")]
        if all(node.known and (not node.present or len(node) == 0) for node in wanted):
            yield Problem(f"backup selection {name_of(item)} selects nothing", item.header)
        return
    plans = beside(item, project, _PLAN)
    selections = beside(item, project, _SELECTION)
    # Whether there is such a plan at all may hang on the same unknown as its selections.
    sure = not item.stand_in and not opaque_receives(item)
    if sure and not any(may_refer_to(one["plan_id"], item, plans) for one in selections):
        yield Problem(f"backup plan {name_of(item)} has no selection, so it backs up nothing", item.header)
    vaults = _vaults(item, project)
    for entry in item["rule"]:
        if entry.known:
            yield from _rule(item, entry, min_days)
            if require_copy:
                yield from _copies(item, entry, project)
            yield from _vault(item, entry, vaults)


def _vaults(item: Block, project: Project) -> set[str]:
    """Return the names of the vaults that there are, none when that cannot be told."""
    declared = beside(item, project, *_VAULTS)
    if not declared or opaque_could_provide(project, "backup", "vault") or project.data("aws_backup_vault"):
        return set()
    if any(one.stand_in or not one["name"].known for one in declared):
        return set()
    return {one["name"].text for one in declared} | {_DEFAULT_VAULT}


def _vault(item: Block, entry: Node, vaults: set[str]) -> Problems:
    name = entry["target_vault_name"]
    if vaults and name.known and name.text and name.text not in vaults:
        yield Problem(
            f"backup plan {name_of(item)} writes to the vault {name.text}, which Terraform does not declare", name
        )


def _said(item: Block, entry: Node) -> str:
    name = entry["rule_name"].text if entry["rule_name"].known else "?"
    return f"rule {name} of backup plan {name_of(item)}"


def _copies(item: Block, entry: Node, project: Project) -> Problems:
    copies = entry["copy_action"]
    if not copies.present:
        yield Problem(f"{_said(item, entry)} copies its backups to no other vault", copies)
        return
    if not copies.known:
        return
    targets = [one["destination_vault_arn"] if one.known else one for one in copies]
    if targets and all(_stays(item, target, project) for target in targets):
        message = f"{_said(item, entry)} copies its backups within {region_of(item)} and its own account only"
        yield Problem(message, targets[0])


def _stays(item: Block, target: Node, project: Project) -> bool:
    """True when a copy is known to stay in the region and the account of its plan."""
    region = region_of(item)
    if not region:
        return False
    for vault in beside(item, project, *_VAULTS):
        if refers_to(target, vault):
            return vault.root is item.root and vault.provider == item.provider and region_of(vault) == region
    match = _VAULT_ARN.match(target.text) if target.known else None
    return match is not None and match["region"] == region and provider_accounts(project) == {match["account"]}


def _rule(item: Block, entry: Node, min_days: int) -> Problems:
    said = _said(item, entry)
    if not entry["schedule"].present:
        yield Problem(f"{said} has no schedule, so it starts only by hand", entry["schedule"])
    if not entry["lifecycle"].known:
        return
    keep = entry.one("lifecycle")
    last, cold = keep["delete_after"], keep["cold_storage_after"]
    if not last.present:
        yield Problem(f"{said} keeps its backups for ever: delete_after is not set", last)
    elif last.known and last.number is not None:
        if last.number < min_days:
            yield Problem(f"{said} keeps its backups {last.text} days, at least {min_days} are asked", last)
        if cold.known and cold.number is not None and last.number < cold.number + _COLD_DAYS:
            yield Problem(
                f"{said} deletes after {last.text} days what it keeps in cold storage from day {cold.text}:"
                f" AWS asks for {_COLD_DAYS} days there",
                last,
            )
