"""NetworkPolicies and monitors, and what they select."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    kind,
    labelled_by_operator,
    labels_of,
    left_out,
    made_by_operator,
    rule,
    selects,
    services_with,
    workloads_with,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Labels that controllers put on pods while they run.
RUNTIME_LABELS: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "job-name",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
# Of the Service that the API server makes for itself, in the namespace default.
API_SERVER: Final = {"component": "apiserver", "provider": "kubernetes"}
MONITORS: Final = {"ServiceMonitor": "serviceMonitorSelector", "PodMonitor": "podMonitorSelector"}


@rule(
    each=kind("NetworkPolicy", *MONITORS),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "kube-linter": [
            "dangling-networkpolicy",
            "dangling-networkpolicypeer-podselector",
            "dangling-servicemonitor",
        ],
        "kube-score": ["networkpolicy-targets-pod"],
    },
    options={"check_peers": "also check the pods that a NetworkPolicy lets in and out"},
)
def dangling_policy_or_monitor(item: KubeObject, project: Project, *, check_peers: bool = False) -> Problems:
    """A NetworkPolicy, ServiceMonitor or PodMonitor selects nothing.

    A policy that selects no pods protects none, and looks as if it did. A monitor that selects nothing collects no
    metrics, so the alarms that are made of them never fire: the outage is noticed by customers. Both come from a label
    that was renamed on one side. A monitor without the labels that Prometheus asks for is not even looked at.

    Pods and Services of all parts of the project in the right namespaces count, those that an operator makes of a
    custom resource too; system namespaces pass. The rule is silent when a part of what is applied together could not
    be read, and in a chart whose own values leave out what may be selected. The Service `kubernetes` of the API server
    is in every cluster. Leave it when another repository deploys what is selected.

    ```yaml bad
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web, namespace: shop}
    spec:
      selector:  # <-
        matchLabels: {app: website}
      endpoints: [{port: metrics}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop, labels: {app: web}}
    spec:
      selector: {app: web}
      ports: [{name: metrics, port: 9090}]
    ```

    ```yaml good
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web, namespace: shop}
    spec:
      selector:
        matchLabels: {app: web}
      endpoints: [{port: metrics}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop, labels: {app: web}}
    spec:
      selector: {app: web}
      ports: [{name: metrics, port: 9090}]
    ```

    See <https://kubernetes.io/docs/concepts/services-networking/network-policies/> and
    <https://prometheus-operator.dev/docs/developer/getting-started/>.
    """
    if item.kind in MONITORS:
        yield from _unseen(item, project)
    if not item.unit.closed:
        return
    if item.kind in MONITORS:
        what = "Services" if item.kind == "ServiceMonitor" else "pods"
        yield from _dangling(item, project, item.spec["selector"], _namespaces(item), what)
        return
    yield from _dangling(item, project, item.spec["podSelector"], {item.namespace}, "pods")
    if check_peers:
        for rules, direction in ((item.spec["ingress"], "from"), (item.spec["egress"], "to")):
            for peer in (one for entry in rules for one in entry[direction]):
                yield from _peer(item, project, peer)


def _peer(item: KubeObject, project: Project, peer: Node) -> Iterator[Problem]:
    selector = peer["namespaceSelector"]
    spaces: set[str] | None = {item.namespace}
    if selector.present:
        labels = ({**one.labels, "kubernetes.io/metadata.name": one.name} for one in project.of_kind("Namespace"))
        spaces = {one["kubernetes.io/metadata.name"] for one in labels if selects(selector, one)}
        if not spaces or not len(selector):
            return  # namespaces that another repository makes, or all there are
    yield from _dangling(item, project, peer["podSelector"], spaces, "peer pods")


def _namespaces(item: KubeObject) -> set[str] | None:
    """The namespaces that a monitor looks at, None for all of them."""
    selector = item.spec["namespaceSelector"]
    if selector["any"].is_true:
        return None
    return set(selector["matchNames"].texts()) or {item.namespace}


def _dangling(
    item: KubeObject, project: Project, selector: Node, spaces: set[str] | None, what: str
) -> Iterator[Problem]:
    wanted = [key for key, _ in selector["matchLabels"].items()]
    wanted += [one["key"].text for one in selector["matchExpressions"]]
    if not wanted or not RUNTIME_LABELS.isdisjoint(wanted) or not project.system_namespaces.isdisjoint(spaces or ()):
        return
    labels = {key: value.text for key, value in selector["matchLabels"].items()}
    if made_by_operator(item, labels.values()) is not None or labelled_by_operator(item, labels) is not None:
        return
    if what == "Services" and (spaces is None or "default" in spaces) and selects(selector, API_SERVER):
        return
    first = next(iter(labels.items()), None)
    for unit in project.units:
        near = unit is item.unit
        for one in services_with(unit, first) if what == "Services" else workloads_with(unit, first):
            here = spaces is None or one.namespace in spaces or (near and not (one.namespace and item.namespace))
            if here and selects(selector, one.labels if what == "Services" else labels_of(one)):
                return
    if left_out(item, ("Service",), labels=labels) if what == "Services" else left_out(item, labels=labels):
        return
    said = ", ".join(f"{key}={value}" for key, value in labels.items()) or "those asked for"
    yield Problem(f"{item.title} selects no {what}: none has the labels {said}", selector)


def _unseen(item: KubeObject, project: Project) -> Iterator[Problem]:
    """Monitors that no Prometheus of the project takes, by their own labels."""
    servers = [one for one in project.of_kind("Prometheus") if one.group == "monitoring.coreos.com"]
    selectors = [one.spec[MONITORS[item.kind]] for one in servers]
    if selectors and all(one.present and not selects(one, item.labels) for one in selectors):
        wanted = ", ".join(f"{key}={value.text}" for key, value in selectors[0]["matchLabels"].items())
        message = f"{item.title} lacks the labels that {servers[0].title} asks of it"
        place = item.metadata["labels"] if item.metadata["labels"].present else item.metadata
        yield Problem(f"{message}: {wanted}" if wanted else message, place, also=((servers[0].title, selectors[0]),))
