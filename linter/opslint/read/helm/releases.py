"""Which releases a chart is rendered as: its environments, values files, names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.project import Environment
from opslint.model.records import dataclass, field, replace
from opslint.model.report import Failure
from opslint.model.source import Source
from opslint.read.environments import is_environment, stage_of
from opslint.read.helm.archive import CHART_FILE_BYTES
from opslint.read.helm.files import BOM, within
from opslint.read.overlay import overlaid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path as FilePath

    from opslint.model.settings import ChartEnvironment, Settings
    from opslint.model.source import Location
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.values import Path

# values-prod.yaml, values.prod.yaml, prod-values.yaml; values/prod.yaml, environments/prod/values.yaml, …
_ENVIRONMENT_FILE: Final = regex(
    r"values[-._](?P<a>[\w.-]+)\.ya?ml|(?P<b>[\w.-]+)[-._]values\.ya?ml"
    r"|(?:values|envs?|environments)/(?:values[-._])?(?P<c>[\w.-]+?)(?:/values)?\.ya?ml"
)
_CI_FILE: Final = regex(r"ci/[^/]*values\.ya?ml")
_KEY: Final = regex(r"((?:\\.|[^.\\\[\]])+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A chart with the values it is installed with.

    `set` are paths with their values, `set_strings` the command line's `key=value`. `default` is true when nothing
    told how the chart is deployed. `failures` name values files that could not be read. `source` says what declares the
    release, `unknown` what of its values cannot be told from the files, `cluster` the name of where it goes, if told.
    """

    name: str
    namespace: str = ""
    environment: Environment = field(default_factory=Environment)
    values_files: tuple[Source, ...] = ()
    set: tuple[tuple[Path, object], ...] = ()
    set_strings: tuple[str, ...] = ()
    default: bool = False
    failures: tuple[Failure, ...] = ()
    source: str = "default values"
    unknown: tuple[str, ...] = ()
    cluster: str = ""

    @property
    def given(self) -> tuple[Path, ...]:
        """The paths that are set without a file."""
        return (*(path for path, _ in self.set), *(key_path(text.partition("=")[0]) for text in _expressions(self)))

    def set_at(self, path: Path) -> object | None:
        """Return what is set at a path without a file, None for nothing; booleans of expressions are booleans."""
        for text in reversed(list(_expressions(self))):
            key, _, value = text.partition("=")
            if key_path(key) == path:
                return {"true": True, "false": False}.get(value.strip(), value)
        for given, content in reversed(self.set):
            if given == path[: len(given)] and (found := _inner(content, path[len(given) :])) is not None:
                return found
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """A release that a file of the repository declares: an Application, a HelmRelease, a helm_release.

    `layers` are its values, weakest first: a file's name (relative to the chart, from the root with a leading slash) or
    a text of values with its place. With `optional`, files that do not exist are left out. `source` and `place` say
    who declares it; the other fields are those of a Release.
    """

    name: str
    namespace: str
    environment: Environment
    source: str
    place: Location
    layers: tuple[str | Source, ...] = ()
    set: tuple[tuple[Path, object], ...] = ()
    set_strings: tuple[str, ...] = ()
    optional: bool = False
    unknown: tuple[str, ...] = ()
    cluster: str = ""


def _inner(value: object, path: Path) -> object | None:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _expressions(release: Release) -> Iterator[str]:
    for text in release.set_strings:
        yield from re.split(r"(?<!\\),(?=[^={}]*=)", text)


def key_path(key: str) -> Path:
    """Return the path of a `--set` key; `a.b[0]` is ("a", "b", 0), a backslash keeps a dot within a key."""
    return tuple(int(index) if index else re.sub(r"\\(.)", r"\1", name) for name, index in _KEY.findall(key.strip()))


def releases(chart: LoadedChart, settings: Settings, declared: Sequence[Declared] = ()) -> list[Release]:
    """Return the releases to render.

    Those of the configuration, else the declared ones, else one for each environment's values file, else the default.
    """
    configured = _configured(chart, settings)
    if configured:
        found = [_from_settings(chart, item) for item in configured]
    elif declared:
        found = [_from_declared(chart, item) for item in declared]
    else:
        files = [] if _for_chart(settings.helm_values, chart.path) else list(_environment_files(chart))
        found = [
            Release(
                _name(chart),
                environment=environment,
                values_files=(_values(chart.source(path)),),
                source=chart.source(path).path,
            )
            for path, environment in files
        ] or [Release(_name(chart), default=True)]
    return [_command_line(chart, settings, release) for release in found]


def ci_releases(chart: LoadedChart, release: Release) -> list[Release]:
    """Return the release once with each of the values files of ci/, which chart-testing uses too."""
    return [
        replace(release, values_files=(*release.values_files, _values(chart.source(path))), default=False, source=path)
        for path in sorted(chart.files)
        if _CI_FILE.fullmatch(path)
    ]


def _values(source: Source) -> Source:
    return source if source.kind == "values" else replace(source, kind="values")


