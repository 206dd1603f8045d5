"""What only a process of its own can show: speed, pipes, signals, and files that must not be imported."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from processes import child_environment

# A process whose engine is replaced by what follows the marker.
DRIVER = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
from types import ModuleType, SimpleNamespace
engine = ModuleType("opslint.engine.run")
sys.modules["opslint.engine.run"] = engine
import opslint.engine.packs
opslint.engine.packs.load_packs = lambda rules_from=(): []
from opslint.model.report import Coverage, Failure, Hidden, Report
BODY
engine.lint = lint
from opslint.cli.main import main
sys.exit(main())
"""
MANY_ERRORS = """
def lint(*_):
    failures = tuple(Failure("a" * 100, 1, "m" * 100, "yaml") for _ in range(5000))
    return Report((), (), failures, Coverage(), (), Hidden(), 0, 0, {})
"""


@pytest.fixture
def start(tmp_path):
    def run(body, *arguments, **options):
        driver = DRIVER.replace("BODY", textwrap.dedent(body))
        environment = child_environment()
        return subprocess.Popen(
            [sys.executable, "-c", driver, *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    return run


def test_a_closed_pipe_is_quiet_and_keeps_the_verdict(start):
    process = start(MANY_ERRORS, "-f", "json", "--allow-incomplete", "--quiet")
    process.stdout.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == 0
    assert "Traceback" not in errors
    assert "roken pipe" not in errors


def test_interrupt_ends_with_130_and_no_trace(start):
    process = start(
        """
        import time
        def lint(*_):
            print("ready", flush=True)
            time.sleep(60)
        """
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


@pytest.mark.parametrize("arguments", [["--version"], ["-V"]])
def test_version_imports_next_to_nothing(arguments):
    code = (
        "import sys; from opslint.cli.main import main; status = main(); "
        "heavy = {'click', 'rich', 'ruamel', 'jsonschema', 'hcl2', 'importlib.metadata', 'pathlib', 'json'}; "
        "sys.exit(status or ','.join(sorted(heavy & set(sys.modules) - before)) or 0)"
    )
    environment = child_environment()
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; before = set(sys.modules); {code}", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("opslint ")


def test_a_short_run_imports_nothing_that_it_has_no_use_for(tmp_path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps/web.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
        "spec: {source: {path: manifests}, destination: {namespace: web}}\n"
    )
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    code = (
        "import sys; from opslint.cli.main import main; status = main(); "
        "idle = {'rich', 'jsonschema', 'hcl2', 'importlib.metadata', 'dataclasses', 'textwrap', 'shutil', 'tempfile', "
        "'subprocess', 'opslint.read.flux', 'opslint.read.substitute', 'opslint.read.terraform', "
        "'opslint.read.charts'}; "
        "print('deployed', 'opslint.read.deployed' in sys.modules, *sorted(idle & set(sys.modules) - before))"
    )
    environment = child_environment()
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; before = set(sys.modules); {code}", "--exit-zero", "-q", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "deployed True"


def test_module_run_imports_nothing_from_the_current_directory(tmp_path):
    (tmp_path / "click.py").write_text("open('executed', 'w').close()\n")
    environment = child_environment()
    done = subprocess.run(
        [sys.executable, "-m", "opslint", "--help"], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "executed").exists()


def test_a_full_standard_output_is_2(tmp_path):
    with Path("/dev/full").open("w") as full:
        driver = DRIVER.replace("BODY", textwrap.dedent(MANY_ERRORS))
        done = subprocess.run(
            [sys.executable, "-c", driver, "-f", "json", "--quiet"],
            cwd=tmp_path,
            env=child_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["error: cannot write to standard output: No space left on device"]


def run_opslint(*arguments, cwd, **options):
    environment = child_environment()
    command = [sys.executable, "-m", "opslint", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, check=False, **options)


@pytest.mark.parametrize("arguments", [["--version"], ["schema"]])
def test_closed_streams_are_no_error(arguments, tmp_path):
    closing = "import os, sys; os.close(1); os.close(2); os.execv(sys.executable, [sys.executable, '-m', 'opslint', *sys.argv[1:]])"
    environment = child_environment()
    done = subprocess.run([sys.executable, "-c", closing, *arguments], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0


def test_closed_standard_input_holds_nothing(tmp_path):
    closing = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, '-m', 'opslint', '-', '-q'])"
    environment = child_environment()
    done = subprocess.run(
        [sys.executable, "-c", closing], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "standard input holds no Kubernetes object" in done.stdout


def test_help_that_nobody_reads_is_no_finding(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    done = run_opslint("--help", cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_on_a_full_disk_is_2(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = run_opslint("--help", cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "error: cannot write to standard output: No space left on device\n")


def test_a_pack_cannot_end_the_run_with_0(tmp_path):
    (tmp_path / "mine.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "a.yaml").write_text("a: 1\n")
    done = run_opslint("--rules-from", "mine.py", cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "error: a rule pack ended the run: sys.exit(0)\n")


@pytest.mark.parametrize("text", ["{}", "[1, 2]", "hello", "  \n"])
def test_standard_input_without_an_object_is_incomplete(text, tmp_path):
    done = run_opslint("-", "-f", "concise", cwd=tmp_path, input=text, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3
    assert done.stderr.splitlines()[0] == "error: -: standard input holds no Kubernetes object"


def test_an_empty_dump_is_complete(tmp_path):
    dump = '{"apiVersion": "v1", "kind": "List", "items": []}'
    assert run_opslint("-", "-q", cwd=tmp_path, input=dump.encode()).returncode == 0


def test_a_long_line_of_a_wrong_configuration_is_cut(tmp_path):
    (tmp_path / ".opslint.yaml").write_text("ignore: " + "[" * 100_000)
    done = run_opslint(".", cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert max(map(len, lines)) < 200
    assert "^" in lines[-1]


def test_a_configured_chart_that_does_not_exist_is_incomplete(tmp_path):
    (tmp_path / ".opslint.yaml").write_text("charts: [{path: typo}]\nterraform: [{path: infar}]\n")
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    done = run_opslint(".", "-f", "concise", cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3
    assert done.stderr.splitlines()[:2] == [
        "error: infar: the configuration names it, but it is no folder",
        "error: typo: the configuration names it, but it is no chart: there is no Chart.yaml",
    ]
