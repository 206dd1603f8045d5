environment = "prod"
vpc_cidr    = "10.30.0.0/16"

cluster_version        = "1.35"
cluster_endpoint_cidrs = ["203.0.113.0/24", "198.51.100.16/28"]

node_group_size = {
  min     = 3
  max     = 6
  desired = 3
}

ecr_repositories = ["myshop-api", "myshop-batch"]

database = {
  instance_class        = "db.m7g.large"
  allocated_storage     = 200
  multi_az              = true
  backup_retention_days = 30
  deletion_protection   = true
}
