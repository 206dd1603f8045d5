"""What only an apply could tell never adds a finding.

Each known argument of every example is made unknown in turn, and each variable: it loses its default and its values.
"""

from pathlib import PurePosixPath

import pytest
from every_example import PACKS, RULES, examples

from opslint.model.records import replace
from opslint.read import hcl
from opslint.testing import run_example

pytestmark = pytest.mark.usefixtures("one_engine")


# Terraform wants literals there, they decide what exists (a stand-in is judged like a resource), or they say that an
# environment is not production: one that is unknown counts as production.
EXEMPT = {
    "count",
    "for_each",
    "source",
    "providers",
    "provider",
    "depends_on",
    "tags",
    "dynamic",
    "alias",
    "ignore_changes",
}
BODIES = {"resource", "data", "module", "provider", "locals"}


EXAMPLES = [
    example
    for example in examples()
    if any(path.endswith(".tf") for path in example.files)
    and any(RULES[name].applies_to in {"terraform", "cross", "both"} for name in example.rules)
]


def arguments(text):
    """Yield the offsets of the value of every argument, members of objects included."""
    for block in hcl.parse(text).body:
        if block[0] == hcl.BLOCK and block[3] in BODIES:
            yield from body(block[6], exempt=EXEMPT | ({"version"} if block[3] == "module" else set()))


def body(items, exempt):
    for item in items:
        if item[0] == hcl.BLOCK:
            yield from body(item[6], exempt)
        elif item[0] == hcl.ATTR and item[3] not in exempt:
            yield from values(item[4])


def values(node):
    if node[0] != hcl.REF or node[3][0] != "var":
        yield node[1], node[2]
    for _, member in node[3] if node[0] == hcl.OBJ else ():
        yield from values(member)
    for member in node[3] if node[0] == hcl.TUP else ():
        yield from values(member)


def variants(example):
    """Yield the example with one value after the other unknown, every line staying where it is."""
    for path, text in example.files.items():
        if not path.endswith(".tf"):
            continue
        extra = str(PurePosixPath(path).with_name("unknown_x.tf"))
        for start, end in arguments(text):
            blank = "\n" * text.count("\n", start, end)
            changed = f"{text[:start]}var.unknown_x{blank}{text[end:]}"
            yield (
                text[start:end],
                replace(example, files={**example.files, path: changed, extra: 'variable "unknown_x" {}\n'}),
            )


def unset(example):
    """Yield the example without any value for one variable after the other."""
    names = {
        block[4][0][0]
        for path, text in example.files.items()
        if path.endswith(".tf")
        for block in hcl.parse(text).body
        if block[0] == hcl.BLOCK and block[3] == "variable"
    }
    for name in sorted(names):
        files = {path: without(path, text, name) for path, text in example.files.items()}
        if files != example.files:
            yield f"var.{name}", replace(example, files=files)


def without(path, text, name):
    """Blank out what gives a variable a value, every line staying where it is."""
    if not path.endswith((".tf", ".tfvars")):
        return text
    body = hcl.parse(text).body
    if path.endswith(".tf"):
        mine = [one for one in body if one[0] == hcl.BLOCK and one[3] == "variable" and one[4][0][0] == name]
        values = [item for one in mine for item in one[6] if item[0] == hcl.ATTR and item[3] == "default"]
    else:
        values = [item for item in body if item[0] == hcl.ATTR and item[3] == name]
    for item in reversed(values):
        text = text[: item[1]] + "\n" * text.count("\n", item[1], item[2]) + text[item[2] :]
    return text


def findings(example):
    report = run_example(example, PACKS)
    assert [failure.message for failure in report.failures] == []
    return {(one.location.source.path, one.location.span.line, one.rule_id) for one in report.findings}


def test_there_are_examples():
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_an_unknown_value_adds_no_finding(example):
    known = findings(example)
    added = {value: new for value, variant in variants(example) if (new := findings(variant) - known)}
    assert added == {}


UNSET = [example for example in EXAMPLES if next(unset(example), None) is not None]


def test_there_are_examples_with_variables():
    assert len(UNSET) > 10


@pytest.mark.parametrize("example", UNSET, ids=[example.name for example in UNSET])
def test_a_variable_without_a_value_adds_no_finding(example):
    known = findings(example)
    added = {name: new for name, variant in unset(example) if (new := findings(variant) - known)}
    assert added == {}
