"""What a project and its units tell rules: system namespaces, known objects, closed units, objects by kind and name."""

from datetime import date

import pytest

from opslint.model.kube import KubeObject
from opslint.model.project import Environment, Project, Unit
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml


def unit(text="", namespace="", name="a"):
    made = Unit(name, "manifests", name, Environment(), namespace=namespace)
    made.objects += [KubeObject(document, made) for document in read_yaml(Source("a.yaml", text)).documents]
    return made


def project(*units, **settings):
    return Project(units, (), (), (), (), Settings(root=".", **settings), date(2026, 11, 22))


def pod(namespace="", name="web"):
    place = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}{place}}}\n"


@pytest.mark.parametrize(
    ("namespace", "of_unit", "is_system"),
    [
        ("kube-system", "", True),
        ("kube-public", "", True),
        ("kube-node-lease", "", True),
        ("platform", "", True),
        ("", "kube-system", True),
        ("shop", "kube-system", False),
        ("kube-system-of-ours", "", False),
        ("default", "", False),
        ("", "", False),
    ],
)
def test_system_namespaces_are_those_of_kubernetes_and_of_the_configuration(namespace, of_unit, is_system):
    one = unit(pod(namespace), of_unit)
    assert project(one, system_namespaces=("platform",)).is_system(one.objects[0]) is is_system


def test_a_namespace_of_the_configuration_adds_to_those_of_kubernetes():
    assert project().system_namespaces < project(system_namespaces=("platform",)).system_namespaces


@pytest.mark.parametrize(
    ("pattern", "knows"),
    [
        ("Secret/shop/db", True),
        ("Secret/*/db", True),
        ("*/shop/*", True),
        ("Secret/shop/d", False),
        ("ConfigMap/shop/db", False),
        ("secret/shop/db", False),
    ],
)
def test_objects_that_exist_elsewhere_are_known_by_patterns(pattern, knows):
    assert project(known_objects=("Service/x/y", pattern)).knows("Secret", "shop", "db") is knows


def test_a_unit_is_closed_until_a_part_of_it_is_not_known_and_says_why_once():
    one = unit()
    assert (one.closed, one.open_because) == (True, ())
    one.open("a dependency is not there")
    one.open("a template does not render")
    one.open("a dependency is not there")
    assert (one.closed, one.open_because) == (False, ("a dependency is not there", "a template does not render"))


def test_objects_by_kind_by_name_and_by_namespace():
    first = unit(pod("shop") + "---\n" + pod("other") + "---\nkind: Service\nmetadata: {name: web}\n", name="first")
    second = unit(pod(name="api"), "shop", "second")
    both = project(first, second)
    assert [one.name for one in both.of_kind("Pod")] == ["web", "web", "api"]
    assert [one.title for one in both.of_kind("Service", "Pod")] == ["Service/web", "Pod/web", "Pod/web", "Pod/api"]
    assert [one.unit.id for one in both.of_kind("Pod", namespace="shop")] == ["first", "second"]
    assert [one.namespace for one in both.named("Pod", "web")] == ["shop", "other"]
    assert both.named("Secret", "web") == []
    assert [one.name for one in second.of_kind()] == ["api"]
    assert first.of_kind("Pod", namespace="third") == []
