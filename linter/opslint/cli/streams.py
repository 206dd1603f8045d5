"""Standard output and standard error: colours, notices, and pipes that close early."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

if TYPE_CHECKING:
    from opslint.config import ConfigError
    from opslint.model.source import Location

FAILED: Final = 2
_COLORS: Final = {"error": "1;31", "warning": "1;33", "note": "1;36"}
_FRAME: Final = 120  # characters of a line that are shown
_chosen: list[str] = ["auto"]


def choose_color(when: str) -> None:
    """Set `auto`, `always` or `never` for the whole run."""
    _chosen[:] = [when]


def wants_color(stream: TextIO) -> bool:
    """Tell whether to colour a stream.

    The option first; then NO_COLOR and FORCE_COLOR (https://no-color.org, https://force-color.org: set and not empty),
    in this order; then whether it is a terminal that can.
    """
    when = _chosen[0]
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def show(text: str) -> None:
    """Write to standard output. A pipe that closes early is no error: its reader has seen enough."""
    try:
        sys.stdout.write(_encodable(text, sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        forget_stdout()
    except OSError as error:
        forget_stdout()
        stop(f"cannot write to standard output: {error.strerror or error}")


def stop(message: str) -> NoReturn:
    """End the command with an error and exit status 2."""
    from click.exceptions import Exit

    say(message, "error")
    raise Exit(FAILED)


def say(message: str, kind: str = "") -> None:
    """Write a message to standard error; `kind` (error, warning, note) goes in front. It is data: shown, not obeyed."""
    from opslint.output.escape import visible

    lines = [visible(line) for line in message.split("\n")]
    label = f"{kind}: " if kind else ""
    if kind and wants_color(sys.stderr):
        label = f"\x1b[{_COLORS[kind]}m{kind}:\x1b[0m "
    text = f"{label}{lines[0]}\n" + "".join(f"{line}\n" for line in lines[1:])
    with suppress(OSError):  # nobody reads it; the exit status still says it
        sys.stderr.write(_encodable(text, sys.stderr))
        sys.stderr.flush()


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def say_config_error(error: ConfigError) -> None:
    """Say everything that is wrong with a configuration, each with its line."""
    for one in (error, *error.more):
        say(str(one) + _frame(one.line, one.column, one.text), "error")


def say_at(message: str, location: Location | None) -> None:
    """Say an error at a place."""
    if location is None:
        say(message, "error")
        return
    span, source = location.span, location.source
    place = f"{source.path}:{span.line}:{span.column}"
    say(f"{place}: {message}" + _frame(span.line, span.column, source.line(span.line)), "error")


def _frame(line: int, column: int, text: str) -> str:
    if not text.strip():
        return ""
    if len(text) > _FRAME:
        start = max(column - _FRAME // 2, 0)
        text, column = text[start : start + _FRAME], max(column - start, 0)
    margin = " " * len(str(line))
    caret = f"\n{margin} | {' ' * (column - 1)}^" if column else ""
    return f"\n{line} | {text.expandtabs(1)}{caret}"


def forget_stdout() -> None:
    """Point standard output nowhere, so that Python does not fail again when it flushes at its end."""
    with suppress(OSError, ValueError):  # no real descriptor behind it, so nothing is flushed either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
