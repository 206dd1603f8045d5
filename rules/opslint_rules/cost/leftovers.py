"""What stays and is paid for when nobody uses it any more."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Block,
    Problem,
    Problems,
    Project,
    Severity,
    glob_matches,
    name_of,
    opaque_receives,
    resource,
    rule,
)
from opslint_rules.cost.naming import is_used

_USERS: Final = ("instance", "network_interface", "associate_with_private_ip")
_TITLES: Final = {
    "aws_ami": "AMI",
    "aws_ami_copy": "AMI",
    "aws_ami_from_instance": "AMI",
    "aws_ebs_snapshot": "EBS snapshot",
    "aws_ebs_snapshot_copy": "EBS snapshot",
    "aws_db_snapshot": "database snapshot",
    "aws_db_cluster_snapshot": "database snapshot",
}


@rule(
    each=resource("aws_ebs_volume", "aws_eip"),
    severity=Severity.LOW,
    preset=STRICT,
    related={"checkov": ["CKV2_AWS_19"]},
    options={"allow": "addresses (globs) of resources that are kept on purpose"},
)
def unattached_resource(item: Block, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """An EBS volume or elastic IP is declared but nothing uses it.

    A volume costs the same whether an instance has it or not, and an address is charged by the hour in use or
    not. What nothing refers to is mostly the rest of a node group or a NAT gateway that is gone.

    A volume counts as used as soon as any other block of its module names it, be it in an attachment, in a
    PersistentVolume or in a value; an address also with `instance`, `network_interface` or `associate_with_private_ip`.
    Outputs of the root module do not count. An unknown count or for_each passes. Leave it for addresses that partners
    have on their lists, and name them in `allow`.

    ```hcl bad
    resource "aws_eip" "nat" {  # <-
      domain = "vpc"
    }

    output "nat_address" {
      value = aws_eip.nat.public_ip
    }
    ```

    ```hcl good
    resource "aws_eip" "nat" {
      domain = "vpc"
    }

    resource "aws_nat_gateway" "this" {
      allocation_id = aws_eip.nat.id
      subnet_id     = "subnet-0a1b2c3d4e5f60718"
    }
    ```

    See <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-volume.html>,
    <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-eips.html> and
    <https://aws.amazon.com/vpc/pricing/>.
    """
    if item.stand_in or any(glob_matches(item.address, glob) for glob in allow):
        return
    if item.type == "aws_eip" and any(item[key].present for key in _USERS):
        return
    if is_used(item, project) or opaque_receives(item):
        return
    what = "EBS volume" if item.type == "aws_ebs_volume" else "elastic IP"
    yield Problem(f"nothing uses {what} {name_of(item)}, and it is charged all the same", item.header)


@rule(
    each=resource(*_TITLES),
    severity=Severity.INFO,
    preset=STRICT,
    options={"expiry_tags": "keys of tags that state an end date"},
)
def snapshot_without_expiry(
    item: Block, project: Project, *, expiry_tags: tuple[str, ...] = ("expires", "expiry", "ttl", "delete-after")
) -> Problems:
    """Manually declared snapshots or AMIs stay, and are paid for, until someone remembers them.

    A snapshot that Terraform makes is a permanent resource: it is made once and lives as long as its block. The day it
    was meant for passes, and each month its blocks are charged, an AMI's snapshots with it.

    Snapshots of EBS and RDS pass with `storage_tier = "archive"` or a tag that states an end date (`expiry_tags`, in
    any case), AMIs with `deprecation_time` or such a tag. Schedules of Data Lifecycle Manager without retention are
    reported by backup-plan-incomplete. Leave it for golden images that live as long as the platform.

    ```hcl bad
    resource "aws_ebs_snapshot" "before_migration" {  # <-
      volume_id = "vol-0a1b2c3d4e5f60718"
    }
    ```

    ```hcl good
    resource "aws_ebs_snapshot" "before_migration" {
      volume_id = "vol-0a1b2c3d4e5f60718"
      tags      = { expires = "2027-03-31" }
    }
    ```

    See <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html>,
    <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ebs_snapshot>.
    """
    if item["deprecation_time"].present or item["storage_tier"].text == "archive":
        return
    wanted = {tag.lower() for tag in expiry_tags}
    if any(key.lower() in wanted for key, _ in item["tags"].items()):
        return
    what, end = _TITLES[item.type], "deprecation_time" if "ami" in item.type else "tag with an end date"
    yield Problem(f"{what} {name_of(item)} stays, and is charged, until someone remembers it: no {end}", item.header)
