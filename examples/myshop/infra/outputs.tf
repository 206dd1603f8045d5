output "cluster_name" {
  value = module.eks.cluster_name
}

output "database_address" {
  value = module.database.address
}
