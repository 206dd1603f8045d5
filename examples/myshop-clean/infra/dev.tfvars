environment = "dev"
vpc_cidr    = "10.20.0.0/16"

single_nat_gateway = true

cluster_version        = "1.35"
cluster_endpoint_cidrs = ["203.0.113.0/24"]

node_group_size = {
  min     = 2
  max     = 4
  desired = 2
}

database = {
  instance_class        = "db.t4g.medium"
  allocated_storage     = 50
  multi_az              = false
  backup_retention_days = 7
  deletion_protection   = false
}
