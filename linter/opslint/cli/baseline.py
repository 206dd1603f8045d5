"""`opslint baseline`: the findings of today, taken as known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.check import INCOMPLETE, WRONG, check_paths, expected_errors, place_of, say_expected
from opslint.cli.completion import complete_paths
from opslint.cli.options import OptionSections, SectionOption, judging_options
from opslint.cli.streams import choose_color, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opslint.engine.baseline import Entry
    from opslint.model.report import Report
    from opslint.model.settings import Settings

_WHAT: Final = "What to do"
_EPILOG: Final = """\
\b
Examples:
  opslint baseline .              write .opslint-baseline.json (or the file that the configuration names)
  opslint baseline --prune .      take away what was mended since; nothing is added
  opslint baseline --refresh .    take the findings of today in place of those of then
  opslint --baseline .opslint-baseline.json .    lint with it; or name it in .opslint.yaml: `baseline: …`

\b
Exit status: 0; 2 for wrong usage or a file that cannot be used; 3 when something could not be read (nothing is
written then, unless --allow-incomplete says so).
"""


def _choices(function: Callable[..., Any]) -> Callable[..., Any]:
    for name, text in (
        ("--prune", "Take away the entries that match nothing any more; add none."),
        ("--refresh", "Write the findings of today over a file that is there."),
        ("--write", "Write a new file (default); one that is there is left alone."),
    ):
        function = click.option(name, is_flag=True, help=text, cls=SectionOption, section=_WHAT)(function)
    return function


@click.command(cls=OptionSections, epilog=_EPILOG)
@click.argument("paths", nargs=-1, shell_complete=complete_paths, metavar="[PATH]...")
@_choices
@judging_options
def baseline(paths: tuple[str, ...], **given: Any) -> int:
    """Write, refresh or prune the file of findings that are known and not reported.

    A finding is known by its fingerprint, which survives edits elsewhere in the file. Entries of files that are not
    under PATH, and of rules that do not run, stay as they are.
    """
    choose_color(given["color"])
    if sum((given["write"], given["refresh"], given["prune"])) > 1:
        raise click.UsageError("--write, --refresh and --prune do not go together.")
    paths = paths or (".",)
    if "-" in paths:
        raise click.UsageError("a baseline is of files: standard input has none.")
    try:
        return _run(paths, given)
    except expected_errors() as error:
        say_expected(error)
        return WRONG


def _run(paths: Sequence[str], given: Mapping[str, Any]) -> int:
    from opslint.cli.overrides import overrides_of
    from opslint.config import find_root, load_settings
    from opslint.engine.baseline import DEFAULT, BaselineError, Entry, read_baseline, write_baseline

    check_paths(paths)
    root = find_root(paths)
    settings = load_settings(paths, config_file=given["config"], overrides=overrides_of(given, root), root=root)
    named = settings.baseline
    file = named or "/".join(part for part in (settings.project, DEFAULT) if part)
    there = (root / file).exists()
    if there and not (given["refresh"] or given["prune"]):
        raise BaselineError(f"{file}: is there already; --refresh writes it anew, --prune takes away what was mended")
    # A file that cannot be read is said before the work is done.
    old = read_baseline(root, file).entries if there or given["prune"] else ()
    report = _lint(paths, settings._replace(baseline="", changed_since=""), given)
    if report.incomplete and not given["allow_incomplete"]:
        for failure in report.failures:
            say(f"{place_of(failure)}{failure.message}", "error")
        say(f"incomplete: {file} is not written, as it would lack what could not be read", "error")
        return INCOMPLETE
    today = [Entry.of(finding) for finding in report.findings]
    left = [entry for entry in old if not _is_judged(entry, paths, root, report)]
    if given["prune"]:
        present = {finding.fingerprint for finding in (*report.findings, *report.suppressed)}
        new = [*left, *(entry for entry in old if entry not in left and entry.fingerprint in present)]
    else:
        new = [*left, *today]
    write_baseline(root, file, new)
    _say(file, old, new, quiet=given["quiet"])
    if not named and not given["quiet"]:
        say(f"name it in .opslint.yaml, so that every run uses it: `baseline: {Path(file).name}`", "note")
    return 0


def _lint(paths: Sequence[str], settings: Settings, given: Mapping[str, Any]) -> Report:
    from opslint.cli.progress import ProgressBar
    from opslint.engine.packs import load_packs
    from opslint.engine.run import lint

    with ProgressBar(enabled=not given["quiet"]) as progress:
        return lint(paths, settings, load_packs(given["rules_from"]), None, progress)


def _is_judged(entry: Entry, paths: Sequence[str], root: Path, report: Report) -> bool:
    """True when this run could have found it: its file lies under a path, its rule ran."""
    if entry.rule not in report.rules:
        return False
    place = root.resolve() / entry.path
    return any(place.is_relative_to(Path(path).resolve()) for path in paths)


def _say(file: str, old: Iterable[Entry], new: Iterable[Entry], *, quiet: bool) -> None:
    if quiet:
        return
    before, after = ({entry.fingerprint for entry in entries} for entries in (old, new))
    findings = "one finding" if len(after) == 1 else f"{len(after):,} findings"
    say(f"{file}: {findings} ({len(after - before):,} new, {len(before - after):,} gone)")
