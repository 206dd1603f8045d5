"""What Karpenter's NodePools may buy."""

from __future__ import annotations

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
    Unit,
    kind,
    rule,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

KARPENTER: Final = ("karpenter.sh",)
CAPACITY: Final = "karpenter.sh/capacity-type"
INSTANCE_TYPE: Final = "node.kubernetes.io/instance-type"
# Requirements that say which instances are wanted; EKS Auto Mode has its own prefix.
CHOOSING: Final = ("category", "family", "generation", "size", "cpu", "memory", "hypervisor")
PREFIXES: Final = ("karpenter.k8s.aws/instance-", "eks.amazonaws.com/instance-")
SIZES: Final = 8  # of an instance family, roughly


def _requirements(pool: KubeObject) -> Node:
    spec = pool.spec if pool.kind == "Provisioner" else pool.spec["template"]["spec"]
    return spec["requirements"]


def _allows_spot(pool: KubeObject) -> bool:
    said = [one for one in _requirements(pool) if one["key"].text == CAPACITY]
    return bool(said) and all(_lets_in(one, "spot") for one in said)


def _lets_in(requirement: Node, value: str) -> bool:
    operator, values = requirement["operator"].text, requirement["values"].texts()
    return (
        operator == "Exists" or (operator == "In" and value in values) or (operator == "NotIn" and value not in values)
    )


@rule(
    each=unit(),
    severity=Severity.LOW,
    preset=STRICT,
    fixable="unsafe",
    options={"every_pool": "demand it of each NodePool"},
)
def karpenter_no_spot(item: Unit, project: Project, *, every_pool: bool = False) -> Problems:
    """No Karpenter NodePool allows Spot capacity.

    Spot instances cost half of what others do, or less, and are taken away with two minutes' notice. Karpenter picks
    the pools of capacity that are least likely to be taken, falls back to on-demand when there is none, and drains a
    node in time: what survives a node upgrade survives this too.

    A NodePool that does not name `karpenter.sh/capacity-type` buys on-demand only. It is enough that one of the pools
    of what is applied together allows Spot, unless `every_pool` is true. Leave it for clusters that run only what
    cannot be interrupted, such as databases or long jobs.

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          requirements:
            - key: karpenter.sh/capacity-type
              operator: In
              values: [on-demand]  # <-
    ```

    ```yaml fixed
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          requirements:
            - key: karpenter.sh/capacity-type
              operator: In
              values: [spot, on-demand]
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          requirements:
            - key: karpenter.sh/capacity-type
              operator: In
              values: [spot, on-demand]
    ```

    See <https://karpenter.sh/docs/concepts/nodepools/#capacity-type>.
    """
    pools = [one for one in item.of_kind("NodePool", "Provisioner") if one.group in KARPENTER]
    without = [one for one in pools if not _allows_spot(one)]
    if not without or (not every_pool and len(without) < len(pools)):
        return
    for pool in without if every_pool else without[:1]:
        said = [one for one in _requirements(pool) if one["key"].text == CAPACITY]
        at = said[0]["values"] if said else _requirements(pool)
        others = _others(len(pools) - 1) if not every_pool else ""
        fix = _allow_spot(said[0]) if len(said) == 1 else None
        yield Problem(f"{pool.title} does not allow Spot capacity{others}", at, fix=fix)


def _others(count: int) -> str:
    if count < 1:
        return ""
    return ", nor does the other one" if count == 1 else f", nor do the other {count}"


def _allow_spot(requirement: Node) -> Fix | None:
    """What makes `In [on-demand]` allow both; other requirements may have their reason."""
    values = requirement["values"]
    if requirement["operator"].text != "In" or values.texts() != ["on-demand"]:
        return None
    return Fix("Set values: [spot, on-demand]", (Set(values, "[spot, on-demand]"),), Safety.UNSAFE)


