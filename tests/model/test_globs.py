from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslint.model.patterns import glob_matches

TEXTS = st.text("ab/\n*[", max_size=6)


@given(TEXTS, st.text("ab/\n*?[]!", max_size=6))
def test_a_glob_means_what_fnmatch_means(text, glob):
    assert glob_matches(text, glob) == fnmatchcase(text, glob)


@given(TEXTS, TEXTS, st.sampled_from(["{}", "{}*", "*{}", "*{}*", "**{}", "{}**"]))
def test_a_glob_of_a_piece_of_the_text_means_the_same(text, piece, form):
    whole = text + piece
    assert glob_matches(whole, form.format(piece)) == fnmatchcase(whole, form.format(piece))


@pytest.mark.parametrize("glob", ["web", "web-*", "*-web", "*web*", "*"])
def test_a_common_glob_compiles_nothing(monkeypatch, glob):
    monkeypatch.setattr("opslint.model.patterns.fnmatchcase", lambda *_: pytest.fail("compiled"))
    assert glob_matches("web", "web")
    assert glob_matches("web", glob) == (glob in {"web", "*web*", "*"})
