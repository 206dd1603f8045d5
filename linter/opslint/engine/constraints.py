"""Version constraints of Terraform, for modules and providers."""

from __future__ import annotations


def is_bounded(constraint: str) -> bool:
    """Tell whether a constraint keeps the next major out: `~> 5.0`, `>= 5, < 6`, `5.21.0`.

    `~> 5` alone allows every later one (https://developer.hashicorp.com/terraform/language/expressions/version-constraints).
    """
    return any(map(_is_bound, constraint.split(",")))


def _is_bound(term: str) -> bool:
    text = term.strip()
    if text.startswith("~>"):
        return "." in text
    return text.startswith(("<", "=", "v")) or text[:1].isdigit()


__all__ = ["is_bounded"]
