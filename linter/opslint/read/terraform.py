"""Terraform directories to root modules: which ones are roots, with which variables, and what they come to."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from opslint.model.project import Cluster, SourceFile
from opslint.model.records import dataclass, field
from opslint.model.terraform import RootModule
from opslint.read.discover import TerraformDirectory
from opslint.read.evaluate.backends import backend_of
from opslint.read.evaluate.collect import Collector
from opslint.read.evaluate.inputs import runs_of
from opslint.read.evaluate.limits import deep_recursion
from opslint.read.evaluate.loading import Loader
from opslint.read.evaluate.scope import Scope, Workspace
from opslint.read.hcl.pace import reading_pace
from opslint.read.ignore import Ignore
from opslint.read.modules import Modules, is_local, source_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opslint.model.report import Failure, Notice
    from opslint.model.settings import Settings
    from opslint.read.evaluate.inputs import Run
    from opslint.read.evaluate.module import Module
    from opslint.read.terraform_plan import Plan


@dataclass(slots=True)
class TerraformResult:
    """What was read. `unknown_arguments` is counted while rules read: see `count_unknown` for the whole number."""

    modules: list[RootModule] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    file_count: int = 0

    @property
    def unknown_arguments(self) -> int:
        """The number of unknown arguments met so far."""
        return sum(module.unknown_arguments for module in self.modules)


def read_terraform(
    directories: Sequence[TerraformDirectory],
    settings: Settings,
    root: Path,
    plans: Sequence[Plan] = (),
    terragrunt: Sequence[str] = (),
) -> TerraformResult:
    """Read and evaluate Terraform directories; what a plan tells of a root module stands for what its files tell.

    A directory that another one of them or a `terragrunt.hcl` calls is judged through its callers only. Each root
    module gives one `RootModule` for each environment. Never raises for what the files hold.
    """
    root = root.resolve()
    listed = {(root / entry.path).resolve(): entry.files for entry in directories}
    loader = Loader(root, listed, _excluded(root, settings), keep=not settings.no_cache)
    result = TerraformResult(failures=loader.failures, files=loader.files)
    with reading_pace(), deep_recursion():
        modules = {path: module for path in sorted(listed) if (module := loader.module(path)) is not None}
        given: set[Path] = set()
        if terragrunt:
            from opslint.read.terragrunt import read_units

            result.modules, given = read_units([root / path for path in terragrunt], loader)
        result.file_count = len(loader.files)
        built: list[tuple[Module, Run, RootModule]] = []
        for module in _roots(modules, loader):
            if module.directory in given:
                continue
            for run in runs_of(module, loader, settings, result.notices):
                built.append((module, run, _evaluate(module, run, loader)))
        result.modules += [root_module for _, _, root_module in built]
        if plans:
            from opslint.read.planned_modules import Built, apply_plans

            result.modules += apply_plans(plans, [Built(*one) for one in built], result.notices)
            result.files += [SourceFile(plan.source) for plan in plans]
    return result


def _excluded(root: Path, settings: Settings) -> Callable[[str], bool]:
    if not settings.exclude:
        return lambda _path: False
    try:
        return Ignore(root, settings.exclude).excluded
    except ValueError:
        return lambda _path: False  # the search for files says what is wrong with it


def _roots(modules: dict[Path, Module], loader: Loader) -> list[Module]:
    """Return the modules that no other one calls; of a ring of calls, the first by path."""
    calls = {path: _local_calls(module, loader) & modules.keys() for path, module in modules.items()}
    called = {target for path, targets in calls.items() for target in targets if target != path}
    roots = [path for path in modules if path not in called]
    reached = _reachable(roots, calls)
    for path, module in modules.items():
        if path not in reached:
            loader.fail(module.path or ".", 0, "the modules call one another in a ring", "terraform")
            roots.append(path)
            reached |= _reachable([path], calls)
    return [modules[path] for path in sorted(roots)]


def _local_calls(module: Module, loader: Loader) -> set[Path]:
    sources = (source_text(declaration) for declaration in module.calls.values())
    return {loader.real(Path(os.path.normpath(module.directory / source))) for source in sources if is_local(source)}


def _reachable(start: Sequence[Path], calls: dict[Path, set[Path]]) -> set[Path]:
    found: set[Path] = set()
    stack = list(start)
    while stack:
        path = stack.pop()
        if path not in found:
            found.add(path)
            stack.extend(calls.get(path, ()))
    return found


def _evaluate(module: Module, run: Run, loader: Loader) -> RootModule:
    lock = module.directory / ".terraform.lock.hcl"
    locked = loader.is_inside(lock) and lock.is_file()
    root = RootModule(module.path, run.environment, var_files=run.files, locked=locked)
    resolver = Modules(loader)
    scope = Scope(module, Workspace(loader.root, resolver.resolve, note=root.note), run.supplied)

    def is_full(message: str) -> None:
        loader.fail(module.path or ".", 0, message, "limit")

    Collector(root, resolver.virtual, is_full).collect(scope)
    root.backend = backend_of(module, scope, root, loader)
    return root


def count_unknown(modules: Sequence[RootModule]) -> int:
    """Evaluate every argument of every block, and return how many are unknown."""
    for module in modules:
        for block in module.blocks:
            for node in block.body.walk():
                _ = node.known
    return sum(module.unknown_arguments for module in modules)


def clusters(modules: Sequence[RootModule], settings: Settings) -> list[Cluster]:
    """Return the EKS clusters that modules declare, each with the name the configuration gives it, else its address.

    The same cluster reached twice (equal name, version and environment) counts once.
    """
    found: list[Cluster] = []
    seen: set[tuple[object, ...]] = set()
    for module in modules:
        for block in module.blocks:
            if block.mode != "resource" or block.type != "aws_eks_cluster":
                continue
            name, version = block["name"], block["version"]
            cluster = Cluster(_configured(block.address, module, settings), name, version, module.environment, block)
            known = name.known and version.known
            place = (block.header.source.path, block.header.span.line)
            key = (*place, name.text if known else block.address, version.text if known else "", module.environment)
            if key not in seen:
                seen.add(key)
                found.append(cluster)
    return _distinct(found)


def _configured(address: str, module: RootModule, settings: Settings) -> str:
    for entry in settings.clusters:
        wanted = entry.terraform
        if wanted.startswith(f"{module.path}:"):
            wanted = wanted.removeprefix(f"{module.path}:")
        elif wanted == module.path and wanted:
            wanted = address
        fits = bool(wanted) and (address == wanted or address.startswith((f"{wanted}.", f"{wanted}[")))
        environment = module.environment
        if fits and entry.environment in {"", environment.name, environment.stage}:
            return entry.name
        if fits and not environment.name:
            return entry.name
    return address


def _distinct(found: list[Cluster]) -> list[Cluster]:
    """Tell clusters of one address apart by their environment, else by their directory."""
    count = Counter(cluster.id for cluster in found)
    for cluster in found:
        if count[cluster.id] > 1 and cluster.block is not None and cluster.id == cluster.block.address:
            root = cluster.block.root
            cluster.id = f"{cluster.id}@{root.environment.name or root.path or '.'}"
    return found


__all__ = ["TerraformDirectory", "TerraformResult", "clusters", "count_unknown", "read_terraform"]
