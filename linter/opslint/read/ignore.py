"""What git ignores and what the configuration excludes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from opslint.model.source import Source
from opslint.read.files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Ignore:
    """Answers for paths relative to the root of the run; pathspec is imported only when there is a pattern.

    Raises ValueError or re.error for an exclude glob that is none: `is_pattern` tells beforehand.
    """

    def __init__(self, root: Path, exclude: Sequence[str] = ()) -> None:
        self._root = root
        self._exclude = _patterns([pattern.removeprefix("./") for pattern in exclude]) if exclude else None
        own = self._read(".git/info/exclude")
        # Per directory, the deepest first: the patterns that decide on what is in it, each with its own directory.
        self._chains: dict[str, tuple[tuple[str, Any], ...]] = {}
        self._start: tuple[tuple[str, Any], ...] = (("", own),) if own is not None else ()

    def _read(self, path: str) -> Any:
        if not (self._root / path).is_file():
            return None
        source = read_text(self._root, path, "text")
        if not isinstance(source, Source):
            return None
        # git writes an `info/exclude` of comments into every repository.
        lines = [line for line in source.text.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            return None
        try:
            return _patterns(lines)
        except (ValueError, re.error):  # git takes such a line for a pattern that nothing matches
            return _patterns([line for line in lines if is_pattern(line)])

    def _chain(self, directory: str) -> tuple[tuple[str, Any], ...]:
        chain = self._chains.get(directory)
        if chain is None:
            above = self._chain(directory.rpartition("/")[0]) if directory else self._start
            chain = self._chains[directory] = self._extended(directory, above)
        return chain

    def _extended(self, directory: str, above: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
        prefix = f"{directory}/" if directory else ""
        own = self._read(f"{prefix}.gitignore")
        return above if own is None else ((prefix, own), *above)

    def admit(self, directory: str) -> None:
        """Look at a directory even though git ignores it, or one above it: only what is in it may say otherwise."""
        up = directory
        while up:
            above = up.rpartition("/")[0]
            if self._ignored_by_git(above, f"{up}/"):
                self._chains[directory] = self._extended(directory, ())
                return
            up = above

    def excluded(self, path: str) -> bool:
        """Return whether the configuration excludes the path; a directory's ends with `/`."""
        return self._exclude is not None and bool(self._exclude.check_file(path).include)

    def ignored(self, directory: str, path: str) -> bool:
        """Return whether git ignores, or the configuration excludes, a path in a directory that is itself looked at.

        The path of a directory ends with `/`. Git's rules: the deepest `.gitignore` that names the path decides, in
        it the last pattern.
        """
        return self.excluded(path) or self._ignored_by_git(directory, path)

    def _ignored_by_git(self, directory: str, path: str) -> bool:
        for prefix, patterns in self._chain(directory):
            include = patterns.check_file(path[len(prefix) :]).include
            if include is not None:
                return bool(include)
        return False


def _patterns(lines: Sequence[str]) -> Any:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def is_pattern(line: str) -> bool:
    """Return whether a line of a `.gitignore` is a pattern that can be matched, or none (a comment, an empty line)."""
    try:
        _patterns([line])
    except (ValueError, re.error):  # the second: a range such as [z-a]
        return False
    return True
