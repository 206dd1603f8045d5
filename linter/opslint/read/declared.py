"""What the files of a repository declare as deployed: releases of its charts, and units of its other paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.read.applications import find_applications
from opslint.read.deployed import deployed_units
from opslint.read.kustomize_tree import kustomization_in

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from opslint.model.project import SourceFile, Unit
    from opslint.model.report import Notice
    from opslint.model.settings import Settings
    from opslint.read.deployed import Deployed
    from opslint.read.helm.releases import Declared

_ROUNDS: Final = 3  # an Application may stand in what another one deploys, and belongs to its environment then


class Declarations:
    """Finds what objects declare; `units`, `files` and `notices` hold what came of it."""

    def __init__(self, root: Path, settings: Settings, charts: Collection[str], units: Sequence[Unit]) -> None:
        """Take the units of plain files and kustomizations."""
        self._root, self._settings, self._charts = root, settings, charts
        self._plain = list(units)
        self._deployed: list[Deployed] = []
        self._tried: set[str] = set()
        self.units = list(units)
        self.files: list[SourceFile] = []
        self.notices: list[Notice] = []

    def of_files(self) -> dict[str, list[Declared]]:
        """Return the releases by the path of their chart that the units declare; make units of other paths."""
        found = find_applications(self.units, self._root, self._charts)
        for _ in range(_ROUNDS):
            known, self._deployed = self._deployed, found.deployed
            if found.deployed == known:
                break
            self._deploy()
            found = find_applications(self.units, self._root, self._charts)
        self.notices += found.notices
        return found.releases

    def of_rendered(self, rendered: Sequence[Unit]) -> dict[str, list[Declared]]:
        """Return the releases that rendered charts declare; add what they deploy of other paths to the units."""
        found = find_applications(rendered, self._root, self._charts, self.units)
        self.notices += found.notices
        if found.deployed:
            self._deployed = [*self._deployed, *found.deployed]
            self._deploy()
        return found.releases

    def _deploy(self) -> None:
        self._plain += self._also_built()
        self.units = deployed_units(self._plain, self._deployed)

    def _also_built(self) -> list[Unit]:
        """Build the kustomizations that are deployed as they are although others use them too."""
        built = {unit.path for unit in self._plain if unit.kind == "kustomization"}
        wanted = {one.path for one in self._deployed if one.kustomized} - built - self._tried
        self._tried |= wanted
        paths = [path for folder in sorted(wanted) if (path := kustomization_in(self._root, folder)) is not None]
        found: list[Unit] = []
        for path in paths:
            from opslint.read.kustomize import build_kustomizations

            result = build_kustomizations(self._root, [path], self._settings)
            found += result.units
            self.notices += result.notices
            self.files += result.files
        return found
