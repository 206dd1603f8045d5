"""The cache: whole entries or none, whatever happens to its folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opslint.read import cache as module
from opslint.read.cache import Cache, TupleCache, key_of

KEY = key_of([b"a"])


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_kept_is_found_by_its_key_only(tmp_path):
    Cache("x", tmp_path).put(KEY, ["ä\ud800", {"b": 1}])
    assert Cache("x", tmp_path).get(KEY) == ["ä\ud800", {"b": 1}]
    assert Cache("x", tmp_path).get(key_of([b"b"])) is None


def test_tuples_come_back_as_they_were(tmp_path):
    tree = [(1, 2.5, "ä\ud83d", None, True, [("b", [])])]
    TupleCache("x", tmp_path).put(KEY, tree)
    assert repr(TupleCache("x", tmp_path).get(KEY)) == repr(tree)
    assert Cache("x", tmp_path).get(KEY) is None


def test_what_marshal_cannot_write_is_not_kept(tmp_path):
    deep = []
    for _ in range(2_500):
        deep = [deep]
    cache = TupleCache("x", tmp_path)
    for answer in (deep, object()):
        cache.put(KEY, answer)
        assert cache.get(KEY) is None
    assert files(tmp_path) == []


def test_tuples_that_do_not_fit_their_sum_are_never_unpacked(tmp_path, monkeypatch):
    TupleCache("x", tmp_path).put(KEY, [("good",)])
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"good", b"evil"))
    monkeypatch.setattr(module.marshal, "loads", lambda _: pytest.fail("unpacked"))
    assert TupleCache("x", tmp_path).get(KEY) is None


@pytest.mark.parametrize("body", [b"", b"[\xff\xff\xff\x00", b"?", b"(\x02\x00\x00\x00N"])
def test_tuples_that_cannot_be_unpacked_count_as_not_kept(tmp_path, body):
    (tmp_path / f"{KEY}.tuples").write_bytes(module._sum(KEY, body).encode() + b"\n" + body)
    assert TupleCache("x", tmp_path).get(KEY) is None


def test_tuples_that_there_is_no_memory_for_count_as_not_kept(tmp_path, monkeypatch):
    def loads(_):
        raise MemoryError

    TupleCache("x", tmp_path).put(KEY, [1])
    monkeypatch.setattr(module.marshal, "loads", loads)
    assert TupleCache("x", tmp_path).get(KEY) is None


def test_tuples_count_for_the_room_of_the_folder(tmp_path):
    for number in range(9):
        TupleCache("x", tmp_path, limit=5_000).put(key_of([bytes([number])]), ("x" * 930,))
    assert 0 < len(files(tmp_path)) < 6


def test_parts_of_a_key_keep_their_borders():
    assert len({key_of(parts) for parts in ([b"ab"], [b"a", b"b"], [b"a", b"", b"b"], [b"", b"ab"])}) == 4


def test_only_the_user_may_read_it(tmp_path):
    folder = tmp_path / "new" / "charts"
    Cache("x", folder).put(KEY, "secret")
    (entry,) = folder.iterdir()
    assert entry.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-3],
        lambda data: data.replace(b"good", b"evil"),
        lambda data: b"[]",
        lambda data: b"\xff\xfe\x00\n" + data,
        lambda data: data.partition(b"\n")[0] + b"\n" + b"[" * 100_000,
    ],
    ids=["empty", "cut", "changed", "headless", "bytes", "deep"],
)
def test_damaged_entries_count_as_not_kept_and_are_replaced(tmp_path, damage):
    Cache("x", tmp_path).put(KEY, ["good"])
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    again = Cache("x", tmp_path)
    assert again.get(KEY) is None
    again.put(KEY, ["good"])
    assert again.get(KEY) == ["good"]


def test_an_entry_under_the_name_of_another_is_not_taken(tmp_path):
    Cache("x", tmp_path).put(KEY, ["mine"])
    (entry,) = tmp_path.iterdir()
    other = key_of([b"other"])
    entry.rename(tmp_path / f"{other}.json")
    assert Cache("x", tmp_path).get(other) is None


def test_the_longest_unused_are_dropped_when_it_is_full(tmp_path):
    keys = [key_of([bytes([number])]) for number in range(12)]
    cache = Cache("x", tmp_path, limit=10_000)
    for age, key in enumerate(keys[:9]):
        cache.put(key, "x" * 930)
        os.utime(tmp_path / f"{key}.json", (1000 + age, 1000 + age))
    assert Cache("x", tmp_path, limit=10_000).get(keys[0]) is not None  # used just now: the first is not the oldest
    cache.put(keys[9], "x" * 930)
    cache.put(keys[10], "x" * 930)
    kept = [number for number, key in enumerate(keys) if cache.get(key) is not None]
    assert kept == [0, 4, 5, 6, 7, 8, 9, 10]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000


def test_entries_of_other_runs_count_as_well(tmp_path):
    first, second = Cache("x", tmp_path, limit=3000), Cache("x", tmp_path, limit=3000)
    first.put(key_of([b"1"]), "x" * 900)
    second.put(key_of([b"2"]), "x" * 900)
    Cache("x", tmp_path, limit=3000).put(key_of([b"3"]), "x" * 1300)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3000


def test_what_is_too_large_is_not_kept(tmp_path):
    cache = Cache("x", tmp_path, limit=100)
    cache.put(KEY, "x" * 200)
    assert cache.get(KEY) is None
    assert files(tmp_path) == []


def test_half_written_files_of_killed_runs_go(tmp_path):
    part = tmp_path / "tmpabc.part"
    part.write_bytes(b"x")
    os.utime(part, (1000, 1000))
    (tmp_path / "tmpnew.part").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"not ours")
    Cache("x", tmp_path).put(KEY, 1)
    assert files(tmp_path) == sorted([f"{KEY}.json", "notes.txt", "tmpnew.part"])


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    cache = Cache("x", tmp_path / "file" / "charts")
    cache.put(KEY, 1)
    assert cache.get(KEY) is None


def test_a_failing_write_leaves_nothing_and_is_not_tried_again(tmp_path, monkeypatch):
    tries = []

    def fail(*_):
        tries.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "replace", fail)
    cache = Cache("x", tmp_path)
    cache.put(KEY, 1)
    cache.put(KEY, 1)
    assert (files(tmp_path), len(tries)) == ([], 1)


def test_a_folder_that_others_may_write_into_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr("opslint.read.cache._user_cache", lambda: tmp_path)
    folder = tmp_path / "x"
    Cache("x").put(KEY, 1)
    assert Cache("x").get(KEY) == 1
    folder.chmod(0o777)
    cache = Cache("x")
    assert cache.get(KEY) is None
    cache.put(key_of([b"b"]), 1)
    assert len(files(folder)) == 1


def test_a_relative_cache_folder_is_not_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("opslint.read.cache._user_cache", lambda: Path("cache"))
    Cache("x").put(KEY, 1)
    assert files(tmp_path) == []


def test_runs_at_the_same_time_see_whole_entries(tmp_path):
    code = (
        "import sys; from pathlib import Path; from opslint.read.cache import Cache, key_of\n"
        "cache = Cache('x', Path(sys.argv[1]), limit=400_000)\n"
        "for number in range(120):\n"
        "    key = key_of([bytes([number % 9])])\n"
        "    found = cache.get(key)\n"
        "    assert found is None or found == [number % 9, 'x' * 60_000], found\n"
        "    cache.put(key, [number % 9, 'x' * 60_000])\n"
    )
    path = str(Path(module.__file__).parents[2])
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE) for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in running] == [(b"", 0)] * 3
    assert not [name for name in files(tmp_path) if not name.endswith(".json")]
