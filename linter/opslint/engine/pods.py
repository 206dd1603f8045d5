"""Which pods an object selects, and which objects select a workload's pods, inside one unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opslint.engine.selectors import selects, selects_labels
from opslint.model.cached import once
from opslint.model.kube import POD_TEMPLATE
from opslint.model.node import Node, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.model.kube import Container, KubeObject, Workload
    from opslint.model.project import Unit

POD_KINDS: Final = tuple(sorted(POD_TEMPLATE))  # kinds that hold a pod template, or are a pod

# Custom resources whose pods a controller makes: their pod templates are in no manifest.
OPERATOR_KINDS: Final = (
    "Prometheus",
    "Alertmanager",
    "Postgresql",
    "postgresql",  # Zalando's operator writes its kind in small letters
    "Cluster",
    "Kafka",
    "Elasticsearch",
    "RedisFailover",
    "RabbitmqCluster",
    "LeaderWorkerSet",
)
# What applies a source that may be another repository or registry; its name is the release's, and in the labels.
_DEPLOYERS: Final = ("Kustomization", "HelmRelease", "Application", "HelmChart")


class Labels(Mapping[str, str]):
    """The labels of a map, read when they are asked for.

    Raises:
        Undecided: on reading a label that only a cluster or an apply could tell.
    """

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getitem__(self, key: str) -> str:
        node = self._node[key]
        if not node.exists:
            raise KeyError(key)
        return node.text

    def __contains__(self, key: object) -> bool:
        return key in self._node

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._node.items())

    def __len__(self) -> int:
        return len(self._node)


def share_namespace(first: KubeObject, second: KubeObject) -> bool:
    """True when two objects may land in one namespace: the same one, or at least one of them names none.

    For rules that miss something. One that says what two objects do to each other compares the names.
    """
    return first.namespace == second.namespace or not first.namespace or not second.namespace


def may_meet(first: KubeObject, second: KubeObject) -> bool:
    """True when objects of two units may land in one namespace.

    Where nothing declares how a chart is installed, `default` is what it is rendered with, not where it goes.
    """
    return share_namespace(first, second) or any(
        one.unit.kind == "release" and not one.unit.namespace and one.namespace == "default" for one in (first, second)
    )


def reference_of(item: Workload) -> Workload | None:
    """Return the Deployment that a Rollout takes its pod template from (`workloadRef`), when the unit has it."""
    if item.kind != "Rollout":
        return None
    reference = item.spec["workloadRef"]
    if not reference.present:
        return None
    found = item.unit.named(reference["kind"].text, reference["name"].text)
    return next((one for one in found if share_namespace(one, item)), None)


def is_referenced(item: Workload) -> bool:
    """True for a Deployment whose pod template a Rollout takes: the Rollout runs the pods."""
    if not item.unit.of_kind("Rollout"):
        return False
    known = _referring(item.unit)
    if known is None:
        return any(reference_of(rollout) is item for rollout in item.unit.of_kind("Rollout"))
    return any(reference_of(rollout) is item for rollout in known.get((item.kind, item.name), ()))


@once
def _referring(unit: Unit) -> dict[tuple[str, str], list[Workload]] | None:
    """The Rollouts of a unit by the kind and name that they refer to; None when that of one is not known."""
    found: dict[tuple[str, str], list[Workload]] = {}
    try:
        for rollout in unit.of_kind("Rollout"):
            reference = rollout.spec["workloadRef"]
            if reference.present:
                found.setdefault((reference["kind"].text, reference["name"].text), []).append(rollout)
    except Undecided:
        return None
    return found


@once
def template_of(item: Workload) -> Node:
    """Return the pod template, that of the referenced Deployment for a Rollout with `workloadRef`."""
    return (reference_of(item) or item).pod_template


@once
def labels_of(item: Workload) -> Labels:
    """Return the labels that the workload's pods get."""
    return Labels(template_of(item)["metadata"]["labels"])


def containers_of(item: Workload) -> tuple[Container, ...]:
    """Return the containers of the workload's pods, of the referenced Deployment for a Rollout with `workloadRef`."""
    return (reference_of(item) or item).containers


@once
def sourced_variables(item: Container) -> list[Node]:
    """Return the environment variables of a container that get their values from elsewhere, and those that may."""
    return [entry for entry in item.root["env"] if not entry.known or entry["valueFrom"].exists]


