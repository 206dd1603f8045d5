"""The options of `check` as data, and reading a plain command line by them.

click reads every command line and writes all help and errors; but importing it takes as long as linting a small file,
so a line that leaves nothing to say is read here, by the same table.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from opslint.cli.completion import complete_selectors
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple
from opslint.output import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click

SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
PRESETS: Final = ("recommended", "strict", "all")
_VERSION: Final = regex(r"v?1\.[0-9]+(\.[0-9]+([-+][\w.+-]+)?)?|next")

_JUDGE: Final = "What to judge, and against what"
_OUTPUT: Final = "Output"
_FIX: Final = "Fixing"
_HELM: Final = "Helm"
_TERRAFORM: Final = "Terraform"
RUN: Final = "Running"


class Option(NamedTuple):
    """An option: the heading it stands under, its names, and what else click is told of it.

    Of these, `choices` are the values it takes, and `least` makes it a number that is not below.
    """

    section: str
    names: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The name of its parameter, as click makes it of the first one."""
        return self.names[0].removeprefix("--").replace("-", "_")

    @property
    def is_flag(self) -> bool:
        """True when it takes no value."""
        return bool(self.attributes.get("is_flag"))


def bad_value(message: str) -> Exception:
    """Return click's error for a value."""
    from click import BadParameter

    return BadParameter(message)


def split_names(_context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Take a repeatable option whose values may hold several names, with commas between.

    One that keeps only what it names must name something: an empty variable of a script would select everything.
    """
    names = tuple(name.strip() for value in values for name in value.split(",") if name.strip())
    if values and not names and parameter.name in {"select", "env", "cluster"}:
        raise bad_value("it names nothing.")
    return names


def parse_versions(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Take `1.34`, `next`, or several with commas between; patch versions and a leading `v` are dropped."""
    from opslint.config.fill import plain_versions

    if value is None:
        return None
    if not all(_VERSION.fullmatch(part.strip()) for part in value.split(",")):
        raise bad_value(f"{value!r} is no Kubernetes version such as 1.34, next, or 1.33,1.34.")
    return plain_versions(value)


def parse_day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    """Take a date such as 2027-01-31."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise bad_value(f"{value!r} is no date such as 2027-01-31.") from None


def _option(section: str, *names: str, **attributes: Any) -> Option:
    return Option(section, names, attributes)


def _names(section: str, *names: str, metavar: str, help: str) -> Option:  # noqa: A002
    complete = complete_selectors if metavar == "RULES" else None
    return _option(
        section, *names, multiple=True, callback=split_names, shell_complete=complete, metavar=metavar, help=help
    )


OPTIONS: Final = (
    _option(_JUDGE, "--target-version", "-k", "--kube-version", callback=parse_versions, metavar="VERSION",
            help="Kubernetes version to judge against: 1.34, next (one minor above the cluster's), or 1.33,1.34. "
            "Default: from configuration, else from Terraform, else the newest EKS version known."),
    _names(_JUDGE, "--select", metavar="RULES", help="Run these in place of the preset's: ids, areas, tags, globs."),
    _names(_JUDGE, "--extend-select", metavar="RULES", help="Run these besides."),
    _names(_JUDGE, "--ignore", metavar="RULES", help="Do not run these."),
    _option(_JUDGE, "--preset", choices=PRESETS, metavar="PRESET",
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
            help="Keep only what has to do with files that changed since the merge base with REV (git)."),
    _option(_JUDGE, "--rules-from", multiple=True, metavar="MODULE|FILE",
            help="Rules of your own: an importable package, or a Python file. It is executed."),
    _option(_OUTPUT, "--format", "-f", choices=FORMATS, default="text", metavar="FORMAT",
            help=f"{', '.join(FORMATS)}. Default: text."),
    _option(_OUTPUT, "--output", "-o", multiple=True, metavar="[FORMAT=]FILE",
            help="Write the report to FILE; with FORMAT=, one more report beside that of --format. Repeatable."),
    _option(_OUTPUT, "--show-suppressed", is_flag=True, help="Show suppressed findings too, marked as such."),
    _option(_OUTPUT, "--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
            help="auto (default: on a terminal), always, never."),
    _option(_OUTPUT, "--quiet", "-q", is_flag=True, help="No summary, no notices."),
    _option(_OUTPUT, "--verbose", "-v", is_flag=True, help="Say more; with --version: the dates of the data too."),
    _option(_OUTPUT, "--statistics", is_flag=True, help="Count findings by rule and show timings, on standard error."),
    _option(_OUTPUT, "--fail-on", choices=(*SEVERITIES, "never"), metavar="SEVERITY",
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
    _option(_HELM, "--helm-engine", choices=("auto", "embedded", "binary"), metavar="ENGINE",
            help="auto (default), embedded, or binary (the helm on the PATH)."),
    _option(_HELM, "--include-vendored", is_flag=True, help="Report findings in vendored subcharts too."),
    _option(_TERRAFORM, "--tf-var-file", multiple=True, metavar="FILE", help="As terraform's -var-file. Repeatable."),
    _option(_TERRAFORM, "--tf-var", multiple=True, metavar="NAME=VALUE", help="As terraform's -var. Repeatable."),
    _option(_TERRAFORM, "--tf-env", is_flag=True, help="Read TF_VAR_* from the environment."),
    _option(RUN, "--jobs", least=0, metavar="N",
            help="Accepted, without effect today: one process reads, and one more renders charts."),
    _option(RUN, "--no-cache", is_flag=True, help="Neither read nor write the cache of rendered charts."),
    _option(RUN, "--version", "-V", is_flag=True, help="Show the version."),
)  # fmt: skip


_BY_NAME: Final = {name: option for option in OPTIONS for name in option.names}


def read_plain(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """Return the paths and the parameters of `check`, None for whatever only click reads, or has an answer to.

    That is another command, help, an option that is not there or has not the value it needs, options drawn together,
    `--`, and standard input, of which there is only one.
    """
    paths: list[str] = []
    texts: dict[str, list[str]] = {}
    waiting = list(reversed(arguments))
    while waiting:
        word = waiting.pop()
        if not word.startswith("-"):
            paths.append(word)
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = _BY_NAME.get(name)
        if option is None or (option.is_flag and equals):
            return None
        if not option.is_flag and not equals:
            if not waiting or waiting[-1].startswith("-"):
                return None
            value = waiting.pop()
        texts.setdefault(option.key, []).append(value)
    if "" in paths:
        return None
    given = {option.key: _value(option, texts.get(option.key, [])) for option in OPTIONS}
    return None if _WRONG in given.values() else (tuple(paths), given)


_WRONG: Final = object()


def _value(option: Option, texts: list[str]) -> Any:
    """Return what click makes of the texts that an option was given, `_WRONG` where that is an error."""
    attributes = option.attributes
    if option.is_flag:
        return bool(texts)
    last = texts[-1] if texts else attributes.get("default")
    value: Any = tuple(texts) if attributes.get("multiple") else last
    if value is None:
        return None
    if ("choices" in attributes and value not in attributes["choices"]) or "least" in attributes:
        return _WRONG
    if "callback" not in attributes:
        return value
    try:
        return attributes["callback"](None, option, value)
    except Exception:  # noqa: BLE001 - click's: it says it better with its context
        return _WRONG
