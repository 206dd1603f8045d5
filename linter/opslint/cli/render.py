"""`opslint render`: a chart's manifests, and where each line comes from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.completion import complete_paths
from opslint.cli.options import OptionSections, reading_options
from opslint.cli.streams import choose_color, say, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opslint.model.project import Chart, ChartRelease
    from opslint.model.source import Source
    from opslint.read.plan import Reading

_EPILOG: Final = """\
\b
Examples:
  opslint render charts/api                                its only release
  opslint render charts/api --env prod --map               with the template line in front of each line
  opslint render charts/api --helm-values my.yaml --helm-set image.tag=2
  opslint render charts/api --env prod | kubectl diff -f -

\b
In front of a line, `~` behind the number says that the line stands somewhere in the block that begins there; a path
without a number, that only the file is known.

\b
Exit status: 0; 2 for wrong usage or configuration; 3 when the chart does not render.
"""


@click.command(cls=OptionSections, epilog=_EPILOG)
@click.argument("chart", shell_complete=complete_paths, metavar="CHART")
@click.option("--map", "mapped", is_flag=True, help="Put the place in the chart in front of every line.")
@reading_options
def render(chart: str, *, mapped: bool, **given: Any) -> int:
    """Print the manifests of a chart, rendered as `opslint check` renders it.

    CHART is its folder. The environment's values and the Kubernetes version are those that the configuration and the
    files of the repository tell; of several environments, --env chooses one.
    """
    from opslint.cli.check import expected_errors, say_expected

    choose_color(given["color"])
    try:
        return _render(chart, given, mapped=mapped)
    except expected_errors() as error:
        say_expected(error)
        return 2


def _render(path: str, given: Mapping[str, Any], *, mapped: bool) -> int:
    if not Path(path, "Chart.yaml").is_file():
        raise click.UsageError(f"{path!r} is not the folder of a chart: there is no Chart.yaml in it.")
    wanted, reading = _read(path, given)
    chart = next((one for one in reading.project.charts if one.path == wanted), None)
    failed = _say_failures(reading, wanted, quiet=given["quiet"])
    if chart is None:
        return 3
    if chart.library:
        raise click.UsageError(f"{path!r} is a library chart: it prints nothing alone, render a chart that uses it.")
    releases = _chosen(chart, path, given)
    if releases:
        show("".join(_lines(releases, mapped=mapped)))
    return 3 if failed or not releases or not all(release.rendered for release in releases) else 0


def _read(path: str, given: Mapping[str, Any]) -> tuple[str, Reading]:
    """Read the repository around the chart (it tells environments and versions), and render this chart only."""
    from opslint.cli.overrides import below_root, overrides_of
    from opslint.cli.progress import ProgressBar
    from opslint.config import find_root, load_settings
    from opslint.read.plan import read_project

    root = find_root([path])
    settings = load_settings([path], config_file=given["config"], overrides=overrides_of(given, root), root=root)
    wanted = below_root(path, root)
    around = [str(root), path] if (root / ".git").exists() else [path]
    with ProgressBar(enabled=not given["quiet"]) as progress:
        return wanted, read_project(around, settings, None, progress, only_chart=wanted)


def _chosen(chart: Chart, path: str, given: Mapping[str, Any]) -> Sequence[ChartRelease]:
    names = sorted({release.environment.name for release in chart.releases})
    if len(names) > 1:
        raise click.UsageError(f"{path!r} has several environments: choose with --env one of {', '.join(names)}.")
    if not names and given["env"]:
        raise click.UsageError(f"{path!r} has no environment {', '.join(given['env'])}.")
    return chart.releases


def _say_failures(reading: Reading, chart: str, *, quiet: bool) -> bool:
    """Say what is wrong in the chart's folder; True when something could not be read or rendered."""
    prefix = f"{chart}/" if chart else ""
    failures = [one for one in reading.failures if one.kind == "chart" or f"{one.path}/".startswith(prefix)]
    for one in failures:
        say(f"{one.path}{f':{one.line}' if one.line else ''}: {one.message}", "error")
    for notice in () if quiet else reading.coverage.notices:
        if f"{notice.path}/".startswith(prefix):
            say(f"{notice.path}{f':{notice.line}' if notice.line else ''}: {notice.message}", "note")
    return bool(failures)


def _lines(releases: Sequence[ChartRelease], *, mapped: bool) -> Iterator[str]:
    from opslint.output.escape import visible

    for release in releases:
        if len(releases) > 1:
            yield f"# Release: {visible(release.unit)}\n"
        places = [_places(source) if mapped else [] for source in release.sources]
        width = max((len(place) for column in places for place in column), default=0)
        for source, column in zip(release.sources, places, strict=True):
            if mapped:
                yield f"{'':<{width}} | ---\n"
                for place, line in zip(column, _text_lines(source), strict=True):
                    yield f"{place:<{width}} | {visible(line)}".rstrip() + "\n"
            else:
                yield f"---\n# Source: {visible(source.path)}\n"
                # A terminal obeys control characters; whoever reads a pipe wants the text as it is.
                yield from (f"{visible(line) if sys.stdout.isatty() else line}\n" for line in _text_lines(source))


def _text_lines(source: Source) -> list[str]:
    lines = source.text.strip("\n").split("\n")
    return lines[1:] if lines[0].rstrip() == "---" else lines


def _places(source: Source) -> list[str]:
    """Return the place in the chart of every line to print, "" for an empty one."""
    from opslint.model.source import Confidence, Span
    from opslint.output.escape import visible

    lines = _text_lines(source)
    found = []
    for number, line in enumerate(lines, _first_line(source)):
        if not line.strip():
            found.append("")
            continue
        if source.origin is None:
            found.append(f"{visible(source.path)}:{number}")
            continue
        origin = source.origin.locate(Span.of_line(number, source.line(number)))
        path, at = visible(origin.location.source.path), origin.location.span.line
        sign = {Confidence.BLOCK: "~"}.get(origin.confidence, "")
        found.append(path if origin.confidence is Confidence.FILE else f"{path}:{at}{sign}")
    return found


def _first_line(source: Source) -> int:
    """Return the 1-based number of the first line that `_text_lines` keeps."""
    text = source.text
    skipped = len(text) - len(text.lstrip("\n"))
    return skipped + 1 + (text.lstrip("\n").split("\n", 1)[0].rstrip() == "---")
