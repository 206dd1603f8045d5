"""`helm_release` resources whose chart is a folder of the repository."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from opslint.model.node import Undecided, Unknown
from opslint.model.patterns import regex
from opslint.model.source import Source
from opslint.read.application_template import environments_in
from opslint.read.files import read_text
from opslint.read.helm.releases import Declared, key_path
from opslint.read.inline_values import parsed_values, values_settings, without_unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from opslint.model.node import Node
    from opslint.model.project import Cluster
    from opslint.model.terraform import Block, RootModule
    from opslint.read.application_template import Setting

_REMOTE: Final = regex(r"[a-z][a-z0-9+]*://|@")
_FILE: Final = regex(r'file\(\s*"(?:\$\{path\.(module|root|cwd)\}/)?([^"$]+)"\s*\)')
STAND_IN: Final = "sensitive"  # what a sensitive value is rendered as
_GAP: Final = "\ue0f5"  # stands for an unknown piece of a text while it is read as YAML


def find_terraform_releases(
    modules: Iterable[RootModule], charts: Collection[str], root: Path, clusters: Iterable[Cluster] = ()
) -> dict[str, list[Declared]]:
    """Return the releases of `charts` (paths relative to the root) by the path of their chart.

    A release goes to the cluster of its own root module, where that declares exactly one of `clusters`.
    """
    found: dict[str, list[Declared]] = {}
    declaring: dict[int, list[str]] = {}
    for cluster in clusters:
        if cluster.block is not None:
            declaring.setdefault(id(cluster.block.root), []).append(cluster.id)
    for module in modules:
        here = declaring.get(id(module), [])
        for block in module.blocks:
            if block.mode == "resource" and block.type == "helm_release":
                try:
                    path = _chart_path(block)
                    if path is not None and path in charts:
                        found.setdefault(path, []).append(
                            _Release(block, root).declared(here[0] if len(here) == 1 else "")
                        )
                except Undecided:
                    continue  # which chart it is, only an apply could tell
    return found


def _chart_path(block: Block) -> str | None:
    """Return the path of a release's chart relative to the root, None when it comes from a repository of charts."""
    chart, repository = block["chart"].text, block["repository"].text
    if not chart or _REMOTE.match(chart) or _REMOTE.match(repository):
        return None
    path = posixpath.normpath(posixpath.join(block.root.path, repository, chart))
    return "" if path == "." else path


