"""The command group: commands are loaded when asked for, and `check` is meant when none is named."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.completion import complete_paths, prepare_fish
from opslint.cli.options import EPILOG, OptionSections
from opslint.cli.streams import FAILED, forget_stdout, say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Name: module, and the line in the overview (so that the overview loads none of them).
COMMANDS: Final = {
    "check": ("opslint.cli.check", "Lint; what runs when no command is named."),
    "inventory": ("opslint.cli.inventory", "Show how opslint sees a repository: units, clusters, charts."),
    "images": ("opslint.cli.images", "List every image that the workloads run, and where it is named."),
    "render": ("opslint.cli.render", "Print a chart's manifests, with each line's template line."),
    "upgrade": (
        "opslint.cli.upgrade",
        "Lay out a cluster's upgrade, hop by hop: what to change, where, in which order.",
    ),
    "baseline": ("opslint.cli.baseline", "Take the findings of today as known, so that only new ones are reported."),
    "init": ("opslint.cli.init", "Write a commented configuration, a pre-commit entry and a workflow."),
    "rules": ("opslint.cli.rules", "List and search the rules."),
    "explain": ("opslint.cli.explain", "Show a rule's page: why it matters, examples, options."),
    "schema": ("opslint.cli.schema", "Print the JSON Schema of the configuration."),
}
CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": False}

OVERVIEW: Final = """\
A linter for Helm charts, Kubernetes manifests and Terraform on EKS.

`opslint [PATH]...` is the same as `opslint check [PATH]...`: it reads the files and folders (default: the current
directory; `-`: manifests from standard input) and reports what will hurt. Nothing of them is run, nothing fetched.
"""


class LazyGroup(click.Group):
    """A group that imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `check` in front unless a command or help is asked for."""
        if ctx.resilient_parsing:  # a shell asks for completions: those of `check` where no command is named
            return super().parse_args(ctx, args if not args or args[0] in COMMANDS else ["check", *args])
        if args[:1] not in (["-h"], ["--help"]):
            if not args or args[0] not in COMMANDS:
                args = ["check", *args]
            elif args[0] != "check" and Path(args[0]).is_dir():
                say(
                    f"{args[0]!r} is taken for the command of that name; to lint the folder, write ./{args[0]} "
                    f"or opslint check {args[0]}",
                    "note",
                )
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that fit, and what fits of the options and paths of `check`."""
        check = self.get_command(ctx, "check")
        assert check is not None  # noqa: S101 - a name of the table
        found = [item for item in super().shell_complete(ctx, incomplete) if not incomplete.startswith("-")]
        if incomplete.startswith("-"):
            return check.shell_complete(check.make_context("check", [], parent=ctx, resilient_parsing=True), incomplete)
        return [*found, *complete_paths(ctx, check.params[0], incomplete)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options of `check`: they work without naming it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
        check = self.get_command(ctx, "check")
        if isinstance(check, OptionSections):
            check.format_options(ctx, formatter)


@click.group(
    name="opslint",
    cls=LazyGroup,
    context_settings=CONTEXT,
    help=OVERVIEW,
    epilog=EPILOG,
    subcommand_metavar="[COMMAND] [OPTIONS] [PATH]...",
    options_metavar="",
)
def opslint() -> None:
    """Hold the commands."""


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit status."""
    if "_OPSLINT_COMPLETE" in os.environ:
        prepare_fish()
    try:
        status: Any = opslint.main(arguments, prog_name="opslint", standalone_mode=False)
    except SystemExit as error:
        if "_OPSLINT_COMPLETE" in os.environ:  # click has answered a shell that asked for completions
            return 0 if error.code is None else int(error.code)
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):  # what click makes of a pipe closed while it helps
            return 0
        say(f"a rule pack ended the run: sys.exit({error.code!r})", "error")
        return FAILED
    except OSError as error:
        if "_OPSLINT_COMPLETE" in os.environ and isinstance(error, BrokenPipeError):
            forget_stdout()  # the shell has seen enough
            return 0
        if error.errno not in {errno.ENOSPC, errno.EIO} or error.filename is not None:
            raise
        forget_stdout()
        say(f"cannot write to standard output: {error.strerror}", "error")
        return FAILED
    except click.Abort:  # what click makes of Ctrl-C
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return status if isinstance(status, int) else 0
