"""The key of a module's node group."""

import pytest

from opslint.engine.node_groups import group_key
from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, read_terraform

EKS = 'module "eks" {\n  source = "terraform-aws-modules/eks/aws"\n  version = "~> 20.0"\n  cluster_name = "shop"\n'


@pytest.mark.parametrize(("type_", "key"), [("aws_eks_node_group", "system"), ("aws_eks_cluster", "")])
def test_the_key_is_that_of_the_map(tmp_path, type_, key):
    (tmp_path / "main.tf").write_text(EKS + "  eks_managed_node_groups = { system = {} }\n}\n")
    (module,) = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(root=str(tmp_path)), tmp_path).modules
    assert [group_key(one) for one in module.blocks if one.type == type_] == [key]
