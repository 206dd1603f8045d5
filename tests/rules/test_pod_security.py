"""The controls of the Pod Security Standards, each with the minors that forbid and that allow it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, and the minors at which each control begins or is
relaxed as https://github.com/kubernetes/pod-security-admission/tree/master/policy has them.
"""

import json
from datetime import date

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.kube import CONTAINER_LISTS
from opslint.model.settings import Settings

PACKS = load_packs()
OPTIONS = {"host-path-volume": {"restricted_types": True}, "may-run-as-root": {"restricted": True}}
# The rules that speak of the controls of the two profiles.
BASELINE = (
    "privileged-container",
    "host-namespace",
    "host-path-volume",
    "dangerous-capability",
    "baseline-control-violated",
)
RESTRICTED = ("privilege-escalation-allowed", "may-run-as-root", "seccomp-not-set", "capabilities-not-dropped")
HARDENED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
PODS = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def pod(context=None, spec=None, pods=None, annotations=None, part="containers", **fields):
    """A pod of the restricted profile, with these fields beside or in place of its own."""
    one = {"name": "a", "image": "registry.example/a:1", "securityContext": HARDENED | (context or {}), **fields}
    lists = {"containers": [{"name": "main", "image": "registry.example/a:1", "securityContext": HARDENED}]}
    lists[part] = [one]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations or {}},
        "spec": {"securityContext": PODS | (pods or {}), **lists, **(spec or {})},
    }


def sysctl(name):
    return {"pods": {"sysctls": [{"name": name, "value": "1"}]}}


def selinux(**options):
    return {"pods": {"seLinuxOptions": options}}


def volume(**source):
    return {"spec": {"volumes": [{"name": "v", **source}]}}


def refused(folder, minor, wanted, **of_pod):
    """The rules that speak of the pod."""
    (folder / "a.yaml").write_text(json.dumps(pod(**of_pod)))
    settings = Settings(
        root=str(folder),
        select=wanted,
        rules={name: options for name, options in OPTIONS.items() if name in wanted},
        as_of=date(2026, 11, 22),
        target_version=f"1.{minor}",
        no_cache=True,
    )
    report = lint([str(folder)], settings, PACKS)
    assert not report.failures
    return {finding.rule_id for finding in report.findings}


