"""A folder that is linted and fixed with one rule, for the tests of repair."""

from datetime import date
from pathlib import Path

import pytest

from opslint.api import (
    STRICT,
    Fix,
    Problem,
    Safety,
    Severity,
    rule,
)
from opslint.engine.packs import Pack
from opslint.engine.repair.passes import repair
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.read.plan import read_project


def _rule_for(each, changes_of, safety=Safety.SAFE):
    """A rule that proposes what `changes_of(item)` returns; nothing when that is ()."""

    @rule(each=each, severity=Severity.LOW, preset=STRICT)
    def proposes(item, project):
        """Proposes a change."""
        changes = changes_of(item)
        if changes:
            at = getattr(item, "root", None) if each.what == "kind" else item.body
            yield Problem("here", at, fix=Fix("change it", tuple(changes), safety))

    return proposes


class Shop:
    """A folder of files, linted and fixed with one rule."""

    def __init__(self, root: Path):
        self.root = root

    rule_for = staticmethod(_rule_for)

    def write(self, files):
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def lint(self, one, *, fixing=True, **settings):
        settings = {"as_of": date(2026, 11, 22), "preset": "all", "no_cache": True} | settings
        return lint([str(self.root)], Settings(root=str(self.root), **settings), [Pack("test", (one,))], fixing=fixing)

    def fix(self, files, one, **settings):
        """Return the files after fixing, as bytes; the run is one that breaks nothing."""
        self.write(files)
        result = repair(lambda: self.lint(one, **settings), self.root, unsafe=True)
        assert result.refusals == []
        result.write(self.root)
        again = repair(lambda: self.lint(one, **settings), self.root, unsafe=True)
        assert again.files == {}, "fixing twice changes something"
        return {path: (self.root / path).read_bytes() for path in files}

    def shown(self, files, one, **settings):
        """Return the fixes of the findings, unapplied."""
        self.write(files)
        return [finding.fix for finding in self.lint(one, **settings).findings]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def read(tmp_path):
    """Write files into a folder of their own and read it: `read({path: text}, **settings) -> Project`."""

    def run(files, **settings):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return read_project([str(tmp_path)], Settings(root=str(tmp_path), no_cache=True, **settings)).project

    return run


@pytest.fixture
def project_of(tmp_path):
    """Read files, one text as `main.tf`: `project_of({path: text}, settings) -> Project`."""

    def make(files, settings=None):
        for name, text in ({"main.tf": files} if isinstance(files, str) else files).items():
            path = Path(tmp_path, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_project([str(tmp_path)], settings or Settings(root=str(tmp_path))).project

    return make
