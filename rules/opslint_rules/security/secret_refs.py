"""Secrets in the wrong place, and stores that are not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opslint.api import (
    OPT_IN,
    STRICT,
    Container,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Undecided,
    Unit,
    committed,
    container,
    find_account,
    glob_matches,
    installs_of,
    kind,
    once,
    regex,
    rule,
    share_namespace,
    sourced_variables,
)
from opslint_rules.security.literals import NAMES, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

STORES: Final = ("external-secrets.io",)
# What opens nothing by itself, and only stands beside a password in the same Secret.
_NO_SECRET: Final = regex(r"(?i)(.*[-_.])?(user([-_.]?name)?|client[-_.]?id|cluster[-_.]?id)")


@rule(
    each=kind(system=False),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={"trivy": ["KSV-0109", "KSV-01010"]},
    related={
        "kube-linter": ["env-var-secret"],
        "polaris": ["sensitiveContainerEnvVar", "sensitiveConfigmapContent"],
    },
    options={"name_pattern": "names whose values are secret"},
    forms={"name_pattern": "regex"},
)
def secret_literal(item: KubeObject, project: Project, *, name_pattern: str = NAMES) -> Problems:
    """A password, token or key is written as a literal in an environment variable, argument or ConfigMap.

    Whoever reads the repository, the release's history or `kubectl describe pod` has it, and the people who may do
    that are many more than those who may read Secrets. It cannot be changed without a deployment, so it never is. Put
    it into AWS Secrets Manager, let External Secrets make a Secret of it, and refer to that.

    Placeholders, paths, addresses and references pass, and values that are recognisably no secret. Values that are
    recognisably one (AWS keys, private keys, addresses with a password, tokens of GitHub, GitLab and Slack) are found
    under any name. Leave it for defaults of a local setup.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          env:
            - name: DB_PASSWORD
              value: kimchi-4-Mapo  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          env:
            - name: DB_PASSWORD
              valueFrom: {secretKeyRef: {name: db, key: password}}
            - name: DB_PASSWORD_FILE
              value: /run/secrets/db/password
    ```

    See <https://kubernetes.io/docs/concepts/configuration/secret/> and
    <https://docs.aws.amazon.com/secretsmanager/latest/userguide/intro.html>.
    """
    if not (item.is_workload or item.kind == "ConfigMap") or item.is_test_hook:
        return
    pattern = re.compile(name_pattern)
    for found in secrets_of(item, pattern):
        place = committed(found.node, found.value)
        if place is not None:
            yield Problem(
                f"{found.where} of {item.title} holds {found.name or 'a secret'} in plain text", place, secret=True
            )


@rule(
    each=container(),
    severity=Severity.LOW,
    preset=OPT_IN,
    aliases={
        "checkov": ["CKV_K8S_35"],
        "kube-linter": ["read-secret-from-env-var"],
        "kyverno": ["secrets-not-from-env-vars"],
    },
    related={"hardeneks": ["disallow_secrets_from_env_vars"]},
    cis=["K8s 1.12 5.4.1", "EKS 1.8.0 4.4.1"],
    options={"allow": "globs of namespace/name of workloads that may"},
)
def secret_as_env_var(item: Container, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """Secrets reach the container through environment variables instead of files.

    The environment is inherited by every child process, printed by crash reporters and debug pages, and readable in
    /proc. It is also fixed at start: after a rotation the pods go on with the old password until somebody restarts
    them, while a mounted Secret is updated in place.

    Many programs read nothing but their environment, so the rule is off unless selected. List such workloads in
    `allow`. Names of users and ids of clients pass, which open nothing without their password.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          env:
            - name: DB_PASSWORD
              valueFrom:
                secretKeyRef: {name: db, key: password}  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          volumeMounts: [{name: db, mountPath: /run/secrets/db, readOnly: true}]
      volumes:
        - name: db
          secret: {secretName: db}
    ```

    See <https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod>.
    """
    owner = item.owner
    if any(glob_matches(f"{owner.namespace}/{owner.name}", glob) for glob in allow):
        return
    who = f"container {item.name} of {owner.title}"
    for entry in sourced_variables(item):
        reference = entry["valueFrom"]["secretKeyRef"]
        name, secret = entry["name"].text, reference["name"].text
        if reference.present and not any(map(_NO_SECRET.fullmatch, (name, reference["key"].text))):
            yield Problem(f"{who} gets {name} of Secret {secret} as an environment variable", reference)
    for entry in item.root["envFrom"]:
        reference = entry["secretRef"]
        if reference.present:
            yield Problem(f"{who} gets all of Secret {reference['name'].text} as environment variables", reference)


@rule(
    each=kind("ExternalSecret", "ClusterExternalSecret", "SecretStore", "ClusterSecretStore", groups=STORES),
    severity=Severity.HIGH,
    preset=STRICT,
)
def secret_store_missing(item: KubeObject, project: Project) -> Problems:
    """An ExternalSecret refers to a store that is not defined, or never refreshes.

    The ExternalSecret is accepted and stays `SecretSyncedError`; its Secret is never made, and the pods that need it
    wait in `CreateContainerConfigError`. With an old Secret still there nothing shows until the password is rotated.
    The same happens when the store's ServiceAccount does not exist, when `refreshInterval` is 0, and when two
    ExternalSecrets own one Secret and overwrite each other.

    The rule is silent when a part of what is applied together could not be read. Leave it for stores that the platform
    team applies from another repository, and name them under `known_objects` of the configuration.

    ```yaml bad
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db, namespace: shop}
    spec:
      refreshInterval: 1h
      secretStoreRef:
        kind: ClusterSecretStore
        name: aws-secret-manager  # <-
      data: [{secretKey: password, remoteRef: {key: shop/db}}]
    ---
    apiVersion: external-secrets.io/v1
    kind: ClusterSecretStore
    metadata: {name: aws-secrets-manager}
    spec:
      provider: {aws: {service: SecretsManager, region: ap-northeast-2}}
    ```

    ```yaml good
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db, namespace: shop}
    spec:
      refreshInterval: 1h
      secretStoreRef: {kind: ClusterSecretStore, name: aws-secrets-manager}
      data: [{secretKey: password, remoteRef: {key: shop/db}}]
    ---
    apiVersion: external-secrets.io/v1
    kind: ClusterSecretStore
    metadata: {name: aws-secrets-manager}
    spec:
      provider: {aws: {service: SecretsManager, region: ap-northeast-2}}
    ```

    See <https://external-secrets.io/latest/api/externalsecret/> and
    <https://external-secrets.io/latest/provider/aws-secrets-manager/>.
    """
    if not item.unit.closed:
        return
    if item.kind.endswith("SecretStore"):
        yield from _accounts(item, project)
        return
    spec = item.spec["externalSecretSpec"] if item.kind == "ClusterExternalSecret" else item.spec
    for reference in _stores(spec):
        name, store = reference["name"].text, reference["kind"].text or "SecretStore"
        if name and store.endswith("SecretStore") and not _has_store(item, store, name, project):
            where = f" in namespace {item.namespace}" if store == "SecretStore" and item.namespace else ""
            yield Problem(f"{item.title} refers to {store} {name}, which does not exist{where}", reference["name"])
    interval = spec["refreshInterval"]
    if interval.text.strip() in {"0", "0s", "0m", "0h"} and not spec["refreshPolicy"].text.startswith(
        ("Created", "On")
    ):
        message = f"{item.title} never refreshes (refreshInterval {interval.text}), so a rotated value does not arrive"
        yield Problem(message, interval, severity=Severity.LOW)
    if item.kind == "ExternalSecret":
        yield from _owners(item)


def _stores(spec: Node) -> Iterator[Node]:
    if spec["secretStoreRef"].present:
        yield spec["secretStoreRef"]
    for part in ("data", "dataFrom"):
        for entry in spec[part]:
            if entry["sourceRef"]["storeRef"].present:
                yield entry["sourceRef"]["storeRef"]


def _has_store(item: KubeObject, store: str, name: str, project: Project) -> bool:
    anywhere = store == "ClusterSecretStore" or item.kind == "ClusterExternalSecret"
    if any(one.name == name and (anywhere or share_namespace(one, item)) for one in project.of_kind(store)):
        return True
    return project.knows(store, "" if anywhere else item.namespace, name)


def _accounts(item: KubeObject, project: Project) -> Iterator[Problem]:
    # The operator's chart brings a ServiceAccount of its own, which is not seen here.
    if installs_of(project, "external-secrets"):
        return
    for provider in (node for _, node in item.spec["provider"].items()):
        reference = provider["auth"]["jwt"]["serviceAccountRef"]
        name, namespace = reference["name"].text, reference["namespace"].text or item.namespace
        if not name or not namespace:
            continue
        known = project.of_kind("ServiceAccount", namespace=namespace)
        if any(one.name == name for one in known) or (
            item.namespace == namespace and find_account(item, name, project)
        ):
            continue
        # Without any object of that namespace it is another repository's.
        if known and not project.knows("ServiceAccount", namespace, name):
            message = f"{item.title} uses ServiceAccount {namespace}/{name}, which does not exist"
            yield Problem(message, reference["name"])


def _owners(item: KubeObject) -> Iterator[Problem]:
    target = _owned(item)
    if not target:
        return
    known = _first_owners(item.unit)
    if known is None:
        others = item.unit.of_kind("ExternalSecret")
    else:
        others = [one for one in (known.get((item.namespace, target)),) if one is not None]
    for other in others:
        if other is item:
            return  # the first one is not reported
        if other.namespace == item.namespace and _owned(other) == target:
            message = f"{item.title} and {other.title} both own Secret {target}"
            at = item.spec["target"]["name"]
            yield Problem(message, at, also=(("the other owner", other.spec["target"]["name"]),))
            return


@once
def _first_owners(unit: Unit) -> dict[tuple[str, str], KubeObject] | None:
    """The first ExternalSecret for each Secret; None when that of one is not known."""
    found: dict[tuple[str, str], KubeObject] = {}
    try:
        for one in unit.of_kind("ExternalSecret"):
            found.setdefault((one.namespace, _owned(one)), one)
    except Undecided:
        return None
    return found


def _owned(item: KubeObject) -> str:
    target = item.spec["target"]
    if target["creationPolicy"].text not in {"", "Owner"}:
        return ""
    return target["name"].text or item.name
