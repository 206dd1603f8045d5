"""JSON with the place of every value, as nodes of HCL whose strings are not yet read as templates."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from opslint.model.limits import HCL_DEPTH
from opslint.read.hcl.nodes import LIT, NUM, OBJ, STR, TOO_DEEP, TUP, HclError, Node
from opslint.read.hcl.tokens import number

_TOKEN: Final = re.compile(
    r'[ \t\r\n]*+(?:("(?:[^"\\\x00-\x1f]|\\.)*+")'  # 1 string
    r"|(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)(?![\w.])"  # 2 number
    r"|(true|false|null)(?!\w)"  # 3 constant
    r"|([{\[])|([}\]])|([,:]))"  # 4 opening 5 closing 6 separator
).match
_BLANK: Final = re.compile(r"[ \t\r\n]*+")
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_ESCAPE: Final = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')


def read_json(text: str) -> tuple[Node | None, HclError | None]:
    """Return what could be read of a JSON text (None for nothing), and the error that ended the reading.

    An object is an OBJ whose keys are STR, a list a TUP, a string a STR over its quotes with its escapes undone.
    Containers that were open at the error end there and keep what they hold.
    """
    reader = _JsonReader(text)
    try:
        reader.run()
    except HclError as error:
        return reader.unfinished(error.offset), error
    return reader.root, None


class _JsonReader:
    """One reading: an explicit stack of containers, so that depth costs no recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node | None = None
        self.stack: list[tuple[int, list[Any], Node | None]] = []  # start, items, the key that the container belongs to
        self.key: Node | None = None

    def run(self) -> None:
        """Read one value and the end of the text."""
        at = self._value(0)
        while self.stack:
            at = self._after_value(at)
        rest = _blank(self.text, at)
        if rest < len(self.text):
            raise HclError(rest, "expected the end of the file")

    def unfinished(self, offset: int) -> Node | None:
        """Close what is open and return the root."""
        while self.stack:
            start, items, key = self.stack.pop()
            kind = OBJ if self.text[start] == "{" else TUP
            self.key = key
            self._add((kind, start, offset, items))
        return self.root

    def _value(self, at: int) -> int:
        """Read a value, or open a container, and whatever it begins with; return the offset after it."""
        text = self.text
        while True:
            match = _TOKEN(text, at)
            kind = match.lastindex if match is not None else None
            if match is None or kind in (5, 6):
                if match is not None and match[5] == "]" and self._empty("["):
                    return self._end(match)
                raise HclError(_blank(text, at), "expected a JSON value")
            start, at = match.span(kind or 0)
            if kind == 1:
                self._add((STR, start, at, _string(match[1], start)))
            elif kind == 2:
                word = match[2]
                value = number(word.removeprefix("-"), start)
                self._add((NUM, start, at, -value if word[0] == "-" else value))
            elif kind == 3:
                self._add((LIT, start, at, _CONSTANTS[match[3]]))
            else:
                if len(self.stack) >= HCL_DEPTH:
                    raise HclError(start, TOO_DEEP)
                self.stack.append((start, [], self.key))
                self.key = None
                if match[4] == "[":
                    continue
                return self._key(at, empty=True)
            return at

    def _empty(self, bracket: str) -> bool:
        """Tell whether the innermost container is of that kind and holds nothing yet."""
        return bool(self.stack) and self.text[self.stack[-1][0]] == bracket and not self.stack[-1][1]

    def _key(self, at: int, *, empty: bool) -> int:
        """Read a key and the value after it, or the end of an empty object."""
        match = _TOKEN(self.text, at)
        if match is not None and empty and match[5] == "}":
            return self._end(match)
        if match is None or match.lastindex != 1:
            raise HclError(_blank(self.text, at), "expected a key in double quotes")
        start, at = match.span(1)
        key: Node = (STR, start, at, _string(match[1], start))
        colon = _TOKEN(self.text, at)
        if colon is None or colon[6] != ":":
            raise HclError(_blank(self.text, at), "expected ':' after a key")
        self.key = key
        return self._value(colon.end())

    def _after_value(self, at: int) -> int:
        """Read the ',' and the next value, or the end of the container."""
        match = _TOKEN(self.text, at)
        bracket = self.text[self.stack[-1][0]]
        if match is not None and match[5] == ("}" if bracket == "{" else "]"):
            return self._end(match)
        if match is None or match[6] != ",":
            raise HclError(_blank(self.text, at), f"expected ',' or '{'}' if bracket == '{' else ']'}'")
        if bracket == "{":
            return self._key(match.end(), empty=False)
        follow = _TOKEN(self.text, match.end())
        if follow is not None and follow[5]:
            raise HclError(follow.start(5), "expected a JSON value")
        return self._value(match.end())

    def _end(self, match: re.Match[str]) -> int:
        start, items, key = self.stack.pop()
        self.key = key
        self._add((OBJ if match[5] == "}" else TUP, start, match.end(), items))
        return match.end()

    def _add(self, node: Node) -> None:
        """Put a value where it belongs."""
        if not self.stack:
            self.root = node
        elif self.key is not None:
            self.stack[-1][1].append((self.key, node))
            self.key = None
        elif self.text[self.stack[-1][0]] == "[":
            self.stack[-1][1].append(node)


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match is not None else at


def _string(word: str, start: int) -> str:
    """Return the text of a quoted JSON string."""
    if "\\" not in word:
        return word[1:-1]
    try:
        value = json.loads(word)
    except json.JSONDecodeError as error:
        raise HclError(start + error.pos, "unknown escape in a string") from None
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def offsets(text: str, node: Node) -> list[int] | int:
    """Return where the characters of a STR of JSON stand in the text.

    An int is the offset of the first one when each stands for itself; else a list has the offset of each, and of the
    end.
    """
    start, end = node[1] + 1, node[2] - 1
    if end - start == len(node[3]):
        return int(start)
    places: list[int] = []
    at = start
    while at < end:
        places.append(at)
        match = _ESCAPE.match(text, at, end)
        if match is None:
            at += 1
        else:
            at = match.end()
            if (
                _surrogate(match[0], "89abAB")
                and (low := _ESCAPE.match(text, at, end))
                and _surrogate(low[0], "cdefCDEF")
            ):
                at = low.end()
    places.append(end)
    return places


def _surrogate(escape: str, half: str) -> bool:
    return len(escape) == 6 and escape[2] in "dD" and escape[3] in half
