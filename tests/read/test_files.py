"""Opening one file safely."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from opslint.model import limits
from opslint.model.report import Failure
from opslint.model.source import Source
from opslint.read import files
from opslint.read.files import read_text

if TYPE_CHECKING:
    from pathlib import Path


def text_of(root: Path, data: bytes) -> str:
    (root / "a.yaml").write_bytes(data)
    source = read_text(root, "a.yaml", "values")
    assert isinstance(source, Source)
    return source.text


def failure_of(root: Path, data: bytes) -> tuple[int, str]:
    (root / "a.yaml").write_bytes(data)
    failure = read_text(root, "a.yaml", "yaml")
    assert isinstance(failure, Failure)
    assert (failure.path, failure.kind) == ("a.yaml", "file")
    return failure.line, failure.message


def test_a_file_keeps_its_line_breaks_and_loses_its_mark(tmp_path: Path) -> None:
    assert text_of(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: \xc3\xa9\n") == "a: 1\r\nb: é\n"
    assert text_of(tmp_path, b"") == ""


def test_a_source_knows_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "my dir").mkdir()
    (tmp_path / "my dir" / "b.yaml").write_text("a: 1")
    source = read_text(tmp_path, "my dir/b.yaml", "values")
    assert isinstance(source, Source)
    assert (source.path, source.kind) == ("my dir/b.yaml", "values")
    assert source.absolute == str(tmp_path.resolve() / "my dir" / "b.yaml")


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        ("a: 1".encode("utf-16"), 1, "UTF-16"),
        (b"\xfe\xff\x00a", 1, "UTF-16"),
        ("a: 1".encode("utf-32"), 1, "UTF-32"),
        (b"a: 1\nb: \xe9t\n", 2, "byte 0xe9 on line 2"),
        (b"\xef\xbb\xbf\n\nb: \xff\n", 3, "byte 0xff on line 3"),
        (b"a\nb\0c", 2, "NUL"),
    ],
)
def test_what_is_no_utf8(tmp_path: Path, data: bytes, line: int, word: str) -> None:
    found, message = failure_of(tmp_path, data)
    assert found == line
    assert word in message


def test_missing_files_directories_and_impossible_names(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for path, word in (("none.yaml", "no such file"), ("d", "directory"), ("a\0b", "name"), ("d/x/y", "no such")):
        failure = read_text(tmp_path, path, "yaml")
        assert isinstance(failure, Failure)
        assert word in failure.message


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    failure = read_text(tmp_path, "pipe.yaml", "yaml")
    assert isinstance(failure, Failure)
    assert failure.message == "is not a regular file"


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(limits.FILE_BYTES + 1)
    failure = read_text(tmp_path, "a.yaml", "yaml")
    assert isinstance(failure, Failure)
    assert failure.kind == "limit"
    assert "20 MB" in failure.message


def test_a_link_inside_is_followed_and_one_that_leaves_is_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.yaml").write_text("inside")
    (tmp_path / "secret.yaml").write_text("outside")
    (root / "in.yaml").symlink_to("a.yaml")
    (root / "out.yaml").symlink_to("../secret.yaml")
    (root / "up").symlink_to("..")
    inside = read_text(root, "in.yaml", "yaml")
    assert isinstance(inside, Source)
    assert inside.text == "inside"
    for path in ("out.yaml", "up/secret.yaml", "../secret.yaml", str(tmp_path / "secret.yaml")):
        failure = read_text(root, path, "yaml")
        assert isinstance(failure, Failure)
        assert "leaves" in failure.message


def test_a_link_to_itself_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert isinstance(read_text(tmp_path, "loop.yaml", "yaml"), Failure)


def test_permission_denied_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("a: 1")

    def refuse(root: Path, path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(files, "open_bytes", refuse)
    failure = read_text(tmp_path, "a.yaml", "yaml")
    assert isinstance(failure, Failure)
    assert "permission denied" in failure.message
