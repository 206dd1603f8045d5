variable "identifier" {
  type = string
}

variable "engine_version" {
  type    = string
  default = "13.15"
}

variable "instance_class" {
  type = string
}

variable "allocated_storage" {
  type = number
}

variable "storage_type" {
  type    = string
  default = "gp2"
}

variable "multi_az" {
  type    = bool
  default = false
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
  type    = number
  default = 7
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

variable "allowed_cidrs" {
  type = list(string)
}
