"""What rules ask of EKS clusters, where more than one answer is possible."""

from opslint.api import STRICT, Problem, Severity, addons_of, argument_of, resource, rule


@rule(each=resource("aws_eks_cluster"), severity=Severity.LOW, preset=STRICT)
def says_addons(item, project):
    """Says them."""
    names = sorted(one["addon_name"].text for one in addons_of(item, project))
    yield Problem(f"{item.address}: {' '.join(names)}", item.header)


@rule(each=resource("aws_eks_cluster"), severity=Severity.LOW, preset=STRICT)
def says_argument(item, project):
    """Says it."""
    yield Problem(argument_of(item["version"]), item["version"])


CLUSTER = 'resource "aws_eks_cluster" "{0}" {{\n  name    = "{0}"\n  version = "1.35"\n}}\n'
ADDON = 'resource "aws_eks_addon" "{0}" {{\n  cluster_name = {1}\n  addon_name   = "{0}"\n}}\n'


def said(report):
    return sorted(one.message for one in report.findings)


def test_an_addon_of_an_unknown_cluster_may_belong_to_each(lint_files):
    files = {
        "main.tf": CLUSTER.format("a") + CLUSTER.format("b") + 'variable "cluster" {}\n',
        "addons.tf": ADDON.format("dns", "aws_eks_cluster.a.name")
        + ADDON.format("cni", "var.cluster")
        + ADDON.format("proxy", '"elsewhere"'),
    }
    report = lint_files(files, [says_addons])
    assert said(report) == ["aws_eks_cluster.a: cni dns", "aws_eks_cluster.b: cni"]


def test_an_addon_of_another_root_module_names_its_cluster(lint_files):
    files = {
        "a/main.tf": CLUSTER.format("a"),
        "b/main.tf": CLUSTER.format("b") + ADDON.format("dns", '"a"') + ADDON.format("cni", "aws_eks_cluster.b.name"),
    }
    report = lint_files(files, [says_addons])
    assert said(report) == ["aws_eks_cluster.a: dns", "aws_eks_cluster.b: cni"]


def test_an_argument_has_the_name_that_is_written(lint_files):
    module = 'module "m" {\n  source = "terraform-aws-modules/eks/aws"\n  kubernetes_version = "1.35"\n}\n'
    report = lint_files({"main.tf": CLUSTER.format("a") + module}, [says_argument])
    assert said(report) == ["kubernetes_version", "version"]
