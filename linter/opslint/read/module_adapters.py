"""The tables of public modules: which resources they make of their inputs, by major version."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import opslint_schemas
from opslint.model.patterns import regex
from opslint.model.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TERM = regex(r"(=|!=|>=|<=|>|<|~>)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One module's table; `resources` is as in terraform_module.schema.json."""

    name: str
    majors: tuple[int, ...]
    inputs: Mapping[str, tuple[int, ...]]  # inputs that only some majors have
    outputs: Mapping[str, tuple[str, ...]]
    resources: tuple[Mapping[str, Any], ...]

    def decide(self, version: str, source: str, given: Iterable[str]) -> tuple[int, ...]:
        """Return the majors that a call may mean: by its constraint, then by the inputs it uses."""
        match = re.search(r"[?&]ref=v?(\d+)\b", source)
        found = (int(match[1]),) if match else self.majors
        if version:
            found = tuple(major for major in self.majors if allows(version, major))
            # A constraint that names no major of the table: the nearest one is the best that is known.
            found = found or _nearest(version, self.majors)
        elif match and int(match[1]) not in self.majors:
            found = _nearest(match[1], self.majors)
        names = set(given)
        fitting = tuple(
            major for major in found if all(major in self.inputs[name] for name in names if name in self.inputs)
        )
        return fitting or found


@cache
def allows(constraint: str, major: int) -> bool:
    """Return True when a version constraint allows any version of a major."""
    for term in constraint.split(","):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            continue
        operator, wanted = match[1] or "=", int(match[2])
        exact_start = not int(match[3] or 0) and not int(match[4] or 0)
        ok = {
            "=": major == wanted,
            "!=": True,
            ">=": major >= wanted,
            ">": major >= wanted,
            "<=": major <= wanted,
            "<": major < wanted if exact_start else major <= wanted,
            "~>": major == wanted if match[3] is not None else major >= wanted,
        }[operator]
        if not ok:
            return False
    return True


def _nearest(constraint: str, majors: tuple[int, ...]) -> tuple[int, ...]:
    match = re.search(r"\d+", constraint)
    if match is None:
        return majors
    return (min(majors, key=lambda major: abs(major - int(match[0]))),)


@cache
def major_range(text: str, majors: tuple[int, ...]) -> tuple[int, ...]:
    """Return the majors of `18`, `18-20`, `21-`, `-17`."""
    low, dash, high = text.partition("-")
    first = int(low) if low else majors[0]
    last = (int(high) if high else majors[-1]) if dash else first
    return tuple(major for major in majors if first <= major <= last)


_REGISTRY = regex(
    r"(?:registry\.terraform\.io/|registry\.opentofu\.org/|app\.terraform\.io/)?([\w-]+/[\w-]+/[\w-]+)((?://[\w./-]+)?)"
)
_GIT = regex(
    r"(?:git::)?(?:https://|ssh://git@|git@|http://)?github\.com[/:]([\w-]+)/(terraform-([\w]+)-([\w-]+?))(?:\.git)?((?://[\w./-]+)?)(?:\?.*)?"
)


@cache
def normal_source(source: str) -> str:
    """Return `namespace/name/provider//submodule` for a registry or GitHub source, "" for any other."""
    match = _REGISTRY.fullmatch(source)
    if match:
        return match[1] + match[2].rstrip("/")
    match = _GIT.fullmatch(source) if "github.com" in source else None
    if match:
        return f"{match[1]}/{match[4]}/{match[3]}{match[5].rstrip('/')}"
    return ""


def adapter_for(source: str) -> Adapter | None:
    """Return the table for a module source, None when there is none."""
    name = normal_source(source) if source else ""
    return _named(name) if name else None


FOLDER: Final = "terraform/modules"


@cache
def _named(name: str) -> Adapter | None:
    """Return the table that names a source. Only files that hold the name are parsed: most runs need one or two."""
    quoted = f'"{name}"'.encode("utf-8", "surrogatepass")
    for file, text in _texts().items():
        if quoted in text and name in _adapters(file):
            return _adapters(file)[name]
    return None


@cache
def _texts() -> dict[str, bytes]:
    folder = f"{opslint_schemas.__path__[0]}/{FOLDER}"
    files = sorted(name for name in os.listdir(folder) if name.endswith(".json"))  # noqa: PTH208 - names are wanted
    return {name.removesuffix(".json"): Path(f"{folder}/{name}").read_bytes() for name in files}


@cache
def _adapters(file: str) -> dict[str, Adapter]:
    """Return the tables of a file by each of their sources."""
    found: dict[str, Adapter] = {}
    for table in opslint_schemas.load(f"{FOLDER}/{file}")["modules"]:
        adapter = _adapter(table)
        found.update(dict.fromkeys(table["sources"], adapter))
    return found


def _adapter(table: Mapping[str, Any]) -> Adapter:
    first, _, last = str(table["majors"]).partition("-")
    majors = tuple(range(int(first), int(last or first) + 1))
    return Adapter(
        name=table["sources"][0],
        majors=majors,
        inputs={name: major_range(text, majors) for name, text in table.get("inputs", {}).items()},
        outputs={name: tuple(inputs) for name, inputs in table.get("outputs", {}).items()},
        resources=tuple(table["resources"]),
    )
