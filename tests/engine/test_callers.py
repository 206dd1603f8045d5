"""Problems inside a local module stand where its caller decides."""

from opslint.api import STRICT, Problem, Severity, at_caller, resource, rule

FILES = {
    "modules/volume/variables.tf": 'variable "size" {\n  default = 1\n}\n',
    "modules/volume/main.tf": (
        'locals {\n  fixed = 3\n}\nresource "aws_ebs_volume" "this" {\n  size       = var.size\n  iops       = 100\n'
        "  throughput = local.fixed\n}\n"
    ),
    "prod/main.tf": 'module "volume" {\n  source = "../modules/volume"\n  %s\n}\n',
    "prod/terraform.tfvars": "big = 9\n",
    "prod/variables.tf": 'variable "big" {}\n',
}


def found(lint_files, key, given=""):
    @rule(each=resource("aws_ebs_volume"), severity=Severity.LOW, preset=STRICT)
    def each_volume(item, project):
        """Each volume."""
        yield Problem("here", *at_caller(item, item[key]))

    (finding,) = lint_files({path: text.replace("%s", given) for path, text in FILES.items()}, [each_volume]).findings
    place = finding.location
    return place.source.path, place.span.line, [label for label, _ in finding.related]


def test_what_the_caller_gives_is_mended_there(lint_files):
    assert found(lint_files, "size", "size = 2") == ("prod/main.tf", 3, ["in the module"])


def test_what_the_caller_takes_from_its_variables_is_mended_there(lint_files):
    assert found(lint_files, "size", "size = var.big")[:2] == ("prod/terraform.tfvars", 1)


def test_a_default_of_the_module_is_mended_in_the_call(lint_files):
    assert found(lint_files, "size") == ("prod/main.tf", 1, ["in the module"])


def test_what_the_module_decides_is_mended_there(lint_files):
    assert found(lint_files, "iops") == ("modules/volume/main.tf", 6, [])
    assert found(lint_files, "throughput")[:2] == ("modules/volume/main.tf", 7)
    assert found(lint_files, "kms_key_id")[:2] == ("modules/volume/main.tf", 4)
