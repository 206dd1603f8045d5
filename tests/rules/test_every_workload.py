"""The same pod in every kind of workload: a rule on pods says the same of it, at the same place of its template."""

import copy
import json
from datetime import date
from itertools import count

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.kube import POD_TEMPLATE
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml
from opslint.testing import examples_of

PACKS = load_packs()
TURN = count()
VERSIONS = {
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "PodTemplate": "v1",
    "ReplicationController": "v1",
    "Rollout": "argoproj.io/v1alpha1",
}
SERVING = {"Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Rollout"}
# What has a meaning in these kinds only, or is asked there only.
ONLY = {
    "batch-spec-invalid": {"Job", "CronJob"},
    "missing-cost-labels": SERVING | {"CronJob"},
    "missing-readiness-probe": SERVING,
    "node-selector-unsatisfiable": set(POD_TEMPLATE) - {"DaemonSet"},  # it runs where it fits, maybe nowhere
    "no-topology-spread": SERVING - {"DaemonSet"},
    "pod-blocks-node-drain": SERVING,
    "selector-label-mismatch": SERVING - {"ReplicationController"},  # its selector is another type
    "shared-rwo-volume": {"Deployment", "Rollout"},
    "unsafe-termination": SERVING,
    "weak-liveness-probe": SERVING,
    "invalid-manifest": set(POD_TEMPLATE) - {"Rollout"},  # a custom resource: the Kubernetes schemas have none
}
# What is asked of containers that run as long as their pod: those of the other lists end by themselves, and the API
# takes no probes and no resources there.
RUNNING = {
    "missing-cpu-limit",
    "missing-cpu-request",
    "missing-memory-limit",
    "missing-memory-request",
    "missing-readiness-probe",
    "weak-liveness-probe",
}
# Of a debugging container, other things: it may write, and resources are not allowed at all.
NOT_EPHEMERAL = RUNNING | {"invalid-resource-quantity", "writable-root-filesystem"}
# Each list that a container may stand in: its key, what the container gets, and the rules that are silent there.
LISTS = {
    "init container": ("initContainers", {}, RUNNING),
    "native sidecar": ("initContainers", {"restartPolicy": "Always"}, set()),
    "ephemeral container": ("ephemeralContainers", {}, NOT_EPHEMERAL),
}
OTHER = {
    "secret-literal",  # on the text of a file
    "unused-suppression",
}


def documents(example):
    found = []
    for path, text in sorted(example.files.items()):
        if path.endswith(".yaml"):
            found += [document.plain() for document in read_yaml(Source(path, text)).documents]
    return found


def is_workload(one):
    return isinstance(one, dict) and one.get("kind") in POD_TEMPLATE


def template_of(one):
    for key in POD_TEMPLATE[one["kind"]]:
        one = one[key]
    return {"metadata": {"labels": {}} | one.get("metadata", {}), "spec": one["spec"]}


def made(kind, one):
    """The pods of a workload as another kind makes them."""
    template = copy.deepcopy(template_of(one))
    metadata = {"name": one["metadata"]["name"]} | (
        {"namespace": one["metadata"]["namespace"]} if "namespace" in one["metadata"] else {}
    )
    if kind == "Pod":
        template["metadata"] = metadata | {
            key: value for key, value in template["metadata"].items() if key in {"labels", "annotations"}
        }
        return {"apiVersion": "v1", "kind": "Pod", **template}
    place = POD_TEMPLATE[kind]
    body = template
    for key in reversed(place):
        body = {key: body}
    result = {"apiVersion": VERSIONS.get(kind, "apps/v1"), "kind": kind, "metadata": metadata, **body}
    if kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"}:
        result["spec"]["selector"] = one["spec"].get("selector", {"matchLabels": template["metadata"]["labels"]})
    if kind in {"Deployment", "StatefulSet", "ReplicaSet", "Rollout", "ReplicationController"}:
        result["spec"]["replicas"] = one.get("spec", {}).get("replicas", 1)
    return result


