"""A progress bar on standard error, for runs that people wait for."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress, TaskID

PATIENCE: Final = 1.0  # seconds without a bar: most runs end before


class ProgressBar:
    """Called with what is being done, how many are done and how many there are; also keeps the time of each step."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()
        self._start = self._since = time.monotonic()
        self._step = ""
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._change("")
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Note the step, and show it when the run takes long."""
        if step != self._step:
            self._change(step)
        if self._enabled and time.monotonic() - self._start > PATIENCE:
            self._show(step, done, total)

    def _change(self, step: str) -> None:
        now = time.monotonic()
        if self._step:
            self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
        self._step, self._since = step, now

    def _show(self, step: str, done: int, total: int) -> None:
        from rich.markup import escape

        from opslint.output.escape import visible

        label = escape(visible(step))
        if self._bar is None or self._task is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(label, total=total or None)
        self._bar.update(self._task, description=label, completed=done, total=total or None)
