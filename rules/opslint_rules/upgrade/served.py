"""API versions that are newer than the cluster, or that EKS does not switch on."""

from __future__ import annotations

from functools import cache
from typing import Final

from opslint.api import STRICT, KubeObject, Problem, Problems, Project, Severity, Target, kind, lifecycle, rule

SERVED_ROLES: Final = frozenset({"resource", "create-only"})


@rule(each=kind(), severity=Severity.HIGH, preset=STRICT)
def api_not_served(item: KubeObject, project: Project) -> Problems:
    """The API version is newer than the target cluster, or is one that EKS does not switch on.

    The API server answers an apply of the object with "no matches for kind", and nothing of it exists: no quota, no
    policy, no route. Alpha APIs, and beta APIs since Kubernetes 1.24, are off unless a feature gate and a runtime
    option of the API server are set; EKS lets nobody set them, so what works on a local cluster is refused there.

    Where clusters of several versions are deployed to, the oldest one decides. Leave it for an object that only a
    self-managed cluster with the API switched on gets. Custom resources and groups that Kubernetes does not build in
    pass.

    ```yaml bad target=1.33
    apiVersion: resource.k8s.io/v1  # <- served from 1.34 on
    kind: ResourceClaimTemplate
    metadata: {name: gpu, namespace: media}
    spec:
      spec:
        devices:
          requests: [{name: gpu, exactly: {deviceClassName: gpu.example.com}}]
    ```

    ```yaml good target=1.34
    apiVersion: resource.k8s.io/v1
    kind: ResourceClaimTemplate
    metadata: {name: gpu, namespace: media}
    spec:
      spec:
        devices:
          requests: [{name: gpu, exactly: {deviceClassName: gpu.example.com}}]
    ```

    See <https://kubernetes.io/docs/reference/using-api/#api-versioning> and
    <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html>.
    """
    missing = [one for one in item.unit.targets if _is_missing(item.api_version, item.kind, one.minor)]
    row = lifecycle.api(item.api_version, item.kind) if missing else None
    if row is None:
        return
    target = missing[0]
    hedge = f" ({row.unverified})" if row.hedged else ""
    yield Problem(
        f"{item.title} uses {item.api_version}, which {_why(row, target)}{hedge}; {target.statement}",
        item.root["apiVersion"],
        also=(("target version", target.location),) if target.location is not None else (),
        target=target,
    )


@cache
def _is_missing(version: str, kind_: str, minor: int) -> bool:
    """True when it is not served yet, or not switched on; what is removed is for removed-api to say."""
    row = lifecycle.api(version, kind_)
    if row is None or row.role not in SERVED_ROLES:
        return False
    removed = row.removed is not None and row.removed <= minor
    return not removed and not row.served_at(minor)


def _why(row: lifecycle.ApiRow, target: Target) -> str:
    if target.minor < row.introduced:
        later = "" if row.enabled_by_default else ", and EKS does not switch it on then either"
        if row.eks_from is not None:
            later = f", and EKS switches it on from 1.{row.eks_from}"
        return f"Kubernetes has only from 1.{row.introduced} on{later}"
    stability = f"is {row.stability} and off" if row.stability != "stable" else "is off"
    if row.eks_from is not None:
        return f"{stability} by default: EKS switches it on only from 1.{row.eks_from}"
    return f"{stability} by default, and EKS offers no way to switch it on"
