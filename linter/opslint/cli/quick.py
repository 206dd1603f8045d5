"""`opslint check` without click, for a command line that leaves nothing to say about it."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from opslint.cli.arguments import read_plain
from opslint.cli.commands import COMMANDS
from opslint.cli.streams import ended, forget_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence


def run_plainly(arguments: Sequence[str]) -> int | None:
    """Run `check` and return its exit status; None when click is to read the arguments, and nothing was done."""
    command = arguments[0] if arguments else ""
    if "_OPSLINT_COMPLETE" in os.environ or (command in COMMANDS and command != "check"):
        return None
    read = read_plain(arguments[1:] if command == "check" else arguments)
    if read is None:
        return None
    from opslint.cli.lint import lint_paths

    try:
        return lint_paths(*read)
    except (KeyboardInterrupt, EOFError):
        with suppress(OSError):
            sys.stderr.write("\n")  # behind the ^C, as click does
        raise KeyboardInterrupt from None
    except SystemExit as error:
        return ended(error)
    except OSError as error:
        if error.errno == errno.EPIPE:
            forget_stdout()
            return 0
        return ended(error)
    except Exception as error:  # noqa: BLE001 - raised again unless it is click's
        return _status_of(error)


def _status_of(error: Exception) -> int | None:
    """Return what click makes of its own exceptions. Raises all others again."""
    if "click" not in sys.modules:
        raise error
    import click
    from click.exceptions import Exit

    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        return None  # it knows the usage, and nothing was done yet
    raise error
