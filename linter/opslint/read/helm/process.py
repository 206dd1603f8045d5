"""The process that holds the embedded Helm engine, as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from opslint.read.helm.backend import SLACK, Answer
from opslint.read.helm.worker import MEMORY_STATUS, TIME_STATUS, read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.read.helm.backend import Limits


class Worker:
    """One worker process. A thread reads its answers, so that waiting for one can end in time everywhere."""

    def __init__(self, bounds: Limits) -> None:
        self._bounds = bounds
        self._log = _log_file()  # closed in `end`; a pipe nobody reads could block
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", program(bounds.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # What earlier charts left behind is collected before it counts as the next one's.
            env={**os.environ, "GOMEMLIMIT": str(bounds.memory // 2)} if bounds.memory else None,
        )
        self._frames: queue.Queue[bytes | None] = queue.Queue()
        output = self._process.stdout
        limit = bounds.output * SLACK * 8
        threading.Thread(target=_pump, args=(output, self._frames, limit), daemon=True).start()
        self._last = weakref.finalize(self, _kill, self._process, self._log)

    def send(self, head: bytes, blobs: Sequence[bytes]) -> None:
        """Send a request; a dead worker is noticed when its answer is awaited."""
        stream = self._process.stdin
        with contextlib.suppress(OSError):
            for blob in (head, *blobs):
                write_frame(stream, blob)  # type: ignore[arg-type]

    def receive(self, seconds: float) -> Answer:
        """Return the next answer, or what became of the worker."""
        try:
            frame = self._frames.get(timeout=seconds)
        except queue.Empty:
            return Answer(kind="timeout", message=f"rendering took longer than {seconds:g} seconds and was stopped")
        if frame is None:
            return self._epitaph()
        data: dict[str, Any] = json.loads(frame)
        if data["ok"]:
            return Answer(files=data.get("files", {}))
        return Answer(kind=data["kind"], message=data["message"])

    def _epitaph(self) -> Answer:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._log.seek(0)
        log = self._log.read(4000).decode("utf-8", "replace")
        signs = ("out of memory", "cannot allocate", "MemoryError", "failed to reserve", "failed to create new OS")
        if self._process.returncode == MEMORY_STATUS or any(sign in log for sign in signs):
            return Answer(kind="dead", message="rendering needs more memory than allowed and was stopped")
        if self._process.returncode == TIME_STATUS:
            words = f"rendering took more than {self._bounds.seconds:g} seconds of processor time and was stopped"
            return Answer(kind="timeout", message=words)
        status = self._process.returncode
        return Answer(kind="dead", message=f"the Helm engine died while rendering (exit status {status})")

    def end(self) -> None:
        """Kill the process and wait for it."""
        self._last()


def _log_file() -> BinaryIO:
    try:
        return cast("BinaryIO", tempfile.TemporaryFile())
    except OSError:  # nowhere to write: what the worker says is lost, nothing else
        return Path(os.devnull).open("w+b")


def _kill(process: subprocess.Popen[bytes], log: BinaryIO) -> None:
    with contextlib.suppress(OSError):
        process.kill()
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    process.wait()
    log.close()


def _pump(stream: BinaryIO, frames: queue.Queue[bytes | None], limit: int) -> None:
    """Put every frame of a stream on the queue, None at its end."""
    with stream:
        try:
            while (frame := read_frame(stream, limit)) is not None:
                frames.put(frame)
        except (ValueError, OSError):
            pass
        frames.put(None)


def program(memory: int) -> str:
    """Return the worker's program: -I keeps the linted folder off its path, so ours is put on it by name."""
    import importlib.util

    import opslint

    places = [str(Path(next(iter(opslint.__path__))).parent)]
    for name in ("helm_python",):
        spec = importlib.util.find_spec(name)
        places += [str(Path(place).parent) for place in (spec.submodule_search_locations or ())] if spec else []
    return (
        f"import sys; sys.path.extend(p for p in {places!r} if p not in sys.path); "
        f"from opslint.read.helm.worker import main; main({memory})"
    )