class _Release:
    """What one helm_release says; what it says that is not known is noted."""

    def __init__(self, block: Block, root: Path) -> None:
        self._block, self._root = block, root
        self._unknown: list[str] = []

    def declared(self, cluster: str) -> Declared:
        block = self._block
        layers: list[str | Source] = []
        settings: list[Setting] = []
        texts: list[str] = []
        for node in self._items("values"):
            # Settings go before all layers, so a text keeps its places only while no settings stand before it.
            source = None if settings else self._text_of_values(node)
            if source is not None:
                layers.append(source)
            else:
                settings += self._values(node)
        for entry in self._items("set_list"):
            settings += self._list(entry)
        for entry in self._items("set"):
            self._single(entry, settings, texts)
        for entry in self._items("set_sensitive"):
            self._sensitive(entry, settings)
        if block["set_wo"].present:
            self._unknown.append("set_wo is not known")
        if block["postrender"].present:
            self._unknown.append("postrender is not applied")
        title = f"{block.address} at {block.header.source.path}:{block.header.span.line}"
        name, namespace = self._text("name"), self._text("namespace", "default")
        environment = block.environment
        if not environment.name:
            environment = next(environments_in((namespace, name), title), environment)
        return Declared(
            name,
            namespace,
            environment,
            title,
            block.header,
            tuple(layers),
            set=tuple(settings),
            set_strings=tuple(texts),
            unknown=tuple(dict.fromkeys(self._unknown)),
            cluster=cluster,
        )

    def _text(self, name: str, default: str = "") -> str:
        node = self._block[name]
        if not node.known:
            return ""
        return node.text if node.present else default

    def _items(self, name: str) -> Iterator[Node]:
        node = self._block[name]
        if not node.known:
            self._unknown.append(f"{name} is not known ({node.why})")
            return
        yield from (node if node.is_list else [node] if node.is_map else [])

    def _text_of_values(self, node: Node) -> Source | None:
        """Return a text of values whose places are known: a file that is read as it is, or a literal heredoc."""
        if not node.known or node.source.kind != "hcl":
            return None
        whole, extent = node.source, node.extent
        lines = whole.text.split("\n")[extent.line - 1 : extent.end_line]
        if extent.line == extent.end_line:
            found = _FILE.fullmatch(lines[0][extent.column - 1 : extent.end_column - 1])
            if found is None:
                return None
            base = posixpath.dirname(whole.path) if found[1] in {None, "module"} else self._block.root.path
            source = read_text(self._root, posixpath.normpath(posixpath.join(base, found[2])), "values")
            return source if isinstance(source, Source) and source.text == node.text else None
        if not lines[0][extent.column - 1 :].startswith("<<"):
            return None
        text = "\n" * extent.line + "\n".join(lines[1 : extent.end_line - extent.line]) + "\n"
        wanted = parsed_values(node.text)
        return Source(whole.path, text, "values") if wanted is not None and parsed_values(text) == wanted else None

    def _values(self, node: Node) -> Iterator[Setting]:
        """Yield the settings of one text of values; unknown pieces of it leave out the value they stand in."""
        text, gaps = (node.text, []) if node.known else _with_gaps(node.unknown)
        plain = parsed_values(text) if text.strip() != _GAP else None
        if plain is None:
            self._unknown.append(f"a text of values is not known ({node.why or 'it is no YAML map'})")
            return
        yield from values_settings(without_unknown(_marked(plain, iter(gaps)), self._unknown))

    def _list(self, entry: Node) -> Iterator[Setting]:
        name, value = entry["name"], entry["value"]
        if not name.known:
            self._unknown.append(f"the name of a set_list is not known ({name.why})")
        elif not value.known or not value.is_list or not all(item.known for item in value):
            self._unknown.append(f"{name.text} is not known")
        else:
            yield key_path(name.text), [item.value for item in value]

    def _sensitive(self, entry: Node, settings: list[Setting]) -> None:
        """Set a stand-in: what is sensitive is neither shown nor kept, and a chart that requires it renders."""
        name, value = entry["name"], entry["value"]
        if not name.known:
            self._unknown.append(f"the name of a set_sensitive is not known ({name.why})")
            return
        self._unknown.append(f"{name.text} is sensitive")
        settings.append((key_path(name.text), STAND_IN if not value.known or value.text else ""))

    def _single(self, entry: Node, settings: list[Setting], texts: list[str]) -> None:
        name, value, type_ = entry["name"], entry["value"], entry["type"]
        if not name.known:
            self._unknown.append(f"the name of a set is not known ({name.why})")
        elif not value.known:
            self._unknown.append(f"{name.text} is not known ({value.why})")
        elif type_.known and type_.text in {"string", "literal"}:
            settings.append((key_path(name.text), value.text))
        else:
            texts.append(f"{name.text}={value.text}")


def _with_gaps(unknown: Unknown | None) -> tuple[str, list[Unknown]]:
    """Return a text with a mark for each of its unknown pieces, and the pieces."""
    parts = (unknown.parts or (unknown,)) if unknown is not None else ()
    gaps = [part for part in parts if isinstance(part, Unknown)]
    return "".join(part if isinstance(part, str) else _GAP for part in parts), gaps


def _marked(value: object, gaps: Iterator[Unknown]) -> object:
    """Return plain data in which each value with a mark is an Unknown; entries whose key has one are left out."""
    if isinstance(value, dict):
        return {key: _marked(item, gaps) for key, item in value.items() if _GAP not in str(key)}
    if isinstance(value, list):
        return [_marked(item, gaps) for item in value]
    if isinstance(value, str) and _GAP in value:
        causes = [gap.why for _, gap in zip(range(value.count(_GAP)), gaps, strict=False)]
        return Unknown(", ".join(dict.fromkeys(cause for cause in causes if cause)))
    return value
