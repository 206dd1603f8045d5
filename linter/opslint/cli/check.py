"""`opslint check`: the main job."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.cli.completion import complete_paths
from opslint.cli.fix import check_fix_options, repaired, say_fixed, show_diff
from opslint.cli.options import EPILOG, OptionSections, check_options
from opslint.cli.streams import choose_color, say, say_at, say_config_error, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opslint.cli.progress import ProgressBar
    from opslint.cli.sinks import Sink
    from opslint.model.report import Failure, Notice, Report
    from opslint.model.settings import Settings
    from opslint.output import OutputContext

CLEAN: Final = 0
FINDINGS: Final = 1
WRONG: Final = 2
INCOMPLETE: Final = 3


@click.command(cls=OptionSections, epilog=EPILOG)
@click.argument("paths", nargs=-1, shell_complete=complete_paths, metavar="[PATH]...")
@check_options
def check(paths: tuple[str, ...], **given: Any) -> int:
    """Lint Helm charts, Kubernetes manifests and Terraform.

    PATH is a file or a folder, by default the current directory; `-` reads manifests (YAML or JSON, `kind: List` too)
    from standard input. A file limits the report to itself; the chart or module around it is still read.
    """
    choose_color(given["color"])
    if given["version"]:
        show_version(verbose=given["verbose"])
        return CLEAN
    try:
        return _check(paths or (".",), given)
    except expected_errors() as error:
        say_expected(error)
        return WRONG


def show_version(*, verbose: bool) -> None:
    """Write the version, and with `verbose` what the answer of a run depends on besides."""
    from opslint import __version__

    show(f"opslint {__version__}\n")
    if verbose:
        from opslint_schemas import data_as_of

        show(f"data as of {data_as_of()}\nPython {sys.version.split()[0]} on {sys.platform}\n")


def exit_status(report: Report, fail_on: str, *, exit_zero: bool = False, allow_incomplete: bool = False) -> int:
    """Return 1 for a finding at or above `fail_on`, else 3 for an incomplete report, else 0."""
    if fail_on != "never" and not exit_zero:
        from opslint.model.finding import Severity

        least = Severity(fail_on).rank
        if any(finding.severity.rank <= least for finding in report.findings):
            return FINDINGS
    return INCOMPLETE if report.incomplete and not allow_incomplete else CLEAN


def _check(paths: Sequence[str], given: Mapping[str, Any]) -> int:
    from opslint.cli.overrides import overrides_of
    from opslint.cli.progress import ProgressBar
    from opslint.cli.sinks import plan_sinks, write_reports
    from opslint.config import find_root, load_settings
    from opslint.engine.packs import load_packs
    from opslint.engine.run import lint
    from opslint.read.kept_texts import texts_kept

    started = time.monotonic()
    check_paths(paths)
    check_fix_options(paths, given)
    sinks = plan_sinks(given["format"], given["output"])
    root = find_root(paths)
    configured = partial(
        load_settings, paths, config_file=given["config"], overrides=overrides_of(given, root), root=root
    )
    # What comes by a pipe may stand on no disk, and is not to be put on one.
    with nullcontext() if given["no_cache"] or "-" in paths else texts_kept(root):
        settings = configured()
        if given["verbose"]:
            _say_inputs(paths, given["config"], root)
        packs = load_packs(given["rules_from"])
        stdin = read_stdin() if "-" in paths else None
        with ProgressBar(enabled=not given["quiet"]) as progress:
            try:
                if given["fix"] or given["diff"]:
                    # A fix may change the configuration as well: each pass reads it anew.
                    repair = repaired(
                        lambda: lint(paths, configured(), packs, None, progress, fixing=True), root, given
                    )
                    report = repair.report
                else:
                    report = lint(paths, settings, packs, stdin, progress)
            except BrokenPipeError as error:  # click would take it for a closed standard output, and end without a word
                raise RuntimeError("a process that helped with reading ended") from error
    linted = time.monotonic()
    if given["diff"]:
        show_diff(repair, quiet=given["quiet"])
        status = FINDINGS if repair.files and not given["exit_zero"] else CLEAN
        if status == CLEAN and report.incomplete and not given["allow_incomplete"]:
            status = INCOMPLETE
        _say_rest(report, [], status, quiet=given["quiet"])
        return status
    write_reports(sinks, report, _context(settings, given, sinks))
    status = exit_status(
        report, settings.fail_on, exit_zero=given["exit_zero"], allow_incomplete=given["allow_incomplete"]
    )
    _say_rest(report, sinks, status, quiet=given["quiet"])
    if given["statistics"]:
        _say_statistics(report, progress, {"in all": time.monotonic() - started, "writing": time.monotonic() - linted})
    return status


def check_paths(paths: Sequence[str]) -> None:
    """Refuse a path that does not exist. Raises click.UsageError."""
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise click.UsageError(f"there is no file or folder {path!r}{_near_command(path) or '.'}")


def _near_command(word: str) -> str:
    from opslint.cli.group import COMMANDS
    from opslint.config.frame import near

    return near(word, COMMANDS).replace("did you mean", "did you mean the command")


def read_stdin() -> str:
    """Return the manifests on standard input.

    Raises:
        click.UsageError: they are no text, or more than a file may hold.
    """
    from opslint.model.limits import FILE_BYTES

    if sys.stdin is None:  # closed by the caller
        return ""
    if sys.stdin.isatty():
        say("reading manifests from standard input, to its end (Ctrl-D)", "note")
    content = sys.stdin.buffer.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        size = f"{FILE_BYTES // 10**6} MB"
        raise click.UsageError(f"standard input is larger than {size}: pass it in parts, such as one per namespace.")
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # what PowerShell pipes
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"standard input is not UTF-8 text (byte {error.start + 1}).") from error


def _context(settings: Settings, given: Mapping[str, Any], sinks: Sequence[Sink]) -> OutputContext:
    from opslint import __version__
    from opslint.output import OutputContext
    from opslint_schemas import data_as_of

    revision = repository = branch = ""
    if any(sink.format == "sarif" for sink in sinks):
        from opslint.cli.revision import read_revision

        revision, repository, branch = read_revision(Path(settings.root))
    return OutputContext(
        tool_version=__version__,
        data_as_of=data_as_of(),
        root=settings.root,
        show_suppressed=settings.show_suppressed,
        quiet=given["quiet"],
        verbose=given["verbose"],
        command_line=("opslint", *sys.argv[1:]),
        revision=revision,
        repository=repository,
        branch=branch,
    )


def _say_inputs(paths: Sequence[str], named: str | None, root: Path) -> None:
    from opslint.config.find import find_configuration

    first = next((Path(path).resolve() for path in paths if path != "-"), Path.cwd())
    say(f"root: {root}", "note")
    say(f"configuration: {named or find_configuration(first, root) or 'none'}", "note")


def _say_rest(report: Report, sinks: Sequence[Sink], status: int, *, quiet: bool) -> None:
    """Say what a reader of the terminal would not see otherwise: the text format already says it."""
    if not any(sink.format == "text" and not sink.file for sink in sinks):
        if not quiet:
            say_fixed(report)
        for failure in report.failures:
            say(f"{place_of(failure)}{failure.message}", "error")
        for notice in () if quiet else report.coverage.notices:
            say(f"{place_of(notice)}{notice.message}", "note")
    if not quiet:
        for sink in sinks:
            if sink.file and sys.stderr.isatty():
                say(f"{sink.format} report written to {sink.file}", "note")
    if status == INCOMPLETE:
        count = len(report.failures)
        things = "one thing" if count == 1 else f"{count} things"
        say(
            f"incomplete: {things} could not be read or judged, so this is no pass (--allow-incomplete makes it one)",
            "error",
        )


def place_of(item: Failure | Notice) -> str:
    """Return the place of what could not be read, to stand in front of a message."""
    if not item.path:
        return ""
    return f"{item.path}:{item.line}: " if item.line else f"{item.path}: "


def _say_statistics(report: Report, progress: ProgressBar, more: Mapping[str, float]) -> None:
    counts = Counter(finding.rule_id for finding in report.findings)
    width = max(map(len, (*counts, *progress.seconds, *more)))
    lines = ["findings by rule:"]
    lines += [
        f"  {rule:<{width}} {count:>7}" for rule, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    lines += ["seconds:"]
    lines += [f"  {step:<{width}} {seconds:>7.2f}" for step, seconds in {**progress.seconds, **more}.items()]
    say("\n".join(lines))


def expected_errors() -> tuple[type[Exception], ...]:
    """Errors that are the user's to mend; imported late, as most runs raise none."""
    from opslint.cli.sinks import OutputError
    from opslint.config import ConfigError
    from opslint.engine.baseline import BaselineError
    from opslint.engine.changed import ChangedError
    from opslint.engine.packs import PackError
    from opslint.engine.repair.files import WriteError
    from opslint.engine.select import SelectionError
    from opslint.read.targets import TargetError

    return (
        ConfigError,
        PackError,
        SelectionError,
        TargetError,
        OutputError,
        WriteError,
        BaselineError,
        ChangedError,
    )


def say_expected(error: BaseException) -> None:
    """Say one of `expected_errors` with its place."""
    from opslint.config import ConfigError
    from opslint.engine.select import SelectionError
    from opslint.read.targets import TargetError

    if isinstance(error, ConfigError):
        say_config_error(error)
    elif isinstance(error, (SelectionError, TargetError)):
        say_at(str(error), error.location)
    else:
        say(str(error), "error")
