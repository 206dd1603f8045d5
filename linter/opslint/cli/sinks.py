"""Where reports go: standard output, files, or both."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opslint.cli.streams import forget_stdout, wants_color
from opslint.engine.select import nearest
from opslint.model.records import NamedTuple, replace
from opslint.output import FORMATS, OutputContext, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.report import Report


class OutputError(Exception):
    """A report cannot be written."""


class Sink(NamedTuple):
    """One report: its format and its file, "" for standard output."""

    format: str
    file: str = ""


def plan_sinks(format_: str, outputs: Sequence[str]) -> list[Sink]:
    """Return the reports that `--format` and `--output` ask for.

    Raises:
        click.UsageError: two reports would go to one place.
        OutputError: a file cannot be written; said before the work is done.
    """
    main: Sink | None = None
    sinks: list[Sink] = []
    for output in outputs:
        prefix, equals, file = output.partition("=")
        if equals and prefix not in FORMATS and prefix.isalpha():
            known = nearest(prefix, FORMATS) or f": they are {', '.join(FORMATS)}."
            raise click.UsageError(
                f"--output {output}: there is no format {prefix!r}{known} For a file of that name, write ./{output}."
            )
        if equals and prefix in FORMATS:
            sinks.append(Sink(prefix, "" if file == "-" else _writable(file)))
        elif main is not None:
            raise click.UsageError(
                f"--output {output}: --format goes to one file; write FORMAT=FILE for another report."
            )
        else:
            main = Sink(format_, "" if output == "-" else _writable(output))
    if main is not None or all(sink.file for sink in sinks):
        sinks.insert(0, main or Sink(format_))
    places = [os.path.realpath(sink.file) if sink.file else "" for sink in sinks]
    if len(set(places)) < len(places):
        raise click.UsageError("--output: two reports would go to one place.")
    return sinks


def write_reports(sinks: Sequence[Sink], report: Report, context: OutputContext) -> None:
    """Write all reports, files first, so that they are there even when nobody reads standard output to its end.

    A pipe that closes early is no error: the report was made, and the exit status is its.

    Raises:
        OutputError: the disk is full, or the file became unwritable.
    """
    for sink in sorted(sinks, key=lambda sink: not sink.file):
        if sink.file:
            _write_file(sink, report, replace(context, color=False, width=0))
        else:
            _write_stdout(sink, report, context)


def _write_file(sink: Sink, report: Report, context: OutputContext) -> None:
    try:
        with Path(sink.file).open("w", encoding="utf-8", newline="\n") as stream:
            write(sink.format, report, stream, context)
    except OSError as error:
        raise OutputError(f"cannot write {sink.file}: {error.strerror or error}") from error


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _write_stdout(sink: Sink, report: Report, context: OutputContext) -> None:
    if sink.format not in {"text", "concise"} and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # what machine formats promise
    color = wants_color(sys.stdout)
    width = _columns() if sys.stdout.isatty() else 0
    try:
        write(sink.format, report, sys.stdout, replace(context, color=color, width=width))
        sys.stdout.flush()
    except BrokenPipeError:
        forget_stdout()
    except OSError as error:
        forget_stdout()
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error


def _writable(file: str) -> str:
    path = Path(file)
    if not file:
        raise OutputError("--output needs the name of a file")
    if path.is_dir():
        raise OutputError(f"cannot write {file}: it is a folder")
    if not path.exists():
        if not path.parent.is_dir():
            raise OutputError(f"cannot write {file}: there is no folder {path.parent}")
        path = path.parent
    if not os.access(path, os.W_OK):
        raise OutputError(f"cannot write {file}: permission denied")
    return file
