"""Objects by their kind and name, for rules that follow references."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from opslint.engine.pods import share_namespace
from opslint.model.node import Undecided

if TYPE_CHECKING:
    from opslint.model.kube import KubeObject
    from opslint.model.project import Project

_indexes: WeakKeyDictionary[Project, dict[tuple[str, str], list[KubeObject]]] = WeakKeyDictionary()


def objects_named(item: KubeObject, project: Project, kind: str, name: str) -> list[KubeObject]:
    """Return the objects of a kind and name that an object's reference may mean.

    Those of its unit that may land in its namespace; when there is none, those of the same namespace elsewhere.

    Raises:
        Undecided: there is none, and an object of the kind whose name or namespace is not known may be it.
    """
    index = _indexes.get(project)
    if index is None:
        index = _indexes[project] = {}
        for one in project.objects:
            index.setdefault((one.kind, one.name if _is_known(one) else ""), []).append(one)
    found = index.get((kind, name), [])
    here = [one for one in found if one.unit is item.unit and share_namespace(one, item)]
    sure = here or [one for one in found if one.namespace == item.namespace]
    for one in () if sure else index.get((kind, ""), ()):
        _refuse(one, item, name)
    return sure


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
