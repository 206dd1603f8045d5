"""The `fixed` fences of a rule's page are executed."""

import pytest

from opslint.api import RECOMMENDED, Fix, Problem, Safety, Set, Severity, kind, rule
from opslint.engine.packs import Pack
from opslint.testing import examples_of, fix_mismatches, mismatches, run_example

FIXED = "apiVersion: v1\nkind: Thing\nmode: enforce\nother: audit  # <-\n"
BAD = "apiVersion: v1\nkind: Thing\nmode: audit  # <-\nother: audit  # <-\n"
GOOD = "apiVersion: v1\nkind: Thing\n"


def rule_with(*fences):
    def mode_is_audit(item, project):
        for key in ("mode", "other"):
            if item.root[key].text == "audit":
                changes = (Set(item.root[key], "enforce"),)
                safety = Safety.UNSAFE if key == "mode" else Safety.SHOWN
                yield Problem(key, item.root[key], fix=Fix(f"enforce {key}", changes, safety))

    fenced = [f"```yaml {verdict}\n{text}```" for verdict, text in fences]
    mode_is_audit.__doc__ = "Audit.\n\n" + "\n\n".join(fenced)
    return rule(each=kind("Thing"), severity=Severity.LOW, preset=RECOMMENDED)(mode_is_audit)


def fix_of(one):
    example = examples_of(one)[0]
    packs = [Pack("test", (one,))]
    assert list(mismatches(example, run_example(example, packs))) == []
    return list(fix_mismatches(example, packs))


def test_bad_and_fix_make_fixed():
    assert fix_of(rule_with(("bad", BAD), ("fixed", FIXED), ("good", GOOD))) == []


def test_a_bad_example_needs_no_fixed_one():
    assert fix_of(rule_with(("bad", BAD), ("good", GOOD))) == []


def test_another_text_is_told():
    (said,) = fix_of(rule_with(("bad", BAD), ("fixed", FIXED.replace("enforce", "Enforce")), ("good", GOOD)))
    assert said.startswith("example.yaml: the fix makes another text\n")
    assert "-mode: Enforce\n+mode: enforce" in said


def test_what_remains_is_marked():
    said = fix_of(rule_with(("bad", BAD), ("fixed", FIXED.replace("  # <-", "")), ("good", GOOD)))
    assert said == ["example.yaml:4: mode-is-audit is not expected here: other"]


def test_a_fixed_example_follows_a_bad_one():
    with pytest.raises(ValueError, match="follows the bad one"):
        examples_of(rule_with(("good", GOOD), ("fixed", FIXED), ("bad", BAD)))


def test_a_fix_that_never_comes_to_an_end_is_told():
    def grows(item, project):
        """Grows.

        ```yaml bad
        apiVersion: v1
        kind: Thing
        mode: a  # <-
        ```
        ```yaml fixed
        apiVersion: v1
        kind: Thing
        mode: aaaaaaaaaaa  # <-
        ```
        ```yaml good
        apiVersion: v1
        kind: Other
        ```
        """
        fix = Fix("one more", (Set(item.root["mode"], item.root["mode"].text + "a"),), Safety.SAFE)
        yield Problem("short", item.root["mode"], fix=fix)

    made = rule(each=kind("Thing"), severity=Severity.LOW, preset=RECOMMENDED)(grows)
    assert fix_of(made) == ["example.yaml: fixing once more changes it again"]
