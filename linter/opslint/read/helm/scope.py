"""Which values an action reads: paths under `.Values`, followed through `with`, `range` and variables."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from opslint.model.patterns import regex
from opslint.model.records import dataclass
from opslint.read.helm.values import ITEM, Path

# What `.` or a variable stands for: a path under .Values, or one relative to a helper's argument, or not known.
ROOT: Final = "root"


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that an action reads. `relative` paths start at the argument of the helper the action stands in."""

    path: Path
    relative: bool = False


Meaning: TypeAlias = Ref | str | None  # ROOT: the chart's top object; None: not known

_STRING: Final = regex(r"\"(?:[^\"\\]|\\.)*+\"|`[^`]*`|'(?:[^'\\]|\\.)*+'", re.DOTALL)
_WRAPPED: Final = regex(r"\(\s*(\$?[\w.]+)\s*\)(?=\.)")
_KEYS: Final = r"((?:\s+(?:\"[^\"]*\"|`[^`]*`|\d+))+)"
# `index .Values "a"`, or `(index .Values "a").b`: what follows the parenthesis belongs to it.
_MAY_INDEX: Final = regex(r"\b(?:index|get)\s")  # small, where few actions index
_INDEX: Final = regex(rf"\(\s*(?:index|get)\s+(\$?[\w.]+){_KEYS}\s*\)((?:\.\w+)+)|\b(?:index|get)\s+(\$?[\w.]+){_KEYS}")
# `dig "a" "b" default map`: the default may be the last of the strings.
_DIG: Final = regex(
    r"\bdig((?:\s+(?:\"[^\"]*\"|`[^`]*`))+)(?:\s+(\([^()]*\)|[^\s()\"`|]+))?\s+(\$?[\w.]*\.[\w.]+)(?=\s*(?:[)|]|$))"
)
# The same with the map from the left: `map | dig "a" "b" default`.
_PIPED: Final = regex(
    r"(\$?[\w.]*\.[\w.]+)\s*\|\s*dig((?:\s+(?:\"[^\"]*\"|`[^`]*`))+)(?:\s+(\([^()]*\)|[^\s()\"`|]+))?(?=\s*(?:[)|]|$))"
)
_KEY: Final = regex(r"\"([^\"]*)\"|`([^`]*)`|(\d+)")
_CHAIN: Final = regex(r"(?<![\w.)$])(\$\w*)?((?:\.\w+)+)|(?<![\w.])(\$\w*)(?![\w.])|(?<![\w.)\]$])(\.)(?![\w.])")
_WORD: Final = regex(r"(?<![\w.$])[A-Za-z_]\w*")
_FILTERS: Final = frozenset(
    (
        *("toYaml", "toYamlPretty", "quote", "squote", "toString", "int", "int64", "trim", "nindent", "indent"),
        *("default", "required", "tpl", "ternary", "typeIs", "kindIs"),
    )
)
_VARIABLES: Final = regex(r"\s*(?:(?:else\s+)?(?:if|with|range)\s+)?(\$\w*)\s*(?:,\s*(\$\w+)\s*)?:?=")


