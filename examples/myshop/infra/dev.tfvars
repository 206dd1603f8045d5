environment = "dev"
vpc_cidr    = "10.20.0.0/16"

cluster_version = "1.34"
node_max_size   = 4

db_allocated_storage = 50
db_backup_retention  = 1
db_password          = "kimchi-Jjigae-2023"
