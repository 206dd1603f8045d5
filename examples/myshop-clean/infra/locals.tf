locals {
  name         = "myshop"
  cluster_name = "${local.name}-${var.environment}"
  is_prod      = var.environment == "prod"

  # Namespace of the shop's own workloads.
  namespace = local.is_prod ? "myshop" : "myshop-${var.environment}"

  azs = ["${var.region}a", "${var.region}b", "${var.region}c"]

  tags = {
    Project     = local.name
    Environment = var.environment
    Owner       = "platform"
    ManagedBy   = "terraform"
  }
}
