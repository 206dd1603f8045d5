"""Annotations, labels, fields and modes that Kubernetes ignores, migrates or is about to drop."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Block,
    Fix,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Remove,
    Rename,
    Safety,
    Set,
    Severity,
    Target,
    any_of,
    kind,
    resource,
    rule,
    yaml_string,
)
from opslint_rules.upgrade.proxy_mode import IPVS_DEPRECATED, in_config_map, of_addon
from opslint_rules.upgrade.setting_rows import (
    POD,
    Row,
    SettingRow,
    label_rows,
    own_rows,
    paths_of,
    pod_rows,
    rows_of,
    volume_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import fields

_INGRESS_CLASS: Final = "kubernetes.io/ingress.class"


class _Hit(NamedTuple):
    """A setting found in an object."""

    row: Row
    at: Node
    what: str
    fix: Fix | None = None


@rule(
    each=any_of(kind(), resource("aws_eks_addon")),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"kube-linter": ["deprecated-service-account-field"]},
    related={"eksup": ["K8S012"]},
    fixable="safe",
    options={"extra_rows": "more rows: maps with type (annotation or label), key, since (1.30), instead, effect"},
)
def obsolete_setting(
    item: KubeObject | Block, project: Project, *, extra_rows: tuple[SettingRow, ...] = ()
) -> Problems:
    """A label, annotation, field or mode is ignored, migrated or scheduled for removal at the target version.

    Nothing rejects it, so nothing is noticed: a seccomp annotation is ignored from 1.27 on and the container runs
    without its profile, a volume type is parsed and never mounts. What has no effect at the target is reported at full
    severity, what still works but is deprecated lower. An annotation beside the field that took its place passes.

    What the API server itself writes into stored objects (a `serviceAccount` equal to `serviceAccountName`, a status)
    passes. Leave it in files that clusters older than the replacement need as well.

    ```yaml bad target=1.34
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web}
          annotations:
            seccomp.security.alpha.kubernetes.io/pod: runtime/default  # <- ignored since 1.27
        spec:
          nodeSelector:
            beta.kubernetes.io/arch: arm64  # <-
          serviceAccount: web  # <-
          containers: [{name: web, image: "registry.example/web:1.4"}]
    ```

    ```yaml fixed target=1.34
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web}
          annotations:
            seccomp.security.alpha.kubernetes.io/pod: runtime/default  # <-
        spec:
          nodeSelector:
            kubernetes.io/arch: arm64
          serviceAccountName: web
          containers: [{name: web, image: "registry.example/web:1.4"}]
    ```

    ```yaml good target=1.34
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web}
        spec:
          nodeSelector:
            kubernetes.io/arch: arm64
          serviceAccountName: web
          securityContext: {seccompProfile: {type: RuntimeDefault}}
          containers: [{name: web, image: "registry.example/web:1.4"}]
    ```

    kube-proxy's mode ipvs is deprecated from 1.35 on. Moving to nftables is a rolling restart, best done on its own:

    ```hcl bad
    resource "aws_eks_cluster" "shop" {
      version = "1.35"
    }
    resource "aws_eks_addon" "kube_proxy" {
      cluster_name         = aws_eks_cluster.shop.name
      addon_name           = "kube-proxy"
      configuration_values = jsonencode({ mode = "ipvs" })  # <-
    }
    ```

    See <https://kubernetes.io/docs/reference/labels-annotations-taints/>,
    <https://kubernetes.io/docs/concepts/storage/volumes/> and
    <https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-ipvs>.
    """
    if isinstance(item, Block):
        yield from of_addon(item, project)
        return
    for hit in _hits(item, project, extra_rows):
        target = next((one for one in item.unit.targets if hit.row.since <= one.minor), None)
        if target is not None:
            yield _problem(item, hit, target)


def _problem(item: KubeObject, hit: _Hit, target: Target) -> Problem:
    row = hit.row
    gone = row.gone is not None and row.gone <= target.minor
    if row.gone == 0:
        since = "never had any effect"
    elif gone:
        since = f"has no effect since Kubernetes 1.{row.gone}"
    else:
        since = f"is deprecated since Kubernetes 1.{row.since}"
    effect = f": {row.effect}" if row.effect else ""
    instead = f"; use {row.instead}" if row.instead else ""
    after = " after the upgrade" if target.after else ""
    return Problem(
        f"{item.title}: {hit.what} {since}{row.hedge}{effect}{instead}"
        f" (the target{after} is {target.version}, {target.provenance})",
        hit.at,
        fix=hit.fix,
        severity=Severity.MEDIUM if gone else Severity.LOW,
        target=target,
    )


# -- where settings stand
def _hits(item: KubeObject, project: Project, extra: tuple[SettingRow, ...]) -> Iterator[_Hit]:
    own = item.metadata["annotations"]
    pods = item.pod_template["metadata"]["annotations"] if item.is_workload else None
    if own.exists or (pods is not None and pods.exists):
        yield from _annotations(item, project, extra, own, pods)
    yield from _fields(item)
    if item.is_workload:
        yield from _pods(item, extra)
    elif item.kind == "PersistentVolume":
        yield from _volume(item.spec)
        required = item.spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
        yield from _keys((one for term in _maps(required) for one in _maps(term["matchExpressions"])), "key", extra)
    elif item.kind == "StorageClass":
        yield from _storage_class(item, extra)
    elif item.kind == "ConfigMap" and item.name.startswith("kube-proxy"):
        yield from _kube_proxy(item)


def _annotations(
    item: KubeObject, project: Project, extra: tuple[SettingRow, ...], own: Node, pods: Node | None
) -> Iterator[_Hit]:
    for one, row in rows_of("annotation", "annotation-prefix"):
        of_pods = one.applies_to in {POD, "Pod"}
        holder = pods if of_pods else own if item.kind in _words(one.applies_to) else None
        if holder is None or not holder.known:
            continue
        for key, node in holder.items():
            if key in one.match or (one.type == "annotation-prefix" and key.startswith(one.match)):
                if key != _INGRESS_CLASS and _is_replaced(item, key, row.instead):
                    continue
                fix = _ingress_class(item, node, project) if key == _INGRESS_CLASS else None
                yield _Hit(row, node, f"annotation {key}", fix)
    for wanted, row in own_rows(extra, "annotation"):
        for holder in (own, pods):
            if holder is not None and holder.known and holder[wanted].exists:
                yield _Hit(row, holder[wanted], f"annotation {wanted}")


def _is_replaced(item: KubeObject, key: str, instead: str) -> bool:
    """True when the field that took an annotation's place is set beside it, for older clusters: it may stay."""
    path = instead.partition(" ")[0].split(".")
    root = item.pod_template if item.is_workload else item.root
    if path[0] == "containers[]":
        name = key.rpartition("/")[2]
        return any(one.root.at(*path[1:]).present for one in item.containers if one.name == name)
    return path[0] == "spec" and root.at(*path).present


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.split(r"\W+", text))


