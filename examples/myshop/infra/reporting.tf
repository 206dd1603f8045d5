# MySQL of the reporting tool (manifests/reporting). Its own tables only: questions, dashboards, users.
module "reporting_database" {
  count = local.is_prod ? 1 : 0

  source  = "terraform-aws-modules/rds/aws"
  version = "~> 6.10"

  identifier = "${local.cluster_name}-reporting"

  engine               = "mysql"
  engine_version       = "8.0"
  family               = "mysql8.0"
  major_engine_version = "8.0"
  instance_class       = "db.t2.small"
  allocated_storage    = 20
  storage_encrypted    = false

  db_name  = "metabase"
  username = "metabase"

  backup_retention_period = 3
  deletion_protection     = true

  create_db_subnet_group = false
  db_subnet_group_name   = module.vpc.database_subnet_group_name
  vpc_security_group_ids = [module.vpc.default_security_group_id]
}