@dataclass(frozen=True, slots=True)
class Scope:
    """What `.` and the variables mean at a place of a template."""

    dot: Meaning = ROOT
    names: tuple[tuple[str, Meaning], ...] = (("$", ROOT),)

    def name(self, variable: str) -> Meaning:
        """Return what a variable means."""
        return next((meaning for name, meaning in reversed(self.names) if name == variable), None)

    def bind(self, variable: str, meaning: Meaning) -> Scope:
        """Return the scope with a variable set."""
        return Scope(self.dot, (*(item for item in self.names if item[0] != variable), (variable, meaning)))

    def chain(self, variable: str, fields: str) -> Meaning:
        """Return what `$x.a.b` (or `.a.b`, with variable "") means."""
        keys: Path = tuple(fields.split(".")[1:]) if fields else ()
        if "Values" in keys:
            return Ref(keys[keys.index("Values") + 1 :])
        start = self.name(variable) if variable else self.dot
        if isinstance(start, Ref):
            return Ref((*start.path, *keys), start.relative)
        return start if not keys else None

    def refs(self, body: str) -> list[Ref]:
        """Return the values an action reads, in order, each once."""
        found: list[Ref] = []
        text = body
        while ")." in text and (shorter := _WRAPPED.sub(r"\1", text)) != text:
            text = shorter

        def index(match: re.Match[str]) -> str:
            base, given = match[1] or match[4], match[2] or match[5]
            rest = tuple((match[3] or "").split(".")[1:])
            cut = base.find(".")
            variable, fields = (base, "") if cut < 0 else (base[:cut], base[cut:])
            meaning = self.chain(variable, "" if fields == "." else fields)
            keys = tuple(int(c) if c else a or b for a, b, c in _KEY.findall(given))
            if isinstance(meaning, Ref):
                found.append(Ref((*meaning.path, *keys, *rest), meaning.relative))
            elif base.endswith("Values"):
                found.append(Ref((*keys, *rest)))
            return " "

        def dig(base: str, given: str, default: str | None) -> str:
            keys = tuple(a or b for a, b, _ in _KEY.findall(given))
            variable, dot, fields = base.partition(".")
            meaning = self.chain(variable, dot + fields)
            if isinstance(meaning, Ref):
                found.append(Ref((*meaning.path, *(keys if default else keys[:-1])), meaning.relative))
            return " "

        if "dig" in text:
            text = _DIG.sub(lambda match: dig(match[3], match[1], match[2]), text)
            text = _PIPED.sub(lambda match: dig(match[1], match[2], match[3]), text)
        if _MAY_INDEX.search(text):
            text = _INDEX.sub(index, text)
        text = _STRING.sub('""', text)
        for variable, fields, alone, dot in _CHAIN.findall(text):
            meaning = self.chain(variable or alone, fields) if not dot else self.dot
            if isinstance(meaning, Ref) and (meaning.path or meaning.relative):
                found.append(meaning)
        return list(dict.fromkeys(found))

    def only(self, body: str) -> Meaning:
        """Return what a pipeline stands for when it reads one thing: a value, or the top object itself."""
        refs = self.refs(body)
        if len(refs) == 1:
            return refs[0]
        return ROOT if not refs and re.fullmatch(r"\s*(\$|\.)\s*", body) and self._top(body.strip()) else None

    def _top(self, text: str) -> bool:
        return (self.name("$") if text == "$" else self.dot) == ROOT

    def whole(self, body: str) -> list[Ref]:
        """Return what an action prints as it is (quoted, defaulted, as YAML …), nothing for any other action.

        More than one when `tpl` or `default` read another: the caller knows which of them are values.
        """
        text = _PIPED.sub(" ", _DIG.sub(" ", body)) if "dig" in body else body
        text = _INDEX.sub(" ", text) if _MAY_INDEX.search(text) else text
        words = _WORD.findall(_STRING.sub("", text))
        return self.refs(body) if all(word in _FILTERS or word in {"true", "false", "nil"} for word in words) else []

    def enter(self, word: str, body: str) -> Scope:
        """Return the scope inside an `if`, `with` or `range` block (or an `else if`/`else with` branch)."""
        variables = _VARIABLES.match(body)
        pipeline = body[variables.end() :] if variables else re.sub(r"^\s*(else\s+)?(if|with|range)\b", "", body)
        meaning = self.only(pipeline)
        if word == "range":
            meaning = Ref((*meaning.path, ITEM), meaning.relative) if isinstance(meaning, Ref) else None
        scope = self if word == "if" else Scope(meaning, self.names)
        if variables is None:
            return scope
        first, second = variables.groups()
        return scope.bind(first, None).bind(second, meaning) if second else scope.bind(first, meaning)

    def assign(self, body: str) -> Scope:
        """Return the scope after `$x := …`."""
        variables = _VARIABLES.match(body)
        if variables is None:
            return self
        pipeline = body[variables.end() :]
        words = set(_WORD.findall(_STRING.sub("", pipeline)))
        return self.bind(variables[1], self.only(pipeline) if words <= _FILTERS else None)
