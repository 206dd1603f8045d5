"""Node agents keep what they need of their node: nothing is said of well-known ones, and no fix hardens any."""

import json
from datetime import date

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint_schemas import load

PACKS = load_packs()
AGENTS = load("kubernetes/known_controllers")["node_agents"]
HOST_RULES = ("host-namespace", "host-path-volume", "privileged-container")
HARDENING = (
    "privilege-escalation-allowed",
    "may-run-as-root",
    "seccomp-not-set",
    "capabilities-not-dropped",
    "writable-root-filesystem",
)
EVERYTHING = {"network", "pid", "ipc", "path", "socket", "privileged"}
SAYS = (  # how a message is known to speak of a need
    ("hostNetwork", "network"),
    ("hostPID", "pid"),
    ("hostIPC", "ipc"),
    ("socket /run/containerd", "socket"),
    ("mounts /opt/cni/bin", "path"),
    ("is privileged", "privileged"),
)


def greedy(image, kind="DaemonSet", **spec):
    """A workload that takes of its node whatever can be taken."""
    pod = {
        "hostNetwork": True,
        "hostPID": True,
        "hostIPC": True,
        "containers": [{"name": "a", "image": image, "securityContext": {"privileged": True}}],
        "volumes": [
            {"name": "cni", "hostPath": {"path": "/opt/cni/bin"}},
            {"name": "socket", "hostPath": {"path": "/run/containerd/containerd.sock"}},
        ],
        **spec,
    }
    return workload(kind, pod)


def workload(kind, pod):
    labels = {"app": "a"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "agents"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def findings(folder, manifest, rules=HOST_RULES, options=None):
    (folder / "a.yaml").write_text(json.dumps(manifest))
    settings = Settings(
        root=str(folder),
        select=rules,
        rules={rule: dict(options or {}) for rule in rules},
        as_of=date(2026, 11, 22),
        target_version="1.34",
        no_cache=True,
    )
    report = lint([str(folder)], settings, PACKS)
    assert not report.failures
    return report.findings


def spoken_of(found):
    return {need for one in found for text, need in SAYS if text in one.message}


@pytest.mark.parametrize("name", AGENTS)
def test_a_known_agent_passes_with_what_it_needs(tmp_path, name):
    found = findings(tmp_path, greedy(f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/{name}:1.2.3"))
    assert spoken_of(found) == EVERYTHING - set(AGENTS[name])


def test_known_agents_are_reported_when_told_so(tmp_path):
    image = "quay.io/prometheus/node-exporter:v1.9.1"
    assert spoken_of(findings(tmp_path, greedy(image), options={"skip_known": False})) == EVERYTHING


@pytest.mark.parametrize(
    "image",
    ["example.com/node-exporter-of-ours:1", "example.com/node:1", "node-exporter/ours:1", "{{ .image }}", ""],
)
def test_an_image_that_only_resembles_one_does_not_pass(tmp_path, image):
    assert spoken_of(findings(tmp_path, greedy(image))) == EVERYTHING


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "ReplicaSet"])
def test_an_agent_beside_an_application_does_not_pass(tmp_path, kind):
    """As a sidecar an agent serves its pod, which needs nothing of the node."""
    assert spoken_of(findings(tmp_path, greedy("public.ecr.aws/aws-observability/aws-for-fluent-bit:3", kind))) == (
        EVERYTHING
    )


def test_a_privileged_container_beside_the_agents_own_is_reported(tmp_path):
    manifest = greedy("quay.io/cilium/cilium:v1.18.0")
    containers = manifest["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "b", "image": "example.com/shell:1", "securityContext": {"privileged": True}})
    found = findings(tmp_path, manifest, ("privileged-container",))
    assert [one.message for one in found] == ["container b of DaemonSet/a is privileged"]


@pytest.mark.parametrize(
    ("image", "silent"), [("ghcr.io/prometheus-community/windows-exporter:0.31.0", True), ("a:1", False)]
)
def test_an_agent_of_windows_nodes_is_a_host_process(tmp_path, image, silent):
    context = {"windowsOptions": {"hostProcess": True, "runAsUserName": "NT AUTHORITY\\system"}}
    manifest = workload("DaemonSet", {"securityContext": context, "containers": [{"name": "a", "image": image}]})
    assert (findings(tmp_path, manifest, ("privileged-container",)) == ()) is silent


SERVING = {
    "shares the network of its node": ("DaemonSet", {"hostNetwork": True}),
    "mounts a directory of its node": ("DaemonSet", {"volumes": [{"name": "a", "hostPath": {"path": "/var/log"}}]}),
    "system-node-critical": ("DaemonSet", {"priorityClassName": "system-node-critical"}),
    "system-cluster-critical": ("Deployment", {"priorityClassName": "system-cluster-critical", "hostNetwork": True}),
}
ORDINARY = {
    "a daemon set that needs nothing": ("DaemonSet", {"hostNetwork": False}),
    "a deployment with the network of its node": ("Deployment", {"hostNetwork": True}),
    "a priority of one's own": ("Deployment", {"priorityClassName": "high"}),
}


def bare(kind, spec):
    container = {"name": "a", "image": "example.com/a:1", "securityContext": {"runAsUser": 0}}
    return workload(kind, {"containers": [container], **spec})


@pytest.mark.parametrize(("kind", "spec"), SERVING.values(), ids=SERVING)
def test_no_fix_hardens_what_serves_its_node(tmp_path, kind, spec):
    found = findings(tmp_path, bare(kind, spec), (*HARDENING, "host-namespace"))
    assert {one.rule_id for one in found} >= {rule for rule in HARDENING if rule != "may-run-as-root"}
    assert [one.rule_id for one in found if one.fix is not None] == []


@pytest.mark.parametrize(("kind", "spec"), ORDINARY.values(), ids=ORDINARY)
def test_other_pods_keep_their_fixes(tmp_path, kind, spec):
    found = findings(tmp_path, bare(kind, spec), (*HARDENING, "host-namespace"))
    fixed = {one.rule_id for one in found if one.fix is not None}
    assert fixed >= {rule for rule in HARDENING if rule != "may-run-as-root"}
    assert ("host-namespace" in fixed) is spec.get("hostNetwork", False)


@pytest.mark.parametrize(
    ("spec", "fixable"),
    [({"hostPID": True}, False), ({"priorityClassName": "system-node-critical"}, False), ({}, True)],
)
def test_a_privileged_agent_stays_privileged(tmp_path, spec, fixable):
    container = {"name": "a", "image": "example.com/a:1", "securityContext": {"privileged": True}}
    found = findings(tmp_path, workload("DaemonSet", {"containers": [container], **spec}), ("privileged-container",))
    assert [one.fix is not None for one in found] == [fixable]


@pytest.mark.parametrize(("image", "fixable"), [("fluent/fluentd:v1", False), ("example.com/logs:1", True)])
def test_logs_are_made_read_only_for_nobody_who_is_known_to_write_them(tmp_path, image, fixable):
    pod = {
        "containers": [
            {"name": "a", "image": image, "volumeMounts": [{"name": "logs", "mountPath": "/var/log"}]},
        ],
        "volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}],
    }
    found = findings(tmp_path, workload("DaemonSet", pod), ("host-path-volume",), {"skip_known": False})
    assert [one.fix is not None for one in found] == [fixable]
