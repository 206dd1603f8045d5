"""Shell completion, asked for as the shells' scripts do."""

import os
import subprocess
import sys

import pytest
from processes import child_environment


def ask(mode, words=""):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "_OPSLINT_COMPLETE": mode,
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")) if mode.startswith("bash") else words.rpartition(" ")[2],
    }
    command = [sys.executable, "-c", "import sys; from opslint.cli.main import main; sys.exit(main())"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell):
    script = ask(f"{shell}_source")
    assert f"{shell}_complete" in script
    assert "opslint" in script


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("opslint --forma", ["plain,--format"]),
        ("opslint --format ju", ["plain,junit"]),
        ("opslint check --preset st", ["plain,strict"]),
        ("opslint explain pdb-blocks-d", ["plain,pdb-blocks-drain"]),
        ("opslint --select upgr", ["plain,upgrade"]),
        ("opslint --ignore cost,missing-pd", ["plain,cost,missing-pdb"]),
        ("opslint upgrade --fo", ["plain,--format"]),
        ("opslint charts/", ["file,charts/"]),
        ("opslint upgrade charts/", ["file,charts/"]),
        ("opslint inv", ["plain,inventory", "file,inv"]),
    ],
)
def test_what_is_offered(words, offered):
    assert ask("bash_complete", words).split() == offered


def test_fish_takes_what_stands_behind_the_first_comma_whole():
    assert 'string split -m 1 "," $completion' in ask("fish_source")
    assert ask("fish_complete", "opslint --ignore cost,missing-pd").partition("\t")[0] == "plain,cost,missing-pdb"


def test_fish_gets_the_summaries():
    assert "missing-pdb\tA workload" in ask("fish_complete", "opslint explain missing-pdb").replace("\\t", "\t")


def test_a_shell_that_takes_no_script_is_no_crash():
    reading, writing = os.pipe()
    os.close(reading)
    environment = child_environment()
    done = subprocess.run(
        [sys.executable, "-m", "opslint"],
        env=environment | {"_OPSLINT_COMPLETE": "fish_source"},
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
