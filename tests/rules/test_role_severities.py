"""How grave a wildcard in a role is: both verbs and resources, or one of them."""

from opslint_rules.rbac.roles import wildcard_permissions

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: a}
rules:
  - {apiGroups: [apps], resources: ["*"], verbs: ["*"]}
  - {nonResourceURLs: ["*"], verbs: ["*"]}
  - {apiGroups: [apps], resources: [deployments], verbs: ["*"]}
  - {apiGroups: [apps], resources: ["*"], verbs: [get]}
  - {apiGroups: ["*"], resources: [pods], verbs: [get]}
"""


def test_a_wildcard_in_verbs_or_resources_only_is_medium(lint_files):
    options = {"wildcard-permissions": {"strict_groups": True}}
    found = lint_files({"a.yaml": ROLE}, [wildcard_permissions], rules=options).findings
    assert [(one.location.span.line, one.severity) for one in found] == [
        (5, "high"),
        (6, "high"),
        (7, "medium"),
        (8, "medium"),
        (9, "medium"),
    ]
