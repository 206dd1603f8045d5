"""Admission policies that look at some containers of a pod only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Fix,
    KubeObject,
    Location,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    kind,
    regex,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS: Final = ("kyverno.io", "policies.kyverno.io", "admissionregistration.k8s.io")
CONTROLLERS: Final = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"}
)
AUTOGEN: Final = "pod-policies.kyverno.io/autogen-controllers"
CONSTRAINED: Final = ("image", "securityContext", "capabilities", "privileged")
# `spec.containers`, `template.spec.containers`, `spec.[containers, initContainers]`, `spec.?containers`
_CONTAINERS: Final = regex(r"\bspec\.[?\[\s]*(?:[\w, ]*,\s*)?containers\b|\bobject\.spec\.template\.spec\.containers\b")
_FIELD: Final = regex(r"\b(image|securityContext|capabilities|privileged|images)\b")
_ANCHOR: Final = regex(r"^[=^+<>X]*\(|\)$")


@rule(
    each=kind(groups=GROUPS),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"ephemeral": "also demand ephemeral containers, which kubectl debug adds to running pods"},
)
def policy_skips_init_containers(item: KubeObject, project: Project, *, ephemeral: bool = True) -> Problems:
    """An admission policy checks containers but not init or ephemeral containers, which bypass it.

    An init container runs with the same volumes, the same ServiceAccount and on the same node. A policy that allows
    images of one registry for `containers` only is passed by moving the image one list down, and everybody believes
    that it is in force. Ephemeral containers come from `kubectl debug` and count as well.

    Policies on resources, probes or ports pass: they have no meaning there. The rule also speaks of a Kyverno policy
    for pods whose generated rules for Deployments and the like are switched off: then the Deployment is accepted, and
    its pods fail later where nobody looks.

    Leave it when the other lists are covered by a second policy.

    ```yaml bad
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: own-registry}
    spec:
      rules:
        - name: image
          match: {any: [{resources: {kinds: [Pod]}}]}
          validate:
            failureAction: Enforce
            message: Use our registry.
            pattern:
              spec:
                containers:  # <-
                  - image: "registry.example/*"
    ```

    ```yaml fixed
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: own-registry}
    spec:
      rules:
        - name: image
          match: {any: [{resources: {kinds: [Pod]}}]}
          validate:
            failureAction: Enforce
            message: Use our registry.
            pattern:
              spec:
                containers:
                  - image: "registry.example/*"
                =(initContainers):
                  - image: "registry.example/*"
                =(ephemeralContainers):
                  - image: "registry.example/*"
    ```

    ```yaml good
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: own-registry}
    spec:
      rules:
        - name: image
          match: {any: [{resources: {kinds: [Pod]}}]}
          validate:
            failureAction: Enforce
            message: Use our registry.
            pattern:
              spec:
                =(ephemeralContainers):
                  - image: "registry.example/*"
                =(initContainers):
                  - image: "registry.example/*"
                containers:
                  - image: "registry.example/*"
    ```

    See <https://kyverno.io/docs/policy-types/cluster-policy/validate/> and
    <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>.
    """
    if item.kind in {"ClusterPolicy", "Policy"} and item.group == "kyverno.io":
        yield from _kyverno(item, ephemeral=ephemeral)
    elif item.kind in {"ValidatingPolicy", "NamespacedValidatingPolicy", "ValidatingAdmissionPolicy"}:
        yield from _cel(item, ephemeral=ephemeral)


def _kyverno(item: KubeObject, *, ephemeral: bool) -> Iterator[Problem]:
    steps = [step for step in item.spec["rules"] if step["validate"].present]
    matched = [(step, kinds) for step in steps if (kinds := _kinds(step)) & (CONTROLLERS | {"Pod", "*"})]
    covered = [(name, field) for step, _ in matched for name, field, _ in _constraints(step["validate"])]
    seen: set[str] = set()
    for step, kinds in matched:
        # What one place says of several fields is one problem.
        found: dict[tuple[Node, tuple[str, ...]], list[str]] = {}
        for name, field, node in _constraints(step["validate"]):
            if name != "containers" or field in seen:
                continue
            seen.add(field)
            lacking = _lacking({other for other, said in covered if said in {field, "*"}}, kinds, ephemeral=ephemeral)
            if lacking:
                found.setdefault((node, tuple(lacking)), []).append(field)
        for (node, lacks), fields in found.items():
            yield _problem(f"rule {step['name'].text} of {item.title}", fields, list(lacks), node)
    autogen = item.metadata["annotations"][AUTOGEN]
    if autogen.text == "none" and any(kinds == {"Pod"} for _, kinds in matched):
        message = f"{item.title} is for pods, and its rules for Deployments and other controllers are switched off"
        yield Problem(message, autogen)


def _lacking(covered: set[str], kinds: set[str], *, ephemeral: bool) -> list[str]:
    wanted = ["initContainers"]
    # The API server takes no pod template with ephemeral containers.
    if ephemeral and kinds & {"Pod", "*"}:
        wanted.append("ephemeralContainers")
    return [name for name in wanted if name not in covered]


def _problem(who: str, fields: list[str], lacking: list[str], at: Node) -> Problem:
    # Capabilities are a part of the security context.
    named = [field for field in fields if field in {"image", "securityContext"}] or fields
    what = "containers" if "*" in fields else f"{' and '.join(named)} of containers"
    message = f"{who} checks {what} but not of {' and '.join(lacking)}"
    return Problem(message, at, fix=_copy(at, lacking), severity=None if "initContainers" in lacking else Severity.LOW)


def _copy(at: Node, lacking: list[str]) -> Fix | None:
    """Ask the same of the other lists, where they are there: a list of Kyverno's patterns under its own key."""
    keys = [f"=({name})" for name in lacking]
    parent = at.parent
    if at.key != "containers" or parent is None or not at.is_list or any(key in parent for key in (*keys, *lacking)):
        return None
    pattern = _to_the_left(" " * (at.extent.column - 1) + Location(at.source, at.extent).text).rstrip()
    if not pattern.startswith("["):
        pattern += "\n"  # a list of one line is not a scalar
    changes = tuple(Add(parent, key, pattern) for key in keys)
    return Fix(f"Ask the same of {' and '.join(lacking)}", changes, Safety.UNSAFE)


