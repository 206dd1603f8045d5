"""Where each kind keeps its pods, and what its containers are."""

import pytest

from opslint.model.kube import KubeObject, unpack
from opslint.model.project import Environment, Target, Unit
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

UNIT = Unit("a", "manifests", "a", Environment(), namespace="shop")
POD = "{containers: [{name: web}], initContainers: [{name: setup}, {name: proxy, restartPolicy: Always}], %s}"
PODS = POD % "ephemeralContainers: [{name: debug}]"
TEMPLATE = f"template: {{metadata: {{labels: {{app: web}}}}, spec: {PODS}}}"


def object_of(text):
    (document,) = read_yaml(Source("a.yaml", text)).documents
    return KubeObject(document, UNIT)


KINDS = [
    ("v1", "Pod", f"metadata: {{name: web, labels: {{app: web}}}}\nspec: {PODS}"),
    ("apps/v1", "Deployment", f"spec: {{{TEMPLATE}}}"),
    ("apps/v1", "StatefulSet", f"spec: {{{TEMPLATE}}}"),
    ("apps/v1", "DaemonSet", f"spec: {{{TEMPLATE}}}"),
    ("apps/v1", "ReplicaSet", f"spec: {{{TEMPLATE}}}"),
    ("v1", "ReplicationController", f"spec: {{{TEMPLATE}}}"),
    ("batch/v1", "Job", f"spec: {{{TEMPLATE}}}"),
    ("batch/v1", "CronJob", f"spec: {{jobTemplate: {{spec: {{{TEMPLATE}}}}}}}"),
    ("argoproj.io/v1alpha1", "Rollout", f"spec: {{{TEMPLATE}}}"),
    ("extensions/v1beta1", "Deployment", f"spec: {{{TEMPLATE}}}"),
    ("v1", "PodTemplate", TEMPLATE),
]


@pytest.mark.parametrize(("version", "kind", "body"), KINDS, ids=[f"{kind} {version}" for version, kind, _ in KINDS])
def test_each_kind_keeps_its_pods_somewhere(version, kind, body):
    found = object_of(f"apiVersion: {version}\nkind: {kind}\n{body}\n")
    assert found.is_workload
    assert found.pod_labels == {"app": "web"}
    assert [(one.name, one.part) for one in found.containers] == [
        ("web", "containers"),
        ("setup", "initContainers"),
        ("proxy", "initContainers"),
        ("debug", "ephemeralContainers"),
    ]
    assert [one.name for one in found.containers if one.is_running] == ["web", "proxy"], "a native sidecar runs on"


@pytest.mark.parametrize(
    ("minors", "running"),
    [((), True), ((29,), True), ((34,), True), ((28,), False), ((27, 30), True), ((26, 28), False)],
)
def test_a_sidecar_runs_on_where_the_cluster_knows_of_it(minors, running):
    """The field is dropped below 1.29: the container is to end like every init container there."""
    targets = tuple(Target(f"1.{minor}", minor, "cluster") for minor in minors)
    unit = Unit("a", "manifests", "a", Environment(), targets=targets)
    (document,) = read_yaml(Source("a.yaml", f"apiVersion: v1\nkind: Pod\nspec: {PODS}\n")).documents
    found = KubeObject(document, unit).containers
    assert [one.name for one in found if one.is_running] == (["web", "proxy"] if running else ["web"])


@pytest.mark.parametrize(
    ("version", "kind", "body"),
    [
        ("v1", "Service", "spec: {selector: {app: web}}"),
        ("serving.knative.dev/v1", "Service", f"spec: {{{TEMPLATE}}}"),
        ("example.com/v1", "Deployment", f"spec: {{{TEMPLATE}}}"),
        ("v1", "ConfigMap", f"data: {{{TEMPLATE}}}"),
    ],
)
def test_other_kinds_have_none(version, kind, body):
    found = object_of(f"apiVersion: {version}\nkind: {kind}\n{body}\n")
    assert (found.is_workload, found.containers, found.pod_labels) == (False, (), {})


@pytest.mark.parametrize(
    "spec",
    ["", "null", "[]", "text", "{containers: null}", "{containers: {name: web}}", "{containers: [null, text, [], 7]}"],
)
def test_containers_of_the_wrong_shape_are_none(spec):
    found = object_of(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {spec}\n")
    assert found.containers == ()


def test_names_namespaces_and_groups():
    found = object_of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {generateName: web-, namespace: other}\n")
    assert (found.name, found.namespace, found.group, found.title) == ("web-", "other", "apps", "Deployment/web-")
    found = object_of("apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\n")
    assert (found.name, found.namespace, found.group) == ("7", "shop", "")
    found = object_of("apiVersion: [1]\nkind: {}\nmetadata: text\n")
    assert (found.name, found.kind, found.api_version, found.labels) == ("", "", "", {})


@pytest.mark.parametrize(
    ("hooks", "is_test"), [("test", True), ("test-success", True), ("pre-install, test", True), ("pre-install", False)]
)
def test_test_hooks(hooks, is_test):
    metadata = f'{{name: a, annotations: {{helm.sh/hook: "{hooks}"}}}}'
    assert object_of(f"apiVersion: v1\nkind: Pod\nmetadata: {metadata}\n").is_test_hook is is_test


def test_the_items_of_a_list_are_objects_however_nested():
    text = "kind: List\nitems:\n- {kind: Pod}\n- {kind: PodList, items: [{kind: Pod}, null, 7]}\n- text\n"
    (document,) = read_yaml(Source("a.yaml", text)).documents
    assert [one["kind"].text for one in unpack(document)] == ["Pod", "Pod"]


def test_a_list_of_the_wrong_shape_is_an_object_itself():
    (document,) = read_yaml(Source("a.yaml", "kind: List\nitems: {kind: Pod}\n")).documents
    assert list(unpack(document)) == [document]
