"""Calls of helper templates: which are plain output, and what they hand over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opslint.read.helm.scope import Meaning, Scope

_STRING: Final = regex(r"\"(?:[^\"\\]|\\.)*+\"|`[^`]*`|'(?:[^'\\]|\\.)*+'", re.DOTALL)
_CALL: Final = regex(r"(?<![\w.$])(?:include|template|define)\s+(?:\"([^\"]*)\"|`([^`]*)`)")
_PAREN: Final = regex(r"\([^()]*\)")
_ARGUMENT: Final = r"[^\s()|]+"
# After strings became S and parentheses P: `include S ctx | nindent 4 | trim`, `template S ctx`.
_PLAIN: Final = regex(
    rf"\s*(?:include|template)\s+S(?:\s+{_ARGUMENT})?(?:\s*\|\s*(?:n?indent|trim)\b(?:\s+{_ARGUMENT})?)*\s*"
)
_INDENTED: Final = regex(r"\s*n?indent\s+\S+\s+\((.*)\)\s*", re.DOTALL)
_DICT: Final = regex(r"\s*\(\s*(?:dict|list)\b")

Context: TypeAlias = "Meaning | Mapping[str, Meaning]"


class Calls(NamedTuple):
    """The helpers an action calls by a literal name; `plain` is the one whose text reaches the output as it is."""

    names: tuple[str, ...] = ()
    plain: str = ""


_NONE: Final = Calls()


def calls_of(body: str) -> Calls:
    """Return the helper calls of an action."""
    if "include" not in body and "template" not in body:
        return _NONE
    names = tuple(double or back for double, back in _CALL.findall(body))
    return Calls(names, _plain(body)) if names else _NONE


def _plain(body: str) -> str:
    inner = _INDENTED.fullmatch(body) if "(" in body else None
    if inner is not None:
        body = inner[1]
    text = _STRING.sub("S", body)
    while (shorter := _PAREN.sub("P", text)) != text:
        text = shorter
    if not _PLAIN.fullmatch(text):
        return ""
    match = _CALL.search(body)
    # The name must not be called a second time inside the argument.
    return (match[1] or match[2] or "") if match else ""


def end_of_name(body: str) -> int:
    """Return the offset behind the first literal helper name of an action, its closing quote included."""
    match = _CALL.search(body)
    return match.end() if match else len(body)


def context_of(body: str, scope: Scope) -> Context:
    """Return what the first helper call of an action hands over: a value, the top object, or a dict of them."""
    match = _CALL.search(body)
    if match is None:
        return None
    rest = body[match.end() :]
    if _DICT.match(rest):
        return _dict(rest, scope)
    argument = re.match(r"\s*(\([^()|]*\)|[^\s|()]+)", rest)
    return scope.only(argument[1]) if argument else None


def _dict(text: str, scope: Scope) -> Mapping[str, Meaning]:
    """Read the literal keys of `(dict "a" .Values.x "b" (…))`."""
    start = text.index("(")
    depth, i, words, word = 0, start, [], start
    inside = dict(match.span() for match in _STRING.finditer(text))
    while i < len(text):
        if i in inside:
            i = inside[i]
            continue
        char = text[i]
        depth += (char == "(") - (char == ")")
        if (depth == 1 and char.isspace()) or depth == 0:
            words.append(text[word:i])
            word = i + 1
        if depth == 0:
            break
        i += 1
    words = [item for item in (w.strip() for w in words) if item][1:]
    pairs = zip(words[0::2], words[1::2], strict=False)
    return {key.strip('"`'): scope.only(value) for key, value in pairs if key[0] in '"`'}
