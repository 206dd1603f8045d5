"""API versions and groups that fields inside objects name."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    Target,
    Unit,
    any_of,
    kind,
    lifecycle,
    load,
    rule,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION: Final = re.compile(r"v\d+(?:(?:alpha|beta)\d+)?\Z")
_APPS: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"})
_SERVED_ROLES: Final = frozenset({"resource", "create-only"})
# Where an object names another by apiVersion and kind.
_TARGETS: Final = {
    ("autoscaling", "HorizontalPodAutoscaler"): "scaleTargetRef",
    ("keda.sh", "ScaledObject"): "scaleTargetRef",
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): "targetRef",
    ("argoproj.io", "Rollout"): "workloadRef",
}
_WEBHOOKS: Final = frozenset({"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"})
_ROLES: Final = frozenset({"Role", "ClusterRole"})


@rule(
    each=any_of(kind(), unit()),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="safe",
    options={"rbac": "also report RBAC rules for removed group and resource pairs (harmless but stale)"},
)
def stale_api_reference(item: KubeObject | Unit, project: Project, *, rbac: bool = False) -> Problems:
    """A field inside an object names an API version or group that no longer exists at the target version.

    The object itself is accepted, so nothing fails at the upgrade: the autoscaler just stops finding what it scales,
    the webhook or the policy no longer matches anything. That is noticed when the load comes, or when something gets
    in that should not.

    Looked at are the targets of HorizontalPodAutoscalers, VerticalPodAutoscalers, KEDA's ScaledObjects and Rollouts,
    ownerReferences, rules of webhooks with `matchPolicy: Exact`, kinds that Kyverno policies match,
    `ignoreDifferences` of Argo CD and patch targets of kustomizations. RBAC rules for what is gone are harmless; the
    option `rbac` reports them too. Leave it in files that serve older clusters as well.

    ```yaml bad target=1.34
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: extensions/v1beta1  # <-
        kind: Deployment
        name: web
      maxReplicas: 6
    ```

    ```yaml fixed
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: Deployment
        name: web
      maxReplicas: 6
    ```

    ```yaml good target=1.34
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: Deployment
        name: web
      maxReplicas: 6
    ```

    See <https://kubernetes.io/docs/reference/using-api/deprecation-guide/> and
    <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchpolicy>.
    """
    if isinstance(item, Unit):
        for one in item.kustomizations:
            yield from _patches(one, one.root)
        return
    key = _TARGETS.get((item.group, item.kind))
    if key is not None:
        yield from _reference(item, item.spec[key], key)
    owners = item.metadata["ownerReferences"]
    for owner in _maps(owners) if owners.exists else ():
        yield from _reference(item, owner, "ownerReferences")
    if item.kind in _WEBHOOKS:
        yield from _webhooks(item)
    elif item.group == "kyverno.io":
        yield from _kyverno(item)
    elif (item.group, item.kind) == ("argoproj.io", "Application"):
        for entry in _maps(item.spec["ignoreDifferences"]):
            yield from _group_kind(item, entry["group"], entry["kind"])
    elif item.kind == "Kustomization" and item.group.startswith("kustomize."):
        yield from _patches(item, item.root if item.group == "kustomize.config.k8s.io" else item.spec)
    elif rbac and item.kind in _ROLES:
        yield from _rules_of_roles(item)


# -- what is gone
def _removed(item: KubeObject, removed: int | None) -> Target | None:
    """The first target of the object at which something removed in that minor is gone."""
    return next((one for one in item.unit.targets if removed is not None and removed <= one.minor), None)


@cache
def _kinds() -> tuple[lifecycle.ApiRow, ...]:
    """Every row of the built-in APIs that the API server serves or served."""
    found = (
        lifecycle.api(version, kind_)
        for version, kinds in load("kubernetes/api_lifecycle")["apis"].items()
        for kind_ in kinds
    )
    return tuple(row for row in found if row is not None and row.role in _SERVED_ROLES)


def _last(rows: list[lifecycle.ApiRow]) -> int | None:
    """The minor in which the last of the rows is gone; None when one is still there, or when there is none."""
    removed = [row.removed for row in rows]
    return max((one for one in removed if one is not None), default=None) if rows and None not in removed else None


@cache
def _version_gone(group: str, version: str) -> int | None:
    return _last([row for row in _kinds() if (row.group, row.version) == (group, version)])


@cache
def _kind_gone(group: str, kind_: str) -> int | None:
    return _last([row for row in _kinds() if (row.group, row.kind) == (group, kind_)])


@cache
def _resource_gone(group: str, resource: str) -> int | None:
    return _last([row for row in _kinds() if row.group == group and _plural(row.kind) == resource])


def _plural(kind_: str) -> str:
    name = kind_.lower()
    if name.endswith("y"):
        return name[:-1] + "ies"
    if name.endswith("ss"):
        return name + "es"
    return name if name.endswith("s") else name + "s"


def _problem(at: Node, what: str, removed: int | None, target: Target, fix: Fix | None = None) -> Problem:
    after = " after the upgrade" if target.after else ""
    return Problem(
        f"{what}, which Kubernetes 1.{removed} no longer has;"
        f" the target{after} is {target.version} ({target.provenance})",
        at,
        also=(("target version", target.location),) if target.location is not None else (),
        fix=fix,
        target=target,
    )


# -- where it is named
def _reference(item: KubeObject, reference: Node, named: str) -> Problems:
    version, kind_ = reference["apiVersion"].text, reference["kind"].text
    row = lifecycle.api(version, kind_) if version and kind_ else None
    target = _removed(item, row.removed) if row is not None else None
    if row is None or target is None:
        return
    fix = None
    if kind_ in _APPS and named != "ownerReferences":
        fix = Fix("Use apps/v1", (Set(reference["apiVersion"], "apps/v1"),), Safety.SAFE)
    what = f"{item.title}: {named} names {version} {kind_}"
    yield _problem(reference["apiVersion"], what, row.removed, target, fix)


def _webhooks(item: KubeObject) -> Problems:
    for webhook in _maps(item.root["webhooks"]):
        if webhook["matchPolicy"].text != "Exact":
            continue
        for one in _maps(webhook["rules"]):
            groups, versions = one["apiGroups"].texts(), one["apiVersions"].texts()
            gone = [_version_gone(group, version) for group in groups for version in versions]
            if not gone or None in gone:
                continue
            removed = max(minor for minor in gone if minor is not None)
            target = _removed(item, removed)
            if target is not None:
                named = ", ".join(f"{group}/{version}".lstrip("/") for group in groups for version in versions)
                what = f"{item.title}: webhook {webhook['name'].text} matches exactly {named}"
                yield _problem(one["apiVersions"], what, removed, target)


def _kyverno(item: KubeObject) -> Problems:
    blocks = [item.spec, *_maps(item.spec["rules"])]
    for block in blocks:
        for part in ("match", "exclude"):
            for resources in _resources(block[part]):
                for node in _items(resources["kinds"]):
                    yield from _kyverno_kind(item, node, part)


def _resources(match: Node) -> Iterator[Node]:
    """The resource filters of a match or exclude block: its own, and those under any and all."""
    yield match["resources"]
    for part in ("any", "all"):
        for entry in _maps(match[part]):
            yield entry["resources"]


def _kyverno_kind(item: KubeObject, node: Node, part: str) -> Problems:
    words = node.text.split("/")
    if len(words) < 3 or not _VERSION.match(words[1]):
        return
    group, version, kind_ = words[:3]
    row = lifecycle.api(f"{group}/{version}", kind_)
    target = _removed(item, row.removed) if row is not None else None
    if row is not None and target is not None:
        yield _problem(node, f"{item.title}: {part} names {node.text}", row.removed, target)


def _patches(item: KubeObject, holder: Node) -> Problems:
    for part in ("patches", "patchesJson6902"):
        for patch in _maps(holder[part]):
            chosen = patch["target"]
            group, version, kind_ = chosen["group"].text, chosen["version"].text, chosen["kind"].text
            if not version:
                yield from _group_kind(item, chosen["group"], chosen["kind"])
                continue
            row = lifecycle.api(f"{group}/{version}" if group else version, kind_)
            target = _removed(item, row.removed) if row is not None else None
            if row is not None and target is not None:
                yield _problem(chosen["version"], f"a patch targets {group}/{version} {kind_}", row.removed, target)


def _group_kind(item: KubeObject, group: Node, kind_: Node) -> Problems:
    if not group.text or not kind_.text:
        return
    removed = _kind_gone(group.text, kind_.text)
    target = _removed(item, removed)
    if target is not None:
        yield _problem(group, f"{item.title} names {group.text} {kind_.text}", removed, target)


def _rules_of_roles(item: KubeObject) -> Problems:
    for one in _maps(item.root["rules"]):
        for group in _items(one["apiGroups"]):
            for resource in _items(one["resources"]):
                removed = _resource_gone(group.text, resource.text.partition("/")[0])
                target = _removed(item, removed)
                if target is not None:
                    what = f"{item.title} allows {resource.text} of {group.text or 'the core group'}"
                    yield _problem(group, what, removed, target)


def _maps(node: Node) -> Iterator[Node]:
    """The maps of a list; nothing for any other shape."""
    for one in node:
        if one.is_map:
            yield one


def _items(node: Node) -> Iterator[Node]:
    """The scalars of a list."""
    for one in node:
        if one.is_scalar:
            yield one
