"""What a format needs to know beside the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class OutputContext:
    """How and for whom a report is written.

    `tool_version` and `data_as_of` (`YYYY-MM-DD`, "" when unknown) go into the machine formats. `root` is the absolute
    path that the report's paths are relative to, "" when it shall not be told. `color` asks for ANSI colours in the
    text format, `width` is the terminal's width in columns, 0 for no wrapping (output that is piped). `command_line` is
    the arguments as given; values that may be secrets are masked before they are written. `revision` is the commit and
    `repository` the URL of the remote; both are needed for SARIF's version control provenance.
    """

    tool_version: str
    data_as_of: str = ""
    root: str = ""
    color: bool = False
    width: int = 0
    show_suppressed: bool = False
    quiet: bool = False
    verbose: bool = False
    command_line: Sequence[str] = ()
    revision: str = ""
    repository: str = ""
    branch: str = ""
    homepage: str = "https://opslint.dev"
