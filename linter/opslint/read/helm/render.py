"""Rendering a release with its source maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import dataclass, field, replace
from opslint.model.report import Notice
from opslint.model.source import Location, Source, Span
from opslint.read.helm.backend import Request
from opslint.read.helm.coarse import coarse, unmapped
from opslint.read.helm.fitting import Fitting, templates_of
from opslint.read.helm.provenance import Provenance
from opslint.read.helm.releases import ci_releases
from opslint.read.helm.sourcemap import EntryMap, FileMap, HelmSourceMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opslint.model.report import Failure
    from opslint.read.helm.chart import LoadedChart, Part
    from opslint.read.helm.engine import Engine
    from opslint.read.helm.releases import Release


@dataclass(slots=True, eq=False)
class Rendered:
    """What a release renders to: one Source per template that printed something, and the manifests of crds/.

    `release` is what was rendered in the end (with a file of ci/ when the default values fail). `unrendered` are the
    blocks of the chart's own templates that printed nothing, `branches_unrendered` their number. `rounds` counts
    the marked renderings that were needed.
    """

    release: Release
    sources: list[Source] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unrendered: frozenset[int] = frozenset()
    rounds: int = 0

    @property
    def branches_unrendered(self) -> int:
        """Number of template branches that printed nothing."""
        return len(self.unrendered)


def render_release(
    engine: Engine, chart: LoadedChart, release: Release, kube_minor: int, api_versions: Sequence[str]
) -> Rendered:
    """Render a chart as one release for Kubernetes 1.`kube_minor`; never raises.

    `api_versions` are "group/version" and "group/version/Kind" as the target serves them.
    """
    return _Job(engine, chart, release, kube_minor, api_versions).run()


def render_cases(
    engine: Engine, chart: LoadedChart, release: Release, kube_minor: int, api_versions: Sequence[str]
) -> list[Rendered]:
    """Render a release; when the default values do not render, each of the values files of ci/ that does instead.

    These are the cases that the chart's own tests install. Which of them are used, and which not, is a notice.
    """
    rendered = render_release(engine, chart, release, kube_minor, api_versions)
    if not (rendered.failures and release.default):
        return [rendered]
    cases = [render_release(engine, chart, one, kube_minor, api_versions) for one in ci_releases(chart, release)]
    good = [case for case in cases if not case.failures]
    if not good:
        return [rendered]
    used = ", ".join(case.release.values_files[-1].path for case in good)
    why = rendered.failures[0]
    was = "was used" if len(good) == 1 else "were used, each for itself"
    text = f"the default values do not render, so {used} {was}: {why.message}"
    good[0].notices.append(Notice(why.path, why.line, text))
    for case in cases:
        for failure in case.failures[:1]:
            unused = case.release.values_files[-1].path
            good[0].notices.append(Notice(failure.path, failure.line, f"with {unused}: {failure.message}"))
    return good


class _Job:
    """One rendering of one release."""

    def __init__(
        self, engine: Engine, chart: LoadedChart, release: Release, kube_minor: int, api_versions: Sequence[str]
    ) -> None:
        self._engine, self._chart, self._release = engine, chart, release
        self._request = Request(
            release.name,
            release.namespace or "default",
            f"v1.{kube_minor}.0",
            tuple(api_versions),
            tuple(source.text for source in release.values_files),
            tuple(release.set),
            release.set_strings,
        )
        self._result = Rendered(release, failures=list(release.failures))

    def run(self) -> Rendered:
        chart, result = self._chart, self._result
        for path in chart.crds():
            source = chart.source(path)
            part = chart.part_of(path)
            if part.archived and part.entry is not None:
                source = replace(source, origin=EntryMap(part.entry.location))
            result.sources.append(source)
        fitting = Fitting(self._engine, chart, self._request, templates_of(chart))
        plain, other = self._engine.render(chart, [{}, fitting.marked().texts], self._request)
        if plain.kind:
            from opslint.read.helm.problems import failure_of

            result.failures.append(failure_of(chart, self._release, plain))
            return result
        fitting.run(plain, other)
        result.rounds = fitting.rounds
        for name, text in plain.files.items():
            self._add(name, text, fitting)
        parents, homes = fitting.templates.parents, fitting.templates.homes
        own = {i for i, home in enumerate(homes) if not chart.part_of(home).vendored}
        result.unrendered = frozenset(own & fitting.printing - _with_parents(fitting.branches, parents))
        return result

    def _add(self, name: str, text: str, fitting: Fitting) -> None:
        chart = self._chart
        found = chart.resolve(name)
        if name.endswith("NOTES.txt") or not text.strip():
            return
        if found is None:
            self._result.sources.append(Source(name, text, "rendered"))
            return
        path, part, chain = found
        template = chart.source(path)
        rendered = Source(template.path, text, "rendered", vendored=part.vendored)
        fit = fitting.fits.get(name)
        if fit is None:
            origin = EntryMap(part.entry.location) if part.archived and part.entry else FileMap(template)
            self._result.sources.append(replace(rendered, origin=origin))
            self._notice(part, template, unmapped(fitting, name, text))
            return
        values = Provenance(fitting.templates, chart, self._release, chain)
        origin_map = HelmSourceMap(chart, path, rendered, fit.stripped, fit.alignment, fit.marks, values)
        self._result.sources.append(replace(rendered, origin=origin_map))
        self._notice(part, template, coarse(fit, text))

    def _notice(self, part: Part, template: Source, words: str) -> None:
        """Say how the places of a template are known, where that is not by the line; a third party's are hidden."""
        if words and not part.vendored and not part.archived:
            self._result.notices.append(Notice(template.path, 0, words))


def branch_places(chart: LoadedChart, branches: Iterable[int]) -> list[Location]:
    """Return where template branches (of `Rendered.unrendered`) begin, in order of file and line."""
    templates = templates_of(chart)
    places = sorted({(templates.homes[one], templates.lines[one]) for one in branches})
    sources = [(chart.source(path), line) for path, line in places]
    return [Location(source, Span.of_line(line, source.line(line))) for source, line in sources]


def _with_parents(branches: Iterable[int], parents: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for branch in branches:
        at = branch
        while at >= 0 and at not in found:
            found.add(at)
            at = parents[at]
    return found
