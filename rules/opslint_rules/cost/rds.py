"""Databases that cost more than they have to."""

from __future__ import annotations

from opslint.api import STRICT, Block, Problem, Problems, Project, Severity, lifecycle, name_of, resource, rule

_DISABLED = "open-source-rds-extended-support-disabled"


@rule(
    each=resource("aws_db_instance", "aws_rds_cluster"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    options={"days": "warning window before the end of standard support"},
)
def rds_extended_support(item: Block, project: Project, *, days: int = 90) -> Problems:
    """The database engine version is in, or about to enter, paid extended support.

    After standard support RDS charges for every vCPU of the instance and hour, more than many instances cost
    themselves, and the charge rises in the third year. Databases enter it without asking: `engine_lifecycle_support`
    defaults to extended support. Disabled, RDS upgrades the engine by force instead, in a maintenance window of its
    choice.

    Engines and versions that are not in the bundled table pass. Leave it when the upgrade is planned.

    ```hcl bad as-of=2026-11-22
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      engine_version = "13.15"  # <- standard support ended on 2026-02-28
      instance_class = "db.m7g.large"
    }
    ```

    ```hcl good as-of=2026-11-22
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      engine_version = "17.4"
      instance_class = "db.m7g.large"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance>.
    """
    version = item["engine_version"]
    if not version.present:
        return
    row = lifecycle.rds(item["engine"].text, version.text)
    if row is None or (row.standard_end - project.as_of).days > days:
        return
    hedge = f" ({row.unverified})" if row.hedged else ""
    verb = "ended" if row.standard_end < project.as_of else "ends"
    subject = f"standard support of {row.engine} {row.major} {verb} on {row.standard_end}{hedge}"
    policy = item["engine_lifecycle_support"]
    if row.engine == "mariadb":
        consequence = f"RDS upgrades database {name_of(item)} by force: there is no extended support"
    elif policy.text == _DISABLED:
        consequence = f"RDS upgrades database {name_of(item)} by force (engine_lifecycle_support is off)"
    elif row.extended_end is not None and row.extended_end < project.as_of:
        consequence = (
            f"extended support ended on {row.extended_end} too, RDS upgrades database {name_of(item)} by force"
        )
    elif verb == "ended":
        consequence = f"database {name_of(item)} is billed extended support for every vCPU"
    else:
        consequence = f"database {name_of(item)} is billed extended support for every vCPU from then on"
    yield Problem(f"{subject}: {consequence}", version)
