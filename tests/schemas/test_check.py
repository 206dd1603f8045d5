"""The check of the data files passes as they are, and says what is wrong when they are not."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

import opslint_schemas
from opslint_schemas import check

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(opslint_schemas.__file__).parent
FORMAT = PACKAGE.parent / "build" / "format_data.py"
# Checked beside the file that a test breaks: checking all of them each time takes seconds.
SMALLEST = "kubernetes/version_skew"
DATA = sorted(
    path for folder in ("aws", "benchmarks", "crds", "kubernetes") for path in (PACKAGE / folder).glob("*.json")
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in DATA:
        target = tmp_path / path.relative_to(PACKAGE)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def edit(copy: Path, name: str, change: Callable[[Any], object]) -> list[str]:
    path = copy / f"{name}.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    return check.problems(copy, {name, SMALLEST})


def test_data_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([]) == 0
    assert capsys.readouterr().out == ""


def test_problems_are_printed(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(copy, "kubernetes/api_lifecycle", lambda data: data["apis"]["batch/v1beta1"]["CronJob"].update(d=30))
    assert check.main([str(copy)]) == 1
    expected = "kubernetes/api_lifecycle.json: apis.batch/v1beta1.CronJob: deprecated comes after removed\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        (
            "kubernetes/api_lifecycle",
            lambda data: data["apis"]["batch/v1beta1"]["CronJob"].update(r="1.25"),
            "kubernetes/api_lifecycle.json: apis.batch/v1beta1.CronJob.r: '1.25' is not of type 'integer'",
        ),
        (
            "kubernetes/api_lifecycle",
            lambda data: data["apis"]["batch/v1beta1"]["CronJob"].update(i=22),
            "kubernetes/api_lifecycle.json: apis.batch/v1beta1.CronJob: introduced comes after deprecated",
        ),
        (
            "kubernetes/api_lifecycle",
            lambda data: data["apis"]["extensions/v1beta1"]["Ingress"].update(to="networking.k8s.io/v1beta1"),
            "apis.extensions/v1beta1.Ingress: replacement networking.k8s.io/v1beta1 is removed no later",
        ),
        (
            "kubernetes/api_lifecycle",
            lambda data: data["apis"]["extensions/v1beta1"]["Ingress"].update(to="networking.k8s.io/v2"),
            "apis.extensions/v1beta1.Ingress: replacement networking.k8s.io/v2 is not in the data",
        ),
        (
            "kubernetes/field_lifecycle",
            lambda data: data["fields"].append(data["fields"][0]),
            "fields.75 (seccomp.security.alpha.kubernetes.io/pod): the row is there twice",
        ),
        (
            "kubernetes/version_skew",
            lambda data: data["control_planes"]["33"].update(kubelet=[29, 33]),
            "control_planes.33: kubelet and kube-proxy follow one rule",
        ),
        (
            "kubernetes/version_skew",
            lambda data: data["control_planes"].pop("30"),
            "control_planes: a minor is missing in between",
        ),
        (
            "kubernetes/component_support",
            lambda data: data["karpenter_minimum"].update({"35": "1.4"}),
            "karpenter_minimum.35: a newer Kubernetes needs an older Karpenter",
        ),
        (
            "aws/eks_support",
            lambda data: data["versions"]["1.34"].update(extended_end="2026-11-02"),
            "versions.1.34: end of standard support comes after end of extended",
        ),
        (
            "aws/rds_support",
            lambda data: data["majors"]["postgres"]["15"].update(release="2040-01-01"),
            "majors.postgres.15: release comes after end of standard support",
        ),
        (
            "aws/eks_addons",
            lambda data: data["facts"][0].update(source=99),
            "facts.0: source points outside fact_sources",
        ),
        (
            "aws/node_images",
            lambda data: data["families"]["AL2"]["ami_types"].update(AL2_ARM_64="AL2_x86_64"),
            "families.AL2.ami_types.AL2_ARM_64: must lead from AL2 to AL2023",
        ),
        (
            "aws/node_images",
            lambda data: data["families"]["AL2"].update(os_end="2025-01-01"),
            "families.AL2: end of the images comes after end of the system",
        ),
        (
            "crds/api_lifecycle",
            lambda data: data["crds"]["keda.k8s.io/v1alpha1"]["ScaledObject"].update(r="99.0"),
            "crds.keda.k8s.io/v1alpha1.ScaledObject (keda): a version is newer than the newest one read",
        ),
        (
            "crds/api_lifecycle",
            lambda data: data["crds"]["keda.k8s.io/v1alpha1"]["ScaledObject"].update(c="kedra"),
            "crds.keda.k8s.io/v1alpha1.ScaledObject (kedra): component is not in the table",
        ),
        (
            "aws/eks_support",
            lambda data: data.update(data_as_of="2026-01-01"),
            "data_as_of differs between files: 2026-01-01, 2026-11-22",
        ),
    ],
)
def test_corrupt_data_is_reported(copy: Path, name: str, change: Callable[[Any], object], expected: str) -> None:
    found = edit(copy, name, change)
    assert len([line for line in found if expected in line]) == 1, found


def test_missing_and_broken_files(copy: Path) -> None:
    (copy / "aws" / "eks_support.json").unlink()
    (copy / "aws" / "rds_support.json").write_text("{", encoding="utf-8")
    (copy / "aws" / "extra.json").write_text("{}", encoding="utf-8")
    missing, extra, broken = check.problems(copy, {"aws/rds_support", SMALLEST})
    assert missing == "aws/eks_support.json: the file is missing"
    assert extra == "aws/extra.json: the file has no schema"
    assert broken.startswith("aws/rds_support.json: not JSON: ")


@pytest.mark.parametrize("path", sorted((PACKAGE / "data_schemas").rglob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_schemas(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_files_are_in_the_house_format_and_document_their_keys(path: Path) -> None:
    spec = importlib.util.spec_from_file_location("format_data", FORMAT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    assert module.formatted(data) == text
    schema = json.loads((PACKAGE / "data_schemas" / path.parent.name / f"{path.stem}.schema.json").read_text("utf-8"))
    row = schema["$defs"].get("row", {}).get("properties", {})
    assert set(row) <= set(data["keys"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda table: table["kinds"].update(kubernetes_x={"api_version": "v9", "kind": "Gone"}),
            "there is no Gone of v9",
        ),
        (lambda table: table["names"].update(Gone={}), "names.Gone: there is no such definition"),
        (lambda table: table["names"]["Secret"].update(data="text"), "names.Secret: there is no field text"),
        (lambda table: table["defaults"]["PodSpec"].update(gone=1), "defaults.PodSpec: there is no field gone"),
        (lambda table: table.update(more=1), "Additional properties are not allowed"),
    ],
)
def test_the_table_of_terraforms_provider_fits_kubernetes(
    copy: Path, change: Callable[[Any], object], expected: str
) -> None:
    table = json.loads((PACKAGE / "terraform" / "kubernetes_provider.json").read_text(encoding="utf-8"))
    change(table)
    (copy / "terraform").mkdir()
    (copy / "terraform" / "kubernetes_provider.json").write_text(json.dumps(table), encoding="utf-8")
    found = check.problems(copy, {SMALLEST})
    assert len(found) == 1
    assert expected in found[0]


def test_charts_and_images_that_contradict_each_other_are_told(copy: Path) -> None:
    def spoil(data: Any) -> None:
        data["charts"]["keda"]["same_from"] = 3
        data["charts"]["kyverno"]["same_from"] = 3
        data["others"].append("nobody/nothing")

    found = edit(copy, "kubernetes/component_charts", spoil)
    assert [line.split(": ")[1] for line in found] == ["charts.keda", "charts.kyverno", "others"]
