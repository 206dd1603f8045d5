"""Regular expressions that are compiled when first used: compiling a hundred would be a quarter of a cold start."""

from __future__ import annotations

import re
from typing import Any, cast


class _Lazy:
    """Stands for a compiled pattern; its methods are looked up once each."""

    def __init__(self, text: str, flags: int) -> None:
        self._made = text, flags

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__[name] = getattr(re.compile(*self._made), name)  # `re` keeps what it compiled
        return found


def has_placeholder(text: str) -> bool:
    """True for a text that is filled in before it is applied: `${NAME}`, `$NAME`, `<name>`, letters for an account.

    Flux, envsubst, sed and people do so; what it will be is not in the file.
    """
    return _PLACEHOLDER.search(text) is not None


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern as `re.compile` does; a wrong one raises `re.error` when it is first used."""
    return cast("re.Pattern[str]", _Lazy(text, flags))


_PLACEHOLDER = regex(r"\$\{|\$\(|\$[A-Za-z_]|\{\{|<[A-Za-z][\w .-]*>|%[A-Z_]+%|\b[xX]{12}\b|::[A-Z][A-Z_]*:")
