"""Which environment an item belongs to: only an explicit sign counts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opslint.model.cached import once
from opslint.model.kube import Container, KubeObject
from opslint.model.project import Environment
from opslint.read.environments import environment_words, stage_of

if TYPE_CHECKING:
    from opslint.model.node import Node

LABELS: Final = ("environment", "env", "stage")
UNKNOWN: Final = Environment()


def environment_of(item: object) -> Environment:
    """Return the environment of an object, block, module call, unit or cluster.

    The unit's (or root module's) own comes first; then a label or tag named env, environment or stage; then a whole
    word of the namespace.
    """
    if isinstance(item, Container):
        item = item.owner
    if isinstance(item, KubeObject):
        environment = item.unit.environment
        return environment if environment.stage != "unknown" else _of_object(item)
    environment = getattr(item, "environment", None) or UNKNOWN
    body: Node | None = getattr(item, "body", None)
    if environment.stage == "unknown" and body is not None:
        return _of_tags(body) or environment
    return environment


@once
def _of_object(item: KubeObject) -> Environment:
    for labels in (item.labels, item.pod_labels):
        for label in LABELS:
            word = labels.known(label)
            if word and stage_of(word) != "unknown":
                return Environment(word, stage_of(word), f"label {label}")
    return _of_namespace(item.namespace) or item.unit.environment


@lru_cache(maxsize=1024)  # many objects share one
def _of_namespace(namespace: str) -> Environment | None:
    for word in environment_words(namespace):
        return Environment(word, stage_of(word), f"namespace {namespace}")
    return None


def _of_tags(body: Node) -> Environment | None:
    tags = body["tags"]
    if not tags.known:
        return None
    for key, value in tags.items():
        if key.lower() in LABELS and value.known and stage_of(value.text) != "unknown":
            return Environment(value.text, stage_of(value.text), f"tag {key}")
    return None
