resource "helm_release" "aws_load_balancer_controller" {
  name       = "aws-load-balancer-controller"
  namespace  = "kube-system"
  repository = "https://aws.github.io/eks-charts"
  chart      = "aws-load-balancer-controller"
  version    = "1.14.0"

  values = [yamlencode({
    clusterName  = module.eks.cluster_name
    region       = var.region
    vpcId        = module.vpc.vpc_id
    replicaCount = 2
    serviceAccount = {
      name        = "aws-load-balancer-controller"
      annotations = { "eks.amazonaws.com/role-arn" = module.lb_controller_irsa.iam_role_arn }
    }
  })]
}

resource "helm_release" "external_secrets" {
  name             = "external-secrets"
  namespace        = "external-secrets"
  create_namespace = true
  repository       = "https://charts.external-secrets.io"
  chart            = "external-secrets"
  version          = "0.14.4"

  values = [yamlencode({
    replicaCount = 2
    serviceAccount = {
      name        = "external-secrets"
      annotations = { "eks.amazonaws.com/role-arn" = module.external_secrets_irsa.iam_role_arn }
    }
  })]
}

resource "helm_release" "karpenter" {
  name       = "karpenter"
  namespace  = "kube-system"
  repository = "oci://public.ecr.aws/karpenter"
  chart      = "karpenter"
  version    = "1.4.0"

  values = [yamlencode({
    settings = {
      clusterName = module.eks.cluster_name
    }
    serviceAccount = {
      name        = "karpenter"
      annotations = { "eks.amazonaws.com/role-arn" = module.karpenter.iam_role_arn }
    }
  })]
}

resource "helm_release" "kyverno" {
  name             = "kyverno"
  namespace        = "kyverno"
  create_namespace = true
  repository       = "https://kyverno.github.io/kyverno"
  chart            = "kyverno"
  version          = "3.5.2"

  values = [yamlencode({
    admissionController = { replicas = 1 }
  })]
}

# Locations and schedules are in manifests/velero.
resource "helm_release" "velero" {
  count = local.is_prod ? 1 : 0

  name             = "velero"
  namespace        = "velero"
  create_namespace = true
  repository       = "https://vmware-tanzu.github.io/helm-charts"
  chart            = "velero"
  version          = "10.1.0"

  values = [yamlencode({
    backupsEnabled   = false
    snapshotsEnabled = false
    deployNodeAgent  = false
    credentials      = { useSecret = false }
    initContainers = [{
      name         = "velero-plugin-for-aws"
      image        = "velero/velero-plugin-for-aws:v1.12.0"
      volumeMounts = [{ name = "plugins", mountPath = "/target" }]
    }]
    serviceAccount = {
      server = {
        name        = "velero"
        annotations = { "eks.amazonaws.com/role-arn" = module.velero_irsa[0].iam_role_arn }
      }
    }
  })]
}
