"""Loading a chart: its files, its subcharts, its declared dependencies, and where each of them stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.model.records import dataclass, field
from opslint.model.report import Failure
from opslint.model.source import Source, Span
from opslint.read.helm.archive import CHART_BYTES, BadArchive, unpack
from opslint.read.helm.dependencies import Nearby, declared
from opslint.read.helm.files import DirectoryReader, within
from opslint.read.helm.values import BadYaml, Place, read_places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opslint.read.helm.dependencies import Dependency

_DEPTH: Final = 8  # subcharts within subcharts
_YAML: Final = (".yaml", ".yml", ".json")


@dataclass(slots=True, eq=False)
class Part:
    """A chart of the tree: the chart itself (prefix "") or a subchart.

    `prefix` is where its files stand in `LoadedChart.files` ("charts/db/"), `home` their directory relative to the
    root. `entry` is the dependency that declares it, `archived` true inside a .tgz, `vendored` for a third party's.
    `version` is that of a chart that stands elsewhere in the linted paths and takes the place of one that is not in
    charts/.
    """

    prefix: str
    home: str
    name: str
    metadata: Place
    entry: Dependency | None = None
    archived: bool = False
    vendored: bool = False
    version: str = ""
    dependencies: tuple[Dependency, ...] = ()
    children: list[Part] = field(default_factory=list)

    def child(self, name: str) -> Part | None:
        """Return the subchart that Helm calls by this name (its alias, else its own name)."""
        for dependency in self.dependencies:
            if dependency.alias == name:
                name = dependency.name
                break
        return next((part for part in self.children if part.name == name), None)


@dataclass(slots=True, eq=False)
class LoadedChart:
    """A chart in memory. `path` is relative to the root of the run; `files` hold subcharts unpacked."""

    path: str
    root: Path
    files: dict[str, bytes] = field(default_factory=dict)
    part: Part = field(default_factory=lambda: Part("", "", "", Place("map", Span(1, 1, 1, 1))))
    failures: list[Failure] = field(default_factory=list)
    readable: bool = False  # Chart.yaml was there and parsed
    cache: dict[str, object] = field(default_factory=dict)  # of rendering: what all releases share
    _sources: dict[str, Source] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The chart's name."""
        return self.part.name

    @property
    def is_library(self) -> bool:
        """True for a library chart, which is not rendered alone."""
        return self.part.metadata.scalar("type") == "library"

    @property
    def renderable(self) -> bool:
        """True when Helm can be asked to render it."""
        return self.readable and not self.is_library

    @property
    def lacking(self) -> tuple[Dependency, ...]:
        """The declared dependencies that were not found, switched off or not."""
        there = {child.name for child in self.part.children}
        return tuple(item for item in self.part.dependencies if item.name not in there)

    def parts(self) -> Iterator[Part]:
        """Yield the chart and all its subcharts, parents first."""
        stack = [self.part]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))

    def part_of(self, path: str) -> Part:
        """Return the chart of the tree that a file of `files` belongs to."""
        part = self.part
        while (inner := next((p for p in part.children if path.startswith(p.prefix)), None)) is not None:
            part = inner
        return part

    def resolve(self, name: str) -> tuple[str, Part, tuple[str, ...]] | None:
        """Return (path in `files`, its part, the names of the subcharts down to it) of a template by Helm's name."""
        _, _, rest = name.partition("/")
        part = self.part
        chain: tuple[str, ...] = ()
        while rest.startswith("charts/"):
            called, _, inner = rest.removeprefix("charts/").partition("/")
            child = part.child(called)
            if child is None:
                break
            part, chain, rest = child, (*chain, called), inner
        path = part.prefix + rest
        return (path, part, chain) if path in self.files else None

    def source(self, path: str) -> Source:
        """Return the text of a file of `files` as a Source; undecodable bytes are replaced."""
        found = self._sources.get(path)
        if found is None:
            part = self.part_of(path)
            inner = path.removeprefix(part.prefix)
            home = f"{part.home}/{inner}".lstrip("/")
            kind = "template" if inner.startswith("templates/") else "yaml"
            if re.fullmatch(r"(ci/)?[^/]*values[^/]*\.ya?ml", inner):
                kind = "values"
            text = self.files[path].decode("utf-8", "replace")
            absolute = "" if part.archived else str(self.root / home)
            found = Source(home, text, kind, vendored=part.vendored, absolute=absolute)
            self._sources[path] = found
        return found

    def templates(self) -> list[str]:
        """Return the paths of all templates, subcharts' included."""
        return [path for path in self.files if path.removeprefix(self.part_of(path).prefix).startswith("templates/")]

    def crds(self) -> list[str]:
        """Return the paths of the manifests under crds/, subcharts' included."""
        return [
            path
            for path in self.files
            if path.removeprefix(self.part_of(path).prefix).startswith("crds/") and path.endswith(_YAML)
        ]


def load_chart(root: Path, path: str, nearby: Nearby | None = None) -> LoadedChart:
    """Read the chart at `path` (relative to `root`, "" for the root itself).

    A dependency that is not in charts/ is taken from `nearby`, the charts of the linted paths.
    Never raises: what could not be read is in `failures`, and `readable` is false when there is no usable Chart.yaml.
    """
    path = "" if path == "." else path.strip("/")
    chart = LoadedChart(path, root)
    directory = root / path if path else root
    if not within(directory, root):
        chart.failures.append(
            Failure(path, 0, "the chart's folder is a link that leads outside the linted folder", "chart")
        )
        return chart
    _Loader(chart, nearby or Nearby(root)).load(directory)
    return chart


