"""The Helm options of the command line do what Helm's own do, from the command line to the rendered text."""

import pytest

from opslint.cli.main import main

TEMPLATE = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\n"
    "data:\n  a: {{ toJson .Values.a }}\n  b: {{ toJson .Values.b }}\n  kube: {{ .Capabilities.KubeVersion.Minor | quote }}\n"
)
FILES = {
    ".git/HEAD": "",
    "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "charts/api/values.yaml": "a: default\nb: {c: 1, d: 2}\n",
    "charts/api/templates/a.yaml": TEMPLATE,
    "my.yaml": "a: mine\nb: {c: 3}\n",
    "more.yaml": "b: {d: 4}\n",
}


@pytest.fixture
def render(tmp_path, monkeypatch, capsys):
    """Render the chart: `render(*arguments, **files) -> (status, the lines, standard error)`."""
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = main(["render", "charts/api", "--no-cache", *arguments])
        captured = capsys.readouterr()
        return status, captured.out.splitlines(), captured.err

    return run


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ((), ['  a: "default"', '  b: {"c":1,"d":2}']),
        (("--helm-values", "my.yaml"), ['  a: "mine"', '  b: {"c":3,"d":2}']),
        (("--values", "my.yaml", "--values", "more.yaml"), ['  a: "mine"', '  b: {"c":3,"d":4}']),
        (("--helm-values", "charts/api=my.yaml"), ['  a: "mine"']),
        (("--helm-set", "a=1"), ["  a: 1"]),
        (("--set", "a=x,b.c=5"), ['  a: "x"', '  b: {"c":5,"d":2}']),
        (("--set", "a={x,y}"), ['  a: ["x","y"]']),
        (("--set", r"a=x\,y"), ['  a: "x,y"']),
        (("--set", "b=null"), ["  b: null"]),
        (("--helm-set", "charts/api=a=1"), ["  a: 1"]),
        (("--helm-values", "my.yaml", "--helm-set", "a=set"), ['  a: "set"', '  b: {"c":3,"d":2}']),
        (("--release-name", "web"), ["metadata: {name: web, namespace: default}"]),
        (("--namespace", "shop"), ["metadata: {name: api, namespace: shop}"]),
        (("-k", "1.31"), ['  kube: "31"']),
        (("--kube-version", "1.30"), ['  kube: "30"']),
        (("--helm-engine", "embedded"), ['  a: "default"']),
    ],
)
def test_what_an_option_changes(render, arguments, lines):
    status, out, err = render(*arguments)
    assert (status, err) == (0, "")
    for line in lines:
        assert line in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--values", "gone.yaml"), "--helm-values: there is no file 'gone.yaml'"),
        (("--values", "gone=my.yaml"), "--helm-values: 'gone' is not the folder of a chart"),
        (("--set", "a"), "--helm-set: 'a' is not of the form NAME=VALUE"),
        (("--helm-engine", "docker"), "'docker' is not one of"),
        (("--kube-version", "latest"), "'latest' is no Kubernetes version"),
    ],
)
def test_wrong_usage_is_said(render, arguments, message):
    status, _, err = render(*arguments)
    assert status == 2
    assert message in err


def test_the_binary_that_is_not_there_is_said_with_both_ways_out(render, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = render("--helm-engine", "binary")
    assert status == 3
    assert "helm" in err
    assert "PATH" in err


def test_values_of_another_chart_are_left_alone(render, tmp_path):
    (tmp_path / "charts/web").mkdir()
    (tmp_path / "charts/web/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    status, out, _ = render("--helm-values", "charts/web=my.yaml", "--helm-set", "charts/web=a=1")
    assert status == 0
    assert '  a: "default"' in out


def test_check_takes_the_same_options(tmp_path, monkeypatch, capsys, render):
    template = tmp_path / "charts/api/templates/a.yaml"
    template.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: 'x/y:{{ .Values.a }}'}\n"
    )
    options = ("--select", "mutable-image-tag", "-f", "concise", "--no-cache", "-q")
    assert main(["charts/api", *options, "--set", "a=1.2"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["charts/api", *options, "--set", "a=latest", "--namespace", "shop"]) == 1
    assert "uses the moving tag latest" in capsys.readouterr().out
