"""Every example of every rule's page, and every Markdown case."""

from pathlib import Path

import pytest

from opslint.engine.packs import load_packs
from opslint.testing import cases_of, examples_of, fix_mismatches, mismatches, run_example

pytestmark = pytest.mark.usefixtures("one_engine")

PACKS = load_packs()
RULES = [rule for pack in PACKS for rule in pack.rules]
EXAMPLES = [example for rule in RULES for example in examples_of(rule)]
FIXED = [example for example in EXAMPLES if example.fixed]
FIXABLE = {rule.id: rule.fixable for rule in RULES}
CASES = [case for path in sorted(Path(__file__).parent.glob("cases/*.md")) for case in cases_of(path)]


def wrong_fixes(report):
    """Fixes whose safety is not what their rule says of itself."""
    fixes = [(finding.rule_id, finding.fix.safety.value) for finding in report.findings if finding.fix is not None]
    return [(id_, safety) for id_, safety in fixes if safety not in {FIXABLE[id_], "shown"} or FIXABLE[id_] == "no"]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_example(example):
    report = run_example(example, PACKS, fixing=True)
    assert list(mismatches(example, report)) == []
    assert wrong_fixes(report) == []


@pytest.mark.parametrize("example", FIXED, ids=[example.name for example in FIXED])
def test_fix(example):
    assert list(fix_mismatches(example, PACKS)) == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case):
    report = run_example(case, PACKS, fixing=True)
    assert list(mismatches(case, report)) == []
    assert wrong_fixes(report) == []


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_that_fixes_shows_how(rule):
    shown = [example for example in examples_of(rule) if example.fixed]
    assert bool(shown) == (rule.fixable != "no"), f"fixable says {rule.fixable}, `fixed` examples: {len(shown)}"


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_page(rule):
    first = rule.page.split("\n\n")[0]
    assert first.endswith("."), "the page begins with one sentence"
    assert "http" in rule.page, "the page names its primary references"
    assert len(rule.page.split("\n\n")) >= 4
