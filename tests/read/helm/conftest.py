"""Writing charts and rendering them, with one worker for the whole session."""

from pathlib import Path

import pytest

from opslint.model.settings import Settings
from opslint.read.helm.chart import load_chart
from opslint.read.helm.engine import Engine, render_release
from opslint.read.helm.releases import releases

CHARTS = Path(__file__).parents[2] / "charts"
CHART_YAML = "apiVersion: v2\nname: x\nversion: 1.0.0\n"


@pytest.fixture(scope="session")
def engine():
    with Engine() as running:
        yield running


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path_factory, monkeypatch):
    """Keep what one test rendered out of the next."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("opslint.read.cache._user_cache", lambda: folder)


@pytest.fixture
def write(tmp_path):
    """Write files into the test's folder: `write({path: text or bytes}) -> folder`."""

    def run(files):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return run


@pytest.fixture
def render(write, engine):
    """Write a chart named x and render it as its first release: `render({path: text}, **settings) -> Rendered`."""

    def run(files, chart="x", /, minor=33, api_versions=(), number=0, **settings):
        root = write({f"{chart}/Chart.yaml": CHART_YAML} | {f"{chart}/{path}": text for path, text in files.items()})
        loaded = load_chart(root, chart)
        assert loaded.failures == []
        release = releases(loaded, Settings(root=str(root), **settings))[number]
        return render_release(engine, loaded, release, minor, api_versions)

    return run


@pytest.fixture
def shop():
    return load_chart(CHARTS, "shop")
