module "database" {
  source = "./modules/database"

  identifier = "${local.cluster_name}-db"

  instance_class    = var.db_instance_class
  allocated_storage = var.db_allocated_storage
  multi_az          = var.db_multi_az

  username = "myshop"
  password = var.db_password

  backup_retention_period = var.db_backup_retention
  deletion_protection     = var.db_deletion_protection

  vpc_id               = module.vpc.vpc_id
  db_subnet_group_name = module.vpc.database_subnet_group_name
  allowed_cidrs        = [var.vpc_cidr]
}
