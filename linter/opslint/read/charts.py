"""Charts into units: each chart with each of its releases, rendered under its own target's capabilities."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from opslint.model.kube import KubeObject, unpack
from opslint.model.project import Chart, ChartRelease, SourceFile, Unit
from opslint.model.records import dataclass, field, replace
from opslint.model.report import Failure, Notice
from opslint.model.source import Source, Span
from opslint.read.helm.chart import load_chart
from opslint.read.helm.dependencies import Nearby, needed
from opslint.read.helm.engine import Engine, render_cases
from opslint.read.helm.releases import releases
from opslint.read.helm.render import branch_places
from opslint.read.helm.sourcemap import EntryMap
from opslint.read.yaml import read_yaml
from opslint_schemas.lifecycle import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from opslint.model.node import Node
    from opslint.model.settings import Settings
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.releases import Declared, Release
    from opslint.read.helm.render import Rendered
    from opslint.read.keep import Keep
    from opslint.read.targets import Targets

    Progress = Callable[[str, int, int], None]

_WORKERS: Final = 8  # each may take some hundred megabytes


@dataclass(slots=True)
class ChartResult:
    """What came of one chart; `chart` is None when it could not be read at all."""

    chart: Chart | None = None
    units: list[Unit] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    configured: bool = False  # its releases stand in the configuration: nothing else replaces them


class ChartReader:
    """Renders charts, several at a time where there are processors for it: each with a worker of its own."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        targets: Targets,
        groups: frozenset[str],
        keep: Keep,
        *,
        charts: Sequence[str] = (),
    ) -> None:
        """Take `charts`, the paths of all charts of the run, as those a dependency may be taken from."""
        self.root, self.settings, self.targets = root, settings, targets
        self.nearby = Nearby(root, charts)
        self.groups, self.keep = groups, keep
        self._engines = [Engine(settings)]

    def close(self) -> None:
        """End the workers."""
        for engine in self._engines:
            engine.close()

    def read(self, path: str, declared: Sequence[Declared] = ()) -> ChartResult:
        """Read and render one chart, with all its releases; `declared` are those that other files declare."""
        return _Reading(self, self._engines[0]).read(path, declared)

    def read_all(
        self,
        paths: Sequence[str],
        declared: Mapping[str, Sequence[Declared]],
        progress: Progress | None = None,
    ) -> dict[str, ChartResult]:
        """Read charts, `declared` being the releases that other files declare by chart; the result has their order."""
        results: dict[str, ChartResult] = {}

        def tell(more: int = 0) -> None:
            if progress is not None:
                progress("rendering charts", len(results) + more, len(paths))

        for number, path in enumerate(paths):
            tell()
            # Once something is not in the cache, the others are worth starting more workers for.
            if self.settings.jobs != 1 and self._engines[0].worked:
                found = self._side_by_side(paths[number:], declared, tell)
                results.update(zip(paths[number:], found, strict=True))
                break
            results[path] = self.read(path, declared.get(path, ()))
        return results

    def _side_by_side(
        self, paths: Sequence[str], declared: Mapping[str, Sequence[Declared]], advance: Callable[[int], None]
    ) -> list[ChartResult]:
        from opslint.read.threads import in_threads

        jobs = min(self.settings.jobs or _processors(), len(paths))
        self._engines += [Engine(self.settings) for _ in range(jobs - len(self._engines))]

        def read(engine: Engine, path: str) -> ChartResult:
            return _Reading(self, engine).read(path, declared.get(path, ()))

        return in_threads([partial(read, engine) for engine in self._engines[:jobs]], paths, advance)


def _processors() -> int:
    """Return how many processors this process may use, at most as many as workers have room beside each other."""
    try:
        return min(len(os.sched_getaffinity(0)), _WORKERS)
    except AttributeError:  # elsewhere than on Linux
        return min(os.cpu_count() or 1, _WORKERS)


