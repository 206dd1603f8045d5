"""Charts that are broken or hostile, as a run sees them: one message with its place, and the rest goes on."""

import gzip
import io
import tarfile

import pytest

from opslint.model.settings import Settings
from opslint.read.helm.backend import Limits
from opslint.read.plan import read_project

CHART = "apiVersion: v2\nname: {}\nversion: 1.0.0\n"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


@pytest.fixture
def read(write):
    """Read a folder with a chart `bad` of these files, and one that is in order: `read({path: text})`."""

    def run(files):
        good = {"good/Chart.yaml": CHART.format("good"), "good/templates/a.yaml": OBJECT}
        bad = {"bad/Chart.yaml": CHART.format("bad")} | {f"bad/{path}": text for path, text in files.items()}
        root = write(good | bad)
        result = read_project([str(root)], Settings(root=str(root), no_cache=True))
        units = {unit.path: [item.name for item in unit.objects] for unit in result.project.units}
        assert units["good"] == ["good"]
        return result.failures

    return run


ENDLESS = '{{ define "x" }}\n{{ include "x" . }}\n{{ end }}\n'
NEEDS = 'a: 1\nb: {{ required "b is needed" .Values.app.b }}\n'


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("a: 1\nb: {{ .Values.x.y }}\n", 2, "nil pointer evaluating"),
        ("a: 1\nb: {{ end }}\n", 2, "unexpected {{end}}"),
        ("a: 1\n\nb: {{ .Values.b\n", 3, "unclosed action"),
        ("a: 1\n{{ if true }}\nb: 1\n", 4, "unexpected EOF"),
        ('a: {{ "x" | noSuchFunction }}\n', 1, 'function "noSuchFunction" not defined'),
        ('a: {{ fail "not like this" }}\n', 1, "not like this"),
        (f'{ENDLESS}a: {{{{ include "x" . }}}}\n', 4, "nested reference"),
        (
            '{{ define "y" }}{{ template "y" . }}{{ end }}\na: {{ template "y" . }}\n',
            1,
            "exceeded maximum template depth",
        ),
    ],
)
def test_an_error_of_a_template_stands_on_its_line_in_helms_words(read, template, line, words):
    (failure,) = read({"templates/a.yaml": template})
    assert (failure.path, failure.line) == ("bad/templates/a.yaml", line)
    assert words in failure.message
    assert len(failure.message) < 1200
    assert "Traceback" not in failure.message


@pytest.mark.parametrize(
    ("template", "flag"),
    [
        (NEEDS, "--helm-set app.b=…"),
        ('a: 1\nb: {{ required "b is needed" (index .Values "my-app").b }}\n', "--helm-set my-app.b=…"),
        ('a: 1\nb: {{ required "b is needed" (.Values.app | dig "b" "") }}\n', "--helm-set app.b=…"),
    ],
)
def test_a_missing_value_says_what_gives_it(read, template, flag):
    values = "app: {}\nmy-app: {}\n"
    files = {"templates/a.yaml": template, "values.yaml": values, "ci/full-values.yaml": "unrelated: 1\n"}
    (failure,) = read(files)
    assert (failure.path, failure.line) == ("bad/templates/a.yaml", 2)
    assert "b is needed" in failure.message
    assert flag in failure.message
    assert "--helm-values FILE" in failure.message
    assert "the chart has ci/full-values.yaml" in failure.message


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        ('a: "{{ repeat 1000000000 "x" }}"\n', {"limit", "chart"}),  # a gigabyte at once
        ('{{ range until 2000000 }}\n{{ repeat 600 "x" }}\n{{ end }}', {"limit", "chart"}),  # and bit by bit
        ("{{ range until 100000000 }}a{{ end }}", {"limit", "chart"}),
        ("{{ range until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}", {"limit"}),  # prints nothing, for hours
    ],
)
def test_a_template_that_takes_too_much_is_stopped(read, monkeypatch, template, kind):
    monkeypatch.setattr("opslint.read.helm.engine.Limits", lambda: Limits(seconds=1))
    (failure,) = read({"templates/a.yaml": template})
    assert failure.path == "bad/Chart.yaml"
    assert failure.kind in kind
    assert "the chart is not rendered" in failure.message


def test_a_range_over_a_hundred_thousand_is_read(read):
    template = f"{OBJECT}data:\n{{{{- range until 100000 }}}}\n  k{{{{ . }}}}: x\n{{{{- end }}}}\n"
    assert read({"templates/a.yaml": template}) == []


def tgz(name, data=b"1", kind=tarfile.REGTYPE, target=""):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for member, content in (("evil/Chart.yaml", CHART.format("evil").encode()), (name, data)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            if member == name:
                info.type, info.linkname = kind, target
                info.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content) if info.size else None)
    return out.getvalue()


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (lambda: tgz("evil/../../../outside"), "leads out of the archive"),
        (lambda: tgz("/etc/outside"), "leads out of the archive"),
        (lambda: tgz("evil/passwd", kind=tarfile.SYMTYPE, target="/etc/passwd"), "a link or a device"),
        (lambda: tgz("evil/passwd", kind=tarfile.LNKTYPE, target="/etc/passwd"), "a link or a device"),
        (lambda: tgz("evil/bomb", bytes(200_000_000)), "too large"),
        (lambda: gzip.compress(bytes(2_000_000_000 // 8) + b"x"), None),
        (lambda: b"\x1f\x8b" + b"no archive", "not a readable chart archive"),
    ],
    ids=["upward", "absolute", "symbolic link", "hard link", "bomb", "no tar", "no gzip"],
)
def test_a_hostile_archive_is_refused_and_the_chart_goes_on(read, tmp_path, archive, words):
    (failure,) = read({"charts/evil-1.0.0.tgz": archive(), "templates/a.yaml": OBJECT})
    assert failure.path.startswith("bad/charts/evil-1.0.0.tgz")
    assert words is None or words in failure.message
    assert not list(tmp_path.rglob("outside"))
