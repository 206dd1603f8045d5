"""Texts of Terraform to trees; those of an unchanged folder come from the user's cache folder.

To read a tree from there takes a tenth of parsing the text, and the parser's patterns need not be made, which takes
longer than parsing a few files.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import opslint
from opslint.model.limits import ERRORS_PER_FILE, HCL_DEPTH
from opslint.model.records import NamedTuple
from opslint.read import hcl
from opslint.read.cache import TupleCache, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.model.source import Source

_FORMAT: Final = "1"  # of the entries: to be raised with a change to the trees or to what is read of a text
_KIND: Final = "terraform"


class Tree(NamedTuple):
    """What a text comes to: blocks and attributes, (offset, message) of its errors, and its duplicate keys."""

    body: list[Any]
    errors: list[tuple[int, str]]
    duplicates: list[tuple[str, tuple[int, int], tuple[int, int], bool]]


class Trees:
    """Makes the trees of texts. The key of an entry is made of the texts, of our version and of Python's only."""

    def __init__(self, *, keep: bool) -> None:
        self._cache = TupleCache(_KIND) if keep else None

    def of(self, sources: Sequence[Source]) -> list[Tree]:
        """Return the tree of each text of one folder."""
        if self._cache is None or not sources:
            return [_tree(source) for source in sources]
        key = key_of(_parts(sources))
        trees = _checked(self._cache.get(key), len(sources))
        if trees is None:
            trees = [_tree(source) for source in sources]
            self._cache.put(key, [tuple(tree) for tree in trees])
        return trees


def _tree(source: Source) -> Tree:
    from opslint.read.hcl.checks import duplicate_keys

    parsed = hcl.parse_json(source.text) if source.kind == "json" else hcl.parse(source.text)
    errors = [(problem.offset, problem.message) for problem in parsed.errors]
    return Tree(parsed.body, errors, duplicate_keys(parsed.body))


def _parts(sources: Sequence[Source]) -> Iterator[bytes]:
    limits = f"{HCL_DEPTH} {ERRORS_PER_FILE}"
    yield f"{_FORMAT} {opslint.__version__} {sys.implementation.cache_tag} {limits}".encode()
    for source in sources:
        yield source.kind.encode()
        yield source.text.encode("utf-8", "surrogatepass")


def _checked(kept: object, wanted: int) -> list[Tree] | None:
    """Return kept trees, None when there are none of the right form."""
    if not isinstance(kept, list) or len(kept) != wanted:
        return None
    trees: list[Tree] = []
    for item in kept:
        if not isinstance(item, tuple) or len(item) != 3 or not all(isinstance(part, list) for part in item):
            return None
        trees.append(Tree(*item))
    return trees