class _Reading:
    """The reading of one chart."""

    def __init__(self, reader: ChartReader, engine: Engine) -> None:
        self._reader, self._engine = reader, engine
        self.result = ChartResult()

    def read(self, path: str, declared: Sequence[Declared]) -> ChartResult:
        loaded = load_chart(self._reader.root, path, self._reader.nearby)
        result = self.result
        result.failures += loaded.failures
        if not loaded.readable:
            return result
        chart = result.chart = self._chart(loaded)
        if loaded.is_library:
            chart.rendered = chart.library = True  # through the charts that use it
            return result
        wanted = [
            release
            for release in releases(loaded, self._reader.settings, declared)
            if self._reader.keep.environment(release.environment)
        ]
        done = [rendered for release in wanted for rendered in self._release(loaded, chart, release)]
        chart.rendered = bool(done) and all(not rendered.failures for rendered in done)
        result.configured = any(release.source == "configuration" for release in wanted)
        # A branch is unrendered when no release prints anything of it.
        whole = [rendered.unrendered for rendered in done if not rendered.failures]
        if whole:
            chart.unrendered = branch_places(loaded, frozenset.intersection(*whole))
        return result

    def _chart(self, loaded: LoadedChart) -> Chart:
        metadata = self._document(loaded.source("Chart.yaml"))
        values = self._document(loaded.source("values.yaml")) if "values.yaml" in loaded.files else metadata["\0"]
        for path in loaded.files:
            source = loaded.source(path)
            if "/" not in path and source.kind == "values" and path != "values.yaml":
                self._document(source)
        chart = Chart(loaded.path, loaded.name, metadata, values)
        chart.subcharts += self._subcharts(loaded)
        return chart

    def _subcharts(self, loaded: LoadedChart) -> Iterator[Node]:
        """Yield the metadata of subcharts that ask for a version of Kubernetes."""
        for part in loaded.parts():
            path = f"{part.prefix}Chart.yaml"
            if not part.prefix or b"kubeVersion" not in loaded.files.get(path, b""):
                continue
            source = loaded.source(path)
            if part.archived and part.entry is not None:
                source = replace(source, origin=EntryMap(part.entry.location))
            yield from read_yaml(source).documents[:1]

    def _document(self, source: Source) -> Node:
        """Read a file of one document; what is wrong with it is a failure with its place."""
        parsed = read_yaml(source)
        self.result.files.append(SourceFile(source, parsed.duplicates))
        self.result.failures += [Failure(source.path, one.line, one.message, "yaml") for one in parsed.errors]
        if parsed.documents:
            return parsed.documents[0]
        return read_yaml(Source(source.path, "{}", source.kind, absolute=source.absolute)).documents[0]

    def _unit_id(self, loaded: LoadedChart, release: Release) -> str:
        """Return an id of its own: an environment that has several releases of the chart tells them by name."""
        base = f"{loaded.path or '.'}@{release.environment.name or release.name}"
        used = {unit.id for unit in self.result.units}
        for candidate in (base, f"{base}/{release.name}", f"{base}/{release.namespace}/{release.name}"):
            if candidate not in used:
                return candidate
        return next(one for number in range(2, len(used) + 3) if (one := f"{base}/{release.name}-{number}") not in used)

    def _release(self, loaded: LoadedChart, chart: Chart, release: Release) -> list[Rendered]:
        """Render a release into a unit, or one for each case of it; nothing when its cluster is not wanted."""
        unit_id = self._unit_id(loaded, release)
        targets, cluster = self._reader.targets.of(unit_id, release.environment, release.cluster)
        if cluster is not None and not self._reader.keep.cluster(cluster):
            return []
        # The newest of several: a chart that asks for an API gets the answer of the cluster that is furthest.
        minor = max(target.minor for target in targets)
        apis = sorted(served(minor) | self._reader.groups)
        cases = render_cases(self._engine, loaded, release, minor, apis)
        for rendered in cases:
            one = rendered.release
            unit = Unit(
                id=unit_id if one is release else f"{loaded.path or '.'}@{one.source}",
                kind="release",
                path=loaded.path,
                environment=one.environment,
                namespace=one.namespace,
                targets=targets,
                cluster=cluster,
                chart=chart,
            )
            self._take(loaded, rendered, unit, chart)
        return cases

    def _take(self, loaded: LoadedChart, rendered: Rendered, unit: Unit, chart: Chart) -> None:
        """Take a rendering and what it had to say into the result."""
        release, result = rendered.release, self.result
        self._fail(release, rendered.failures)
        result.notices += rendered.notices
        if rendered.failures:
            unit.open("it did not render")
        if loaded.failures:
            unit.open("a part of the chart could not be read")
        self._dependencies(loaded, chart, release, unit)
        for why in release.unknown:
            unit.open(why)
        for source in rendered.sources:
            self._objects(source, unit, release)
        if rendered.failures and all(source.kind != "rendered" for source in rendered.sources):
            from opslint.read.helm.literals import literal_documents

            unit.literals += [KubeObject(document, unit) for document in literal_documents(loaded)]
            for item in unit.literals:
                item.is_literal = True
        result.units.append(unit)
        chart.releases.append(
            ChartRelease(
                unit.id,
                release.name,
                release.namespace,
                release.environment,
                tuple(source.path for source in release.values_files),
                release.source,
                rendered=not rendered.failures,
                sources=tuple(rendered.sources),
            )
        )

    def _dependencies(self, loaded: LoadedChart, chart: Chart, release: Release, unit: Unit) -> None:
        """Say which dependencies of a release are not there, and which are taken from elsewhere."""
        for item, part, place in needed(loaded, release):
            path, line = place.source.path, place.span.line
            where = f" ({item.repository})" if item.repository else ""
            if part is None:
                unit.open(f"dependency {item.name} is not in charts/")
                if (item.name, place) not in chart.missing:
                    chart.missing.append((item.name, place))
                others = self._reader.nearby.named(item.name)
                near = "".join(f"; {other} has version {version}, not {item.version}" for other, version in others[:1])
                message = (
                    f"dependency {item.name}{where} is not in charts/{near}, so its objects are unknown: "
                    f"run `helm dependency build{' ' + loaded.path if loaded.path else ''}`"
                )
                self.result.notices.append(Notice(path, line, message))
            elif part.version:
                message = f"dependency {item.name}{where} is not in charts/: taken from {part.home} ({part.version})"
                self.result.notices.append(Notice(path, line, message))

    def _fail(self, release: Release, failures: Sequence[Failure]) -> None:
        """Take failures of a rendering; where values are not known it may fail for that, and this is no error."""
        for failure in failures:
            broken = any(one.path == failure.path and one.kind == "yaml" for one in self.result.failures)
            if broken and "cannot load values.yaml" in failure.message:
                continue  # said already, and better
            if release.unknown and failure.kind == "chart" and failure not in release.failures:
                why = f"{failure.message} (with values that are not known: {'; '.join(release.unknown)})"
                self.result.notices.append(Notice(failure.path, failure.line, why))
            else:
                self.result.failures.append(failure)

    def _objects(self, source: Source, unit: Unit, release: Release) -> None:
        parsed = read_yaml(source)
        self.result.files.append(SourceFile(source, parsed.duplicates, unit.environment))
        for error in parsed.errors:
            unit.open("its rendered text is not valid YAML")
            origin = source.origin
            line = origin.locate(Span.of_line(error.line, source.line(error.line))).location if origin else None
            place = (line.source.path, line.span.line) if line else (source.path, error.line)
            message = f"the rendered text is not valid YAML: {error.message}"
            self._fail(release, [Failure(*place, message, "chart")])
        for document in parsed.documents:
            if not document.known or not document.is_map:
                continue
            unit.objects += [
                KubeObject(item, unit)
                for item in unpack(document)
                if item["apiVersion"].present and item["kind"].present
            ]
