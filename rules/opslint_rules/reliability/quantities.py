"""CPU and memory as written: limits, and quantities that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    OPT_IN,
    POD_KINDS,
    STRICT,
    Container,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    container,
    has_resource,
    kind,
    quantity_of,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES: Final = ("memory", "ephemeral-storage", "storage")
SMALLEST: Final = 1024 * 1024  # bytes; less is taken for a forgotten unit


@rule(
    each=container(),
    severity=Severity.LOW,
    preset=OPT_IN,
    aliases={
        "checkov": ["CKV_K8S_11"],
        "trivy": ["KSV-0011"],
        "polaris": ["cpuLimitsMissing"],
        "kyverno": ["require-cpu-limits"],
    },
    options={"include_init": "also check ordinary init containers"},
)
def missing_cpu_limit(item: Container, project: Project, *, include_init: bool = False) -> Problems:
    """A container has no CPU limit.

    A busy container may then use all the CPU of its node that others have not asked for, so response times depend on
    what else runs there, and a test on a quiet node says little about a full one. Some clusters charge or plan by
    limits.

    The rule is opt-in since CPU limits are disputed: a limited container is throttled even on an idle node, and
    requests alone already share the CPU out fairly. A LimitRange of the namespace and `resources` of the pod count.

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
              resources:
                requests: {cpu: 100m, memory: 128Mi}
                limits:  # <-
                  memory: 256Mi
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
              resources:
                requests: {cpu: 100m, memory: 128Mi}
                limits: {cpu: "1", memory: 256Mi}
    ```

    See <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>.
    """
    checked = item.is_running or (include_init and item.part == "initContainers")
    if checked and not has_resource(item, "limits", "cpu", project):
        message = f"container {item.name} of {item.owner.title} has no CPU limit"
        yield Problem(message, item.root["resources"]["limits"]["cpu"])


@rule(
    each=kind(*POD_KINDS, "PersistentVolumeClaim", system=False),
    severity=Severity.HIGH,
    preset=STRICT,
    fixable="unsafe",
    options={"max_cpu": "number of CPUs above which a value is taken for one without its m"},
)
def invalid_resource_quantity(item: KubeObject, project: Project, *, max_cpu: int = 256) -> Problems:
    """A request exceeds its limit, or a quantity is implausible, such as memory given in milli-bytes.

    `memory: 512m` is half a byte: the API server takes it and the container cannot start, or is killed at once.
    `cpu: 500` asks for five hundred CPUs, which no node has, so the pod is pending for ever and Karpenter looks for an
    instance that does not exist. A request above its limit is rejected, together with the rest of the release.

    Memory and storage below one mebibyte count as implausible. Containers, `resources` of the pod, volume claims and
    their templates are looked at; ephemeral containers cannot have resources at all. Raise `max_cpu` for machines that
    are larger.

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
              resources:
                requests:
                  cpu: 500  # <-
                  memory: 512m  # <-
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
          containers:
            - name: web
              image: registry.example/web:2.1
              resources:
                requests:
                  cpu: 500m
                  memory: 512Mi
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
              resources:
                requests: {cpu: 500m, memory: 512Mi}
                limits: {memory: 1Gi}
    ```

    See <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
    """
    for title, resources in _resources(item):
        if not resources.exists:
            continue
        requests, limits = resources["requests"], resources["limits"]
        for part in (requests, limits):
            for name, node in part.items():
                problem = _implausible(f"{title} {part.key}", name, node, max_cpu)
                if problem is not None:
                    yield problem
        for name, asked in requests.items():
            limit = limits[name]
            if not limit.exists:
                continue
            least, most = quantity_of(asked), quantity_of(limit)
            if least is not None and most is not None and least > most:
                message = f"{title} requests {asked.text} {name} above its limit {limit.text}, which is rejected"
                yield Problem(message, asked, also=(("limit", limit),))
    for one in item.containers:
        resources = one.root["resources"]
        if one.part == "ephemeralContainers" and resources.present:
            yield Problem(f"ephemeral container {one.name} of {item.title} cannot have resources", resources)


def _resources(item: KubeObject) -> Iterator[tuple[str, Node]]:
    if item.kind == "PersistentVolumeClaim":
        yield item.title, item.spec["resources"]
        return
    if not item.is_workload:
        return
    yield item.title, item.pod_spec["resources"]
    for one in item.containers:
        if one.part != "ephemeralContainers":
            yield f"container {one.name} of {item.title}", one.root["resources"]
    for claim in item.spec["volumeClaimTemplates"]:
        yield f"the claim {claim['metadata']['name'].text} of {item.title}", claim["spec"]["resources"]


def _implausible(title: str, name: str, node: Node, max_cpu: int) -> Problem | None:
    if not node.present or not node.known:
        return None
    said, amount = node.text, quantity_of(node)
    if amount is None:
        return Problem(f'{title} "{said}" {name}, which is no quantity', node, fix=_mend(name, node))
    if name in BYTES and 0 < amount < SMALLEST:
        message = f"{title} {said} {name}, which is {amount:g} bytes"
        return Problem(message, node, fix=_mend(name, node))
    if name == "cpu" and amount > max_cpu:
        changes = (Set(node, f"{said}m"),)
        fix = Fix(f"Ask for {said}m", changes, Safety.UNSAFE) if said.isdecimal() else None
        message = f"{title} {said} CPUs, which no node has: an m may be missing"
        return Problem(message, node, fix=fix)
    return None


def _mend(name: str, node: Node) -> Fix | None:
    """Give a number the unit that is meant: `512m`, `512MB` and `512mb` are 512Mi."""
    digits = node.text.rstrip("mMgGbBiI ")
    unit = node.text[len(digits) :].strip().lower()
    units = {"m": "Mi", "mb": "Mi", "mi": "Mi", "mib": "Mi", "g": "Gi", "gb": "Gi", "gi": "Gi", "gib": "Gi"}
    if name not in BYTES or not digits.isdecimal() or unit not in units:
        return None
    return Fix(f"Ask for {digits}{units[unit]}", (Set(node, f"{digits}{units[unit]}"),), Safety.UNSAFE)
