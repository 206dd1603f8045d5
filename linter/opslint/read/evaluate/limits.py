"""Room on the stack for deep expressions and long chains of references."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_FRAMES: Final = 9_000  # Python frames only, which take no stack of the machine


class _Room:
    """A context; while a thread is in it, others and those inside one another change nothing.

    No generator, which would take longer than most values do.
    """

    __slots__ = ("_before", "_inside", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before = self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self._before, _FRAMES))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.setrecursionlimit(self._before)


_ROOM: Final = _Room()


def deep_recursion() -> AbstractContextManager[None]:
    """Raise the interpreter's recursion limit while the block runs."""
    return _ROOM
