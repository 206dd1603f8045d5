"""Reading without judging, for the commands that show what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opslint.model.settings import Settings
    from opslint.read.plan import Reading


def read_paths(paths: Sequence[str], given: Mapping[str, Any]) -> tuple[Reading, Settings]:
    """Read the paths with the options given.

    Raises:
        ConfigError: the configuration is wrong.
        click.UsageError: a path or an option is.
    """
    from opslint.cli.check import check_paths, read_stdin
    from opslint.cli.overrides import overrides_of
    from opslint.cli.progress import ProgressBar
    from opslint.config import find_root, load_settings
    from opslint.read.plan import read_project

    check_paths(paths)
    root = find_root(paths)
    settings = load_settings(paths, config_file=given.get("config"), overrides=overrides_of(given, root), root=root)
    stdin = read_stdin() if "-" in paths else None
    with ProgressBar(enabled=not given.get("quiet")) as progress:
        return read_project(paths, settings, stdin, progress), settings
