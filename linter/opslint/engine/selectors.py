"""Label selectors as metav1 defines them: null selects nothing, {} selects everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opslint.model.node import Node


def selects(selector: Node, labels: Mapping[str, str]) -> bool:
    """True when a LabelSelector (matchLabels and matchExpressions) selects the labels.

    Raises:
        Undecided: a part of the selector is unknown.
    """
    if not selector.present or not selector.is_map:
        return False
    return selects_labels(selector["matchLabels"], labels) and all(
        _holds(expression, labels) for expression in selector["matchExpressions"]
    )


def selects_labels(wanted: Node, labels: Mapping[str, str]) -> bool:
    """True when all labels of a plain map (a Service's selector) are there with the same values; {} selects all."""
    if wanted.present and not wanted.is_map:
        return False  # the API server rejects it
    for key, value in wanted.items():  # noqa: SIM110 - a generator would cost more than the comparisons
        if key not in labels or labels[key] != value.text:
            return False
    return True


def _holds(expression: Node, labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"].text, expression["operator"].text
    values = expression["values"].texts()
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    # An operator that the API would reject selects nothing.
    return operator == "DoesNotExist" and key not in labels
