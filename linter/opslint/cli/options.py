"""The options of `check`, in the sections that help shows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from opslint.cli.completion import complete_selectors
from opslint.model.patterns import regex
from opslint.output import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Function = TypeVar("_Function", bound="Callable[..., Any]")

SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
PRESETS: Final = ("recommended", "strict", "all")
_VERSION: Final = regex(r"v?1\.[0-9]+(\.[0-9]+([-+][\w.+-]+)?)?|next")

_JUDGE: Final = "What to judge, and against what"
_OUTPUT: Final = "Output"
_FIX: Final = "Fixing"
_HELM: Final = "Helm"
_TERRAFORM: Final = "Terraform"
_RUN: Final = "Running"

EPILOG: Final = """\
\b
Examples:
  opslint                                     lint the current directory
  opslint charts/api k8s                      lint these, for the versions of your clusters
  opslint -k next infra charts                what breaks at the next upgrade
  opslint --preset strict --fail-on high .    more rules, and fail only for what hurts
  opslint --fix --unsafe-fixes --diff         what fixes would change
  opslint --output sarif=opslint.sarif .      a file for code scanning beside the text
  helm template api charts/api | opslint -    lint what another tool rendered

\b
Exit status:
  0  nothing at or above --fail-on, and everything was read
  1  findings at or above --fail-on; with --diff: something to change
  2  wrong usage or configuration, or opslint itself failed
  3  nothing at or above --fail-on, but something could not be read (--allow-incomplete makes it 0)
  130  interrupted

\b
Environment:
  NO_COLOR, FORCE_COLOR   as --color never, --color always
  OPSLINT_DEBUG           show a stack trace when opslint itself fails
"""


class SectionOption(click.Option):
    """An option with the heading it stands under."""

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class OptionSections(click.Command):
    """A command whose help groups its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections[getattr(parameter, "section", _RUN)].append(record)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(records)


