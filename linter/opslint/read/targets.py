"""The Kubernetes versions that each unit is judged against, and what named them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.patterns import glob_matches, regex
from opslint.model.project import Target
from opslint.model.report import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.node import Node
    from opslint.model.project import Cluster, Environment
    from opslint.model.settings import ClusterSettings, Settings
    from opslint.model.source import Location

_VERSION: Final = regex(r"v?1\.(\d{1,3})(?:[.+-].*)?\Z")
_OLDEST: Final = 8  # of the data on APIs


class TargetError(ValueError):
    """The target version that the user gave cannot be read, or nothing is known of it; `location` says where it is."""

    def __init__(self, message: str, location: Location | None = None) -> None:
        super().__init__(message)
        self.location = location


def minor_of(text: str) -> int | None:
    """Return 31 for `1.31`, `v1.31.7` or `1.31.7-eks-abc`; None when the text is no version of Kubernetes 1.x."""
    match = _VERSION.match(text.strip())
    return int(match[1]) if match else None


def is_known(minor: int) -> bool:
    """Tell whether the data on APIs covers a minor of Kubernetes."""
    return _OLDEST <= minor <= _newest_known()


def _newest_known() -> int:
    from opslint_schemas import load

    return max(map(int, load("kubernetes/version_skew")["control_planes"]))


def _unknown(minor: int) -> str:
    return f"Kubernetes 1.{minor} is not a version that opslint knows (1.{_OLDEST} to 1.{_newest_known()})"


class Targets:
    """Finds the targets of each unit: flag, configuration, the cluster it is mapped to, else the newest EKS version."""

    def __init__(
        self, settings: Settings, clusters: Sequence[Cluster], wanted: Sequence[Cluster] | None = None
    ) -> None:
        """Take all clusters, and those that the run is about (None: all)."""
        self._settings, self._clusters = settings, clusters
        self._wanted = clusters if wanted is None else wanted
        self.notices: list[Notice] = []
        self._given = self._parse(settings.target_version)
        self._of_cluster = {id(cluster): target for cluster in clusters if (target := self._target_of(cluster))}

    def of(self, unit_id: str, environment: Environment, named: str = "") -> tuple[tuple[Target, ...], Cluster | None]:
        """Return the targets of a unit and the cluster it is mapped to (None: none, or one of several).

        `named` is the name of the cluster that the unit's own files give, if any.
        """
        cluster = (self._named(named) if named else None) or self._cluster_for(unit_id, environment)
        if self._given and self._settings.target_version != "next":
            return self._given, cluster
        if cluster is not None and id(cluster) in self._of_cluster:
            found: tuple[Target, ...] = (self._of_cluster[id(cluster)],)
        else:
            possible = [self._of_cluster[id(one)] for one in self._wanted if id(one) in self._of_cluster]
            distinct = {target.minor: target for target in possible}
            found = tuple(distinct[minor] for minor in sorted(distinct))
        found = found or (self._newest(),)
        if self._settings.target_version == "next":
            found += tuple(
                Target(f"{target.id}+1", target.minor + 1, target.kind, target.location, after=True) for target in found
            )
        return found, cluster

    def _cluster_for(self, unit_id: str, environment: Environment) -> Cluster | None:
        for entry in self._settings.clusters:
            if any(glob_matches(unit_id, glob) for glob in entry.units):
                return next((one for one in self._clusters if one.id == entry.name), None)
        if environment.name:
            same = [one for one in self._clusters if one.environment.name == environment.name]
            same = same or [one for one in self._clusters if one.environment.stage == environment.stage != "unknown"]
            if len(same) == 1:
                return same[0]
        return self._wanted[0] if len(self._wanted) == 1 else None

    def _named(self, name: str) -> Cluster | None:
        found = [
            one
            for one in self._clusters
            if name == one.id or (one.name.known and one.name.is_scalar and name == one.name.text)
        ]
        return found[0] if len(found) == 1 else None

    def _configured(self, cluster: Cluster) -> ClusterSettings | None:
        return next((one for one in self._settings.clusters if one.name == cluster.id), None)

    def _target_of(self, cluster: Cluster) -> Target | None:
        entry = self._configured(cluster)
        if entry is not None and entry.version:
            minor = minor_of(entry.version)
            if minor is not None:
                return Target(cluster.id, minor, "configuration", entry.location)
        node = cluster.version
        place = place_of_value(node)
        if not node.known:
            self._say(place, f"the version of {cluster.id} cannot be told from the files ({node.why})")
            return None
        if not node.present:
            return None
        minor = minor_of(node.text)
        if minor is None:
            self._say(place, f'"{node.text}" is not a Kubernetes version such as 1.34')
            return None
        if not is_known(minor):
            self._say(place, _unknown(minor))
            return None
        return Target(cluster.id, minor, "cluster", place)

    def _say(self, place: Location, message: str) -> None:
        self.notices.append(
            Notice(place.source.path, place.span.line, f"{message}: the next source of a target is used")
        )

    def _parse(self, text: str) -> tuple[Target, ...]:
        if text in {"", "next"}:
            return ()
        found = []
        for part in text.split(","):
            minor = minor_of(part)
            if minor is None:
                wrong = f'"{part.strip()}" is not a Kubernetes version such as 1.34'
                raise TargetError(wrong, self._settings.target_location)
            if not is_known(minor):
                raise TargetError(f"target version: {_unknown(minor)}", self._settings.target_location)
            kind = self._settings.target_source or "flag"
            found.append(Target(f"1.{minor}", minor, kind, self._settings.target_location))
        return tuple(sorted(found, key=lambda target: target.minor))

    @staticmethod
    def _newest() -> Target:
        from opslint_schemas.lifecycle import newest_eks

        version = newest_eks()
        return Target(version, minor_of(version) or 0, "newest")


def place_of_value(node: Node) -> Location:
    """Return the place that supplies a value: the last one it came from, else its own."""
    return node.via[-1][1] if node.via else node.location
