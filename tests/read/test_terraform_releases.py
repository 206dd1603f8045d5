"""`helm_release` resources with a chart of the repository are rendered as they are released."""

import pytest

from opslint.model.settings import Settings
from opslint.read.plan import read_project

CHART = {
    "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "charts/api/values.yaml": "a: default\nb: default\nlist: []\n",
    "charts/api/values-dev.yaml": "a: dev\n",
    "charts/api/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\n"
    "metadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\n"
    "data:\n  a: {{ .Values.a | toJson | quote }}\n  b: {{ .Values.b | toJson | quote }}\n"
    "  list: {{ .Values.list | toJson | quote }}\n",
}


@pytest.fixture
def read(tmp_path):
    """Write a root module and the chart, and read: `read(hcl, files) -> the units of the chart`."""

    def run(hcl, files=(), **settings):
        for path, text in (CHART | {"infra/main.tf": hcl} | dict(files)).items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        reading = read_project([str(tmp_path)], Settings(root=str(tmp_path), no_cache=True, **settings))
        assert reading.failures == []
        return [unit for unit in reading.project.units if unit.kind == "release"]

    return run


def release(body, chart='"${path.module}/../charts/api"'):
    return f'resource "helm_release" "api" {{\n  name = "web"\n  namespace = "shop"\n  chart = {chart}\n{body}}}\n'


def data(unit):
    (item,) = unit.of_kind("ConfigMap")
    return {key: node.text for key, node in item.root["data"].items()}


def test_values_set_and_set_list_in_their_order(read):
    (unit,) = read(
        release(
            '  values = [file("${path.module}/one.yaml"), yamlencode({ b = { c = 1 }, list = ["x"] })]\n'
            '  set {\n    name  = "a"\n    value = "3"\n  }\n'
            '  set_list {\n    name  = "list"\n    value = ["y", "z"]\n  }\n'
        ),
        {"infra/one.yaml": "a: file\nb: {d: 2}\n"},
    )
    assert data(unit) == {"a": "3", "b": '{"c":1,"d":2}', "list": '["y","z"]'}
    (item,) = unit.objects
    assert (unit.id, item.name, item.namespace, unit.closed) == ("charts/api@web", "web", "shop", True)
    assert unit.chart.releases[0].source == "helm_release.api at infra/main.tf:1"


def test_set_as_a_list_of_objects_and_types(read):
    (unit,) = read(release('  set = [{ name = "a", value = "1" }, { name = "b", value = "1", type = "string" }]\n'))
    assert (data(unit)["a"], data(unit)["b"]) == ("1", '"1"')


def test_each_variables_file_is_an_environment(read):
    units = read(
        'variable "size" {}\n' + release('  values = ["a: ${var.size}"]\n'),
        {"infra/dev.tfvars": 'size = "s"\n', "infra/prod.tfvars": 'size = "l"\n'},
    )
    assert {unit.id: data(unit)["a"] for unit in units} == {"charts/api@dev": '"s"', "charts/api@prod": '"l"'}


@pytest.mark.parametrize(
    ("body", "known", "why"),
    [
        ('  values = [yamlencode({ a = var.u, b = "known" })]\n', "known", "a is not known (var.u)"),
        ('  values = ["a: x-${var.u}\\nb: known\\n"]\n', "known", "a is not known (var.u)"),
        ('  values = [var.u, "b: known"]\n', "known", "a text of values is not known (var.u)"),
        (
            '  set = [{ name = "a", value = var.u }, { name = "b", value = "known" }]\n',
            "known",
            "a is not known (var.u)",
        ),
        ('  values = [yamlencode({ list = ["x", var.u], b = "known" })]\n', "known", "list[1] is not known (var.u)"),
        ("  set = var.u\n", "default", "set is not known (var.u)"),
        ('  postrender {\n    binary_path = "x"\n  }\n', "default", "postrender is not applied"),
    ],
)
def test_what_is_not_known_leaves_the_unit_open_and_the_rest_counts(read, body, known, why):
    (unit,) = read('variable "u" {}\n' + release(body))
    assert (data(unit)["b"], data(unit)["list"]) == (f'"{known}"', "[]")
    assert (unit.closed, unit.open_because) == (False, (why,))


@pytest.mark.parametrize(
    "chart",
    ['"api"\n  repository = "https://charts.example.com"', '"oci://example.com/api"', "var.u", '"../charts/gone"'],
)
def test_other_charts_are_left_alone(read, chart):
    (unit,) = read('variable "u" {}\n' + release("", chart))
    assert unit.id == "charts/api@dev"


