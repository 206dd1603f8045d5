"""ECR repositories that only grow."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    AppendBlock,
    Block,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    beside,
    elsewhere,
    may_name,
    may_refer_to,
    name_of,
    opaque_beside,
    opaque_receives,
    resource,
    rule,
    set_value,
)

_POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "Expire untagged images after a week",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "Keep the newest 30 releases",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan",
                "countNumber": 30,
            },
            "action": {"type": "expire"},
        },
    ]
}


@rule(each=resource("aws_ecr_repository"), severity=Severity.MEDIUM, preset=RECOMMENDED, fixable="unsafe")
def ecr_no_lifecycle(item: Block, project: Project) -> Problems:
    """An ECR repository keeps every image forever.

    Each build pushes a few hundred megabytes, and ECR charges for each of them every month until somebody deletes it.
    Nobody does by hand, and finding out later which image still runs somewhere is hard. A lifecycle policy expires
    what is untagged and keeps the newest releases.

    A repository of the ecr module needs `repository_lifecycle_policy`, which is empty by default, and
    `create_lifecycle_policy` left true. A creation template covers only repositories that a push creates; public
    repositories have no policies. Leave it where every image must be kept, for audits for instance.

    ```hcl bad
    resource "aws_ecr_repository" "api" {  # <- no aws_ecr_lifecycle_policy names it
      name = "shop-api"
    }
    ```

    ```hcl fixed
    resource "aws_ecr_repository" "api" {
      name = "shop-api"
    }

    resource "aws_ecr_lifecycle_policy" "api" {
      repository = aws_ecr_repository.api.name
      policy = jsonencode({
        rules = [
          {
            rulePriority = 1,
            description  = "Expire untagged images after a week",
            selection = {
              tagStatus   = "untagged",
              countType   = "sinceImagePushed",
              countUnit   = "days",
              countNumber = 7
            },
            action = {
              type = "expire"
            }
          },
          {
            rulePriority = 2,
            description  = "Keep the newest 30 releases",
            selection = {
              tagStatus = "tagged",
              tagPatternList = [
                "v*"
              ],
              countType   = "imageCountMoreThan",
              countNumber = 30
            },
            action = {
              type = "expire"
            }
          }
        ]
      })
    }
    ```

    ```hcl good
    resource "aws_ecr_repository" "api" {
      name = "shop-api"
    }

    resource "aws_ecr_lifecycle_policy" "api" {
      repository = aws_ecr_repository.api.name
      policy = jsonencode({
        rules = [{
          rulePriority = 1
          selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 50 }
          action       = { type = "expire" }
        }]
      })
    }
    ```

    See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_lifecycle_policy>.
    """
    if _has_policy(item, project):
        return
    said = (
        f"ECR repository {name_of(item)} has no lifecycle policy: every image pushed to it is kept and charged forever"
    )
    if item.virtual and item.call is not None:
        create, policy = item.call["create_lifecycle_policy"], item.call["repository_lifecycle_policy"]
        if create.is_false:
            yield Problem(said, create, fix=set_value(create, "create_lifecycle_policy", "true", Safety.UNSAFE))
        elif not policy.text.strip():
            yield Problem(said, policy)
    elif not opaque_receives(item) and not opaque_beside(item, "ecr", "lifecycle"):
        yield Problem(said, item.header, fix=_fix(item))


def _has_policy(item: Block, project: Project) -> bool:
    """True when a lifecycle policy other than its own module's is for the repository, or may be."""
    repositories = beside(item, project, "aws_ecr_repository")
    return any(
        may_refer_to(policy["repository"], item, repositories)
        for policy in beside(item, project, "aws_ecr_lifecycle_policy")
        if not policy.virtual or (policy.call is not item.call and _is_written(policy))
    ) or any(
        may_name(policy["repository"], item)
        for policy in elsewhere(item, project, "aws_ecr_lifecycle_policy")
        if not policy.virtual or _is_written(policy)
    )


def _is_written(policy: Block) -> bool:
    """False for a module's policy without a text, its default."""
    return not policy["policy"].known or bool(policy["policy"].text.strip())


def _fix(item: Block) -> Fix:
    """Return a policy for the repository; one of several instances, or of another module, is only described."""
    title = "add a lifecycle policy: expire untagged images after 7 days, keep the newest 30 tagged v*"
    if item.address != f"{item.type}.{item.name}":
        return Fix(title, (), Safety.SHOWN)
    body: dict[str, object] = {"repository": f"${{{item.address}.name}}", "policy": f"${{jsonencode({_hcl(_POLICY)})}}"}
    block: dict[str, object] = {"resource": [{"aws_ecr_lifecycle_policy": {item.name: body}}]}
    return Fix(title, (AppendBlock(item.header, block),), Safety.UNSAFE)


def _hcl(value: object) -> str:
    """Return a value as an HCL expression."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_hcl(member)}" for key, member in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_hcl, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
