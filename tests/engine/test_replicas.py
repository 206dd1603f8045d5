"""The least number of pods that run."""

import pytest

from opslint.engine.replicas import is_scaled, replicas_of, target_of
from opslint.model.kube import KubeObject
from opslint.model.project import Environment, Unit
from opslint.model.source import Source
from opslint.read.yaml import read_yaml


def unit(text):
    made = Unit("a", "manifests", "a", Environment())
    made.objects += [KubeObject(document, made) for document in read_yaml(Source("a.yaml", text)).documents]
    return made


def workload(spec, kind="Deployment", version="apps/v1"):
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n"


def scaler(spec, kind="HorizontalPodAutoscaler", namespace="shop"):
    return f"---\napiVersion: x/v1\nkind: {kind}\nmetadata: {{name: s, namespace: {namespace}}}\nspec: {spec}\n"


def keda(spec, **annotations):
    """A ScaledObject of the workload; its annotations are KEDA's own, written with underscores."""
    written = ", ".join(f'autoscaling.keda.sh/{name.replace("_", "-")}: "{text}"' for name, text in annotations.items())
    text = scaler(f"{{{TARGET}, {spec}}}", "ScaledObject")
    return text.replace("namespace: shop}", f"namespace: shop, annotations: {{{written}}}}}")


TARGET = "scaleTargetRef: {kind: Deployment, name: web}"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (workload("{replicas: 3}"), 3),
        (workload("{}"), 1),
        (workload("{replicas: null}"), 1),
        (workload("{replicas: 0}"), 0),
        (workload('{replicas: "2"}'), 2),
        (workload("{replicas: many}"), None),
        (workload("{replicas: .inf}"), None),
        (workload("{replicas: [2]}"), None),
        (workload("{replicas: 5}") + scaler(f"{{{TARGET}, minReplicas: 2}}"), 2),
        (workload("{replicas: 5}") + scaler(f"{{{TARGET}}}"), 1),
        (workload("{replicas: 5}") + scaler(f"{{{TARGET}}}", "ScaledObject"), 0),
        (workload("{replicas: 5}") + scaler(f"{{{TARGET}, minReplicaCount: 4}}", "ScaledObject"), 4),
        (workload("{replicas: 5}") + scaler("{scaleTargetRef: {name: web}, minReplicaCount: 4}", "ScaledObject"), 4),
        (workload("{replicas: 5}") + scaler("{scaleTargetRef: {name: web}, minReplicas: 4}"), 5),
        (workload("{replicas: 5}") + scaler(f"{{{TARGET}, minReplicas: 2}}", namespace="other"), 5),
        (workload("{replicas: 5}") + scaler(f"{{{TARGET}, minReplicas: 2}}").replace(", namespace: shop}", "}"), 2),
        (
            workload("{replicas: 5}")
            + scaler(f"{{{TARGET}, minReplicas: 2}}").replace(", namespace: shop}", "}")
            + scaler(f"{{{TARGET}, minReplicas: 3}}"),
            3,
        ),
        (workload("{replicas: 5}") + scaler("{scaleTargetRef: {kind: StatefulSet, name: web}, minReplicas: 2}"), 5),
        (workload("{replicas: 5}") + scaler("text"), 5),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4, idleReplicaCount: 0"), 4),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused_replicas="2"), 2),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused_replicas="0"), 0),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused_replicas="few"), None),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused_replicas="2", paused="true"), 2),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused="true"), 5),
        (workload("{}") + keda("minReplicaCount: 4", paused="true"), None),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused=""), 5),
        (workload("{replicas: 5}") + keda("minReplicaCount: 4", paused="false"), 4),
    ],
)
def test_replicas_of(text, count):
    assert replicas_of(unit(text).objects[0]).count == count


def test_the_place_is_where_the_number_stands():
    text = workload("{replicas: 5}") + scaler(f"{{{TARGET}, minReplicas: 2}}")
    found = replicas_of(unit(text).objects[0])
    assert found.node.path == ("spec", "minReplicas")
    assert found.autoscaler is not None


@pytest.mark.parametrize(
    ("text", "scaled"),
    [
        (workload("{}"), True),
        (workload("{}", "StatefulSet"), True),
        (workload("{}", "Rollout", "argoproj.io/v1alpha1"), True),
        (workload("{}", "ReplicaSet"), True),
        (workload("{}", "ReplicaSet").replace("{name: web,", "{name: web, ownerReferences: [{name: web}],"), False),
        (workload("{}", "DaemonSet"), False),
        (workload("{}", "Job", "batch/v1"), False),
        (workload("{}", "Deployment", "example.com/v1"), False),
    ],
)
def test_is_scaled(text, scaled):
    assert is_scaled(unit(text).objects[0]) is scaled


def test_an_autoscaler_finds_its_target_and_none_elsewhere():
    made = unit(workload("{}") + scaler(f"{{{TARGET}}}") + scaler(f"{{{TARGET}}}", namespace="other") + scaler("text"))
    found, *others = [target_of(one) for one in made.of_kind("HorizontalPodAutoscaler")]
    assert found is made.objects[0]
    assert others == [None, None]
