"""The generators of an Argo CD ApplicationSet, as far as files tell what they come to."""

from __future__ import annotations

import json
import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.patterns import glob_matches, regex
from opslint.model.source import Source
from opslint.read.files import is_within, read_text
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from opslint.model.node import Node

Params: TypeAlias = dict[str, str]  # by the dotted name that a template uses

_ENTRIES: Final = 20_000  # directory entries looked at for one pattern
_RESULTS: Final = 500
_MOST: Final = 2_000  # combinations of one matrix
_EXPRESSION: Final = regex(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_INDEX: Final = regex(r'index\s+\.([\w.]+)\s+(?:(\d+)|"([^"]+)")')
_DEFAULT: Final = regex(r'default\s+"([^"]*)"\s+\.([\w.]+)')
_SKIPPED: Final = frozenset({".git", ".terraform", "node_modules"})


class Unresolved(Exception):  # noqa: N818 - says what it is
    """A generator or a template expression that no file can resolve; its text says which."""


def fill(text: str, params: Mapping[str, str] | None, *, go: bool) -> str:
    """Return a template's text with its expressions resolved; without `params` the text as it is. Raises Unresolved."""
    if params is None or "{{" not in text:
        return text
    return _EXPRESSION.sub(lambda match: _value(match[1], params, go=go), text)


def _value(expression: str, params: Mapping[str, str], *, go: bool) -> str:
    """Return what an expression comes to: a parameter, in a Go template with functions behind it."""
    first, *functions = _split(expression) if go else [expression]
    if not go:
        key = first
    elif found := _INDEX.fullmatch(first):
        key = f"{found[1]}[{found[2]}]" if found[2] else f"{found[1]}.{found[3]}"
    elif found := _DEFAULT.fullmatch(first):
        return _piped(params.get(found[2]) or found[1], functions, expression)
    elif first.startswith(".") and re.fullmatch(r"[.\w]+", first):
        key = first[1:]
    else:
        raise Unresolved(f"{{{{ {expression} }}}}")
    if key not in params and not any(one.startswith("default ") for one in functions[:1]):
        raise Unresolved(f"{{{{ {expression} }}}}")
    return _piped(params.get(key, ""), functions, expression)


def _split(expression: str) -> list[str]:
    """Return the parts of a pipeline; a bar within quotes does not part."""
    return [part.strip() for part in re.findall(r'(?:"[^"]*"|[^|"])+', expression)]


def _piped(value: str, functions: Sequence[str], expression: str) -> str:
    for function in functions:
        name, *arguments = re.findall(r'"[^"]*"|\S+', function) or [""]
        texts = [argument.strip('"') for argument in arguments]
        known = _FUNCTIONS.get((name, len(texts)))
        if known is None or not all(argument.startswith('"') for argument in arguments):
            raise Unresolved(f"{{{{ {expression} }}}}")
        value = known(value, *texts)
    return value


def generate(generators: Node, root: Path, is_ours: Callable[[str], bool], *, go: bool) -> Iterator[Params]:
    """Yield the parameters of all generators; `is_ours` tells whether an address may be this repository's.

    Raises Unresolved, after all others, for those that need more than files.
    """
    reader = _Generators(root, is_ours, go=go)
    unresolved: list[str] = []
    for generator in generators:
        try:
            yield from reader.one(generator, None)
        except Unresolved as error:
            unresolved.append(str(error))
    if unresolved:
        raise Unresolved(", ".join(dict.fromkeys(unresolved)))


class _Generators:
    """Reads generators; those of a matrix may use the parameters of the one before them."""

    def __init__(self, root: Path, is_ours: Callable[[str], bool], *, go: bool) -> None:
        self._root, self._is_ours, self._go = root, is_ours, go

    def one(self, generator: Node, given: Params | None) -> Iterator[Params]:
        """Yield the parameters of one generator, with those that it is given filled in."""
        selector = generator["selector"]
        for params in self._all(generator, given):
            if not selector.present or _selected(selector, params):
                yield params

    def _all(self, generator: Node, given: Params | None) -> Iterator[Params]:
        kind = next((key for key, node in generator.items() if key != "selector" and node.present), "empty")
        if generator[kind]["template"]["spec"].present:
            raise Unresolved(f"the template of the {kind} generator")
        if kind == "list":
            yield from self._list(generator["list"], given)
        elif kind == "git":
            yield from self._git(generator["git"], given)
        elif kind == "matrix":
            first, *rest = _children(generator, kind)
            products = list(islice(self.one(first, given), _MOST + 1))
            for other in rest:
                products = list(islice(self._pairs(products, other), _MOST + 1))
            if len(products) > _MOST:
                raise Unresolved(f"the matrix generator of more than {_MOST:,} combinations")
            yield from products
        elif kind == "merge":
            yield from self._merge(generator, given)
        else:
            raise Unresolved(f"the {kind} generator")

    def _pairs(self, products: Sequence[Params], other: Node) -> Iterator[Params]:
        for left in products:
            for right in self.one(other, left):
                yield left | right

    def _list(self, generator: Node, given: Params | None) -> Iterator[Params]:
        for element in generator["elements"]:
            yield {key: self._fill(text, given) for key, text in _flat(element.plain(), "")}
        text = generator["elementsYaml"]
        if text.present:
            if "{{" in text.text:
                raise Unresolved("elementsYaml of the list generator")
            parsed = read_yaml(Source("", text.text))
            for element in parsed.documents[0] if len(parsed.documents) == 1 and not parsed.errors else ():
                yield dict(_flat(element.plain(), ""))

    def _git(self, generator: Node, given: Params | None) -> Iterator[Params]:
        if not self._is_ours(self._fill(generator["repoURL"].text, given)):
            raise Unresolved("the git generator of another repository")
        prefix = generator["pathParamPrefix"].text
        extra = {f"values.{key}": item.text for key, item in generator["values"].items()}
        wanted = [(self._fill(one["path"].text, given), one["exclude"].is_true) for one in generator["directories"]]
        files = [self._fill(one["path"].text, given) for one in generator["files"]]
        directories = _directories(wanted, self._root, prefix, go=self._go)
        for params in (*directories, *_files(files, self._root, prefix, go=self._go)):
            yield params | {key: self._fill(text, (given or {}) | params) for key, text in extra.items()}

    def _merge(self, generator: Node, given: Params | None) -> Iterator[Params]:
        """Yield the first generator's parameters, overridden by those of the others that have the same keys."""
        keys = generator["merge"]["mergeKeys"].texts()
        first, *rest = _children(generator, "merge")
        merged = list(self.one(first, given))
        for other in rest:
            for override in self.one(other, given):
                for at, params in enumerate(merged):
                    if keys and all(params.get(key, "") == override.get(key, "") for key in keys):
                        merged[at] = params | override
        yield from merged

    def _fill(self, text: str, given: Params | None) -> str:
        return fill(text, given, go=self._go)


def _children(generator: Node, kind: str) -> list[Node]:
    found = list(generator[kind]["generators"])
    if not found:
        raise Unresolved(f"the {kind} generator without generators")
    return found


def _selected(selector: Node, params: Params) -> bool:
    """Return whether a label selector fits parameters."""
    if any(params.get(key) != value.text for key, value in selector["matchLabels"].items()):
        return False
    for entry in selector["matchExpressions"]:
        value, wanted = params.get(entry["key"].text), entry["values"].texts()
        holds = {
            "In": value in wanted,
            "NotIn": value not in wanted,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds.get(entry["operator"].text, False):
            return False
    return True


def _flat(value: object, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _flat(item, f"{prefix}[{at}]")
    else:
        yield prefix, "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _directories(entries: Sequence[tuple[str, bool]], root: Path, prefix: str, *, go: bool) -> Iterator[Params]:
    wanted = [path for path, excluded in entries if not excluded]
    unwanted = [path for path, excluded in entries if excluded]
    found = {path for pattern in wanted for path in _matching(root, pattern, directories=True)}
    for path in sorted(found):
        if not any(_matches(path, pattern) for pattern in unwanted):
            yield _path_params(path, "", prefix, go=go)


def _files(patterns: Sequence[str], root: Path, prefix: str, *, go: bool) -> Iterator[Params]:
    found = {path for pattern in patterns for path in _matching(root, pattern, directories=False)}
    for path in sorted(found):
        source = read_text(root, path, "yaml")
        if not isinstance(source, Source):
            raise Unresolved(f"the file {path}")
        directory, _, name = path.rpartition("/")
        for content in _contents(source):
            yield dict(_flat(content, "")) | _path_params(directory, name, prefix, go=go)


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


def _path_params(directory: str, name: str, prefix: str, *, go: bool) -> Params:
    parts = directory.split("/") if directory else []
    whole, inner = ("path.path", "path.segments") if go else ("path", "path")
    base = parts[-1] if parts else ""
    params = {whole: directory, "path.basename": base, "path.basenameNormalized": _normal(base)}
    params |= {f"{inner}[{at}]": part for at, part in enumerate(parts)}
    if name:
        params |= {"path.filename": name, "path.filenameNormalized": _normal(name)}
    return {f"{prefix}.{key}": value for key, value in params.items()} if prefix else params


_FUNCTIONS: Final[dict[tuple[str, int], Callable[..., str]]] = {  # by name and number of arguments
    ("lower", 0): str.lower,
    ("upper", 0): str.upper,
    ("trim", 0): str.strip,
    ("toString", 0): str,
    ("quote", 0): json.dumps,
    ("squote", 0): lambda value: f"'{value}'",
    ("normalize", 0): lambda value: _normal(value),  # noqa: PLW0108 - defined below
    ("default", 1): lambda value, other: value or other,
    ("trimPrefix", 1): lambda value, part: value.removeprefix(part),
    ("trimSuffix", 1): lambda value, part: value.removesuffix(part),
    ("replace", 2): lambda value, old, new: value.replace(old, new),
}


def _normal(text: str) -> str:
    return re.sub(r"[^a-z0-9.-]", "-", text.lower()).strip("-.")


def _matches(path: str, pattern: str) -> bool:
    parts, globs = path.split("/"), pattern.strip("/").split("/")
    return len(parts) == len(globs) and all(map(glob_matches, parts, globs))


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
        if entry.name in _SKIPPED or entry.is_symlink() or not glob_matches(entry.name, glob):
            continue
        path = f"{base}/{entry.name}" if base else entry.name
        if rest:
            if entry.is_dir():
                yield from _walk(bound, path, rest, budget, directories=directories)
        elif entry.is_dir() == directories:
            yield path
