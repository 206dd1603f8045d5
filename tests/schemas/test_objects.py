"""The fields of built-in objects, minor by minor."""

import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from opslint_schemas import lifecycle, load, objects

DATA = Path(objects.__file__).parent / "kubernetes" / "schemas.json.z"
SPEC = "api.core.v1.PodSpec"


def valid(api_version, kind, value, minor=34):
    return Draft202012Validator(objects.json_schema(api_version, kind, minor)).is_valid(value)


def test_the_data_is_small():
    assert DATA.stat().st_size < 60_000


def test_one_minor_is_loaded_in_less_than_30_ms():
    code = (
        "import time, json, zlib, functools\n"
        "from opslint_schemas import objects as o\n"
        "best = 1.0\n"
        "for _ in range(5):\n"
        "    for one in (o._lines, o._index, o._made, o._named, o.definition_of): one.cache_clear()\n"
        "    start = time.process_time()\n"
        "    for name in o._index()['definitions']:\n"
        "        if o._line(name, 34) >= 0: o.definition(name, 34)\n"
        "    best = min(best, time.process_time() - start)\n"
        "print(best * 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 30


@pytest.mark.parametrize("minor", range(25, 38))
def test_every_minor_has_the_common_kinds(minor):
    for api_version, kind in [("v1", "Pod"), ("apps/v1", "Deployment"), ("batch/v1", "CronJob"), ("v1", "Secret")]:
        assert objects.json_schema(api_version, kind, minor) is not None


def test_every_reference_leads_somewhere():
    for minor in (25, 31, 37):
        for name in objects._index()["kinds"].values():
            if objects._line(name, minor) >= 0:
                objects.with_definitions({"$ref": objects.PREFIX + name}, minor)


def test_a_kind_that_a_minor_does_not_have_has_no_schema():
    assert objects.json_schema("batch/v1beta1", "CronJob", 25) is None
    assert objects.json_schema("resource.k8s.io/v1", "ResourceClaim", 33) is None
    assert objects.json_schema("resource.k8s.io/v1", "ResourceClaim", 34) is not None
    assert objects.json_schema("v1", "Pod", 24) is None
    assert objects.json_schema("v1", "Pod", 38) is None
    assert objects.json_schema("example.com/v1", "Pod", 34) is None


def test_the_kinds_are_those_that_the_lifecycle_data_says_are_served():
    for api_version, kinds in load("kubernetes/api_lifecycle")["apis"].items():
        for kind in kinds:
            row = lifecycle.api(api_version, kind)
            if row.role != "resource" or row.stability == "alpha":
                continue
            for minor in (25, 30, 34):
                served = row.introduced <= minor and (row.removed is None or minor < row.removed)
                if served and row.enabled_by_default:
                    assert objects.definition_of(api_version, kind, minor), (api_version, kind, minor)


def test_fields_come_with_their_minor():
    assert objects.minors_with(SPEC, "hostUsers")[0] == 25
    assert objects.minors_with(SPEC, "containers") == list(range(25, 38))
    assert objects.minors_with(SPEC, "resources") == list(range(32, 38))
    assert objects.minors_with(SPEC, "nothing") == []
    with pytest.raises(KeyError):
        objects.definition("api.core.v1.Nothing", 34)


@pytest.mark.parametrize(
    "text", ["1", "250m", ".5", "1.", "+1", "-1", "1e3", "1E3", "1E", "128Mi", " 2Gi ", "3k", "1n"]
)
def test_quantities(text):
    assert valid("v1", "PersistentVolumeClaim", {"spec": {"resources": {"requests": {"storage": text}}}})


@pytest.mark.parametrize("text", ["", "512MB", "1K", "1Gib", "500 m", "m", ".", "1,5", "1e", "0x1"])
def test_no_quantities(text):
    assert not valid("v1", "PersistentVolumeClaim", {"spec": {"resources": {"requests": {"storage": text}}}})


@pytest.mark.parametrize(
    ("text", "good"), [("", True), ("eA==", True), ("eHg=\n", True), ("e\nHh4", True), ("x", False)]
)
def test_base64(text, good):
    assert valid("v1", "Secret", {"data": {"a": text}}) is good


@pytest.mark.parametrize(
    ("value", "good"), [(80, True), ("http", True), (None, True), (2**31, False), (8.5, False), (True, False)]
)
def test_int_or_string(value, good):
    service = {"spec": {"ports": [{"port": 80, "targetPort": value}]}}
    assert valid("v1", "Service", service) is good


def test_what_the_api_server_takes_without_a_value_is_not_required():
    stateful = {"spec": {"selector": {}, "template": {}}}
    assert valid("apps/v1", "StatefulSet", stateful, 30)
    assert valid("networking.k8s.io/v1", "NetworkPolicy", {"spec": {}}, 28)
    assert not valid("apps/v1", "Deployment", {"spec": {"template": {}}})


def test_the_data_has_no_prose():
    lines = zlib.decompress(DATA.read_bytes()).split(b"\n")
    assert all(set(json.loads(line)) <= {"p", "r"} for line in lines[1:])
