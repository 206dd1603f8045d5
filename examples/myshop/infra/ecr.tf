# One registry for both environments, managed from the prod workspace.

resource "aws_ecr_repository" "api" {
  count = local.is_prod ? 1 : 0

  name                 = "myshop-api"
  image_tag_mutability = "MUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "api" {
  count = local.is_prod ? 1 : 0

  repository = aws_ecr_repository.api[0].name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Keep the last 30 releases"
        selection = {
          tagStatus     = "tagged"
          tagPrefixList = ["v"]
          countType     = "imageCountMoreThan"
          countNumber   = 30
        }
        action = { type = "expire" }
      },
    ]
  })
}

resource "aws_ecr_repository" "batch" {
  count = local.is_prod ? 1 : 0

  name = "myshop-batch"
}

resource "aws_ecr_repository" "worker" {
  count = local.is_prod ? 1 : 0

  name                 = "myshop-worker"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}
