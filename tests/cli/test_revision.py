"""The commit and the remote, read from git's files."""

import pytest

from opslint.cli.revision import read_revision

COMMIT = "0123456789" * 4


@pytest.fixture
def git(tmp_path):
    folder = tmp_path / ".git"
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    return folder


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:token@example.com/a/b.git", "https://example.com/a/b"),
        ("https://example.com/a/b?token=x", "https://example.com/a/b"),
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("ssh://git@example.com/a/b.git", "ssh://example.com/a/b"),
        ("/srv/git/a", ""),
        ("file:///srv/git/a", ""),
    ],
)
def test_remote_without_credentials(git, tmp_path, url, shown):
    (git / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    (git / "config").write_text(f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n')
    assert read_revision(tmp_path) == (COMMIT, shown, "main")


def test_packed_and_detached(git, tmp_path):
    (git / "packed-refs").write_text(f"# pack-refs\n{'f' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n")
    assert read_revision(tmp_path) == (COMMIT, "", "main")
    (git / "HEAD").write_text(COMMIT)
    assert read_revision(tmp_path) == (COMMIT, "", "")


def test_nothing_that_is_no_commit(git, tmp_path):
    (git.parent / "secret").write_text("password")
    (git / "HEAD").write_text("ref: refs/../../secret\n")
    assert read_revision(tmp_path)[0] == ""
    (git / "HEAD").write_text("ref: refs/heads/none\n")
    assert read_revision(tmp_path)[0] == ""


def test_a_work_tree_gives_nothing(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    assert read_revision(tmp_path) == ("", "", "")
