"""The child process that holds the Helm engine: `main` is its program.

A request is a frame of JSON followed by one frame per chart archive; the answer is one frame of JSON per archive.
A frame is its length in 8 bytes (big endian) and its bytes. The engine's own output never reaches the pipe.

The limit on time is one on processor time, and the process ends itself when a rendering has used it up: how long a
chart takes by the clock depends on what else the machine does. The parent only watches for a process that stands still.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY_STATUS: Final = 77  # exit status of a worker that outgrew its memory
TIME_STATUS: Final = 78  # exit status of a worker whose rendering used up its time
_MERGEABLE: Final = re.compile(r"\[\d+\]")


def read_frame(stream: BinaryIO, limit: int = 1 << 62) -> bytes | None:
    """Return the next frame, None at the end of the stream. Raises ValueError for a frame longer than `limit`."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    length = int.from_bytes(head, "big")
    if length > limit:
        raise ValueError(f"a frame of {length} bytes")
    data = stream.read(length)
    return data if len(data) == length else None


def write_frame(stream: BinaryIO, data: bytes) -> None:
    """Write one frame."""
    stream.write(len(data).to_bytes(8, "big"))
    stream.write(data)
    stream.flush()


def main(memory: int) -> None:
    """Answer requests from standard input until it ends. `memory` is the limit in bytes, 0 for none."""
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    silent = os.open(os.devnull, os.O_RDWR)
    os.dup2(silent, 0)
    os.dup2(silent, 1)
    _limit(memory)
    _end_with_parent()
    try:
        import helm_python  # noqa: F401 - tens of milliseconds: only here
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the wheel, the parent is told
        write_frame(answers, json.dumps({"ok": False, "kind": "missing", "message": str(error)}).encode())
        return
    write_frame(answers, b'{"ok": true}')
    clock = Clock()
    while (head := read_frame(requests)) is not None:
        request = json.loads(head)
        archives = [read_frame(requests) or b"" for _ in range(request["archives"])]
        for archive in archives:
            clock.start(request["seconds"])
            answer = _answer(archive, request)
            clock.stop()
            write_frame(answers, json.dumps(answer, ensure_ascii=False).encode())


class Clock:
    """Ends the process when a rendering has used more processor time than it may."""

    def __init__(self) -> None:
        self._deadline = math.inf
        self._wake = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self, seconds: float) -> None:
        """Allow this many seconds of processor time from now on."""
        self._deadline = time.process_time() + seconds
        self._wake.set()

    def stop(self) -> None:
        """Take the limit away."""
        self._wake.clear()
        self._deadline = math.inf

    def _watch(self) -> None:
        while True:
            self._wake.wait()
            left = self._deadline - time.process_time()
            if left <= 0:
                os._exit(TIME_STATUS)
            # Several threads may use it up faster than the clock goes.
            time.sleep(min(max(left / 4, 0.01), 1.0))


def _end_with_parent() -> None:
    """End when the parent is gone: it may be killed while an endless template renders, which looks at nothing."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            pause.wait(0.5)
        os._exit(1)

    pause = threading.Event()
    threading.Thread(target=watch, daemon=True).start()


def _limit(memory: int) -> None:
    """Bound the address space on Linux; elsewhere a thread watches what is resident."""
    if not memory:
        return
    try:
        import resource  # does not exist on Windows
    except ImportError:
        return
    if sys.platform == "linux":
        # Half as much on top: a deep recursion's stack grows by being copied, and earlier charts left holes.
        resource.setrlimit(resource.RLIMIT_AS, (memory + memory // 2,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        return

    def watch() -> None:
        unit = 1 if sys.platform == "darwin" else 1024
        while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < memory:
            pause.wait(0.1)
        os._exit(MEMORY_STATUS)

    pause = threading.Event()
    threading.Thread(target=watch, daemon=True).start()


def _answer(archive: bytes, request: Mapping[str, Any]) -> dict[str, object]:
    try:
        files = _render(archive, request)
    except MemoryError:
        os._exit(MEMORY_STATUS)
    except Exception as error:  # noqa: BLE001 - any error of the engine is the chart's, and is reported with it
        return {"ok": False, "kind": type(error).__name__, "message": str(error)}
    size = sum(map(len, files.values()))
    if size > request["limit"]:
        return {"ok": False, "kind": "limit", "message": f"{size} characters of output"}
    return {"ok": True, "files": files}


def _render(archive: bytes, request: Mapping[str, Any]) -> dict[str, str]:
    """Render one archive. This is the one place that knows the engine's interface.

    The public `Chart.render` does not take the cluster's capabilities, the call under it does.
    """
    import helm_python
    from helm_python import _native

    values: dict[str, Any] = {}
    for text in request["values"]:
        merge(values, helm_python.values_from_yaml(text))
    for path, value in request["set"]:
        put(values, path, value)
    for expression in request["set_strings"]:
        given = json.loads(_native.call_string("helm_strvals_parse", expression))
        merge(values, given, lists=_MERGEABLE.search(expression) is not None)
    with helm_python.Chart.load_archive(archive) as chart:
        text = _native.call_string("helm_render", chart._raw(), json.dumps(values), json.dumps(request["options"]))  # noqa: SLF001
    files: dict[str, str] = json.loads(text)
    return files


def merge(into: dict[str, Any], more: Mapping[str, Any], *, lists: bool = False) -> None:
    """Merge values as Helm merges files: maps by key, everything else replaced; lists by item when `lists`."""
    for key, value in more.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merge(old, value, lists=lists)
        elif lists and isinstance(old, list) and isinstance(value, list):
            into[key] = _items(old, value)
        else:
            into[key] = value


def _items(old: list[Any], new: list[Any]) -> list[Any]:
    """Lay the items that `a[1].b=…` gives over those that are there; a gap it left is null."""
    out = list(old) + [None] * max(len(new) - len(old), 0)
    for index, item in enumerate(new):
        if isinstance(item, dict) and isinstance(out[index], dict):
            merge(out[index], item, lists=True)
        elif item is not None:
            out[index] = item
    return out


def put(values: dict[str, Any], path: list[str | int], value: object) -> None:
    """Set the value at a path of keys and indices, making maps and lists on the way."""
    here: Any = values
    for key, following in zip(path, [*path[1:], None], strict=True):
        if isinstance(key, int):
            here.extend([None] * (key + 1 - len(here)))
        old = here[key] if isinstance(key, int) else here.get(key)
        if following is None:
            here[key] = value
            return
        wanted = list if isinstance(following, int) else dict
        if not isinstance(old, wanted):
            old = wanted()
            here[key] = old
        here = old
