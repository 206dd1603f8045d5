"""The order of reading, decided once: from paths to a Project.

Discovery, plain YAML, Terraform parsed and evaluated, clusters and a target for every unit, charts rendered under their
own target's capabilities.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from opslint.model.project import Project
from opslint.model.report import Coverage, Failure, Notice
from opslint.read.discover import discover, find_root
from opslint.read.manifests import ManifestReader
from opslint.read.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opslint.model.finding import Finding
    from opslint.model.project import Chart, Cluster, SourceFile, Unit
    from opslint.model.settings import Settings
    from opslint.model.terraform import RootModule
    from opslint.read.discover import Discovery

    Progress = Callable[[str, int, int], None]


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
    clusters: list[Cluster] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)


def read_project(
    paths: Sequence[str], settings: Settings, stdin: str | None = None, progress: Progress | None = None
) -> Reading:
    """Read everything under the paths.

    Raises:
        TargetError: the target version that the user gave cannot be read.
    """
    root = Path(settings.root) if settings.root else find_root(paths)
    parts = _Parts()
    discovery = discover(paths or ["."], root, settings.exclude)
    parts.failures += discovery.failures
    parts.coverage.notices += discovery.notices
    manifests = ManifestReader(root, settings, discovery)
    manifests.read(stdin, progress)
    parts.units += manifests.units
    parts.files += manifests.files
    parts.failures += manifests.failures
    parts.coverage.notices += manifests.notices
    parts.coverage.manifests_found, parts.coverage.manifests_read = manifests.found, manifests.read_count
    _kustomizations(discovery, parts)
    _terraform(discovery, root, settings, parts)
    targets = Targets(settings, parts.clusters)
    for unit in parts.units:
        unit.targets, unit.cluster = targets.of(unit.id, unit.environment)
    _charts(discovery, root, settings, targets, parts, progress)
    parts.coverage.notices += targets.notices
    parts.coverage.notices = sorted(
        set(parts.coverage.notices), key=lambda notice: (notice.path, notice.line, notice.message)
    )
    project = Project(
        units=parts.units,
        charts=parts.charts,
        modules=parts.modules,
        clusters=parts.clusters,
        files=parts.files,
        settings=settings,
        as_of=settings.as_of or date.today(),  # noqa: DTZ011 - support windows are dates, not moments
    )
    return Reading(project, parts.coverage, parts.failures, len(parts.files), discovery.report_only)


def _kustomizations(discovery: Discovery, parts: _Parts) -> None:
    parts.coverage.kustomizations_found = len(discovery.kustomizations)
    parts.coverage.notices += [
        Notice(path, 0, "the kustomization is not built: its resources are read as plain files")
        for path in discovery.kustomizations
    ]


def _terraform(discovery: Discovery, root: Path, settings: Settings, parts: _Parts) -> None:
    if not discovery.terraform:
        return
    from opslint.read.terraform import clusters, read_terraform

    result = read_terraform(discovery.terraform, settings, root)
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


def _charts(
    discovery: Discovery,
    root: Path,
    settings: Settings,
    targets: Targets,
    parts: _Parts,
    progress: Progress | None,
) -> None:
    parts.coverage.charts_found = len(discovery.charts)
    if not discovery.charts:
        return
    from opslint.read.charts import ChartReader

    reader = ChartReader(root, settings, targets, _groups_of(parts.units))
    try:
        for number, path in enumerate(discovery.charts):
            if progress is not None:
                progress("rendering charts", number, len(discovery.charts))
            reader.read(path)
    finally:
        reader.close()
    parts.units += reader.units
    parts.charts += reader.charts
    parts.files += reader.files
    parts.failures += reader.failures
    parts.coverage.notices += reader.notices
    parts.coverage.charts_rendered = sum(chart.rendered for chart in reader.charts)
    parts.coverage.branches_unrendered = reader.branches_unrendered


def _groups_of(units: Sequence[Unit]) -> frozenset[str]:
    """The API groups of the custom resource definitions in plain files: charts ask for them by `.Capabilities`."""
    found: set[str] = set()
    for unit in units:
        for item in unit.of_kind("CustomResourceDefinition"):
            group, kind = item.spec["group"].text, item.spec["names"]["kind"].text
            for version in item.spec["versions"]:
                found.add(f"{group}/{version['name'].text}")
                found.add(f"{group}/{version['name'].text}/{kind}")
    return frozenset(found)


__all__ = ["Reading", "read_project"]
