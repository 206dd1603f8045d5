import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from opslint.model.settings import Settings
from opslint.read.helm import backend
from opslint.read.helm import process as process_module
from opslint.read.helm.backend import Embedded, Limits, Request
from opslint.read.helm.chart import load_chart
from opslint.read.helm.engine import Engine, render_release
from opslint.read.helm.releases import Release, releases

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
REQUEST = Request("r", "n", "v1.33.0")


def chart(write, text, **more):
    root = write({"x/Chart.yaml": CHART, "x/templates/a.yaml": text} | more)
    return load_chart(root, "x")


def test_capabilities_of_the_target_reach_the_templates(render):
    text = (
        "v: {{ .Capabilities.KubeVersion.Version }}\n"
        'kind: {{ .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" }}\n'
        'other: {{ .Capabilities.APIVersions.Has "example.com/v1/Widget" }}\n'
    )
    result = render({"templates/a.yaml": text}, minor=31, api_versions=["policy/v1/PodDisruptionBudget"])
    assert result.sources[0].text == "v: v1.31.0\nkind: true\nother: false\n"


def test_release_name_and_namespace(render):
    text = "n: {{ .Release.Name }}\ns: {{ .Release.Namespace }}\ni: {{ .Release.IsInstall }}\n"
    assert render({"templates/a.yaml": text}).sources[0].text == "n: x\ns: default\ni: true\n"
    result = render({"templates/a.yaml": text}, release_name="a", namespace="b")
    assert result.sources[0].text == "n: a\ns: b\ni: true\n"


def test_one_worker_serves_all_charts(write):
    with Engine() as engine:
        first = chart(write, "a: 1\n")
        engine.render(first, [{}], REQUEST)
        pid = engine._backend._worker._process.pid
        engine.render(first, [{}, {}], REQUEST)
        assert engine._backend._worker._process.pid == pid


def test_closing_leaves_no_process(write):
    engine = Engine()
    engine.render(chart(write, "a: 1\n"), [{}], REQUEST)
    process = engine._backend._worker._process
    engine.close()
    assert process.returncode is not None  # waited for: no zombie
    engine.close()


def test_closed_engine_can_be_used_again(write):
    engine = Engine()
    loaded = chart(write, "a: 1\n")
    assert engine.render(loaded, [{}], REQUEST)[0].files == {"x/templates/a.yaml": "a: 1\n"}
    engine.close()
    assert engine.render(loaded, [{}], REQUEST)[0].files == {"x/templates/a.yaml": "a: 1\n"}
    engine.close()


