"""Finding the marked rendering that says the same as the plain one, with as many markers as the chart bears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.records import dataclass, field
from opslint.read.helm.markers import holds_markers, instrument
from opslint.read.helm.strip import Alignment, Stripped, align, alike, differing, strip
from opslint.read.helm.templates import Templates, analyse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opslint.read.helm.backend import Answer, Request
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.engine import Engine
    from opslint.read.helm.markers import Instrumented, Mark

_ROUNDS: Final = 3  # renderings for the sake of helpers whose markers change the output
_TRIALS: Final = 20  # renderings to find the templates that do not bear markers
_COSTLY: Final = frozenset({"timeout", "dead", "limit"})  # answers that cost as much as an engine may take
_COSTLY_TRIALS: Final = 2


@dataclass(slots=True, eq=False)
class Fit:
    """A template's text without its markers, and how it lies over the plain one; `settled` when nothing is open."""

    stripped: Stripped
    alignment: Alignment
    marks: Sequence[Mark]
    settled: bool


@dataclass(slots=True, eq=False)
class Markers:
    """What of a chart gets markers; learned from one release, kept for the next.

    `helpers` are the helpers with a marked twin, `bare` the templates without any marker, `why` the engine's answer
    that made them bare.
    """

    helpers: frozenset[str]
    bare: frozenset[str] = frozenset()
    why: Answer | None = None


def templates_of(chart: LoadedChart) -> Templates:
    """Return the analysed templates of a chart."""
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


def mappable(name: str, text: str) -> bool:
    """Return False for texts that are not linted, and for those with marker characters of their own."""
    return bool(text.strip()) and not name.endswith("NOTES.txt") and not holds_markers(text)


