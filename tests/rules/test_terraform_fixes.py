"""What the fixes of Terraform rules write, beyond the examples of their pages."""

from opslint.engine.packs import load_packs
from opslint.testing import Example, fix_mismatches

PACKS = load_packs()

VPC = """\
provider "aws" {
  region = "eu-central-1"
}

resource "aws_vpc" "shop" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "public" {
  vpc_id = aws_vpc.shop.id
}

resource "aws_nat_gateway" "shop" {
  subnet_id     = aws_subnet.public.id
  allocation_id = "eipalloc-0a1b2c3d4e5f60718"
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.shop.id
}

resource "aws_route_table" "a" {
  vpc_id = aws_vpc.shop.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.shop.id
  }
}

resource "aws_route_table" "b" {
  vpc_id = aws_vpc.shop.id
}

resource "aws_route" "b" {
  route_table_id         = aws_route_table.b.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.shop.id
}
"""
ENDPOINT = """\

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.shop.id
  service_name = "com.amazonaws.eu-central-1.s3"
  route_table_ids = [
    aws_route_table.a.id,
    aws_route_table.b.id
  ]
}
"""
LIFECYCLE = """\
module "ecr" {
  source  = "terraform-aws-modules/ecr/aws"
  version = "~> 2.0"

  repository_name         = "api"
  create_lifecycle_policy = %s
  repository_lifecycle_policy = jsonencode({ rules = [{
    rulePriority = 1
    selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 50 }
    action       = { type = "expire" }
  }] })
}
"""
TABLE = 'resource "aws_dynamodb_table" "carts" {\n  name     = "carts"\n  hash_key = "id"\n%s}\n'


def mends(rule, before, after):
    example = Example(rule, "bad", {"main.tf": before}, (rule,), fixed={"main.tf": after})
    return list(fix_mismatches(example, PACKS))


def test_an_endpoint_gets_the_route_tables_that_lead_to_nat():
    assert mends("missing-gateway-endpoint", VPC, VPC + ENDPOINT) == []


def test_a_switch_that_is_there_is_set_and_not_added_twice():
    assert mends("ecr-no-lifecycle", LIFECYCLE % "false", LIFECYCLE % "true") == []


def test_recovery_of_a_table_is_a_block():
    assert (
        mends("dynamodb-no-pitr", TABLE % "", TABLE % "\n  point_in_time_recovery {\n    enabled = true\n  }\n") == []
    )


def test_recovery_of_a_replica_is_an_argument():
    on = "\n  point_in_time_recovery {\n    enabled = true\n  }\n"
    replica = '\n  replica {\n    region_name = "eu-west-1"\n  }\n'
    mended = '\n  replica {\n    region_name            = "eu-west-1"\n    point_in_time_recovery = true\n  }\n'
    assert mends("dynamodb-no-pitr", TABLE % (on + replica), TABLE % (on + mended)) == []


def test_a_disk_of_a_launch_template_gets_a_type():
    text = (
        'resource "aws_launch_template" "nodes" {\n  block_device_mappings {\n    device_name = "/dev/sdf"\n'
        "    ebs {\n      volume_size = 50\n%s    }\n  }\n}\n"
    )
    assert mends("gp2-storage", text % "", text % '      volume_type = "gp3"\n') == []


def test_encryption_of_state_is_switched_on_in_place():
    text = (
        'terraform {\n  backend "s3" {\n    bucket       = "b"\n    key          = "k"\n    encrypt      = %s\n'
        "    use_lockfile = true\n  }\n}\n"
    )
    assert mends("state-backend-unsafe", text % "false", text % "true") == []


def test_the_retention_of_flow_logs_is_an_input_of_the_module():
    text = (
        'module "vpc" {\n  source                               = "terraform-aws-modules/vpc/aws"\n'
        '  version                              = "~> 5.0"\n  enable_flow_log                      = true\n'
        "  create_flow_log_cloudwatch_log_group = true\n}\n"
    )
    wanted = (
        'module "vpc" {\n  source                                          = "terraform-aws-modules/vpc/aws"\n'
        '  version                                         = "~> 5.0"\n'
        "  enable_flow_log                                 = true\n"
        "  create_flow_log_cloudwatch_log_group            = true\n"
        "  flow_log_cloudwatch_log_group_retention_in_days = 90\n}\n"
    )
    assert mends("log-retention-unset", text, wanted) == []


def test_a_template_without_options_of_the_metadata_service_gets_them():
    text = 'resource "aws_launch_template" "nodes" {\n  name = "nodes"  # shop\n%s}\n'
    options = '\n  metadata_options {\n    http_tokens = "required"\n  }\n'
    assert mends("imds-exposed", text % "", text % options) == []


def test_a_password_of_a_cluster_becomes_one_that_rds_makes():
    text = (
        'resource "aws_rds_cluster" "orders" {\n  engine = "aurora-postgresql"\n\n  master_username             = "shop"\n%s'
        "}\n"
    )
    before = text.replace("_username             =", "_username =") % (
        '  master_password = "bibimbap-7-Hongdae" # the first one\n'
    )
    assert (
        mends("terraform-plaintext-secret", before, text % "  manage_master_user_password = true # the first one\n")
        == []
    )


def test_a_guard_joins_the_other_settings_of_the_lifecycle():
    text = 'resource "aws_kms_key" "k" {\n  lifecycle {\n%s  }\n}\n'
    before = text % "    ignore_changes = [tags]\n"
    after = text % "    ignore_changes  = [tags]\n    prevent_destroy = true\n"
    assert mends("no-prevent-destroy", before, after) == []
