"""ServiceAccounts, what bindings give them, and who uses them."""

import pytest

from opslint.engine.accounts import (
    account_of,
    bindings_of,
    bindings_to,
    find_account,
    granting,
    role_of,
    subjects_of,
    uses_account,
)
from opslint.model.node import Undecided

RBAC = "apiVersion: rbac.authorization.k8s.io/v1\n"


def account(name="api", namespace="shop"):
    return f"---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}{_namespace(namespace)}}}\n"


def pod(spec="{}", namespace="shop", kind="Pod"):
    return f"---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: p{_namespace(namespace)}}}\nspec: {spec}\n"


def binding(subjects, role="{kind: ClusterRole, name: view}", kind="ClusterRoleBinding", namespace=""):
    return (
        f"---\n{RBAC}kind: {kind}\nmetadata: {{name: b{_namespace(namespace)}}}\n"
        f"roleRef: {role}\nsubjects: {subjects}\n"
    )


def _namespace(namespace):
    return f", namespace: {namespace}" if namespace else ""


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("{}", "default"),
        ("null", "default"),
        ("{serviceAccountName: api}", "api"),
        ("{serviceAccount: old}", "old"),
        ("{serviceAccountName: api, serviceAccount: old}", "api"),
        ('{serviceAccountName: ""}', "default"),
    ],
)
def test_the_account_of_a_pod(read, spec, name):
    assert account_of(read({"a.yaml": pod(spec)}).objects[0]) == name


def test_subjects(read):
    subjects = (
        "[{kind: ServiceAccount, name: a}, {kind: ServiceAccount, name: b, namespace: other}, "
        "{kind: Group, name: g, namespace: ignored}]"
    )
    text = binding(subjects, kind="RoleBinding", namespace="shop") + binding(subjects) + binding("[null, text, 7]")
    found = [[one.title for one in subjects_of(one)] for one in bindings_of(read({"a.yaml": text}))]
    assert found == [
        ["ServiceAccount a", "ServiceAccount other/b", "Group g"],
        [" "] * 3,
        ["ServiceAccount shop/a", "ServiceAccount other/b", "Group g"],
    ]


def test_an_account_is_found_in_its_namespace_and_its_own_unit_first(read):
    project = read(
        {
            "overlays/a/a.yaml": account() + account("web", "other") + pod(),
            "overlays/b/b.yaml": account() + account("far") + account("free", "") + pod(namespace="elsewhere"),
        }
    )
    here, there = project.of_kind("Pod")
    assert find_account(here, "api", project).unit is here.unit
    assert find_account(here, "web", project) is None
    assert find_account(here, "far", project).namespace == "shop"
    assert find_account(there, "free", project).name == "free", "one without a namespace may land in any"
    assert find_account(there, "api", project) is None


def test_bindings_that_give_an_account_something(read):
    text = (
        binding("[{kind: ServiceAccount, name: api, namespace: shop}]", "{kind: ClusterRole, name: one}")
        + binding("[{kind: ServiceAccount, name: api, namespace: other}]", "{kind: ClusterRole, name: two}")
        + binding("[{kind: Group, name: 'system:serviceaccounts:shop'}]", "{kind: ClusterRole, name: three}")
        + binding("[{kind: Group, name: 'system:serviceaccounts'}]", "{kind: ClusterRole, name: four}")
        + binding("[{kind: Group, name: 'system:authenticated'}]", "{kind: ClusterRole, name: five}")
    )
    found = granting("api", "shop", read({"a.yaml": text}))
    assert [one.root["roleRef"]["name"].text for one in found] == ["four", "three", "one"]


