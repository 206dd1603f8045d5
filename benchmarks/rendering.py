"""Renders real charts plainly and with source maps, and compares what comes out and what it costs.

    python benchmarks/rendering.py FOLDER …

For every chart under the folders that renders with its default values: whether the rendering with markers is, without
them, the plain one; how exactly each line is known; and the time of loading and rendering it plainly, with maps, and
with maps from the cache, in turn, so that the machine's speed cancels out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from planted import charts_under, copy, is_library

from opslint.model.settings import Settings
from opslint.model.source import Span
from opslint.read.cache import Cache
from opslint.read.helm.backend import Embedded, Limits, Request, engine_version
from opslint.read.helm.chart import LoadedChart, load_chart
from opslint.read.helm.engine import Engine, render_release
from opslint.read.helm.kept import Kept
from opslint.read.helm.releases import Release, releases
from opslint.read.helm.sourcemap import HelmSourceMap
from opslint_schemas.lifecycle import served

MINOR = 33


class Figures(NamedTuple):
    """Seconds of the plain rendering, of the mapped one, and of the mapped one from the cache."""

    plain: float
    mapped: float
    cached: float


def request_of(release: Release, apis: list[str]) -> Request:
    """Return what the release is rendered with."""
    return Request(release.name, release.namespace or "default", f"v1.{MINOR}.0", tuple(apis))


def timed(engine: Engine, folder: Path, chart: Path, apis: list[str]) -> tuple[float, LoadedChart, Release]:
    """Return the seconds that a fresh load and a plain rendering take."""
    start = time.perf_counter()
    loaded = load_chart(folder, chart.name)
    release = releases(loaded, Settings(root=str(folder)))[0]
    engine.render(loaded, [{}], request_of(release, apis))
    return time.perf_counter() - start, loaded, release


def mapped(engine: Engine, folder: Path, chart: Path, apis: list[str], confidences: Counter[str]) -> tuple[float, bool]:
    """Return the seconds that a load and a rendering with maps take, and whether all texts were the same."""
    start = time.perf_counter()
    loaded = load_chart(folder, chart.name)
    rendered = render_release(engine, loaded, releases(loaded, Settings(root=str(folder)))[0], MINOR, apis)
    seconds = time.perf_counter() - start
    same = True
    for source in rendered.sources:
        if source.kind != "rendered" or source.vendored:
            continue
        same = same and isinstance(source.origin, HelmSourceMap) and source.origin.alignment.whole
        for number in range(1, source.line_count + 1):
            text = source.line(number)
            if text.strip() and source.origin is not None:
                confidences[source.origin.locate(Span.of_line(number, text)).confidence.value] += 1
    return seconds, same


def main() -> None:
    """Render all charts and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    given = parser.parse_args()
    charts = charts_under(given.folders)
    libraries = {chart.name: chart for chart in charts if is_library(chart)}
    apis = sorted(served(MINOR))
    figures: list[Figures] = []
    confidences: Counter[str] = Counter()
    different: list[str] = []
    with tempfile.TemporaryDirectory(prefix="opslint-rendering-") as name, Engine() as engine, Engine() as keeping:
        folder = Path(name, "root")
        bounds = Limits()
        keeping._backend = Kept(Embedded(bounds), Cache("charts", Path(name, "cache")), engine_version(), bounds)  # noqa: SLF001 - a cache of its own
        for chart in charts:
            if is_library(chart):
                continue
            target = copy(chart, libraries, folder)
            _, loaded, release = timed(engine, folder, target, apis)  # the first warms the engine and the disk
            if engine.render(loaded, [{}], request_of(release, apis))[0].kind:
                continue
            plain = timed(engine, folder, target, apis)[0]
            seconds, same = mapped(engine, folder, target, apis, confidences)
            mapped(keeping, folder, target, apis, Counter())
            cached, _ = mapped(keeping, folder, target, apis, Counter())
            figures.append(Figures(plain, seconds, cached))
            if not same:
                different.append(chart.name)
    plains = sum(one.plain for one in figures)
    print(f"{len(figures)} charts render; {len(figures) - len(different)} are the same without markers")
    print(f"not the same: {', '.join(different) or 'none'}")
    print(f"lines: {', '.join(f'{count} {name}' for name, count in confidences.most_common())}")
    print(f"mapped / plain, all together: {sum(one.mapped for one in figures) / plains:.2f}  goal < 3")
    print(f"mapped / plain, median: {statistics.median(one.mapped / one.plain for one in figures):.2f}")
    print(f"from the cache / plain, all together: {sum(one.cached for one in figures) / plains:.2f}")


if __name__ == "__main__":
    main()
