"""Rendering a release with its source maps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from opslint.model.report import Notice
from opslint.model.source import Location, Source, Span
from opslint.read.helm.backend import Request
from opslint.read.helm.layers import layers
from opslint.read.helm.markers import REMAINS, Templates, analyse, instrument
from opslint.read.helm.problems import failure_of
from opslint.read.helm.provenance import Provenance
from opslint.read.helm.releases import ci_releases
from opslint.read.helm.sourcemap import EntryMap, FileMap, HelmSourceMap
from opslint.read.helm.strip import Alignment, Stripped, align, alike, differing, strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opslint.model.report import Failure
    from opslint.read.helm.backend import Answer
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.engine import Engine
    from opslint.read.helm.markers import Instrumented, Mark
    from opslint.read.helm.releases import Release

_ROUNDS: Final = 3


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

    `api_versions` are "group/version" and "group/version/Kind" as the target serves them. When the default values do
    not render, the first values file of ci/ that does is used, with a notice.
    """
    rendered = _Job(engine, chart, release, kube_minor, api_versions).run()
    if rendered.failures and release.default:
        for other in ci_releases(chart, release):
            again = _Job(engine, chart, other, kube_minor, api_versions).run()
            if not again.failures:
                used, why = other.values_files[-1].path, rendered.failures[0]
                text = f"the default values do not render, so {used} was used: {why.message}"
                again.notices.append(Notice(why.path, why.line, text))
                return again
    return rendered


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
        templates = _templates(chart)
        safe = _safe(chart, templates)
        marked = _instrumented(chart, templates, safe)
        plain, other = self._engine.render(chart, [{}, marked.texts], self._request)
        if plain.kind:
            result.failures.append(failure_of(chart, self._release, plain))
            return result
        maps, seen = self._maps(templates, plain, other, marked)
        for name, text in plain.files.items():
            self._add(name, text, maps)
        parents, homes = templates.parents, templates.homes
        own = {i for i, home in enumerate(homes) if not chart.part_of(home).vendored}
        printing = {mark.branch for mark in marked.marks if mark.branch >= 0}
        result.unrendered = frozenset(own & printing - _with_parents(seen, parents))
        return result

    def _add(self, name: str, text: str, maps: Mapping[str, _Fit]) -> None:
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
        fit = maps.get(name)
        if fit is None:
            origin = EntryMap(part.entry.location) if part.archived and part.entry else FileMap(template)
            self._result.sources.append(replace(rendered, origin=origin))
            return
        seen = layers(chart, self._release, chain)
        origin_map = HelmSourceMap(
            chart,
            path,
            rendered,
            fit.stripped,
            _line_starts(fit.stripped.text),
            fit.alignment,
            fit.marks,
            Provenance(_templates(chart), seen),
        )
        self._result.sources.append(replace(rendered, origin=origin_map))

    def _maps(
        self, templates: Templates, plain: Answer, other: Answer, marked: Instrumented
    ) -> tuple[dict[str, _Fit], set[int]]:
        """Fit the marked rendering to the plain one; leave out helpers whose markers changed the output."""
        fits: dict[str, _Fit] = {}
        safe = _safe(self._chart, templates)
        seen: set[int] = set()
        for number in range(_ROUNDS):
            self._result.rounds = number + 1
            if not other.kind:
                self._fit(plain, other, marked, fits)
                seen |= {fit.marks[i].branch for fit in fits.values() for i in set(fit.stripped.numbers)}
            bad = [name for name in plain.files if name not in fits or not fits[name].settled]
            bad = [name for name in bad if _mappable(name, plain.files[name])]
            if not bad or not safe or number + 1 == _ROUNDS or other.kind in {"timeout", "dead", "missing"}:
                break
            blamed = _blame(plain, fits, bad) & safe if number == 0 else set(safe)
            safe = safe - (blamed or safe)
            self._chart.cache["safe"] = safe
            marked = _instrumented(self._chart, templates, safe)
            (other,) = self._engine.render(self._chart, [marked.texts], self._request)
        return fits, seen

    def _fit(self, plain: Answer, other: Answer, marked: Instrumented, fits: dict[str, _Fit]) -> None:
        for name, text in plain.files.items():
            old = fits.get(name)
            if (old is not None and old.settled) or not _mappable(name, text):
                continue
            stripped = strip(other.files.get(name, ""))
            same = alike(text, stripped.text)
            alignment = same or align(text, stripped.text)
            if old is None or same is not None or alignment.known >= old.alignment.known:
                fits[name] = _Fit(stripped, alignment, marked.marks, settled=same is not None)


@dataclass(slots=True, eq=False)
class _Fit:
    stripped: Stripped
    alignment: Alignment
    marks: Sequence[Mark]
    settled: bool


def _mappable(name: str, text: str) -> bool:
    """Return False for texts that are not linted, and for those with marker characters of their own."""
    return bool(text.strip()) and not name.endswith("NOTES.txt") and not REMAINS.search(text)


def _blame(plain: Answer, fits: Mapping[str, _Fit], bad: Sequence[str]) -> set[str]:
    """Return the helpers with markers at the places where the marked rendering went another way."""
    blamed: set[str] = set()
    for name in bad:
        fit = fits.get(name)
        if fit is not None:
            blamed |= {fit.marks[i].define for i in differing(plain.files[name], fit.stripped)}
    return blamed - {""}


def _templates(chart: LoadedChart) -> Templates:
    found = chart.cache.get("templates")
    if not isinstance(found, Templates):
        texts: dict[str, str] = {}
        for path in chart.templates():
            try:
                texts[path] = chart.files[path].decode("utf-8")
            except UnicodeDecodeError:
                continue
        found = analyse(texts)
        chart.cache["templates"] = found
    return found


def branch_places(chart: LoadedChart, branches: Iterable[int]) -> list[Location]:
    """Return where template branches (of `Rendered.unrendered`) begin, in order of file and line."""
    templates = _templates(chart)
    places = sorted({(templates.homes[one], templates.lines[one]) for one in branches})
    sources = [(chart.source(path), line) for path, line in places]
    return [Location(source, Span.of_line(line, source.line(line))) for source, line in sources]


def _safe(chart: LoadedChart, templates: Templates) -> frozenset[str]:
    """Return the helpers to mark: what an earlier release of the chart learned is kept."""
    found = chart.cache.get("safe")
    return found if isinstance(found, frozenset) else frozenset(templates.names)


def _instrumented(chart: LoadedChart, templates: Templates, safe: frozenset[str]) -> Instrumented:
    cached = chart.cache.get("instrumented")
    if isinstance(cached, tuple) and cached[0] == safe:
        marked: Instrumented = cached[1]
        return marked
    marked = instrument(templates, safe)
    chart.cache["instrumented"] = (safe, marked)
    return marked


def _with_parents(branches: Iterable[int], parents: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for branch in branches:
        at = branch
        while at >= 0 and at not in found:
            found.add(at)
            at = parents[at]
    return found


def _line_starts(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts
