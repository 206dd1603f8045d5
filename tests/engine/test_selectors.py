"""Label selectors as the API machinery defines them, and what selects which pods."""

import pytest

from opslint.engine.pods import (
    budget_selects,
    budgets_of,
    is_referenced,
    job_spec_of,
    labelled_by_operator,
    labels_of,
    made_by_operator,
    selected_by_budget,
    selected_by_service,
    selector_of,
    services_of,
    sourced_variables,
)
from opslint.engine.selectors import selects, selects_labels
from opslint.model.kube import KubeObject, unpack
from opslint.model.project import Environment, Unit
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

LABELS = {"app": "web", "tier": "front"}


def node(text):
    return read_yaml(Source("a.yaml", text)).documents[0]


def unit(text):
    made = Unit("a", "manifests", "a", Environment())
    for document in read_yaml(Source("a.yaml", text)).documents:
        made.objects += [KubeObject(item, made) for item in unpack(document)]
    return made


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("{}", True),
        ("{matchLabels: {app: web}}", True),
        ("{matchLabels: {app: web, tier: back}}", False),
        ("{matchLabels: {other: x}}", False),
        ("{matchExpressions: [{key: app, operator: In, values: [web, api]}]}", True),
        ("{matchExpressions: [{key: app, operator: In, values: [api]}]}", False),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [api]}]}", True),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", False),
        ("{matchExpressions: [{key: other, operator: NotIn, values: [web]}]}", True),
        ("{matchExpressions: [{key: app, operator: Exists}]}", True),
        ("{matchExpressions: [{key: other, operator: Exists}]}", False),
        ("{matchExpressions: [{key: other, operator: DoesNotExist}]}", True),
        ("{matchExpressions: [{key: app, operator: DoesNotExist}]}", False),
        ("{matchExpressions: [{key: app, operator: Near, values: [web]}]}", False),
        ("{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [back]}]}", False),
        ("{matchLabels: [app]}", False),
        ("web", False),
        ("[app]", False),
    ],
)
def test_selects(selector, selected):
    assert selects(node(f"a: {selector}")["a"], LABELS) is selected


@pytest.mark.parametrize("text", ["a: null", "b: 1"])
def test_no_selector_selects_nothing(text):
    assert not selects(node(text)["a"], LABELS)


def test_a_plain_map_selects_by_all_its_labels():
    assert selects_labels(node("{app: web}"), LABELS)
    assert not selects_labels(node("{app: web, x: y}"), LABELS)
    assert not selects_labels(node("{app: other}"), LABELS)


def test_a_number_in_a_label_is_compared_as_text():
    assert selects_labels(node("{version: 2}"), {"version": "2"})


PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web, tier: front}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api, tier: back}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: other}
spec: {template: {metadata: {labels: {app: web, tier: front}}}}
---
"""


def budget(spec, version="policy/v1", namespace="shop"):
    return f"""
apiVersion: {version}
kind: PodDisruptionBudget
metadata: {{name: pdb, namespace: {namespace}}}
spec: {spec}
"""


def names(objects):
    return sorted(item.name for item in objects)


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ("{selector: {matchLabels: {app: web}}}", ["web"]),
        ("{selector: {matchExpressions: [{key: tier, operator: Exists}]}}", ["api", "web"]),
        ("{selector: {}}", ["api", "web"]),
        ("{selector: null}", []),
        ("{}", []),
    ],
)
def test_workloads_that_a_budget_selects(spec, selected):
    made = unit(PODS + budget(spec))
    assert names(selected_by_budget(made.of_kind("PodDisruptionBudget")[0])) == selected


def test_the_empty_selector_of_v1beta1_selects_nothing():
    made = unit(PODS + budget("{selector: {}}", "policy/v1beta1"))
    assert not budget_selects(made.of_kind("PodDisruptionBudget")[0], LABELS)
    assert budgets_of(made.objects[0]) == []


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("{selector: {matchLabels: {tier: front, app: web}}}", ["pdb"]),
        ("{selector: {}}", ["pdb"]),
        ("{selector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}", ["pdb"]),
        ("{selector: {matchLabels: {app: api}}}", []),
    ],
)
def test_budgets_of_a_workload(spec, found):
    assert names(budgets_of(unit(PODS + budget(spec)).objects[0])) == found


def test_a_budget_of_another_namespace_is_not_the_workloads():
    assert budgets_of(unit(PODS + budget("{selector: {}}", namespace="third")).objects[0]) == []


def service(spec):
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: svc, namespace: shop}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ("{selector: {app: web}}", ["web"]),
        ("{selector: {tier: back}}", ["api"]),
        ("{selector: {}}", []),
        ("{selector: null}", []),
        ("{selector: [app]}", []),
        ("text", []),
    ],
)
def test_services_select_by_labels_and_nothing_without_a_selector(spec, selected):
    made = unit(PODS + service(spec))
    found = made.of_kind("Service")[0]
    assert names(selected_by_service(found)) == selected
    assert [names(services_of(item)) for item in made.objects[:2]] == [
        ["svc"] if name in selected else [] for name in ("web", "api")
    ]


def test_an_object_without_a_namespace_may_land_in_any():
    made = unit(PODS + service("{selector: {app: web}}").replace(", namespace: shop", ""))
    assert [item.namespace for item in selected_by_service(made.of_kind("Service")[0])] == ["shop", "other"]


def test_a_rollout_takes_labels_from_the_deployment_it_refers_to():
    made = unit(
        PODS + "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: roll, namespace: shop}\n"
        "spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n"
    )
    rollout = made.of_kind("Rollout")[0]
    assert dict(labels_of(rollout)) == LABELS
    assert [is_referenced(item) for item in made.objects] == [True, False, False, False]


def test_a_rollout_selects_as_the_deployment_it_refers_to():
    made = unit(
        PODS.replace("{template", "{selector: {matchLabels: {app: web}}, template", 1)
        + "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: roll, namespace: shop}\n"
        "spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n"
    )
    assert [selector_of(item).plain() for item in (made.objects[0], made.of_kind("Rollout")[0])] == [
        {"matchLabels": {"app": "web"}}
    ] * 2


@pytest.mark.parametrize(
    ("kind", "spec"), [("Job", "{backoffLimit: 1}"), ("CronJob", "{jobTemplate: {spec: {backoffLimit: 1}}}")]
)
def test_jobs_and_what_makes_them_have_one_spec(kind, spec):
    (item,) = unit(f"apiVersion: batch/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n").objects
    assert job_spec_of(item)["backoffLimit"].number == 1


@pytest.mark.parametrize(
    ("version", "label", "found"),
    [
        ("ray.io/v1", "ray.io/cluster", True),
        ("postgresql.cnpg.io/v1", "cnpg.io/cluster", True),
        ("snapshot.kubernetes.io/v1", "kubernetes.io/name", False),
        ("gateway.networking.k8s.io/v1", "k8s.io/name", False),
        ("elasticsearch.k8s.elastic.co/v1", "elasticsearch.k8s.elastic.co/cluster-name", True),
        ("ray.io/v1", "cluster", False),
        ("ray.io/v1", "io/cluster", False),
        ("xray.io/v1", "ray.io/cluster", False),
        ("apps/v1", "apps/cluster", False),
    ],
)
def test_an_operator_names_its_labels_after_its_group(version, label, found):
    made = unit(
        f"apiVersion: {version}\nkind: Thing\nmetadata: {{name: main, namespace: shop}}\n---\n"
        + service("{selector: {a: b}}")
    )
    item = made.of_kind("Service")[0]
    assert labelled_by_operator(item, {"tier": "main", label: "main"}) is (made.objects[0] if found else None)
    assert labelled_by_operator(item, {label: "other"}) is None


def test_a_custom_resource_owns_the_pods_whose_labels_name_it():
    made = unit(
        "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: main, namespace: shop}\n---\n"
        + service("{selector: {prometheus: main}}")
    )
    found = made.of_kind("Service")[0]
    assert made_by_operator(found, ["main"]) is made.objects[0]
    assert made_by_operator(found, ["other"]) is None
    assert made_by_operator(found, ["main"], ["Kafka"]) is None


def test_variables_that_get_their_values_from_elsewhere():
    made = unit(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      env:\n"
        "        - {name: A, value: '1'}\n        - {name: B, valueFrom: {fieldRef: {fieldPath: a}}}\n        - C\n"
    )
    assert [one["name"].text for one in sourced_variables(made.objects[0].containers[0])] == ["B"]
