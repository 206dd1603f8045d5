variable "identifier" {
  description = "Name of the instance"
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL version"
  type        = string
  default     = "17.6"
}

variable "instance_class" {
  type = string
}

variable "allocated_storage" {
  description = "Storage at creation in GiB"
  type        = number
}

variable "max_allocated_storage" {
  description = "Upper bound of storage autoscaling in GiB"
  type        = number
  default     = 500
}

variable "multi_az" {
  type    = bool
  default = true
}

variable "database_name" {
  type    = string
  default = "myshop"
}

variable "username" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

variable "backup_retention_period" {
  description = "Days of point-in-time recovery"
  type        = number
  default     = 30
}

variable "deletion_protection" {
  type    = bool
  default = true
}

variable "vpc_id" {
  type = string
}

variable "db_subnet_group_name" {
  type = string
}

variable "client_security_group_ids" {
  description = "Security groups that may connect, by a name of your choice"
  type        = map(string)
}
