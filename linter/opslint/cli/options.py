"""The options of commands, in the sections that help shows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from opslint.cli.arguments import OPTIONS, RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from opslint.cli.arguments import Option

_Function = TypeVar("_Function", bound="Callable[..., Any]")

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
                sections[getattr(parameter, "section", RUN)].append(record)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(records)


def _add(option: Option, function: _Function) -> _Function:
    attributes = dict(option.attributes)
    if "choices" in attributes:
        attributes["type"] = click.Choice(attributes.pop("choices"))
    if "least" in attributes:
        attributes["type"] = click.IntRange(min=attributes.pop("least"))
    return click.option(*option.names, cls=SectionOption, section=option.section, **attributes)(function)


def _add_all(function: _Function, wanted: Collection[str] | None = None) -> _Function:
    for option in reversed(OPTIONS):
        if wanted is None or option.names[0] in wanted:
            function = _add(option, function)
    return function


def check_options(function: _Function) -> _Function:
    """Decorate the command with all options, in the order above."""
    return _add_all(function)


# What decides how a repository is read, as against how it is judged and reported.
_READING: Final = (
    "--target-version", "--exclude", "--config", "--env", "--cluster", "--color", "--quiet", "--helm-values",
    "--helm-set", "--release-name", "--namespace", "--helm-engine", "--tf-var-file", "--tf-var", "--tf-env", "--jobs",
    "--no-cache",
)  # fmt: skip


def reading_options(function: _Function) -> _Function:
    """Decorate a command that only reads with the options that decide what is read, and how."""
    return _add_all(function, _READING)


# What a command besides needs that judges too, and reports in its own way.
_JUDGING: Final = (
    *_READING, "--select", "--extend-select", "--ignore", "--preset", "--baseline", "--as-of", "--rules-from",
    "--allow-incomplete", "--include-vendored",
)  # fmt: skip


def judging_options(function: _Function) -> _Function:
    """Decorate a command that reads and judges with the options that decide what is found."""
    return _add_all(function, _JUDGING)
