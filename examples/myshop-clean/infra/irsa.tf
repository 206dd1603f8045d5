# --- Controllers -------------------------------------------------------------------------------------------------

module "ebs_csi_irsa" {
  source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
  version = "~> 5.48"

  role_name             = "${local.cluster_name}-ebs-csi"
  attach_ebs_csi_policy = true

  oidc_providers = {
    this = {
      provider_arn               = module.eks.oidc_provider_arn
      namespace_service_accounts = ["kube-system:ebs-csi-controller-sa"]
    }
  }
}

module "lb_controller_irsa" {
  source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
  version = "~> 5.48"

  role_name                              = "${local.cluster_name}-lb-controller"
  attach_load_balancer_controller_policy = true

  oidc_providers = {
    this = {
      provider_arn               = module.eks.oidc_provider_arn
      namespace_service_accounts = ["kube-system:aws-load-balancer-controller"]
    }
  }
}

module "external_secrets_irsa" {
  source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
  version = "~> 5.48"

  role_name                      = "${local.cluster_name}-external-secrets"
  attach_external_secrets_policy = true
  external_secrets_secrets_manager_arns = [
    aws_secretsmanager_secret.database.arn,
    aws_secretsmanager_secret.payment.arn,
  ]

  oidc_providers = {
    this = {
      provider_arn               = module.eks.oidc_provider_arn
      namespace_service_accounts = ["external-secrets:external-secrets"]
    }
  }
}

# --- myshop-api --------------------------------------------------------------------------------------------------

resource "aws_s3_bucket" "assets" {
  bucket = "myshop-assets-${var.environment}"
}

data "aws_iam_policy_document" "api_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [module.eks.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${module.eks.oidc_provider}:sub"
      values   = ["system:serviceaccount:${local.namespace}:myshop-api"]
    }

    condition {
      test     = "StringEquals"
      variable = "${module.eks.oidc_provider}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "api" {
  statement {
    sid       = "Assets"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.assets.arn}/*"]
  }
}

resource "aws_iam_role" "api" {
  name               = "myshop-api-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.api_trust.json
}

resource "aws_iam_role_policy" "api" {
  name   = "assets"
  role   = aws_iam_role.api.id
  policy = data.aws_iam_policy_document.api.json
}

# --- Batch and logging run in production only --------------------------------------------------------------------

module "order_export_irsa" {
  count = local.is_prod ? 1 : 0

  source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
  version = "~> 5.48"

  role_name = "myshop-order-export-${var.environment}"
  role_policy_arns = {
    export = aws_iam_policy.order_export[0].arn
  }

  oidc_providers = {
    this = {
      provider_arn               = module.eks.oidc_provider_arn
      namespace_service_accounts = ["${local.namespace}:order-export"]
    }
  }
}

data "aws_iam_policy_document" "order_export" {
  statement {
    sid       = "Exports"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.assets.arn}/exports/*"]
  }
}

resource "aws_iam_policy" "order_export" {
  count = local.is_prod ? 1 : 0

  name   = "myshop-order-export-${var.environment}"
  policy = data.aws_iam_policy_document.order_export.json
}

module "fluent_bit_irsa" {
  count = local.is_prod ? 1 : 0

  source  = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
  version = "~> 5.48"

  role_name = "myshop-fluent-bit-${var.environment}"
  role_policy_arns = {
    logs = aws_iam_policy.fluent_bit[0].arn
  }

  oidc_providers = {
    this = {
      provider_arn               = module.eks.oidc_provider_arn
      namespace_service_accounts = ["logging:fluent-bit"]
    }
  }
}

resource "aws_cloudwatch_log_group" "containers" {
  name              = "/${local.cluster_name}/containers"
  retention_in_days = 90
}

data "aws_iam_policy_document" "fluent_bit" {
  statement {
    sid       = "Write"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.containers.arn}:*"]
  }
}

resource "aws_iam_policy" "fluent_bit" {
  count = local.is_prod ? 1 : 0

  name   = "myshop-fluent-bit-${var.environment}"
  policy = data.aws_iam_policy_document.fluent_bit.json
}
