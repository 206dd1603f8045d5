"""Rule packs: ours and anyone's come in by the entry-point group `opslint.rules`."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Final

from opslint.engine.index import read_index
from opslint.engine.rule import Rule, RuleError
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

GROUP: Final = "opslint.rules"


class PackError(Exception):
    """A rule pack cannot be loaded, or there is none: never a run with zero rules."""


class Pack(NamedTuple):
    """The rules of one package, sorted by id."""

    name: str
    rules: tuple[Rule, ...]


def load_packs(rules_from: Sequence[str] = ()) -> list[Pack]:
    """Load every installed pack, and those the user names (a module, or a Python file).

    Raises:
        PackError: none is installed, one does not import, or two rules have one id.
    """
    packs = [_load(name, module) for name, module in sorted(_installed())]
    if not packs:
        raise PackError('no rule pack is installed (entry-point group "opslint.rules"): reinstall opslint')
    packs += [_load_named(name) for name in rules_from]
    owner: dict[str, str] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.id in owner:
                raise PackError(f"rule {rule.id} is in two packs: {owner[rule.id]} and {pack.name}")
            owner[rule.id] = pack.name
    return packs


def _installed() -> set[tuple[str, str]]:
    """Return (name, module) of the group's entry points.

    Read from the `entry_points.txt` that installers write (the format of the PyPA's entry points specification), since
    importing importlib.metadata costs as much as everything else a small run imports. Packages in archives are
    not seen.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - hundreds of names on a cold start
        except OSError:
            continue
        for name in sorted(names):
            if name.endswith((".dist-info", ".egg-info")):
                for entry, module in _entries(f"{folder}/{name}/entry_points.txt"):
                    found.setdefault(entry, module)
    return set(found.items())


def _entries(path: str) -> Iterator[tuple[str, str]]:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - hundreds of these on a cold start
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return
    if GROUP not in text:
        return
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif section == GROUP and "=" in line and not line.startswith(("#", ";")):
            name, _, module = line.partition("=")
            yield name.strip(), module.partition("[")[0].strip()


def _load(name: str, module: str) -> Pack:
    try:
        return collect(name, importlib.import_module(module))
    except RuleError as error:
        raise PackError(f"rule pack {name}: {error}") from error
    except Exception as error:
        raise PackError(f"rule pack {name} ({module}) does not load: {type(error).__name__}: {error}") from error


def _load_named(name: str) -> Pack:
    if not name.endswith(".py"):
        return _load(name, name)
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location(f"opslint_pack_{Path(name).stem}", name)
    if spec is None or spec.loader is None:
        raise PackError(f"{name} is not a Python file")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        return collect(name, module)
    except Exception as error:
        raise PackError(f"rule file {name} does not load: {type(error).__name__}: {error}") from error


def collect(name: str, package: ModuleType, *, indexed: bool = True) -> Pack:
    """Return the rules of a module, or of a package and all modules below it: by its index, if it has one that fits."""
    folders = list(getattr(package, "__path__", ()))
    rules = read_index(package.__name__, folders[0]) if indexed and len(folders) == 1 else None
    if rules is not None:
        return Pack(name, rules)
    import pkgutil

    modules = [package]
    for info in pkgutil.walk_packages(folders, package.__name__ + "."):
        modules.append(importlib.import_module(info.name))
    found = {
        value.id: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Rule) and value.function.__module__ == module.__name__
    }
    return Pack(name, tuple(found[id_] for id_ in sorted(found)))
