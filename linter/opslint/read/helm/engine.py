"""The Helm engine of a run: the embedded one in its worker process, else the `helm` binary."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

from opslint.read.helm.backend import Answer, Embedded, Limits
from opslint.read.helm.render import Rendered, render_cases, render_release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from opslint.model.settings import Settings
    from opslint.read.helm.backend import Backend, Request
    from opslint.read.helm.chart import LoadedChart

__all__ = ["Engine", "Limits", "Rendered", "render_cases", "render_release"]

NO_ENGINE: Final = (
    "there is no Helm engine to render it with: install the Python package `helm-python-sdk` "
    "(pip install helm-python-sdk; it has wheels for Linux with glibc, macOS on arm64 and Windows), "
    "or put a `helm` binary on PATH"
)


class Engine:
    """The engine the settings ask for. A context manager: leaving it ends the worker.

    Safe to share between threads: renderings go one after another. With settings that allow it, what was rendered is
    kept in the user's cache folder, and an unchanged chart starts no worker.
    """

    def __init__(self, settings: Settings | None = None, bounds: Limits | None = None) -> None:
        self._choice = settings.helm_engine if settings is not None else "auto"
        self._bounds = bounds or Limits()
        self._keeps = settings is not None and not settings.no_cache
        self._backend: Backend | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def worked(self) -> bool:
        """True when the cache did not answer everything."""
        return self._backend is not None and self._backend.worked

    def close(self) -> None:
        """End the worker."""
        if self._backend is not None:
            self._backend.close()

    def render(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> list[Answer]:
        """Render the chart once for each of `texts`; never raises, an answer says what went wrong."""
        with self._lock:
            if self._backend is None:
                self._backend = self._embedded() if self._choice != "binary" else self._binary()
            if self._backend is None:
                return [Answer(kind="missing", message=NO_ENGINE)] * len(texts)
            answers = self._backend.render(chart, texts, request)
            if answers[0].kind == "missing" and self._choice == "auto":
                binary = self._binary()
                if binary is not None:
                    self._backend.close()
                    self._backend = binary
                    answers = binary.render(chart, texts, request)
            if answers[0].kind == "missing":
                return [Answer(kind="missing", message=NO_ENGINE)] * len(texts)
            return answers

    def _embedded(self) -> Backend:
        from opslint.read.helm.backend import engine_version

        return self._kept(Embedded(self._bounds), engine_version())

    def _binary(self) -> Backend | None:
        from opslint.read.helm.binary import Binary  # seldom needed

        found = Binary.found(self._bounds)
        return self._kept(found, found.version() if self._keeps else "") if found is not None else None

    def _kept(self, backend: Backend, version: str) -> Backend:
        """Return the backend with the cache in front of it; none for an engine that does not tell its version."""
        if not self._keeps or not version:
            return backend
        from opslint.read.cache import Cache
        from opslint.read.helm.kept import Kept

        return Kept(backend, Cache("charts"), version, self._bounds)