def _name(chart: LoadedChart) -> str:
    folder = PurePosixPath(chart.path).name if chart.path else chart.root.resolve().name
    name = re.sub(r"[^a-z0-9-]+", "-", folder.lower()).strip("-")[:53].strip("-")
    return name or "release"


def _configured(chart: LoadedChart, settings: Settings) -> tuple[ChartEnvironment, ...]:
    wanted = chart.path or "."
    for path, environments in settings.charts.items():
        if (path.removeprefix("./").strip("/") or ".") == wanted:
            return environments
    return ()


def _from_settings(chart: LoadedChart, item: ChartEnvironment) -> Release:
    sources, failures = _read_all(chart, item.values)
    return Release(
        item.release_name or _name(chart),
        item.namespace,
        Environment(item.name, stage_of(item.name), "configuration"),
        sources,
        tuple((key_path(key), value) for key, value in item.set.items()),
        failures=failures,
        source="configuration",
    )


def _from_declared(chart: LoadedChart, item: Declared) -> Release:
    sources: list[Source] = []
    failures: list[Failure] = []
    for layer in item.layers:
        read = layer if isinstance(layer, Source) else _declared_file(chart, layer)
        if isinstance(read, Source):
            sources.append(read)
        elif not (item.optional and read.kind == "missing"):
            failures.append(Failure(item.place.source.path, item.place.span.line, read.message, "chart"))
    return Release(
        item.name or _name(chart),
        item.namespace,
        item.environment,
        tuple(sources),
        item.set,
        item.set_strings,
        failures=tuple(failures),
        source=item.source,
        unknown=item.unknown,
        cluster=item.cluster,
    )


def _declared_file(chart: LoadedChart, name: str) -> Source | Failure:
    return _read(chart, name.lstrip("/"), (chart.root,)) if name.startswith("/") else _read(chart, name)


def _environment_files(chart: LoadedChart) -> Iterator[tuple[str, Environment]]:
    for path in sorted(chart.files):
        environment = _environment_of_file(path)
        if environment is not None:
            yield path, environment


def _environment_of_file(path: str) -> Environment | None:
    match = _ENVIRONMENT_FILE.fullmatch(path)
    word = (match["a"] or match["b"] or match["c"]) if match else ""
    return Environment(word, stage_of(word), path) if word and is_environment(word) else None


def _for_chart(pairs: tuple[tuple[str, str], ...], path: str) -> tuple[str, ...]:
    return tuple(
        text for chart, text in pairs if not chart or chart.removeprefix("./").strip("/") in {path, path or "."}
    )


def _command_line(chart: LoadedChart, settings: Settings, release: Release) -> Release:
    names = _for_chart(settings.helm_values, chart.path)
    sources, failures = _read_all(chart, names)
    environment = release.environment
    if names and release.default:
        environment = _environment_of(names)
    return replace(
        release,
        name=settings.release_name or release.name,
        namespace=settings.namespace or release.namespace,
        environment=environment,
        values_files=release.values_files + sources,
        set_strings=release.set_strings + _for_chart(settings.helm_set, chart.path),
        default=release.default and not names,
        failures=release.failures + failures,
        source="--helm-values" if names and release.default else release.source,
    )


def _environment_of(names: tuple[str, ...]) -> Environment:
    for name in reversed(names):
        found = _environment_of_file(PurePosixPath(name).name)
        if found is not None:
            return found
        word = PurePosixPath(name).stem
        if is_environment(word):
            return Environment(word, stage_of(word), name)
    return Environment()


def _read_all(chart: LoadedChart, names: tuple[str, ...]) -> tuple[tuple[Source, ...], tuple[Failure, ...]]:
    sources: list[Source] = []
    failures: list[Failure] = []
    for name in names:
        read = _read(chart, name)
        if isinstance(read, Source):
            sources.append(read)
        else:
            failures.append(read._replace(kind="chart") if read.kind == "missing" else read)
    return tuple(sources), tuple(failures)


def _read(chart: LoadedChart, name: str, bases: tuple[FilePath, ...] = ()) -> Source | Failure:
    """Return a values file named relative to the chart, else to the root (or to `bases` only)."""
    inner = PurePosixPath(name).as_posix().removeprefix("./")
    if inner in chart.files and not bases:
        return _values(chart.source(inner))
    for base in bases or (chart.root / chart.path, chart.root):
        path = base / name
        if not path.is_file():
            continue
        if not within(path, chart.root):
            return Failure(chart.path, 0, f"values file {name} leads outside the linted folder: not read", "chart")
        relative = path.resolve().relative_to(chart.root.resolve()).as_posix()
        try:
            if path.stat().st_size > CHART_FILE_BYTES:
                return Failure(relative, 0, "the values file is too large", "limit")
            instead = overlaid(path)
            data = path.read_bytes() if instead is None else instead
            text = data.removeprefix(BOM).decode("utf-8", "replace")
        except OSError as error:
            return Failure(relative, 0, f"the values file cannot be read: {error.strerror}", "chart")
        return Source(relative, text, "values", absolute=str(chart.root / relative))
    return Failure(chart.path, 0, f"values file {name} does not exist, neither in the chart nor in the root", "missing")
