"""The smaller controls of the Pod Security baseline profile, in one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Unit,
    Workload,
    has_own_users,
    load,
    rule,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP: Final = ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/")
PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
Found = tuple[str, Node]


@rule(
    each=workload(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={
        "checkov": ["CKV_K8S_26"],
        "trivy": ["KSV-0024", "KSV-0025", "KSV-0026", "KSV-0027", "KSV-0104"],
        "kube-linter": ["unsafe-sysctls", "unsafe-proc-mount"],
        "polaris": ["hostPortSet", "procMount"],
        "kyverno": [
            "disallow-host-ports",
            "disallow-proc-mount",
            "disallow-selinux",
            "restrict-sysctls",
            "restrict-apparmor-profiles",
            "restrict-seccomp",
        ],
    },
    cis=["K8s 1.12 5.2.12"],
    options={"allowed_host_ports": "ports and ranges such as 9100 or 30000-30010 that pods may take of their node"},
)
def baseline_control_violated(
    item: Workload, project: Project, *, allowed_host_ports: tuple[str, ...] = ()
) -> Problems:
    """A pod breaks another control of the Pod Security baseline profile.

    A namespace that enforces `baseline` rejects the pod, and the error stands in the events of a ReplicaSet where few
    people look. The controls are: a port of the node (two such pods never fit on one node, and network policies do not
    cover it), kernel settings outside the safe list, another way to mount /proc, an SELinux user, role or type of its
    own, AppArmor or seccomp switched off, and since Kubernetes 1.34 a host in a probe or lifecycle hook, which lets a
    pod send the kubelet anywhere.

    Node agents need host ports: name the ports under `allowed_host_ports`.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          ports:
            - containerPort: 8080
              hostPort: 8080  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1
          ports: [{containerPort: 8080}]
    ```

    See <https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline>.
    """
    contexts = list(_contexts(item))
    for controls in (
        _host_ports(item, allowed_host_ports),
        _sysctls(item),
        _proc_mount(item),
        _selinux(item, contexts),
        _unconfined(item, contexts, "appArmorProfile", "AppArmor"),
        _unconfined(item, contexts, "seccompProfile", "seccomp"),
        _hosts(item),
    ):
        found = list(controls)
        if found:
            message, node = found[0]
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            also = tuple(("the same control", other) for _, other in found[1:])
            yield Problem(f"{item.title} {message}{more}", node, also=also)


def _host_ports(item: Workload, allowed: tuple[str, ...]) -> Iterator[Found]:
    if item.pod_spec["hostNetwork"].is_true:
        return
    for one in item.containers:
        for port in one.root["ports"]:
            taken = port["hostPort"]
            number = taken.number if taken.exists else None
            if number and not any(_in_range(number, entry) for entry in allowed):
                yield f"takes port {taken.text} of its node", taken


def _in_range(number: float, entry: object) -> bool:
    first, _, last = str(entry).partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()):
        return False
    return int(first) <= number <= int(last or first)


def _sysctls(item: Workload) -> Iterator[Found]:
    sysctls = item.pod_spec["securityContext"]["sysctls"]
    if not sysctls.exists:
        return
    safe: dict[str, int] = load("kubernetes/pod_security")["sysctls"]
    oldest = _oldest(item.unit)
    for entry in sysctls:
        name = entry["name"].text.replace("/", ".")
        if not name:
            continue
        if name not in safe:
            yield f"sets the unsafe sysctl {name}", entry["name"]
        elif safe[name] > oldest:
            yield f"sets the sysctl {name}, which is safe only since Kubernetes 1.{safe[name]}", entry["name"]


def _oldest(unit: Unit) -> int:
    """The oldest target of a unit, 0 for none."""
    return min([target.minor for target in unit.targets], default=0)


def _proc_mount(item: Workload) -> Iterator[Found]:
    if has_own_users(item, "user_namespaces_relax"):
        return
    for one in item.containers:
        mount = one.root["securityContext"]["procMount"]
        if mount.exists and mount.text not in {"", "Default"}:
            yield f"has procMount {mount.text} in container {one.name}", mount


def _selinux(item: Workload, contexts: list[Node]) -> Iterator[Found]:
    for context in contexts:
        options = context["seLinuxOptions"]
        if not options.present:
            continue
        types: dict[str, int] = load("kubernetes/pod_security")["selinux_types"]
        oldest = _oldest(item.unit)
        wanted = options["type"].text
        if wanted not in types:
            yield f"asks for the SELinux type {wanted}", options["type"]
        elif types[wanted] > oldest:
            since = f"which the profile allows only since Kubernetes 1.{types[wanted]}"
            yield f"asks for the SELinux type {wanted}, {since}", options["type"]
        for field in ("user", "role"):
            if options[field].text:
                yield f"sets the SELinux {field} {options[field].text}", options[field]


def _contexts(item: Workload) -> Iterator[Node]:
    for context in (item.pod_spec["securityContext"], *(one.root["securityContext"] for one in item.containers)):
        if context.present:
            yield context


def _unconfined(item: Workload, contexts: list[Node], field: str, what: str) -> Iterator[Found]:
    message = f"switches {what} off (Unconfined)"
    for context in contexts:
        profile = context[field]
        if profile.exists and profile["type"].text == "Unconfined":
            yield message, profile["type"]
    prefixes = (APPARMOR,) if what == "AppArmor" else SECCOMP
    for key, value in item.pod_template["metadata"]["annotations"].items():
        if key.startswith(prefixes) and value.known and value.text == "unconfined":
            yield message, value


def _hosts(item: Workload) -> Iterator[Found]:
    newest = max((target.minor for target in item.unit.targets), default=0)
    if newest < load("kubernetes/pod_security")["host_probes"]:
        return
    for one in item.containers:
        root = one.root
        checks = [root[name] for name in PROBES]
        hooks = root["lifecycle"]
        if hooks.exists:
            checks += hooks["postStart"], hooks["preStop"]
        for check in checks:
            if not check.present:
                continue
            for way in ("httpGet", "tcpSocket"):
                host = check[way]["host"]
                if host.text:
                    yield f"names the host {host.text} in the {check.key} of container {one.name}", host
