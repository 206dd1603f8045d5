"""The variables of a root module: which files and options give them values, one set for each environment."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.project import Environment
from opslint.model.records import dataclass
from opslint.model.report import Notice
from opslint.read import hcl
from opslint.read.environments import environment_of_directory, environment_of_file, stage_of
from opslint.read.evaluate.scope import Origin, Supply
from opslint.read.evaluate.types import literal
from opslint.read.evaluate.values import EvalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opslint.model.settings import Settings
    from opslint.read.evaluate.loading import Loader
    from opslint.read.evaluate.module import Declaration, Module

# Folders beside a root module that hold one variables file, or one folder, for each environment.
_FOLDERS: Final = ("env", "envs", "environment", "environments", "tfvars", "vars", "var-files", "config", "configs")
_NAMES: Final = ("environment", "env", "environment_name", "env_name", "stage")
_SUFFIXES: Final = (".tfvars", ".tfvars.json")


@dataclass(frozen=True, slots=True)
class Run:
    """One set of variables of a root module."""

    environment: Environment
    supplied: Mapping[str, Supply]
    files: tuple[str, ...] = ()  # of variables, beside those that Terraform reads by itself


def runs_of(module: Module, loader: Loader, settings: Settings, notices: list[Notice]) -> Iterator[Run]:
    """Yield the runs of a root module: the configured ones, else one for each environment's file, else one."""
    common = _automatic(module, loader)
    last = _options(module, loader, settings, notices)
    configured = settings.terraform.get(module.path) or settings.terraform.get(module.path or ".")
    if configured:
        for entry in configured:
            supplied = dict(common)
            for name in entry.var_files:
                supplied |= _file(_found(name, module, loader), module, loader, notices, name)
            environment = Environment(entry.name, stage_of(entry.name), "configuration")
            yield Run(environment, {**supplied, **last}, (*entry.var_files, *settings.tf_var_files))
        return
    found = [] if settings.tf_var_files else _environment_files(module, loader)
    for name, paths in found:
        supplied = dict(common)
        for path in paths:
            supplied |= _file(path, module, loader, notices, str(path))
        sign = loader.relative(paths[0])
        files = tuple(loader.relative(path) for path in paths)
        yield Run(Environment(name, stage_of(name), sign), {**supplied, **last}, files)
    if not found:
        supplied = {**common, **last}
        yield Run(_environment(module, supplied), supplied, tuple(settings.tf_var_files))


def _automatic(module: Module, loader: Loader) -> dict[str, Supply]:
    """Return what Terraform reads by itself: terraform.tfvars, then *.auto.tfvars in the order of their names."""
    names = loader.names(module.directory)
    found: list[str] = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    found += [name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json"))]
    supplied: dict[str, Supply] = {}
    for name in found:
        supplied |= _file(module.directory / name, module, loader, [], name)
    return supplied


def _options(module: Module, loader: Loader, settings: Settings, notices: list[Notice]) -> dict[str, Supply]:
    supplied: dict[str, Supply] = {}
    if settings.tf_env:
        for name, text in sorted(os.environ.items()):
            if name.startswith("TF_VAR_"):
                supplied |= _text(module, name.removeprefix("TF_VAR_"), text, name)
    for file_name in settings.tf_var_files:
        supplied |= _file(_found(file_name, module, loader), module, loader, notices, file_name)
    for entry in settings.tf_vars:
        name, _, text = entry.partition("=")
        supplied |= _text(module, name.strip(), text, f"--tf-var {name.strip()}")
    return supplied


def _found(name: str, module: Module, loader: Loader) -> Path:
    """A variables file is named from the module's directory, else from the root of the run."""
    near = Path(os.path.normpath(module.directory / name))
    return near if near.is_file() else Path(os.path.normpath(loader.root / name))


def _file(path: Path, module: Module, loader: Loader, notices: list[Notice], name: str) -> dict[str, Supply]:
    if not path.is_file() or not loader.is_inside(path):
        notices.append(Notice(module.path or ".", 0, f"the variables file {name} was not found inside the root"))
        return {}
    read = loader.variables(path)
    if read is None:
        return {}
    source, values = read
    label = f"set in {PurePosixPath(os.path.relpath(path, module.directory)).as_posix()}"
    return {
        variable: Supply(label, Origin(node, source, None))
        for variable, node in values.items()
        if variable in module.variables
    }


def _text(module: Module, name: str, text: str, label: str) -> dict[str, Supply]:
    """A value of the command line: a text for a variable of primitive or no type, an expression for every other."""
    declaration = module.variables.get(name)
    if declaration is None:
        return {}
    value: Any = text
    if not _is_primitive(declaration):
        try:
            value = literal(hcl.parse_expression(text))
        except (hcl.HclError, EvalError):
            value = Unknown(f"the value of {label}")
    block = declaration.block
    node = (hcl.LIT, block[1], block[5], value)
    return {name: Supply(label, Origin(node, declaration.source, None))}


def _is_primitive(declaration: Declaration) -> bool:
    constraint = declaration.attributes.get("type")
    if constraint is None or constraint.node[0] == hcl.STR:
        return True
    return constraint.node[0] == hcl.REF and constraint.node[3][0] in {"string", "number", "bool"}


def _environment_files(module: Module, loader: Loader) -> list[tuple[str, list[Path]]]:
    """Return the environments that have variables files in or under a directory, each with its files."""
    found: dict[str, list[Path]] = {}
    here = module.directory
    for name in loader.names(here):
        if name.endswith(_SUFFIXES) and ".auto." not in name:
            _note(found, environment_of_file(name), here / name)
    for folder in _FOLDERS:
        for name in loader.names(here / folder):
            path = here / folder / name
            if name.endswith(_SUFFIXES):
                _note(found, environment_of_file(name), path)
            elif path.is_dir():
                for file_name in loader.names(path):
                    if file_name.endswith(_SUFFIXES):
                        _note(found, environment_of_file(f"{name}/terraform.tfvars"), path / file_name)
    return sorted(found.items())


def _note(found: dict[str, list[Path]], environment: str, path: Path) -> None:
    if environment:
        found.setdefault(environment, []).append(path)


def _environment(module: Module, supplied: Mapping[str, Supply]) -> Environment:
    """Return the environment of a single run: what its variables say, else its directory."""
    for name in _NAMES:
        declaration = module.variables.get(name)
        if declaration is None:
            continue
        supply = supplied.get(name)
        default = declaration.attributes.get("default")
        origin = supply.origin if supply else Origin(default.node, default.source, None) if default else None
        if origin is None:
            continue
        try:
            value = origin.value()
        except EvalError:
            continue
        if isinstance(value, str) and stage_of(value) != "unknown":
            return Environment(value, stage_of(value), f"var.{name}")
    return environment_of_directory(module.path)
