"""Work side by side in threads: for what waits on other processes, as charts do on the workers that render them."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")
_TICK: Final = 0.5  # seconds: on Windows, what waits without an end does not hear Ctrl-C


def in_threads(
    workers: Sequence[Callable[[_Item], _Found]], items: Sequence[_Item], advance: Callable[[int], None]
) -> list[_Found]:
    """Return what the workers make of the items, in their order; each worker has a thread and one item at a time.

    `advance` is told in the calling thread how many are done. What a worker raises is raised here, and Ctrl-C too;
    then no further item is begun, and those under way are not waited for.
    """
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(items)):
        left.put(number)
    found: queue.SimpleQueue[tuple[int, _Found | None, BaseException | None]] = queue.SimpleQueue()
    ended = threading.Event()

    def work(worker: Callable[[_Item], _Found]) -> None:
        while not ended.is_set():
            try:
                number = left.get_nowait()
            except queue.Empty:
                return
            try:
                found.put((number, worker(items[number]), None))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                found.put((number, None, error))
                return

    for worker in workers:
        threading.Thread(target=work, args=(worker,), daemon=True).start()
    results: dict[int, _Found] = {}
    try:
        while len(results) < len(items):
            try:
                number, result, error = found.get(timeout=_TICK)
            except queue.Empty:
                continue
            if error is not None:
                raise error
            results[number] = result  # type: ignore[assignment]
            advance(len(results))
    finally:
        ended.set()
    return [results[number] for number in range(len(items))]
