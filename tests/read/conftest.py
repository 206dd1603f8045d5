"""A repository of its own for a test, and a stand-in for kustomize."""

import stat

import pytest

from opslint.model.settings import Settings
from opslint.read.plan import read_project


@pytest.fixture
def write(tmp_path):
    root = tmp_path / "repo"
    root.mkdir()

    def run(files):
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return root

    return run


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Put a stand-in for kustomize on the PATH: `tool(output, script) -> the folder with what it was called with`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def run(output="", script="", name="kustomize"):
        (folder / "out").write_text(output, encoding="utf-8")
        program = folder / name
        program.write_text(
            f"#!/bin/sh\necho \"$@\" >> '{folder}/calls'\nset > '{folder}/env'\n"
            f"/bin/cat \"$2/kustomization.yaml\" > '{folder}/wrapper'\n{script}\nexec /bin/cat '{folder}/out'\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        return folder

    return run


@pytest.fixture
def read(write):
    def run(files, **settings):
        root = write(files)
        return read_project([str(root)], Settings(root=str(root), **settings))

    return run
