"""`opslint upgrade`: the way of a cluster to a version as a plan."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.check import check_paths
from opslint.cli.completion import complete_paths
from opslint.cli.options import parse_day, split_names
from opslint.cli.streams import choose_color, say, show, wants_color
from opslint.output.upgrade_plan import UPGRADE_FORMATS, render_plan

if TYPE_CHECKING:
    from opslint.engine.upgrade import UpgradePlan
    from opslint.output import OutputContext

BLOCKED: Final = 1
WRONG: Final = 2
INCOMPLETE: Final = 3
_EPILOG: Final = """\
\b
Examples:
  opslint upgrade infra charts manifests --to 1.34
  opslint upgrade . --to 1.36 --format markdown > plan.md   to paste into an issue
  opslint upgrade . --format ics > dates.ics                ends of support, drills and reviews
  opslint upgrade manifests --from 1.32 --to 1.34           where no Terraform declares the version

\b
Exit status:
  0  nothing in the files blocks the next hop
  1  something does
  2  wrong usage or configuration, or an unknown version
  3  nothing does, but something could not be read
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, shell_complete=complete_paths, metavar="[PATH]...")
@click.option(
    "--to", "target", metavar="VERSION", help="Version to reach; default: the newest that EKS is known to offer."
)
@click.option(
    "--from", "start", metavar="VERSION", default="", help="Version to start from, instead of the clusters' own."
)
@click.option(
    "--format",
    "-f",
    "format_",
    type=click.Choice(UPGRADE_FORMATS),
    default="text",
    metavar="FORMAT",
    help="text (default), markdown, json or ics (a calendar of its dates).",
)
@click.option("--as-of", callback=parse_day, metavar="DATE", help="Judge support windows at this day instead of today.")
@click.option("--config", metavar="FILE", help="Default: .opslint.yaml or [tool.opslint], upward from the first path.")
@click.option("--env", multiple=True, callback=split_names, metavar="NAME", help="Keep only these environments.")
@click.option("--cluster", multiple=True, callback=split_names, metavar="NAME", help="Keep only these clusters.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files and folders, as a .gitignore would.")
@click.option("--tf-var-file", multiple=True, metavar="FILE", help="As terraform's -var-file. Repeatable.")
@click.option("--tf-var", multiple=True, metavar="NAME=VALUE", help="As terraform's -var. Repeatable.")
@click.option("--helm-values", multiple=True, metavar="[CHART=]FILE", help="Values file, for all charts or one.")
@click.option("--rules-from", multiple=True, metavar="MODULE|FILE", help="Rules of your own besides.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", metavar="WHEN",
              help="auto (default: on a terminal), always, never.")  # fmt: skip
def upgrade(paths: tuple[str, ...], **given: Any) -> int:
    """Lay out the upgrade of a cluster, one minor after the other.

    For each hop: support dates, what to change before it and where, the line of Terraform, add-ons, node groups and
    what stands in the way of draining them. It starts at the version that Terraform declares.
    """
    from opslint.cli.check import expected_errors, place_of, say_expected
    from opslint.engine.upgrade import UpgradeError

    choose_color(given["color"])
    try:
        plan = _plan(paths or (".",), given)
    except UpgradeError as error:
        raise click.UsageError(f"{error}.") from error
    except expected_errors() as error:
        say_expected(error)
        return WRONG
    if given["format_"] != "text" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    show(render_plan(given["format_"], plan, _context()))
    if given["format_"] in {"json", "ics"}:
        for failure in plan.failures:
            say(f"{place_of(failure)}{failure.message}", "error")
    if plan.blocked:
        return BLOCKED
    return INCOMPLETE if plan.failures else 0


def _plan(paths: tuple[str, ...], given: dict[str, Any]) -> UpgradePlan:
    from opslint.cli.overrides import overrides_of
    from opslint.cli.progress import ProgressBar
    from opslint.config import find_root, load_settings
    from opslint.engine.packs import load_packs
    from opslint.engine.upgrade import plan_upgrade
    from opslint_schemas.lifecycle import newest_eks

    check_paths(paths)
    if "-" in paths:
        raise click.UsageError("a plan needs files: standard input has no Terraform.")
    root = find_root(paths)
    overrides = overrides_of(_Given(given), root)
    settings = load_settings(paths, config_file=given["config"], overrides=overrides, root=root)
    with ProgressBar(enabled=True) as progress:
        return plan_upgrade(
            paths,
            settings,
            load_packs(given["rules_from"]),
            given["target"] or newest_eks(),
            start=given["start"],
            progress=progress,
        )


class _Given(dict[str, Any]):
    """The options given; those that only `check` has are not."""

    def __missing__(self, key: str) -> Any:
        return () if key == "helm_set" else None


def _context() -> OutputContext:
    from opslint import __version__
    from opslint.output import OutputContext
    from opslint_schemas import data_as_of

    return OutputContext(
        tool_version=__version__,
        data_as_of=data_as_of(),
        color=wants_color(sys.stdout),
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else 0,
    )
