"""The index of a rule pack: what its rules say of themselves, so that a run imports only those it has something for.

A pack may have an `index.json` beside its `__init__.py`; it holds a checksum of every module, and one that does not fit
the modules is not used. Importing a hundred and fifty rules costs more than linting a small file.
"""

from __future__ import annotations

import importlib
import json
import os
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from opslint.engine.options import Option
from opslint.engine.rule import Each, Rule
from opslint.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opslint.model.finding import Problems

NAME: Final = "index.json"
_PLAIN: Final = ("id", "area", "title", "preset", "applies_to", "fixable", "prod_only", "preview", "line")


class Deferred:
    """A rule's function that is imported when it is first called, or when its page is read."""

    __slots__ = ("_found", "_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name
        self._found: Rule | None = None

    def _rule(self) -> Rule:
        if self._found is None:
            self._found = getattr(importlib.import_module(self._module), self._name)
        return self._found

    @property
    def imported(self) -> Callable[..., Problems]:
        """The function itself; this one when its module does not import: then every call says why."""
        try:
            return self._rule().function
        except Exception:  # noqa: BLE001 - whatever a module does when it is imported
            return self

    def __call__(self, *arguments: Any, **options: Any) -> Problems:
        """Ask the rule."""
        return self._rule().function(*arguments, **options)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return self._rule().function.__doc__

    @property
    def __module__(self) -> str:  # type: ignore[override]
        return self._module

    @property
    def __name__(self) -> str:
        return self._name


def read_index(package: str, folder: str) -> tuple[Rule, ...] | None:
    """Return the rules of a pack without importing its modules; None when there is no index that fits them."""
    try:
        with open(f"{folder}/{NAME}", encoding="utf-8") as file:  # noqa: PTH123 - on every cold start
            index = json.load(file)
        if index["modules"] != checksums(folder):
            return None
        return tuple(_rule(entry, package, folder) for entry in index["rules"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def make_index(rules: Iterable[Rule], folder: str) -> str:
    """Return the text of a pack's index."""
    entries = [
        {name: getattr(rule, name) for name in _PLAIN}
        | {
            "severity": rule.severity.value,
            "each": _listed(rule.each),
            "options": [list(option) for option in rule.options],
            "aliases": rule.aliases,
            "related": rule.related,
            "tags": rule.tags,
            "path": os.path.relpath(rule.path, folder).replace(os.sep, "/"),
            "module": rule.function.__module__,
            "name": rule.function.__name__,
        }
        for rule in rules
    ]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    return f'{{"modules":{json.dumps(checksums(folder))},\n"rules":[\n{lines}\n]}}\n'


def checksums(folder: str) -> dict[str, int]:
    """Return the checksum of every Python module below a folder, by its relative path."""
    found: dict[str, int] = {}
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        for entry in os.scandir(folder + inner):
            path = f"{inner}/{entry.name}"
            if entry.name.endswith(".py"):
                with open(entry.path, "rb", buffering=0) as file:  # noqa: PTH123 - on every cold start
                    text = file.read()
                # Line ends may differ between checkouts of one text.
                found[path[1:]] = crc32(text.replace(b"\r\n", b"\n") if b"\r" in text else text)
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                waiting.append(path)
    return dict(sorted(found.items()))


def _listed(each: Each) -> list[Any]:
    return [*each[:-1], [_listed(part) for part in each.parts]]


def _each(listed: list[Any]) -> Each:
    what, names, system, part, groups, parts = listed
    return Each(what, tuple(names), system, part, tuple(groups), tuple(map(_each, parts)))


def _rule(entry: dict[str, Any], package: str, folder: str) -> Rule:
    if not entry["module"].startswith(package):
        raise ValueError(entry["module"])
    return Rule(
        **{name: entry[name] for name in _PLAIN},
        severity=Severity(entry["severity"]),
        each=_each(entry["each"]),
        function=Deferred(entry["module"], entry["name"]),
        options=tuple(Option(*option) for option in entry["options"]),
        aliases={peer: tuple(ids) for peer, ids in entry["aliases"].items()},
        related={peer: tuple(ids) for peer, ids in entry["related"].items()},
        tags=tuple(entry["tags"]),
        path=f"{folder}/{entry['path']}".replace("/", os.sep),
    )
