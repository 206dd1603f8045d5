output "cluster_name" {
  value = module.eks.cluster_name
}

output "database_address" {
  value = module.database.address
}

output "repository_urls" {
  value = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}