def _ingress_class(item: KubeObject, node: Node, project: Project) -> Fix | None:
    """Move the class into its field: only a class that exists there may be named by it."""
    if not node.known or not any(one.name == node.text for one in project.of_kind("IngressClass")):
        return None
    if item.spec["ingressClassName"].exists:
        return None
    return Fix(
        "Use spec.ingressClassName",
        (Remove(node), Add(item.spec, "ingressClassName", yaml_string(node.text))),
        Safety.SAFE,
    )


def _fields(item: KubeObject) -> Iterator[_Hit]:
    if item.is_workload:
        spec = item.pod_spec
        for owner, one, row in pod_rows():
            if not owner or spec[owner].exists:
                yield from _pod_field(item, one, row)
    for path, found in paths_of(item.kind):
        holder = item.root.at(*path)
        for key, match, wanted, row in found if holder.exists else ():
            node = holder[key]
            if node.present and (not wanted or node.text == wanted) and (wanted or _filled(node)):
                yield _Hit(row, node, match)


def _filled(node: Node) -> bool:
    return bool(node.text) if node.is_scalar else len(node) > 0


def _pod_field(item: KubeObject, one: fields.FieldRow, row: Row) -> Iterator[_Hit]:
    spec = item.pod_spec
    if one.key == "spec.serviceAccount":
        yield from _service_account(spec, row)
    elif one.key.startswith("lifecycle."):
        for container in item.containers:
            for path in one.match if container.root["lifecycle"].exists else ():
                node = container.root.at(*path.split("."))
                if node.present:
                    yield _Hit(row, node, path)
    elif "[]." in one.key:
        name, _, field = one.key.partition("[].")
        for entry in _maps(spec[name]):
            if entry[field].present:
                yield _Hit(row, entry[field], one.key)
    elif one.key == "spec.workloadRef" and item.group != "argoproj.io" and spec["workloadRef"].present:
        yield _Hit(row, spec["workloadRef"], one.key)


