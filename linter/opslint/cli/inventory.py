"""`opslint inventory`: how opslint sees a repository."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.completion import complete_paths
from opslint.cli.options import OptionSections, reading_options
from opslint.cli.streams import choose_color, show, wants_color

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EPILOG: Final = """\
\b
Examples:
  opslint inventory                     the current directory
  opslint inventory charts infra        these folders
  opslint inventory --env prod .        one environment
  opslint inventory --format json .     for a program

\b
Exit status: 0; 2 for wrong usage or configuration; 3 when something could not be read (it says what).
"""


@click.command(cls=OptionSections, epilog=_EPILOG)
@click.argument("paths", nargs=-1, shell_complete=complete_paths, metavar="[PATH]...")
@click.option("--format", "-f", "format_", type=click.Choice(("text", "json")), default="text", metavar="FORMAT",
              help="text (default) or json.")  # fmt: skip
@reading_options
def inventory(paths: tuple[str, ...], format_: str, **given: Any) -> int:
    """Show how opslint sees a repository, and judge nothing.

    Listed are units (what is applied together), their environments and the sign each was told by, clusters with their
    versions, charts with their releases, root modules with their calls, the registries of images, and what could not
    be read.
    """
    from opslint.cli.check import expected_errors, say_expected

    choose_color(given["color"])
    try:
        return _inventory(paths or (".",), format_, given)
    except expected_errors() as error:
        say_expected(error)
        return 2


def _inventory(paths: Sequence[str], format_: str, given: Mapping[str, Any]) -> int:
    from opslint import __version__
    from opslint.cli.reading import read_paths
    from opslint.output.inventory import inventory_of, to_json

    reading, _ = read_paths(paths, given)
    found = inventory_of(reading.project, reading.coverage, reading.failures)
    if format_ == "json":
        show(to_json(found, __version__))
    else:
        from opslint.output.inventory_text import to_text

        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        show(to_text(found, color=wants_color(sys.stdout), width=width))
    return 3 if reading.failures else 0
