"""One file a format; `write` picks it and imports nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, TextIO

from opslint.output.context import OutputContext

if TYPE_CHECKING:
    from opslint.model.report import Report

__all__ = ["FORMATS", "OutputContext", "render", "write"]

_MODULES: Final = {
    "text": "terminal",
    "concise": "concise",
    "json": "report_json",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "gitlab": "gitlab",
    "markdown": "markdown",
    "csv": "table_csv",
}
FORMATS: Final = tuple(_MODULES)


def render(format: str, report: Report, context: OutputContext) -> str:  # noqa: A002 - the option's name
    """Return the report in a format of FORMATS; raises KeyError for any other."""
    module = import_module(f"opslint.output.{_MODULES[format]}")
    text: str = module.render(report, context)
    return text


def write(format: str, report: Report, stream: TextIO, context: OutputContext) -> None:  # noqa: A002
    """Write the report in a format of FORMATS; a character that the stream cannot encode is written as an escape."""
    text = render(format, report, context)
    encoding = getattr(stream, "encoding", None)
    if encoding and not text.isascii():
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)
