"""A rule's page: for the terminal, SARIF and the website."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from opslint.model.patterns import regex
from opslint.model.report import RuleInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opslint.engine.options import Option
    from opslint.engine.rule import Rule

_FENCE = regex(r"^(```\w+) (bad|good|fixed)([^\n]*)$", re.MULTILINE)
_HEADINGS = {"bad": "**Reported:**", "good": "**Not reported:**", "fixed": "**After the fix:**"}


def rule_info(rule: Rule) -> RuleInfo:
    """Return what output formats need to know of a rule."""
    return RuleInfo(
        id=rule.id,
        name=rule.title,
        area=rule.area,
        severity=rule.severity.value,
        applies_to=rule.applies_to,
        preset=rule.preset,
        summary_of=lambda: rule.summary,
        page_of=lambda: page_markdown(rule),
        fixable=rule.fixable,
        tags=(rule.area, *rule.tags),
        url=rule.url,
        aliases=rule.aliases,
        related=rule.related,
    )


def page_markdown(rule: Rule) -> str:
    """Return the page: docstring with its examples titled, then options, other tools' names and benchmark controls."""
    parts = [_FENCE.sub(lambda match: f"{_HEADINGS[match[2]]}\n\n{match[1]}", rule.page)]
    parts[0] = re.sub(r"[ \t]+(#|//) <-[^\n]*$", lambda match: f"  {match[1]} <- here", parts[0], flags=re.MULTILINE)
    if rule.options:
        rows = [
            f"- `{option.name}` ({_type(option)}, default `{json.dumps(option.default)}`): {option.help}"
            for option in rule.options
        ]
        parts.append("## Options\n\n" + "\n".join(rows))
    if rule.aliases:
        parts.append("## The same check elsewhere\n\n" + _peers(rule.aliases))
    if rule.related:
        parts.append("## Related checks elsewhere\n\n" + _peers(rule.related))
    if rule.tags:
        parts.append("Tags: " + ", ".join(f"`{tag}`" for tag in rule.tags))
    return "\n\n".join(parts) + "\n"


def _type(option: Option) -> str:
    """The type, and what its texts have to be."""
    if not option.form:
        inner = {"str": " of texts", "version": " of versions", "texts": " of lists of texts"}.get(
            option.of, " of mappings" if option.keys else ""
        )
        return f"{'mapping' if option.type == 'dict' else option.type}{inner}"
    words = {"regex": "regular expression", "duration": "duration"}
    form = words.get(option.form) or " or ".join(f"`{word}`" for word in option.form.split("|"))
    return f"list of {form}" if option.type == "list" else form


def _peers(names: Mapping[str, tuple[str, ...]]) -> str:
    return "\n".join(f"- {peer}: {', '.join(f'`{id_}`' for id_ in ids)}" for peer, ids in names.items())
