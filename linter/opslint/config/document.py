"""Opens a configuration as nodes with places, be it YAML or a table of a pyproject.toml."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from opslint.config.error import ConfigError
from opslint.model.limits import FILE_BYTES
from opslint.model.node import Node
from opslint.model.patterns import regex
from opslint.model.source import Location, Source, Span
from opslint.read.overlay import overlaid

if TYPE_CHECKING:
    from pathlib import Path

_AT: Final = regex(r"^(?P<message>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def open_document(path: Path, shown: str) -> Node | None:
    """Return the root of the configuration, None when the file says nothing.

    `shown` is the path for messages.

    Raises:
        ConfigError: the file cannot be read or does not parse.
    """
    text = _read(path, shown)
    if path.suffix == ".toml":
        return _toml(Source(shown, text, kind="toml", absolute=str(path)))
    return _yaml(Source(shown, text, absolute=str(path)))


def failure(message: str, location: Location) -> ConfigError:
    """Return an error at a place, with the line it stands in."""
    source, span = location.source, location.span
    return ConfigError(message, source.path, span.line, span.column, text=source.line(span.line))


def _read(path: Path, shown: str) -> str:
    fixed = overlaid(path)
    try:
        if fixed is None:
            with path.open("rb") as file:
                content = file.read(FILE_BYTES + 1)
        else:
            content = fixed
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", shown) from error
    if len(content) > FILE_BYTES:
        raise ConfigError(f"is larger than {FILE_BYTES // 1_000_000} MB", shown)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", shown, line) from error


def _yaml(source: Source) -> Node | None:
    from opslint.read.yaml import read_yaml

    file = read_yaml(source)
    if file.errors:
        first = file.errors[0]
        raise ConfigError(first.message, source.path, first.line, first.column, text=source.line(first.line))
    if file.duplicates:
        twice = file.duplicates[0]
        raise failure(f"the key {twice.key!r} is written twice, here and in line {twice.kept.span.line}", twice.lost)
    if not file.documents:
        return None
    if len(file.documents) > 1:
        raise failure("a second document: the configuration is one", file.documents[1].location)
    root = file.documents[0]
    return root if root.present else None


def _toml(source: Source) -> Node | None:
    import tomllib

    try:
        content = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.match(str(error))
        line = int(found["line"] or 0) if found else 0
        message = found["message"] if found else str(error)
        raise ConfigError(message, source.path, line, int(found["column"] or 0) if found else 0) from error
    except RecursionError as error:
        raise ConfigError("is nested too deeply", source.path) from error
    table = content.get("tool", {}).get("opslint") if source.path.endswith("pyproject.toml") else content
    return None if table is None else Node(source, table, _Table(source))


class _Table:
    """Nodes over plain TOML values. tomllib keeps no places, so all stand at the line of the table."""

    def __init__(self, source: Source) -> None:
        header = re.search(r"^[ \t]*\[\[?[ \t]*tool[ \t]*\.[ \t]*[\"']?opslint.*$", source.text, re.MULTILINE)
        line = source.position(header.start())[0] if header else 1
        self._span = Span.of_line(line, source.line(line))

    def open(self, raw: Any) -> object:
        if isinstance(raw, (date, datetime, time)):
            return raw.isoformat()
        return raw

    def extent(self, raw: Any) -> Span:  # noqa: ARG002 - the shape of a Form
        return self._span

    def key_span(self, raw: Any, key: str) -> Span | None:  # noqa: ARG002
        return self._span

    def source(self, raw: Any) -> Source | None:  # noqa: ARG002
        return None

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:  # noqa: ARG002
        return ()
