"""The charts that a chart depends on: what it declares, which of it a release switches off, where else it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple, dataclass
from opslint.model.semver import satisfies
from opslint.model.source import Location
from opslint.read.helm.files import DirectoryReader
from opslint.read.helm.layers import layers
from opslint.read.helm.values import BadYaml, find, read_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opslint.model.source import Source
    from opslint.read.helm.chart import LoadedChart, Part
    from opslint.read.helm.releases import Release
    from opslint.read.helm.values import Place

_REMOTE: Final = regex(r"^(https?|oci|s3|gs|git)(\+\w+)?://|^@|^alias:")
_TRUE: Final = frozenset({"true", "yes", "on", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "n"})


@dataclass(frozen=True, slots=True, eq=False)
class Dependency:
    """An entry of `dependencies`; `location` is its name's line in Chart.yaml (or requirements.yaml).

    `version` is a range as Helm reads them, `condition` the paths of switches in the values, separated by commas,
    `tags` the names of switches under `tags`. `imports` are its `import-values`: paths in its values, each with the
    path in its parent's.
    """

    name: str
    alias: str
    repository: str
    version: str
    condition: str
    tags: tuple[str, ...]
    location: Location
    imports: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    @property
    def remote(self) -> bool:
        """True for a third party's chart: it comes from a repository or a registry."""
        return _REMOTE.match(self.repository.lower()) is not None


class Needed(NamedTuple):
    """A dependency that a release does not switch off: `part` is None when it is nowhere to be found."""

    dependency: Dependency
    part: Part | None
    location: Location


def declared(metadata: Place, source: Source) -> Iterator[Dependency]:
    """Yield the dependencies that Chart.yaml (or requirements.yaml) declares; `metadata` is its text as places."""
    entries = metadata.get("dependencies")
    for entry in entries.entries.values() if entries and entries.kind == "list" else ():
        title = entry.scalar("name")
        if title:
            tags = entry.get("tags")
            yield Dependency(
                title,
                entry.scalar("alias"),
                entry.scalar("repository"),
                entry.scalar("version"),
                entry.scalar("condition"),
                tuple(tag.text for tag in tags.entries.values()) if tags is not None and tags.kind == "list" else (),
                Location(source, entry.entries["name"].span),
                tuple(_imports(entry)),
            )


def _imports(entry: Place) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the `import-values` of a dependency: a name under `exports`, or a pair of paths."""
    wanted = entry.get("import-values")
    for item in wanted.entries.values() if wanted is not None and wanted.kind == "list" else ():
        if item.kind == "scalar" and item.text:
            yield ("exports", *item.text.split(".")), ()
        elif item.scalar("child") and item.scalar("parent"):
            ours = item.scalar("parent")
            yield tuple(item.scalar("child").split(".")), () if ours == "." else tuple(ours.split("."))


def needed(chart: LoadedChart, release: Release) -> Iterator[Needed]:
    """Yield the dependencies of a chart and its subcharts that a release uses."""
    stack: list[tuple[Part, tuple[str, ...]]] = [(chart.part, ())]
    while stack:
        part, chain = stack.pop()
        for item in part.dependencies:
            if _off(chart, release, item, chain):
                continue
            child = part.child(item.alias or item.name)
            entry = part.entry.location if part.archived and part.entry is not None else item.location
            yield Needed(item, child, entry)
            if child is not None:
                stack.append((child, (*chain, item.alias or item.name)))
        names = {item.name for item in part.dependencies}
        stack += [(child, (*chain, child.name)) for child in part.children if child.name not in names]


def _off(chart: LoadedChart, release: Release, item: Dependency, chain: tuple[str, ...]) -> bool:
    """Return whether a release switches a dependency off, as Helm decides it: the first condition that is set wins.

    Source: processDependencyTags and processDependencyConditions in Helm's pkg/chart/v2/util/dependencies.go.
    """
    for condition in item.condition.strip().split(","):
        state = _switch(chart, release, tuple(condition.strip().split(".")), chain) if condition.strip() else None
        if state is not None:
            return not state
    states = [_switch(chart, release, ("tags", tag), ()) for tag in item.tags]
    return False in states and True not in states


def _switch(chart: LoadedChart, release: Release, path: tuple[str, ...], chain: tuple[str, ...]) -> bool | None:
    """Return the boolean at a path of a (sub)chart's values, None when there is none."""
    given = release.set_at((*chain, *path))
    if given is not None:
        return given if isinstance(given, bool) else None
    files = [layer for layer in layers(chart, release, chain) if layer.source is not None]
    found = find(files, path)
    if found is None or found.scalar is None or not found.place.plain:
        return None
    text = found.place.text.lower()
    return True if text in _TRUE else False if text in _FALSE else None


class Nearby:
    """The charts of the linted paths, by name: where a dependency that is not in charts/ may stand.

    `paths` are their directories relative to `root`; nothing is read before it is asked for.
    """

    def __init__(self, root: Path, paths: Sequence[str] = ()) -> None:
        self._root, self._paths = root, paths
        self._found: dict[str, list[tuple[str, str]]] | None = None

    def find(self, name: str, version: str) -> tuple[str, str] | None:
        """Return (path, version) of the chart of this name whose version is in a range; the highest of several."""
        fitting = [one for one in self.named(name) if _fits(one[1], version)]
        return max(fitting, key=lambda one: (_numbers(one[1]), one[0])) if fitting else None

    def named(self, name: str) -> list[tuple[str, str]]:
        """Return (path, version) of every chart of this name."""
        if self._found is None:
            self._found = self._read()
        return self._found.get(name, [])

    def _read(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for path in self._paths:
            text = DirectoryReader(self._root, self._root / path, path).text("Chart.yaml")
            try:
                metadata = read_places(text)
            except BadYaml:
                continue  # it is reported where the chart itself is read
            version = metadata.scalar("version")
            if version:  # Helm takes no chart without
                found.setdefault(metadata.scalar("name"), []).append((path, version))
        return found


def _fits(version: str, wanted: str) -> bool:
    try:
        return not wanted or satisfies(version, wanted) is True
    except ValueError:  # no version
        return False


def _numbers(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by; of what is no version, nothing."""
    parts = version.removeprefix("v").partition("-")[0].partition("+")[0].split(".")
    return tuple(int(one) for one in parts) if all(one.isdecimal() for one in parts) else ()
