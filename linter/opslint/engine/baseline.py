"""The baseline: findings that were there before, by fingerprint, so that a gate sees only new ones.

A JSON file `{"version": 1, "findings": [{"fingerprint", "rule", "path", "resource"}]}`, sorted by path, rule, resource
and fingerprint, one finding a line: a diff shows what came and went. Only the fingerprint decides; the rest is for
people.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.records import NamedTuple
from opslint.model.source import Location, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opslint.model.finding import Finding

VERSION: Final = 1
DEFAULT: Final = ".opslint-baseline.json"
_ANEW: Final = "mend it, or remove it and `opslint baseline` writes it anew"


class BaselineError(Exception):
    """A baseline file cannot be used or written."""


class Entry(NamedTuple):
    """One known finding; sorts by what people look for."""

    path: str
    rule: str
    resource: str
    fingerprint: str

    @classmethod
    def of(cls, finding: Finding) -> Entry:
        """Return the entry of a finding."""
        return cls(finding.location.source.path, finding.rule_id, str(finding.resource), finding.fingerprint)


class Baseline:
    """The known findings, and which of them are still there."""

    def __init__(self, source: Source, entries: Sequence[Entry]) -> None:
        self.source, self.entries = source, tuple(entries)
        self._known = {entry.fingerprint for entry in entries}
        self.met: set[str] = set()

    def __contains__(self, finding: Finding) -> bool:
        """True for a known finding, which is then known to be there still."""
        if finding.fingerprint not in self._known:
            return False
        self.met.add(finding.fingerprint)
        return True

    def place_of(self, entry: Entry) -> Location:
        """Return the line of an entry."""
        line, _ = self.source.position(max(self.source.text.find(entry.fingerprint), 0))
        return Location(self.source, Span.of_line(line, self.source.line(line)))


def read_baseline(root: Path, path: str) -> Baseline:
    """Read a baseline file; `path` is relative to `root`, or absolute.

    Raises:
        BaselineError: there is none, it is no baseline, or a newer opslint wrote it.
    """
    if not Path(path).is_absolute() and not (root / path).resolve().is_relative_to(root.resolve()):
        raise BaselineError(f"{path}: links to a file outside the root, which is not read")
    try:
        text = (root / path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BaselineError(f"{path}: there is no such baseline; `opslint baseline` writes it") from error
    except UnicodeDecodeError as error:
        raise BaselineError(f"{path}: is not UTF-8 text; {_ANEW}") from error
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not text.strip():
        raise BaselineError(f"{path}: is empty; {_ANEW}")
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise BaselineError(f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}; {_ANEW}") from error
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path}: is not JSON: {error}; {_ANEW}") from error
    return Baseline(Source(path, text, "json"), _entries(path, content))


def _entries(path: str, content: object) -> list[Entry]:
    version = content.get("version") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BaselineError(f"{path}: is no baseline of opslint: it has no version")
    if version > VERSION:
        raise BaselineError(
            f"{path}: was written by a newer opslint (version {version} of the file, {VERSION} is known here): "
            "update opslint"
        )
    found = content.get("findings")
    entries = [
        Entry(*(str(one.get(key, "")) for key in ("path", "rule", "resource", "fingerprint")))
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict) and isinstance(one.get("fingerprint"), str)
    ]
    if not isinstance(found, list) or len(entries) < len(found) or not all(one.fingerprint for one in entries):
        raise BaselineError(f"{path}: is no baseline of opslint: a finding without a fingerprint stands in it")
    return entries


def baseline_text(entries: Iterable[Entry]) -> str:
    """Return the text of a baseline file, each entry once."""
    lines = [
        json.dumps(
            {"fingerprint": one.fingerprint, "rule": one.rule, "path": one.path, "resource": one.resource},
            ensure_ascii=False,
        )
        for one in sorted({entry.fingerprint: entry for entry in entries}.values())
    ]
    body = ",\n".join(f"    {line}" for line in lines)
    return f'{{\n  "version": {VERSION},\n  "findings": [{chr(10) + body + chr(10) + "  " if lines else ""}]\n}}\n'


def write_baseline(root: Path, path: str, entries: Iterable[Entry]) -> None:
    """Write a baseline file with one rename, so that nobody reads half of it.

    Raises:
        BaselineError: it cannot be written.
    """
    import os
    import tempfile
    from contextlib import suppress

    target = root / path
    temporary = ""
    try:
        real = Path(os.path.realpath(target))
        mode = real.stat().st_mode & 0o777 if real.exists() else 0o644
        if real.exists() and not os.access(real, os.W_OK):
            raise PermissionError(13, "Permission denied")
        descriptor, temporary = tempfile.mkstemp(prefix=".opslint-", dir=real.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(baseline_text(entries))
        Path(temporary).chmod(mode)
        Path(temporary).replace(real)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        raise BaselineError(f"{path}: cannot be written: {error.strerror or error}") from error
