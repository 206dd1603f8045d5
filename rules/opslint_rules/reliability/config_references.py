"""ConfigMaps, Secrets, keys, accounts and classes that pods need."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from opslint.api import (
    POD_KINDS,
    STRICT,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Undecided,
    find_account,
    installs_of,
    is_scaled,
    kind,
    load,
    may_meet,
    objects_named,
    once,
    rule,
    sourced_variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Controllers write these into every namespace.
EVERYWHERE: Final = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"})
PREFIX: Final = ("entityOperator", "userOperator", "secretPrefix")  # of a Kafka, for the Secrets of its KafkaUsers


class Reference(NamedTuple):
    """What a pod needs: an object by kind and name, and the keys of it."""

    kind: str
    name: Node
    keys: tuple[Node, ...] = ()


@rule(
    each=kind(*POD_KINDS, "Ingress", system=False),
    severity=Severity.HIGH,
    preset=STRICT,
    related={"kube-linter": ["env-value-from"]},
    options={"secrets": "also report Secrets created out of band"},
)
def missing_config_reference(item: KubeObject, project: Project, *, secrets: bool = False) -> Problems:
    """A pod needs a ConfigMap, Secret or key that nothing in the project creates.

    The pod stays in CreateContainerConfigError or ContainerCreating until somebody creates what is missing: the new
    pods of a rollout never start, and after a node is drained the old ones do not come back either. A missing key
    does the same as a missing object. It comes from renaming one side only, or from a key that was moved to another
    ConfigMap.

    References with `optional: true` pass. Secrets are often created outside of the repository, so a missing one is
    reported only with `secrets: true`; a key is looked for in a ConfigMap, Secret, SealedSecret or ExternalSecret that
    writes its keys out. The rule is silent when a part of what is applied together could not be read. Name what
    another repository creates under `known_objects`.

    ```yaml bad
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web-config, namespace: shop}
    data:
      LOG_LEVEL: info
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              envFrom:
                - configMapRef:
                    name: web-settings  # <-
              env:
                - name: LEVEL
                  valueFrom:
                    configMapKeyRef:
                      name: web-config
                      key: log_level  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web-config, namespace: shop}
    data:
      LOG_LEVEL: info
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: registry.example/web:2.1
              envFrom:
                - configMapRef:
                    name: web-config
              env:
                - name: LEVEL
                  valueFrom:
                    configMapKeyRef:
                      name: web-config
                      key: LOG_LEVEL
    ```

    See <https://kubernetes.io/docs/concepts/configuration/configmap/> and
    <https://kubernetes.io/docs/concepts/configuration/secret/>.
    """
    if not item.unit.closed or item.is_test_hook:
        return
    for one in _references(item):
        name = one.name.text
        if not name or name in EVERYWHERE:
            continue
        if not _exists(item, project, one):
            if (one.kind != "Secret" or secrets) and not project.knows(one.kind, item.namespace, name):
                said = _suggestion(item, one)
                yield Problem(f"{item.title} needs the {one.kind} {name}, which does not exist{said}", one.name)
            continue
        keys = _keys(item, project, one)
        for key in one.keys:
            if keys is not None and key.text and key.text not in keys:
                near = get_close_matches(key.text.lower(), [known.lower() for known in keys], 1)
                said = next((f"; it has {known}" for known in keys if near and known.lower() == near[0]), "")
                yield Problem(
                    f"{item.title} needs the key {key.text} of the {one.kind} {name}, which has none{said}", key
                )


def _references(item: KubeObject) -> Iterator[Reference]:
    """Yield what an object cannot do without."""
    if item.kind == "Ingress":
        issuers = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")
        if not any(key in item.annotations for key in issuers):
            yield from (Reference("Secret", one["secretName"]) for one in item.spec["tls"])
        return
    if not item.is_workload:
        return
    for container in item.containers:
        for one in sourced_variables(container):
            source = one["valueFrom"]
            if not source.present:
                continue
            yield from _needed("ConfigMap", source["configMapKeyRef"], "name", [source["configMapKeyRef"]["key"]])
            yield from _needed("Secret", source["secretKeyRef"], "name", [source["secretKeyRef"]["key"]])
        for one in container.root["envFrom"]:
            yield from _needed("ConfigMap", one["configMapRef"], "name")
            yield from _needed("Secret", one["secretRef"], "name")
    for volume in item.pod_spec["volumes"]:
        for kind_, part, key in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
            if volume[part].present:
                yield from _needed(kind_, volume[part], key, _items(volume[part]))
        for one in volume["projected"]["sources"]:
            yield from _needed("ConfigMap", one["configMap"], "name", _items(one["configMap"]))
            yield from _needed("Secret", one["secret"], "name", _items(one["secret"]))
        if volume["csi"]["driver"].text == "secrets-store.csi.k8s.io":
            yield from _needed("SecretProviderClass", volume["csi"]["volumeAttributes"], "secretProviderClass")
    yield from (Reference("Secret", one["name"]) for one in item.pod_spec["imagePullSecrets"])


def _needed(kind_: str, at: Node, key: str, keys: list[Node] | None = None) -> Iterator[Reference]:
    if at.present and not at["optional"].is_true and at[key].known:
        yield Reference(kind_, at[key], tuple(one for one in keys or () if one.known))


def _items(at: Node) -> list[Node]:
    return [one["key"] for one in at["items"]]


def _exists(item: KubeObject, project: Project, reference: Reference) -> bool:
    name = reference.name.text
    if objects_named(item, project, reference.kind, name):
        return True
    if any(may_meet(one, item) for one in project.named(reference.kind, name)):
        return True
    if reference.kind == "ConfigMap":
        made = any(one.name == name for one in project.of_kind("Bundle"))  # of cert-manager's trust-manager
        return made or _in_terraform(project, name, "kubernetes_config_map", "kubernetes_config_map_v1")
    if reference.kind != "Secret":
        return False
    if _by_operator(item, project, name):
        return True
    classes = project.of_kind("SecretProviderClass")
    if any(one["secretName"].text == name for spc in classes for one in spc.spec["secretObjects"]):
        return True
    return _in_terraform(project, name, "kubernetes_secret", "kubernetes_secret_v1")


def _at(item: KubeObject, path: str) -> list[Node]:
    nodes = [item.root]
    for key in path.split("."):
        nodes = [below for node in nodes for below in (node if key == "*" else (node[key],))]
    return nodes


def _by_operator(item: KubeObject, project: Project, name: str) -> bool:
    """True for a Secret that an operator makes for one of its custom resources."""
    made = load("kubernetes/made_secrets")
    if any(objects_named(item, project, kind_, name) for kind_ in made["same_name"]):
        return True
    names = _named_secrets(project)
    if name in (_secret_names(project) if names is None else names):
        return True
    for key, endings in made["endings"].items():
        group, _, kind_ = key.rpartition("/")
        owners = [one.name for one in project.of_kind(kind_) if one.group == group]
        if any(name == owner + ending for owner in owners for ending in endings):
            return True
    if any(project.of_kind(kind_) and name.endswith(ending) for kind_, ending in made["of_users"].items()):
        return True
    prefixes = [one.spec.at(*PREFIX).text for one in project.of_kind("Kafka")]
    if any(name == prefix + one.name for prefix in prefixes for one in project.of_kind("KafkaUser")):
        return True
    # Crossplane: whatever it makes says where its connection goes.
    return any(reference["name"].text == name for reference in _connections(project))


@once
def _named_secrets(project: Project) -> frozenset[str] | None:
    """The names that custom resources give to the Secrets made of them; None when one is not known."""
    try:
        return frozenset(_secret_names(project))
    except Undecided:
        return None


def _secret_names(project: Project) -> Iterator[str]:
    for kind_, paths in load("kubernetes/made_secrets")["named"].items():
        yield from (node.text for one in project.of_kind(kind_) for path in paths for node in _at(one, path))


@once
def _connections(project: Project) -> list[Node]:
    specs = [one.spec for one in project.objects if "." in one.group and one.spec.known]
    references = [spec["writeConnectionSecretToRef"] for spec in specs]
    return [one for one in references if one.known and one.present]


def _in_terraform(project: Project, name: str, *types: str) -> bool:
    for block in project.resources(*types):
        node = block.body.one("metadata")["name"]
        if not node.known or node.text == name:
            return True
    return False


def _keys(item: KubeObject, project: Project, reference: Reference) -> set[str] | None:
    """The keys that an object will have; None when they cannot be told."""
    name, keys = reference.name.text, set[str]()
    parts = ("data", "binaryData") if reference.kind == "ConfigMap" else ("data", "stringData")
    for one in objects_named(item, project, reference.kind, name):
        if not any(one.root[part].present for part in parts) or one.annotations.get("helm.sh/resource-policy"):
            return None  # somebody fills it later
        keys.update(key for part in parts for key, _ in one.root[part].items())
    if reference.kind != "Secret":
        return keys or None
    for one in objects_named(item, project, "SealedSecret", name):
        keys.update(key for key, _ in one.spec["encryptedData"].items())
        keys.update(key for key, _ in one.spec["template"]["data"].items())
    for one in item.unit.of_kind("ExternalSecret"):
        target = one.spec["target"]
        if (target["name"].text or one.name) != name:
            continue
        if one.spec["dataFrom"].present or target["template"]["templateFrom"].present:
            return None
        keys.update(entry["secretKey"].text for entry in one.spec["data"])
        keys.update(key for key, _ in target["template"]["data"].items())
    return keys or None


def _suggestion(item: KubeObject, reference: Reference) -> str:
    names = [one.name for one in item.unit.of_kind(reference.kind)]
    near = get_close_matches(reference.name.text, names, 1, 0.7)
    return f"; there is {near[0]}" if near else ""


@rule(
    each=kind(*POD_KINDS, "Ingress", system=False),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={"kube-linter": ["non-existent-service-account"]},
    related={
        "kube-linter": ["priority-class-name"],
        "polaris": ["priorityClassNotSet"],
        "kyverno": ["require-pod-priorityclassname", "allowed-podpriorities"],
    },
    options={"require_priority_class": "demand priorityClassName of scaled workloads and DaemonSets"},
)
def missing_object_reference(item: KubeObject, project: Project, *, require_priority_class: bool = False) -> Problems:
    """A pod names a ServiceAccount, PriorityClass or RuntimeClass that does not exist, so it is refused at admission.

    The controller cannot create a single pod, and says so only in the events of a ReplicaSet. Running pods stay until
    they are evicted, so the mistake may be found weeks later, in the middle of a node upgrade. An Ingress with a class
    that does not exist is accepted and served by nobody.

    A ServiceAccount must be in the namespace; those made by Terraform or eksctl count. A class is reported only when
    the project defines others of its kind, for a cluster brings some along. The rule is silent when a part of what is
    applied together could not be read. Name what another repository creates under `known_objects`.

    ```yaml bad
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          serviceAccountName: website  # <-
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml good
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          serviceAccountName: web
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/> and
    <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/>.
    """
    if item.is_test_hook:
        return
    if item.kind == "Ingress":
        name = item.spec["ingressClassName"]
        if item.unit.closed and not _brings_class(project, name.text):
            yield from _class(item, project, "IngressClass", name)
        return
    if not item.is_workload:
        return
    spec = item.pod_spec
    priority = spec["priorityClassName"]
    if require_priority_class and not priority.present and (is_scaled(item) or item.kind == "DaemonSet"):
        yield Problem(f"{item.title} names no priorityClassName", priority)
    if not item.unit.closed:
        return
    account = spec["serviceAccountName"] if spec["serviceAccountName"].present else spec["serviceAccount"]
    if account.text not in {"", "default"} and not _has_account(item, project, account.text):
        message = f"{item.title} runs as the ServiceAccount {account.text}, which does not exist"
        yield Problem(message + (f" in namespace {item.namespace}" if item.namespace else ""), account)
    if not priority.text.startswith("system-"):
        yield from _class(item, project, "PriorityClass", priority)
    yield from _class(item, project, "RuntimeClass", spec["runtimeClassName"])


def _class(item: KubeObject, project: Project, kind_: str, name: Node) -> Iterator[Problem]:
    missing = bool(name.text and project.of_kind(kind_)) and not project.named(kind_, name.text)
    if missing and not project.knows(kind_, "", name.text):
        yield Problem(f"{item.title} names the {kind_} {name.text}, which does not exist", name)


def _brings_class(project: Project, name: str) -> bool:
    """True for the class of a controller that something in the project installs."""
    charts = {"alb": "aws-load-balancer-controller", "nginx": "ingress-nginx"}
    return name in charts and bool(installs_of(project, charts[name]))


def _has_account(item: KubeObject, project: Project, name: str) -> bool:
    if find_account(item, name, project) is not None or project.knows("ServiceAccount", item.namespace, name):
        return True
    return _in_terraform(project, name, "kubernetes_service_account", "kubernetes_service_account_v1")
