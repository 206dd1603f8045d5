"""Which rules run, with which options and severities."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from opslint.engine.options import nearest, taken, wrong
from opslint.engine.rule import OPT_IN, PRESETS, RECOMMENDED, STRICT
from opslint.model.finding import Severity
from opslint.model.patterns import glob_matches
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opslint.engine.packs import Pack
    from opslint.engine.rule import Rule
    from opslint.model.settings import Settings
    from opslint.model.source import Location

_LONG: Final = "cis-kubernetes"


class SelectionError(Exception):
    """A rule or an option that the configuration or the command line names does not exist."""

    def __init__(self, message: str, location: Location | None = None) -> None:
        super().__init__(message)
        self.location = location


class Selected(NamedTuple):
    """A rule that runs, with its options and its severity."""

    rule: Rule
    options: Mapping[str, Any]
    severity: Severity
    include_nonprod: bool


@lru_cache(maxsize=4096)  # a run asks at least twice
def matches(rule: Rule, selector: str) -> bool:
    """True when a selector names the rule: id, area, a tag (or a tag's beginning, `cis-eks`), or a glob of the id."""
    if selector in {rule.id, rule.area, "all"}:
        return True
    selector = short_tag(selector)
    if any(tag == selector or tag.startswith(selector + "-") for tag in rule.tags):
        return True
    return any(char in selector for char in "*?[") and glob_matches(rule.id, selector)


def short_tag(name: str) -> str:
    """Return a tag as rules have it: `cis-kubernetes-5.2.1` is cis-k8s-5.2.1."""
    return f"cis-k8s{name.removeprefix(_LONG)}" if name.startswith(_LONG) else name


def select(packs: Sequence[Pack], settings: Settings) -> list[Selected]:
    """Return the rules to run, sorted by id.

    `select` replaces the preset, `extend_select` adds, `ignore` takes away.

    Raises:
        SelectionError: a name fits no rule (the nearest is suggested), or an option has the wrong type.
    """
    rules = sorted((rule for pack in packs for rule in pack.rules), key=lambda rule: rule.id)
    per_path = [name for changes in settings.per_path.values() for name in changes.get("ignore", ())]
    for selector in (*settings.select, *settings.extend_select, *settings.ignore, *settings.severity, *per_path):
        _check_selector(selector, rules, settings)
    _check_options(rules, settings)
    chosen = []
    for rule in rules:
        if settings.select:
            wanted = any(matches(rule, selector) for selector in settings.select)
        else:
            wanted = _in_preset(rule, settings.preset)
        wanted = wanted or any(matches(rule, selector) for selector in settings.extend_select)
        if wanted and not any(matches(rule, selector) for selector in settings.ignore):
            chosen.append(_selected(rule, settings))
    if not chosen and rules:
        raise SelectionError("the selection leaves no rule to run: that would pass everything")
    return chosen


def _in_preset(rule: Rule, preset: str) -> bool:
    if preset == "all":
        return True
    if rule.preview or rule.preset == OPT_IN:
        return False
    return rule.preset == RECOMMENDED or preset == STRICT


def _selected(rule: Rule, settings: Settings) -> Selected:
    options = dict(settings.rules.get(rule.id, {}))
    severity = rule.severity
    for selector, name in settings.severity.items():
        if matches(rule, selector):
            severity = Severity(name)
    # Of the other rules it is an option of their own.
    include_nonprod = bool(options.pop("include_nonprod", False)) if rule.prod_only else False
    for option in rule.options:
        if option.name in options:
            options[option.name] = taken(option, options[option.name])
    return Selected(rule, options, severity, include_nonprod)


def _check_selector(selector: str, rules: Sequence[Rule], settings: Settings) -> None:
    if any(matches(rule, selector) for rule in rules):
        return
    names = {rule.id for rule in rules} | {rule.area for rule in rules} | {tag for rule in rules for tag in rule.tags}
    said = f'no rule, area or tag is named "{selector}"{nearest(selector, sorted(names))}'
    raise SelectionError(said, settings.selector_locations.get(selector))


def _check_options(rules: Sequence[Rule], settings: Settings) -> None:
    by_id = {rule.id: rule for rule in rules}
    for id_, given in settings.rules.items():
        place = settings.rule_locations.get(id_)
        rule = by_id.get(id_)
        if rule is None:
            raise SelectionError(f'rules: no rule is named "{id_}"{nearest(id_, by_id)}', place)
        known = {option.name: option for option in rule.options}
        for name, value in given.items():
            place = settings.rule_locations.get(f"{id_}.{name}", place)
            option = known.get(name)
            if option is None:
                hint = nearest(name, known) or (f"; it has {', '.join(known)}" if known else "; it has none")
                raise SelectionError(f'rules: {id_} has no option "{name}"{hint}', place)
            if said := wrong(option, value):
                raise SelectionError(f"rules: {id_}.{name}{said}", place)


__all__ = ["PRESETS", "Selected", "SelectionError", "matches", "nearest", "select"]
