"""An engine whose answers are kept: an unchanged chart is not rendered again, and needs no engine at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import opslint
from opslint.read.cache import key_of
from opslint.read.helm.backend import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opslint.read.cache import Cache
    from opslint.read.helm.backend import Backend, Limits, Request
    from opslint.read.helm.chart import LoadedChart

_FORMAT: Final = "1"  # of the entries: to be raised with a change to what a worker makes of a request
_CHANCE: Final = frozenset({"missing", "timeout", "limit", "dead"})  # may go otherwise on the next run


class Kept:
    """A backend in front of another: it asks that one only for what the cache does not hold.

    The key is made of contents only (the chart's files as they were read, templates with markers, values, target,
    options), of the engine's `identity` (name and version) and of our own version: where a chart stands, or which file
    its values came from, is none of the cache's business, and source maps are made anew from what was rendered.
    """

    def __init__(self, backend: Backend, cache: Cache, identity: str, bounds: Limits) -> None:
        self._backend, self._cache = backend, cache
        self._identity, self._bounds = identity, bounds

    @property
    def worked(self) -> bool:
        """True once the cache did not hold what was asked for."""
        return self._backend.worked

    def render(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> list[Answer]:
        """Return the kept answers, else those of the engine behind."""
        key = key_of(self._parts(chart, texts, request))
        answers = _read(self._cache.get(key), len(texts))
        if answers is None:
            answers = self._backend.render(chart, texts, request)
            if not any(answer.kind in _CHANCE for answer in answers):
                self._cache.put(key, [[answer.kind, answer.message, answer.files] for answer in answers])
        return answers

    def close(self) -> None:
        """End the engine behind."""
        self._backend.close()

    def _parts(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> Iterator[bytes]:
        bounds = self._bounds
        asked = {
            "format": [_FORMAT, opslint.__version__, self._identity],
            "limits": [bounds.seconds, bounds.memory, bounds.output],
            "chart": chart.name,
            "lacking": sorted(item.name for item in chart.lacking),  # the binary renders without these
            "request": [
                request.name,
                request.namespace,
                request.kube_version,
                request.api_versions,
                request.values,
                request.set,
                request.set_strings,
            ],
        }
        yield json.dumps(asked).encode()
        for path, data in sorted(chart.files.items()):
            yield path.encode("utf-8", "surrogateescape")
            yield data
        for changed in texts:
            yield b"texts"
            for path, text in sorted(changed.items()):
                yield path.encode("utf-8", "surrogateescape")
                yield text.encode("utf-8", "surrogatepass")


def _read(kept: object | None, wanted: int) -> list[Answer] | None:
    """Return kept answers, None when there are none of the right form."""
    if not isinstance(kept, list) or len(kept) != wanted:
        return None
    answers: list[Answer] = []
    for item in kept:
        if not isinstance(item, list) or len(item) != 3:
            return None
        kind, message, files = item
        if not isinstance(kind, str) or not isinstance(message, str) or not isinstance(files, dict):
            return None
        if not all(isinstance(text, str) for text in files.values()):
            return None
        answers.append(Answer(files, kind, message))
    return answers
