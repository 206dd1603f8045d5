"""Well-known controllers' own roles pass what their published roles need, unless they are told not to."""

import json
from datetime import date

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint_schemas import load

PACKS = load_packs()
CONTROLLERS = load("kubernetes/known_controllers")["controllers"]
RBAC = "rbac.authorization.k8s.io"
# What each need stands for: the rule that would speak, and a rule of a role that it speaks of.
NEEDS = {
    "secrets": ("secrets-read", ("", "secrets", ["list"])),
    "rbac": ("escalation-verbs", (RBAC, "clusterroles", ["bind", "escalate"])),
    "exec": ("takeover-permissions", ("", "pods/exec", ["create"])),
    "token": ("takeover-permissions", ("", "serviceaccounts/token", ["create"])),
    "nodes-proxy": ("takeover-permissions", ("", "nodes/proxy", ["get"])),
    "csr": ("takeover-permissions", ("certificates.k8s.io", "certificatesigningrequests/approval", ["update"])),
    "webhooks": (
        "takeover-permissions",
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", ["update"]),
    ),
    "create-pods": ("takeover-permissions", ("", "pods", ["create"])),
    "create-pv": ("takeover-permissions", ("", "persistentvolumes", ["create"])),
}


def role(need, number, **metadata):
    group, resource, verbs = NEEDS[need][1]
    name = metadata.pop("name", f"role-{number}")
    return [
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name, **metadata},
            "rules": [{"apiGroups": [group], "resources": [resource], "verbs": verbs}],
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "shop"}],
        },
    ]


def spoken_of(folder, objects, *, skip_known=True):
    """(rule, name of the role) of each finding."""
    (folder / "a.yaml").write_text("\n---\n".join(map(json.dumps, objects)))
    names = sorted({rule for rule, _ in NEEDS.values()})
    options = {name: {"skip_known": skip_known} for name in names}
    options["secrets-read"]["allow"] = []
    options["takeover-permissions"]["items"] = [need for need, (rule, _) in NEEDS.items() if rule == names[-1]]
    settings = Settings(
        root=str(folder),
        select=tuple(names),
        rules=options,
        as_of=date(2026, 11, 22),
        target_version="1.34",
        no_cache=True,
    )
    report = lint([str(folder)], settings, PACKS)
    assert not report.failures
    return {(finding.rule_id, finding.resource.name) for finding in report.findings}


@pytest.mark.parametrize(
    "metadata",
    [
        lambda name: {"labels": {"app.kubernetes.io/name": name}},
        lambda name: {"labels": {"app.kubernetes.io/name": "suite", "app.kubernetes.io/component": name}},
        lambda name: {"labels": {"app": name}},
        lambda name: {"name": name},
        lambda name: {"name": f"{name}-of-the-release"},
    ],
    ids=["name label", "component label", "app label", "name", "beginning of the name"],
)
def test_a_known_controller_passes_with_what_it_needs(tmp_path, metadata):
    roles = [
        one
        for number, (name, needs) in enumerate(CONTROLLERS.items())
        for need in needs[:1]
        for one in role(need, number, **metadata(name))
    ]
    assert spoken_of(tmp_path, roles) == set()
    wanted = {(NEEDS[needs[0]][0], roles[2 * at]["metadata"]["name"]) for at, needs in enumerate(CONTROLLERS.values())}
    assert spoken_of(tmp_path, roles, skip_known=False) == wanted


@pytest.mark.parametrize("need", NEEDS)
def test_one_passes_with_its_own_needs_only(tmp_path, need):
    roles = [
        one
        for name in CONTROLLERS
        for one in role(need, 0, name=f"role-of-{name}", labels={"app.kubernetes.io/name": name})
    ]
    others = role(need, 0, name="role-of-nobody", labels={"app.kubernetes.io/name": "somebody"})
    wanted = {name for name, needs in CONTROLLERS.items() if need not in needs} | {"nobody"}
    assert spoken_of(tmp_path, [*roles, *others]) == {(NEEDS[need][0], f"role-of-{name}") for name in wanted}


def test_every_need_of_the_data_is_asked_for_by_a_rule():
    assert {need for needs in CONTROLLERS.values() for need in needs} <= set(NEEDS)
