"""Charts into units: each chart with each of its releases, rendered under its own target's capabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.kube import KubeObject, unpack
from opslint.model.project import Chart, SourceFile, Unit
from opslint.model.report import Failure
from opslint.model.source import Source, Span
from opslint.read.helm.chart import load_chart
from opslint.read.helm.engine import Engine, render_release
from opslint.read.helm.releases import releases
from opslint.read.yaml import read_yaml
from opslint_schemas.lifecycle import served

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.node import Node
    from opslint.model.report import Notice
    from opslint.model.settings import Settings
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.releases import Release
    from opslint.read.targets import Targets


class ChartReader:
    """Renders charts one after the other in one worker; `units`, `charts`, `failures` … hold what came of it."""

    def __init__(self, root: Path, settings: Settings, targets: Targets, groups: frozenset[str]) -> None:
        self._root, self._settings, self._targets, self._groups = root, settings, targets, groups
        self._engine = Engine(settings)
        self.units: list[Unit] = []
        self.charts: list[Chart] = []
        self.files: list[SourceFile] = []
        self.failures: list[Failure] = []
        self.notices: list[Notice] = []
        self.branches_unrendered = 0

    def close(self) -> None:
        """End the worker."""
        self._engine.close()

    def read(self, path: str) -> None:
        """Read and render one chart, with all its releases."""
        loaded = load_chart(self._root, path)
        self.failures += loaded.failures
        self.notices += loaded.notices
        if not loaded.readable:
            return
        chart = self._chart(loaded)
        self.charts.append(chart)
        if loaded.is_library:
            chart.rendered = True  # through the charts that use it
            return
        done = [self._release(loaded, chart, release) for release in releases(loaded, self._settings)]
        chart.rendered = bool(done) and all(done)

    def _chart(self, loaded: LoadedChart) -> Chart:
        metadata = self._document(loaded.source("Chart.yaml"))
        values = self._document(loaded.source("values.yaml")) if "values.yaml" in loaded.files else metadata["\0"]
        for path in loaded.files:
            source = loaded.source(path)
            if "/" not in path and source.kind == "values" and path != "values.yaml":
                self._document(source)
        return Chart(loaded.path, loaded.name, metadata, values)

    def _document(self, source: Source) -> Node:
        """Read a file of one document; what is wrong with it is a failure with its place."""
        parsed = read_yaml(source)
        self.files.append(SourceFile(source, parsed.duplicates))
        self.failures += [Failure(source.path, one.line, one.message, "yaml") for one in parsed.errors]
        return parsed.documents[0] if parsed.documents else read_yaml(Source(source.path, "{}", source.kind, absolute=source.absolute)).documents[0]

    def _release(self, loaded: LoadedChart, chart: Chart, release: Release) -> bool:
        environment = release.environment
        unit_id = f"{loaded.path or '.'}@{environment.name or release.name}"
        targets, cluster = self._targets.of(unit_id, environment)
        # The newest of several: a chart that asks for an API gets the answer of the cluster that is furthest.
        minor = max(target.minor for target in targets)
        rendered = render_release(self._engine, loaded, release, minor, sorted(served(minor) | self._groups))
        self.failures += rendered.failures
        self.notices += rendered.notices
        self.branches_unrendered += rendered.branches_unrendered
        unit = Unit(
            id=unit_id,
            kind="release",
            path=loaded.path,
            environment=environment,
            namespace=release.namespace,
            closed=not rendered.failures and not loaded.missing and not loaded.failures,
            targets=targets,
            cluster=cluster,
            chart=chart,
        )
        for source in rendered.sources:
            self._objects(source, unit)
        self.units.append(unit)
        return not rendered.failures

    def _objects(self, source: Source, unit: Unit) -> None:
        parsed = read_yaml(source)
        self.files.append(SourceFile(source, parsed.duplicates, unit.environment))
        for error in parsed.errors:
            unit.closed = False
            line = source.origin.locate(Span.of_line(error.line, source.line(error.line))).location if source.origin else None
            place = (line.source.path, line.span.line) if line else (source.path, error.line)
            self.failures.append(Failure(*place, f"the rendered text is not valid YAML: {error.message}", "chart"))
        for document in parsed.documents:
            if not document.known or not document.is_map:
                continue
            unit.objects += [
                KubeObject(item, unit)
                for item in unpack(document)
                if item["apiVersion"].present and item["kind"].present
            ]
