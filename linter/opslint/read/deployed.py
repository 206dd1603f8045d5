"""What files of the repository say is deployed where: paths of manifests and kustomizations, and their units."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from opslint.model.kube import KubeObject
from opslint.model.patterns import glob_matches
from opslint.model.project import Environment, Unit
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opslint.read.substitute import Substitution


_ALTERNATIVES: Final = 4  # groups of alternatives in one pattern


class Deployed(NamedTuple):
    """A path, relative to the root, that an Application or a Flux Kustomization applies.

    `kustomized` tells whether it is a kustomization, `recurse` whether its folders are applied too; `include` and
    `exclude` are globs of paths in it ("": none).
    `cluster` is the name of where it goes, if told; `source` says what declares it, `unknown` what of it is not known,
    `substitution` the variables that its manifests may hold.
    """

    path: str
    name: str
    namespace: str
    environment: Environment
    source: str
    kustomized: bool = False
    recurse: bool = False
    include: str = ""
    exclude: str = ""
    cluster: str = ""
    unknown: tuple[str, ...] = ()
    substitution: Substitution | None = None

    def applies(self, path: str) -> bool:
        """Return whether a manifest is one of those that are applied."""
        if self.path and not path.startswith(self.path + "/"):
            return False
        inner = path[len(self.path) :].lstrip("/")
        if not self.recurse and "/" in inner:
            return False
        if self.exclude and _fits(inner, self.exclude):
            return False
        return not self.include or _fits(inner, self.include)

    def holds(self, folder: str) -> bool:
        """Return whether a kustomization in a folder is applied: it is the path itself, or one of its folders."""
        return folder == self.path or (self.recurse and (not self.path or folder.startswith(self.path + "/")))


def _fits(path: str, pattern: str) -> bool:
    """Match as Argo CD does: `*` passes slashes, `{a,b}` are alternatives."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if found is None or pattern.count("{") > _ALTERNATIVES:
        return glob_matches(path, pattern)
    return any(_fits(path, pattern[: found.start()] + one + pattern[found.end() :]) for one in found[1].split(","))


def deployed_units(units: Sequence[Unit], deployed: Sequence[Deployed]) -> list[Unit]:
    """Return the units with those that are deployed in place of the manifests and kustomizations they are made of.

    A path that is deployed several times makes a unit each time. What nothing deploys stays where it was.
    """
    claims = [claim for one in deployed for claim in _claims(units, one)]
    taken = {id(item) for claim in claims for item in claim.objects}
    whole = {id(claim.old) for claim in claims if claim.kind == "kustomization"}
    left = [kept for unit in units if id(unit) not in whole and (kept := _left(unit, taken)) is not None]
    counts = Counter(claim.path for claim in claims)
    used = {unit.id for unit in left}
    return [*left, *(_deployed_unit(claim, used, several=counts[claim.path] > 1) for claim in claims)]


class _Claim(NamedTuple):
    """What one Application applies of the units: a kustomization, or plain manifests."""

    one: Deployed
    kind: str
    path: str
    old: Unit  # the kustomization's unit, or the first of those that the manifests are from
    objects: Sequence[KubeObject]
    unknown: tuple[str, ...]


def _claims(units: Sequence[Unit], one: Deployed) -> Iterator[_Claim]:
    for unit in units:
        if unit.kind == "kustomization" and one.holds(unit.path):
            yield _Claim(one, unit.kind, unit.path, unit, unit.objects, (*unit.open_because, *one.unknown))
    if one.kustomized:
        return
    found: list[KubeObject] = []
    sources: list[Unit] = []
    for unit in units:
        mine = [item for item in unit.objects if one.applies(item.source.path)] if unit.kind == "manifests" else []
        found += mine
        sources += [unit] if mine else []
    if found:
        why = (why for unit in sources for why in unit.open_because)
        yield _Claim(one, "application", one.path, sources[0], found, (*why, *one.unknown))


def _left(unit: Unit, taken: set[int]) -> Unit | None:
    """Return what nothing deploys of a unit, None when nothing is left of it."""
    kept = [item for item in unit.objects if id(item) not in taken]
    if len(kept) == len(unit.objects):
        return unit
    if not kept:
        return None
    made = Unit(unit.id, unit.kind, unit.path, unit.environment, unit.namespace)
    return _filled(made, kept, unit.open_because)


def _deployed_unit(claim: _Claim, used: set[str], *, several: bool) -> Unit:
    one, old = claim.one, claim.old
    environment = one.environment if one.environment.name else old.environment
    made = Unit(
        id=_id_of(claim, environment, used, several=several),
        kind=claim.kind,
        path=claim.path,
        environment=environment,
        # What a kustomization sets stands in its objects; the destination is for those that name none.
        namespace=old.namespace or one.namespace,
        declared_by=one.source,
        goes_to=one.cluster,
    )
    return _filled(made, claim.objects, claim.unknown, one.substitution)


def _filled(
    unit: Unit, objects: Sequence[KubeObject], unknown: Iterable[str], substitution: Substitution | None = None
) -> Unit:
    for why in unknown:
        unit.open(why)
    roots = [item.root for item in objects]
    if substitution is not None:
        from opslint.read.substitute import substituted

        roots = [substituted(item, substitution) for item in objects]
    unit.objects += [KubeObject(root, unit) for root in roots]
    return unit


def _id_of(claim: _Claim, environment: Environment, used: set[str], *, several: bool) -> str:
    """Return an id of its own: the path, and where it is deployed several times the environment or the name."""
    base, name = claim.path or ".", claim.one.name
    wanted = [] if several else [base]
    wanted += [f"{base}@{environment.name or name}", f"{base}@{environment.name or name}/{name}"]
    wanted += [f"{wanted[-1]}-{number}" for number in range(2, len(used) + 3)]
    found = next(one for one in wanted if one not in used)
    used.add(found)
    return found
