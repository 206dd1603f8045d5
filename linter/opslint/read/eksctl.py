"""eksctl's ClusterConfig as the resources it makes: what it says is judged like Terraform, on the lines of the YAML.

The fields and their meaning are those of eksctl.io/v1alpha5: https://schema.eksctl.io/. Where a default has changed
from one release of eksctl to the next the value is Unknown: the file does not say which release applies it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from opslint.model.node import Node, Unknown
from opslint.model.records import NamedTuple
from opslint.model.source import Location
from opslint.model.terraform import Block, RootModule
from opslint.read.eksctl_form import RELEASE, EksctlForm, Made, Value, entries, given, nested, stand
from opslint.read.eksctl_nodes import ami_type, instance_types, taints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.project import Environment

Arguments: TypeAlias = dict[str, Value | None]

_ALL_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_EVERYTHING: Final = frozenset({"*", "all"})
_STACK: Final = Unknown("the stack that eksctl makes")
# What `eksctl create nodegroup --config-file` needs. Source: "Work with node groups" of eksctl's user guide.
_NODES_ONLY: Final = frozenset({"apiVersion", "kind", "metadata", "managedNodeGroups", "nodeGroups"})
_ELSEWHERE: Final = Unknown("the cluster that the node groups join")


def read_cluster_config(root: Node, environment: Environment) -> RootModule:
    """Return the resources of a ClusterConfig as a root module of their own, whose path is the file's."""
    module = RootModule(root.source.path, environment)
    config = _Config(root, module)
    module.blocks += [config.made(found) for found in config.resources()]
    return module


class _Resource(NamedTuple):
    """A resource before it is a block: `at` is the value that stands for it."""

    type: str
    key: str
    at: Node
    arguments: Arguments


