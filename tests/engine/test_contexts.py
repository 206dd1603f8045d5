"""What a container's security context comes to."""

import pytest

from opslint.engine.contexts import capabilities, effective, has_own_users, is_windows, put, set_by_policy
from opslint.model.finding import Add, Set

OWN = ("spec", "containers", 0, "securityContext", "runAsNonRoot")
PODS = ("spec", "securityContext", "runAsNonRoot")


def container(read, own="{}", pods="{}", more=""):
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        f"spec: {{securityContext: {pods}, containers: [{{name: c, securityContext: {own}}}]{more}}}\n"
    )
    return read({"a.yaml": text}).objects[0].containers[0]


@pytest.mark.parametrize(
    ("own", "pods", "value", "place"),
    [
        ("{}", "{}", "", OWN),
        (
            "{runAsNonRoot: true}",
            "{runAsNonRoot: false}",
            "true",
            OWN,
        ),
        ("{}", "{runAsNonRoot: false}", "false", PODS),
        ("{runAsNonRoot: null}", "{runAsNonRoot: true}", "true", PODS),
        ("null", "text", "", OWN),
    ],
)
def test_the_containers_field_goes_before_the_pods(read, own, pods, value, place):
    node = effective(container(read, own, pods), "runAsNonRoot")
    assert (node.text, node.path) == (value, place)


def test_capabilities_are_named_as_kubernetes_does(read):
    one = container(read, "{capabilities: {drop: [all, cap_net_raw, NET_ADMIN, [1]]}}")
    assert list(capabilities(one, "drop")) == ["ALL", "NET_RAW", "NET_ADMIN"]
    assert capabilities(one, "add") == {}


@pytest.mark.parametrize(
    ("more", "windows"),
    [
        ("", False),
        (", os: {name: windows}", True),
        (", os: {name: linux}", False),
        (", nodeSelector: {kubernetes.io/os: Windows}", True),
        (", nodeSelector: null", False),
    ],
)
def test_windows(read, more, windows):
    assert is_windows(container(read, more=more).owner) is windows


@pytest.mark.parametrize(
    ("more", "minors", "own", "relaxed"),
    [
        (", hostUsers: false", "1.35", True, True),
        (", hostUsers: false", "1.33", True, False),
        (", hostUsers: false", "1.32", False, False),
        (", hostUsers: true", "1.35", False, False),
        (", hostUsers: null", "1.35", False, False),
        ("", "1.35", False, False),
    ],
)
def test_a_user_namespace_of_its_own(read, more, minors, own, relaxed):
    (item,) = read(
        {"a.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: []{more}}}\n"},
        target_version=minors,
    ).objects
    assert has_own_users(item) is own
    assert has_own_users(item, "user_namespaces_relax") is relaxed


def test_put_sets_what_is_there_and_adds_what_is_not(read):
    context = container(read, "{privileged: true}").root["securityContext"]
    assert put(context["privileged"], "false") == Set(context["privileged"], "false")
    assert put(context["runAsUser"], "7") == Add(context, "runAsUser", "7")


@pytest.mark.parametrize(
    ("kind", "spec", "sets"),
    [
        (
            "ClusterPolicy",
            "{rules: [{mutate: {patchStrategicMerge: {spec: {automountServiceAccountToken: false}}}}]}",
            True,
        ),
        ("Policy", "{rules: [{mutate: {patchesJson6902: 'path: /spec/automountServiceAccountToken'}}]}", True),
        ("MutatingPolicy", "{mutations: [{expression: 'Object{automountServiceAccountToken: false}'}]}", True),
        ("ClusterPolicy", "{rules: [{validate: {pattern: {spec: {automountServiceAccountToken: false}}}}]}", False),
        ("ConfigMap", "{rules: [{mutate: {automountServiceAccountToken: false}}]}", False),
    ],
)
def test_a_policy_may_set_a_field(read, kind, spec, sets):
    project = read({"a.yaml": f"apiVersion: kyverno.io/v1\nkind: {kind}\nmetadata: {{name: p}}\nspec: {spec}\n"})
    assert set_by_policy(project.units[0], "automountServiceAccountToken") is sets
