"""Releases that Argo CD and Flux objects declare replace a chart's defaults."""

import pytest

from opslint.model.settings import ChartEnvironment, Settings
from opslint.read.helm.engine import Engine
from opslint.read.plan import read_project

WEB = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\n"
    "data:\n  size: {{ .Values.size | quote }}\n  tag: {{ .Values.image.tag | quote }}\n"
)
CHART = {
    ".git/HEAD": "",
    "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "charts/api/values.yaml": "size: default\nimage:\n  tag: '1'\n",
    "charts/api/values-prod.yaml": "size: file\n",
    "charts/api/values-dev.yaml": "size: small\n",
    "charts/api/templates/web.yaml": WEB,
}
SOURCE = "    repoURL: https://github.com/shop/shop.git\n    path: charts/api\n"


def application(helm="", *, name="api-prod", destination="{namespace: shop}", labels="{}", source=SOURCE):
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  labels: {labels}\n"
        f"spec:\n  destination: {destination}\n  source:\n{source}{helm}"
    )


@pytest.fixture(scope="module")
def engine():
    with Engine() as running:
        yield running


@pytest.fixture(autouse=True)
def one_worker(engine, monkeypatch):
    """All these tests render with one worker: starting one takes longer than a test."""
    monkeypatch.setattr("opslint.read.charts.Engine", lambda settings: engine)
    monkeypatch.setattr(engine, "close", lambda: None)


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files, **settings) -> Reading`."""

    def run(files, **settings):
        for path, text in (CHART | files).items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return read_project([str(tmp_path)], Settings(root=str(tmp_path), no_cache=True, **settings))

    return run


def data(reading):
    """Return, for each release of the chart, its id and what it rendered."""
    found = {}
    for unit in reading.project.units:
        for item in unit.of_kind("ConfigMap"):
            if unit.kind == "release":
                found[unit.id] = {key: node.text for key, node in item.root["data"].items()} | {
                    "name": item.name,
                    "namespace": item.namespace,
                }
    return found


def unit_of(reading):
    (unit,) = (unit for unit in reading.project.units if unit.kind == "release")
    return unit


def notices(reading):
    return [(notice.path, notice.line, notice.message) for notice in reading.coverage.notices]


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


def application_set(generators, helm, *, go=False, path="charts/api", name="api-{{env}}"):
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: api}\nspec:\n"
        + ("  goTemplate: true\n" if go else "")
        + f"  generators:\n{generators}  template:\n    metadata: {{name: '{name}'}}\n    spec:\n"
        f"      destination: {{namespace: shop}}\n      source:\n        repoURL: 'https://github.com/shop/shop'\n"
        f"        path: '{path}'\n        helm:\n{helm}"
    )


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


def unit_of_chart(reading):
    (chart,) = (chart for chart in reading.project.charts if chart.path == "charts/api")
    return chart


def test_a_pattern_does_not_lead_out_of_the_repository(read, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "config.json").write_text('{"env": "prod"}')
    (tmp_path / "link").symlink_to(outside)
    for pattern in ("link/*.json", f"../{outside.name}/*.json", "*/config.json"):
        generator = f"    - git:\n        files:\n          - {{path: '{pattern}'}}\n"
        reading = read({"apps/api.yaml": application_set(generator, "          {}\n")})
        assert sorted(data(reading)) == ["charts/api@dev", "charts/api@prod"]


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