ALWAYS, NEVER = 0, 99
OF_CONTAINER = [
    ({"context": {"privileged": True}}, "privileged-container", ALWAYS, NEVER),
    ({"context": {"windowsOptions": {"hostProcess": True}}}, "privileged-container", ALWAYS, NEVER),
    ({"context": {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}}, "dangerous-capability", ALWAYS, NEVER),
    ({"context": {"capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}}}, "dangerous-capability", ALWAYS, NEVER),
    ({"ports": [{"containerPort": 80, "hostPort": 80}]}, "baseline-control-violated", ALWAYS, NEVER),
    ({"context": {"procMount": "Unmasked"}}, "baseline-control-violated", ALWAYS, NEVER),
    ({"context": {"procMount": "Default"}}, None, 0, 0),
    ({"context": {"seLinuxOptions": {"type": "spc_t"}}}, "baseline-control-violated", ALWAYS, NEVER),
    ({"context": {"appArmorProfile": {"type": "Unconfined"}}}, "baseline-control-violated", ALWAYS, NEVER),
    ({"context": {"appArmorProfile": {"type": "Localhost", "localhostProfile": "a"}}}, None, 0, 0),
    ({"context": {"seccompProfile": {"type": "Unconfined"}}}, "baseline-control-violated", ALWAYS, NEVER),
    ({"context": {"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}}}, None, 0, 0),
    ({"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}}, "baseline-control-violated", 34, NEVER),
    ({"startupProbe": {"tcpSocket": {"host": "10.0.0.1", "port": 80}}}, "baseline-control-violated", 34, NEVER),
    ({"lifecycle": {"preStop": {"httpGet": {"host": "10.0.0.1", "port": 80}}}}, "baseline-control-violated", 34, NEVER),
    ({"livenessProbe": {"httpGet": {"host": "", "port": 80}}}, None, 0, 0),
    ({"livenessProbe": {"grpc": {"port": 80}}}, None, 0, 0),
]
OF_POD = [
    ({"spec": {"hostNetwork": True}}, "host-namespace", ALWAYS, NEVER),
    ({"spec": {"hostPID": True}}, "host-namespace", ALWAYS, NEVER),
    ({"spec": {"hostIPC": True}}, "host-namespace", ALWAYS, NEVER),
    ({"pods": {"windowsOptions": {"hostProcess": True}}}, "privileged-container", ALWAYS, NEVER),
    (volume(hostPath={"path": "/data"}), "host-path-volume", ALWAYS, NEVER),
    (sysctl("net.core.somaxconn"), "baseline-control-violated", ALWAYS, NEVER),
    (sysctl("kernel.shm_rmid_forced"), None, 0, 0),
    (sysctl("net.ipv4.ip_local_reserved_ports"), "baseline-control-violated", ALWAYS, 27),
    (sysctl("net.ipv4.tcp_keepalive_time"), "baseline-control-violated", ALWAYS, 29),
    (sysctl("net.ipv4.tcp_rmem"), "baseline-control-violated", ALWAYS, 32),
    (sysctl("net.ipv4.tcp_notsent_lowat"), "baseline-control-violated", ALWAYS, 37),
    (selinux(level="s0:c1"), None, 0, 0),
    (selinux(type="container_kvm_t"), None, 0, 0),
    (selinux(type="container_engine_t"), "baseline-control-violated", ALWAYS, 31),
    (selinux(user="system_u"), "baseline-control-violated", ALWAYS, NEVER),
    (selinux(role="system_r"), "baseline-control-violated", ALWAYS, NEVER),
    (
        {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
        "baseline-control-violated",
        ALWAYS,
        NEVER,
    ),
    ({"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "localhost/a"}}, None, 0, 0),
    ({"spec": {"hostUsers": False}, "context": {"procMount": "Unmasked"}}, "baseline-control-violated", ALWAYS, 35),
    ({"spec": {"hostUsers": True}, "context": {"procMount": "Unmasked"}}, "baseline-control-violated", ALWAYS, NEVER),
    # The restricted profile
    (volume(nfs={"server": "a", "path": "/"}), "host-path-volume", ALWAYS, NEVER),
    (volume(awsElasticBlockStore={"volumeID": "v"}), "host-path-volume", ALWAYS, NEVER),
    *((volume(**{type_: {}}), None, 0, 0) for type_ in ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral")),
    *((volume(**{type_: {}}), None, 0, 0) for type_ in ("image", "persistentVolumeClaim", "projected", "secret")),
    ({"context": {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}}, "capabilities-not-dropped", ALWAYS, NEVER),
    ({"context": {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}, None, 0, 0),
    ({"context": {"capabilities": {}}}, "capabilities-not-dropped", ALWAYS, NEVER),
    ({"context": {"allowPrivilegeEscalation": None}}, "privilege-escalation-allowed", ALWAYS, NEVER),
    ({"context": {"runAsNonRoot": False}}, "may-run-as-root", ALWAYS, NEVER),
    ({"pods": {"runAsNonRoot": None}}, "may-run-as-root", ALWAYS, NEVER),
    ({"pods": {"runAsNonRoot": None, "runAsUser": 1000}}, "may-run-as-root", ALWAYS, NEVER),
    ({"context": {"runAsUser": 0}}, "may-run-as-root", ALWAYS, NEVER),
    ({"spec": {"hostUsers": False}, "pods": {"runAsNonRoot": None}}, "may-run-as-root", ALWAYS, 35),
    ({"spec": {"hostUsers": False}, "context": {"runAsUser": 0}}, "may-run-as-root", ALWAYS, 35),
    ({"pods": {"seccompProfile": None}}, "seccomp-not-set", ALWAYS, NEVER),
]
MINORS = (26, 30, 31, 33, 34, 35, 37)


def ids(rows):
    return [json.dumps(row[0]) for row in rows]


@pytest.mark.parametrize("row", OF_CONTAINER, ids=ids(OF_CONTAINER))
@pytest.mark.parametrize("part", CONTAINER_LISTS)
def test_a_control_of_containers_holds_in_each_list(tmp_path, row, part):
    fields, rule, since, until = row
    for minor in MINORS:
        wanted = {rule} if since <= minor < until else set()
        assert refused(tmp_path, minor, BASELINE, part=part, **fields) == wanted, f"1.{minor}"


@pytest.mark.parametrize(("fields", "rule", "since", "until"), OF_POD, ids=ids(OF_POD))
def test_a_control_begins_and_is_relaxed_at_its_version(tmp_path, fields, rule, since, until):
    for minor in MINORS:
        wanted = {rule} if since <= minor < until else set()
        assert refused(tmp_path, minor, (*BASELINE, *RESTRICTED), **fields) == wanted, f"1.{minor}"


def test_a_pod_of_the_restricted_profile_passes(tmp_path):
    assert refused(tmp_path, 34, (*BASELINE, *RESTRICTED)) == set()


def test_windows_is_exempt_from_what_only_linux_has(tmp_path):
    windows = {"os": {"name": "windows"}}
    bare = {"allowPrivilegeEscalation": None, "capabilities": None}
    assert refused(tmp_path, 34, RESTRICTED, context=bare, pods={"seccompProfile": None}, spec=windows) == set()


def test_a_user_namespace_makes_root_harmless_from_the_version_that_gives_it_by_default(tmp_path):
    root = pod(context={"runAsUser": 0}, spec={"hostUsers": False})
    (tmp_path / "a.yaml").write_text(json.dumps(root))
    said = {}
    for minor in (32, 33):
        settings = Settings(
            root=str(tmp_path),
            select=("may-run-as-root",),
            as_of=date(2026, 11, 22),
            target_version=f"1.{minor}",
            no_cache=True,
        )
        said[minor] = len(lint([str(tmp_path)], settings, PACKS).findings)
    assert said == {32: 1, 33: 0}
