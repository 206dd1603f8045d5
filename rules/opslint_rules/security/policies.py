"""Admission policies that watch but do not act."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    Add,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Set,
    Severity,
    glob_matches,
    kind,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS: Final = (
    "kyverno.io",
    "policies.kyverno.io",
    "admissionregistration.k8s.io",
    "constraints.gatekeeper.sh",
)
UNTIL: Final = "opslint.dev/audit-until"


@rule(
    each=kind(groups=GROUPS),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    cis=["K8s 1.12 5.2.1"],
    prod_only=True,
    fixable="unsafe",
    options={
        "allow": "globs of policies that stay in audit",
        "max_findings": "policies of a unit reported one by one before they are summed up",
    },
)
def policy_audit_only(
    item: KubeObject, project: Project, *, allow: tuple[str, ...] = (), max_findings: int = 5
) -> Problems:
    """An admission policy only reports violations instead of rejecting them.

    Its reports pile up where nobody looks, and everybody believes that the cluster keeps the rule. Audit is right for
    the weeks in which a policy is introduced; then the violations are mended and the policy is switched to reject.
    The default of Kyverno's classic policies is Audit, so leaving the field out is enough to have none.

    For a policy that is being introduced say until when, as the annotation `opslint.dev/audit-until: 2027-03-31`.

    ```yaml bad
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: require-labels}
    spec:
      validationFailureAction: Audit  # <-
      rules:
        - name: team
          match: {any: [{resources: {kinds: [Pod]}}]}
          validate:
            message: Say whose it is.
            pattern: {metadata: {labels: {team: "?*"}}}
    ```

    ```yaml fixed
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: require-labels}
    spec:
      validationFailureAction: Enforce
      rules:
        - name: team
          match: {any: [{resources: {kinds: [Pod]}}]}
          validate:
            message: Say whose it is.
            pattern: {metadata: {labels: {team: "?*"}}}
    ```

    ```yaml good
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: require-labels}
    spec:
      rules:
        - name: team
          match: {any: [{resources: {kinds: [Pod]}}]}
          validate:
            failureAction: Enforce
            message: Say whose it is.
            pattern: {metadata: {labels: {team: "?*"}}}
    ```

    See <https://kyverno.io/docs/policy-types/cluster-policy/validate/>,
    <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/> and
    <https://open-policy-agent.github.io/gatekeeper/website/docs/violations/>.
    """
    problem = _problem(item, project, allow)
    if problem is None:
        return
    others = _audited(item, project, allow)
    if len([one for one, _ in zip(others, range(max_findings + 1), strict=False)]) <= max_findings:
        yield problem
        return
    names = [one.name for one in _audited(item, project, allow)]
    if next(_audited(item, project, allow)) is item:
        message = f"{len(names)} policies only report violations, {', '.join(names[:3])} among them"
        yield Problem(message, problem.at)


def _audited(item: KubeObject, project: Project, allow: tuple[str, ...]) -> Iterator[KubeObject]:
    """Yield the policies of the item's unit that only report, in order."""
    for one in item.unit.objects:
        if one.group in GROUPS and _problem(one, project, allow) is not None:
            yield one


def _problem(item: KubeObject, project: Project, allow: tuple[str, ...]) -> Problem | None:
    if any(glob_matches(item.name, glob) for glob in allow) or _is_introduced(item, project.as_of):
        return None
    if item.group == "kyverno.io":
        return _kyverno(item) if item.kind in {"ClusterPolicy", "Policy"} else None
    if item.group == "policies.kyverno.io":
        policies = {"ValidatingPolicy", "ImageValidatingPolicy", "NamespacedValidatingPolicy"}
        return _without_deny(item) if item.kind in policies else None
    if item.group == "constraints.gatekeeper.sh":
        action = item.spec["enforcementAction"]
        if action.text.lower() not in {"dryrun", "warn"}:
            return None
        fix = Fix("Set enforcementAction: deny", (Set(action, "deny"),), Safety.UNSAFE)
        return Problem(f"{item.title} has enforcementAction {action.text}, which rejects nothing", action, fix=fix)
    if item.kind == "ValidatingAdmissionPolicyBinding":
        return _without_deny(item)
    return _unbound(item, project) if item.kind == "ValidatingAdmissionPolicy" else None


def _is_introduced(item: KubeObject, as_of: date) -> bool:
    text = item.annotations.get(UNTIL) or item.labels.get(UNTIL, "")
    try:
        return date.fromisoformat(text) > as_of
    except ValueError:
        return False


def _without_deny(item: KubeObject) -> Problem | None:
    actions = item.spec["validationActions"]
    texts = actions.texts()
    if not actions.present or "Deny" in texts:
        return None
    return Problem(f"{item.title} has validationActions {', '.join(texts) or '[]'}, which reject nothing", actions)


def _unbound(item: KubeObject, project: Project) -> Problem | None:
    bindings = project.of_kind("ValidatingAdmissionPolicyBinding")
    if not item.unit.closed or any(one.spec["policyName"].text == item.name for one in bindings):
        return None
    if project.knows("ValidatingAdmissionPolicyBinding", "", item.name):
        return None
    return Problem(f"{item.title} has no ValidatingAdmissionPolicyBinding, so it is not in force", item.root["kind"])


def _kyverno(item: KubeObject) -> Problem | None:
    checks = list(_checks(item))
    if not checks:
        return None
    admission = item.spec["admission"]
    if admission.is_false:
        return Problem(f"{item.title} has admission: false, so it rejects nothing", admission)
    general = item.spec["validationFailureAction"]
    audited: list[tuple[str, Node, Node]] = []
    for name, check in checks:
        own = check["failureAction"]
        action = own if own.present else general
        if not action.text.lower().startswith("enforce"):
            audited.append((name, check, action))
    if not audited:
        return None
    _, check, action = audited[0]
    names = ", ".join(dict.fromkeys(name for name, _, _ in audited))
    rules = "" if len(audited) == len(checks) else f" in rule {names}"
    message = f"{item.title} only reports violations{rules} ({_said(action)})"
    enforced = _enforced(item, check)
    if enforced:
        message = f"{item.title} rejects violations{rules} in {', '.join(enforced)} only ({_said(action)} elsewhere)"
    change = Set(action, "Enforce") if action.present else Add(check, "failureAction", "Enforce")
    fix = Fix("Reject violations: Enforce", (change,), Safety.UNSAFE)
    return Problem(message, action if action.present else item.spec, fix=fix)


def _said(action: Node) -> str:
    return f"{action.key} {action.text}" if action.present else "no failureAction means Audit"


def _checks(item: KubeObject) -> Iterator[tuple[str, Node]]:
    """Yield the rules of a policy that can reject, with the map that says how."""
    for step in item.spec["rules"]:
        if step["validate"].present:
            yield step["name"].text, step["validate"]
        for image in step["verifyImages"]:
            yield step["name"].text, image


def _enforced(item: KubeObject, check: Node) -> list[str]:
    """The namespaces for which an override rejects after all."""
    overrides = [*check["failureActionOverrides"], *item.spec["validationFailureActionOverrides"]]
    return [
        namespace
        for override in overrides
        if override["action"].text.lower() == "enforce"
        for namespace in override["namespaces"].texts() or ["namespaces by their labels"]
    ]