def test_interrupt_ends_the_worker(write, monkeypatch):
    engine = Engine()
    loaded = chart(write, "a: 1\n")
    engine.render(loaded, [{}], REQUEST)
    process = engine._backend._worker._process

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(process_module.Worker, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.render(loaded, [{}], REQUEST)
    assert process.returncode is not None


def test_worker_ends_when_its_parent_is_gone():
    program = process_module.program(0)
    process = subprocess.Popen([sys.executable, "-I", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.read(8)
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()


def test_chart_that_takes_all_memory_is_one_failure(write):
    loaded = chart(write, 'a: {{ repeat 1500000000 "x" }}\n')
    good = chart(write, "a: 1\n", **{"y/Chart.yaml": CHART, "y/templates/a.yaml": "ok: 1\n"})
    good = load_chart(good.root, "y")
    with Engine() as engine:
        write({"x/templates/a.yaml": 'a: {{ repeat 1500000000 "x" }}\n'})
        loaded = load_chart(loaded.root, "x")
        result = render_release(engine, loaded, Release("r"), 33, [])
        assert [(one.path, one.kind) for one in result.failures] == [("x/Chart.yaml", "chart")]
        assert "memory" in result.failures[0].message or "died" in result.failures[0].message
        assert render_release(engine, good, Release("r"), 33, []).sources[0].text == "ok: 1\n"


def test_endless_rendering_is_stopped(write):
    loaded = chart(write, "{{ range until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}")
    with Engine(bounds=Limits(seconds=0.3)) as engine:
        start = time.monotonic()
        result = render_release(engine, loaded, Release("r"), 33, [])
        assert [(one.path, one.kind) for one in result.failures] == [("x/Chart.yaml", "limit")]
        assert "0.3 seconds of processor time" in result.failures[0].message
        assert time.monotonic() - start < 20


def test_a_machine_that_is_busy_with_other_things_stops_no_rendering(write):
    loaded = chart(write, "a: 1\n")
    with Engine(bounds=Limits(seconds=1)) as engine:
        engine.render(loaded, [{}], REQUEST)
        worker = engine._backend._worker._process
        worker.send_signal(signal.SIGSTOP)
        timer = threading.Timer(1.5, worker.send_signal, (signal.SIGCONT,))
        timer.start()
        start = time.monotonic()
        assert engine.render(loaded, [{}], REQUEST)[0].files == {"x/templates/a.yaml": "a: 1\n"}
        assert time.monotonic() - start > 1
        timer.join()


def test_an_engine_that_stands_still_is_stopped(write):
    loaded = chart(write, "a: 1\n")
    with Engine(bounds=Limits(seconds=0.2)) as engine:
        engine.render(loaded, [{}], REQUEST)
        worker = engine._backend._worker._process
        worker.send_signal(signal.SIGSTOP)
        answers = engine.render(loaded, [{}, {}], REQUEST)
        assert [(one.kind, one.message) for one in answers] == [
            ("timeout", "rendering took longer than 2 seconds and was stopped")
        ] * 2
        assert worker.returncode is not None
        assert engine.render(loaded, [{}], REQUEST)[0].kind == ""


def test_each_rendering_has_its_own_time(write):
    """Many renderings may together take more than one may."""
    loaded = chart(write, "{{ range until 300 }}{{ range until 300 }}{{ end }}{{ end }}")
    with Engine(bounds=Limits(seconds=0.4)) as engine:
        assert [answer.kind for answer in engine.render(loaded, [{}] * 25, REQUEST)] == [""] * 25


def test_an_engine_that_does_not_start_is_a_failure_of_that_chart_only(write, monkeypatch):
    loaded = chart(write, "a: 1\n")
    program = process_module.program
    monkeypatch.setattr(process_module, "program", lambda _: "import os; os._exit(3)")
    with Engine() as engine:
        (failure,) = render_release(engine, loaded, Release("r"), 33, []).failures
        assert "died while rendering (exit status 3)" in failure.message
        monkeypatch.setattr(process_module, "program", program)
        assert render_release(engine, loaded, Release("r"), 33, []).failures == []


def test_giant_output_is_refused(write):
    loaded = chart(write, 'a: {{ repeat 5000 "x" }}\n')
    with Engine(bounds=Limits(output=1000)) as engine:
        result = render_release(engine, loaded, Release("r"), 33, [])
        assert [(one.path, one.kind, one.message) for one in result.failures] == [
            (
                "x/Chart.yaml",
                "limit",
                "the chart is not rendered: it prints more than allowed (5004 characters of output)",
            )
        ]


def test_worker_that_died_of_something_else_is_replaced(write):
    loaded = chart(write, "a: 1\n")
    with Engine() as engine:
        engine.render(loaded, [{}], REQUEST)
        process = engine._backend._worker._process
        process.kill()
        process.wait()
        assert [answer.kind for answer in engine.render(loaded, [{}, {}], REQUEST)] == ["", ""]
        assert engine._backend._worker._process.pid != process.pid


def test_a_chart_that_a_new_worker_dies_of_too_is_given_up(write):
    good, bad = chart(write, "a: 1\n"), 'a: {{ repeat 1500000000 "x" }}\n'
    bad = load_chart(write({"y/Chart.yaml": CHART, "y/templates/a.yaml": bad}), "y")
    with Engine() as engine:
        assert [engine.render(one, [{}], REQUEST)[0].kind for one in (good, bad, good)] == ["", "dead", ""]


def test_files_of_the_current_folder_are_not_imported(write, monkeypatch):
    root = write({"helm_python.py": "raise SystemExit(9)", "json.py": "raise SystemExit(9)"})
    loaded = chart(write, "a: 1\n")
    monkeypatch.chdir(root)
    with Engine() as engine:
        assert engine.render(loaded, [{}], REQUEST)[0].kind == ""


def test_threads_take_turns(write):
    loaded = chart(write, "a: {{ .Release.Name }}\n")
    answers = {}
    with Engine() as engine:

        def run(name):
            answers[name] = engine.render(loaded, [{}], Request(name, "n", "v1.33.0"))[0].files["x/templates/a.yaml"]

        threads = [threading.Thread(target=run, args=(f"r{i}",)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {f"r{i}": f"a: r{i}\n" for i in range(4)}


def test_no_engine_is_one_failure_that_names_both_ways_out(write, monkeypatch):
    loaded = chart(write, "a: 1\n")
    monkeypatch.setattr(Embedded, "render", lambda *_: [backend.Answer(kind="missing", message="no wheel")] * 2)
    monkeypatch.setenv("PATH", "")
    with Engine() as engine:
        failures = render_release(engine, loaded, Release("r"), 33, []).failures
    assert len(failures) == 1
    assert "helm-python-sdk" in failures[0].message
    assert "`helm` binary" in failures[0].message


FAKE = """
import sys, pathlib
arguments = sys.argv[1:]
chart = pathlib.Path(arguments[2])
pathlib.Path({log!r}).write_text("\\n".join(arguments) + "\\n" + (chart / "Chart.yaml").read_text())
for file in sorted(chart.glob("templates/*")):
    print("---\\n# Source: x/templates/" + file.name)
    print(file.read_text().replace("{{{{", "").replace("}}}}", "").replace('"', ""))
print("Error: YAML parse error", file=sys.stderr)
sys.exit(1)
"""


@pytest.fixture
def fake_helm(tmp_path_factory, monkeypatch):
    """A `helm` that prints the templates as they stand, with braces and quotes removed."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "helm"
    (folder / "helm.py").write_text(FAKE.format(log=str(folder / "log")))
    # Not as the script's own interpreter: the path of a checkout may hold a space.
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/helm.py" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder / "log"


def test_binary_on_path_is_used_where_the_wheel_does_not_run(write, monkeypatch, fake_helm):
    monkeypatch.setattr(Embedded, "render", lambda _, __, texts, ___: [backend.Answer(kind="missing")] * len(texts))
    loaded = chart(write, "a: 1\n\nb: 2\n")
    with Engine() as engine:
        result = render_release(engine, loaded, Release("r"), 33, [])
    assert result.failures == []
    (source,) = result.sources
    assert source.text.startswith("a: 1\n\nb: 2\n")
    from opslint.model.source import Span

    assert source.origin.locate(Span(3, 1, 3, 5)).location.span.line == 3


def test_binary_gets_the_release_and_no_missing_dependency(write, fake_helm):
    dependencies = "dependencies:\n- {name: gone, version: 1.0.0, repository: 'https://example.com'}\n"
    root = write(
        {
            "x/Chart.yaml": CHART + dependencies,
            "x/templates/a.yaml": "a: 1\n",
            "x/values-prod.yaml": "b: 1\n",
        }
    )
    settings = Settings(root=str(root), helm_engine="binary", helm_set=(("", "c=2"),), namespace="ns")
    loaded = load_chart(root, "x")
    (release,) = releases(loaded, settings)
    with Engine(settings) as engine:
        assert render_release(engine, loaded, release, 31, ["apps/v1", "v1/Pod"]).failures == []
    log = fake_helm.read_text()
    assert "--kube-version\nv1.31.0\n--api-versions\napps/v1,v1/Pod\n" in log
    assert "--namespace\nns\n" in log
    assert "--set\nc=2\n" in log
    assert "--values\n" in log
    assert '"dependencies": []' in log


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("while True: pass", "timeout", "1 seconds of processor time"),
        (
            "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
            "timeout",
            "1 seconds of processor time",
        ),
        ("while True: print('x' * 10000)", "limit", "4001 bytes of output"),
        ("x = bytearray(6_000_000_000)", "HelmRenderError", "MemoryError"),
    ],
)
def test_a_binary_that_goes_too_far_is_stopped(write, fake_helm, script, kind, words):
    (fake_helm.parent / "helm.py").write_text(script)
    loaded = chart(write, "a: 1\n")
    settings = Settings(helm_engine="binary", no_cache=True)
    with Engine(settings, Limits(seconds=1, output=1000)) as engine:
        (answer,) = engine.render(loaded, [{}], REQUEST)
    assert answer.kind == kind
    assert words in answer.message


def test_a_binary_that_stands_still_is_stopped(write, fake_helm, monkeypatch):
    monkeypatch.setattr("opslint.read.helm.binary.STILL", 1)
    (fake_helm.parent / "helm.py").write_text("import time; time.sleep(60)")
    loaded = chart(write, "a: 1\n")
    with Engine(Settings(helm_engine="binary", no_cache=True), Limits(seconds=0.5)) as engine:
        (answer,) = engine.render(loaded, [{}], REQUEST)
    assert (answer.kind, answer.message) == ("timeout", "rendering took longer than 0.5 seconds and was stopped")


def test_engine_of_the_settings_is_forced(write, monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    loaded = chart(write, "a: 1\n")
    with Engine(Settings(helm_engine="binary")) as engine:
        assert "helm-python-sdk" in render_release(engine, loaded, Release("r"), 33, []).failures[0].message
    with Engine(Settings(helm_engine="embedded")) as engine:
        assert render_release(engine, loaded, Release("r"), 33, []).failures == []


def test_nothing_of_the_engine_is_imported_before_there_is_a_chart():
    code = (
        "import sys, opslint.read.helm.engine\n"
        "assert not {'helm_python', 'ruamel', '_ruamel_yaml', 'jsonschema'} & set(sys.modules)"
    )
    path = os.pathsep.join(str(Path(__file__).parents[3] / name) for name in ("linter", "schemas"))
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})
