"""Make `kubernetes/schemas.json.z`: the fields of every built-in object of Kubernetes 1.25 to 1.37.

`make schemas` runs it. It installs the PyPI package `kubernetes-validate` (Apache-2.0, made of the OpenAPI documents of
Kubernetes) into a virtual environment of its own, which it throws away; the package is no dependency of anything.

The file is zlib of lines of JSON. The first has the index: `kinds` from group/version/kind to a definition, and
`definitions` from a definition's name to its changes, `[minor, line]` each, line -1 where it is gone. Every other line
is a definition: `p` its properties, `r` those that are required; a value is a code (see CODES), `#name` another
definition, `{"a": …}` a list, `{"m": …}` a map, `{"e": […]}` one of some texts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
import zlib
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).resolve().parent.parent / "opslint_schemas" / "kubernetes" / "schemas.json.z"
PACKAGE: Final = "kubernetes-validate==1.37.0"
MINORS: Final = range(25, 38)

CODES: Final = {"string": "s", "number": "n", "boolean": "b", "int32": "i", "int64": "l", "byte": "y", "object": "o"}
ANYTHING: Final = "*"
CRDS: Final = "apiextensions-apiserver.pkg.apis.apiextensions.v1"
SPECIAL: Final = {
    "apimachinery.pkg.api.resource.Quantity": "q",
    "apimachinery.pkg.util.intstr.IntOrString": "x",
    "apimachinery.pkg.apis.meta.v1.Time": "s",
    "apimachinery.pkg.apis.meta.v1.MicroTime": "s",
    # v1 of custom resource definitions takes one schema for items, not a list of them.
    f"{CRDS}.JSONSchemaPropsOrArray": f"#{CRDS}.JSONSchemaProps",
}

# The OpenAPI document calls these required because Go always writes them; the API server takes objects without them,
# for what their zero value means is valid.
NOT_ENFORCED: Final = {
    "api.apps.v1.ControllerRevision": {"revision"},
    "api.apps.v1.StatefulSetSpec": {"serviceName"},
    "api.core.v1.Event": {"metadata"},
    "api.core.v1.HTTPHeader": {"value"},
    "api.core.v1.ISCSIPersistentVolumeSource": {"lun"},
    "api.core.v1.ISCSIVolumeSource": {"lun"},
    "api.core.v1.LimitRangeSpec": {"limits"},
    "api.core.v1.SleepAction": {"seconds"},
    "api.core.v1.Sysctl": {"value"},
    "api.discovery.v1.EndpointSlice": {"endpoints"},
    "api.networking.v1.NetworkPolicySpec": {"podSelector"},
    "api.rbac.v1.RoleRef": {"apiGroup"},
    "api.rbac.v1.ClusterRole": {"rules"},
    "api.rbac.v1.Role": {"rules"},
    "api.scheduling.v1.PriorityClass": {"value"},
    "api.storage.v1.CSIDriver": {"spec"},
    "api.storage.v1.CSINodeSpec": {"drivers"},
    f"{CRDS}.CustomResourceDefinitionVersion": {"served", "storage"},
}

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
PULL: Final = ("Always", "IfNotPresent", "Never")
EFFECTS: Final = ("NoExecute", "NoSchedule", "PreferNoSchedule")
PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
SCHEMES: Final = ("HTTP", "HTTPS")
# Values that the document names in prose only, in the field's description: `main` stops where it does not. Where a
# field has a default, the empty text means it.
ENUMS: Final[dict[str, tuple[str, ...]]] = {
    "api.admissionregistration.v1.MutatingWebhook.failurePolicy": ("Fail", "Ignore"),
    "api.admissionregistration.v1.MutatingWebhook.matchPolicy": ("Equivalent", "Exact"),
    "api.admissionregistration.v1.MutatingWebhook.reinvocationPolicy": ("IfNeeded", "Never"),
    "api.admissionregistration.v1.MutatingWebhook.sideEffects": ("None", "NoneOnDryRun"),
    "api.admissionregistration.v1.RuleWithOperations.scope": ("*", "Cluster", "Namespaced"),
    "api.admissionregistration.v1.ValidatingWebhook.failurePolicy": ("Fail", "Ignore"),
    "api.admissionregistration.v1.ValidatingWebhook.matchPolicy": ("Equivalent", "Exact"),
    "api.admissionregistration.v1.ValidatingWebhook.sideEffects": ("None", "NoneOnDryRun"),
    "api.apps.v1.DaemonSetUpdateStrategy.type": ("OnDelete", "RollingUpdate"),
    "api.apps.v1.DeploymentStrategy.type": ("Recreate", "RollingUpdate"),
    "api.apps.v1.StatefulSetSpec.podManagementPolicy": ("OrderedReady", "Parallel"),
    "api.apps.v1.StatefulSetUpdateStrategy.type": ("OnDelete", "RollingUpdate"),
    "api.autoscaling.v2.HPAScalingPolicy.type": ("Percent", "Pods"),
    "api.autoscaling.v2.HPAScalingRules.selectPolicy": ("Disabled", "Max", "Min"),
    "api.autoscaling.v2.MetricSpec.type": ("ContainerResource", "External", "Object", "Pods", "Resource"),
    "api.autoscaling.v2.MetricTarget.type": ("AverageValue", "Utilization", "Value"),
    "api.batch.v1.CronJobSpec.concurrencyPolicy": ("Allow", "Forbid", "Replace"),
    "api.batch.v1.JobSpec.completionMode": ("Indexed", "NonIndexed"),
    "api.core.v1.Container.imagePullPolicy": PULL,
    "api.core.v1.Container.terminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    "api.core.v1.ContainerPort.protocol": PROTOCOLS,
    "api.core.v1.EphemeralContainer.imagePullPolicy": PULL,
    "api.core.v1.HTTPGetAction.scheme": SCHEMES,
    "api.core.v1.NodeSelectorRequirement.operator": ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
    "api.core.v1.PersistentVolumeClaimSpec.volumeMode": ("Block", "Filesystem"),
    "api.core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy": ("Delete", "Recycle", "Retain"),
    "api.core.v1.PersistentVolumeSpec.volumeMode": ("Block", "Filesystem"),
    "api.core.v1.PodOS.name": ("linux", "windows"),
    "api.core.v1.PodSecurityContext.fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "api.core.v1.PodSpec.dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "api.core.v1.PodSpec.preemptionPolicy": ("Never", "PreemptLowerPriority"),
    "api.core.v1.PodSpec.restartPolicy": ("Always", "Never", "OnFailure"),
    "api.core.v1.SeccompProfile.type": PROFILES,
    "api.core.v1.AppArmorProfile.type": PROFILES,
    "api.core.v1.SecurityContext.procMount": ("Default", "Unmasked"),
    "api.core.v1.ServicePort.protocol": PROTOCOLS,
    "api.core.v1.ServiceSpec.externalTrafficPolicy": ("Cluster", "Local"),
    "api.core.v1.ServiceSpec.internalTrafficPolicy": ("Cluster", "Local"),
    "api.core.v1.ServiceSpec.ipFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
    "api.core.v1.ServiceSpec.sessionAffinity": ("ClientIP", "None"),
    "api.core.v1.ServiceSpec.type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    "api.core.v1.Taint.effect": EFFECTS,
    "api.core.v1.Toleration.effect": EFFECTS,
    "api.core.v1.TopologySpreadConstraint.whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    "api.core.v1.VolumeMount.mountPropagation": ("Bidirectional", "HostToContainer", "None"),
    "api.networking.v1.HTTPIngressPath.pathType": ("Exact", "ImplementationSpecific", "Prefix"),
    "api.networking.v1.NetworkPolicyPort.protocol": PROTOCOLS,
    "api.policy.v1.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget"),
    "api.storage.v1.StorageClass.reclaimPolicy": ("Delete", "Retain"),
    "api.storage.v1.StorageClass.volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
    f"{CRDS}.CustomResourceConversion.strategy": ("None", "Webhook"),
    f"{CRDS}.CustomResourceDefinitionSpec.scope": ("Cluster", "Namespaced"),
    f"{CRDS}.JSONSchemaProps.type": ("array", "boolean", "integer", "number", "object", "string"),
    "apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement.operator": ("DoesNotExist", "Exists", "In", "NotIn"),
}


# Fields whose description does not name every value. They are the constants of the field's type in types.go of
# k8s.io/api (https://pkg.go.dev/k8s.io/api), and of k8s.io/apiextensions-apiserver for JSONSchemaProps.
UNNAMED: Final = frozenset(
    {
        "api.apps.v1.StatefulSetUpdateStrategy.type",
        "api.autoscaling.v2.HPAScalingPolicy.type",
        "api.autoscaling.v2.HPAScalingRules.selectPolicy",
        "api.core.v1.HTTPGetAction.scheme",
        "api.core.v1.PersistentVolumeClaimSpec.volumeMode",
        "api.core.v1.PersistentVolumeSpec.volumeMode",
        "api.core.v1.SecurityContext.procMount",
        "api.core.v1.VolumeMount.mountPropagation",
        "api.storage.v1.StorageClass.reclaimPolicy",
        "api.storage.v1.StorageClass.volumeBindingMode",
        f"{CRDS}.JSONSchemaProps.type",
    }
)


def unsupported(document: dict[str, Any]) -> list[str]:
    """Return the fields of ENUMS and NOT_ENFORCED that a document lacks, and those whose values it does not name."""
    known = {short(full): schema.get("properties", {}) for full, schema in document.items()}
    found = [f"{name}.{key}" for name, keys in NOT_ENFORCED.items() for key in keys if key not in known.get(name, {})]
    for field, values in ENUMS.items():
        owner, _, key = field.rpartition(".")
        said = known.get(owner, {}).get(key)
        if said is None or (field not in UNNAMED and not all(value in said.get("description", "") for value in values)):
            found.append(field)
    return found


def short(name: str) -> str:
    """Return a definition's name without what all have in common."""
    return name.rpartition("/")[2].removeprefix("io.k8s.")


