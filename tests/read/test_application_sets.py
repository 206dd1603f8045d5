"""Releases that the generators of an ApplicationSet make."""

from functools import partial

import pytest
from chart_repository import (
    WEB,
    application_set,
    data,
    read_releases,
)
from readings import notices

pytestmark = pytest.mark.usefixtures("one_engine")


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files, **settings) -> Reading`."""
    return partial(read_releases, tmp_path)


LIST = "    - list:\n        elements:\n          - {env: dev, size: 1}\n          - {env: prod, size: 3}\n"


def test_a_list_generator(read):
    helm = "          valueFiles: ['values-{{env}}.yaml']\n          values: |\n            image:\n              tag: '{{size}}'\n"
    found = data(read({"apps/api.yaml": application_set(LIST, helm)}))
    assert {key: (one["size"], one["tag"], one["name"]) for key, one in found.items()} == {
        "charts/api@dev": ("small", "1", "api-dev"),
        "charts/api@prod": ("file", "3", "api-prod"),
    }


def test_values_that_parameters_change_claim_no_place(read):
    helm = "          values: |\n            size: '{{size}}'\n"
    reading = read({"apps/api.yaml": application_set(LIST, helm)})
    for item in reading.project.of_kind("ConfigMap"):
        node = item.root["data"]["size"]
        assert node.source.origin.locate(node.span).related == ()


def test_git_generators_read_folders_and_files(read):
    directories = "    - git:\n        directories:\n          - {path: charts/*}\n          - {path: charts/old, exclude: true}\n"
    helm = "          releaseName: '{{path.basename}}-x'\n"
    files = {
        "apps/api.yaml": application_set(directories, helm, path="{{path}}", name="{{path.basename}}"),
        "charts/old/Chart.yaml": "apiVersion: v2\nname: old\nversion: 1.0.0\n",
        "charts/old/templates/a.yaml": WEB.replace(".Values.image.tag", ".Values.tag"),
    }
    found = data(read(files))
    assert {key: one["name"] for key, one in found.items()} == {"charts/api@api-x": "api-x", "charts/old@old": "old"}


def test_git_files_and_go_templates(read):
    generator = "    - git:\n        files:\n          - {path: 'envs/**/config.json'}\n"
    helm = "          values: |\n            size: '{{ .app.size }}-{{ index .path.segments 1 }}'\n"
    files = {
        "apps/api.yaml": application_set(generator, helm, go=True, name="api-{{ .path.basename }}"),
        "envs/dev/config.json": '{"app": {"size": "s"}}',
        "envs/prod/config.json": '{"app": {"size": "l"}}',
    }
    assert {key: one["size"] for key, one in data(read(files)).items()} == {
        "charts/api@dev": "s-dev",
        "charts/api@prod": "l-prod",
    }


def test_a_matrix_is_the_product(read):
    generator = (
        "    - matrix:\n        generators:\n          - list: {elements: [{env: dev}, {env: prod}]}\n"
        "          - list: {elements: [{region: eu}, {region: us}]}\n"
    )
    found = data(read({"apps/api.yaml": application_set(generator, "          {}\n", name="{{env}}-{{region}}")}))
    assert sorted(one["name"] for one in found.values()) == ["dev-eu", "dev-us", "prod-eu", "prod-us"]


def test_a_matrix_of_a_million_is_said_and_not_made(read):
    many = ", ".join(f"{{n{number % 2}: '{number}'}}" for number in range(1000))
    generator = f"    - matrix:\n        generators:\n{2 * f'          - list: {{elements: [{many}]}}{chr(10)}'}"
    reading = read({"apps/api.yaml": application_set(generator, "          {}\n", name="api")})
    assert sorted(data(reading)) == ["charts/api@dev", "charts/api@prod"]
    ((path, line, said),) = notices(reading)
    assert (path, line) == ("apps/api.yaml", 2)
    assert "the matrix generator of more than 2,000 combinations cannot be told" in said


def test_what_only_a_cluster_can_tell_is_a_notice_and_the_defaults_stay(read):
    reading = read({"apps/api.yaml": application_set("    - clusters: {}\n", "          {}\n", name="{{name}}")})
    assert sorted(data(reading)) == ["charts/api@dev", "charts/api@prod"]
    assert notices(reading) == [
        (
            "apps/api.yaml",
            2,
            "ApplicationSet/api: the clusters generator cannot be told from files: what it deploys is not, or not all, known",
        )
    ]


def test_a_pattern_does_not_lead_out_of_the_repository(read, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "config.json").write_text('{"env": "prod"}')
    (tmp_path / "link").symlink_to(outside)
    for pattern in ("link/*.json", f"../{outside.name}/*.json", "*/config.json"):
        generator = f"    - git:\n        files:\n          - {{path: '{pattern}'}}\n"
        reading = read({"apps/api.yaml": application_set(generator, "          {}\n")})
        assert sorted(data(reading)) == ["charts/api@dev", "charts/api@prod"]
