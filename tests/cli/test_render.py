"""`opslint render`: manifests, and the place of every line."""

import pytest

from opslint.cli.main import main

CHART = {
    ".git/HEAD": "",
    "api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "api/values.yaml": "replicas: 1\n",
    "api/templates/_names.tpl": '{{- define "labels" }}\napp: api\nteam: shop\n{{- end }}\n',
    "api/templates/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"
    '  labels: {{- include "labels" . | nindent 4 }}\n\nspec:\n  {{- with .Values.replicas }}\n'
    "  replicas: {{ . }}\n  {{- end }}\n",
}
ENVIRONMENTS = {"api/values-dev.yaml": "replicas: 2\n", "api/values-prod.yaml": "replicas: 3\n"}


@pytest.fixture
def render(tmp_path, monkeypatch, capsys):
    """Write files and run: `render(files, *arguments) -> (status, stdout, stderr)`."""
    monkeypatch.chdir(tmp_path)

    def run(files, *arguments):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        status = main(["render", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_manifests_are_printed(render):
    printed = (
        "---\n# Source: api/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"
        "  labels:\n    \n    app: api\n    team: shop\n\nspec:\n  replicas: 1\n"
    )
    assert render(CHART, "api") == (0, printed, "")


def test_the_map_names_the_line_that_printed_each_line(render):
    status, out, _ = render(CHART, "api", "--map")
    assert status == 0
    rows = [tuple(part.rstrip() for part in line.split(" | ", 1)) for line in out.splitlines()]
    assert [row for row in rows if len(row) == 2 and row[0]] == [
        ("api/templates/web.yaml:1", "apiVersion: apps/v1"),
        ("api/templates/web.yaml:2", "kind: Deployment"),
        ("api/templates/web.yaml:3", "metadata:"),
        ("api/templates/web.yaml:4", "  name: web"),
        ("api/templates/web.yaml:5", "  labels:"),
        ("api/templates/_names.tpl:2", "    app: api"),
        ("api/templates/_names.tpl:3", "    team: shop"),
        ("api/templates/web.yaml:7", "spec:"),
        ("api/templates/web.yaml:9", "  replicas: 1"),
    ]
    assert len({line.index("|") for line in out.splitlines()}) == 1


def test_a_document_marker_and_empty_lines_above_do_not_move_the_map(render):
    files = CHART | {"api/templates/web.yaml": "\n---\n# one\nkind: A\n"}
    _, out, _ = render(files, "api", "--map")
    assert "api/templates/web.yaml:3 | # one\napi/templates/web.yaml:4 | kind: A\n" in out


def test_an_environment_must_be_chosen(render):
    files = CHART | ENVIRONMENTS
    status, out, error = render(files, "api")
    assert (status, out) == (2, "")
    assert "choose with --env one of dev, prod" in error
    assert render(files, "api", "--env", "prod")[1].endswith("  replicas: 3\n")
    status, out, error = render(files, "api", "--env", "qa")
    assert (status, out) == (2, "")
    assert "has no environment qa" in error


def test_values_from_the_command_line(render):
    files = CHART | {"mine.yaml": "replicas: 7\n"}
    assert render(files, "api", "--helm-values", "mine.yaml")[1].endswith("  replicas: 7\n")
    assert render(files, "api", "--helm-values", "mine.yaml", "--helm-set", "replicas=8")[1].endswith("replicas: 8\n")


def test_the_target_version_decides_what_the_chart_sees(render):
    files = CHART | {
        "api/templates/web.yaml": "version: {{ .Capabilities.KubeVersion.Version }}\n",
        "infra/main.tf": 'resource "aws_eks_cluster" "a" {\n  name = "a"\n  version = "1.31"\n}\n',
    }
    assert "version: v1.31.0\n" in render(files, "api")[1]
    assert "version: v1.33.0\n" in render(files, "api", "--target-version", "1.33")[1]


def test_no_other_chart_is_rendered(render):
    files = CHART | {"other/Chart.yaml": "name: other\nversion: 1.0.0\n", "other/templates/a.yaml": "{{ fail `no` }}\n"}
    status, _, error = render(files, "api")
    assert (status, error) == (0, "")


def test_a_chart_that_does_not_render(render):
    status, out, error = render(CHART | {"api/templates/web.yaml": "a: 1\nb: {{ fail `no luck` }}\n"}, "api")
    assert (status, out) == (3, "")
    assert error.startswith("error: api/templates/web.yaml:2: ")
    assert "no luck" in error


def test_what_is_no_chart_is_wrong_usage(render):
    status, _, error = render({"k8s/a.yaml": "a: 1\n"}, "k8s")
    assert status == 2
    assert "'k8s' is not the folder of a chart" in error
    library = {"lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n"}
    status, _, error = render(library, "lib")
    assert status == 2
    assert "library chart" in error


def test_hostile_text_does_nothing_in_the_map(render):
    files = CHART | {"api/templates/web.yaml": 'a: "{{ "\\u001b[31m##[group]\\u202e" }}"\n'}
    _, out, _ = render(files, "api", "--map")
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "##[" not in out
    assert "\x1b" in render(files, "api")[1]  # a pipe gets the text as it is
