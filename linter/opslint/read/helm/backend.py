"""The parent's side of the embedded engine: one worker process for all charts, with limits."""

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
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, cast

from opslint.model import limits
from opslint.model.records import dataclass, field
from opslint.read.helm.worker import MEMORY_STATUS, TIME_STATUS, read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opslint.read.helm.chart import LoadedChart

_START_SECONDS: Final = 120.0  # importing the engine on a busy machine
STILL: Final = 10.0  # by the clock, a rendering may take this many times its processor time before it counts as hung
_SLACK: Final = 4  # how much longer than the plain text an answer's JSON with markers may be


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one rendering: seconds of processor time, bytes of address space, characters of output."""

    seconds: float = limits.RENDER_SECONDS
    memory: int = limits.RENDER_MEMORY
    output: int = limits.RENDER_BYTES


@dataclass(frozen=True, slots=True)
class Request:
    """What a chart is rendered with.

    `values` are texts of values files, later ones win; `set` are paths with any JSON value; `set_strings` are
    `key=value` expressions as `helm --set` takes them.
    """

    name: str
    namespace: str
    kube_version: str
    api_versions: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    set: tuple[tuple[tuple[str | int, ...], object], ...] = ()
    set_strings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The rendered texts by Helm's template name, or why there are none.

    `kind` is "" for success, else missing (no engine), timeout, limit, dead (the engine died), or the engine's name
    of the error, with its own words in `message`.
    """

    files: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    message: str = ""


class Backend(Protocol):
    """Something that renders charts."""

    def render(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> list[Answer]:
        """Render the chart once for each of `texts` (templates to put in place of its own, by path)."""
        ...

    def close(self) -> None:
        """End what it holds; it may be used again afterwards."""
        ...


class Embedded:
    """The engine in a worker process, started with the first chart and replaced when it dies."""

    def __init__(self, bounds: Limits) -> None:
        self._bounds = bounds
        self._worker: _Worker | None = None
        self._missing: Answer | None = None

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def render(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> list[Answer]:
        """Render in the worker; a chart that it dies of, or hangs with, is one answer, and the next gets a new one.

        A worker that dies with a chart after others may have died of those: the chart is tried in a new one.
        """
        if self._missing is not None:
            return [self._missing] * len(texts)
        try:
            used = self._worker is not None
            answers = self._once(chart, texts, request)
            if used and answers[-1].kind == "dead":
                answers = self._once(chart, texts, request)
        except BaseException:
            self.close()
            raise
        return answers

    def _once(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> list[Answer]:
        if self._worker is None:
            self._worker = _Worker(self._bounds)
            started = self._worker.receive(_START_SECONDS)
            if started.kind:
                self.close()
                self._missing = started if started.kind == "missing" else None
                return [started] * len(texts)
        return self._ask(self._worker, chart, texts, request)

    def _ask(
        self, worker: _Worker, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request
    ) -> list[Answer]:
        worker.send(_head(request, len(texts), self._bounds), [archive_of(chart, changed) for changed in texts])
        answers: list[Answer] = []
        for _ in texts:
            answer = worker.receive(self._bounds.seconds * STILL)
            answers.append(answer)
            if answer.kind in {"timeout", "dead"}:
                self.close()
                break
        return answers + [answers[-1]] * (len(texts) - len(answers))


def engine_version() -> str:
    """Return the name and version of the embedded engine, "" when it is not installed."""
    version = next(_versions("helm_python_sdk-", ".dist-info"), "") or _told_version("helm-python-sdk")
    return f"helm-python-sdk {version}" if version else ""


def _versions(before: str, behind: str) -> Iterator[str]:
    """Yield what the names of installers' folders say: importing importlib.metadata takes longer than a small chart."""
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or "."):  # noqa: PTH208
                if name.startswith(before) and name.endswith(behind):
                    yield name[len(before) : -len(behind)]


def _told_version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def archive_of(chart: LoadedChart, changed: Mapping[str, str]) -> bytes:
    """Return the chart as an archive, with some templates replaced."""
    from opslint.read.helm.archive import pack

    files = chart.files
    if changed:
        files = {path: changed[path].encode() if path in changed else data for path, data in files.items()}
    return pack(files, chart.name)


def _head(request: Request, archives: int, bounds: Limits) -> bytes:
    return json.dumps(
        {
            "archives": archives,
            "seconds": bounds.seconds,
            "limit": bounds.output * _SLACK if archives > 1 else bounds.output,
            "values": request.values,
            "set": request.set,
            "set_strings": request.set_strings,
            "options": {
                "name": request.name,
                "namespace": request.namespace,
                "kube_version": request.kube_version,
                "api_versions": request.api_versions,
                "is_install": True,
            },
        }
    ).encode()


class _Worker:
    """One worker process. A thread reads its answers, so that waiting for one can end in time everywhere."""

    def __init__(self, bounds: Limits) -> None:
        self._bounds = bounds
        self._log = _log_file()  # closed in `end`; a pipe nobody reads could block
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", _program(bounds.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # What earlier charts left behind is collected before it counts as the next one's.
            env={**os.environ, "GOMEMLIMIT": str(bounds.memory // 2)} if bounds.memory else None,
        )
        self._frames: queue.Queue[bytes | None] = queue.Queue()
        output = self._process.stdout
        limit = bounds.output * _SLACK * 8
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


def _program(memory: int) -> str:
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
