"""Which rules cover which controls of a benchmark."""

import pytest

from opslint.engine.benchmarks import COVERED, NAMES, benchmark
from opslint.engine.packs import load_packs
from opslint_schemas import load

RULES = [rule for pack in load_packs() for rule in pack.rules]


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_of_a_rule_is_a_control_of_its_benchmark(name):
    beginning = load("benchmarks/cis")["benchmarks"][name]["tag"] + "-"
    known = {control.id for control in benchmark(name, RULES).controls}
    tagged = {tag.removeprefix(beginning) for rule in RULES for tag in rule.tags if tag.startswith(beginning)}
    assert tagged - known == set()
    assert {control.id for control in benchmark(name, RULES).controls if control.status == COVERED} == tagged


def test_a_control_names_its_rules_and_what_they_need():
    controls = {control.id: control for control in benchmark("cis-eks", RULES).controls}
    assert controls["4.1.1"].rules == ("cluster-admin-binding", "eks-admin-access")
    assert (controls["4.1.4"].rules, controls["4.1.4"].needs) == (("takeover-permissions",), "create-pods among items")
    assert controls["4.2.1"].needs == ""


def test_a_control_without_a_rule_says_what_tells():
    controls = {control.id: control for control in benchmark("cis-kubernetes", RULES).controls}
    assert [controls[one].status for one in ("1.2.1", "4.2.1", "5.5.1", "5.6.1", "5.6.4")] == [
        "control-plane",
        "node",
        "cluster",
        "manual",
        "files",
    ]
    assert {(one.rules, one.needs) for one in controls.values() if one.status != COVERED} == {((), "")}


def test_without_rules_nothing_is_covered():
    made = benchmark("cis-eks", [])
    assert made.version == "1.8.0"
    assert len(made.controls) == 50
    assert [control for control in made.controls if control.status == COVERED] == []


def test_options_that_a_control_needs_are_values_of_the_rule():
    (rule,) = [rule for rule in RULES if rule.id == "takeover-permissions"]
    words = next(option.form.split("|") for option in rule.options if option.name == "items")
    needed = {control.needs.split()[0] for control in benchmark("cis-eks", RULES).controls if control.needs}
    assert needed
    assert needed <= set(words)


def test_an_unknown_benchmark_is_an_error():
    with pytest.raises(KeyError):
        benchmark("cis-gke", RULES)
