import io

import pytest

from opslint.read.helm.worker import merge, put, read_frame, write_frame


def test_frames():
    stream = io.BytesIO()
    write_frame(stream, b"abc")
    write_frame(stream, b"")
    stream.seek(0)
    assert [read_frame(stream), read_frame(stream), read_frame(stream)] == [b"abc", b"", None]


def test_cut_and_long_frames():
    stream = io.BytesIO()
    write_frame(stream, b"abc")
    assert read_frame(io.BytesIO(stream.getvalue()[:-1])) is None
    stream.seek(0)
    with pytest.raises(ValueError, match="3 bytes"):
        read_frame(stream, limit=2)


def test_files_merge_maps_and_replace_the_rest():
    values = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    merge(values, {"a": {"c": [3], "e": None}, "d": {"f": 1}})
    assert values == {"a": {"b": 1, "c": [3], "e": None}, "d": {"f": 1}}


def test_set_with_an_index_keeps_the_other_items():
    values = {"l": [{"a": 1, "b": 2}, {"a": 3}]}
    merge(values, {"l": [None, {"a": 4}, {"a": 5}]}, lists=True)
    assert values == {"l": [{"a": 1, "b": 2}, {"a": 4}, {"a": 5}]}


def test_put_makes_what_is_missing():
    values = {"a": 1, "l": [1]}
    put(values, ["a", "b", 1, "c"], True)
    put(values, ["l", 0], 2)
    assert values == {"a": {"b": [None, {"c": True}]}, "l": [2]}
