resource "random_password" "database" {
  length  = 32
  special = false
}

module "database" {
  source = "./modules/database"

  identifier = "${local.cluster_name}-db"

  instance_class    = var.database.instance_class
  allocated_storage = var.database.allocated_storage
  multi_az          = var.database.multi_az

  username = "myshop"
  password = random_password.database.result

  backup_retention_period = var.database.backup_retention_days
  deletion_protection     = var.database.deletion_protection

  vpc_id               = module.vpc.vpc_id
  db_subnet_group_name = module.vpc.database_subnet_group_name

  client_security_group_ids = {
    nodes = module.eks.node_security_group_id
  }
}
