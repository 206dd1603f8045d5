"""Where the cache is, in tests and for users."""

import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import user_cache_path
from processes import child_environment

from opslint.read import cache
from opslint.read.cache import Cache

ROOT = Path(__file__).parents[2]


def test_tests_and_what_they_start_have_a_cache_of_their_own(user_home):
    assert Cache("charts")._folder.is_relative_to(user_home)
    code = "from opslint.read.cache import Cache; print(Cache('charts')._folder)"
    environment = child_environment()
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(user_home)


def test_the_documentation_says_what_the_cache_holds():
    text = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    assert "It is the rendered text, with whatever values went into it" in text
    assert "what the files and variables of Terraform were parsed to" in text
    assert "what the YAML of a small repository was" in text
    assert "files of mode 0600" in text
    assert "--no-cache" in text


@pytest.mark.parametrize("given", ["", " ", "/caches", "relative"])
def test_the_folder_is_where_platformdirs_has_it(monkeypatch, given):
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    assert cache._user_cache() == user_cache_path("opslint", appauthor=False)
