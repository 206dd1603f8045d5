"""Requests, limits, counts and percentages."""

from datetime import date

import pytest

from opslint.engine.resources import has_resource, int_or_percent, percent
from opslint.model.kube import KubeObject
from opslint.model.project import Environment, Project, Unit
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml


def container(resources, pod="{}", limit_range=None):
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n"
        f"  resources: {pod}\n  containers: [{{name: web, resources: {resources}}}]\n"
    )
    if limit_range is not None:
        text += f"---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: l, namespace: shop}}\nspec: {limit_range}\n"
    made = Unit("a", "manifests", "a", Environment())
    made.objects += [KubeObject(document, made) for document in read_yaml(Source("a.yaml", text)).documents]
    return made.objects[0].containers[0]


@pytest.mark.parametrize(
    ("resources", "pod", "limit_range", "request_", "limit"),
    [
        ("{}", "{}", None, False, False),
        ("null", "null", None, False, False),
        ("text", "[]", None, False, False),
        ("{requests: {memory: 1Gi}}", "{}", None, True, False),
        ("{requests: {cpu: 1}, limits: {cpu: 1}}", "{}", None, False, False),
        ("{limits: {memory: 1Gi}}", "{}", None, True, True),
        ("{limits: {memory: null}}", "{}", None, False, False),
        ("{}", "{limits: {memory: 1Gi}}", None, True, True),
        ("{}", "{requests: {memory: 1Gi}}", None, True, False),
        ("{}", "{}", "{limits: [{type: Container, default: {memory: 1Gi}}]}", True, True),
        ("{}", "{}", "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}", True, False),
        ("{}", "{}", "{limits: [{type: Container, max: {memory: 1Gi}}]}", True, True),
        ("{}", "{}", "{limits: [{type: Container, min: {memory: 1Gi}}]}", True, False),
        ("{}", "{}", "{limits: [{type: Pod, max: {memory: 1Gi}}]}", False, False),
        ("{}", "{}", "{limits: [{type: Container, default: {cpu: 1}}]}", False, False),
        ("{}", "{}", "{limits: {type: Container}}", False, False),
    ],
)
def test_has_resource(resources, pod, limit_range, request_, limit):
    found = container(resources, pod, limit_range)
    assert has_resource(found, "requests", "memory", whole(found)) is request_
    assert has_resource(found, "limits", "memory", whole(found)) is limit


def test_a_limit_range_of_another_namespace_does_not_count():
    found = container("{}", limit_range="{limits: [{type: Container, default: {memory: 1Gi}}]}")
    found.unit.objects[1].__dict__["namespace"] = "other"
    assert not has_resource(found, "limits", "memory", whole(found))


def whole(container):
    """Return the project that is the container's unit alone."""
    return Project([container.unit], [], [], [], [], Settings(), date(2026, 11, 22))


def value(text):
    return read_yaml(Source("a.yaml", f"a: {text}")).documents[0]["a"]


@pytest.mark.parametrize(
    ("text", "total", "up", "down"),
    [
        ("1", 10, 1, 1),
        ('"2"', None, 2, 2),
        ("50%", 3, 2, 1),
        ("1%", 3, 1, 0),
        ("0%", 3, 0, 0),
        ("100%", 3, 3, 3),
        ("50%", None, None, None),
        ("some", 3, None, None),
        ("²%", 3, None, None),
        (".inf", 3, None, None),
        ("[1]", 3, None, None),
        ("null", 3, None, None),
    ],
)
def test_int_or_percent(text, total, up, down):
    assert int_or_percent(value(text), total) == up
    assert int_or_percent(value(text), total, round_up=False) == down


@pytest.mark.parametrize(
    ("text", "share"), [("25%", 25), ("0%", 0), ("25", None), ("x%", None), ("²%", None), ("[]", None)]
)
def test_percent(text, share):
    assert percent(value(text)) == share
