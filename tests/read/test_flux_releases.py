"""HelmReleases of Flux: where their values come from."""

from functools import partial

import pytest
from chart_repository import (
    data,
    read_releases,
    unit_of,
)
from readings import notices

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files, **settings) -> Reading`."""
    return partial(read_releases, tmp_path)


def test_a_flux_release(read):
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: api, namespace: flux-system}\n"
        "spec:\n  targetNamespace: shop\n  chart:\n    spec:\n      chart: ./charts/api\n"
        "      sourceRef: {kind: GitRepository, name: shop}\n      valuesFiles: [charts/api/values-prod.yaml]\n"
        "  valuesFrom:\n    - {kind: Secret, name: api}\n"
        "  values:\n    image:\n      tag: flux\n"
    )
    reading = read({"clusters/prod/api.yaml": text})
    assert data(reading) == {
        "charts/api@prod": {"size": "file", "tag": "flux", "name": "shop-api", "namespace": "shop"}
    }
    unit = unit_of(reading)
    assert unit.open_because == ("valuesFrom: Secret api is read from the cluster",)
    assert [notice[:2] for notice in notices(reading)] == [("clusters/prod/api.yaml", 2)]


def flux(values_from, values="  values: {image: {tag: flux}}\n", chart="    spec:\n      chart: ./charts/api\n"):
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: api, namespace: shop}\nspec:\n"
        f"  chart:\n{chart}      sourceRef: {{kind: GitRepository, name: shop}}\n  valuesFrom: [{values_from}]\n{values}"
    )


CONFIG_MAP = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: api-values, namespace: shop}\ndata:\n  size: tiny\n"
    "  values.yaml: |\n    size: mapped\n    image:\n      tag: mapped\n  other.yaml: |\n    size: other\n  list: '[1]'\n"
)


@pytest.mark.parametrize(
    ("values_from", "size", "tag"),
    [
        ("{kind: ConfigMap, name: api-values}", "mapped", "flux"),
        ("{kind: ConfigMap, name: api-values, valuesKey: other.yaml}", "other", "flux"),
        ("{kind: ConfigMap, name: api-values, valuesKey: size, targetPath: size}", "tiny", "flux"),
        ("{kind: ConfigMap, name: api-values, valuesKey: size, targetPath: image.tag}", "default", "flux"),
        (
            "{kind: ConfigMap, name: api-values}, {kind: ConfigMap, name: api-values, valuesKey: other.yaml}",
            "other",
            "flux",
        ),
        ("{kind: ConfigMap, name: gone, optional: true}", "default", "flux"),
        ("{kind: ConfigMap, name: api-values, valuesKey: gone, optional: true}", "default", "flux"),
    ],
)
def test_values_of_a_config_map_in_the_repository(read, values_from, size, tag):
    reading = read({"apps/api.yaml": flux(values_from), "apps/values.yaml.yaml": CONFIG_MAP})
    ((found),) = data(reading).values()
    assert (found["size"], found["tag"]) == (size, tag)
    assert (unit_of(reading).closed, notices(reading)) == (True, [])


def test_a_value_of_a_config_map_stands_in_the_config_map(read):
    reading = read({"apps/api.yaml": flux("{kind: ConfigMap, name: api-values}"), "apps/map.yaml": CONFIG_MAP})
    (item,) = unit_of(reading).of_kind("ConfigMap")
    node = item.root["data"]["size"]
    ((label, place),) = node.source.origin.locate(node.span).related
    assert (label, place.source.path, place.span.line) == ("values key size", "apps/map.yaml", 7)


@pytest.mark.parametrize(
    ("values_from", "why"),
    [
        ("{kind: Secret, name: s}", "valuesFrom: Secret s is read from the cluster"),
        ("{kind: ConfigMap, name: gone}", "valuesFrom: ConfigMap gone is not in the files"),
        (
            "{kind: ConfigMap, name: api-values, valuesKey: gone}",
            "valuesFrom: ConfigMap api-values has no key gone",
        ),
    ],
)
def test_values_that_are_not_in_the_files_are_said(read, values_from, why):
    reading = read({"apps/api.yaml": flux(values_from), "apps/map.yaml": CONFIG_MAP})
    assert unit_of(reading).open_because == (why,)
    assert notices(reading) == [("apps/api.yaml", 2, f"HelmRelease/api: {why}, so those values are not known")]


def test_a_chart_that_a_release_refers_to(read):
    chart = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {name: api, namespace: shop}\n"
        "spec:\n  chart: ./charts/api\n  valuesFiles: [charts/api/values-dev.yaml]\n"
        "  sourceRef: {kind: GitRepository, name: shop}\n"
    )
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: api, namespace: shop}\n"
        "spec:\n  chartRef: {kind: HelmChart, name: api}\n"
    )
    assert data(read({"apps/api.yaml": release, "apps/chart.yaml": chart}))["charts/api@dev"]["size"] == "small"


def test_a_source_that_is_another_repository_is_not_ours(read):
    source = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: shop, namespace: shop}\n"
        "spec: {url: 'https://github.com/shop/elsewhere'}\n"
    )
    config = '[remote "origin"]\n\turl = https://github.com/shop/shop\n'
    reading = read({"apps/api.yaml": flux(""), "apps/source.yaml": source, ".git/config": config})
    assert sorted(data(reading)) == ["charts/api@dev", "charts/api@prod"]


def test_a_flux_release_of_a_registry_is_left_alone(read):
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: api}\n"
        "spec:\n  chart:\n    spec: {chart: charts/api, sourceRef: {kind: HelmRepository, name: shop}}\n"
    )
    assert sorted(data(read({"apps/api.yaml": text}))) == ["charts/api@dev", "charts/api@prod"]
