"""Renderings that are kept: what an entry depends on, and that findings stand where they stood."""

import sys
from importlib import metadata

import pytest

from opslint.model.records import replace
from opslint.model.settings import Settings
from opslint.model.source import Span
from opslint.read.cache import Cache
from opslint.read.helm.backend import Answer, Embedded, Limits, Request, engine_version
from opslint.read.helm.binary import Binary
from opslint.read.helm.chart import load_chart
from opslint.read.helm.engine import Engine, render_release
from opslint.read.helm.kept import Kept
from opslint.read.helm.releases import Release, releases
from opslint.read.overlay import overlay

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
REQUEST = Request("r", "default", "v1.33.0")


class Counting:
    """An engine that prints the number of its call."""

    def __init__(self, kind=""):
        self.calls, self.kind = 0, kind

    def render(self, chart, texts, request):
        self.calls += 1
        return [Answer({"x/templates/a.yaml": f"call: {self.calls}\n"}, self.kind, self.kind and "why")] * len(texts)

    def close(self):
        self.closed = True


@pytest.fixture
def chart(write):
    return load_chart(write({"x/Chart.yaml": CHART, "x/templates/a.yaml": "a: 1\n", "x/values.yaml": "b: 1\n"}), "x")


@pytest.fixture
def kept(tmp_path):
    """`kept(engine) -> Kept` over one folder."""

    def make(engine, identity="engine 1", bounds=None):
        return Kept(engine, Cache("charts", tmp_path / "cache"), identity, bounds or Limits())

    return make


def test_unchanged_charts_are_not_rendered_again(chart, kept):
    engine = Counting()
    first = kept(engine).render(chart, [{}, {"templates/a.yaml": "m"}], REQUEST)
    assert kept(engine).render(chart, [{}, {"templates/a.yaml": "m"}], REQUEST) == first
    assert engine.calls == 1


def test_an_entry_depends_on_all_that_is_rendered(chart, kept, monkeypatch):
    engine = Counting()
    kept(engine).render(chart, [{}], REQUEST)
    changes = [
        {"name": "s"},
        {"namespace": "n"},
        {"kube_version": "v1.34.0"},
        {"api_versions": ("apps/v1",)},
        {"values": ("a: 1",)},
        {"set": ((("a",), 1),)},
        {"set_strings": ("a=1",)},
    ]
    for change in changes:
        kept(engine).render(chart, [{}], replace(REQUEST, **change))
    kept(engine).render(chart, [{"templates/a.yaml": "m"}], REQUEST)
    kept(engine).render(chart, [{}, {}], REQUEST)
    kept(engine, "engine 2").render(chart, [{}], REQUEST)
    kept(engine, bounds=Limits(output=5)).render(chart, [{}], REQUEST)
    chart.files["values.yaml"] = b"b: 2\n"
    kept(engine).render(chart, [{}], REQUEST)
    chart.files["files/b"] = b""
    kept(engine).render(chart, [{}], REQUEST)
    monkeypatch.setattr("opslint.__version__", "0.0.0")
    kept(engine).render(chart, [{}], REQUEST)
    assert engine.calls == len(changes) + 8


@pytest.mark.parametrize(("kind", "calls"), [("HelmRenderError", 1), ("timeout", 2), ("dead", 2), ("missing", 2)])
def test_errors_of_the_chart_are_kept_and_those_of_the_machine_are_not(chart, kept, kind, calls):
    engine = Counting(kind)
    first = kept(engine).render(chart, [{}], REQUEST)
    assert (first[0].kind, first[0].message) == (kind, "why")
    assert [answer.kind for answer in kept(engine).render(chart, [{}], REQUEST)] == [kind]
    assert engine.calls == calls


@pytest.mark.parametrize("said", [1, [], [[]], [["", "", {"a": 1}]], [["", 1, {}]], [["", "", []]], [["", ""]]])
def test_entries_of_another_form_are_not_used(chart, tmp_path, said):
    class Odd(Cache):
        def get(self, key):
            return said

    engine = Counting()
    Kept(engine, Odd("charts", tmp_path), "engine 1", Limits()).render(chart, [{}], REQUEST)
    assert engine.calls == 1