@dataclass(slots=True, eq=False)
class Fitting:
    """The maps of one release. `fits` are by Helm's template name, `rounds` counts the marked renderings.

    `printing` are the template blocks with something to print, `branches` those that printed it.
    """

    engine: Engine
    chart: LoadedChart
    request: Request
    templates: Templates
    fits: dict[str, Fit] = field(default_factory=dict)
    branches: set[int] = field(default_factory=set)
    printing: set[int] = field(default_factory=set)
    rounds: int = 0

    @property
    def markers(self) -> Markers:
        """What gets markers: what an earlier release of the chart taught is kept."""
        found = self.chart.cache.get("markers")
        return found if isinstance(found, Markers) else Markers(frozenset(self.templates.names))

    @markers.setter
    def markers(self, markers: Markers) -> None:
        self.chart.cache["markers"] = markers

    def marked(self) -> Instrumented:
        """Return the templates with their markers."""
        markers, cached = self.markers, self.chart.cache.get("instrumented")
        if isinstance(cached, tuple) and cached[0] == (markers.helpers, markers.bare):
            found: Instrumented = cached[1]
            return found
        found = instrument(self.templates, markers.helpers, markers.bare)
        self.chart.cache["instrumented"] = ((markers.helpers, markers.bare), found)
        return found

    def run(self, plain: Answer, other: Answer) -> None:
        """Fit the marked rendering `other` to the plain one; where it fails or differs, render with fewer markers."""
        self.rounds = 1
        if other.kind:
            found = self._search(plain, other)
            if found is None:
                return
            other = found
        self.printing = {mark.branch for mark in self.marked().marks if mark.branch >= 0}
        for number in range(_ROUNDS):
            self._fit(plain, other)
            bad = [name for name, text in plain.files.items() if self._open(name, text)]
            helpers = self.markers.helpers
            if not bad or not helpers or number + 1 == _ROUNDS:
                return
            blamed = _blame(plain, self.fits, bad) & helpers if number == 0 else helpers
            self.markers = Markers(helpers - (blamed or helpers), self.markers.bare, self.markers.why)
            other = self._render()
            if other.kind:
                return

    def _render(self) -> Answer:
        self.rounds += 1
        (answer,) = self.engine.render(self.chart, [self.marked().texts], self.request)
        return answer

    def _search(self, plain: Answer, failed: Answer) -> Answer | None:
        """Find the templates whose markers make the rendering fail; return the rendering without these markers.

        Groups of templates get their markers back as long as it works; a group that does not bear them is halved.
        """
        before = self.markers
        every = [path for path in self.templates.files if path not in before.bare]
        if failed.kind == "missing" or not every:
            return None
        pending = self._groups(plain, failed, every)
        kept: list[str] = []
        best: Answer | None = None
        trials, costly = _TRIALS, _COSTLY_TRIALS
        while pending and trials and costly:
            group = pending.pop(0)
            left = set(every) - {*kept, *group}
            if left:  # with all of them it fails, this is known
                self.markers = self._without(before, left, failed)
                answer, trials = self._render(), trials - 1
                if not answer.kind:
                    kept += group
                    best = answer
                    continue
                costly -= answer.kind in _COSTLY
            if len(group) > 1 and failed.kind not in _COSTLY:
                half = len(group) // 2
                pending[:0] = [group[:half], group[half:]]
        self.markers = self._without(before, set(every) - set(kept), failed)
        return best

    def _without(self, before: Markers, paths: set[str], failed: Answer) -> Markers:
        """Return the markers without those of some templates and of all helpers that these define."""
        lost = {name for path in paths for name in self.templates.files[path].shape.defines if name}
        return Markers(before.helpers - lost, before.bare | paths, failed)

    def _groups(self, plain: Answer, failed: Answer, every: list[str]) -> list[list[str]]:
        """Return the templates in the order to try them: those that the failure speaks of come last, one by one."""
        if failed.kind in _COSTLY:
            suspects = self._heavy(plain, every)
        else:
            from opslint.read.helm.problems import places_in

            named = [found[0] for name, _ in places_in(failed.message) if (found := self.chart.resolve(name))]
            suspects = [path for path in dict.fromkeys(named) if path in every]
        rest = [path for path in every if path not in suspects]
        singles = [suspects] if failed.kind in _COSTLY else [[path] for path in suspects]
        return ([rest] if rest else []) + [group for group in singles if group]

    def _heavy(self, plain: Answer, every: list[str]) -> list[str]:
        """Return the templates that print the most, down to half of everything."""
        sizes = {found[0]: len(text) for name, text in plain.files.items() if (found := self.chart.resolve(name))}
        left, heavy = sum(sizes.values()) / 2, []
        for path in sorted(every, key=lambda path: -sizes.get(path, 0)):
            if left <= 0:
                break
            heavy.append(path)
            left -= sizes.get(path, 0)
        return heavy

    def _open(self, name: str, text: str) -> bool:
        """Return whether a template may have a map and has none yet that says the same as the plain text."""
        if name in self.fits and self.fits[name].settled:
            return False
        found = self.chart.resolve(name)
        marked = found is not None and found[0] in self.templates.files and found[0] not in self.markers.bare
        return marked and mappable(name, text)

    def _fit(self, plain: Answer, other: Answer) -> None:
        marks = self.marked().marks
        for name, text in plain.files.items():
            if not self._open(name, text):
                continue
            stripped = strip(other.files.get(name, ""))
            same = alike(text, stripped.text)
            alignment = same or align(text, stripped.text)
            old = self.fits.get(name)
            if old is None or same is not None or alignment.known >= old.alignment.known:
                self.fits[name] = Fit(stripped, alignment, marks, settled=same is not None)
        self.branches.update(fit.marks[number].branch for fit in self.fits.values() for number in fit.stripped.numbers)


def _blame(plain: Answer, fits: Mapping[str, Fit], bad: Iterable[str]) -> set[str]:
    """Return the helpers with markers at the places where the marked rendering went another way."""
    blamed: set[str] = set()
    for name in bad:
        fit = fits.get(name)
        if fit is not None:
            blamed |= {fit.marks[i].define for i in differing(plain.files[name], fit.stripped)}
    return blamed - {""}
