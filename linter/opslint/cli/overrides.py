"""Turns the options of a command into fields of Settings; what is not given leaves the configuration as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opslint.config.rebase import rebase_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

_AS_GIVEN: Final = (
    "target_version", "select", "extend_select", "ignore", "preset", "fail_on", "env", "cluster", "as_of",
    "release_name", "namespace", "helm_engine", "include_vendored", "tf_env", "jobs", "no_cache", "show_suppressed",
    "changed_since",
)  # fmt: skip


def overrides_of(given: Mapping[str, Any], root: Path) -> dict[str, object]:
    """Return the fields that the command line sets; paths become relative to `root`.

    Raises:
        click.UsageError: a file does not exist, or a value has not the form it needs.
    """
    fields: dict[str, object] = {name: given[name] for name in _AS_GIVEN if given.get(name) not in (None, False, ())}
    for pattern in given.get("exclude", ()):
        from opslint.read.ignore import is_pattern

        if not is_pattern(pattern):
            raise click.UsageError(f"--exclude: {pattern!r} is no pattern of a .gitignore.")
    here = Path.cwd().resolve()
    base = here.relative_to(root).as_posix() if here != root and here.is_relative_to(root) else ""
    lists = {
        "exclude": tuple(rebase_pattern(pattern, base) for pattern in given.get("exclude", ())),
        "helm_values": tuple(_values_file(value, root) for value in given.get("helm_values", ())),
        "helm_set": tuple(_setting(value, root) for value in given.get("helm_set", ())),
        "tf_var_files": tuple(_file(value, "--tf-var-file", root) for value in given.get("tf_var_file", ())),
        "tf_vars": tuple(_assignment(value, "--tf-var") for value in given.get("tf_var", ())),
    }
    if given.get("baseline"):
        fields["baseline"] = below_root(given["baseline"], root)
    return fields | {name: values for name, values in lists.items() if values}


def below_root(path: str, root: Path) -> str:
    """Return a path relative to `root`, "" for the root itself; absolute when it is not below."""
    absolute = Path(os.path.normpath(Path.cwd().resolve() / path))
    if not absolute.is_relative_to(root):
        return str(absolute)
    return "" if absolute == root else absolute.relative_to(root).as_posix()


def _file(value: str, option: str, root: Path) -> str:
    if not Path(value).is_file():
        raise click.UsageError(f"{option}: there is no file {value!r}.")
    return below_root(value, root)


def _values_file(value: str, root: Path) -> tuple[str, str]:
    chart, equals, file = value.partition("=")
    if equals and not Path(value).is_file():
        return _chart(chart, "--helm-values", root), _file(file, "--helm-values", root)
    return "", _file(value, "--helm-values", root)


def _setting(value: str, root: Path) -> tuple[str, str]:
    first, _, rest = _assignment(value, "--helm-set").partition("=")
    if "=" in rest and Path(first, "Chart.yaml").is_file():
        return below_root(first, root), rest
    return "", value


def _chart(path: str, option: str, root: Path) -> str:
    if not Path(path, "Chart.yaml").is_file():
        raise click.UsageError(f"{option}: {path!r} is not the folder of a chart.")
    return below_root(path, root)


def _assignment(value: str, option: str) -> str:
    if not value.partition("=")[1] or value.startswith("="):
        raise click.UsageError(f"{option}: {value!r} is not of the form NAME=VALUE.")
    return value
