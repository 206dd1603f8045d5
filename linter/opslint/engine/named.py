"""Objects by their kind and name, for rules that follow references."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from opslint.engine.pods import share_namespace

if TYPE_CHECKING:
    from opslint.model.kube import KubeObject
    from opslint.model.project import Project

_indexes: WeakKeyDictionary[Project, dict[tuple[str, str], list[KubeObject]]] = WeakKeyDictionary()


def objects_named(item: KubeObject, project: Project, kind: str, name: str) -> list[KubeObject]:
    """Return the objects of a kind and name that an object's reference may mean.

    Those of its unit that may land in its namespace; when there is none, those of the same namespace elsewhere.
    """
    index = _indexes.get(project)
    if index is None:
        index = _indexes[project] = {}
        for one in project.objects:
            index.setdefault((one.kind, one.name), []).append(one)
    found = index.get((kind, name), [])
    here = [one for one in found if one.unit is item.unit and share_namespace(one, item)]
    return here or [one for one in found if one.namespace == item.namespace]
