# What is left of the shop before EKS: one EC2 fleet behind an internal load balancer, and a Jenkins.

resource "aws_lb" "legacy" {
  count = local.is_prod ? 1 : 0

  name               = "myshop-legacy"
  internal           = true
  load_balancer_type = "application"
  subnets            = module.vpc.private_subnets
}

resource "aws_ebs_volume" "jenkins_home" {
  count = local.is_prod ? 1 : 0

  availability_zone = local.azs[0]
  size              = 200
  type              = "gp3"
  encrypted         = true
}

# Before the move from MySQL to PostgreSQL, 2023.
resource "aws_db_snapshot" "before_postgres" {
  count = local.is_prod ? 1 : 0

  db_instance_identifier = "myshop-mysql"
  db_snapshot_identifier = "myshop-before-postgres"
}