class _Loader:
    def __init__(self, chart: LoadedChart, nearby: Nearby) -> None:
        self._chart, self._nearby = chart, nearby
        self._budget = CHART_BYTES
        self._homes = [chart.path]  # of the charts taken from the repository, down to the one being read

    def load(self, directory: Path) -> None:
        chart = self._chart
        reader = DirectoryReader(chart.root, directory, chart.path)
        files = reader.read()
        chart.failures.extend(reader.failures)
        chart.readable = self._part(files, "", chart.path, parent=None, archived=False) is not None

    def _fail(self, path: str, line: int, message: str) -> None:
        self._chart.failures.append(Failure(path.lstrip("/"), line, message, "chart"))

    def _part(
        self,
        files: dict[str, bytes],
        prefix: str,
        home: str,
        *,
        parent: Part | None,
        archived: bool,
        depth: int = 0,
        version: str = "",
    ) -> Part | None:
        """Add a chart's files under `prefix` and return it with its subcharts; None when it cannot be read."""
        chart_yaml = files.get("Chart.yaml")
        if chart_yaml is None:
            self._fail(f"{home}/Chart.yaml", 0, "there is no Chart.yaml in this chart")
            return None
        text = chart_yaml.decode("utf-8", "replace")
        try:
            metadata = read_places(text)
        except BadYaml as error:
            self._fail(f"{home}/Chart.yaml", error.line, f"Chart.yaml is not valid YAML: {error}")
            return None
        name = metadata.scalar("name")
        if metadata.kind != "map" or not re.fullmatch(r"[^/\\\s\x00-\x1f]+", name) or name in {".", ".."}:
            self._fail(f"{home}/Chart.yaml", 1, "Chart.yaml has no usable `name`")
            return None
        part = Part(prefix, home, name, metadata, archived=archived, version=version)
        self._describe(part, parent)
        if parent is None:
            self._chart.part = part
        else:
            parent.children.append(part)
        own = {path: data for path, data in files.items() if not path.startswith("charts/")}
        self._chart.files.update((prefix + path, data) for path, data in own.items())
        part.dependencies = tuple(self._dependencies(part))
        if depth < _DEPTH:
            self._subcharts(part, files, depth)
        return part

    def _describe(self, part: Part, parent: Part | None) -> None:
        if parent is None:
            return
        part.entry = next((item for item in parent.dependencies if item.name == part.name), None)
        # An undeclared directory, or one from elsewhere in the repository, is its own code and no third party's.
        remote = part.entry.remote and not part.version if part.entry else part.archived
        part.vendored = parent.vendored or remote
        if parent.archived:
            part.entry = parent.entry

    def _dependencies(self, part: Part) -> Iterator[Dependency]:
        for name in ("Chart.yaml", "requirements.yaml"):
            path = part.prefix + name
            if path not in self._chart.files:
                continue
            source = Source(
                f"{part.home}/{name}".lstrip("/"), self._chart.files[path].decode("utf-8", "replace"), "yaml"
            )
            try:
                root = part.metadata if name == "Chart.yaml" else read_places(source.text)
            except BadYaml as error:
                self._fail(source.path, error.line, f"{name} is not valid YAML: {error}")
                continue
            yield from declared(root, self._chart.source(path))

    def _subcharts(self, part: Part, files: dict[str, bytes], depth: int) -> None:
        grouped: dict[str, dict[str, bytes]] = {}
        for path, data in files.items():
            if path.startswith("charts/"):
                top, _, inner = path.removeprefix("charts/").partition("/")
                if top[0] not in "_." and not (inner == "" and not top.endswith(".tgz")):
                    grouped.setdefault(top, {})[inner] = data
        for top, inside in grouped.items():
            home = f"{part.home}/charts/{top}".lstrip("/")
            archived = top.endswith(".tgz")
            if archived:
                try:
                    inside = unpack(inside[""], budget=self._budget)  # noqa: PLW2901 - the archive's files instead
                except BadArchive as error:
                    self._fail(home, 0, f"refused: {error}")
                    continue
                self._budget -= sum(map(len, inside.values()))
            self._child(
                part, inside, f"{part.prefix}charts/{top}/", home, archived=archived or part.archived, depth=depth
            )
        self._local(part, depth)

    def _child(
        self,
        part: Part,
        files: dict[str, bytes],
        prefix: str,
        home: str,
        *,
        archived: bool,
        depth: int,
        version: str = "",
    ) -> None:
        prefix = prefix.replace(".tgz/", "/")
        self._part(files, prefix, home, parent=part, archived=archived, depth=depth + 1, version=version)

    def _local(self, part: Part, depth: int) -> None:
        """Take dependencies that are not in charts/ from where they stand in the repository.

        That is where `file://` leads, or a chart of this name and a fitting version among the linted ones.
        """
        if part.archived:
            return
        for item in part.dependencies:
            if any(child.name == item.name for child in part.children):
                continue
            if item.repository.startswith("file://"):
                directory = self._chart.root / part.home / item.repository.removeprefix("file://")
                self._take(part, item, directory, depth)
            if not any(child.name == item.name for child in part.children):
                near = self._nearby.find(item.name, item.version)
                if near is not None:
                    self._take(part, item, self._chart.root / near[0], depth, near[1])

    def _take(self, part: Part, item: Dependency, directory: Path, depth: int, version: str = "") -> None:
        """Add the chart of another directory as a subchart."""
        chart = self._chart
        if not within(directory, chart.root) or not (directory / "Chart.yaml").is_file():
            return
        home = directory.resolve().relative_to(chart.root.resolve()).as_posix()
        if home in self._homes:
            return  # it depends on itself
        self._homes.append(home)
        reader = DirectoryReader(chart.root, directory, home)
        prefix = f"{part.prefix}charts/{item.name}/"
        self._child(part, reader.read(), prefix, home, archived=False, depth=depth, version=version)
        self._homes.pop()
        chart.failures.extend(reader.failures)
