"""What rules say of a manifest they say of the same object inside Terraform, at its own lines."""

import pytest
from every_example import PACKS, examples

from opslint.model.finding import Safety
from opslint.model.records import replace
from opslint.testing import run_example

HEAD = 'resource "kubectl_manifest" "a" {\n  yaml_body = <<YAML\n'
TAIL = "YAML\n}\n"
EXEMPT = {"duplicate-key"}  # it reads the file, not the object


def is_plain(example):
    (path,) = example.files if len(example.files) == 1 else ("",)
    text = example.files.get(path, "")
    return (
        path.endswith(".yaml")
        and "apiVersion" in text
        and "/" not in path
        and not any(word in text for word in ("opslint", "eksctl.io"))
    )


PLAIN = [example for example in examples() if is_plain(example) and EXEMPT.isdisjoint(example.rules)]


def in_terraform(example):
    (text,) = example.files.values()
    text = text.replace("${", "$${").replace("%{", "%%{")
    return replace(example, files={"main.tf": HEAD + text.rstrip("\n") + "\n" + TAIL})


def findings(example, shift=0):
    report = run_example(example, PACKS)
    found = {(one.rule_id, one.location.span.line + shift, one.location.span.column) for one in report.findings}
    return found, report


@pytest.mark.parametrize("example", PLAIN, ids=lambda example: example.name)
def test_a_manifest_in_a_heredoc_is_judged_as_in_a_file(example):
    before, _ = findings(example, HEAD.count("\n"))
    after, report = findings(in_terraform(example))
    assert report.failures == ()
    assert after == before
    assert {one.fix.safety for one in report.findings if one.fix is not None} <= {Safety.SHOWN}
