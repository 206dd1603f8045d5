"""No rule crashes on fields of the wrong type: what the API server would reject is for other checks to say."""

import copy
import json
import re
from datetime import date
from itertools import count

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml
from opslint.testing import examples_of

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


def documents(example):
    found = []
    for path, text in sorted(example.files.items()):
        if path.endswith((".yaml", ".json")):
            found += [document.plain() for document in read_yaml(Source(path, text)).documents]
    return [one for one in found if isinstance(one, dict)]


def paths(value, path=()):
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield (*path, key)
        yield from paths(below, (*path, key))


def replaced(value, path, new):
    value = copy.deepcopy(value)
    place = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return value


def crashes(folder):
    settings = Settings(root=str(folder), preset="all", as_of=date(2026, 11, 22), target_version="1.34", no_cache=True)
    report = lint([str(folder)], settings, PACKS)
    assert report.files > 0
    return [failure.message for failure in report.failures if failure.kind == "rule"]


def examples():
    return [next(one for one in examples_of(rule) if one.verdict == "bad") for rule in RULES]


KUBERNETES = [one for one in examples() if documents(one)]
TERRAFORM = [one for one in examples() if any(path.endswith(".tf") for path in one.files)]


@pytest.mark.parametrize("example", KUBERNETES, ids=[one.name for one in KUBERNETES])
def test_no_rule_crashes_on_a_wrongly_typed_object(example, tmp_path):
    intact = documents(example)
    turn = count()
    for number, document in enumerate(intact):
        for path in paths(document):
            # Every path gets three of the values, another three than its neighbour.
            for _ in range(3):
                case = next(turn)
                mutated = replaced(document, path, WRONG[case % len(WRONG)])
                others = [*intact[:number], mutated, *intact[number + 1 :]]
                folder = tmp_path / "overlays" / f"{case:05}"
                folder.mkdir(parents=True)
                text = "\n---\n".join(json.dumps(one).replace("Infinity", ".inf") for one in others)
                (folder / "all.yaml").write_text(text)
    assert next(turn) > 10
    assert crashes(tmp_path) == []


@pytest.mark.parametrize("example", TERRAFORM, ids=[one.name for one in TERRAFORM])
def test_no_rule_crashes_on_a_wrongly_typed_argument(example, tmp_path):
    turn = count()
    for path, text in sorted(example.files.items()):
        if not path.endswith(".tf"):
            continue
        for argument in ARGUMENT.finditer(text):
            for _ in range(2):
                case = next(turn)
                folder = tmp_path / f"{case:05}"
                folder.mkdir()
                for other, content in example.files.items():
                    place = folder / other
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(content)
                wrong = WRONG_HCL[case % len(WRONG_HCL)]
                place = folder / path
                place.write_text(text[: argument.start(2)] + wrong + text[argument.end(2) :])
    assert crashes(tmp_path) == []