def found(rule, example, objects, kind, folder):
    """The places, below the template, of the rule's findings in workloads of a kind."""
    folder /= str(next(TURN))
    folder.mkdir()
    (folder / "all.yaml").write_text("\n---\n".join(json.dumps(one) for one in objects))
    terraform = {path: text for path, text in example.files.items() if path.endswith(".tf")}
    for path, text in terraform.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    settings = Settings(
        root=str(folder),
        select=(rule.id,),
        rules={rule.id: example.options} if example.options else {},
        as_of=date(2026, 11, 22),
        target_version=example.settings.get("target", "" if terraform else "1.34"),
        no_cache=True,
    )
    report = lint([str(folder)], settings, PACKS)
    assert not report.failures
    place = ".".join((*POD_TEMPLATE[kind], ""))
    paths = (finding.field_path for finding in report.findings if finding.resource.kind == kind)
    return {path.removeprefix(place) for path in paths if path.startswith(place)} - {"", "kind"}


@pytest.fixture(scope="module")
def pods(tmp_path_factory):
    """(rule, example, other objects, workload, places) of each example whose finding is in a pod."""
    folder = tmp_path_factory.mktemp("examples")
    result = []
    for rule in (rule for pack in PACKS for rule in pack.rules if rule.id not in OTHER):
        for example in (one for one in examples_of(rule) if one.verdict == "bad"):
            objects = documents(example)
            for one in (one for one in objects if is_workload(one)):
                if places := found(rule, example, objects, one["kind"], folder):
                    result.append((rule, example, [other for other in objects if other is not one], one, places))
    return result


@pytest.mark.parametrize("kind", POD_TEMPLATE)
def test_a_rule_says_the_same_of_a_pod_in_every_kind_of_workload(kind, pods, tmp_path):
    wrong = []
    for rule, example, others, one, places in pods:
        said = found(rule, example, [*others, made(kind, one)], kind, tmp_path)
        wanted = places if kind in ONLY.get(rule.id, POD_TEMPLATE) else set()
        if said != wanted:
            wrong.append(f"{rule.id}: {sorted(said)} instead of {sorted(wanted)}")
    assert wrong == []


def moved(one, key, more):
    """The workload with its containers in another list."""
    one = copy.deepcopy(one)
    spec = one
    for step in (*POD_TEMPLATE[one["kind"]], "spec"):
        spec = spec[step]
    spec[key] = [*({**each, **more} for each in spec["containers"]), *spec.get(key, [])]
    spec["containers"] = [{"name": "main", "image": "registry.example/main@sha256:" + "a" * 64}]
    return one


@pytest.mark.parametrize("name", LISTS)
def test_a_rule_says_the_same_of_a_container_in_every_list(name, pods, tmp_path):
    key, more, silent = LISTS[name]
    wrong, asked = [], set()
    for rule, example, others, one, places in pods:
        wanted = {path.replace("spec.containers", f"spec.{key}", 1) for path in places if "spec.containers" in path}
        if not wanted:
            continue
        asked.add(rule.id)
        said = found(rule, example, [*others, moved(one, key, more)], one["kind"], tmp_path)
        heard = wanted <= said
        if heard == (rule.id in silent):
            wrong.append(f"{rule.id}: {sorted(said)} instead of {sorted(wanted)}")
    assert wrong == []
    assert asked >= RUNNING | NOT_EPHEMERAL


def test_the_pods_of_a_deployment_that_a_rollout_names_are_spoken_of_once(pods, tmp_path):
    wrong = []
    for rule, example, others, one, places in pods:
        if one["kind"] != "Deployment":
            continue
        name = one["metadata"]["name"]
        rollout = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": one["metadata"],
            "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "replicas": 2},
        }
        said = found(rule, example, [*others, one, rollout], "Deployment", tmp_path)
        again = found(rule, example, [*others, one, rollout], "Rollout", tmp_path)
        if said | again != places or said & again:
            wrong.append(f"{rule.id}: {sorted(said)} and of the Rollout {sorted(again)} instead of {sorted(places)}")
    assert wrong == []


def test_these_are_the_rules_on_pods(pods):
    assert len({rule.id for rule, *_ in pods}) > 30
    assert set(ONLY) <= {rule.id for rule, *_ in pods}
