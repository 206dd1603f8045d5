"""Releases that Argo CD's Applications declare replace a chart's defaults."""

from functools import partial

import pytest
from chart_repository import (
    CHART,
    SOURCE,
    application,
    data,
    read_releases,
    unit_of,
    unit_of_chart,
)
from readings import notices

from opslint.model.settings import ChartEnvironment

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files, **settings) -> Reading`."""
    return partial(read_releases, tmp_path)


def test_an_application_replaces_the_defaults(read):
    reading = read({"apps/api.yaml": application("    helm:\n      valueFiles: [values-prod.yaml]\n")})
    assert data(reading) == {"charts/api@prod": {"size": "file", "tag": "1", "name": "api-prod", "namespace": "shop"}}
    unit = unit_of(reading)
    assert (unit.environment.stage, unit.closed) == ("prod", True)
    assert unit.environment.sign == "values file values-prod.yaml of Application/api-prod at apps/api.yaml:2"
    assert unit.chart.releases[0].source == "Application/api-prod at apps/api.yaml:2"
    assert reading.failures == []


def test_values_parameters_and_release_name_in_their_order(read):
    helm = (
        "    helm:\n      releaseName: web\n      valueFiles: [values-prod.yaml]\n"
        "      values: |\n        size: inline\n        image:\n          tag: '2'\n"
        "      parameters:\n        - {name: image.tag, value: 'a,b'}\n"
    )
    assert data(read({"apps/api.yaml": application(helm)})) == {
        "charts/api@prod": {"size": "inline", "tag": "a,b", "name": "web", "namespace": "shop"}
    }


def test_values_object_goes_before_values_and_numbers_may_be_forced_to_texts(read):
    helm = (
        "    helm:\n      values: 'size: text'\n      valuesObject:\n        size: object\n"
        "      parameters:\n        - {name: image.tag, value: '012', forceString: true}\n"
    )
    (found,) = data(read({"apps/api.yaml": application(helm)})).values()
    assert (found["size"], found["tag"]) == ("object", "012")


@pytest.mark.parametrize(
    ("helm", "line"),
    [
        ("    helm:\n      values: |\n        # why\n        size: inline\n", 14),
        ("    helm:\n      valuesObject:\n        size: inline\n", 13),
        ("    helm:\n      valuesObject: {size: inline}\n", 12),
    ],
)
def test_the_values_key_stands_in_the_application(read, helm, line):
    reading = read({"apps/api.yaml": application(helm)})
    (item,) = unit_of(reading).of_kind("ConfigMap")
    node = item.root["data"]["size"]
    origin = node.source.origin.locate(node.span)
    ((label, place),) = origin.related
    assert (label, place.source.path, place.span.line) == ("values key size", "apps/api.yaml", line)
    text = (CHART | {"apps/api.yaml": application(helm)})["apps/api.yaml"].split("\n")[line - 1]
    assert text[place.span.column - 1 : place.span.end_column - 1] == "size"


def test_two_applications_in_one_file_keep_their_own_values(read):
    one = application("    helm:\n      values: |\n        size: a\n", name="one-prod")
    two = application("    helm:\n      values: |\n        size: b\n", name="two-prod")
    reading = read({"apps/api.yaml": f"{one}---\n{two}"})
    assert {key: value["size"] for key, value in data(reading).items()} == {
        "charts/api@prod": "a",
        "charts/api@prod/two-prod": "b",
    }
    places = [
        item.root["data"]["size"].source.origin.locate(item.root["data"]["size"].span).related[0][1].span.line
        for item in reading.project.of_kind("ConfigMap")
    ]
    assert places == [13, 27]


def test_several_sources_with_values_of_a_reference(read):
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: api}\nspec:\n"
        "  destination: {namespace: shop}\n  sources:\n"
        "    - repoURL: 'https://github.com/shop/shop.git'\n      path: charts/api\n"
        "      helm:\n        valueFiles: [$values/envs/prod/api.yaml]\n"
        "    - {repoURL: 'https://github.com/shop/shop.git', ref: values}\n"
    )
    reading = read({"apps/api.yaml": text, "envs/prod/api.yaml": "size: from-ref\n"})
    assert data(reading)["charts/api@prod"]["size"] == "from-ref"


def test_values_of_another_repository_leave_the_unit_open(read):
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: api}\nspec:\n"
        "  destination: {namespace: shop}\n  sources:\n"
        "    - repoURL: 'git@github.com:shop/shop.git'\n      path: charts/api\n"
        "      helm:\n        valueFiles: [$values/prod.yaml]\n"
        "    - {repoURL: 'https://github.com/shop/values.git', ref: values}\n"
    )
    config = '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@github.com:shop/shop.git\n'
    reading = read({"apps/api.yaml": text, ".git/config": config})
    unit = unit_of(reading)
    assert (unit.closed, unit.open_because) == (False, ("values file $values/prod.yaml is not in the repository",))
    assert reading.failures == []


def test_a_plugin_is_not_run(read):
    unit = unit_of(read({"apps/api.yaml": application("    plugin: {name: x}\n")}))
    assert unit.open_because == ("its plugin is not run",)


def test_an_application_of_another_repository_is_not_ours(read):
    config = '[remote "origin"]\n\turl = https://github.com/shop/platform\n'
    reading = read({"apps/api.yaml": application(), ".git/config": config})
    assert sorted(data(reading)) == ["charts/api@dev", "charts/api@prod"]


def test_a_missing_values_file_is_an_error_unless_it_may_be_missing(read):
    helm = "    helm:\n      valueFiles: [gone.yaml]\n"
    reading = read({"apps/api.yaml": application(helm)})
    assert [(one.path, one.line) for one in reading.failures] == [("apps/api.yaml", 2)]
    reading = read({"apps/api.yaml": application(helm + "      ignoreMissingValueFiles: true\n")})
    assert reading.failures == []


@pytest.mark.parametrize(
    ("arguments", "environment", "sign"),
    [
        ({"labels": "{env: staging}", "name": "api-prod"}, "staging", "label env of "),
        ({"name": "api", "destination": "{namespace: shop, name: eu-prod}"}, "eu-prod", "destination of "),
        ({"name": "api", "destination": "{namespace: shop-dev}"}, "dev", "name shop-dev in "),
        ({"name": "api-qa"}, "qa", "name api-qa in "),
    ],
)
def test_the_environment_and_its_sign(read, arguments, environment, sign):
    unit = unit_of(read({"apps/api.yaml": application(**arguments)}))
    assert (unit.environment.name, unit.environment.sign.startswith(sign)) == (environment, True)


@pytest.mark.parametrize("name", ["demo-app", "test-runner", "preview-web"])
def test_a_word_of_several_meanings_in_front_of_a_name_is_no_environment(read, name):
    unit = unit_of(read({"apps/api.yaml": application(name=name, destination="{namespace: x}")}))
    assert (unit.environment.name, unit.environment.stage) == ("", "unknown")


def test_a_word_of_several_meanings_at_the_end_of_a_name_is_one(read):
    unit = unit_of(read({"apps/api.yaml": application(name="api", destination="{namespace: demo}")}))
    assert (unit.environment.name, unit.environment.stage) == ("demo", "nonprod")


def test_the_folder_of_the_application_names_the_environment(read):
    unit = unit_of(read({"clusters/prod/api.yaml": application(name="api")}))
    assert (unit.environment.name, unit.environment.sign) == ("prod", "folder clusters/prod")


def test_the_configuration_wins(read):
    reading = read(
        {"apps/api.yaml": application()}, charts={"charts/api": (ChartEnvironment("live", ("values-dev.yaml",)),)}
    )
    assert sorted(data(reading)) == ["charts/api@live"]


def test_the_destination_names_the_cluster(read):
    clusters = "".join(
        f'resource "aws_eks_cluster" "{name}" {{\n  name = "shop-{name}"\n  version = "1.{minor}"\n}}\n'
        for name, minor in (("a", 31), ("b", 32))
    )
    reading = read(
        {"apps/api.yaml": application(destination="{namespace: x, name: shop-b}"), "infra/main.tf": clusters}
    )
    unit = unit_of(reading)
    assert (unit.cluster.id, [target.version for target in unit.targets]) == ("aws_eks_cluster.b", ["1.32"])


def test_applications_in_a_rendered_chart_give_one_more_round(read):
    files = {
        "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
        "root/values-prod.yaml": "env: prod\n",
        "root/templates/api.yaml": application(
            "    helm:\n      values: |\n        size: '{{ .Values.env }}'\n", name="api-{{ .Values.env }}"
        ),
    }
    reading = read(files)
    assert data(reading) == {"charts/api@prod": {"size": "prod", "tag": "1", "name": "api-prod", "namespace": "shop"}}
    (item,) = reading.project.of_kind("ConfigMap")
    node = item.root["data"]["size"]
    assert node.source.origin.locate(node.span).related == ()
    assert unit_of_chart(reading).releases[0].source == "Application/api-prod at root/templates/api.yaml:2"


def test_a_release_that_is_declared_twice_is_one(read):
    twice = {"apps/a.yaml": application(name="api"), "apps/b.yaml": application(name="api")}
    assert sorted(data(read(twice))) == ["charts/api@api"]


def test_a_rendered_application_belongs_to_the_environment_it_was_rendered_for(read):
    files = {
        "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
        "root/values-prod.yaml": "a: 1\n",
        "root/values-dev.yaml": "a: 2\n",
        "root/templates/api.yaml": application(name="api"),
    }
    assert sorted(data(read(files))) == ["charts/api@dev", "charts/api@prod"]
    assert unit_of_chart(read(files)).releases[0].source == "Application/api at root/templates/api.yaml:2"


@pytest.mark.parametrize(
    "text",
    [
        "spec: 1",
        "spec: {source: [a], sources: {a: 1}}",
        "spec: {source: {path: charts/api, helm: 3}}",
        "spec: {source: {path: charts/api, helm: {valueFiles: {a: 1}, values: [1], parameters: x}}}",
        "spec: {source: {path: [charts/api]}, destination: x}",
        "spec: {generators: [1, {list: 3}, {git: {files: x}}, {matrix: {generators: []}}], template: 3}",
        "spec: {generators: {list: {elements: [1]}}, template: {spec: {source: {path: charts/api}}}}",
    ],
)
@pytest.mark.parametrize("kind", ["argoproj.io/v1alpha1\nkind: Application", "argoproj.io/v1alpha1\nkind: ApplicationSet",
                                  "helm.toolkit.fluxcd.io/v2\nkind: HelmRelease"])  # fmt: skip
def test_wrong_shapes_are_no_crash(read, kind, text):
    read({"apps/api.yaml": f"apiVersion: {kind}\nmetadata: {{name: a}}\n{text}\n"})


@pytest.mark.parametrize("path", ["../elsewhere", "charts/../../elsewhere", "/../../etc"])
def test_a_path_that_leads_out_of_the_repository_is_said(read, path):
    reading = read({"apps/api.yaml": application(source=SOURCE.replace("charts/api", path))})
    assert [(file, line) for file, line, message in notices(reading) if "leads out of the repository" in message] == [
        ("apps/api.yaml", 2)
    ]
