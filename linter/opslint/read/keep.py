"""`--env` and `--cluster`: which environments and clusters a run is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.patterns import glob_matches
from opslint.model.report import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opslint.model.project import Cluster, Environment, Unit
    from opslint.model.settings import Settings
    from opslint.model.terraform import RootModule


class Keep:
    """Tells what to keep; what belongs to no environment or cluster in particular is kept, it may be part of each.

    Names may be globs. A name that nothing had is a failure: a gate that judges nothing must not be green.
    """

    def __init__(self, settings: Settings) -> None:
        self._environments, self._clusters = settings.env, settings.cluster
        self._seen: set[str] = set()
        self._ids: set[str] = set()

    def environment(self, environment: Environment) -> bool:
        """True for a wanted environment, and for one without a name."""
        if environment.name:
            self._seen.add(environment.name)
        return not self._environments or not environment.name or _fits(environment.name, self._environments)

    def cluster(self, cluster: Cluster) -> bool:
        """True for a wanted cluster, by its id or its name."""
        names = _names(cluster)
        self._ids.update(names)
        return not self._clusters or any(_fits(name, self._clusters) for name in names)

    def clusters(self, clusters: Iterable[Cluster]) -> list[Cluster]:
        """Return the wanted clusters of the wanted environments."""
        return [one for one in clusters if self.environment(one.environment) & self.cluster(one)]

    def unit(self, unit: Unit) -> bool:
        """True for a unit of a wanted environment that no unwanted cluster is meant to run."""
        return self.environment(unit.environment) and (unit.cluster is None or self.cluster(unit.cluster))

    def modules(self, modules: Iterable[RootModule], clusters: Sequence[Cluster]) -> list[RootModule]:
        """Return the root modules of wanted environments that declare a wanted cluster, or none."""
        declaring: dict[int, list[Cluster]] = {}
        for one in clusters:
            if one.block is not None:
                declaring.setdefault(id(one.block.root), []).append(one)
        return [
            module
            for module in modules
            if self.environment(module.environment)
            and (id(module) not in declaring or any(self.cluster(one) for one in declaring[id(module)]))
        ]

    def failures(self) -> list[Failure]:
        """Return a failure for each name that fits nothing that was read."""
        found = []
        for what, wanted, there in (
            ("environment", self._environments, self._seen),
            ("cluster", self._clusters, self._ids),
        ):
            for name in wanted:
                if not any(_fits(one, (name,)) for one in there):
                    known = f": there are {', '.join(sorted(there))}" if there else ": none was found"
                    found.append(Failure("", 0, f"there is no {what} {name}{known}", "input"))
        return found


def _names(cluster: Cluster) -> tuple[str, ...]:
    text = cluster.name.text if cluster.name.known and cluster.name.is_scalar else ""
    return (cluster.id, text) if text and text != cluster.id else (cluster.id,)


def _fits(name: str, wanted: Sequence[str]) -> bool:
    return any(glob_matches(name.lower(), glob.lower()) for glob in wanted)
