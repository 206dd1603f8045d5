module "eks" {
  source  = "terraform-aws-modules/eks/aws"
  version = "~> 20.31"

  cluster_name    = local.cluster_name
  cluster_version = var.cluster_version

  vpc_id     = module.vpc.vpc_id
  subnet_ids = module.vpc.private_subnets

  cluster_endpoint_public_access = true

  cluster_enabled_log_types = ["api", "authenticator"]

  cluster_addons = {
    coredns = {
      addon_version = "v1.10.1-eksbuild.7"
    }
    vpc-cni = {
      configuration_values = jsonencode({
        env = {
          ENABLE_PREFIX_DELEGATION = "true"
        }
      })
    }
    aws-ebs-csi-driver = {
      service_account_role_arn = module.ebs_csi_irsa.iam_role_arn
    }
  }

  eks_managed_node_groups = {
    system = {
      ami_type       = "AL2023_x86_64_STANDARD"
      instance_types = ["m6i.large"]

      min_size     = var.node_min_size
      max_size     = var.node_max_size
      desired_size = var.node_min_size
    }

    # Resizes product images. Stays on the release that libvips was tested with.
    media = {
      ami_type        = "AL2_x86_64"
      cluster_version = "1.30"
      instance_types  = ["c5.2xlarge"]

      min_size     = 1
      max_size     = 3
      desired_size = 1

      update_config = {
        max_unavailable_percentage = 100
      }

      labels = {
        workload = "media"
      }
    }
  }

  node_security_group_tags = {
    "karpenter.sh/discovery" = local.cluster_name
  }

  enable_cluster_creator_admin_permissions = true

  access_entries = {
    developers = {
      principal_arn     = "arn:aws:iam::123456789012:role/myshop-developer"
      kubernetes_groups = ["myshop-developers"]
    }
    support = {
      principal_arn     = "arn:aws:iam::123456789012:role/myshop-support"
      kubernetes_groups = ["myshop-support"]
    }
    jenkins = {
      principal_arn = "arn:aws:iam::123456789012:user/jenkins"
      policy_associations = {
        admin = {
          policy_arn   = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
          access_scope = { type = "cluster" }
        }
      }
    }
  }
}

# The autoscalers need it.
resource "aws_eks_addon" "metrics_server" {
  cluster_name = module.eks.cluster_name
  addon_name   = "metrics-server"
}
