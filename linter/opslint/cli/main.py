"""The entry point: answers `--version` at once, and turns what goes wrong into a line and an exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED: Final = 2
INTERRUPTED: Final = 130  # 128 and SIGINT's number, as a shell says it


def console() -> int:
    """The command: one run, then the process ends, so nothing it read needs to be collected, not even at the end."""
    import gc

    gc.disable()
    try:
        return main()
    finally:
        gc.freeze()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run opslint with the arguments (default: the process's) and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if sys.stdout is None or sys.stderr is None:  # closed by the caller: nobody listens
        _fill_closed_streams()
    if arguments in (["--version"], ["-V"]):  # before click is imported: editors and installers ask often
        from opslint import __version__

        try:
            sys.stdout.write(f"opslint {__version__}\n")
            sys.stdout.flush()
        except OSError:  # nobody listens, or the disk is full: the general way says which
            return _run(arguments)
        return 0
    return _run(arguments)


def _fill_closed_streams() -> None:
    import os

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end


def _run(arguments: Sequence[str]) -> int:
    try:
        from opslint.cli.group import run

        return run(list(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last border: one line instead of a stack trace
        return INTERRUPTED if _is_interrupt(error) else _crashed(error, arguments)


def _is_interrupt(error: BaseException) -> bool:
    """True for an error that Python (`__set_name__` before 3.12) or a library made of Ctrl-C."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            return True
        cause = cause.__cause__
    return False


def _crashed(error: Exception, arguments: Sequence[str]) -> int:
    import os

    from opslint.cli.streams import say

    if os.environ.get("OPSLINT_DEBUG") or not {"--verbose", "-v"}.isdisjoint(arguments):
        import traceback

        traceback.print_exception(error)
    say(
        f"internal error: {type(error).__name__}: {error}\n"
        "This is a bug in opslint; --verbose shows where it happened. Please report it.",
        "error",
    )
    return FAILED
