"""What the lifecycle data says, spot-checked against well-known history."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import opslint_schemas
from opslint_schemas import UnknownData, components, data_as_of, fields, lifecycle, load, release

SCHEMAS = Path(opslint_schemas.__file__).parent.parent


@pytest.mark.parametrize(
    ("api_version", "kind", "removed", "replacement"),
    [
        ("extensions/v1beta1", "Ingress", 22, ("networking.k8s.io/v1", "Ingress")),
        ("extensions/v1beta1", "Deployment", 16, ("apps/v1", "Deployment")),
        ("batch/v1beta1", "CronJob", 25, ("batch/v1", "CronJob")),
        ("policy/v1beta1", "PodDisruptionBudget", 25, ("policy/v1", "PodDisruptionBudget")),
        ("policy/v1beta1", "PodSecurityPolicy", 25, None),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 26, ("autoscaling/v2", "HorizontalPodAutoscaler")),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 32, ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema")),
        ("v1", "Endpoints", None, ("discovery.k8s.io/v1", "EndpointSlice")),
        ("apps/v1", "Deployment", None, None),
    ],
)
def test_removals(api_version: str, kind: str, removed: int | None, replacement: tuple[str, str] | None) -> None:
    row = lifecycle.api(api_version, kind)
    assert row is not None
    assert (row.api_version, row.kind) == (api_version, kind)
    assert (row.removed, row.replacement) == (removed, replacement)


def test_row_of_a_built_in_kind() -> None:
    row = lifecycle.api("batch/v1beta1", "CronJob")
    assert row is not None
    assert (row.group, row.version, row.introduced, row.deprecated) == ("batch", "v1beta1", 8, 21)
    assert (row.stability, row.role, row.namespaced, row.hedged) == ("beta", "resource", True, False)
    assert [row.served_at(minor) for minor in (7, 8, 24, 25)] == [False, True, True, False]


def test_core_group_is_empty() -> None:
    row = lifecycle.api("v1", "Namespace")
    assert row is not None
    assert (row.group, row.version, row.stability, row.namespaced) == ("", "v1", "stable", False)


def test_unknown_kinds_have_no_row() -> None:
    assert lifecycle.api("batch/v1", "Cronjob") is None
    assert lifecycle.api("example.com/v1", "Thing") is None


def test_list_kind_lives_as_long_as_its_items() -> None:
    row = lifecycle.api("policy/v1beta1", "PodDisruptionBudgetList")
    assert row is not None
    assert row.removed == 25
    assert lifecycle.api("v1", "BindingList") is None


def test_planned_removal_is_no_removal() -> None:
    row = lifecycle.api("resource.k8s.io/v1beta1", "ResourceSlice")
    assert row is not None
    assert (row.removed, row.planned_removal) == (None, 38)


def test_kinds_in_files_are_known_but_not_served() -> None:
    row = lifecycle.api("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration")
    assert row is not None
    assert row.role == "config"
    assert not row.served_at(33)


def test_served() -> None:
    names = lifecycle.served(33)
    assert {"v1", "v1/Pod", "policy/v1", "policy/v1/PodDisruptionBudget", "apps/v1/Deployment"} <= names
    assert not {"policy/v1beta1", "policy/v1beta1/PodDisruptionBudget", "extensions/v1beta1"} & names
    assert "policy/v1beta1/PodDisruptionBudget" in lifecycle.served(24)
    assert "policy/v1beta1" not in lifecycle.served(25)


def test_served_leaves_out_what_is_off_unless_eks_has_it_on() -> None:
    beta = "storage.k8s.io/v1beta1/VolumeAttributesClass"
    assert [beta in lifecycle.served(minor) for minor in (30, 31, 36, 37)] == [False, True, True, False]
    assert "resource.k8s.io/v1alpha3" not in lifecycle.served(33)
    # EKS switched on one of two betas and does not say which: no capability is claimed.
    row = lifecycle.api("resource.k8s.io/v1beta1", "ResourceClaim")
    assert row is not None
    assert row.hedged
    assert not any(name.startswith("resource.k8s.io/") for name in lifecycle.served(33))


def test_crd() -> None:
    row = lifecycle.crd("karpenter.sh/v1beta1", "NodePool")
    assert row is not None
    assert (row.component, row.deprecated, row.removed) == ("karpenter", "1.0", "1.1")
    assert row.replacement == ("karpenter.sh/v1", "NodePool")
    assert {one.component for one in lifecycle.crd_rows("karpenter.sh/v1beta1", "NodePool")} == {
        "karpenter",
        "karpenter-core",
    }
    assert lifecycle.crd("karpenter.sh/v9", "NodePool") is None


def test_crd_that_moved_to_another_group() -> None:
    row = lifecycle.crd("certmanager.k8s.io/v1alpha1", "Certificate")
    assert row is not None
    assert (row.removed, row.replacement) == ("0.11", ("cert-manager.io/v1", "Certificate"))


def test_channel_that_serves_longest_answers() -> None:
    row = lifecycle.crd("gateway.networking.k8s.io/v1alpha2", "TCPRoute")
    assert row is not None
    assert (row.component, row.removed) == ("gateway-api-experimental", None)


def test_several_successors_are_no_replacement() -> None:
    row = lifecycle.crd("kyverno.io/v1", "ClusterPolicy")
    assert row is not None
    assert row.replacement is None
    assert ("policies.kyverno.io/v1", "ValidatingPolicy") in row.successors
    assert (row.planned_removal, row.hedged) == ("1.20", True)


def test_eks() -> None:
    row = lifecycle.eks("1.34")
    assert row is not None
    assert row.standard_end == date(2026, 12, 2)
    assert row.extended_end == date(2027, 12, 2)
    days = [date(2025, 10, 5), date(2025, 10, 6), date(2026, 12, 2), date(2026, 12, 3), date(2027, 12, 3)]
    assert [row.support(day) for day in days] == ["upcoming", "standard", "standard", "extended", "ended"]
    assert lifecycle.eks("1.99") is None


def test_eks_versions() -> None:
    assert lifecycle.newest_eks() == "1.36"
    assert lifecycle.eks_versions()[:2] == ("1.18", "1.19")
    without_extension = lifecycle.eks("1.20")
    assert without_extension is not None
    assert without_extension.extended_end is None
    assert without_extension.support(date(2022, 11, 2)) == "ended"


@pytest.mark.parametrize(
    ("engine", "version", "major", "standard_end", "hedged"),
    [
        ("postgres", "13", "13", date(2026, 2, 28), False),
        ("postgres", "13.23", "13", date(2026, 2, 28), False),
        ("mysql", "8.0.46", "8.0", date(2026, 7, 31), False),
        ("mysql", "5.7", "5.7", date(2024, 2, 29), True),
        ("mariadb", "10.11.18", "10.11", date(2028, 2, 29), False),
        ("aurora-mysql", "5.7.mysql_aurora.2.11.2", "2", date(2024, 10, 31), True),
        ("aurora-mysql", "8.0", "3", date(2028, 4, 30), True),
    ],
)
def test_rds(engine: str, version: str, major: str, standard_end: date, hedged: bool) -> None:
    row = lifecycle.rds(engine, version)
    assert row is not None
    assert (row.major, row.standard_end, row.hedged) == (major, standard_end, hedged)


def test_rds_knows_only_its_engines() -> None:
    assert lifecycle.rds("postgres", "99") is None
    assert lifecycle.rds("oracle-ee", "19") is None
    assert lifecycle.rds("mariadb", "10") is None


def test_skew() -> None:
    row = lifecycle.skew(33)
    assert row is not None
    assert (row.kubelet, row.kubectl, row.controllers) == ((30, 33), (32, 34), (32, 33))
    before = lifecycle.skew(27)
    assert before is not None
    assert before.kube_proxy == (25, 27)
    assert lifecycle.skew(99) is None


def test_fields() -> None:
    assert len(fields.fields()) == 75
    volumes = {row.key: row for row in fields.fields("volume")}
    assert (volumes["cephfs"].deprecated, volumes["cephfs"].non_functional) == (28, 31)
    assert volumes["gitRepo"].hedged
    prefixes = {name for row in fields.fields("annotation-prefix") for name in row.match}
    assert "container.apparmor.security.beta.kubernetes.io/" in prefixes


def test_components() -> None:
    row = components.tested_range("karpenter", "v1.14.2")
    assert row is not None
    assert (row.oldest, row.newest, row.end) == (29, 36, None)
    assert components.karpenter_minimum(34) == "1.6"
    assert components.retired("ingress-nginx") == "2026-03"
    assert components.retired("karpenter") is None
    assert components.vpc_cni_oldest(33) == "1.17.1"
    assert components.vpc_cni_oldest(36) is None


def test_release() -> None:
    assert release("v1.10.2-eksbuild.1") == (1, 10, 2)
    assert release("1.9") < release("1.10")


@pytest.mark.parametrize(
    "name", ["kubernetes/nothing", "../pyproject", "/etc/passwd", "", "kubernetes", "kubernetes//x"]
)
def test_wrong_names(name: str) -> None:
    with pytest.raises(UnknownData, match="no data named"):
        load(name)


def test_data_as_of() -> None:
    assert date.fromisoformat(data_as_of()) >= date(2026, 11, 22)


def test_import_costs_nothing_it_does_not_need() -> None:
    code = (
        "import sys; before = set(sys.modules); from opslint_schemas.lifecycle import api; "
        "api('batch/v1beta1', 'CronJob'); print(*sorted(set(sys.modules) - before))"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(SCHEMAS)!r}); {code}"]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "opslint_schemas.lifecycle" in loaded
    assert not {
        "dataclasses",
        "datetime",
        "pathlib",
        "jsonschema",
        "opslint_schemas.crds",
        "opslint_schemas.support",
    } & {*loaded}
