"""The same thing said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    STRICT,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Unit,
    rule,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    each=unit(),
    severity=Severity.HIGH,
    preset=STRICT,
    related={
        "kube-linter": ["duplicate-env-var"],
        "kube-score": ["environment-variable-key-duplication"],
    },
    options={"duplicate_env": "include environment variables that a container has twice"},
)
def duplicate_resource(item: Unit, project: Project, *, duplicate_env: bool = True) -> Problems:
    """The same object is defined twice in what is applied together, so the last one silently wins.

    Which of the two runs depends on the order of files, and a change of the other one has no effect. Helm refuses such
    a release, Argo CD warns and keeps syncing back and forth. It comes from copying a file, or from a chart that makes
    an object which the repository has as well. After a disaster the repository is the way back: then it must say one
    thing.

    Objects are the same when group, kind, namespace and name are; the version does not matter. Helm hooks with other
    annotations pass, and so does `generateName`. An environment variable that a container has twice is reported as
    well; a key that one mapping has twice is duplicate-key's. Leave it for templates of several variants of which only
    one is ever applied, and name them as units of their own in the configuration.

    ```yaml bad
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web, namespace: shop}
    data: {LOG_LEVEL: info}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: web  # <-
      namespace: shop
    data: {LOG_LEVEL: debug}
    ```

    ```yaml good
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web, namespace: shop}
    data: {LOG_LEVEL: info}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: web
      namespace: shop-staging
    data: {LOG_LEVEL: debug}
    ```

    See <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
    """
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    for one in item.objects:
        if not one.kind or not one.name or not one.metadata["name"].present:
            continue
        if not one.metadata["namespace"].known or (one.block is not None and one.block.stand_in):
            continue  # in Terraform: where it lands, or whether it is made at all, is not known
        earlier = first.setdefault((one.group, one.kind, one.namespace, one.name), one)
        if earlier is not one and _hooks(earlier) == _hooks(one):
            message = f"{one.title} is defined twice in what is applied together, so only one of them counts"
            yield Problem(message, one.metadata["name"], also=(("first", earlier.metadata["name"]),))
    if duplicate_env:
        for one in item.workloads:
            yield from _variables(one)


def _hooks(item: KubeObject) -> set[tuple[str, str]]:
    return {(key, value) for key, value in item.annotations.items() if "hook" in key}


def _variables(item: KubeObject) -> Iterator[Problem]:
    for container in item.containers:
        variables = container.root["env"]
        if not variables.known:
            continue
        first: dict[str, Node] = {}
        for one in variables:
            name = one["name"] if one.known and one.is_map else one
            text = name.text if name.known else ""
            if not text:
                continue
            lost = first.setdefault(text, one)
            if lost is not one:
                message = f"container {container.name} of {item.title} has the variable {text} twice: the last counts"
                equal = lost.plain() == one.plain()
                severity = Severity.LOW if equal else Severity.MEDIUM
                yield Problem(message, name, also=(("first", lost["name"]),), severity=severity)
