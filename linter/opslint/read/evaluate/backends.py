"""Where a root module keeps its state: the backend block and the files that `terraform init` merges into it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.node import Node
from opslint.model.source import Location
from opslint.model.terraform import Backend
from opslint.read import hcl
from opslint.read.environments import is_environment
from opslint.read.evaluate.bodies import Body
from opslint.read.evaluate.collect import header_location
from opslint.read.evaluate.form import Ground, HclForm
from opslint.read.evaluate.module import Declaration, Placed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opslint.model.terraform import RootModule
    from opslint.read.evaluate.loading import Loader
    from opslint.read.evaluate.module import Module
    from opslint.read.evaluate.scope import Scope

_TERRAGRUNT: Final = ("terragrunt.hcl", "root.hcl")
# Folders beside a root module that hold one settings file, or one folder with it, for each environment.
_FOLDERS: Final = ("backend", "backends", "env", "envs", "environment", "environments", "config", "configs", "tfvars")


def backend_of(module: Module, scope: Scope, root: RootModule, loader: Loader) -> Backend | None:
    """Return the backend that a module declares, None for local state; the last block wins, as an override does."""
    found: Declaration | None = None
    for declaration in module.settings:
        for block, source in declaration.blocks("backend", "cloud"):
            found = Declaration.of(block, source)
    if found is None:
        return _of_terragrunt(module, scope, root, loader)
    type_ = found.labels[0] if found.type == "backend" and found.labels else found.type
    files = () if type_ == "cloud" else tuple(_settings(module, scope, root, loader))
    return Backend(type_, _node(found.items, found.block, scope, root), header_location(found), files)


def _of_terragrunt(module: Module, scope: Scope, root: RootModule, loader: Loader) -> Backend | None:
    """Return what stands for a backend that Terragrunt writes when it runs; None when there is no Terragrunt."""
    for directory in (module.directory, *module.directory.parents):
        if not loader.is_inside(directory):
            return None
        for name in _TERRAGRUNT:
            source = loader.text(directory / name) if (directory / name).is_file() else None
            if source is not None:
                place = (source, 0, 0)
                body = Node(source, Body([], scope, None, place, Ground(place, root)), HclForm(source))
                return Backend("terragrunt", body, Location(source, source.span(0, 0)))
    return None


def _node(items: list[Placed], block: tuple[object, int, int], scope: Scope, root: RootModule) -> Node:
    source = items[0].source if items else scope.module.settings[0].source
    place = (source, block[1], block[2])
    return Node(source, Body(items, scope, None, place, Ground(place, root)), HclForm(source))


def _settings(module: Module, scope: Scope, root: RootModule, loader: Loader) -> Iterator[Node]:
    """Yield the settings files of the module's environment, all of them when it has none or none is named for it."""
    found = list(_files(module.directory))
    mine = [path for name, path in found if name == root.environment.name]
    for path in mine or [path for _, path in found]:
        source = loader.text(path)
        if source is not None:
            items = [Placed(item, source) for item in loader.parse(source) if item[0] == hcl.ATTR]
            yield _node(items, ("", 0, len(source.text)), scope, root)


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield the settings files in and under a directory, each with the environment it is named for."""
    for folder in (directory, *(directory / name for name in _FOLDERS)):
        for path in _list(folder):
            if path.is_dir() and folder != directory:
                yield from ((_environment(one, path.name), one) for one in _list(path) if _is_settings(one.name))
            elif _is_settings(path.name):
                yield _environment(path, ""), path


def _is_settings(name: str) -> bool:
    stem, _, ending = name.rpartition(".")
    return bool(stem) and (ending == "tfbackend" or (ending == "hcl" and stem.startswith("backend")))


def _environment(path: Path, folder: str) -> str:
    stem = re.sub(r"(\.s3)?\.(tfbackend|hcl)$", "", path.name).removeprefix("backend").strip("-_.")
    return next((name for name in (stem, folder) if name and is_environment(name)), "")


def _list(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []
