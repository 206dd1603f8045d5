"""The sets of values that a chart or a subchart sees, weakest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.read.helm.values import BadYaml, Layer, Place, read_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.source import Source
    from opslint.read.helm.chart import LoadedChart, Part
    from opslint.read.helm.releases import Release


def layers(chart: LoadedChart, release: Release, chain: tuple[str, ...]) -> list[Layer]:
    """Return the values of a (sub)chart: what it imports, its own defaults, its parents', the files, what is set.

    `chain` are the names of the subcharts from the chart down to it.
    """
    parts = [chart.part]
    for name in chain:
        child = parts[-1].child(name)
        if child is None:
            break
        parts.append(child)
    found = _imported(chart, parts, chain) + _defaults(chart, parts, chain)
    for source in release.values_files:
        found += _layer(chart, source, chain)
    if release.given:
        found.append(Layer(None, None, chain, release.given))
    return found


def _defaults(chart: LoadedChart, parts: Sequence[Part], chain: tuple[str, ...]) -> list[Layer]:
    """Return the default values of the last of these charts: its own, then what its parents say of it."""
    found: list[Layer] = []
    for depth in range(len(parts) - 1, -1, -1):
        path = f"{parts[depth].prefix}values.yaml"
        if path in chart.files and not parts[depth].archived:
            found += _layer(chart, chart.source(path), chain[depth:])
    return found


def _imported(chart: LoadedChart, parts: Sequence[Part], chain: tuple[str, ...]) -> list[Layer]:
    """Return what `import-values` takes from the default values of subcharts.

    It yields to everything else, and Helm takes it before it looks at what a release gives.
    """
    found: list[Layer] = []
    for dependency in parts[-1].dependencies:
        name = dependency.alias or dependency.name
        child = parts[-1].child(name) if dependency.imports else None
        if child is None:
            continue
        files = _defaults(chart, [*parts, child], (*chain, name))
        for theirs, ours in dependency.imports:
            found += [
                Layer(layer.source, _under(place, ours))
                for layer in files
                if layer.places is not None and (place := layer.places.get(*layer.prefix, *theirs)) is not None
            ]
    return found


def _under(place: Place, path: tuple[str, ...]) -> Place:
    """Return a map that has a place at a path."""
    for key in reversed(path):
        place = Place("map", place.span, entries={key: place})
    return place


def _layer(chart: LoadedChart, source: Source, prefix: tuple[str, ...]) -> list[Layer]:
    key = f"places:{source.path}\0{source.text}"  # one file may declare several releases, each with values of its own
    if key not in chart.cache:
        try:
            chart.cache[key] = read_places(source.text)
        except BadYaml:
            chart.cache[key] = None  # the engine reports it
    places = chart.cache[key]
    return [Layer(source, places, prefix)] if isinstance(places, Place) else []
