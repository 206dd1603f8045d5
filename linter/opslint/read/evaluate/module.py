"""The declarations of one module directory, override files merged."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from opslint.model.records import NamedTuple, dataclass, field
from opslint.read import hcl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from opslint.model.source import Source


class Placed(NamedTuple):
    """An expression tree, a body item or a key, and the text it stands in."""

    node: Any
    source: Source


@dataclass(eq=False)
class Declaration:
    """One block: `items` are its attributes and nested blocks, each with its text (an override may stand elsewhere)."""

    type: str
    labels: tuple[str, ...]
    block: Any
    source: Source
    items: list[Placed] = field(default_factory=list)

    @classmethod
    def of(cls, block: Any, source: Source) -> Declaration:
        """Make a declaration of a block."""
        labels = tuple(label[0] for label in block[4])
        return cls(block[3], labels, block, source, [Placed(item, source) for item in block[6]])

    @cached_property
    def attributes(self) -> dict[str, Placed]:
        """Its arguments by name."""
        return {item[3]: Placed(item[4], source) for item, source in self.items if item[0] == hcl.ATTR}

    def blocks(self, *types: str) -> Iterator[Placed]:
        """Yield its nested blocks of these types, all for none."""
        for placed in self.items:
            if placed.node[0] == hcl.BLOCK and (not types or placed.node[3] in types):
                yield placed

    def override(self, other: Declaration) -> None:
        """Merge a block of an override file: arguments replace arguments, nested blocks all of their type."""
        names = set(other.attributes)
        types = {placed.node[3] for placed in other.blocks()}
        kept = [
            placed
            for placed in self.items
            if not (placed.node[0] == hcl.ATTR and placed.node[3] in names)
            and not (placed.node[0] == hcl.BLOCK and block_name(placed.node) in types)
        ]
        self.items = kept + other.items
        self.__dict__.pop("attributes", None)


def block_name(block: Any) -> str:
    """Return the type of a nested block, that of the blocks it makes for a dynamic one."""
    return str(block[4][0][0]) if block[3] == "dynamic" and block[4] else str(block[3])


@dataclass(eq=False)
class Module:
    """What one directory declares. `path` is relative to the root of the run."""

    directory: Path
    path: str
    scanned: bool = True
    variables: dict[str, Declaration] = field(default_factory=dict)
    locals: dict[str, Placed] = field(default_factory=dict)
    resources: dict[tuple[str, str, str], Declaration] = field(default_factory=dict)
    calls: dict[str, Declaration] = field(default_factory=dict)
    outputs: dict[str, Declaration] = field(default_factory=dict)
    providers: list[Declaration] = field(default_factory=list)
    settings: list[Declaration] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def add(self, items: Iterable[Any], source: Source, *, override: bool = False) -> None:
        """Take in the blocks of a file."""
        self.sources.append(source)
        for block in items:
            if block[0] == hcl.BLOCK:
                self._add(Declaration.of(block, source), override=override)

    def _add(self, new: Declaration, *, override: bool) -> None:
        kind, labels = new.type, new.labels
        if kind == "locals":
            self.locals.update(new.attributes)
        elif kind == "terraform":
            self.settings.append(new)
        elif kind == "provider" and labels:
            self._provider(new, override=override)
        elif kind in {"resource", "data"} and len(labels) == 2:
            _put(self.resources, (kind, labels[0], labels[1]), new, override=override)
        elif labels:
            table = {"variable": self.variables, "module": self.calls, "output": self.outputs}.get(kind)
            if table is not None:
                _put(table, labels[0], new, override=override)

    def _provider(self, new: Declaration, *, override: bool) -> None:
        if override:
            for old in self.providers:
                if provider_name(old) == provider_name(new):
                    old.override(new)
                    return
        self.providers.append(new)


def _put(table: dict[Any, Declaration], key: object, new: Declaration, *, override: bool) -> None:
    old = table.get(key)
    if override and old is not None:
        old.override(new)
    elif old is None:
        table[key] = new


def provider_name(declaration: Declaration) -> str:
    """Return `aws` or `aws.west`."""
    alias = declaration.attributes.get("alias")
    name = declaration.labels[0]
    return f"{name}.{alias.node[3]}" if alias is not None and alias.node[0] == hcl.STR else name
