"""Karpenter's NodePools."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    Problem,
    Problems,
    Project,
    Remove,
    Safety,
    Set,
    Severity,
    duration_seconds,
    kind,
    rule,
)

KARPENTER: Final = ("karpenter.sh",)


@rule(
    each=kind("NodePool", "Provisioner", groups=KARPENTER),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={
        "allow_when_empty": "accept WhenEmpty, for pools of stateful workloads",
        "max_consolidate_after": "longer waits are reported",
    },
    forms={"max_consolidate_after": "duration"},
)
def karpenter_consolidation_off(
    item: KubeObject, project: Project, *, allow_when_empty: bool = False, max_consolidate_after: str = "1h"
) -> Problems:
    """Karpenter is told not to merge underused nodes.

    After every peak and every rolling update pods are spread over more nodes than they need. With `WhenEmpty` a node
    goes only when its last pod has left, so a single small pod keeps a large instance for weeks; with `Never` nothing
    goes at all. Consolidation moves such pods together and replaces nodes by cheaper ones, within the
    PodDisruptionBudgets and the pool's disruption budgets.

    Leave it for pools whose pods must not move, such as long batch jobs: `karpenter.sh/do-not-disrupt` on those pods
    is often the better way. Static pools (`spec.replicas`) pass.

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
          requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
      disruption:
        consolidationPolicy: WhenEmpty  # <-
        consolidateAfter: 30s
    ```

    ```yaml fixed
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
          requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
      disruption:
        consolidationPolicy: WhenEmptyOrUnderutilized
        consolidateAfter: 30s
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
          requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
      disruption:
        consolidationPolicy: WhenEmptyOrUnderutilized
        consolidateAfter: 30s
    ```

    See <https://karpenter.sh/docs/concepts/disruption/#consolidation>.
    """
    if item.spec["replicas"].present:
        return
    if item.kind == "Provisioner":
        enabled = item.spec["consolidation"]["enabled"]
        if not enabled.is_true:
            yield Problem(f"{item.title} does not enable consolidation", enabled)
        return
    policy, after = item.spec["disruption"]["consolidationPolicy"], item.spec["disruption"]["consolidateAfter"]
    is_old = item.api_version == "karpenter.sh/v1beta1"
    if policy.text == "WhenEmpty" and not allow_when_empty:
        better = "WhenUnderutilized" if is_old else "WhenEmptyOrUnderutilized"
        # v1beta1 takes consolidateAfter beside WhenEmpty only.
        changes = (Set(policy, better), *((Remove(after),) if is_old and after.exists else ()))
        yield Problem(
            f"{item.title} has consolidationPolicy WhenEmpty, so a node with one small pod is kept",
            policy,
            fix=Fix(f"Set consolidationPolicy: {better}", changes, Safety.UNSAFE),
        )
        if is_old:
            return
    fix = Fix("Set consolidateAfter: 30s", (Set(after, "30s"),), Safety.UNSAFE)
    if is_old and policy.text != "WhenEmpty":
        fix = Fix("Remove consolidateAfter", (Remove(after),), Safety.UNSAFE)
    if after.text == "Never":
        yield Problem(f"{item.title} has consolidateAfter Never, so no node is ever merged", after, fix=fix)
        return
    wait, longest = duration_seconds(after.text), duration_seconds(max_consolidate_after)
    if wait is not None and longest is not None and wait > longest:
        message = f"{item.title} waits {after.text} before it merges a node (at most {max_consolidate_after} is asked)"
        yield Problem(message, after, fix=fix)
