"""Renders real charts plainly and with source maps, and compares what comes out and what it costs.

    python benchmarks/rendering.py FOLDER …

For every chart under the folders that renders with its default values: whether the rendering with markers is, without
them, the plain one; how exactly each line is known; and the time of loading and rendering it plainly, with maps, and
with maps from the cache, in turn, so that the machine's speed cancels out. The exit status is 1 when a text differs in
more than what each rendering prints anew, or when maps make it three times as slow.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from planted import charts_under, copy, is_library, others_of

from opslint.model.settings import Settings
from opslint.model.source import Span
from opslint.read.cache import Cache
from opslint.read.helm.backend import Embedded, Limits, Request, engine_version
from opslint.read.helm.chart import LoadedChart, load_chart
from opslint.read.helm.dependencies import Nearby
from opslint.read.helm.engine import Engine, Rendered, render_release
from opslint.read.helm.kept import Kept
from opslint.read.helm.releases import Release, releases
from opslint.read.helm.sourcemap import HelmSourceMap
from opslint_schemas.lifecycle import served

MINOR = 33
GOAL = 3.0
SUM = re.compile(r"[0-9a-f]{40,}")  # of another template, which had markers


class Figures(NamedTuple):
    """Seconds of loading, of the plain rendering, of the mapped one, and of loading and mapping from the cache."""

    load: float
    plain: float
    mapped: float
    cached: float


class Case:
    """One chart in a folder of its own, with what it depends on."""

    def __init__(self, folder: Path, name: str, apis: list[str]) -> None:
        self.folder, self.name, self.apis = folder, name, apis
        self.nearby = Nearby(folder, sorted(path.parent.name for path in folder.glob("*/Chart.yaml")))

    def load(self) -> tuple[LoadedChart, Release, float]:
        """Return the chart, its first release, and the seconds that took."""
        start = time.perf_counter()
        loaded = load_chart(self.folder, self.name, self.nearby)
        release = releases(loaded, Settings(root=str(self.folder)))[0]
        return loaded, release, time.perf_counter() - start

    def plain(self, engine: Engine) -> tuple[dict[str, str], float, float]:
        """Return the plain texts (none when it does not render) and the seconds of loading and rendering."""
        loaded, release, load = self.load()
        request = Request(release.name, release.namespace or "default", f"v1.{MINOR}.0", tuple(self.apis))
        start = time.perf_counter()
        answer = engine.render(loaded, [{}], request)[0]
        return answer.files, load, time.perf_counter() - start

    def mapped(self, engine: Engine) -> tuple[Rendered, float, float]:
        """Return the rendering with maps and the seconds of loading and rendering."""
        loaded, release, load = self.load()
        start = time.perf_counter()
        rendered = render_release(engine, loaded, release, MINOR, self.apis)
        return rendered, load, time.perf_counter() - start


def different(rendered: Rendered, plains: list[dict[str, str]]) -> str:
    """Return "" when all texts are the plain ones, "anew" where only what differs anyway does, else a place."""
    if not all(plains):
        return "the second plain rendering failed"
    if rendered.failures:
        return f"the rendering with maps failed: {rendered.failures[0].message}"
    random = {line for texts in zip(*(sorted(one.items()) for one in plains), strict=True) for line in _unequal(texts)}
    found = ""
    for source in rendered.sources:
        if source.kind != "rendered" or not isinstance(source.origin, HelmSourceMap) or source.origin.alignment.whole:
            continue
        mine, other = source.text.split("\n"), source.origin.stripped.text.split("\n")
        if len(mine) != len(other) and not random:
            return f"{source.path} has another number of lines"
        for number, (a, b) in enumerate(zip(mine, other, strict=False), 1):
            if a != b and SUM.sub("", a) != SUM.sub("", b) and (source.origin.template, number) not in random:
                return f"{source.path}, line {number} of what it renders"
        found = "anew"
    return found


def _unequal(texts: tuple[tuple[str, str], ...]) -> set[tuple[str, int]]:
    """Return the lines of one template that two plain renderings print differently."""
    (name, first), (_, second) = texts
    path = name.partition("/")[2]
    lines = enumerate(zip(first.split("\n"), second.split("\n"), strict=False), 1)
    return {(path, number) for number, (a, b) in lines if a != b}


def count(rendered: Rendered, confidences: Counter[str]) -> None:
    """Count how exactly the lines of a chart's own templates are known."""
    for source in rendered.sources:
        if source.kind != "rendered" or source.vendored or source.origin is None:
            continue
        for number in range(1, source.line_count + 1):
            text = source.line(number)
            if text.strip():
                confidences[source.origin.locate(Span.of_line(number, text)).confidence.value] += 1


def main() -> None:
    """Render all charts and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="a part of the path of the charts to try")
    given = parser.parse_args()
    charts = charts_under(given.folders)
    apis = sorted(served(MINOR))
    figures: list[Figures] = []
    confidences: Counter[str] = Counter()
    states: Counter[str] = Counter()
    bad = False
    with tempfile.TemporaryDirectory(prefix="opslint-rendering-") as name, Engine() as engine, Engine() as keeping:
        folder, bounds = Path(name, "root"), Limits()
        keeping._backend = Kept(Embedded(bounds), Cache("charts", Path(name, "cache")), engine_version(), bounds)  # noqa: SLF001 - a cache of its own
        for chart in charts:
            if is_library(chart) or given.only not in str(chart):
                continue
            copy(chart, others_of(chart, charts), folder)
            case = Case(folder, chart.name, apis)
            first = case.plain(engine)[0]  # warms the engine and the disk
            if not first:
                continue
            second, load, plain = case.plain(engine)
            rendered, _, seconds = case.mapped(engine)
            case.mapped(keeping)
            _, again, cached = case.mapped(keeping)
            figures.append(Figures(load, plain, seconds, again + cached))
            state = different(rendered, [first, second])
            states["anew" if state == "anew" else "different" if state else "same"] += 1
            if state and state != "anew":
                bad = True
                print(f"{chart}: without markers it differs: {state}")
            count(rendered, confidences)
    if not figures:
        sys.exit("no chart renders")
    plains, loads = sum(one.plain for one in figures), sum(one.load for one in figures)
    mapped = sum(one.mapped for one in figures)
    print(
        f"{len(figures)} charts render; without markers {states['same']} are the same, {states['anew']} but for random"
        f" values and checksums of other templates, {states['different']} are not"
    )
    print(f"lines: {', '.join(f'{number} {what}' for what, number in confidences.most_common())}")
    print(f"rendering and mapping / plain rendering, all together: {mapped / plains:.2f}  goal < {GOAL:g}")
    print(f"the same with loading on both sides: {(mapped + loads) / (plains + loads):.2f}")
    print(f"median over the charts: {statistics.median(one.mapped / one.plain for one in figures):.2f}")
    print(f"with loading: {statistics.median((one.mapped + one.load) / (one.plain + one.load) for one in figures):.2f}")
    print(f"from the cache, with loading, all together: {sum(one.cached for one in figures) / (plains + loads):.2f}")
    sys.exit(bad or mapped / plains >= GOAL)


if __name__ == "__main__":
    main()
