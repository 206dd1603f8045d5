"""Plain command lines are read as click reads them, and without it."""

import random
import subprocess
import sys

import click
import pytest

from opslint.cli import main, quick
from opslint.cli.arguments import OPTIONS, read_plain
from opslint.cli.check import check
from opslint.cli.group import CONTEXT
from opslint.cli.streams import stop

VALUES = [
    "next",
    "1.34,v1.33.2",
    "a,b",
    "",
    " ",
    "2027-01-31",
    "json",
    "high",
    "never",
    "embedded",
    "strict",
    "k=v",
    "3",
    "-",
    "x y",
]


def by_click(arguments):
    """Return (paths, parameters) as click reads them, None for an error."""
    try:
        found = dict(check.make_context("check", list(arguments), **CONTEXT).params)
    except (click.ClickException, click.exceptions.Exit):
        return None
    return found.pop("paths"), found


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_each_option_is_read_as_click_reads_it(option):
    read = 0
    for name in option.names:
        lines = [[name]] if option.is_flag else [[name, value] for value in VALUES]
        if name.startswith("--"):
            lines += [[f"{name}={value}"] for value in VALUES]
        for line in (*lines, ["a", *lines[0], "b"], [*lines[0], *lines[-1]]):
            plain = read_plain(line)
            assert plain is None or plain == by_click(line), line
            read += plain is not None
    assert read or option.key == "jobs"


def test_whole_lines_are_read_as_click_reads_them(capsys):
    rng = random.Random(7)
    names = [name for option in OPTIONS for name in option.names]
    words = [*names, *VALUES, "charts", "k8s/a.yaml", "--help", "-h", "--", "-qv", "-knext", "--unknown", "--form"]
    read = 0
    for _ in range(3000):
        line = [rng.choice(words) for _ in range(rng.randrange(5))]
        plain = read_plain(line)
        if plain is not None:
            assert plain == by_click(line), line
            read += 1
    assert read > 300


@pytest.mark.parametrize(
    "line",
    [
        ["--help"], ["-h"], ["--", "a"], ["-"], ["-qv"], ["--form", "json"], ["--format"], ["--format", "x"], [""],
        ["--quiet=1"], ["--as-of", "never"], ["--select", ","], ["--jobs", "2"], ["--select", "--quiet"],
    ],
)  # fmt: skip
def test_what_click_has_an_answer_to_is_left_to_it(line):
    assert read_plain(line) is None


@pytest.mark.parametrize("line", [["rules"], ["inventory", "x"], ["--help"]])
def test_other_commands_are_left_to_click(line, monkeypatch):
    monkeypatch.setattr("opslint.cli.lint.lint_paths", lambda *_: pytest.fail("linted"))
    assert quick.run_plainly(line) is None


def test_check_may_be_named(monkeypatch):
    asked = []
    monkeypatch.setattr("opslint.cli.lint.lint_paths", lambda paths, given: asked.append((paths, given["quiet"])) or 3)
    assert quick.run_plainly(["check", "a", "--quiet"]) == 3
    assert asked == [(("a",), True)]
    monkeypatch.setenv("_OPSLINT_COMPLETE", "bash_source")
    assert quick.run_plainly(["check", "a"]) is None


def raising(error):
    def run(*_):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "\n"),
        (SystemExit(5), 2, "error: a rule pack ended the run: sys.exit(5)\n"),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (
            OSError(28, "No space left on device"),
            2,
            "error: cannot write to standard output: No space left on device\n",
        ),
        (click.exceptions.Exit(7), 7, ""),
        (ValueError("odd"), 2, "internal error: ValueError: odd"),
    ],
)
def test_what_ends_a_run_has_its_status(monkeypatch, capsys, error, status, said):
    monkeypatch.setattr("opslint.cli.lint.lint_paths", raising(error))
    monkeypatch.setattr(quick, "forget_stdout", lambda: None)
    monkeypatch.setattr("opslint.cli.streams.forget_stdout", lambda: None)
    assert main.main(["a"]) == status
    assert said in capsys.readouterr().err


def test_a_wrong_usage_is_said_by_click_with_the_usage(capsys, tmp_path):
    assert main.main([str(tmp_path / "gone")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Usage: opslint check [OPTIONS] [PATH]...\n")
    assert said.count("there is no file or folder") == 1


def test_a_disk_that_is_full_ends_the_command_as_before(monkeypatch, capsys):
    monkeypatch.setattr("opslint.cli.lint.lint_paths", lambda *_: stop("full"))
    assert main.main(["."]) == 2
    assert capsys.readouterr().err == "error: full\n"


def test_linting_a_file_does_not_import_click(tmp_path):
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    code = (
        "import sys\nfrom opslint.cli.main import main\n"
        f"assert main([{str(tmp_path)!r}, '-q', '--format=json']) == 0\n"
        "print({'click', 'rich', 'pathspec', 'jsonschema', 'hcl2', 'subprocess'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"
