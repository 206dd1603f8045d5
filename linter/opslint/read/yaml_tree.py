"""Composed YAML as plain lists, which can be kept, and back as nodes that `YamlForm` reads as it does libyaml's."""

from __future__ import annotations

from array import array
from itertools import count, repeat
from typing import Any, Final

from opslint.model.records import NamedTuple

UNTAGGED: Final = None  # what the nodes have as their tag that have none


class Mark(NamedTuple):
    """A place in the text that was composed: 0-based line, column and code-point offset."""

    line: int
    column: int
    index: int  # type: ignore[assignment] # as libyaml names it, not the method of tuples


class TreeNode(NamedTuple):
    """A node. Its `style` is that of a scalar, and of a collection whether it is a flow collection.

    `marks` are the places of all nodes of the tree, six numbers each; its own begin `at` one of them.
    """

    id: str
    value: Any
    style: Any
    ctag: str | None
    marks: array[int]
    at: int

    @property
    def flow_style(self) -> Any:
        """Whether it is a flow collection."""
        return self.style

    @property
    def start_mark(self) -> Mark:
        """Where its text begins."""
        return Mark(*self.marks[self.at : self.at + 3])

    @property
    def end_mark(self) -> Mark:
        """Where its text ends."""
        return Mark(*self.marks[self.at + 3 : self.at + 6])


class Tree(NamedTuple):
    """The nodes of a document as columns: a collection's value is the list of the indices of what it holds."""

    kinds: list[str]
    values: list[Any]
    styles: list[Any]
    tags: list[str | None] | None  # None when no node has one
    marks: bytes


def flattened(root: Any, untagged: object) -> Tree:
    """Return the nodes of a document, the root first; an alias is the same node as its anchor."""
    nodes = [root]
    places = {id(root): 0}
    texts: dict[str, str] = {}  # the same text is the same object, which `marshal` writes once
    values: list[Any] = []
    marks = array("I")
    tagged = False
    for node in nodes:
        start, end = node.start_mark, node.end_mark
        marks.extend((start.line, start.column, start.index, end.line, end.column, end.index))
        tagged = tagged or node.ctag is not untagged
        if node.id == "scalar":
            values.append(texts.setdefault(node.value, node.value))
            continue
        kids: list[int] = []
        for kid in (one for pair in node.value for one in pair) if node.id == "mapping" else node.value:
            at = places.get(id(kid))
            if at is None:
                at = places[id(kid)] = len(nodes)
                nodes.append(kid)
            kids.append(at)
        values.append(kids)
    kinds = [node.id for node in nodes]
    styles = [node.style if node.id == "scalar" else node.flow_style for node in nodes]
    tags = [None if node.ctag is untagged else str(node.ctag) for node in nodes] if tagged else None
    return Tree(kinds, values, styles, tags, marks.tobytes())


def raised(tree: Tree) -> TreeNode:
    """Return the root of a document that was flattened. By columns: a loop over nodes takes twice as long."""
    marks = array("I")
    marks.frombytes(tree.marks)
    values: list[Any] = [value if value.__class__ is str else [] for value in tree.values]
    columns = tree.kinds, values, tree.styles, tree.tags or repeat(None), repeat(marks), count(0, 6)
    nodes: list[TreeNode] = list(map(tuple.__new__, repeat(TreeNode), zip(*columns, strict=False)))
    find = nodes.__getitem__
    for kind, held, value in zip(tree.kinds, tree.values, values, strict=True):
        if kind == "mapping":
            kids = map(find, held)
            value.extend(zip(kids, kids, strict=True))
        elif kind == "sequence":
            value.extend(map(find, held))
    return nodes[0]
