"""Objects by their kind and name, for rules that follow references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.engine.pods import share_namespace
from opslint.model.cached import once
from opslint.model.node import Undecided

if TYPE_CHECKING:
    from opslint.model.kube import KubeObject
    from opslint.model.project import Project


def objects_named(item: KubeObject, project: Project, kind: str, name: str) -> list[KubeObject]:
    """Return the objects of a kind and name that an object's reference may mean.

    Those of its unit that may land in its namespace; when there is none, those of the same namespace elsewhere.

    Raises:
        Undecided: there is none, and an object of the kind whose name or namespace is not known may be it.
    """
    index = _index(project)
    found = index.get((kind, name), [])
    here = [one for one in found if one.unit is item.unit and share_namespace(one, item)]
    sure = here or [one for one in found if one.namespace == item.namespace]
    for one in () if sure else index.get((kind, ""), ()):
        _refuse(one, item, name)
    return sure


@once
def _index(project: Project) -> dict[tuple[str, str], list[KubeObject]]:
    """The objects by kind and name; those whose place only an apply could tell, by "" for the name."""
    index: dict[tuple[str, str], list[KubeObject]] = {}
    for one in project.objects:
        index.setdefault((one.kind, one.name if _is_known(one) else ""), []).append(one)
    return index


def _is_known(item: KubeObject) -> bool:
    """False where an object's name or namespace is written, and only an apply could tell it."""
    return item.metadata["name"].known and item.metadata["namespace"].known


def _refuse(one: KubeObject, item: KubeObject, name: str) -> None:
    """Raise Undecided when an object may be the one that is meant."""
    named, spaced = one.metadata["name"], one.metadata["namespace"]
    if (not named.known or named.text == name) and (not spaced.known or share_namespace(one, item)):
        if not named.known:
            raise Undecided(named)
        if not spaced.known:
            raise Undecided(spaced)
