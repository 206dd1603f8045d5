"""The generators of an Argo CD ApplicationSet, as far as files tell what they come to."""

from __future__ import annotations

import json
import os
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.source import Source
from opslint.read.files import is_within, read_text
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from opslint.model.node import Node

Params: TypeAlias = dict[str, str]  # by the dotted name that a template uses

_ENTRIES: Final = 20_000  # directory entries looked at for one pattern
_RESULTS: Final = 500
_EXPRESSION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_INDEX: Final = re.compile(r'index\s+\.([\w.]+)\s+(?:(\d+)|"([^"]+)")')
_SKIPPED: Final = frozenset({".git", ".terraform", "node_modules"})


class Unresolved(Exception):  # noqa: N818 - says what it is
    """A generator or a template expression that no file can resolve; its text says which."""


def fill(text: str, params: Mapping[str, str] | None, *, go: bool) -> str:
    """Return a template's text with its expressions resolved; without `params` the text as it is. Raises Unresolved."""
    if params is None or "{{" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        expression = match[1]
        if not go:
            key = expression
        elif found := _INDEX.fullmatch(expression):
            key = f"{found[1]}[{found[2]}]" if found[2] else f"{found[1]}.{found[3]}"
        elif expression.startswith(".") and re.fullmatch(r"[.\w]+", expression):
            key = expression[1:]
        else:
            raise Unresolved(f"{{{{ {expression} }}}}")
        if key not in params:
            raise Unresolved(f"{{{{ {expression} }}}}")
        return params[key]

    return _EXPRESSION.sub(value, text)


def generate(generators: Node, root: Path, *, go: bool) -> Iterator[Params]:
    """Yield the parameters of all generators. Raises Unresolved for one that needs more than files."""
    for generator in generators:
        yield from _one(generator, root, go=go)


def _one(generator: Node, root: Path, *, go: bool) -> Iterator[Params]:
    if generator["list"].present:
        for element in generator["list"]["elements"]:
            yield dict(_flat(element.plain(), ""))
        if generator["list"]["elementsYaml"].present:
            raise Unresolved("elementsYaml of the list generator")
    elif generator["git"].present:
        git = generator["git"]
        extra = {f"values.{key}": item.text for key, item in git["values"].items()}
        for params in (*_directories(git["directories"], root, go=go), *_files(git["files"], root, go=go)):
            yield params | {key: fill(text, params, go=go) for key, text in extra.items()}
    elif generator["matrix"].present:
        first, *rest = list(generator["matrix"]["generators"])
        products = list(_one(first, root, go=go))
        for other in rest:
            products = [left | right for left in products for right in _one(other, root, go=go)]
        yield from products
    else:
        name = next((key for key, _ in generator.items()), "empty")
        raise Unresolved(f"the {name} generator")


def _flat(value: object, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _flat(item, f"{prefix}[{at}]")
    else:
        yield prefix, "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _directories(entries: Node, root: Path, *, go: bool) -> Iterator[Params]:
    wanted = [entry["path"].text for entry in entries if not entry["exclude"].is_true]
    unwanted = [entry["path"].text for entry in entries if entry["exclude"].is_true]
    found = {path for pattern in wanted for path in _matching(root, pattern, directories=True)}
    for path in sorted(found):
        if not any(_matches(path, pattern) for pattern in unwanted):
            yield _path_params(path, "", go=go)


def _files(entries: Node, root: Path, *, go: bool) -> Iterator[Params]:
    found = {path for entry in entries for path in _matching(root, entry["path"].text, directories=False)}
    for path in sorted(found):
        source = read_text(root, path, "yaml")
        if not isinstance(source, Source):
            raise Unresolved(f"the file {path}")
        directory, _, name = path.rpartition("/")
        for content in _contents(source):
            yield dict(_flat(content, "")) | _path_params(directory, name, go=go)


def _contents(source: Source) -> Sequence[Any]:
    if source.path.endswith(".json"):
        try:
            content = json.loads(source.text)
        except ValueError:
            raise Unresolved(f"the file {source.path}") from None
        return content if isinstance(content, list) else [content]
    parsed = read_yaml(source)
    if parsed.errors:
        raise Unresolved(f"the file {source.path}")
    plain = [document.plain() for document in parsed.documents]
    return plain[0] if len(plain) == 1 and isinstance(plain[0], list) else plain


def _path_params(directory: str, name: str, *, go: bool) -> Params:
    parts = directory.split("/") if directory else []
    whole, inner = ("path.path", "path.segments") if go else ("path", "path")
    base = parts[-1] if parts else ""
    params = {whole: directory, "path.basename": base, "path.basenameNormalized": _normal(base)}
    params |= {f"{inner}[{at}]": part for at, part in enumerate(parts)}
    if name:
        params |= {"path.filename": name, "path.filenameNormalized": _normal(name)}
    return params


def _normal(text: str) -> str:
    return re.sub(r"[^a-z0-9.-]", "-", text.lower()).strip("-.")


def _matches(path: str, pattern: str) -> bool:
    parts, globs = path.split("/"), pattern.strip("/").split("/")
    return len(parts) == len(globs) and all(map(fnmatchcase, parts, globs))


def _matching(root: Path, pattern: str, *, directories: bool) -> Iterator[str]:
    """Yield the paths below the root that fit a pattern; `**` stands for any folders. Links are not followed."""
    bound = os.path.realpath(root)
    globs = [part for part in pattern.strip("/").split("/") if part != "."]
    budget = [_ENTRIES]
    for count, path in enumerate(_walk(bound, "", globs, budget, directories=directories)):
        if count >= _RESULTS:
            raise Unresolved(f"the pattern {pattern}, which fits more than {_RESULTS} paths")
        yield path


def _walk(bound: str, base: str, globs: Sequence[str], budget: list[int], *, directories: bool) -> Iterator[str]:
    if not globs or ".." in globs:
        return
    glob, rest = globs[0], globs[1:]
    try:
        here = os.path.join(bound, base)  # noqa: PTH118
        if not is_within(os.path.realpath(here), bound):
            return
        with os.scandir(here) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        return
    budget[0] -= len(entries)
    if budget[0] < 0:
        raise Unresolved("a pattern that needs too many folders to be looked at")
    if glob == "**":
        if rest:
            yield from _walk(bound, base, rest, budget, directories=directories)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED:
                path = f"{base}/{entry.name}" if base else entry.name
                if not rest and directories:
                    yield path
                yield from _walk(bound, path, globs, budget, directories=directories)
        return
    for entry in entries:
        if entry.name in _SKIPPED or entry.is_symlink() or not fnmatchcase(entry.name, glob):
            continue
        path = f"{base}/{entry.name}" if base else entry.name
        if rest:
            if entry.is_dir():
                yield from _walk(bound, path, rest, budget, directories=directories)
        elif entry.is_dir() == directories:
            yield path
