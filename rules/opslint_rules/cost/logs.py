"""Logs that are kept, and paid for, forever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    glob_matches,
    name_glob,
    name_of,
    opaque_could_provide,
    resource,
    rule,
    set_argument,
)

if TYPE_CHECKING:
    from opslint.api import Node

_GROUP: Final = "aws_cloudwatch_log_group"
_CLUSTER: Final = "aws_eks_cluster"
_DAYS: Final = 90
# The inputs by which the modules take the retention of the groups they make.
_INPUTS: Final = (
    "flow_log_cloudwatch_log_group_retention_in_days",
    "cloudwatch_log_group_retention_in_days",
    "cluster_log_retention_in_days",
)
# What makes a log group by itself: the argument with its name, where its logs go, the argument that switches them on.
_MAKERS: Final = {
    "aws_db_instance": ("identifier", "/aws/rds/instance/{name}/{log}", "enabled_cloudwatch_logs_exports"),
    "aws_rds_cluster": ("cluster_identifier", "/aws/rds/cluster/{name}/{log}", "enabled_cloudwatch_logs_exports"),
    "aws_lambda_function": ("function_name", "/aws/lambda/{name}", ""),
}


@rule(
    each=resource(_GROUP, _CLUSTER, *_MAKERS),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_66"]},
    related={"checkov": ["CKV_AWS_338"]},
    fixable="unsafe",
    options={
        "max_days": "also report longer retention",
        "auto_created": "include log groups that AWS creates for RDS and Lambda",
    },
)
def log_retention_unset(
    item: Block, project: Project, *, max_days: int | None = None, auto_created: bool = False
) -> Problems:
    """A log group keeps its data forever.

    CloudWatch charges every stored gigabyte each month. A cluster's audit log and its flow logs grow by gigabytes a day
    and are hardly read after a few weeks; a year later they cost more than the nodes that wrote them.

    `retention_in_days` that is not set, and 0, mean never (groups of the class DELIVERY always keep two days). The eks
    module sets 90 days, the rds module 7, the vpc module nothing for flow logs. A cluster with
    `enabled_cluster_log_types` and no log group `/aws/eks/<name>/cluster` is reported: EKS then makes the group itself,
    without retention. With `auto_created` the same goes for databases and Lambda functions.

    Leave it where the law asks for more than ten years. The fix deletes events older than 90 days.

    ```hcl bad
    resource "aws_cloudwatch_log_group" "app" {  # <-
      name = "/shop/app"
    }
    ```

    ```hcl fixed
    resource "aws_cloudwatch_log_group" "app" {
      name              = "/shop/app"
      retention_in_days = 90
    }
    ```

    ```hcl good
    resource "aws_cloudwatch_log_group" "app" {
      name              = "/shop/app"
      retention_in_days = 30
    }
    ```

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      name                      = "shop"
      role_arn                  = "arn:aws:iam::123456789012:role/eks"
      enabled_cluster_log_types = ["audit"]  # <- EKS makes the log group, and keeps it forever
    }
    ```

    ```hcl good
    resource "aws_eks_cluster" "shop" {
      name                      = "shop"
      role_arn                  = "arn:aws:iam::123456789012:role/eks"
      enabled_cluster_log_types = ["audit"]
      depends_on                = [aws_cloudwatch_log_group.shop]
    }

    resource "aws_cloudwatch_log_group" "shop" {
      name              = "/aws/eks/shop/cluster"
      retention_in_days = 90
    }
    ```

    See <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_log_group>.
    """
    if item.type == _GROUP:
        yield from _group(item, max_days)
    elif item.type == _CLUSTER:
        yield from _cluster(item, project)
    elif auto_created:
        yield from _made(item, project)


def _group(item: Block, max_days: int | None) -> Problems:
    days = item["retention_in_days"]
    if not days.number:
        if item["log_group_class"].text == "DELIVERY":
            return
        why = "retention_in_days is 0" if days.present else "retention_in_days is not set"
        yield Problem(f"log group {_title(item)} keeps its data forever: {why}", days, fix=_fix(item))
    elif max_days is not None and days.number > max_days:
        yield Problem(f"log group {_title(item)} keeps its data for {days.text} days, more than {max_days}", days)


def _title(item: Block) -> str:
    name = item["name"]
    return name.text if name.known and name.text else name_of(item)


def _fix(item: Block) -> Fix:
    given = ""
    if item.virtual and item.call is not None:
        inputs = _INPUTS[:1] if "/vpc/" in item.call.source else _INPUTS[1:]
        given = next((name for name in inputs if item.call[name].exists), inputs[0])
    return set_argument(item, "retention_in_days", str(_DAYS), Safety.UNSAFE, given)


def _cluster(item: Block, project: Project) -> Problems:
    types = item["enabled_cluster_log_types"]
    if not types.is_list or not len(types) or _may_exist(item, "name", "/aws/eks/{name}/cluster", project):
        return
    yield Problem(
        f"the logs of cluster {name_of(item)} go to a log group that EKS makes and that keeps its data forever:"
        " no aws_cloudwatch_log_group is declared for it",
        types,
    )


def _made(item: Block, project: Project) -> Problems:
    key, form, switch = _MAKERS[item.type]
    what = item.type.removeprefix("aws_").replace("_", " ")
    if not switch:
        if item["logging_config"].present or _may_exist(item, key, form, project):
            return
        yield Problem(f"AWS makes the log group of {what} {name_of(item)}, and keeps its data forever", item.header)
        return
    if item.virtual and item.call is not None and _makes_groups(item.call["create_cloudwatch_log_group"]):
        return
    for log in item[switch]:
        if not _may_exist(item, key, form.replace("{log}", log.text), project):
            yield Problem(
                f"AWS makes the log group for the {log.text} log of {what} {name_of(item)}, and keeps its data forever",
                log,
            )


def _makes_groups(flag: Node) -> bool:
    return not flag.known or flag.is_true


def _may_exist(item: Block, key: str, form: str, project: Project) -> bool:
    """True when a log group of that name is declared, or may be."""
    if opaque_could_provide(project, "log", "cloudwatch"):
        return True
    name = item[key]
    wanted = form.replace("{name}", name.text) if name.known and name.text else ""
    start = form.partition("{name}")[0]
    for group in project.resources(_GROUP):
        if group.virtual:  # of no known name: the one its own module makes is for this
            if group.call is item.call:
                return True
        elif wanted:
            if glob_matches(wanted, name_glob(group)):
                return True
        elif not group["name"].known or group["name"].text.startswith(start) or group["name_prefix"].present:
            return True
    return False