@pytest.mark.parametrize("subjects", ["var.x", "[var.x]", '[{ kind = var.x, name = "api" }]'])
def test_a_binding_whose_subjects_are_not_known_may_be_one_each_time(read, subjects):
    text = f"""
variable "x" {{}}
resource "kubernetes_manifest" "binding" {{
  manifest = {{
    apiVersion = "rbac.authorization.k8s.io/v1"
    kind       = "ClusterRoleBinding"
    metadata   = {{ name = "b" }}
    roleRef    = {{ apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name = "view" }}
    subjects   = {subjects}
  }}
}}
"""
    project = read({"main.tf": text})
    for _ in range(2):
        with pytest.raises(Undecided):
            granting("api", "shop", project)


@pytest.mark.parametrize(
    ("reference", "namespace", "found"),
    [
        ("{kind: Role, name: r}", "shop", True),
        ("{kind: Role, name: r}", "other", False),
        ("{kind: ClusterRole, name: c}", "other", True),
        ("{kind: ClusterRole, name: r}", "shop", False),
        ("{kind: Widget, name: r}", "shop", False),
        ("text", "shop", False),
    ],
)
def test_the_role_of_a_binding_and_the_bindings_of_a_role(read, reference, namespace, found):
    roles = (
        f"{RBAC}kind: Role\nmetadata: {{name: r, namespace: shop}}\n"
        f"---\n{RBAC}kind: ClusterRole\nmetadata: {{name: c}}\n"
    )
    project = read({"a.yaml": roles + binding("[]", reference, "RoleBinding", namespace)})
    (one,) = bindings_of(project)
    role = role_of(one, project)
    assert (role is not None) is found
    assert [bindings_to(item, project) for item in project.of_kind("Role", "ClusterRole") if item is role] == (
        [[one]] if found else []
    )


CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: any}\ndata: {settings: 'serviceAccount: api'}\n"


@pytest.mark.parametrize(
    ("user", "used"),
    [
        (pod("{serviceAccountName: api}"), True),
        (pod("{serviceAccountName: api}", "other"), False),
        (pod("{serviceAccountName: api}", ""), True),
        (pod("{serviceAccountName: web}"), False),
        (pod("{containers: [{name: a, args: ['--service-account=api']}]}", "other"), True),
        (pod("{containers: [{name: a, env: [{name: RUNNER_SERVICE_ACCOUNT, value: api}]}]}", "other"), True),
        (pod("{containers: [{name: a, env: [{name: NAME, value: api}]}]}"), False),
        (pod("{podTemplate: {serviceAccountName: api}}", "other", "Widget"), True),
        (pod("{name: api}", "shop", "Widget"), False),
        (pod("{serviceAccounts: [{of: {its: [api]}}]}", "other", "Widget"), True),
        (pod("{subjects: [{kind: ServiceAccount, name: api, namespace: shop}]}", "other", "Widget"), True),
        (pod("{subjects: [{kind: ServiceAccount, name: api, namespace: other}]}", "shop", "Widget"), False),
        (pod("{users: ['system:serviceaccount:shop:api']}", "other", "Widget"), True),
        (pod("{users: ['system:serviceaccount:other:api']}", "shop", "Widget"), False),
        (CONFIG, True),
        (CONFIG.replace("serviceAccount: api", "SERVICE_ACCOUNT=api"), True),
        (CONFIG.replace("serviceAccount: api", "account: api"), False),
        (binding("[{kind: ServiceAccount, name: api, namespace: shop}]"), False),
    ],
)
def test_what_uses_an_account(read, user, used):
    project = read({"a.yaml": account() + user})
    (item,) = project.of_kind("ServiceAccount")
    assert uses_account(item, project) is used


def test_a_token_and_an_association_use_an_account(read):
    token = (
        "---\napiVersion: v1\nkind: Secret\nmetadata: "
        "{name: t, namespace: shop, annotations: {kubernetes.io/service-account.name: api}}\n"
    )
    association = (
        'resource "aws_eks_pod_identity_association" "a" {\n  service_account = "web"\n  namespace = "shop"\n}\n'
    )
    project = read({"a.yaml": account() + account("web") + account("none") + token, "main.tf": association})
    assert [uses_account(one, project) for one in project.of_kind("ServiceAccount")] == [True, True, False]