def _service_account(spec: Node, row: Row) -> Iterator[_Hit]:
    old, new = spec["serviceAccount"], spec["serviceAccountName"]
    if not old.present or not old.text or (new.present and new.text == old.text):
        return  # the API server writes both
    fix = Fix("Use serviceAccountName", (Rename(old, "serviceAccountName"),), Safety.SAFE) if not new.exists else None
    yield _Hit(row, old, "spec.serviceAccount", fix)


def _pods(item: KubeObject, extra: tuple[SettingRow, ...]) -> Iterator[_Hit]:
    spec = item.pod_spec
    for volume in _maps(spec["volumes"]):
        yield from _volume(volume)
    labels, selector = _labels(extra), spec["nodeSelector"]
    for key, node in selector.items() if selector.known else ():
        if key in labels:
            row, new = labels[key]
            fix = Fix(f"Use {new}", (Rename(node, new),), Safety.SAFE) if new else None
            yield _Hit(row, node, f"nodeSelector {key}", fix)
    affinity = spec["affinity"]
    if affinity.exists:
        yield from _keys(_terms(affinity), "key", extra)
    if affinity.exists or spec["topologySpreadConstraints"].exists:
        yield from _keys(_topologies(spec), "topologyKey", extra)
    if spec["tolerations"].exists:
        yield from _keys(_maps(spec["tolerations"]), "key", extra)


def _terms(affinity: Node) -> Iterator[Node]:
    node = affinity["nodeAffinity"]
    required = node["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    preferred = node["preferredDuringSchedulingIgnoredDuringExecution"]
    for term in (*_maps(required), *(one["preference"] for one in _maps(preferred))):
        yield from _maps(term["matchExpressions"])


def _topologies(spec: Node) -> Iterator[Node]:
    yield from _maps(spec["topologySpreadConstraints"])
    affinity = spec["affinity"]
    for part in ("podAffinity", "podAntiAffinity") if affinity.exists else ():
        node = affinity[part]
        yield from _maps(node["requiredDuringSchedulingIgnoredDuringExecution"])
        for one in _maps(node["preferredDuringSchedulingIgnoredDuringExecution"]):
            yield one["podAffinityTerm"]


def _keys(holders: Iterator[Node], key: str, extra: tuple[SettingRow, ...]) -> Iterator[_Hit]:
    """The outdated node labels that a field of these maps names."""
    labels = _labels(extra)
    for holder in holders:
        node = holder[key]
        if node.text in labels:
            row, new = labels[node.text]
            fix = Fix(f"Use {new}", (Set(node, new),), Safety.SAFE) if new else None
            yield _Hit(row, node, f"{key} {node.text}", fix)


def _labels(extra: tuple[SettingRow, ...]) -> dict[str, tuple[Row, str]]:
    """Node labels: each with its row and its new name, "" when one is not simply the other."""
    return label_rows() | {key: (row, "") for key, row in own_rows(extra, "label")} if extra else label_rows()


def _volume(holder: Node) -> Iterator[_Hit]:
    rows = volume_rows()
    for key, node in holder.items():
        if key in rows and node.present:
            yield _Hit(rows[key], node, f"volume {key}")


def _storage_class(item: KubeObject, extra: tuple[SettingRow, ...]) -> Iterator[_Hit]:
    for one, row in rows_of("storageclass-provisioner"):
        if f"provisioner: {item.root['provisioner'].text}" == one.key:
            yield _Hit(row, item.root["provisioner"], one.key)
    terms = (
        one for topology in _maps(item.root["allowedTopologies"]) for one in _maps(topology["matchLabelExpressions"])
    )
    yield from _keys(terms, "key", extra)


def _kube_proxy(item: KubeObject) -> Iterator[_Hit]:
    row = Row("ipvs", IPVS_DEPRECATED, None, "nftables, or iptables", "", "")
    yield from (_Hit(row, node, "kube-proxy's mode ipvs") for node in in_config_map(item))


def _maps(node: Node) -> Iterator[Node]:
    """The maps of a list; nothing for any other shape."""
    for one in node:
        if one.is_map:
            yield one
