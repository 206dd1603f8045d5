"""Which rules run: presets, selectors, options, and what is said when a name is wrong."""

import pytest

from opslint.api import OPT_IN, RECOMMENDED, STRICT, Problem, Severity, kind, rule
from opslint.engine.packs import Pack
from opslint.engine.rule import RuleError
from opslint.engine.select import SelectionError, select
from opslint.model.settings import Settings
from opslint.model.source import Location, Source, Span


def make(name, preset, **more):
    def function(
        item,
        project,
        *,
        least: int = 2,
        names: tuple[str, ...] = (),
        like: str = "a+",
        wait: str = "1h",
        mode: str = "a",
    ):
        """Says nothing."""
        yield Problem("", item.root)

    function.__name__ = name
    texts = {"least": "the least", "names": "the names", "like": "which", "wait": "how long", "mode": "how"}
    forms = {"like": "regex", "names": "regex", "wait": "duration", "mode": "lax|strict"}
    return rule(each=kind("Pod"), severity=Severity.LOW, preset=preset, options=texts, forms=forms, **more)(function)


RULES = (
    make("common_one", RECOMMENDED, cis=("EKS 1.8.0 4.2.1",)),
    make("strict_one", STRICT, tags=("slow",), cis=("K8s 1.12 5.2.1",)),
    make("rare_one", OPT_IN),
    make("new_one", RECOMMENDED, preview=True),
)


def ids(**settings):
    return [selected.rule.id for selected in select([Pack("p", RULES)], Settings(**settings))]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["common-one"]),
        ({"preset": "strict"}, ["common-one", "strict-one"]),
        ({"preset": "all"}, ["common-one", "new-one", "rare-one", "strict-one"]),
        ({"select": ("rare-one",)}, ["rare-one"]),
        ({"extend_select": ("rare-one",)}, ["common-one", "rare-one"]),
        ({"select": ("*-one",), "ignore": ("rare-one", "slow")}, ["common-one", "new-one"]),
        ({"select": ("cis-eks",)}, ["common-one"]),
        ({"select": ("cis-eks-4.2.1",)}, ["common-one"]),
        ({"select": ("cis-kubernetes",)}, ["strict-one"]),
        ({"select": ("cis-kubernetes-5.2.1",)}, ["strict-one"]),
        ({"select": ("cis-k8s",)}, ["strict-one"]),
        ({"select": ("slow",)}, ["strict-one"]),
    ],
)
def test_selection(settings, expected):
    assert ids(**settings) == expected


def test_options_and_severity_reach_the_rule():
    settings = Settings(rules={"common-one": {"least": 3, "names": ["a"]}}, severity={"common-one": "high"})
    (selected,) = select([Pack("p", RULES)], settings)
    assert selected.options == {"least": 3, "names": ("a",)}
    assert selected.severity == "high"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"select": ("comon-one",)}, 'did you mean "common-one"'),
        ({"select": ("common-one",), "ignore": ("*-one",)}, "no rule to run"),
        ({"ignore": ("nonsense",)}, 'no rule, area or tag is named "nonsense"'),
        ({"rules": {"comon-one": {}}}, 'did you mean "common-one"'),
        ({"rules": {"common-one": {"lest": 1}}}, 'no option "lest", did you mean "least"'),
        ({"rules": {"common-one": {"least": "1"}}}, "least must be a whole number"),
        ({"rules": {"common-one": {"least": True}}}, "least must be a whole number"),
        ({"rules": {"common-one": {"names": "a"}}}, "names must be a list"),
        ({"rules": {"common-one": {"like": "("}}}, r"like is no regular expression: .* in '\('"),
        ({"rules": {"common-one": {"names": ["a", "*"]}}}, r"names is no regular expression: .* in '\*'"),
        ({"rules": {"common-one": {"wait": "2 days"}}}, "wait must be a duration such as .*, not '2 days'"),
        ({"rules": {"common-one": {"mode": "strickt"}}}, 'mode must be lax or strict, not .*, did you mean "strict"'),
    ],
)
def test_wrong_names_are_said(settings, said):
    with pytest.raises(SelectionError, match=said):
        ids(**settings)


def test_values_of_the_right_form_reach_the_rule():
    given = {"like": "b{2}", "names": ["^x"], "wait": "1h30m", "mode": "strict"}
    (selected,) = select([Pack("p", RULES)], Settings(rules={"common-one": given}))
    assert selected.options == given | {"names": ("^x",)}


def test_a_wrong_name_of_the_configuration_has_its_place():
    place = Location(Source(".opslint.yaml", "ignore: [nonsense]\n"), Span(1, 10, 1, 18))
    with pytest.raises(SelectionError) as caught:
        ids(ignore=("nonsense",), selector_locations={"nonsense": place})
    assert caught.value.location == place


def test_a_rule_without_a_page_is_refused():
    def silent(item, project):
        yield Problem("", item.root)

    with pytest.raises(RuleError, match="no docstring"):
        rule(each=kind("Pod"), severity=Severity.LOW, preset=STRICT)(silent)


def test_an_option_without_help_is_refused():
    def silent(item, project, *, least: int = 1):
        """Says nothing."""
        yield Problem("", item.root)

    with pytest.raises(RuleError, match="option least"):
        rule(each=kind("Pod"), severity=Severity.LOW, preset=STRICT)(silent)
