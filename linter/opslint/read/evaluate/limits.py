"""Room on the stack for deep expressions and long chains of references."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAMES: Final = 9_000  # Python frames only, which take no stack of the machine


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Raise the interpreter's recursion limit while the block runs."""
    before = sys.getrecursionlimit()
    if before >= _FRAMES:
        yield
        return
    sys.setrecursionlimit(_FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
