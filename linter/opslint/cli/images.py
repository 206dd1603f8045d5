"""`opslint images`: the images a repository runs."""

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
  opslint images                        every image of the current directory, with the places that use it
  opslint images --env prod charts      those of one environment
  opslint images --format json .        for a program
  opslint images --format list . | xargs -n 1 trivy image
                                        scan each of them

\b
Exit status: 0; 2 for wrong usage or configuration; 3 when something could not be read (it says what).
"""


@click.command(cls=OptionSections, epilog=_EPILOG)
@click.argument("paths", nargs=-1, shell_complete=complete_paths, metavar="[PATH]...")
@click.option("--format", "-f", "format_", type=click.Choice(("text", "json", "list")), default="text",
              metavar="FORMAT", help="text (default), json, or list: references alone, one a line.")  # fmt: skip
@reading_options
def images(paths: tuple[str, ...], format_: str, **given: Any) -> int:
    """List every image that the workloads of a repository run, and judge nothing.

    Each image is shown with its registry, repository, tag and digest, the Terraform ECR repository of that name, and
    each container that uses it: its object, its environment and the line that names the image. Images that Terraform
    runs in Lambda, ECS, App Runner and Batch are listed too.
    """
    from opslint.cli.check import expected_errors, say_expected

    choose_color(given["color"])
    try:
        return _images(paths or (".",), format_, given)
    except expected_errors() as error:
        say_expected(error)
        return 2


def _images(paths: Sequence[str], format_: str, given: Mapping[str, Any]) -> int:
    from opslint import __version__
    from opslint.cli.reading import read_paths
    from opslint.output.images import images_of, to_json, to_list, to_text

    reading, _ = read_paths(paths, given)
    found = images_of(reading.project, reading.failures)
    if format_ == "json":
        show(to_json(found, __version__))
    elif format_ == "list":
        show(to_list(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        show(to_text(found, color=wants_color(sys.stdout), width=width))
    return 3 if reading.failures else 0