def selector_of(item: Workload) -> Node:
    """Return the workload's selector, that of the referenced Deployment for a Rollout with `workloadRef`."""
    return (reference_of(item) or item).spec["selector"]


def job_spec_of(item: Workload) -> Node:
    """Return the spec of a Job, or of the Jobs that a CronJob makes."""
    return item.spec["jobTemplate"]["spec"] if item.kind == "CronJob" else item.spec


def budget_selects(budget: KubeObject, labels: Mapping[str, str]) -> bool:
    """True when a PodDisruptionBudget selects the labels; an empty selector selects nothing in policy/v1beta1."""
    selector = budget.spec["selector"]
    if budget.api_version == "policy/v1beta1" and not len(selector):
        return False
    return selects(selector, labels)


@once
def selected_by_budget(budget: KubeObject) -> list[Workload]:
    """Return the workloads of the unit whose pods a PodDisruptionBudget selects, in its own namespace."""
    selector = budget.spec["selector"]
    if not selector.present:
        return []
    candidates = _candidates(budget.unit, selector["matchLabels"])
    return [
        item for item in candidates if item.namespace == budget.namespace and budget_selects(budget, labels_of(item))
    ]


def selected_by_service(service: KubeObject, wanted: Node | None = None) -> list[Workload]:
    """Return the workloads of the unit whose pods a Service selects; none for a Service without a selector."""
    return _selected_by_service(service) if wanted is None else _selected(service, wanted)


@once
def _selected_by_service(service: KubeObject) -> list[Workload]:
    return _selected(service, service.spec["selector"])


def _selected(service: KubeObject, selector: Node) -> list[Workload]:
    if not selector.present or not len(selector):
        return []
    return [
        item
        for item in _candidates(service.unit, selector)
        if share_namespace(item, service) and selects_labels(selector, labels_of(item))
    ]


@once
def services_of(item: Workload) -> list[KubeObject]:
    """Return the Services of the unit that select the workload's pods."""
    labels = labels_of(item)
    return [
        service
        for service in _matching(item.unit, "Service", labels)
        if share_namespace(item, service) and selects_labels(service.spec["selector"], labels)
    ]


@once
def budgets_of(item: Workload) -> list[KubeObject]:
    """Return the PodDisruptionBudgets of the unit that select the workload's pods."""
    labels = labels_of(item)
    return [
        budget
        for budget in _matching(item.unit, "PodDisruptionBudget", labels)
        if share_namespace(item, budget) and budget_selects(budget, labels)
    ]


def made_by_operator(
    item: KubeObject, values: Iterable[str], kinds: Iterable[str] = OPERATOR_KINDS
) -> KubeObject | None:
    """Return the custom resource that the values of selected labels name, None when there is none.

    It is one of these kinds, or an object of Flux or Argo CD that applies pods from elsewhere under that name.
    """
    values = set(values)
    for owner in item.unit.of_kind(*dict.fromkeys(kinds)):
        if share_namespace(item, owner) and (owner.name in values or not values.isdisjoint(owner.labels.values())):
            return owner
    for owner in item.unit.of_kind(*_DEPLOYERS):
        release = owner.spec["releaseName"]
        if (owner.name in values or (release.known and release.text in values)) and _brings_from_elsewhere(owner):
            return owner
    return None


def labelled_by_operator(item: KubeObject, labels: Mapping[str, str]) -> KubeObject | None:
    """Return the custom resource whose operator labels pods so, None when there is none.

    An operator names its labels after its group and gives them the name of the resource: `cnpg.io/cluster: db` is on
    the pods of the `postgresql.cnpg.io` Cluster `db`, `ray.io/cluster` on those of a RayCluster.
    """
    for key, name in labels.items():
        domain = key.partition("/")[0] if "/" in key else ""
        if "." not in domain:
            continue
        for owner in item.unit.objects:
            if owner.name == name and _is_of_domain(owner.group, domain) and share_namespace(item, owner):
                return owner
    return None


def _is_of_domain(group: str, domain: str) -> bool:
    """True for a group of an operator's domain; the domains of Kubernetes itself label pods of any kind."""
    if domain.endswith(("kubernetes.io", "k8s.io")) and group != domain:
        return False
    return "." in group and (group == domain or group.endswith(f".{domain}"))


