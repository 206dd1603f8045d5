"""The interpreter's settings while a text is read.

Reading makes many small tuples that all stay alive, so the garbage collector only costs time (it halves the speed), and
deep expressions recurse through more frames than the usual limit allows. Both settings belong to the whole process: the
first reader changes them, the last one puts them back, whatever happens in between.
"""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING, Final

from opslint.model.limits import HCL_DEPTH

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_FRAMES_A_LEVEL: Final = 16  # a level of nesting takes at most 14: seven of operators, the rest of its kind
_FRAMES: Final = (HCL_DEPTH + 10) * _FRAMES_A_LEVEL


class _Pace:
    """A context: how many readers are in it, and what to put back."""

    __slots__ = ("collect", "limit", "lock", "readers")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readers = 0
        self.collect = False
        self.limit = 0

    def __enter__(self) -> None:
        with self.lock:
            self.readers += 1
            if self.readers == 1:
                self.collect = gc.isenabled()
                gc.disable()
                self.limit = sys.getrecursionlimit()
                sys.setrecursionlimit(self.limit + _FRAMES)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.readers -= 1
            if self.readers == 0:
                sys.setrecursionlimit(self.limit)
                if self.collect:
                    gc.enable()


_PACE: Final = _Pace()


def reading_pace() -> AbstractContextManager[None]:
    """Return the context in which the garbage collector is off and the recursion limit high."""
    return _PACE
