environment = "prod"
vpc_cidr    = "10.30.0.0/16"

cluster_version = "1.33"
node_min_size   = 3

db_instance_class    = "db.m6g.large"
db_allocated_storage = 200
db_multi_az          = true
# Nightly dumps go to S3 (see the wiki), so RDS does not need its own.
db_backup_retention = 0
