"""How an object is rewritten for the API version that replaces its own, with the fields that move.

The moves are those of <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>. What needs a decision (an
empty selector of a PodDisruptionBudget, a schema for a CustomResourceDefinition) is left to a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import Add, Change, Fix, KubeObject, Node, Remove, Rename, Replace, Safety, Set, lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

# Kinds whose fields mean the same in the version that replaces theirs: rewriting apiVersion is enough.
SAME_FIELDS: Final = frozenset(
    f"{version} {kind}"
    for version, kinds in {
        "admissionregistration.k8s.io/v1beta1": (
            *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
            *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        ),
        "apiregistration.k8s.io/v1beta1": ("APIService",),
        "authentication.k8s.io/v1beta1": ("SelfSubjectReview", "TokenReview"),
        "authorization.k8s.io/v1beta1": ("SelfSubjectAccessReview", "SelfSubjectRulesReview"),
        "autoscaling/v2beta2": ("HorizontalPodAutoscaler",),
        "batch/v1beta1": ("CronJob",),
        "batch/v2alpha1": ("CronJob",),
        "certificates.k8s.io/v1beta1": ("ClusterTrustBundle",),
        "coordination.k8s.io/v1beta1": ("Lease",),
        "extensions/v1beta1": ("NetworkPolicy",),
        "flowcontrol.apiserver.k8s.io/v1beta1": ("FlowSchema",),
        "flowcontrol.apiserver.k8s.io/v1beta2": ("FlowSchema",),
        "flowcontrol.apiserver.k8s.io/v1beta3": ("FlowSchema",),
        "networking.k8s.io/v1beta1": ("IPAddress", "IngressClass", "ServiceCIDR"),
        "node.k8s.io/v1beta1": ("RuntimeClass",),
        "rbac.authorization.k8s.io/v1alpha1": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
        "rbac.authorization.k8s.io/v1beta1": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
        "resource.k8s.io/v1beta1": ("DeviceClass",),
        "resource.k8s.io/v1beta2": ("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"),
        "scheduling.k8s.io/v1alpha1": ("PriorityClass",),
        "scheduling.k8s.io/v1beta1": ("PriorityClass",),
        "storage.k8s.io/v1alpha1": ("VolumeAttachment",),
        "storage.k8s.io/v1beta1": (
            *("CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass"),
            *("VolumeAttachment", "VolumeAttributesClass"),
        ),
        "storagemigration.k8s.io/v1beta1": ("StorageVersionMigration",),
    }.items()
    for kind in kinds
)


def rewritten(item: KubeObject, row: lifecycle.ApiRow) -> Fix | None:
    """Return the fix that moves an object to the version that replaces its own.

    None where a person has to decide, and where a target of the object does not serve that version yet.
    """
    if row.replacement is None or row.replacement[1] != row.kind:
        return None
    new = lifecycle.api(*row.replacement)
    if new is None or not all(new.served_at(target.minor) for target in item.unit.targets):
        return None
    if f"{item.api_version} {item.kind}" in SAME_FIELDS:
        changes: list[Change] | None = []
    else:
        convert = _CONVERT.get(item.kind)
        changes = convert(item) if convert is not None else None
    if changes is None:
        return None
    version = row.replacement[0]
    return Fix(f"Use {version}", (Set(item.root["apiVersion"], version), *changes), Safety.UNSAFE)


# -- kinds whose fields move; each returns None where it cannot tell what to write
def _budget(item: KubeObject) -> list[Change] | None:
    # An empty selector selects nothing in v1beta1 and everything in v1.
    return [] if len(item.spec["selector"]) else None


def _ingress(item: KubeObject) -> list[Change] | None:
    changes: list[Change] = []
    default = item.spec["backend"]
    if default.present:
        moved = _backend(default)
        if moved is None:
            return None
        changes += [Rename(default, "defaultBackend"), *moved]
    for rule in item.spec["rules"]:
        for path in rule["http"]["paths"]:
            moved = _backend(path["backend"])
            if moved is None:
                return None
            changes += moved
            if not path["pathType"].present:
                # What v1beta1 takes for a missing one.
                changes.append(Add(path, "pathType", "ImplementationSpecific"))
    return changes


def _backend(backend: Node) -> list[Change] | None:
    if not backend["serviceName"].present:
        return [] if backend["resource"].present else None
    port = backend["servicePort"]
    if not port.present:
        return None
    if isinstance(port.value, int):
        named: dict[str, Any] = {"number": port}
    elif isinstance(port.value, str) and not port.value.isdigit():  # no Service has a port with such a name
        named = {"name": port}
    else:
        return None
    return [Replace(backend, {"service": {"name": backend["serviceName"], "port": named}})]


def _autoscaler(item: KubeObject) -> list[Change] | None:
    changes: list[Change] = []
    for metric in item.spec["metrics"]:
        move = _METRICS.get(metric["type"].text)
        source = metric[move[0]] if move is not None else metric
        moved = move[1](source) if move is not None and source.is_map else None
        if moved is None:
            return None
        changes.append(Replace(source, moved))
    return changes


def _resource_metric(source: Node) -> dict[str, Any] | None:
    target = _target(source, ("Utilization", "averageUtilization", "targetAverageUtilization"), _AVERAGE)
    kept = {key: source[key] for key in ("name", "container") if source[key].present}
    return None if target is None else {**kept, "target": target}


def _pods_metric(source: Node) -> dict[str, Any] | None:
    target = _target(source, _AVERAGE)
    return None if target is None else {"metric": _metric(source, "selector"), "target": target}


def _object_metric(source: Node) -> dict[str, Any] | None:
    target = _target(source, ("AverageValue", "averageValue", "averageValue"), _VALUE)
    if target is None or not source["target"].is_map:
        return None
    return {"describedObject": source["target"], "metric": _metric(source, "selector"), "target": target}


def _external_metric(source: Node) -> dict[str, Any] | None:
    target = _target(source, _AVERAGE, _VALUE)
    return None if target is None else {"metric": _metric(source, "metricSelector"), "target": target}


_AVERAGE: Final = ("AverageValue", "averageValue", "targetAverageValue")
_VALUE: Final = ("Value", "value", "targetValue")
_METRICS: Final[dict[str, tuple[str, Callable[[Node], dict[str, Any] | None]]]] = {
    "Resource": ("resource", _resource_metric),
    "ContainerResource": ("containerResource", _resource_metric),
    "Pods": ("pods", _pods_metric),
    "Object": ("object", _object_metric),
    "External": ("external", _external_metric),
}


def _target(source: Node, *choices: tuple[str, str, str]) -> dict[str, Any] | None:
    """The target of a metric in v2, from the first of the (type, new field, old field) that is written."""
    for type_, new, old in choices:
        if source[old].present:
            return {"type": type_, new: source[old]}
    return None


def _metric(source: Node, selector: str) -> dict[str, Any]:
    chosen = {"selector": source[selector]} if source[selector].present else {}
    return {"name": source["metricName"], **chosen}


def _workload(item: KubeObject) -> list[Change] | None:
    spec = item.spec
    changes: list[Change] = [Remove(spec[key]) for key in ("rollbackTo", "templateGeneration") if spec[key].exists]
    if len(spec["selector"]):
        return changes
    labels = spec["template"]["metadata"]["labels"]
    if item.source.origin is not None or not len(labels):
        return None  # a template's labels are for its author to choose
    # What the old version took for a missing one.
    lines = [f"  {key}: {_written(value)}" for key, value in labels.items()]
    return [*changes, Add(spec, "selector", "\n".join(["matchLabels:", *lines]))]


def _written(node: Node) -> str:
    return node.location.text


def _priority_level(item: KubeObject) -> list[Change] | None:
    limited = item.spec["limited"]
    shares = limited["assuredConcurrencyShares"]
    if shares.number == 0 or limited["nominalConcurrencyShares"].number == 0:
        return None  # meant the default, 30, and means 0 in v1
    return [Rename(shares, "nominalConcurrencyShares")] if shares.present else []


def _webhooks(item: KubeObject) -> list[Change] | None:
    changes: list[Change] = []
    for webhook in item.root["webhooks"]:
        if webhook["sideEffects"].text not in {"None", "NoneOnDryRun"} or not len(webhook["admissionReviewVersions"]):
            return None
        # The defaults change with the version: what held so far is written down.
        for key, value in (("failurePolicy", "Ignore"), ("matchPolicy", "Exact"), ("timeoutSeconds", "30")):
            if not webhook[key].present:
                changes.append(Add(webhook, key, value))
    return changes


def _signing_request(item: KubeObject) -> list[Change] | None:
    signer = item.spec["signerName"].text
    return [] if signer not in {"", "kubernetes.io/legacy-unknown"} and len(item.spec["usages"]) else None


def _slice(item: KubeObject) -> list[Change] | None:
    return None if any(endpoint["topology"].present for endpoint in item.root["endpoints"]) else []


def _review(item: KubeObject) -> list[Change]:
    group = item.spec["group"]
    return [Rename(group, "groups")] if group.present else []


_CONVERT: Final[dict[str, Callable[[KubeObject], list[Change] | None]]] = {
    "CertificateSigningRequest": _signing_request,
    "DaemonSet": _workload,
    "Deployment": _workload,
    "EndpointSlice": _slice,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "LocalSubjectAccessReview": _review,
    "MutatingWebhookConfiguration": _webhooks,
    "PodDisruptionBudget": _budget,
    "PriorityLevelConfiguration": _priority_level,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "SubjectAccessReview": _review,
    "ValidatingWebhookConfiguration": _webhooks,
}