def test_a_chart_in_a_folder_that_the_repository_argument_names(read):
    (unit,) = read(release("", '"api"\n  repository = "../charts"'))
    assert unit.id == "charts/api@web"


def test_a_chart_that_fails_for_want_of_an_unknown_value_is_no_error(read):
    needs = {"charts/api/templates/b.yaml": "{{ required `size is needed` .Values.size }}\n"}
    (unit,) = read('variable "u" {}\n' + release('  set = [{ name = "size", value = var.u }]\n'), needs)
    assert unit.open_because == ("it did not render", "size is not known (var.u)")
    assert not unit.chart.rendered


def test_a_release_goes_to_the_cluster_of_its_own_root_module(read):
    cluster = 'resource "aws_eks_cluster" "this" {{\n  name = "{0}"\n  version = "1.{1}"\n}}\n'
    other = {"other/main.tf": cluster.format("b", 31)}
    (unit,) = read(cluster.format("a", 33) + release(""), other)
    assert (unit.cluster.name.text, [target.version for target in unit.targets]) == ("a", ["1.33"])


def places(unit, key):
    """Return the values keys behind a field of the ConfigMap."""
    (item,) = unit.of_kind("ConfigMap")
    node = item.root["data"][key]
    found = node.source.origin.locate(node.span).related
    return [(label, place.source.path, place.span.line) for label, place in found]


HEREDOC = """\
  values = [
    file("${path.module}/one.yaml"),
    <<-EOT
      # of this release
      b:
        c: heredoc
    EOT
  ]
"""


def test_values_of_a_file_and_of_a_heredoc_stand_where_they_are_written(read):
    (unit,) = read(release(HEREDOC), {"infra/one.yaml": "\na: file\nb: {}\n"})
    assert data(unit) == {"a": '"file"', "b": '{"c":"heredoc"}', "list": "[]"}
    assert places(unit, "a") == [("values key a", "infra/one.yaml", 2)]
    assert places(unit, "b") == [("values key b", "infra/main.tf", 9)]


@pytest.mark.parametrize("expression", ['file("values/a.yaml")', 'file("${path.root}/values/a.yaml")'])
def test_a_file_relative_to_the_root_module(read, expression):
    (unit,) = read(release(f"  values = [{expression}]\n"), {"infra/values/a.yaml": "a: file\n"})
    assert places(unit, "a") == [("values key a", "infra/values/a.yaml", 1)]


@pytest.mark.parametrize(
    ("values", "a"),
    [
        # What stands behind settings of the same list goes before them, so it is no layer of its own.
        ('yamlencode({ a = "first" }), file("${path.module}/one.yaml")', '"file"'),
        ('templatefile("${path.module}/one.tpl", { size = "l" })', '"l"'),
        ('"a: ${upper("x")}"', '"X"'),
    ],
)
def test_where_places_are_not_known_nothing_is_claimed(read, values, a):
    files = {"infra/one.yaml": "a: file\n", "infra/one.tpl": "a: ${size}\n"}
    (unit,) = read(release(f"  values = [{values}]\n"), files)
    assert (data(unit)["a"], places(unit, "a")) == (a, [])


@pytest.mark.parametrize("value", ['"hunter2"', "var.password", "var.other"])
def test_what_is_sensitive_is_not_shown_and_a_chart_that_requires_it_renders(read, value):
    body = f'  set_sensitive {{\n    name  = "a"\n    value = {value}\n  }}\n'
    variables = 'variable "password" { sensitive = true }\nvariable "other" { default = "hunter2" }\n'
    template = CHART["charts/api/templates/a.yaml"].replace(".Values.a |", 'required "a" .Values.a |')
    (unit,) = read(variables + release(body), {"charts/api/templates/a.yaml": template}, tf_vars=("password=hunter2",))
    assert data(unit)["a"] == '"sensitive"'
    assert unit.open_because == ("a is sensitive",)
    assert not any("hunter2" in item.source.text for item in unit.objects)


def test_an_empty_sensitive_value_stays_empty(read):
    (unit,) = read(release('  set_sensitive {\n    name  = "a"\n    value = ""\n  }\n'))
    assert data(unit)["a"] == '""'


def test_the_namespace_names_the_environment(read):
    (unit,) = read(release("").replace('"shop"', '"shop-staging"'))
    assert (unit.id, unit.environment.stage) == ("charts/api@staging", "nonprod")
    assert unit.environment.sign == "name shop-staging in helm_release.api at infra/main.tf:1"
