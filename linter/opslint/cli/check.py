"""`opslint check`: the main job."""

from __future__ import annotations

from typing import Any

import click

from opslint.cli.completion import complete_paths
from opslint.cli.lint import lint_paths
from opslint.cli.options import EPILOG, OptionSections, check_options


@click.command(cls=OptionSections, epilog=EPILOG)
@click.argument("paths", nargs=-1, shell_complete=complete_paths, metavar="[PATH]...")
@check_options
def check(paths: tuple[str, ...], **given: Any) -> int:
    """Lint Helm charts, Kubernetes manifests and Terraform.

    PATH is a file or a folder, by default the current directory; `-` reads manifests (YAML or JSON, `kind: List` too)
    from standard input. A file limits the report to itself; the chart or module around it is still read.
    """
    return lint_paths(paths, given)
