"""The layout of HCL: equals signs of neighbouring lines below each other, as `terraform fmt` has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from opslint.engine.repair.patch import Patch
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.source import Source

_ASSIGNMENT: Final = regex(r"(?P<lead>\s*)(?P<key>[\w.-]+|\"[^\"\n]*\")[ \t]*=(?!=)[ \t]*(?P<value>\S.*)")
_STRING: Final = regex(r'"(?:[^"\\]|\\.)*"')


Entry: TypeAlias = tuple[str, int, int, bool]
"""Name, start, end, whether it is an argument (a block otherwise)."""


def padding(source: Source, entries: Sequence[Entry], key: str) -> tuple[int, list[Patch]]:
    """Return the spaces between a new key below the last entry and its sign, and what aligns the lines above."""
    group = _group(source, entries, entries[-1][1])
    column = _column(source, group)
    if column is None:
        return 1, []
    if len(key) < column:
        return column - len(key), []
    return 1, _aligned_to(source, group, len(key) + 1)


def realignment(source: Source, entries: Sequence[Entry], start: int, width: int) -> tuple[int, list[Patch]] | None:
    """Return the column of the signs, and what aligns the neighbours of an entry whose key gets another width.

    `start` is the entry's offset; width 0: it goes. None when its lines are not laid out by the formatter.
    """
    group = _group(source, entries, start)
    column = _column(source, group)
    if column is None:
        return None
    others = [entry for entry in group if entry[1] != start]
    new = max([width, *(_width(source, entry[1]) for entry in others)], default=0) + 1
    return new, _aligned_to(source, others, new) if new != column else []


def _group(source: Source, entries: Sequence[Entry], start: int) -> list[Entry]:
    """Return the arguments of one line on consecutive lines around the one at an offset; () when it is none."""
    single = {
        source.position(entry[1])[0]: entry
        for entry in entries
        if entry[3] and "\n" not in source.text[entry[1] : entry[2]]
    }
    line = source.position(start)[0]
    if line not in single:
        return []
    first = last = line
    while first - 1 in single:
        first -= 1
    while last + 1 in single:
        last += 1
    return [single[number] for number in range(first, last + 1)]


def _column(source: Source, group: Sequence[Entry]) -> int | None:
    """Return how far behind the start of the keys the signs stand, when it is where the formatter has them."""
    columns = {source.text.find("=", start + _width(source, start)) - start for _, start, _, _ in group}
    longest = max((_width(source, start) for _, start, _, _ in group), default=0)
    return longest + 1 if columns == {longest + 1} else None


def _aligned_to(source: Source, group: Sequence[Entry], column: int) -> list[Patch]:
    patches = []
    for _, start, _, _ in group:
        end = start + _width(source, start)
        patches.append(Patch(source, end, source.text.find("=", end), " " * (column - (end - start))))
    return patches


def _width(source: Source, start: int) -> int:
    """Return the length of the key at an offset."""
    match = re.compile(r"\"[^\"\n]*\"|[\w.-]+|\([^)\n]*\)").match(source.text, start)
    return match.end() - start if match else 0


def aligned(lines: Sequence[str]) -> list[str]:
    """Align the signs of assignments on consecutive lines; one that goes on over several lines stands alone."""
    result: list[str] = []
    group: list[re.Match[str]] = []
    for line in (*lines, ""):
        match = _ASSIGNMENT.fullmatch(line)
        if match is not None and _is_whole(match["value"]):
            group.append(match)
            continue
        width = max((len(one["key"]) for one in group), default=0)
        result += [f"{one['lead']}{one['key']:<{width}} = {one['value']}" for one in group]
        group = []
        result.append(f"{match['lead']}{match['key']} = {match['value']}" if match is not None else line.rstrip())
    return result[:-1]


def _is_whole(value: str) -> bool:
    """Return whether a value ends on its line: its brackets are closed."""
    bare = _STRING.sub("", value)
    opened = sum(bare.count(mark) for mark in "([{")
    return opened == sum(bare.count(mark) for mark in ")]}") and "<<" not in bare
