"""What a container's security context comes to: its own fields, else its pod's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.cached import once
from opslint.model.finding import Add, Fix, Remove, Safety, Set
from opslint_schemas import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.finding import Change
    from opslint.model.kube import Container, Workload
    from opslint.model.node import Node
    from opslint.model.project import Unit


@once
def is_windows(item: Workload) -> bool:
    """True when the pods run on Windows, where most of the security context has no meaning."""
    spec = item.pod_spec
    names = {spec["os"]["name"].text.lower(), spec["nodeSelector"]["kubernetes.io/os"].text.lower()}
    return "windows" in names


def has_own_users(item: Workload, since: str = "user_namespaces") -> bool:
    """True when the pods have a user namespace of their own (`hostUsers: false`) at every version of their clusters.

    Root in them is nobody on the node then.

    Args:
        item: the workload.
        since: the key of the first minor in `kubernetes/pod_security`: `user_namespaces`, when the API server stopped
            dropping the field by default, or `user_namespaces_relax`, when the Pod Security profiles began to heed it.
    """
    if not item.pod_spec["hostUsers"].is_false:
        return False
    first = load("kubernetes/pod_security")[since]
    return all(target.minor >= first for target in item.unit.targets)


def effective(item: Container, *keys: str) -> Node:
    """Return a field of the security context: the container's, else the pod's, else the container's missing one."""
    own = item.root["securityContext"].at(*keys)
    if own.present:
        return own
    pods = item.owner.pod_spec["securityContext"]
    if not pods.exists:
        return own
    pods = pods.at(*keys)
    return pods if pods.present else own


def capability(node: Node) -> str:
    """Return the name of a capability as Kubernetes writes it: `cap_net_raw` is NET_RAW."""
    return node.text.upper().removeprefix("CAP_")


def capabilities(item: Container, part: str) -> dict[str, Node]:
    """Return the capabilities that a container adds or drops (`part`), with the node of each."""
    listed = item.root["securityContext"]["capabilities"][part]
    return {capability(node): node for node in listed if node.is_scalar} if listed.exists else {}


def put(node: Node, value: str) -> Change:
    """Return the change that gives a field a value, be it written already or not."""
    if node.exists or node.parent is None:
        return Set(node, value)
    return Add(node.parent, str(node.key), value)


def switch_off(node: Node, title: str) -> Fix:
    """Return the fix that takes a `true` away whose default is false.

    What a chart renders is set to false instead: the `true` may be a values key, or the only entry of its map.
    """
    if node.source.origin is None:
        return Fix(f"Remove {title}", (Remove(node),), Safety.UNSAFE)
    return Fix(f"Set {node.key}: false", (Set(node, "false"),), Safety.UNSAFE)


def set_by_policy(unit: Unit, field: str) -> bool:
    """True when a Kyverno policy of the unit writes the field into the objects it lets in."""
    policies = unit.of_kind("ClusterPolicy", "Policy", "MutatingPolicy")
    return bool(policies) and any(
        field in text
        for policy in policies
        for step in (*policy.spec["rules"], policy.spec)
        for text in _texts(step["mutate"] if policy.kind != "MutatingPolicy" else step["mutations"])
    )


def _texts(node: Node) -> Iterator[str]:
    for one in node.walk():
        yield str(one.key)
        if one.known and one.is_scalar:
            yield one.text
