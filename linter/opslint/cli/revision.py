"""Which commit of which repository was linted, read from git's files: no program is run for it."""

from __future__ import annotations

import re
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex

if TYPE_CHECKING:
    from pathlib import Path

_HASH: Final = regex(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CREDENTIALS: Final = regex(r"(?<=://)[^/@]*@")
_SCP: Final = regex(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")


def read_revision(root: Path) -> tuple[str, str, str]:
    """Return the commit, the URL of the remote `origin` without credentials, and the branch; "" for what is unknown.

    A work tree or submodule (its `.git` is a file that points out of the root) gives nothing.
    """
    git = root / ".git"
    if git.is_symlink() or not git.is_dir():
        return "", "", ""
    head = _text(git / "HEAD").strip()
    reference = head.removeprefix("ref: ") if head.startswith("ref: refs/") else ""
    commit = _commit(git, reference) if reference and ".." not in reference.split("/") else head
    branch = reference.removeprefix("refs/heads/")
    return (commit if _HASH.fullmatch(commit) else ""), _remote(git), branch


def _commit(git: Path, reference: str) -> str:
    loose = _text(git / reference).strip()
    if loose:
        return loose
    for line in _text(git / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == reference:
            return commit
    return ""


def _remote(git: Path) -> str:
    parser = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(_text(git / "config"))
        url = parser.get('remote "origin"', "url", fallback="") or ""
    except ConfigParserError:
        return ""
    scp = _SCP.fullmatch(url)
    if scp:
        url = f"https://{scp['host']}/{scp['path']}"
    url = _CREDENTIALS.sub("", url).split("?", 1)[0].removesuffix(".git")
    return url if re.match(r"https?://|ssh://|git://", url) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return ""
