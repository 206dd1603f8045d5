"""How pods are replaced: rollouts, restarts and shutdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Container,
    Fix,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    Workload,
    container,
    containers_of,
    int_or_percent,
    is_referenced,
    is_scaled,
    is_zero,
    percent,
    put,
    regex,
    replicas_of,
    rule,
    services_of,
    template_of,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")
_PROCESS: Final = regex(r"\b(?:pgrep|pidof)\b")
SLEEP: Final = regex(r"(?:^|[\s;&/])sleep\s+([0-9]+(?:\.[0-9]+)?)(s|m)?(?=$|[\s;&])")


@rule(
    each=workload("Deployment", "StatefulSet", "DaemonSet", "Rollout"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"kube-score": ["deployment-strategy"], "kube-linter": ["no-rolling-update-strategy"]},
    fixable="unsafe",
    prod_only=True,
)
def unsafe_rollout_strategy(item: Workload, project: Project) -> Problems:
    """A rollout takes down all pods at once or cannot make progress.

    With Recreate, or with `maxUnavailable` as large as the replica count, every release is an outage of as long as the
    new pods take to start, and of much longer when they do not. With OnDelete a release changes nothing until somebody
    deletes the pods by hand, so a security fix looks deployed and is not.

    Deployments are looked at when a Service selects their pods; without a strategy they replace a quarter at a time
    and pass. Recreate passes when the pods mount a volume claim. A percentage of `maxUnavailable` rounds down. An Argo
    Rollout passes; a canary without steps and analysis is only mentioned. Leave it for what may be away, such as an
    internal tool.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      strategy:
        type: Recreate  # <-
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}}
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      strategy:
        type: RollingUpdate
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}}
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      strategy:
        type: RollingUpdate
        rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}}
    ```

    See <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy>.
    """
    if item.kind == "Rollout":
        canary = item.spec["strategy"]["canary"]
        if canary.exists and not len(canary["steps"]) and not canary["analysis"].present:
            message = f"{item.title} has a canary without steps and analysis, so it is an ordinary rolling update"
            yield Problem(message, canary, severity=Severity.INFO)
        return
    if item.kind == "Deployment":
        if not is_referenced(item) and services_of(item):
            yield from _deployment(item)
        return
    strategy = item.spec["updateStrategy"]
    if strategy["type"].text == "OnDelete":
        message = f"{item.title} has the update strategy OnDelete, so a release changes nothing by itself"
        fix = Fix("Replace the pods one after the other", (Set(strategy["type"], "RollingUpdate"),), Safety.UNSAFE)
        yield Problem(message, strategy["type"], fix=fix)
        return
    away = strategy["rollingUpdate"]["maxUnavailable"]
    if item.kind == "DaemonSet" and (percent(away) or 0) >= 100:
        fix = Fix("Set maxUnavailable: 1", (Set(away, "1"),), Safety.UNSAFE)
        yield Problem(
            f"{item.title} has maxUnavailable {away.text}: a release stops all its pods at once", away, fix=fix
        )


def _deployment(item: Workload) -> Iterator[Problem]:
    strategy = item.spec["strategy"]
    type_ = strategy["type"]
    if type_.text == "Recreate":
        if not _claims(item):
            fix = Fix("Replace the pods step by step", (Set(type_, "RollingUpdate"),), Safety.UNSAFE)
            message = f"{item.title} has the strategy Recreate: every release stops all its pods first"
            yield Problem(message, type_, fix=fix)
        return
    away, surge = strategy["rollingUpdate"]["maxUnavailable"], strategy["rollingUpdate"]["maxSurge"]
    if not away.present:
        return
    count = replicas_of(item).count
    gone = int_or_percent(away, count, round_up=False)
    if surge.present and is_zero(away) and is_zero(surge):
        fix = Fix("Set maxSurge: 1", (Set(surge, "1"),), Safety.UNSAFE)
        message = f"{item.title} has maxUnavailable and maxSurge {surge.text}, which the API server rejects"
        yield Problem(message, surge, also=(("maxUnavailable", away),), fix=fix)
    elif (percent(away) or 0) >= 100 or (count and gone is not None and gone >= count):
        changes = (Set(away, "0"), put(surge, "1"))
        fix = Fix("Set maxUnavailable: 0 and maxSurge: 1", changes, Safety.UNSAFE)
        pods = f"all {count} pods" if count and count > 1 else "its only pod" if count == 1 else "all its pods"
        yield Problem(f"{item.title} has maxUnavailable {away.text}: a release may stop {pods} first", away, fix=fix)


def _claims(item: Workload) -> bool:
    return any(one["persistentVolumeClaim"].present or one["ephemeral"].present for one in item.pod_spec["volumes"])


@rule(
    each=container(part="running"),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"kube-score": ["pod-probes-identical"], "kyverno": ["validate-probes"]},
    related={
        "checkov": ["CKV_K8S_8"],
        "kube-linter": ["no-liveness-probe"],
        "polaris": ["livenessProbeMissing"],
        "hardeneks": ["check_liveness_probes"],
    },
    options={"require": "also report a missing liveness probe of what a Service selects"},
)
def weak_liveness_probe(item: Container, project: Project, *, require: bool = False) -> Problems:
    """The liveness probe repeats the readiness probe (a slow dependency then restarts pods), or is missing.

    A readiness probe may ask whether the database answers: the pod then gets no requests until it does. When the
    liveness probe asks the same thing just as impatiently, the kubelet restarts every pod of the workload as soon as
    the database is slow, and the restarts finish it off. A liveness probe asks only whether the process itself hangs,
    or waits much longer.

    Two probes with the same handler pass when the liveness probe waits longer, which is failureThreshold times
    periodSeconds, and when their command only looks for the process (`pgrep`, `pidof`). A missing liveness probe is
    reported with `require: true` only: no probe is better than a bad one.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              readinessProbe:
                httpGet: {path: /health, port: 8080}
              livenessProbe:  # <-
                httpGet: {path: /health, port: 8080}
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              readinessProbe:
                httpGet: {path: /health/ready, port: 8080}
              livenessProbe:
                httpGet: {path: /health/live, port: 8080}
    ```

    See <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>.
    """
    owner = item.owner
    if not (is_scaled(owner) or owner.kind == "DaemonSet"):
        return
    live, ready = item.root["livenessProbe"], item.root["readinessProbe"]
    title = f"container {item.name} of {owner.title}"
    if not live.present:
        if require and item.part == "containers" and services_of(owner):
            yield Problem(f"{title} has no liveness probe", live)
        return
    if not ready.present or not all(live[one].plain() == ready[one].plain() for one in HANDLERS):
        return
    if _PROCESS.search(" ".join(live["exec"]["command"].texts())):
        return  # no dependency is asked
    patience, readiness = _patience(live), _patience(ready)
    if patience is not None and readiness is not None and patience <= readiness:
        message = f"{title} restarts after {patience:g} seconds by the same probe that makes it unready"
        yield Problem(message, live, also=(("readiness probe", ready),))


def _patience(probe: Node) -> float | None:
    """The seconds of failure that a probe waits for."""
    failures, period = probe["failureThreshold"], probe["periodSeconds"]
    factors = (failures.number if failures.present else 3, period.number if period.present else 10)
    return None if None in factors else math.prod(one for one in factors if one is not None)


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    related={"eksup": ["K8S007"]},
    fixable="unsafe",
    options={
        "max_grace": "seconds that a drain waits for a pod",
        "require_pre_stop": "demand a preStop hook of pods behind a load balancer",
    },
)
def unsafe_termination(
    item: Workload, project: Project, *, max_grace: int = 900, require_pre_stop: bool = False
) -> Problems:
    """The pod's shutdown time is zero, shorter than its preStop hook, or longer than a drain waits.

    With a grace period of zero the process is killed at once and its volume may be mounted elsewhere while it still
    writes. The hook's time counts against the grace period, so a hook that sleeps as long leaves the process no time to
    finish its requests. A managed node group waits 15 minutes for a node to drain and then fails the upgrade, or kills
    what is left.

    A hook's time is that of `preStop.sleep`, or of a literal `sleep` in its command. With `require_pre_stop: true` the
    containers behind an Ingress or a load balancer need a hook, for targets are deregistered while the process already
    ends. Leave a long grace period for work that can be resumed after it is killed.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          terminationGracePeriodSeconds: 20  # <-
          containers:
            - name: web
              image: registry.example/web:2.1
              lifecycle: {preStop: {exec: {command: [sh, -c, sleep 30]}}}
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          terminationGracePeriodSeconds: 60
          containers:
            - name: web
              image: registry.example/web:2.1
              lifecycle: {preStop: {exec: {command: [sh, -c, sleep 30]}}}
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          terminationGracePeriodSeconds: 45
          containers:
            - name: web
              image: registry.example/web:2.1
              lifecycle: {preStop: {sleep: {seconds: 15}}}
    ```

    See <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination> and
    <https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html>.
    """
    if not (is_scaled(item) or item.kind == "DaemonSet") or is_referenced(item):
        return
    node = template_of(item)["spec"]["terminationGracePeriodSeconds"]
    grace = node.number if node.present else 30
    if grace is None:
        return
    delays = [(_delay(one), one) for one in containers_of(item) if one.is_running]
    delay, slowest = max(delays, key=lambda pair: pair[0], default=(0.0, None))
    if grace == 0:
        fix = Fix("Set terminationGracePeriodSeconds: 30", (put(node, f"{30 + delay:g}"),), Safety.UNSAFE)
        yield Problem(f"{item.title} has a grace period of zero: its pods are killed at once", node, fix=fix)
    elif slowest is not None and delay >= grace:
        fix = Fix("Raise the grace period", (put(node, f"{delay + 30:g}"),), Safety.UNSAFE)
        message = f"{item.title} has a grace period of {grace:g} seconds, all of which its preStop hook sleeps"
        yield Problem(message, node, also=(("preStop hook", slowest.root["lifecycle"]["preStop"]),), fix=fix)
    if grace > max_grace:
        yield Problem(f"{item.title} may take {grace:g} seconds to end; a drain waits {max_grace}", node)
    if require_pre_stop and _is_balanced(item):
        for one in containers_of(item):
            if one.part == "containers" and not one.root["lifecycle"]["preStop"].present:
                message = f"container {one.name} of {item.title} is behind a load balancer without a preStop hook"
                yield Problem(message, one.root["lifecycle"]["preStop"])


def _delay(item: Container) -> float:
    """The seconds that a container's preStop hook is known to take."""
    hook = item.root["lifecycle"]["preStop"]
    if not hook.exists:
        return 0.0
    seconds = hook["sleep"]["seconds"].number
    if seconds is not None:
        return float(seconds)
    command = " ".join(hook["exec"]["command"].texts())
    return max((float(it[1]) * (60 if it[2] == "m" else 1) for it in SLEEP.finditer(command)), default=0.0)


def _is_balanced(item: Workload) -> bool:
    services = services_of(item)
    if any(one.spec["type"].text == "LoadBalancer" for one in services):
        return True
    names = {one.name for one in services}
    for ingress in item.unit.of_kind("Ingress", namespace=item.namespace):
        paths = [path for entry in ingress.spec["rules"] for path in entry["http"]["paths"]]
        backends = [ingress.spec["defaultBackend"], *(path["backend"] for path in paths)]
        if any(one["service"]["name"].text in names for one in backends):
            return True
    return False
