"""Regular expressions that are compiled when first used: compiling a hundred would be a quarter of a cold start."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase  # noqa: TID251 - for the rest
from typing import Any, cast


class _Lazy:
    """Stands for a compiled pattern; its methods are looked up once each."""

    def __init__(self, text: str, flags: int) -> None:
        self._made = text, flags

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__[name] = getattr(re.compile(*self._made), name)  # `re` keeps what it compiled
        return found


def glob_matches(text: str, glob: str) -> bool:
    """True when a text fits a shell pattern as `fnmatchcase` means it: `*` takes a `/` too.

    Most patterns are a plain name, or one with a `*` in front or behind: no regular expression is compiled for these.
    """
    inner = glob.strip("*")
    if "*" in inner or "?" in inner or "[" in inner:
        return fnmatchcase(text, glob)
    if inner == glob:
        return text == glob
    if glob[0] != "*":
        return text.startswith(inner)
    return inner in text if glob[-1] == "*" else text.endswith(inner)


def has_placeholder(text: str) -> bool:
    """True for a text that is filled in before it is applied: `${NAME}`, `$NAME`, `<name>`, letters for an account.

    Flux, envsubst, sed and people do so; what it will be is not in the file.
    """
    # Few texts hold any of this: for most the pattern is neither made nor tried.
    marked = any(map(text.__contains__, ("$", "{{", "<", "%", "::"))) or "xxx" in text.lower()
    return marked and _PLACEHOLDER.search(text) is not None


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern as `re.compile` does; a wrong one raises `re.error` when it is first used."""
    return cast("re.Pattern[str]", _Lazy(text, flags))


_PLACEHOLDER = regex(r"\$\{|\$\(|\$[A-Za-z_]|\{\{|<[A-Za-z][\w .-]*>|%[A-Z_]+%|\b[xX]{12}\b|::[A-Z][A-Z_]*:")
