"""`--fix` and `--diff`: what fixes change, written or shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.streams import say, show, wants_color

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from opslint.engine.repair.passes import Repair
    from opslint.model.report import Report
    from opslint.output.masking import Masks

_COLORS: Final = {"---": "1", "+++": "1", "@@ ": "36", "-": "31", "+": "32"}


def check_fix_options(paths: Sequence[str], given: Mapping[str, Any]) -> None:
    """Refuse options that do not go together. Raises click.UsageError."""
    if given["unsafe_fixes"] and not (given["fix"] or given["diff"]):
        raise click.UsageError("--unsafe-fixes goes with --fix or --diff.")
    if "-" in paths and (given["fix"] or given["diff"]):
        raise click.UsageError("--fix and --diff need files: standard input cannot be fixed.")
    if given["diff"] and (given["output"] or given["format"] != "text"):
        raise click.UsageError("--diff shows a diff and makes no report: leave --format and --output away.")


def repaired(lint: Callable[[], Report], root: Path, given: Mapping[str, Any]) -> Repair:
    """Make the fixes in memory, and write them unless `--diff` only asks for them.

    Raises:
        WriteError: a file cannot be fixed or written.
    """
    from opslint.engine.repair.passes import repair

    repair_ = repair(lint, root, unsafe=given["unsafe_fixes"])
    for refusal in repair_.refusals:
        say(
            f"{refusal.path}:{refusal.line}: not fixed ({refusal.title}): the file would not read: {refusal.why}",
            "warning",
        )
    if not given["diff"]:
        repair_.write(root)
        repair_.report = repair_.report._replace(fixed=(repair_.problems, len(repair_.files)))
    return repair_


def say_fixed(report: Report) -> None:
    """Say what was fixed, for reports that do not."""
    if report.fixed[0]:
        say(f"Fixed {_counted(report.fixed)}")


def show_diff(repair_: Repair, *, quiet: bool) -> None:
    """Write a unified diff of all files to standard output."""
    colored = wants_color(sys.stdout)
    show("".join(_diff(repair_, color=colored, escape=sys.stdout.isatty())))
    if not quiet:
        counts = repair_.problems, len(repair_.files)
        say(f"Would fix {_counted(counts)}" if repair_.files else "There is nothing to fix")


def _counted(counts: tuple[int, int]) -> str:
    from opslint.output.selection import plural

    return f"{plural(counts[0], 'problem')} in {plural(counts[1], 'file')}"


def _diff(repair_: Repair, *, color: bool, escape: bool) -> Iterator[str]:
    import difflib

    from opslint.output.escape import visible
    from opslint.output.masking import Masks

    masks = [
        Masks.of((*report.findings, *report.suppressed), report.secrets) for report in (repair_.before, repair_.report)
    ]
    for path, (old, new) in sorted(repair_.files.items()):
        before, after = _without_secrets(masks, path, _lines(old), _lines(new))
        for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", n=3):
            text = line.removesuffix("\n")
            shown = visible(text.removesuffix("\r")) if escape else text
            code = next((code for start, code in _COLORS.items() if text.startswith(start)), "")
            yield (f"\x1b[{code}m{shown}\x1b[0m" if color and code else shown) + "\n"
            if not line.endswith("\n"):
                yield "\\ No newline at end of file\n"


def _without_secrets(
    masks: Sequence[Masks], path: str, before: list[str], after: list[str]
) -> tuple[list[str], list[str]]:
    """Mask what the reports of the files before and after know as secret; equal lines are masked alike."""
    masked: dict[str, str] = {}
    for known, lines in zip(masks, (before, after), strict=True):
        for number, line in enumerate(lines, 1):
            bare = line.rstrip("\r\n")
            shown = known.line(path, number, bare)
            if shown != bare:
                masked[line] = f"{shown}\n"
    return [masked.get(line, line) for line in before], [masked.get(line, line) for line in after]


def _lines(content: bytes) -> list[str]:
    """Split at line feeds only: what else breaks lines in Python is content here."""
    *lines, last = content.decode("utf-8", "replace").split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])