def _to_the_left(text: str) -> str:
    """As textwrap.dedent: importing that takes longer than a rule."""
    lines = text.split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] if line.strip() else "" for line in lines)


def _kinds(step: Node) -> set[str]:
    """The kinds that a rule matches, without group, version and subresource."""
    match = step["match"]
    blocks = [match, *match["any"], *match["all"]]
    texts = [text for block in blocks for text in block["resources"]["kinds"].texts()]
    found = set()
    for text in texts:
        parts = [part for part in text.split("/") if part[:1].isupper() or part == "*"]
        found.add(parts[-1] if parts else text)
    return found


def _constraints(validate: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield (list of containers, constrained field, node) for everything that a rule says about containers."""
    for part in ("pattern", "anyPattern"):
        for node in validate[part].walk():
            name = _ANCHOR.sub("", _ANCHOR.sub("", str(node.key)))
            if name in {"containers", "initContainers", "ephemeralContainers"} and node.known and not node.is_scalar:
                keys = {_ANCHOR.sub("", _ANCHOR.sub("", str(below.key))) for below in node.walk()}
                for field in CONSTRAINED:
                    if field in keys:
                        yield name, field, node
    for part in ("deny", "foreach", "cel"):
        yield from _in_texts(validate[part])


def _in_texts(node: Node) -> Iterator[tuple[str, str, Node]]:
    if not node.present:
        return
    texts = [one for one in node.walk() if one.known and one.is_scalar]
    keys = {_ANCHOR.sub("", _ANCHOR.sub("", str(one.key))) for one in node.walk()}
    whole = "\n".join(one.text for one in texts)
    fields = {match[1] for match in _FIELD.finditer(whole)} | (keys & set(CONSTRAINED))
    if not fields & set(CONSTRAINED):
        return
    field = next(one for one in CONSTRAINED if one in fields)
    for name in ("initContainers", "ephemeralContainers"):
        if name in whole or "allContainers" in whole:
            yield name, field, node
    at = next((one for one in texts if _CONTAINERS.search(one.text)), None)
    if at is not None:
        yield "containers", field, at


def _cel(item: KubeObject, *, ephemeral: bool) -> Iterator[Problem]:
    resources = {text for one in item.spec["matchConstraints"]["resourceRules"] for text in one["resources"].texts()}
    expressions = [
        *(one["expression"] for one in item.spec["variables"]),
        *(one["expression"] for one in item.spec["validations"]),
    ]
    whole = "\n".join(one.text for one in expressions)
    at = next((one for one in expressions if _CONTAINERS.search(one.text)), None)
    field = next((name for name in CONSTRAINED if re.search(rf"\b{name}\b", whole)), "")
    if at is None or not field:
        return
    covered = {name for name in ("initContainers", "ephemeralContainers") if name in whole}
    kinds = {"Pod"} if resources & {"pods", "*"} else set(CONTROLLERS)
    lacking = _lacking(covered, kinds, ephemeral=ephemeral)
    if lacking:
        yield _problem(item.title, [field], lacking, at)