@rule(
    each=kind("NodePool", "Provisioner", groups=KARPENTER),
    severity=Severity.MEDIUM,
    preset=STRICT,
    options={"require": "limits that are needed", "max_cpu": "largest sensible limit of vCPUs; null: any"},
)
def karpenter_no_limits(
    item: KubeObject, project: Project, *, require: tuple[str, ...] = ("cpu",), max_cpu: int | None = None
) -> Problems:
    """A NodePool may grow without bound.

    Karpenter buys a node for every pod that does not fit. A wrong `replicas`, a loop that makes Jobs, or an autoscaler
    on a broken metric then becomes a bill: nothing stops before the quota of the AWS account does, and that takes the
    rest of the account along. A limit stops it, and the pods that wait are seen.

    The limit is a safety net, so twice the usual peak is a good value. Static pools (`spec.replicas`) pass. Say with
    `require` which limits you want, and with `max_cpu` which one is too large to be one.

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:  # <-
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      limits: {cpu: "200", memory: 800Gi}
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
    ```

    See <https://karpenter.sh/docs/concepts/nodepools/#speclimits>.
    """
    limits = item.spec["limits"]["resources"] if item.kind == "Provisioner" else item.spec["limits"]
    if item.spec["replicas"].present or limits["nodes"].present:
        return
    if not limits.present or not len(limits):
        yield Problem(f"{item.title} has no limits, so it may grow without bound", limits)
        return
    missing = [name for name in require if not limits[name].present]
    if missing:
        yield Problem(f"{item.title} has no limit of {' and '.join(missing)}", limits)
    amount = _cpus(limits["cpu"])
    if max_cpu is not None and amount is not None and amount > max_cpu:
        yield Problem(f"{item.title} may grow to {amount:g} vCPUs (at most {max_cpu})", limits["cpu"])


def _cpus(node: Node) -> float | None:
    text = node.text
    thousandths = text.endswith("m")
    factor = {"m": 0.001, "k": 1000.0}.get(text[-1:], 1.0)
    digits = text[:-1] if thousandths or text.endswith("k") else text
    return float(digits) * factor if digits.replace(".", "", 1).isdecimal() else None


@rule(
    each=kind("NodePool", "Provisioner", groups=KARPENTER),
    severity=Severity.LOW,
    preset=STRICT,
    options={"min_types": "shortest list of instance types together with Spot"},
)
def karpenter_instance_range(item: KubeObject, project: Project, *, min_types: int = 5) -> Problems:
    """The NodePool may pick any instance, bare metal included, or so few types that Spot capacity runs out.

    Without any requirement Karpenter may start the largest machines of a region, which a large pod or many small ones
    make it do: one such node holds too much to lose, and costs as much as a fleet. With a handful of types Spot
    capacity is gone at once everywhere, and the pods wait.

    Category, family, generation, size, CPU and memory count as a choice of instances, and so does a list of types. A
    list is short only together with Spot; a family counts as eight types unless sizes are named. `minValues` above
    the length of its own list can never be met.

    ```yaml bad
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          requirements:  # <-
            - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          requirements:
            - {key: karpenter.sh/capacity-type, operator: In, values: [spot, on-demand]}
            - {key: karpenter.k8s.aws/instance-category, operator: In, values: [c, m, r]}
            - {key: karpenter.k8s.aws/instance-generation, operator: Gt, values: ["4"]}
    ```

    See <https://karpenter.sh/docs/concepts/nodepools/#instance-types>.
    """
    requirements = _requirements(item)
    choosing = [one for one in requirements if _choice(one["key"].text)]
    if not choosing:
        yield Problem(f"{item.title} may pick any instance, bare metal and the largest sizes included", requirements)
    elif _allows_spot(item):
        yield from _too_few(item, choosing, min_types)
    for one in requirements:
        least, values = one["minValues"], one["values"]
        if one["operator"].text == "In" and (least.number or 0) > len(values):
            message = f"{item.title} wants {least.text} values of {one['key'].text} and names {len(values)}"
            yield Problem(message, least, also=(("values", values),))


def _choice(key: str) -> str:
    """The name of what a requirement chooses instances by, "" when it does not."""
    if key == INSTANCE_TYPE:
        return "type"
    name = next((key.removeprefix(prefix) for prefix in PREFIXES if key.startswith(prefix)), "")
    return name if name in CHOOSING else ""


def _too_few(item: KubeObject, choosing: list[Node], min_types: int) -> Iterator[Problem]:
    listed = {_choice(one["key"].text): one["values"] for one in choosing if one["operator"].text == "In"}
    if "type" in listed:
        count, at = len(listed["type"]), listed["type"]
    elif "family" in listed:
        sizes = len(listed["size"]) if "size" in listed else SIZES
        count, at = len(listed["family"]) * sizes, listed["family"]
    else:
        return
    if count < min_types:
        types = f"{count} instance type{'s' * (count != 1)}"
        yield Problem(f"{item.title} allows Spot with {types} (at least {min_types})", at)
