"""What a container has and seldom needs: default capabilities, a root file system to write to."""

from __future__ import annotations

from opslint.api import (
    STRICT,
    Container,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    capabilities,
    container,
    is_windows,
    load,
    put,
    rule,
    set_by_policy,
    unless_node_agent,
)


@rule(
    each=container(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_37"],
        "trivy": ["KSV-0003", "KSV-0106"],
        "polaris": ["insecureCapabilities", "linuxHardening"],
        "kyverno": ["disallow-capabilities-strict", "drop-all-capabilities"],
    },
    related={
        "checkov": ["CKV_K8S_28"],
        "kube-linter": ["drop-net-raw-capability"],
        "kyverno": ["drop-cap-net-raw"],
    },
    cis=["K8s 1.12 5.2.8", "K8s 1.12 5.2.9", "K8s 1.12 5.6.3"],
    fixable="unsafe",
)
def capabilities_not_dropped(item: Container, project: Project) -> Problems:
    """A container keeps the default Linux capabilities.

    The runtime gives every container about a dozen, among them to forge network packets, change owners of files and
    become another user. A service that listens on a high port uses none of them. `drop: [ALL]` takes them away, and
    whoever gets in finds fewer ways on; the restricted profile asks for it.

    Leave it for images whose start script changes owners or users as root.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            capabilities:  # <-
              add: [NET_BIND_SERVICE]
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            capabilities:
              add: [NET_BIND_SERVICE]
              drop: [ALL]
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            capabilities:
              drop: [ALL]
              add: [NET_BIND_SERVICE]
    ```

    See <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>.
    """
    if is_windows(item.owner) or item.root["securityContext"]["privileged"].is_true:
        return  # a privileged container has all of them: privileged-container speaks of it
    drop = item.root["securityContext"]["capabilities"]["drop"]
    if "ALL" not in capabilities(item, "drop"):
        if set_by_policy(item.unit, "drop"):
            return
        drops = Fix("Drop all capabilities", (put(drop, "[ALL]"),), Safety.UNSAFE)
        fix = unless_node_agent(item.owner, drops) if not drop.exists else None
        kept = f"drops only {', '.join(drop.texts())}" if drop.texts() else "keeps the default capabilities"
        yield Problem(f"container {item.name} of {item.owner.title} {kept}", drop, fix=fix)
        return
    data = load("kubernetes/pod_security")
    who = f"container {item.name} of {item.owner.title}"
    for name, node in capabilities(item, "add").items():
        if name in data["capabilities"] and name not in data["restricted_capabilities"]:
            yield Problem(f"{who} adds {name}, which the restricted profile does not allow", node)


@rule(
    each=container(),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_22"],
        "trivy": ["KSV-0014"],
        "kube-linter": ["no-read-only-root-fs"],
        "kube-score": ["container-security-context-readonlyrootfilesystem"],
        "polaris": ["notReadOnlyRootFilesystem"],
        "kyverno": ["require-ro-rootfs"],
    },
    related={"hardeneks": ["check_read_only_root_file_system"]},
    fixable="unsafe",
)
def writable_root_filesystem(item: Container, project: Project) -> Problems:
    """A container can write to its own root file system.

    What an attacker downloads has to be written somewhere, and so has everything that a service quietly keeps there:
    caches and uploads that are gone after the next restart, logs that fill the node's disk until pods are evicted. With
    a read-only root both show at once. Mount an emptyDir with a size limit where the program writes, mostly at /tmp.

    Leave it for images that rewrite their own configuration at start.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            readOnlyRootFilesystem: false  # <-
    ```
    ```yaml fixed
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            readOnlyRootFilesystem: true
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          securityContext:
            readOnlyRootFilesystem: true
          volumeMounts: [{name: tmp, mountPath: /tmp}]
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 100Mi}
    ```

    See <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>.
    """
    field = item.root["securityContext"]["readOnlyRootFilesystem"]
    if item.part == "ephemeralContainers" or field.is_true or is_windows(item.owner):
        return
    if set_by_policy(item.unit, "readOnlyRootFilesystem"):
        return
    fix = unless_node_agent(item.owner, Fix("Set readOnlyRootFilesystem: true", (put(field, "true"),), Safety.UNSAFE))
    yield Problem(f"container {item.name} of {item.owner.title} can write to its root file system", field, fix=fix)
