"""No rule crashes on what its own page shows, when fields are of a wrong type, missing or cut off.

The seeds are the bad examples of each rule: what is made of them is near what the rule looks for, so that it gets past
the fields that it asks first. That it does is a part of the test. What the API server would reject is for other checks
to say.
"""

import copy
import json
import re
from datetime import date
from itertools import count, islice
from pathlib import Path

import pytest
from every_example import paths

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml
from opslint.testing import cases_of, examples_of

pytestmark = pytest.mark.usefixtures("one_engine")

PACKS = load_packs()
RULES = [rule for pack in PACKS for rule in pack.rules]
WRONG = [
    None,
    [],
    {},
    "text",
    7,
    -1.5,
    True,
    [None],
    [[]],
    [7, "text"],
    {"": None},
    {"a": [{}]},
    "",
    "99%",
    float("inf"),
]
WRONG_HCL = ["null", "[]", "{}", '"text"', "7", "true", "[null]", "[[]]", "[{}]", "{ a = null }", "var.unset"]
ARGUMENT = re.compile(r"^(\s*[\w\"]+\s*=\s*)([^\[{<\n][^\n]*?)(?:\s*#.*)?$", re.MULTILINE)
LINES = 25  # of a file that are left out in turn
ALONE = 40  # projects of one mutation, tried when a rule says nothing of all together


def replaced(value, path, new):
    value = copy.deepcopy(value)
    place = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return value


def without_lines(text):
    lines = text.splitlines(keepends=True)
    for at in range(0, len(lines), len(lines) // LINES + 1):
        yield "".join(lines[:at] + lines[at + 1 :])
    for part in (0.3, 0.5, 0.8):
        yield text[: int(len(text) * part)]


def of_other_types(text):
    """The documents of a text, each field in turn of some wrong types."""
    documents = [document.plain() for document in read_yaml(Source("a.yaml", text)).documents]
    turn = count()
    for number, document in enumerate(documents):
        for path in paths(document):
            for _ in range(2):  # another two than its neighbour
                made = replaced(document, path, WRONG[next(turn) % len(WRONG)])
                others = [*documents[:number], made, *documents[number + 1 :]]
                yield "\n---\n".join(json.dumps(one).replace("Infinity", ".inf") for one in others)


def of_other_values(text):
    """A Terraform text, each argument in turn with some wrong values."""
    turn = count()
    for argument in ARGUMENT.finditer(text):
        for _ in range(2):
            wrong = WRONG_HCL[next(turn) % len(WRONG_HCL)]
            yield text[: argument.start(2)] + wrong + text[argument.end(2) :]


def mutations(example):
    """Yield the files of a bad example, one of them changed."""
    for path, text in sorted(example.files.items()):
        made = [without_lines(text)]
        if path.endswith((".yaml", ".json")) and "/templates/" not in path:
            made.append(of_other_types(text))
        if path.endswith((".tf", ".tfvars")):
            made.append(of_other_values(text))
        for some in made:
            for changed in some:
                yield {**example.files, path: changed}


def write(folder, files):
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def said(example, folder, *, alone=True):
    """How often the rule of the example speaks; none crashes. Unless `alone`, all rules are asked with it."""
    settings = Settings(
        root=str(folder),
        preset="all",
        select=example.rules if alone else (),
        rules={example.rules[0]: example.options} if example.options else {},
        as_of=date.fromisoformat(example.settings.get("as-of", "2026-11-22")),
        target_version=example.settings.get("target", ""),
        no_cache=True,
    )
    report = lint([str(folder)], settings, PACKS)
    assert [failure.message for failure in report.failures if failure.kind == "rule"] == []
    return sum(finding.rule_id in example.rules for finding in report.findings)


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_no_rule_crashes_on_its_own_examples_with_something_wrong(rule, tmp_path):
    # One whose point is its configuration says nothing without it.
    for example in (one for one in examples_of(rule) if one.verdict == "bad" and ".opslint.yaml" not in one.files):
        all_together = tmp_path / example.name
        for number, files in enumerate(mutations(example)):
            write(all_together / "overlays" / f"{number:05}", files)
        # What rules do with other rules' Kubernetes objects is seen in test_wrong_kinds.
        if said(example, all_together, alone=not any(path.endswith(".tf") for path in example.files)):
            continue
        # What is said of a whole project is not said of one that has everything twice.
        alone = 0
        for number, files in enumerate(islice(mutations(example), ALONE)):
            write(tmp_path / f"{example.name}-{number}", files)
            alone += said(example, tmp_path / f"{example.name}-{number}")
        assert alone > 0, "it never gets past what it asks first"


MODULES = [
    case
    for path in sorted((Path(__file__).parents[1] / "cases").glob("*.md"))
    for case in cases_of(path)
    if any(path.endswith(".tf") and 'module "' in text for path, text in case.files.items())
]


@pytest.mark.parametrize("case", MODULES, ids=[case.name for case in MODULES])
def test_no_rule_crashes_on_the_inputs_of_a_known_module_with_something_wrong(case, tmp_path):
    for path, text in case.files.items():
        for number, changed in enumerate(of_other_values(text) if path.endswith(".tf") else ()):
            write(tmp_path / f"{number:05}", {**case.files, path: changed})
    said(case, tmp_path)
