"""What tests of several folders share."""

import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

import pytest

from opslint.cli.main import main
from opslint.engine.packs import Pack
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.read.helm.engine import Engine

MEMORY = Path("/dev/shm")  # a file system in memory, where there is one
ROOM = 2_000_000_000  # bytes that must be free there


def pytest_configure():
    """Let temporary files be in memory: on many disks, making and removing many small files is slow."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= ROOM and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)  # for this process, and for those that it starts


@pytest.fixture(scope="session", autouse=True)
def user_home(tmp_path_factory):
    """Give the tests, and every process they start, a user's folders of their own: no test sees or fills a real cache."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(home / name.lower()))
        yield home


@pytest.fixture
def run_in_repository(monkeypatch, capsys):
    """Run opslint in the repository's root: `run_in_repository(*arguments) -> (status, output)`."""
    monkeypatch.chdir(Path(__file__).parents[1])
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments):
        status = main(list(arguments))
        return status, capsys.readouterr().out

    return call


@pytest.fixture(scope="session")
def running_engine():
    with Engine(Settings(no_cache=True)) as running:
        yield running


@pytest.fixture
def one_engine(running_engine, monkeypatch):
    """Render the charts of all tests that use this with one worker: starting one takes longer than a test."""
    monkeypatch.setattr("opslint.read.charts.Engine", lambda settings: running_engine)
    monkeypatch.setattr(running_engine, "close", lambda: None)


@pytest.fixture
def lint_files(tmp_path):
    """Write files into a folder of their own and lint it: `lint_files({path: text}, rules, **settings) -> Report`."""

    def run(files, rules=(), /, *, paths=(".",), stdin=None, **settings):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(text, bytes):
                target.write_bytes(text)
            else:
                target.write_text(text, encoding="utf-8")
        settings = {"as_of": date(2026, 11, 22), "preset": "all", "no_cache": True} | settings
        return lint(
            [path if path == "-" else str(tmp_path / path) for path in paths],
            Settings(root=str(tmp_path), **settings),
            [Pack("test", tuple(rules))],
            stdin,
        )

    return run