def test_the_version_of_the_engine_is_that_of_its_package(monkeypatch, tmp_path):
    told = f"helm-python-sdk {metadata.version('helm-python-sdk')}"
    assert engine_version() == told
    (tmp_path / "helm_python_sdk-9.8.7.dist-info").mkdir()
    monkeypatch.setattr("sys.path", ["/nowhere", str(tmp_path), *sys.path])
    assert engine_version() == "helm-python-sdk 9.8.7"
    monkeypatch.setattr("sys.path", ["/nowhere"])
    assert engine_version() == ""


def test_closing_ends_the_engine_behind(kept):
    engine = Counting()
    kept(engine).close()
    assert engine.closed


@pytest.fixture
def rendered(write, monkeypatch):
    """Write a chart and render it with an engine of its own: `rendered(**settings) -> (result, renderings)`."""
    count = []
    real = Embedded.render
    monkeypatch.setattr(Embedded, "render", lambda *given: count.append(1) or real(*given))
    root = write(
        {
            "x/Chart.yaml": CHART,
            "x/values.yaml": "image:\n  tag: latest\n",
            "x/templates/a.yaml": 'a: 1\n{{ include "h" . }}\n',
            "x/templates/_h.tpl": '{{ define "h" }}\n\nimage: {{ .Values.image.tag }}\n{{ end }}',
        }
    )

    def run(**given):
        settings = Settings(root=str(root), **given)
        loaded = load_chart(root, "x")
        before = len(count)
        with Engine(settings) as engine:
            result = render_release(engine, loaded, releases(loaded, settings)[0], 33, [])
        return result, len(count) - before

    return run


def places(result):
    (source,) = result.sources
    found = [source.origin.locate(Span(number, 1, number, 99)) for number in range(1, source.line_count + 1)]
    return [
        (
            one.location.source.path,
            one.location.span,
            one.confidence,
            [(label, place.source.path, place.span) for label, place in one.related],
        )
        for one in found
    ]


def test_places_are_the_same_from_the_cache(rendered):
    first, rendered_first = rendered()
    again, rendered_again = rendered()
    assert (rendered_first, rendered_again) == (1, 0)
    assert again.sources[0].text == first.sources[0].text
    assert places(again) == places(first)
    assert ("x/templates/_h.tpl", 3) in [(path, span.line) for path, span, _, _ in places(again)]


def test_no_cache_neither_reads_nor_writes(rendered):
    assert [rendered(no_cache=True)[1] for _ in range(2)] == [1, 1]
    assert rendered()[1] == 1
    assert rendered(no_cache=True)[1] == 1


def test_a_changed_file_is_seen_on_disk_and_in_memory(rendered, tmp_path):
    rendered()
    values = tmp_path / "x" / "values.yaml"
    with overlay({str(values.resolve()): b"image:\n  tag: v1\n"}):
        assert "image: v1" in rendered()[0].sources[0].text
    assert "image: latest" in rendered()[0].sources[0].text
    values.write_text("image:\n  tag: v2\n", encoding="utf-8")
    assert "image: v2" in rendered()[0].sources[0].text


def test_a_read_only_cache_folder_is_silently_not_used(rendered, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("opslint.read.cache._user_cache", lambda: tmp_path / "file")
    for _ in range(2):
        result, count = rendered()
        assert (result.failures, result.notices, count) == ([], [], 1)


def test_an_engine_without_settings_keeps_nothing(write, monkeypatch):
    monkeypatch.setattr("opslint.read.cache.Cache", None)
    root = write({"x/Chart.yaml": CHART, "x/templates/a.yaml": "a: 1\n"})
    with Engine() as engine:
        assert render_release(engine, load_chart(root, "x"), Release("r"), 33, []).failures == []


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo v3.16.2+g13654a5", "helm v3.16.2+g13654a5"),
        ("echo v3.16.2; exit 1", ""),
        ("true", ""),
        ("exec sleep 9", ""),
    ],
)
def test_a_binary_that_tells_no_version_is_not_kept(write, script, version):
    program = write({"helm": f"#!/bin/sh\n{script}\n"}) / "helm"
    program.chmod(0o755)
    assert Binary(str(program), Limits(seconds=0.3)).version() == version


def test_a_binary_that_is_gone_tells_no_version(tmp_path):
    assert Binary(str(tmp_path / "helm"), Limits()).version() == ""
