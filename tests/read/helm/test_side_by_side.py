"""Charts that are rendered side by side read as charts that are rendered one after the other."""

import threading

import pytest

from opslint.model.settings import Settings
from opslint.read import charts
from opslint.read.helm.markers import mark_text
from opslint.read.plan import read_project

CHARTS = 5
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Values.name }}
data:
{{- range .Values.list }}
  key-{{ . }}: {{ $.Values.name | quote }}
{{- end }}
"""


def chart(number):
    values = f"name: n{number}\nlist: {list(range(number + 1))}\n"
    files = {"Chart.yaml": f"apiVersion: v2\nname: c{number}\nversion: 1.0.0\n", "values.yaml": values}
    files["templates/a.yaml"] = TEMPLATE if number != 3 else "a: {{ fail `no` }}\n"
    return {f"c{number}/{path}": text for path, text in files.items()}


def seen(root, jobs, **more):
    """Return all places of values in all charts, failures, and the engines that were used."""
    settings = Settings(root=str(root), jobs=jobs, as_of=None, **more)
    reading = read_project([str(root)], settings)
    found = [
        (item.source.path, item.name, value.text, item.source.origin.locate(value.location.span).location.span)
        for item in reading.project.objects
        for _, value in item.root["data"].items()
    ]
    return found, [(one.path, one.message) for one in reading.failures], reading.coverage.charts_rendered


@pytest.fixture
def root(write):
    return write({path: text for number in range(CHARTS) for path, text in chart(number).items()})


@pytest.fixture
def engines(monkeypatch):
    """The engines that were made."""
    made = []

    class Noted(charts.Engine):
        def __init__(self, settings):
            super().__init__(settings)
            made.append(self)

    monkeypatch.setattr(charts, "Engine", Noted)
    return made


def test_the_result_is_the_same_however_many_work(root, engines):
    alone = seen(root, 1, no_cache=True)
    assert len(engines) == 1
    assert seen(root, 3, no_cache=True) == alone
    assert len(engines) == 1 + 3
    assert sum(engine.worked for engine in engines[1:]) >= 2
    assert [len([one for one in alone[0] if one[0].startswith(f"c{n}/")]) for n in range(CHARTS)] == [1, 2, 3, 0, 5]
    assert alone[2] == CHARTS - 1


def test_what_the_cache_holds_needs_no_further_engine(root, engines, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("opslint.read.cache._user_cache", lambda: tmp_path / "cache")
    cold = seen(root, 3)
    engines.clear()
    assert seen(root, 3) == cold
    assert [engine.worked for engine in engines] == [False]


def test_the_number_of_processors_is_the_default(root, engines, monkeypatch):
    monkeypatch.setattr(charts, "_processors", lambda: 2)
    seen(root, 0, no_cache=True)
    assert len(engines) == 2
    assert 1 <= charts._processors() <= 8


def test_markers_of_several_threads_are_those_of_one():
    numbers = range(100_000, 101_000)
    found = []
    threads = [threading.Thread(target=lambda: found.append([mark_text(n) for n in numbers])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 4
    assert len(set(found[0])) == len(numbers)
