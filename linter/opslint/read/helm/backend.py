"""The parent's side of the embedded engine: one worker process for all charts, with limits."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol

from opslint.model import limits
from opslint.model.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.process import Worker

_START_SECONDS: Final = 120.0  # importing the engine on a busy machine
STILL: Final = 10.0  # by the clock, a rendering may take this many times its processor time before it counts as hung
SLACK: Final = 4  # how much longer than the plain text an answer's JSON with markers may be


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

    @property
    def worked(self) -> bool:
        """True once it has rendered something, and not only remembered it."""
        ...

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
        self.worked = False
        self._worker: Worker | None = None
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
        self.worked = True
        if self._worker is None:
            from opslint.read.helm.process import Worker  # not for what is kept in the cache

            self._worker = Worker(self._bounds)
            started = self._worker.receive(_START_SECONDS)
            if started.kind:
                self.close()
                self._missing = started if started.kind == "missing" else None
                return [started] * len(texts)
        return self._ask(self._worker, chart, texts, request)

    def _ask(
        self, worker: Worker, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request
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
            "limit": bounds.output * SLACK if archives > 1 else bounds.output,
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