def split_names(_context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Take a repeatable option whose values may hold several names, with commas between.

    One that keeps only what it names must name something: an empty variable of a script would select everything.
    """
    names = tuple(name.strip() for value in values for name in value.split(",") if name.strip())
    if values and not names and parameter.name in {"select", "env", "cluster"}:
        raise click.BadParameter("it names nothing.")
    return names


def parse_versions(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Take `1.34`, `next`, or several with commas between; patch versions and a leading `v` are dropped."""
    from opslint.config.fill import plain_versions

    if value is None:
        return None
    if not all(_VERSION.fullmatch(part.strip()) for part in value.split(",")):
        raise click.BadParameter(f"{value!r} is no Kubernetes version such as 1.34, next, or 1.33,1.34.")
    return plain_versions(value)


def parse_day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    """Take a date such as 2027-01-31."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date such as 2027-01-31.") from None


class _Option:
    """A decorator that adds one option, and knows its name."""

    def __init__(self, name: str, add: Callable[[Any], Any]) -> None:
        self.name, self._add = name, add

    def __call__(self, function: _Function) -> _Function:
        added: _Function = self._add(function)
        return added


def _option(section: str, *names: str, **attributes: Any) -> _Option:
    return _Option(names[0], click.option(*names, cls=SectionOption, section=section, **attributes))


def _names(section: str, *names: str, metavar: str, help: str) -> _Option:  # noqa: A002
    complete = complete_selectors if metavar == "RULES" else None
    return _option(
        section, *names, multiple=True, callback=split_names, shell_complete=complete, metavar=metavar, help=help
    )


_OPTIONS: Final = (
    _option(_JUDGE, "--target-version", "-k", "--kube-version", callback=parse_versions, metavar="VERSION",
            help="Kubernetes version to judge against: 1.34, next (one minor above the cluster's), or 1.33,1.34. "
            "Default: from configuration, else from Terraform, else the newest EKS version known."),
    _names(_JUDGE, "--select", metavar="RULES", help="Run these in place of the preset's: ids, areas, tags, globs."),
    _names(_JUDGE, "--extend-select", metavar="RULES", help="Run these besides."),
    _names(_JUDGE, "--ignore", metavar="RULES", help="Do not run these."),
    _option(_JUDGE, "--preset", type=click.Choice(PRESETS), metavar="PRESET",
            help="recommended (default), strict, or all (opt-in and preview rules too)."),
    _option(_JUDGE, "--exclude", multiple=True, metavar="GLOB",
            help="Leave out files and folders, as a .gitignore would."),
    _option(_JUDGE, "--config", metavar="FILE",
            help="Default: .opslint.yaml or [tool.opslint] of a pyproject.toml, upward from the first path."),
    _names(_JUDGE, "--env", metavar="NAME", help="Keep only these environments."),
    _names(_JUDGE, "--cluster", metavar="NAME", help="Keep only these clusters."),
    _option(_JUDGE, "--as-of", callback=parse_day, metavar="DATE",
            help="Judge support windows at this day instead of today."),
    _option(_JUDGE, "--baseline", metavar="FILE",
            help="Hide the findings that this file of `opslint baseline` knows."),
    _option(_JUDGE, "--changed-since", metavar="REV",
            help="Keep only what has to do with files that changed since the merge base with REV (git). Rules about "
                 "Terraform alone are not run when nothing of it changed."),
    _option(_JUDGE, "--rules-from", multiple=True, metavar="MODULE|FILE",
            help="Rules of your own: an importable package, or a Python file. It is executed."),
    _option(_OUTPUT, "--format", "-f", type=click.Choice(FORMATS), default="text", metavar="FORMAT",
            help=f"{', '.join(FORMATS)}. Default: text."),
    _option(_OUTPUT, "--output", "-o", multiple=True, metavar="[FORMAT=]FILE",
            help="Write the report to FILE; with FORMAT=, one more report beside that of --format. Repeatable."),
    _option(_OUTPUT, "--show-suppressed", is_flag=True, help="Show suppressed findings too, marked as such."),
    _option(_OUTPUT, "--color", type=click.Choice(("auto", "always", "never")), default="auto", metavar="WHEN",
            help="auto (default: on a terminal), always, never."),
    _option(_OUTPUT, "--quiet", "-q", is_flag=True, help="No summary, no notices."),
    _option(_OUTPUT, "--verbose", "-v", is_flag=True, help="Say more; with --version: the dates of the data too."),
    _option(_OUTPUT, "--statistics", is_flag=True, help="Count findings by rule and show timings, on standard error."),
    _option(_OUTPUT, "--fail-on", type=click.Choice((*SEVERITIES, "never")), metavar="SEVERITY",
            help="Least severity that makes the exit status 1: critical, high, medium (default), low, info, never."),
    _option(_OUTPUT, "--exit-zero", is_flag=True,
            help="Findings do not change the exit status; an incomplete run still does."),
    _option(_OUTPUT, "--allow-incomplete", is_flag=True, help="Exit 0 instead of 3 when something could not be read."),
    _option(_FIX, "--fix", is_flag=True, help="Write the safe fixes, then report what remains."),
    _option(_FIX, "--unsafe-fixes", is_flag=True,
            help="With --fix or --diff: those fixes too that change what runs, or need a second look."),
    _option(_FIX, "--diff", is_flag=True,
            help="Show what --fix would change and write nothing; exit 1 when there is something to change."),
    _option(_HELM, "--helm-values", "--values", multiple=True, metavar="[CHART=]FILE",
            help="Values file, for all charts or one. Repeatable."),
    _option(_HELM, "--helm-set", "--set", multiple=True, metavar="[CHART=]KEY=VALUE",
            help="A single value, as helm's --set. Repeatable."),
    _option(_HELM, "--release-name", metavar="NAME", help="Release name to render with."),
    _option(_HELM, "--namespace", metavar="NAME", help="Namespace to render with."),
    _option(_HELM, "--helm-engine", type=click.Choice(("auto", "embedded", "binary")), metavar="ENGINE",
            help="auto (default), embedded, or binary (the helm on the PATH)."),
    _option(_HELM, "--include-vendored", is_flag=True, help="Report findings in vendored subcharts too."),
    _option(_TERRAFORM, "--tf-var-file", multiple=True, metavar="FILE", help="As terraform's -var-file. Repeatable."),
    _option(_TERRAFORM, "--tf-var", multiple=True, metavar="NAME=VALUE", help="As terraform's -var. Repeatable."),
    _option(_TERRAFORM, "--tf-env", is_flag=True, help="Read TF_VAR_* from the environment."),
    _option(_RUN, "--jobs", type=click.IntRange(min=0), metavar="N",
            help="Processes that render charts at a time; 0, the default, is one a processor, and at most 8."),
    _option(_RUN, "--no-cache", is_flag=True,
            help="Neither read nor write the cache of rendered charts and parsed Terraform and YAML."),
    _option(_RUN, "--version", "-V", is_flag=True, help="Show the version."),
)  # fmt: skip


def check_options(function: _Function) -> _Function:
    """Decorate the command with all options, in the order above."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


# What decides how a repository is read, as against how it is judged and reported.
_READING: Final = (
    "--target-version", "--exclude", "--config", "--env", "--cluster", "--color", "--quiet", "--helm-values",
    "--helm-set", "--release-name", "--namespace", "--helm-engine", "--tf-var-file", "--tf-var", "--tf-env", "--jobs",
    "--no-cache",
)  # fmt: skip


def reading_options(function: _Function) -> _Function:
    """Decorate a command that only reads with the options that decide what is read, and how."""
    for option in reversed(_OPTIONS):
        if option.name in _READING:
            function = option(function)
    return function


# What a command besides needs that judges too, and reports in its own way.
_JUDGING: Final = (
    *_READING, "--select", "--extend-select", "--ignore", "--preset", "--baseline", "--as-of", "--rules-from",
    "--allow-incomplete", "--include-vendored",
)  # fmt: skip


def judging_options(function: _Function) -> _Function:
    """Decorate a command that reads and judges with the options that decide what is found."""
    for option in reversed(_OPTIONS):
        if option.name in _JUDGING:
            function = option(function)
    return function
