"""What is checked of a YAML text before it is composed, and of the composed nodes before anybody walks them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import YAML_ALIASES, YAML_DEPTH, YAML_EXPANSION
from opslint.model.patterns import regex
from opslint.model.records import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

# The composer recurses in C, about 280 bytes of stack a level: this is safe even in a thread with a small stack. The
# exact limit is checked on the composed nodes.
_SAFE_DEPTH: Final = 1_500
_SAFE_INDENT: Final = 250  # columns: a sequence may stand at its key's column, so two levels a column
_DEEP_INDENT: Final = regex(rf"^[ \-?:\t]{{{_SAFE_INDENT}}}", re.MULTILINE)
# Line breaks to YAML 1.1 and to no other tool: places must be told by offset.
_ODD_BREAKS: Final = "\x85\u2028\u2029"
_ALIAS: Final = regex(r"(?:^|[\s\[{,])\*[A-Za-z0-9_-]", re.MULTILINE)


class Part(NamedTuple):
    """A document's text: the code-point offsets of its start and end, and the 0-based line of its start."""

    start: int
    end: int
    line: int


def has_odd_breaks(text: str) -> bool:
    """Return whether YAML sees line breaks in the text other than LF and CRLF."""
    if "\r" in text and text.count("\r") != text.count("\r\n"):
        return True
    return not text.isascii() and any(character in text for character in _ODD_BREAKS)


def split_documents(text: str, start: int = 0, line: int = 0) -> Iterator[Part]:
    """Yield the parts of the text between the `---` at its left edge; a part begins with its own `---`.

    Even in a block or quoted scalar that line ends the document, so no part holds half a document.
    """
    begin, search = start, start
    while True:
        at = text.find("\n---", search)
        if at < 0:
            yield Part(begin, len(text), line)
            return
        search = at + 4
        if text[search : search + 1] in {"", " ", "\t", "\n", "\r"}:
            yield Part(begin, at + 1, line)
            line += text.count("\n", begin, at + 1)
            begin = at + 1


def may_be_deep(text: str, start: int = 0, end: int | None = None) -> bool:
    """Return whether a document might be nested too deep to compose, by a cheap upper bound."""
    brackets = text.count("{", start, end) + text.count("[", start, end)
    if brackets + 2 * _SAFE_INDENT > _SAFE_DEPTH:
        return True
    return _DEEP_INDENT.search(text, start, len(text) if end is None else end) is not None


def most_aliases(text: str) -> int:
    """Return how many aliases a text can hold at most: stars in comments and in quotes count too."""
    return len(_ALIAS.findall(text)) if "&" in text else 0


def is_shallow_json(text: str) -> bool:
    """Return whether a text is JSON within the depth limit: ten times faster than the events of a cluster dump."""
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        # Of a key that stands twice both values count.
        level = [json.loads(text, object_pairs_hook=lambda pairs: [value for _, value in pairs])]
    except (ValueError, RecursionError):
        return False
    for _ in range(YAML_DEPTH):
        level = [item for value in level if value.__class__ is list for item in value]
        if not level:
            return True
    return False


def too_deep(parser: Any) -> tuple[int, int, int] | None:
    """Read the events of a text up to the first item nested too deep to compose; return its line, column and index.

    All three are 0-based. Raises the parser's own errors.
    """
    depth = 0
    while parser.check_event():
        event = parser.get_event()
        name = event.__class__.__name__
        if name in {"SequenceStartEvent", "MappingStartEvent"}:
            depth += 1
            if depth > YAML_DEPTH:
                mark = event.start_mark
                return mark.line, mark.column, mark.index
        elif name in {"SequenceEndEvent", "MappingEndEvent"}:
            depth -= 1
    return None


def alias_problem(root: Any, characters: int) -> tuple[str, Any] | None:
    """Return what is wrong with the aliases of a document, with the node it is wrong at; None when nothing is.

    Counts each shared node once and never expands anything. `characters` is the length of the text.
    """
    aliases = 0
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    opened: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        known = id(node)
        if done:
            opened.discard(known)
            kids = list(_children(node))
            sizes[known] = 1 + sum(sizes[id(kid)] for kid in kids)
            depths[known] = (node.id != "scalar") + max((depths[id(kid)] for kid in kids), default=0)
            continue
        if known in sizes or known in opened:
            aliases += 1
            if known in opened:
                return "this anchor holds an alias of itself", node
            if aliases > YAML_ALIASES:
                return f"more than {YAML_ALIASES} aliases in one document", root
            continue
        opened.add(known)
        stack.append((node, True))
        stack.extend((kid, False) for kid in reversed(list(_children(node))))
    if sizes[id(root)] > YAML_EXPANSION * max(characters, 1):
        return f"its aliases stand for {sizes[id(root)]} nodes, more than {YAML_EXPANSION} times the text", root
    if depths[id(root)] > YAML_DEPTH:
        return f"nested more than {YAML_DEPTH} levels deep once its aliases are followed", root
    return None


def _children(node: Any) -> Iterator[Any]:
    if node.id == "sequence":
        yield from node.value
    elif node.id == "mapping":
        for key, value in node.value:
            yield key
            yield value


@dataclass(slots=True)
class Survey:
    """What one walk over a document found."""

    deep: Any | None  # the first node beyond the depth limit
    repeated: list[Any]  # mappings in which a key stands twice
    aliased: bool = False  # a collection is met twice, so there is an alias of one


def survey(root: Any, *, shared: bool) -> Survey:
    """Walk a composed document level by level; `shared` when it may hold aliases.

    Aliases of scalars are not looked for: however many they are, they make a document no larger or deeper.
    """
    repeated: list[Any] = []
    aliased = False
    level = [] if root.id == "scalar" else [root]
    seen: set[int] = set()
    depth = 0
    while level:
        depth += 1
        if depth > YAML_DEPTH:
            return Survey(level[0], repeated, aliased)
        following: list[Any] = []
        add = following.append
        for node in level:
            if shared:
                if id(node) in seen:
                    aliased = True
                    continue
                seen.add(id(node))
            entries = node.value
            if node.id == "sequence":
                for item in entries:
                    if item.value.__class__ is list:
                        add(item)
                continue
            names = set()
            for key, value in entries:
                name = key.value
                if name.__class__ is list:
                    add(key)
                    name = id(key)
                names.add(name)
                if value.value.__class__ is list:
                    add(value)
            if len(names) != len(entries):
                repeated.append(node)
        level = following
    return Survey(None, repeated, aliased)


def same(first: Any, second: Any) -> bool:
    """Return whether two nodes are written with the same value; styles and places do not matter, quotes do."""
    stack = [(first, second)]
    while stack:
        left, right = stack.pop()
        if left is right:
            continue
        if left.id != right.id or str(left.ctag) != str(right.ctag):
            return False
        if left.id == "scalar":
            if left.value != right.value or bool(left.style) != bool(right.style):
                return False
            continue
        mine, theirs = list(_children(left)), list(_children(right))
        if len(mine) != len(theirs):
            return False
        stack.extend(zip(mine, theirs, strict=True))
    return True
