"""The order of reading, decided once: from paths to a Project.

Discovery, plain YAML, Terraform parsed and evaluated, clusters and a target for every unit, charts rendered under their
own target's capabilities.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.node import Undecided
from opslint.model.project import Project
from opslint.model.records import dataclass, field
from opslint.model.report import Coverage, Failure
from opslint.read.discover import discover, find_root, looks_like_manifest
from opslint.read.keep import Keep
from opslint.read.manifests import ManifestReader
from opslint.read.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from opslint.model.finding import Finding
    from opslint.model.project import Chart, Cluster, SourceFile, Unit
    from opslint.model.settings import Settings
    from opslint.model.terraform import RootModule
    from opslint.read.charts import ChartReader, ChartResult
    from opslint.read.declared import Declarations
    from opslint.read.discover import Discovery
    from opslint.read.helm.releases import Declared
    from opslint.read.terraform_plan import Plan

    Progress = Callable[[str, int, int], None]

_APPLYING: Final = ("kubernetes_", "kubectl_")  # what the resources of Terraform that are objects begin with
# Kinds whose objects may say what is deployed where.
DEPLOYING: Final = ("Application", "ApplicationSet", "HelmRelease", "Kustomization")


@dataclass(slots=True)
class Reading:
    """The Project, and what reading it had to say."""

    project: Project
    coverage: Coverage
    failures: list[Failure]
    files: int
    report_only: frozenset[str] | None = None

    def wants(self, finding: Finding) -> bool:
        """True when the finding, or a place that supplies its value, is in a file the user named."""
        if self.report_only is None:
            return True
        paths = {finding.location.source.path, *(place.source.path for _, place in finding.related)}
        return not paths.isdisjoint(self.report_only)


@dataclass(slots=True)
class _Parts:
    units: list[Unit] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    modules: list[RootModule] = field(default_factory=list)
    eksctl: list[RootModule] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)


def read_project(
    paths: Sequence[str],
    settings: Settings,
    stdin: str | None = None,
    progress: Progress | None = None,
    only_chart: str | None = None,
) -> Reading:
    """Read everything under the paths; with `only_chart` (a path relative to the root), render no other chart.

    Raises:
        TargetError: the target version that the user gave cannot be read.
    """
    root = Path(settings.root) if settings.root else find_root(paths)
    parts = _Parts()
    discovery = discover(paths or ["."], root, settings.exclude, settings.project)
    charts = discovery.charts
    if only_chart is not None:
        discovery.charts = [path for path in discovery.charts if path == only_chart]
    parts.failures += discovery.failures
    parts.coverage.notices += discovery.notices
    plans = _plans(discovery, root, parts)
    kustomized = _kustomizations(discovery, root, settings, parts, progress)
    manifests = ManifestReader(root, settings, discovery)
    for path, why in kustomized.items():
        manifests.leave_open(path, why)
    manifests.read(stdin, progress)
    parts.units += manifests.units
    parts.eksctl += manifests.eksctl
    parts.files += manifests.files
    parts.failures += manifests.failures
    parts.coverage.notices += manifests.notices
    parts.coverage.manifests_found += manifests.found
    parts.coverage.manifests_read += manifests.read_count
    if progress is not None and (discovery.terraform or discovery.terragrunt or plans):
        progress("reading Terraform", 0, 0)
    _terraform(discovery, root, settings, parts, plans)
    if parts.eksctl:
        from opslint.read.terraform import clusters as clusters_of

        parts.clusters += clusters_of(parts.eksctl, settings)
    # A cluster dump without objects was read; one that is none was not there.
    empty = not looks_like_manifest(stdin or "")
    if empty and not (
        parts.units or parts.modules or parts.eksctl or parts.failures or discovery.charts or discovery.report_only
    ):
        shown = ", ".join(paths) or "."
        message = f"no Helm chart, manifest or Terraform file under {shown}: its YAML files hold no Kubernetes object"
        if shown == "-":
            message = "standard input holds no Kubernetes object"
        parts.failures.append(Failure(shown, 0, message, "input"))
    declared, declarations = _declared(discovery, root, settings, parts)
    keep = Keep(settings)
    clusters = keep.clusters(parts.clusters)
    targets = Targets(settings, parts.clusters, clusters)
    parts.units = _kept(parts.units, targets, keep)
    parts.modules = keep.modules(parts.modules, parts.clusters)
    parts.eksctl = keep.modules(parts.eksctl, parts.clusters)
    parts.coverage.charts_found = len(discovery.charts)
    if discovery.charts and declarations is not None:
        from opslint.read.charts import ChartReader

        reader = ChartReader(root, settings, targets, _groups_of(parts.units), keep, charts=charts)
        _charts(discovery.charts, reader, (declared, declarations), parts, progress)
    if declarations is not None:
        parts.coverage.notices += declarations.notices
        known = {file.source.path for file in parts.files}
        parts.files += [file for file in declarations.files if file.source.path not in known]
    if settings.extra_podspecs:
        _find_pods(parts.units, settings)
    parts.clusters = clusters
    parts.files = [file for file in parts.files if keep.environment(file.environment)]
    parts.failures += keep.failures()
    parts.failures += _not_there(settings, root)
    parts.coverage.notices += targets.notices
    parts.coverage.notices = sorted(
        set(parts.coverage.notices), key=lambda notice: (notice.path, notice.line, notice.message)
    )
    project = Project(
        units=parts.units,
        charts=parts.charts,
        modules=parts.modules,
        eksctl=parts.eksctl,
        clusters=parts.clusters,
        files=parts.files,
        settings=settings,
        as_of=settings.as_of or date.today(),  # noqa: DTZ011 - support windows are dates, not moments
    )
    return Reading(project, parts.coverage, parts.failures, len(parts.files), discovery.report_only)


def _find_pods(units: Sequence[Unit], settings: Settings) -> None:
    """Tell the objects of the kinds that the configuration names where their pod spec is."""
    paths = {kind: tuple(path.split(".")) for kind, path in settings.extra_podspecs.items()}
    for unit in units:
        for item in unit.objects:
            path = paths.get(f"{item.group}/{item.kind}")
            if path is not None:
                item.keep_pods_at(path)


def _kustomizations(
    discovery: Discovery, root: Path, settings: Settings, parts: _Parts, progress: Progress | None
) -> dict[str, str]:
    """Build the kustomizations; return the files of those that are not built, each with the reason."""
    parts.coverage.kustomizations_found = len(discovery.kustomizations)
    if not discovery.kustomizations:
        return {}
    from opslint.read.kustomize import build_kustomizations

    result = build_kustomizations(root, discovery.kustomizations, settings, progress)
    parts.units += result.units
    parts.files += result.files
    parts.coverage.notices += result.notices
    parts.coverage.kustomizations_built = result.built
    # What stands in a built unit is not read a second time as it was before the build.
    consumed = result.consumed & set(discovery.manifests)
    discovery.manifests = [path for path in discovery.manifests if path not in consumed]
    parts.coverage.manifests_found += len(consumed)
    parts.coverage.manifests_read += len(consumed)
    return result.plain


def _not_there(settings: Settings, root: Path) -> list[Failure]:
    """Return a failure for each chart and module of the configuration that does not exist: it would not be judged."""
    charts = [
        (path, "no chart: there is no Chart.yaml") for path in settings.charts if not _has(root, path, "Chart.yaml")
    ]
    modules = [(path, "no folder") for path in settings.terraform if not _has(root, path)]
    return [
        Failure(path or ".", 0, f"the configuration names it, but it is {why}", "input")
        for path, why in charts + modules
    ]


def _has(root: Path, *parts: str) -> bool:
    return os.path.exists(root.joinpath(*parts))  # noqa: PTH110 - never raises


def _plans(discovery: Discovery, root: Path, parts: _Parts) -> list[Plan]:
    """Take the plans of Terraform out of what may be manifests."""
    if not any(path.endswith(".json") for path in discovery.manifests):
        return []
    from opslint.read.terraform_plan import find_plans

    found = find_plans(root, discovery.manifests, discovery.named)
    discovery.manifests = [path for path in discovery.manifests if path not in found.taken]
    parts.failures += found.failures
    return found.plans


def _terraform(discovery: Discovery, root: Path, settings: Settings, parts: _Parts, plans: Sequence[Plan] = ()) -> None:
    if not discovery.terraform and not discovery.terragrunt and not plans:
        return
    from opslint.read.terraform import clusters, read_terraform

    result = read_terraform(discovery.terraform, settings, root, plans, discovery.terragrunt)
    named = {plan.path for plan in plans} & discovery.named
    if discovery.report_only is not None and named:
        # Who names a plan asks for the root module that it is of.
        discovery.report_only |= {
            block.header.source.path for module in result.modules if module.plan in named for block in module.blocks
        }
    parts.modules += result.modules
    parts.files += result.files
    parts.failures += result.failures
    parts.coverage.notices += result.notices
    parts.coverage.terraform_files = result.file_count
    parts.coverage.modules = len({call.address for module in result.modules for call in module.calls}) + len(
        {module.path for module in result.modules}
    )
    opaque = {(call.header.source.path, call.header.span.line) for module in result.modules for call in module.opaque}
    parts.coverage.opaque_modules = len(opaque)
    parts.clusters += clusters(result.modules, settings)
    _objects_in_terraform(settings, parts)


def _objects_in_terraform(settings: Settings, parts: _Parts) -> None:
    """Take in the Kubernetes objects that Terraform applies; a file that it applies is no manifest beside it."""
    if not any(block.type.startswith(_APPLYING) for module in parts.modules for block in module.blocks):
        parts.units = _filled(parts.units)
        return
    from opslint.read.terraform_objects import drop_copies, find_objects

    found = find_objects(parts.modules, parts.clusters, settings)
    for unit in parts.units:
        if unit.kind == "manifests":
            unit.objects = [item for item in unit.objects if item.source.path not in found.consumed]
    parts.units = _filled(parts.units)
    parts.units += drop_copies(found.units, parts.units)
    parts.failures += found.failures
    parts.coverage.notices += found.notices


def _filled(units: Iterable[Unit]) -> list[Unit]:
    """Return the units without folders of manifests that hold no object."""
    return [unit for unit in units if unit.objects or unit.kind != "manifests"]


def _charts(
    charts: Sequence[str],
    reader: ChartReader,
    known: tuple[dict[str, list[Declared]], Declarations],
    parts: _Parts,
    progress: Progress | None,
) -> None:
    declared, declarations = known
    try:
        results = reader.read_all(charts, declared, progress)
        _second_round(reader, results, declared, declarations, parts)
    finally:
        reader.close()
    for result in results.values():
        parts.units += result.units
        parts.files += result.files
        parts.failures += result.failures
        parts.coverage.notices += result.notices
        if result.chart is not None:
            parts.charts.append(result.chart)
    parts.coverage.charts_rendered = sum(chart.rendered for chart in parts.charts)
    parts.coverage.branches_unrendered = sum(len(chart.unrendered) for chart in parts.charts)


def _declared(
    discovery: Discovery, root: Path, settings: Settings, parts: _Parts
) -> tuple[dict[str, list[Declared]], Declarations | None]:
    """Return the releases that plain files and Terraform declare, by the path of their chart.

    Paths without a chart that an Application or a Kustomization deploys become units of their own.
    """
    releases: dict[str, list[Declared]] = {}
    declarations = None
    if discovery.charts or any(unit.of_kind(*DEPLOYING) for unit in parts.units):
        from opslint.read.declared import Declarations

        declarations = Declarations(root, settings, discovery.charts, parts.units)
        releases = declarations.of_files()
        parts.units = declarations.units
    if parts.modules and discovery.charts:
        from opslint.read.terraform_releases import find_terraform_releases

        for path, found in find_terraform_releases(parts.modules, discovery.charts, root, parts.clusters).items():
            releases.setdefault(path, []).extend(found)
    return releases, declarations


def _kept(units: Sequence[Unit], targets: Targets, keep: Keep) -> list[Unit]:
    """Give each unit its targets and its cluster, and return those that the run is about."""
    for unit in units:
        unit.targets, unit.cluster = targets.of(unit.id, unit.environment, unit.goes_to)
    return [unit for unit in units if keep.unit(unit)]


def _second_round(
    reader: ChartReader,
    results: dict[str, ChartResult],
    declared: dict[str, list[Declared]],
    declarations: Declarations,
    parts: _Parts,
) -> None:
    """Render once more the charts whose releases are declared by what other charts rendered; then it ends."""
    rendered = [unit for result in results.values() for unit in result.units]
    before = declarations.units
    for path, releases in declarations.of_rendered(rendered).items():
        if not results[path].configured:
            results[path] = reader.read(path, (*declared.get(path, ()), *releases))
    if declarations.units is not before:
        parts.units = _kept(declarations.units, reader.targets, reader.keep)


def _groups_of(units: Sequence[Unit]) -> frozenset[str]:
    """The API groups of the custom resource definitions in plain files: charts ask for them by `.Capabilities`."""
    found: set[str] = set()
    for unit in units:
        for item in unit.of_kind("CustomResourceDefinition"):
            with suppress(Undecided):
                group, kind = item.spec["group"].text, item.spec["names"]["kind"].text
                for version in item.spec["versions"]:
                    found.add(f"{group}/{version['name'].text}")
                    found.add(f"{group}/{version['name'].text}/{kind}")
    return frozenset(found)


__all__ = ["Reading", "read_project"]
