"""Room on the stack for deep expressions and long chains of references."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_FRAMES: Final = 9_000  # Python frames only, which take no stack of the machine


class _Room:
    """A context; one inside another does nothing. No generator, which would take longer than most values do."""

    __slots__ = ("_before", "_depth")

    def __init__(self) -> None:
        self._before = self._depth = 0

    def __enter__(self) -> None:
        if not self._depth:
            self._before = sys.getrecursionlimit()
            sys.setrecursionlimit(max(self._before, _FRAMES))
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            sys.setrecursionlimit(self._before)


_ROOM: Final = _Room()


def deep_recursion() -> AbstractContextManager[None]:
    """Raise the interpreter's recursion limit while the block runs."""
    return _ROOM
