variable "environment" {
  description = "dev or prod"
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "The environment must be dev or prod."
  }
}

variable "region" {
  description = "AWS region of everything in this stack"
  type        = string
  default     = "ap-northeast-2"
}

variable "vpc_cidr" {
  description = "Address range of the VPC"
  type        = string
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones instead of one per zone"
  type        = bool
  default     = false
}

variable "cluster_version" {
  description = "Kubernetes minor version of the EKS control plane"
  type        = string
}

variable "cluster_endpoint_cidrs" {
  description = "Networks that may reach the public API endpoint (office and CI)"
  type        = list(string)
}

variable "node_group_size" {
  description = "Size of the managed node group that runs the controllers"
  type = object({
    min     = number
    max     = number
    desired = number
  })
}

variable "ecr_repositories" {
  description = "Image repositories; dev pulls from the ones that prod declares"
  type        = set(string)
  default     = []
}

variable "database" {
  description = "Size and protection of the PostgreSQL instance"
  type = object({
    instance_class        = string
    allocated_storage     = number
    multi_az              = optional(bool, true)
    backup_retention_days = optional(number, 30)
    deletion_protection   = optional(bool, true)
  })
}
