"""Functions that read files: only inside the root of the run, symbolic links followed first."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.node import Unknown
from opslint.read.evaluate.values import EvalError, Outside, Value, first_unknown, make_set, to_text
from opslint.read.overlay import overlaid

if TYPE_CHECKING:
    from opslint.read.evaluate.scope import Scope

_LIMIT: Final = 1_000_000  # bytes of a file that a function may take in
_LISTED: Final = 5_000  # files that fileset looks at
_PATTERN: Final = 1_000  # characters of its pattern
_EFFORT: Final = 2_000_000_000  # steps that matching all paths may take at most; it takes far fewer


def call(name: str, values: list[Value], scope: Scope | None) -> Value:
    """Return what a function of files returns; Unknown for whatever lies outside the root."""
    if not values:
        raise EvalError(f"{name} takes an argument")
    unknown = first_unknown(*(values if name == "fileset" else values[:1]))
    if unknown is not None:
        return Unknown(unknown.why)
    text = str(to_text(values[0]))
    if name == "templatestring":
        return _template(text, values[1:], scope)
    if scope is None:
        return Unknown(f"{name}()")
    if name == "fileset":
        return _listing(text, str(to_text(values[1])), scope)
    path = _inside(text, scope)
    if path is None:
        return Outside(f"{name}({text!r})", text)
    if name == "fileexists":
        return path.is_file()
    return _content(name, path, values, scope)


def _content(name: str, path: Path, values: list[Value], scope: Scope) -> Value:
    try:
        if not path.is_file():
            # It may be made by a step before Terraform: absence here does not mean absence there.
            return Unknown(f"the file {values[0]}")
        if path.stat().st_size > _LIMIT:
            return Unknown(f"the large file {values[0]}")
        instead = overlaid(path)
        raw = path.read_bytes() if instead is None else instead
    except OSError:
        return Unknown(f"the file {values[0]}")
    if name in {"file", "templatefile"}:
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise EvalError("the file is not UTF-8") from error
        return text if name == "file" else _template(text, values[1:], scope)
    if name == "filebase64":
        return base64.b64encode(raw).decode()
    kind = name.removeprefix("file").removeprefix("base64")
    digest = hashlib.new(kind, raw, usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode() if "base64" in name else digest.hexdigest()


def _inside(text: str, scope: Scope) -> Path | None:
    """Return the file meant, None when it lies outside the root or cannot be told."""
    if not text or "\0" in text or text.startswith("~"):
        return None
    root = scope.workspace.root
    # Paths start where Terraform is run, the root module; path.module is relative to it.
    path = Path(os.path.normpath(scope.top.module.directory / text))
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return real if real.is_relative_to(root) else None


def _template(text: str, values: list[Value], scope: Scope | None) -> Value:
    from opslint.read import hcl
    from opslint.read.evaluate.expressions import evaluate

    names = values[0] if values else {}
    if isinstance(names, Unknown):
        return Unknown(names.why)
    if not isinstance(names, dict):
        raise EvalError("the variables of a template must be a map")
    try:
        node = hcl.parse_template(text)
    except hcl.HclError as error:
        raise EvalError(f"the template cannot be read: {error}") from error
    # Only the given names exist in a template: the scope serves nothing but its limits.
    return to_text(evaluate(node, scope.closed() if scope is not None else None, dict(names)))


def _listing(directory: str, pattern: str, scope: Scope) -> Value:
    base = _inside(directory, scope)
    if base is None:
        return Outside(f"fileset({directory!r})", directory)
    if not base.is_dir():
        return Unknown(f"fileset({directory!r})")
    expression, freedom = _glob(pattern)
    found: list[Value] = []
    seen = effort = 0
    for folder, folders, names in os.walk(base):
        folders.sort()
        seen += len(names) + 1
        if seen > _LISTED:
            return Unknown("fileset() of a large directory")
        relative = os.path.relpath(folder, base)
        for name in sorted(names):
            path = name if relative == "." else f"{relative}/{name}"
            effort += len(path) ** freedom
            if effort > _EFFORT:
                return Unknown("fileset() with many wildcards")
            if expression.fullmatch(path):
                found.append(path)
    return make_set(found)


def _glob(pattern: str) -> tuple[re.Pattern[str], int]:
    """Translate a pattern of fileset: `**` crosses directories, `*` and `?` do not, `{a,b}` chooses.

    The number of its wildcards and choices is the power by which the length of a path takes time.
    """
    pattern = re.sub(r"\*{3,}", "**", pattern)
    freedom = len(re.findall(r"\*+|\{", pattern))
    if len(pattern) > _PATTERN:
        raise EvalError("the pattern is too long")
    out, braces, position = [], 0, 0
    while position < len(pattern):
        char = pattern[position]
        if pattern.startswith("**/", position):
            out.append("(?:[^/]+/)*")
            position += 2
        elif pattern.startswith("**", position):
            out.append(".*")
            position += 1
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "{":
            braces += 1
            out.append("(?:")
        elif char == "}" and braces:
            braces -= 1
            out.append(")")
        else:
            out.append("|" if char == "," and braces else re.escape(char))
        position += 1
    if braces:
        raise EvalError("the pattern is not valid")
    return re.compile("".join(out)), freedom