def main() -> None:
    """Install the package, read its thirteen documents and write the file."""
    with tempfile.TemporaryDirectory(prefix="opslint-schemas-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", PACKAGE], check=True)  # noqa: S603
        where = next(Path(folder).rglob("kubernetes-json-schema"))
        documents = {minor: _read(where, minor) for minor in MINORS}
    wrong = unsupported(documents[MINORS[-1]])
    if wrong:
        raise SystemExit(f"the newest document does not bear out: {', '.join(sorted(wrong))}")
    TARGET.write_bytes(packed(documents))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


def _read(where: Path, minor: int) -> dict[str, Any]:
    text = (where / f"v1.{minor}.0-local" / "_definitions.json").read_text(encoding="utf-8")
    definitions: dict[str, Any] = json.loads(text)["$defs"]
    return definitions


def packed(documents: dict[int, dict[str, Any]]) -> bytes:
    """Return the file's bytes for the definitions of each minor."""
    lines: dict[str, int] = {}
    kinds: dict[str, str] = {}
    changes: dict[str, list[list[int]]] = {}
    for minor, document in sorted(documents.items()):
        made = {short(name): found for name, found in _definitions(document, kinds).items()}
        for name in sorted(made.keys() | changes.keys()):
            line = -1
            if name in made:
                text = json.dumps(made[name], separators=(",", ":"), sort_keys=True)
                line = lines.setdefault(text, len(lines) + 1)
            known = changes.setdefault(name, [])
            if (known[-1][1] if known else -1) != line:
                known.append([minor, line])
    index = {"kinds": dict(sorted(kinds.items())), "definitions": changes}
    text = "\n".join([json.dumps(index, separators=(",", ":")), *lines])
    return zlib.compress(text.encode(), 9)


