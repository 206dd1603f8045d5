"""The script that makes the schemas of built-in objects: what its tables say is asked of the document."""

import importlib.util
from pathlib import Path

import opslint_schemas

SCRIPT = Path(opslint_schemas.__file__).parents[1] / "build" / "kubernetes_schemas.py"
SPEC = importlib.util.spec_from_file_location("kubernetes_schemas", SCRIPT)
BUILD = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(BUILD)


def document():
    """Return a document that bears out both tables."""
    made = {}
    for field, values in BUILD.ENUMS.items():
        owner, _, key = field.rpartition(".")
        said = "" if field in BUILD.UNNAMED else f"One of {', '.join(values)}."
        made.setdefault(f"io.k8s.{owner}", {"properties": {}})["properties"][key] = {"description": said}
    for owner, keys in BUILD.NOT_ENFORCED.items():
        properties = made.setdefault(f"io.k8s.{owner}", {"properties": {}})["properties"]
        properties.update({key: {"description": ""} for key in keys})
    return made


def test_tables_that_the_document_bears_out_pass():
    assert BUILD.unsupported(document()) == []


def test_a_value_that_no_description_names_is_told():
    made = document()
    made["io.k8s.api.core.v1.Taint"]["properties"]["effect"]["description"] = "NoSchedule or NoExecute"
    assert BUILD.unsupported(made) == ["api.core.v1.Taint.effect"]


def test_a_field_that_is_gone_is_told():
    made = document()
    del made["io.k8s.api.core.v1.Taint"]
    del made["io.k8s.api.core.v1.Sysctl"]["properties"]["value"]
    assert BUILD.unsupported(made) == ["api.core.v1.Sysctl.value", "api.core.v1.Taint.effect"]