class _Config:
    """One ClusterConfig."""

    def __init__(self, root: Node, module: RootModule) -> None:
        self.root, self.module = root, module
        named = root["metadata"]["name"]
        self.name: Node = named if named.present else root["kind"]
        self._form = EksctlForm(root.source)

    def made(self, found: _Resource) -> Block:
        """Return the block of a resource."""
        content = {name: value for name, value in found.arguments.items() if value is not None}
        suffix = f'["{found.key}"]' if found.key else ""
        return Block(
            mode="resource",
            type=found.type,
            name=found.key or self.name.text,
            address=f"eksctl.{self.name.text}.{found.type}{suffix}",
            body=Node(self.root.source, Made(content, found.at), self._form),
            root=self.module,
            header=Location(found.at.source, found.at.span),
            virtual=True,
        )

    def resources(self) -> Iterator[_Resource]:
        """Yield all resources, the cluster first."""
        yield self._cluster()
        yield from self._log_group()
        for key in ("managedNodeGroups", "nodeGroups"):
            for group in entries(self.root[key]):
                yield self._group(group)
                if not group["launchTemplate"].present:
                    yield self._template(group)
        for addon in entries(self.root["addons"]):
            yield self._addon(addon)
        for profile in entries(self.root["fargateProfiles"]):
            yield _Resource(
                "aws_eks_fargate_profile",
                profile["name"].text,
                stand(profile),
                {
                    "cluster_name": self.name,
                    "fargate_profile_name": given(profile["name"]),
                    "selector": given(profile["selectors"]),
                },
            )
        yield from self._access()
        yield from self._accounts()

    # -- the control plane
    def _cluster(self) -> _Resource:
        root = self.root
        metadata = root["metadata"]
        # A file of node groups without a version may be for a cluster that is there already: nothing is left out then.
        joins = not metadata["version"].present and self._is_of_nodes_only()
        elsewhere = Made(_ELSEWHERE, self.name) if joins else None
        default_addons = root["addonsConfig"]["disableDefaultAddons"]
        return _Resource(
            "aws_eks_cluster",
            "",
            self.name,
            {
                "name": given(metadata["name"]),
                "version": elsewhere or given(metadata["version"]),
                "tags": given(metadata["tags"]),
                "bootstrap_self_managed_addons": Made(False, default_addons) if default_addons.is_true else None,
                "enabled_cluster_log_types": elsewhere or self._log_types(),
                "deletion_protection": given(root["deletionProtection"]),
                "vpc_config": elsewhere or self._network(),
                "access_config": self._access_config(),
                "upgrade_policy": nested(root["upgradePolicy"], support_type="supportType"),
                "zonal_shift_config": nested(root["zonalShiftConfig"], enabled="enabled"),
                "compute_config": nested(root["autoModeConfig"], enabled="enabled", node_pools="nodePools"),
                "kubernetes_network_config": self._services(),
                "encryption_config": elsewhere or self._encryption(),
            },
        )

    def _is_of_nodes_only(self) -> bool:
        keys = {key for key, _ in self.root.items()}
        return keys <= _NODES_ONLY and not keys.isdisjoint({"managedNodeGroups", "nodeGroups"})

    def _network(self) -> Made:
        vpc, private = self.root["vpc"], self.root["privateCluster"]["enabled"]
        endpoints = vpc["clusterEndpoints"]
        content: dict[str, Value] = {"subnet_ids": Made(_STACK, self.name)}
        for name, key, default in (
            ("endpoint_public_access", "publicAccess", not private.is_true),
            ("endpoint_private_access", "privateAccess", private.is_true),
        ):
            written = endpoints[key]
            content[name] = written if written.present else Made(default, private if private.present else self.name)
        if vpc["publicAccessCIDRs"].present:
            content["public_access_cidrs"] = vpc["publicAccessCIDRs"]
        return Made([Made(content, vpc if vpc.present else self.name)], vpc if vpc.present else self.name)

    def _access_config(self) -> Made:
        written = self.root["accessConfig"]
        mode = written["authenticationMode"]
        content: dict[str, Value] = {"authentication_mode": mode if mode.present else Made(RELEASE, self.name)}
        creator = written["bootstrapClusterCreatorAdminPermissions"]
        content["bootstrap_cluster_creator_admin_permissions"] = creator if creator.present else Made(True, self.name)
        at = written if written.present else self.name
        return Made([Made(content, at)], at)

    def _services(self) -> Made | None:
        written = self.root["kubernetesNetworkConfig"]
        if not written.present:
            return None
        family, addresses = written["ipFamily"], written["serviceIPv4CIDR"]
        content: dict[str, Value] = {}
        if family.present:
            content["ip_family"] = Made(family.text.lower(), family)
        if addresses.present:
            content["service_ipv4_cidr"] = addresses
        return Made([Made(content, written)], written)

    def _encryption(self) -> Made | None:
        key = self.root["secretsEncryption"]["keyARN"]
        if not key.present:
            return None
        provider = Made([Made({"key_arn": key}, key)], key)
        return Made([Made({"resources": Made([Made("secrets", key)], key), "provider": provider}, key)], key)

    def _log_types(self) -> Value | None:
        types = self.root["cloudWatch"]["clusterLogging"]["enableTypes"]
        everything = next((item for item in types if item.text in _EVERYTHING), None)
        if everything is not None:
            return Made([Made(kind, everything) for kind in _ALL_LOGS], types)
        return given(types)

    def _log_group(self) -> Iterator[_Resource]:
        logging = self.root["cloudWatch"]["clusterLogging"]
        if len(logging["enableTypes"]):
            name = Made(f"/aws/eks/{self.name.text}/cluster", self.name)
            retention = given(logging["logRetentionInDays"])
            arguments: Arguments = {"name": name, "retention_in_days": retention}
            yield _Resource("aws_cloudwatch_log_group", "cluster", logging["enableTypes"], arguments)

    # -- nodes
    def _group(self, group: Node) -> _Resource:
        at = stand(group)
        sizes: dict[str, Value] = {
            name: group[key] if group[key].present else Made(RELEASE, at)
            for name, key in (("min_size", "minSize"), ("max_size", "maxSize"), ("desired_size", "desiredCapacity"))
        }
        types = instance_types(group)
        return _Resource(
            "aws_eks_node_group",
            group["name"].text,
            at,
            {
                "cluster_name": self.name,
                "node_group_name": given(group["name"]),
                "instance_types": Made(types, at) if types else Made(RELEASE, at),
                "ami_type": ami_type(group, types, at),
                "capacity_type": Made("SPOT", group["spot"]) if group["spot"].is_true else None,
                "release_version": given(group["releaseVersion"]),
                "disk_size": given(group["volumeSize"]),
                "labels": given(group["labels"]),
                "taint": taints(group["taints"]),
                "tags": given(group["tags"]),
                "scaling_config": Made([Made(sizes, at)], at),
                "update_config": nested(
                    group["updateConfig"],
                    max_unavailable="maxUnavailable",
                    max_unavailable_percentage="maxUnavailablePercentage",
                ),
                "subnet_ids": Made(_STACK, at),
            },
        )

    def _template(self, group: Node) -> _Resource:
        """What makeMetadataOptions of eksctl's pkg/cfn/builder/nodegroup.go makes of the two options."""
        at, old, pods = stand(group), group["disableIMDSv1"], group["disablePodIMDS"]
        tokens = Made("required" if old.is_true else "optional", old) if old.present else Made(RELEASE, at)
        if pods.is_true:
            tokens = Made("required", pods)
        hops = Made(1 if pods.is_true else 2, pods if pods.present else at)
        metadata = Made([Made({"http_tokens": tokens, "http_put_response_hop_limit": hops}, at)], at)
        arguments: Arguments = {"metadata_options": metadata, "image_id": given(group["ami"])}
        return _Resource("aws_launch_template", group["name"].text, at, arguments)

    def _addon(self, addon: Node) -> _Resource:
        version, conflicts = addon["version"], addon["resolveConflicts"]
        newest = version.text == "latest"
        return _Resource(
            "aws_eks_addon",
            addon["name"].text,
            stand(addon),
            {
                "cluster_name": self.name,
                "addon_name": given(addon["name"]),
                "addon_version": None if newest else given(version),
                "most_recent": Made(True, version) if newest else None,
                "configuration_values": given(addon["configurationValues"]),
                "service_account_role_arn": given(addon["serviceAccountRoleARN"]),
                "resolve_conflicts_on_update": Made(conflicts.text.upper(), conflicts) if conflicts.present else None,
                "tags": given(addon["tags"]),
            },
        )

    # -- who may do what
    def _access(self) -> Iterator[_Resource]:
        for entry in entries(self.root["accessConfig"]["accessEntries"]):
            principal, at = entry["principalARN"], stand(entry, "principalARN")
            yield _Resource(
                "aws_eks_access_entry",
                principal.text,
                at,
                {
                    "cluster_name": self.name,
                    "principal_arn": given(principal),
                    "type": given(entry["type"]),
                    "kubernetes_groups": given(entry["kubernetesGroups"]),
                    "user_name": given(entry["kubernetesUsername"]),
                },
            )
            for policy in entries(entry["accessPolicies"]):
                scope = nested(policy["accessScope"], type="type", namespaces="namespaces")
                yield _Resource(
                    "aws_eks_access_policy_association",
                    principal.text,
                    stand(policy, "policyARN"),
                    {
                        "cluster_name": self.name,
                        "principal_arn": given(principal),
                        "policy_arn": given(policy["policyARN"]),
                        "access_scope": scope,
                    },
                )

        # No resource of Terraform: eksctl writes these into the ConfigMap aws-auth.
        for entry in entries(self.root["iamIdentityMappings"]):
            yield _Resource(
                "eksctl_iam_identity_mapping",
                entry["arn"].text,
                stand(entry, "arn"),
                {"cluster_name": self.name, "arn": given(entry["arn"]), "groups": given(entry["groups"])},
            )

    def _accounts(self) -> Iterator[_Resource]:
        iam = self.root["iam"]
        for entry in entries(iam["podIdentityAssociations"]):
            role = entry["roleARN"]
            at = stand(entry, "serviceAccountName")
            yield _Resource(
                "aws_eks_pod_identity_association",
                entry["serviceAccountName"].text,
                at,
                {
                    "cluster_name": self.name,
                    "namespace": given(entry["namespace"]),
                    "service_account": given(entry["serviceAccountName"]),
                    "role_arn": role if role.present else Made(_STACK, at),
                },
            )
        for entry in entries(iam["serviceAccounts"]):
            yield from self._account(entry)

    def _account(self, entry: Node) -> Iterator[_Resource]:
        metadata = entry["metadata"]
        at = stand(metadata if metadata.present else entry)
        key = f"{metadata['namespace'].text or 'default'}/{metadata['name'].text}"
        attached = entry["attachRoleARN"]
        if not attached.present:
            role = entry["roleName"]
            yield _Resource(
                "aws_iam_role",
                key,
                at,
                {
                    "name": role if role.present else Made(_STACK, at),
                    "assume_role_policy": Made(_trust(entry), at),
                    "permissions_boundary": given(entry["permissionsBoundary"]),
                    "tags": given(entry["tags"]),
                },
            )
            for policy in entry["attachPolicyARNs"]:
                name: Value = role if role.present else Made(_STACK, at)
                arguments: Arguments = {"role": name, "policy_arn": policy}
                yield _Resource("aws_iam_role_policy_attachment", key, policy, arguments)
        if not entry["roleOnly"].is_true:
            namespace = metadata["namespace"]
            content: dict[str, Value] = {
                "name": metadata["name"],
                "namespace": namespace if namespace.present else Made("default", at),
                "annotations": Made(Unknown("the annotations that eksctl adds"), at),
            }
            arguments = {"metadata": Made([Made(content, at)], at)}
            yield _Resource("kubernetes_service_account_v1", key, at, arguments)


def _trust(entry: Node) -> object:
    """Return the trust policy that eksctl writes for a service account: its issuer is the cluster's."""
    from opslint.read.evaluate.functions.encoding import json_text
    from opslint.read.evaluate.values import PartialObject, glue

    issuer = Unknown("the cluster's OpenID provider")
    metadata, pattern = entry["metadata"], entry["subjectPattern"]
    subject = f"system:serviceaccount:{metadata['namespace'].text or 'default'}:{metadata['name'].text}"
    sub, aud = glue([issuer, ":sub"]), glue([issuer, ":aud"])
    exact: list[tuple[object, object]] = [(aud, "sts.amazonaws.com")]
    conditions: dict[str, object] = {}
    if pattern.present:
        conditions["StringLike"] = PartialObject(issuer.why, ((sub, pattern.text),))
    else:
        exact.insert(0, (sub, subject))
    conditions["StringEquals"] = PartialObject(issuer.why, tuple(exact))
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": issuer},
        "Condition": conditions,
    }
    return json_text({"Version": "2012-10-17", "Statement": [statement]})