def _brings_from_elsewhere(owner: KubeObject) -> bool:
    """False for what applies a path of a git repository, which may well be this one."""
    spec = owner.spec
    if owner.kind == "Kustomization":
        return spec["sourceRef"]["kind"].known and spec["sourceRef"]["kind"].text not in {"", "GitRepository"}
    if owner.kind == "Application":
        sources = (spec["source"], *(spec["sources"] if spec["sources"].known else ()))
        return any(source.known and source["chart"].present for source in sources)
    return True


class _Index:
    """The workloads of a unit by one label, and its Services and budgets by one label that they want.

    What cannot be told at once stands under None and is looked at every time.
    """

    __slots__ = ("place", "selecting", "workloads")

    def __init__(self, unit: Unit) -> None:
        self.place = {item: place for place, item in enumerate(unit.workloads)}
        self.workloads: dict[tuple[str, str] | None, list[Workload]] = {}
        for item in unit.workloads:
            for label in self._labels(template_of(item)):
                self.workloads.setdefault(label, []).append(item)
        self.selecting: dict[tuple[str, tuple[str, str] | None], list[KubeObject]] = {}
        for kind in ("Service", "PodDisruptionBudget"):
            for item in unit.of_kind(kind):
                selector = item.spec["selector"] if item.spec.known else None
                if selector is not None and kind == "PodDisruptionBudget":
                    selector = selector["matchLabels"] if selector.known else None
                elif selector is not None and (not selector.present or (selector.known and not len(selector))):
                    continue  # a Service without a selector selects nothing
                self.selecting.setdefault((kind, first_label(selector)), []).append(item)

    @staticmethod
    def _labels(template: Node) -> list[tuple[str, str] | None]:
        for node in (template, template["metadata"] if template.known else template):
            if not node.known:
                return [None]
        labels = template["metadata"]["labels"]
        found: list[tuple[str, str] | None] = []
        for key, value in labels.items() if labels.known else ():
            if not value.known:
                return [None]
            found.append((key, value.text))
        return found or [None]


@once
def _index(unit: Unit) -> _Index:
    return _Index(unit)


def first_label(wanted: Node | None) -> tuple[str, str] | None:
    """Return a label that a plain map wants, None when it has none that is known."""
    if wanted is None or not wanted.known:
        return None
    for key, value in wanted.items():
        return (key, value.text) if value.known else None
    return None


def workloads_with(unit: Unit, *labels: tuple[str, str] | None) -> list[Workload]:
    """Return the workloads of a unit, in order, whose pods may have one of these labels; None stands for any label."""
    if None in labels:
        return unit.workloads
    index = _index(unit)
    lists = [found for label in (*labels, None) if (found := index.workloads.get(label))]
    if len(lists) < 2:
        return lists[0] if lists else []
    return sorted({item for found in lists for item in found}, key=index.place.__getitem__)


def services_with(unit: Unit, label: tuple[str, str] | None) -> list[KubeObject]:
    """Return the Services of a unit that may have a label of their own; None stands for any label."""
    if label is None:
        return unit.of_kind("Service")
    index = _labelled_services(unit)
    return [*index.get(label, ()), *index.get(None, ())]


@once
def _labelled_services(unit: Unit) -> dict[tuple[str, str] | None, list[KubeObject]]:
    found: dict[tuple[str, str] | None, list[KubeObject]] = {}
    for service in unit.of_kind("Service"):
        for label in service.labels.items() if service.labels.is_whole else (None,):
            found.setdefault(label, []).append(service)
    return found


def _candidates(unit: Unit, wanted: Node) -> list[Workload]:
    """The workloads that may have the wanted labels."""
    label = first_label(wanted)
    if label is None:
        return unit.workloads
    index = _index(unit)
    return [*index.workloads.get(label, ()), *index.workloads.get(None, ())]


def _matching(unit: Unit, kind: str, labels: Labels) -> list[KubeObject]:
    """The objects of a kind that may select the labels."""
    selecting = _index(unit).selecting
    found = [one for label in labels.items() for one in selecting.get((kind, label), ())]
    return [*found, *selecting.get((kind, None), ())]