def _definitions(document: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    found = {}
    for full, schema in document.items():
        name = short(full)
        if "properties" not in schema or name in SPECIAL:
            continue
        named = schema.get("x-kubernetes-group-version-kind", ())
        if len(named) == 1:
            one = named[0]
            kinds["/".join(filter(None, (one["group"], one["version"], one["kind"])))] = name
        found[full] = _definition(name, schema, document, top=len(named) == 1)
    return found


def _definition(name: str, schema: dict[str, Any], document: dict[str, Any], *, top: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, value in schema["properties"].items():
        enum = ENUMS.get(f"{name}.{key}")
        if key == "status" and top:
            properties[key] = ANYTHING  # the API server takes it from nobody but controllers
        elif enum:
            required = key in schema.get("required", ())
            properties[key] = {"e": list(enum) if required else ["", *enum]}
        else:
            properties[key] = _code(value, document)
    required = [key for key in schema.get("required", ()) if key not in NOT_ENFORCED.get(name, ())]
    return {"p": properties, "r": required} if required else {"p": properties}


def _code(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    if "$ref" in schema:
        full = schema["$ref"].rpartition("/")[2]
        name, target = short(full), document[full]
        if name in SPECIAL:
            return SPECIAL[name]
        return f"#{name}" if "properties" in target else _code(target, document)
    type_ = schema.get("type")
    if isinstance(type_, list):
        type_ = next(one for one in type_ if one != "null")
    if type_ == "array":
        return {"a": _code(schema["items"], document)}
    if type_ == "object" and "additionalProperties" in schema:
        return {"m": _code(schema["additionalProperties"], document)}
    if type_ is None:
        return ANYTHING
    if type_ == "integer":
        return CODES[schema.get("format", "int64")]
    return CODES["byte" if schema.get("format") == "byte" else type_]


if __name__ == "__main__":
    main()
