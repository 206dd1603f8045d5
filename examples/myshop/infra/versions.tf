terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.83"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 2.17"
    }
  }

  backend "s3" {
    bucket               = "myshop-terraform-state"
    key                  = "infra/terraform.tfstate"
    workspace_key_prefix = "env"
    region               = "ap-northeast-2"
    dynamodb_table       = "myshop-terraform-locks"
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = ["123456789012"]

  default_tags {
    tags = local.tags
  }
}

provider "helm" {
  kubernetes {
    host                   = module.eks.cluster_endpoint
    cluster_ca_certificate = base64decode(module.eks.cluster_certificate_authority_data)

    exec {
      api_version = "client.authentication.k8s.io/v1"
      command     = "aws"
      args        = ["eks", "get-token", "--cluster-name", module.eks.cluster_name]
    }
  }
}
