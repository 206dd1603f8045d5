"""Flux's variables: `${name}` in what a Kustomization applies, by its `postBuild`.

Source: the Flux documentation of Kustomization, "Post build variable substitution".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from opslint.model.kube import KubeObject
    from opslint.model.node import Form, Node
    from opslint.model.source import Location, Source, Span

SWITCH: Final = "kustomize.toolkit.fluxcd.io/substitute"
_VARIABLE: Final = regex(r"\$?\$\{(?P<name>[A-Za-z_]\w*)(?:(?P<sign>:?[=-])(?P<default>[^{}]*)|(?P<more>[^{}]*))\}")
_INTEGER: Final = regex(r"[-+]?(0|[1-9]\d*)")
_FLOAT: Final = regex(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}


class Variable(NamedTuple):
    """A variable, its value, and where that is written."""

    name: str
    value: str
    place: Location


class Substitution(NamedTuple):
    """What a Kustomization substitutes: its variables, the last of a name wins; `complete` when there are no others."""

    title: str
    variables: tuple[Variable, ...]
    complete: bool

    def find(self, name: str) -> Variable | None:
        """Return the variable of a name."""
        return next((one for one in reversed(self.variables) if one.name == name), None)


def substituted(item: KubeObject, substitution: Substitution) -> Node:
    """Return the object's document with its variables replaced; a value that is not in the files is unknown."""
    if "${" not in item.source.text or "disabled" in {item.labels.get(SWITCH), item.annotations.get(SWITCH)}:
        return item.root
    return item.root.through(lambda form: _Form(form, item.source, substitution))


class _Form:
    """A form of a document in which variables have their values."""

    def __init__(self, form: Form, document: Source, substitution: Substitution) -> None:
        self._form, self._document, self._substitution = form, document, substitution

    def open(self, raw: Any) -> object:
        value = self._form.open(raw)
        if not isinstance(value, str) or "${" not in value:
            return value
        filled = self._filled(value)
        return _resolved(filled) if isinstance(filled, str) and not self._is_quoted(raw) else filled

    def _filled(self, text: str) -> str | Unknown:
        parts: list[str | Unknown] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            parts.append(text[end : match.start()])
            end = match.end()
            if match[0].startswith("$$"):  # escaped
                parts.append(match[0][1:])
                continue
            found = self._substitution.find(match["name"])
            if match["more"]:
                parts.append(Unknown(f"{match[0]} of {self._substitution.title}"))
            elif found is not None and (found.value or not (match["sign"] or "").startswith(":")):
                parts.append(found.value)
            elif found is None and not self._substitution.complete:
                parts.append(Unknown(f"variable {match['name']} of {self._substitution.title}"))
            else:
                parts.append(match["default"] or "")
        parts.append(text[end:])
        causes = [part.why for part in parts if isinstance(part, Unknown)]
        if causes:
            return Unknown(", ".join(dict.fromkeys(causes)), tuple(parts))
        return "".join(part for part in parts if isinstance(part, str))

    def _is_quoted(self, raw: Any) -> bool:
        extent = self._form.extent(raw)
        source = self._form.source(raw) or self._document
        return source.line(extent.line)[extent.column - 1 : extent.column] in {'"', "'", "|", ">"}

    def extent(self, raw: Any) -> Span:
        return self._form.extent(raw)

    def key_span(self, raw: Any, key: str) -> Span | None:
        return self._form.key_span(raw, key)

    def source(self, raw: Any) -> Source | None:
        return self._form.source(raw)

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:
        value = self._form.open(raw)
        names = [match["name"] for match in _VARIABLE.finditer(value)] if isinstance(value, str) else []
        found = [one for name in dict.fromkeys(names) if (one := self._substitution.find(name)) is not None]
        return (*self._form.via(raw), *((f"variable {one.name}", one.place) for one in found))


def _resolved(text: str) -> object:
    """Return what a plain scalar of YAML means: the text is read once more after variables are replaced."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
