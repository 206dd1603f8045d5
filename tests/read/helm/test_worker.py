import io
import os
import signal
import subprocess
import sys
import time

import pytest
from processes import child_environment

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


# Renders a template that never ends, and tells the worker's process when it was asked to.
PARENT = """\
import sys
from pathlib import Path
from opslint.read.helm.backend import Embedded, Limits, Request
from opslint.read.helm.process import Worker
from opslint.read.helm.chart import load_chart
send = Worker.send
def told(self, *request):
    send(self, *request)
    print(self._process.pid, flush=True)
Worker.send = told
Embedded(Limits(seconds=600)).render(load_chart(Path(sys.argv[1]), "x"), [{}], Request("r", "n", "v1.34.0"))
"""


def test_the_worker_ends_with_a_parent_that_is_killed_while_it_renders(write):
    endless = '{{ range until 30000 }}{{ range until 30000 }}{{ $x := sha256sum "a" }}{{ end }}{{ end }}'
    root = write({"x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n", "x/templates/a.yaml": endless})
    environment = child_environment()
    command = [sys.executable, "-c", PARENT, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        worker = int(process.stdout.readline())
        assert _runs(worker)
        process.kill()
    deadline = time.monotonic() + 20
    while (alive := _runs(worker)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if alive:
        os.kill(worker, signal.SIGKILL)
    assert not alive


def _runs(pid):
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in {"", "Z"}
