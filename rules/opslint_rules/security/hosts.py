"""What pods take of their node: its namespaces, its directories, its ports and kernel settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    STRICT,
    Container,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    Workload,
    capabilities,
    container,
    glob_matches,
    is_windows,
    kind,
    load,
    needs_of_node,
    put,
    rule,
    switch_off,
    unless_node_agent,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMESPACES = {
    "hostPID": "sees and can signal every process of its node",
    "hostIPC": "shares the memory that processes of its node exchange",
    "hostNetwork": "has the network of its node, with the instance metadata and everything that listens on localhost",
}
# What the data on node agents calls each of them.
NEEDS = {"hostPID": "pid", "hostIPC": "ipc", "hostNetwork": "network"}
SKIP_KNOWN = "pass what well-known node agents need of their node"


@rule(
    each=workload(),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19"],
        "trivy": ["KSV-0010", "KSV-0008", "KSV-0009"],
        "kube-linter": ["host-pid", "host-ipc", "host-network"],
        "polaris": ["hostPIDSet", "hostIPCSet", "hostNetworkSet"],
        "kyverno": ["disallow-host-namespaces"],
    },
    cis=[
        "K8s 1.12 5.2.3",
        "K8s 1.12 5.2.4",
        "K8s 1.12 5.2.5",
        "EKS 1.8.0 4.2.2",
        "EKS 1.8.0 4.2.3",
        "EKS 1.8.0 4.2.4",
    ],
    fixable="unsafe",
    options={
        "allow": "globs of namespace/name, or of namespace/name:field, that may share a namespace of their node",
        "skip_known": SKIP_KNOWN,
    },
)
def host_namespace(
    item: Workload, project: Project, *, allow: tuple[str, ...] = (), skip_known: bool = True
) -> Problems:
    """A pod shares the process, IPC or network namespace of its node.

    With `hostPID` it reads the environment of every process of the node, with `hostNetwork` it reaches the kubelet,
    the instance metadata and so the node's IAM role, and no NetworkPolicy stops it. Its ports are taken on the node:
    two such pods do not fit on one, and rolling updates wait for a free one.

    Network plugins and node exporters need it. Well-known ones, told by their image in a DaemonSet, pass as far as
    their published manifests go, unless `skip_known` is false; name others under `allow`. No fix is offered for
    DaemonSets and system-critical pods: without the network of the node, a network plugin takes its node down.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: probe, namespace: shop}
    spec:
      hostNetwork: true  # <-
      containers: [{name: probe, image: "registry.example/probe:1.4"}]
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: probe, namespace: shop}
    spec:
      containers: [{name: probe, image: "registry.example/probe:1.4"}]
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: probe, namespace: shop}
    spec:
      containers: [{name: probe, image: "registry.example/probe:1.4"}]
    ```

    See <https://kubernetes.io/docs/concepts/security/pod-security-standards/> and
    <https://aws.github.io/aws-eks-best-practices/security/docs/pods/>.
    """
    for field, effect in NAMESPACES.items():
        node = item.pod_spec[field]
        if not node.is_true or _is_allowed(item, field, allow):
            continue
        if skip_known and NEEDS[field] in needs_of_node(item):
            continue
        fix = unless_node_agent(item, switch_off(node, field))
        yield Problem(f"{item.title} has {field}: it {effect}", node, fix=fix)


def _is_allowed(item: KubeObject, field: str, allow: tuple[str, ...]) -> bool:
    name = f"{item.namespace}/{item.name}"
    return any(glob_matches(name, glob) or glob_matches(f"{name}:{field}", glob) for glob in allow)


@rule(
    each=kind(system=False),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={
        "trivy": ["KSV-0023"],
        "kube-linter": ["sensitive-host-mounts", "writable-host-mount"],
        "polaris": ["hostPathSet"],
        "kyverno": ["disallow-host-path", "disallow-container-sock-mounts", "ensure-readonly-hostpath"],
    },
    related={
        "checkov": ["CKV_K8S_27"],
        "trivy": ["KSV-0006", "KSV-0028"],
        "kube-linter": ["docker-sock"],
        "kyverno": ["restrict-volume-types"],
        "eksup": ["K8S008"],
        "hardeneks": ["disallow_host_path_or_make_it_read_only", "disallow_container_socket_mount"],
    },
    cis=["K8s 1.12 5.2.11"],
    fixable="unsafe",
    options={
        "restricted_types": "also report volume types that the restricted profile does not have",
        "allow_read_only": "prefixes of paths that may be mounted read-only",
        "skip_known": SKIP_KNOWN,
    },
)
def host_path_volume(
    item: KubeObject,
    project: Project,
    *,
    restricted_types: bool = False,
    allow_read_only: tuple[str, ...] = ("/var/log", "/etc/localtime"),
    skip_known: bool = True,
) -> Problems:
    """A pod mounts a directory or a runtime socket of its node.

    Whoever gets into the container writes to the node, and with the socket of the container runtime starts a privileged
    container there: both end with the node's IAM role and the secrets of all its pods. It is a trap in operations as
    well: what was written is gone when the pod moves, and fills the disk of a node that nobody looks at.

    Paths of `allow_read_only` pass when every mount is read-only. A PersistentVolume of type hostPath counts.
    Well-known storage drivers, network plugins and collectors, told by their image in a DaemonSet, pass unless
    `skip_known` is false; the socket of the runtime only for those that need it. Leave it for others of their kind.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: builder, namespace: ci}
    spec:
      containers:
        - name: builder
          image: registry.example/builder:3
          volumeMounts: [{name: docker, mountPath: /var/run/docker.sock}]
      volumes:
        - name: docker
          hostPath: {path: /var/run/docker.sock}  # <-
    ```

    Logs may be read, and not written:

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: collector, namespace: logging}
    spec:
      containers:
        - name: collector
          image: registry.example/collector:3
          volumeMounts:
            - {name: logs, mountPath: /var/log}
      volumes:
        - name: logs
          hostPath: {path: /var/log}  # <-
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: collector, namespace: logging}
    spec:
      containers:
        - name: collector
          image: registry.example/collector:3
          volumeMounts:
            - {name: logs, mountPath: /var/log, readOnly: true}
      volumes:
        - name: logs
          hostPath: {path: /var/log}
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: collector, namespace: logging}
    spec:
      containers:
        - name: collector
          image: registry.example/collector:3
          volumeMounts: [{name: logs, mountPath: /var/log, readOnly: true}]
      volumes:
        - name: logs
          hostPath: {path: /var/log}
    ```

    See <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>.
    """
    if item.kind == "PersistentVolume":
        if item.spec["hostPath"].present:
            yield Problem(f"{item.title} {_grade(item.spec['hostPath']['path'].text)}", item.spec["hostPath"])
        return
    if not item.is_workload or item.is_test_hook:
        return
    for volume in item.pod_spec["volumes"]:
        host = volume["hostPath"]
        if host.present:
            if not (skip_known and _needed(item, host["path"])):
                yield from _host_path(item, volume, allow_read_only)
        elif restricted_types:
            types = load("kubernetes/pod_security")["volume_types"]
            for key, node in volume.items():
                if key != "name" and key not in types and node.present:
                    yield Problem(
                        f"{item.title} has a volume of type {key}, which the restricted profile forbids", node
                    )


def _needed(item: Workload, path: Node) -> bool:
    needs = needs_of_node(item)
    return bool(needs) and ("socket" if _is_socket(path.text) else "path") in needs


def _is_socket(path: str) -> bool:
    bare = path.rstrip("/") or "/"
    return any(glob_matches(bare, glob) for glob in load("kubernetes/pod_security")["runtime_sockets"])


def _host_path(item: Workload, volume: Node, allow_read_only: tuple[str, ...]) -> Iterator[Problem]:
    path, name = volume["hostPath"]["path"].text, volume["name"].text
    mounts = [mount for one in item.containers for mount in one.root["volumeMounts"] if mount["name"].text == name]
    writable = [mount for mount in mounts if not mount["readOnly"].is_true]
    message = f"{item.title} {_grade(path, reads=bool(mounts) and not writable)}"
    if not any(_is_below(path, prefix) for prefix in allow_read_only):
        yield Problem(message, volume["hostPath"])
    elif writable:
        changes = tuple(put(mount["readOnly"], "true") for mount in writable)
        fix = Fix("Mount it read-only: readOnly: true", changes, Safety.UNSAFE)
        also = tuple(("mounted for writing", mount) for mount in writable)
        yield Problem(f"{message}, and may write to it", volume["hostPath"], also=also, fix=_unless_known(item, fix))


def _unless_known(item: Workload, fix: Fix) -> Fix | None:
    """Return the fix, and none for well-known agents: network plugins and some collectors write under /var/log."""
    return None if needs_of_node(item) else fix


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def _grade(path: str, *, reads: bool = False) -> str:
    """What a path of a node gives to who mounts it; a socket is no less for being mounted to read."""
    data = load("kubernetes/pod_security")
    bare = path.rstrip("/") or "/"
    if _is_socket(path):
        return f"mounts the container runtime's socket {path}, by which it can start anything on its node"
    root = next((one for one in data["sensitive_paths"] if bare == one or (one != "/" and _is_below(bare, one))), "")
    if root and reads:
        return f"mounts {path} of its node to read, which shows what is not the pod's: keys, processes or devices"
    if root:
        return f"mounts {path} of its node, where it can take the node over"
    return f"mounts {path} of its node"


@rule(
    each=container(),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={
        "trivy": ["KSV-0119", "KSV-0120"],
        "polaris": ["dangerousCapabilities"],
        "kyverno": ["disallow-capabilities"],
    },
    related={
        "checkov": ["CKV_K8S_39", "CKV_K8S_25"],
        "trivy": ["KSV-0022", "KSV-0005"],
        "hardeneks": ["disallow_linux_capabilities"],
    },
    options={"allow": "globs of images, each with the capabilities that it may add"},
)
def dangerous_capability(
    item: Container, project: Project, *, allow: Mapping[str, list[str]] | None = None
) -> Problems:
    """A container adds Linux capabilities beyond the default set of containers.

    SYS_ADMIN is little less than root on the node, NET_ADMIN rewrites its packet filters, SYS_PTRACE reads the memory
    of other processes. They are mostly copied from an answer on the web in which they made an error go away. Find the
    one call that fails and give what it needs; often a port above 1024 or a file's owner was the reason.

    Network plugins, service meshes and profilers need some: allow them for their images under `allow`.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: vpn, namespace: shop}
    spec:
      containers:
        - name: vpn
          image: registry.example/vpn:1.2
          securityContext:
            capabilities:
              add:
                - NET_ADMIN  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: proxy, namespace: shop}
    spec:
      containers:
        - name: proxy
          image: registry.example/proxy:1.2
          securityContext:
            capabilities:
              drop: [ALL]
              add: [NET_BIND_SERVICE]
    ```

    See <https://kubernetes.io/docs/concepts/security/pod-security-standards/> and
    <https://man7.org/linux/man-pages/man7/capabilities.7.html>.
    """
    added = capabilities(item, "add")
    if not added or is_windows(item.owner):
        return
    baseline = load("kubernetes/pod_security")["capabilities"]
    allowed = {
        str(name).upper().removeprefix("CAP_")
        for glob, names in (allow or {}).items()
        if item.image.known and glob_matches(item.image.text, glob)
        for name in names
    }
    for name, node in added.items():
        if name and name not in baseline and name not in allowed:
            what = "every capability" if name == "ALL" else f"the capability {name}"
            yield Problem(f"container {item.name} of {item.owner.title} adds {what}", node)
