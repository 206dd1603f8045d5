"""What pods may do to their node."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    Container,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Workload,
    glob_matches,
    needs_of_agent,
    rule,
    switch_off,
    unless_node_agent,
    workload,
)

NODE_AGENTS = (
    "*/aws-node*",
    "*/amazon-k8s-cni*",
    "*/aws-network-policy-agent*",  # the second container of aws-node
    "*/kube-proxy*",
    "*/aws-ebs-csi-driver*",
    "*/aws-efs-csi-driver*",
)


@rule(
    each=workload(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={
        "checkov": ["CKV_K8S_16"],
        "trivy": ["KSV-0017", "KSV-0103"],
        "kube-linter": ["privileged-container"],
        "kube-score": ["container-security-context-privileged"],
        "polaris": ["runAsPrivileged", "hostProcess"],
        "kyverno": ["disallow-privileged-containers", "disallow-host-process"],
    },
    cis=["K8s 1.12 5.2.2", "EKS 1.8.0 4.2.1", "K8s 1.12 5.2.10"],
    fixable="unsafe",
    options={
        "allow_images": "globs of images of node agents that need it",
        "skip_known": "pass the containers of well-known node agents that need it",
    },
)
def privileged_container(
    item: Workload, project: Project, *, allow_images: tuple[str, ...] = NODE_AGENTS, skip_known: bool = True
) -> Problems:
    """A container runs privileged and so owns its node.

    It sees all devices and may load modules, mount the host's disk and read every other pod's secrets there; on EKS
    it reaches the node's instance role as well. One hole in that container is then a hole in everything the node
    runs. What software truly needs is nearly always one capability or one read-only mount, not all of them.

    Agents that set up a node's network or volumes need it. Well-known ones, told by their image in a DaemonSet, pass
    unless `skip_known` is false; put the images of others under `allow_images`. No fix is offered for a DaemonSet that
    shares a namespace or directories of its node, nor for system-critical pods, which may be such agents.

    ```yaml bad
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: logs, namespace: logging}
    spec:
      selector: {matchLabels: {app: logs}}
      template:
        metadata: {labels: {app: logs}}
        spec:
          containers:
            - name: logs
              image: registry.example/shipper:1.16
              securityContext:
                privileged: true  # <-
    ```

    ```yaml fixed
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: logs, namespace: logging}
    spec:
      selector: {matchLabels: {app: logs}}
      template:
        metadata: {labels: {app: logs}}
        spec:
          containers:
            - name: logs
              image: registry.example/shipper:1.16
              securityContext: {}
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: logs, namespace: logging}
    spec:
      selector: {matchLabels: {app: logs}}
      template:
        metadata: {labels: {app: logs}}
        spec:
          containers:
            - name: logs
              image: registry.example/shipper:1.16
              securityContext:
                allowPrivilegeEscalation: false
                capabilities: {drop: [ALL], add: [DAC_READ_SEARCH]}
    ```

    See <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
    """
    checked = [one for one in item.containers if _may_be_privileged(one) and not _passes(one, allow_images, skip_known)]
    for one in checked:
        privileged = one.root["securityContext"]["privileged"]
        if privileged.is_true:
            message = f"container {one.name} of {item.title} is privileged"
            fix = unless_node_agent(item, switch_off(privileged, "privileged: true"))
            yield Problem(message, privileged, fix=fix)
        host = _host_process(one.root)
        if host.is_true:
            yield Problem(f"container {one.name} of {item.title} is a Windows HostProcess container", host)
    host = _host_process(item.pod_spec)
    if host.is_true and not all(_passes(one, allow_images, skip_known) for one in item.containers):
        yield Problem(f"the containers of {item.title} are Windows HostProcess containers", host)


def _may_be_privileged(item: Container) -> bool:
    context = item.root["securityContext"]
    return not context.known or context["privileged"].exists or context["windowsOptions"].exists


def _host_process(node: Node) -> Node:
    return node["securityContext"]["windowsOptions"]["hostProcess"]


def _passes(item: Container, allow_images: tuple[str, ...], skip_known: bool) -> bool:
    return _is_allowed(item, allow_images) or (skip_known and "privileged" in needs_of_agent(item))


def _is_allowed(item: Container, globs: tuple[str, ...]) -> bool:
    image = item.image
    return image.known and any(glob_matches(image.text, glob) for glob in globs)
