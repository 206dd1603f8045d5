"""What the texts of the last runs in a repository came to: an unchanged one is not parsed again.

That takes less time than parsing, and where nothing is new the parser need not be imported, which takes longer than
parsing the texts of a small repository. All texts of a repository are one entry of the user's cache folder.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import opslint
from opslint.model.limits import ERRORS_PER_FILE, YAML_ALIASES, YAML_DEPTH, YAML_EXPANSION
from opslint.read.cache import TupleCache, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FORMAT: Final = "1"  # of the entries: to be raised with a change to what readers make of a text
_KIND: Final = "texts"
# Characters. To keep the texts takes about a third of the time of a run, in vain where no other run follows: as in CI.
_MOST: Final = 500_000
_RUNS: Final = 8  # so many more times an entry is written with a text that no run has read

Answers: TypeAlias = dict[str, dict[str, tuple[int, Any]]]  # reader -> text -> (writings without use, answer)


class KeptTexts:
    """The answers of a run, by reader and text: tuples, lists, texts and numbers, which `marshal` can say."""

    def __init__(self, before: Answers) -> None:
        self._before = before  # what the last runs left
        self._now: dict[str, dict[str, Callable[[], Any]]] = {}
        self._gathered: dict[tuple[str, str], list[int]] = {}
        self._texts: set[str] = set()  # of this run, each counted once however many read it
        self._size = 0
        self._has_new = False

    def find(self, reader: str, text: str) -> Any:
        """Return what a reader made of a text before, None when that is not known; the answer is not to be changed."""
        known = self._before.get(reader, {}).get(text)
        if known is None:
            return None
        answer = known[1]
        self._note(reader, text, lambda: answer)
        return answer

    def keep(self, reader: str, text: str, answer: Callable[[], Any]) -> None:
        """Keep what a reader makes of a text; `answer` is asked for when the run is over."""
        self._has_new = True
        self._note(reader, text, answer)

    def gather(self, reader: str, text: str, item: int) -> None:
        """Keep one more item of an answer that is a list, which grows in the course of the run."""
        if self._size > _MOST:
            return
        items = self._gathered.get((reader, text))
        if items is None:
            items = self._gathered[reader, text] = list(self.find(reader, text) or ())
            self._now.get(reader, {}).pop(text, None)
            self.keep(reader, text, items.copy)
        items.append(item)

    def _note(self, reader: str, text: str, answer: Callable[[], Any]) -> None:
        if self._size > _MOST:
            return
        self._now.setdefault(reader, {}).setdefault(text, answer)
        self._has_room(text)

    def answers(self) -> Answers:
        """Return the answers to keep: those of this run, and of the runs before; {} when none is new, or too many."""
        if not self._has_new or self._size > _MOST:
            return {}
        answers = {reader: {text: (0, ask()) for text, ask in asked.items()} for reader, asked in self._now.items()}
        for reader, before in self._before.items():
            found = answers.setdefault(reader, {})
            for text, (idle, answer) in before.items():
                if text not in found and idle < _RUNS and self._has_room(text):
                    found[text] = idle + 1, answer
        return answers

    def _has_room(self, text: str) -> bool:
        """Count a text, and return whether all that are counted are few enough."""
        if text not in self._texts:
            self._texts.add(text)
            self._size += len(text)
        return self._size <= _MOST


_open: Final[list[KeptTexts]] = []  # that of the run that is under way


def kept_texts() -> KeptTexts | None:
    """Return those of the run that is under way, None when nothing is kept."""
    return _open[-1] if _open else None


@contextmanager
def texts_kept(root: Path) -> Iterator[None]:
    """Let readers find what the last runs in a repository made of a text, and keep what this one does.

    Nothing is kept of a run that ends with an exception.
    """
    cache = TupleCache(_KIND)
    key = key_of(_parts(root))
    before: Any = cache.get(key)
    texts = KeptTexts(before if _is_sound(before) else {})
    _open.append(texts)
    try:
        yield
    finally:
        _open.remove(texts)
    answers = texts.answers()
    if answers:
        cache.put(key, answers)


def _is_sound(entry: object) -> bool:
    """Return whether an entry has the shape of `Answers`: what is in the answers is for the readers."""
    return isinstance(entry, dict) and all(
        isinstance(found, dict) and all(known.__class__ is tuple and len(known) == 2 for known in found.values())
        for found in entry.values()
    )


def _parts(root: Path) -> Iterator[bytes]:
    limits = f"{YAML_DEPTH} {YAML_ALIASES} {YAML_EXPANSION} {ERRORS_PER_FILE}"
    yield f"{_FORMAT} {opslint.__version__} {sys.implementation.cache_tag} {limits}".encode()
    yield str(root).encode("utf-8", "surrogateescape")
    yield _parser().encode("utf-8", "surrogateescape")


def _parser() -> str:
    """Return what tells one installed parser from another, without importing it."""
    found = PathFinder.find_spec("_ruamel_yaml")
    if found is None or not found.origin:
        return ""
    try:
        status = os.stat(found.origin)  # noqa: PTH116
    except OSError:  # in an archive
        return found.origin
    return f"{found.origin} {status.st_size} {status.st_mtime_ns}"
