"""Reads the configuration of a run and lays the command line over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opslint.config.document import open_document
from opslint.config.error import ConfigError
from opslint.config.fill import Frame, settings_fields
from opslint.config.find import find_configuration
from opslint.config.frame import check_frame
from opslint.model.settings import Settings
from opslint_schemas import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# On the command line these add to the configuration, everything else replaces.
_ADDING: Final = ("extend_select", "ignore", "exclude")


def load_settings(
    paths: Sequence[str],
    *,
    config_file: str | None,
    overrides: Mapping[str, object],
    root: Path,
) -> Settings:
    """Return the settings of a run over `paths` (relative to the current directory; `-` is standard input).

    `config_file` is the file the user named; None searches upward from the first path to `root`. `overrides` are fields
    of Settings from the command line. Paths and globs in a configuration are relative to its folder when the first path
    lies below that (as it always does for a file that was found), else to the current directory.

    Raises:
        ConfigError: the configuration cannot be read, does not parse, or has a key or a value that it cannot have.
    """
    root = root.resolve()
    first = next((Path(path).absolute() for path in paths if path != "-"), Path.cwd())
    file = Path(config_file).absolute() if config_file is not None else find_configuration(first.resolve(), root)
    fields: dict[str, Any] = {}
    if file is not None:
        base = _base(file, first.resolve(), root, named=config_file is not None)
        fields = _read(file, Frame(root, base)) | {"project": base}
    return Settings(root=str(root), **fields)._replace(**_merged(fields, overrides))


def _read(file: Path, frame: Frame) -> dict[str, Any]:
    shown = file.relative_to(frame.root).as_posix() if file.is_relative_to(frame.root) else str(file)
    document = open_document(file, shown)
    if document is None:
        return {}
    found = list(check_frame(document, load("config.schema")))
    if found:
        first, *more = found
        raise ConfigError(first.message, first.path, first.line, first.column, text=first.text, more=more)
    return settings_fields(document, frame)


def _base(file: Path, first: Path, root: Path, *, named: bool) -> str:
    folder = file.parent.resolve()
    if named and not first.is_relative_to(folder):
        folder = Path.cwd().resolve()
    return "" if folder == root or not folder.is_relative_to(root) else folder.relative_to(root).as_posix()


def _merged(fields: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Return what the command line changes, in ruff's meaning.

    `select` there drops all selection of the configuration, `preset` its `select`; the others add, and a rule that the
    command line adds by name is no longer ignored by the configuration.
    """
    given: dict[str, Any] = dict(overrides)
    merged = {key: value for key, value in given.items() if key not in _ADDING}
    if "preset" in given:
        merged.setdefault("select", ())
    if "target_version" in given:
        merged |= {"target_source": "flag", "target_location": None}
    configured = {key: tuple(fields.get(key, ())) for key in _ADDING}
    if "select" in given:
        configured |= {"extend_select": (), "ignore": ()}
    wanted = set(given.get("extend_select", ()))
    configured["ignore"] = tuple(name for name in configured["ignore"] if name not in wanted)
    return merged | {key: configured[key] + tuple(given.get(key, ())) for key in _ADDING}
