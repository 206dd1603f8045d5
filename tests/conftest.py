"""What tests of several folders share."""

from datetime import date

import pytest

from opslint.engine.packs import Pack
from opslint.engine.run import lint
from opslint.model.settings import Settings


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
