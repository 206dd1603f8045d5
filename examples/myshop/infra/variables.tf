variable "environment" {
  description = "dev or prod"
  type        = string
}

variable "region" {
  type    = string
  default = "ap-northeast-2"
}

variable "vpc_cidr" {
  description = "Address range of the VPC"
  type        = string
}

# --- EKS ---

variable "cluster_version" {
  description = "Kubernetes version of the control plane"
  type        = string
}

variable "node_min_size" {
  type    = number
  default = 2
}

variable "node_max_size" {
  type    = number
  default = 6
}

# --- RDS ---

variable "db_instance_class" {
  type    = string
  default = "db.t4g.medium"
}

variable "db_allocated_storage" {
  type    = number
  default = 100
}

variable "db_multi_az" {
  type    = bool
  default = false
}

variable "db_backup_retention" {
  description = "Days that automated backups are kept"
  type        = number
  default     = 7
}

variable "db_deletion_protection" {
  type    = bool
  default = false
}

variable "db_password" {
  description = "Master password; prod passes it with TF_VAR_db_password"
  type        = string
  sensitive   = true
}
