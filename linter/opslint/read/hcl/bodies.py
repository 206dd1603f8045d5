"""Bodies: attributes and blocks, and going on after an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from opslint.model.limits import ERRORS_PER_FILE, HCL_DEPTH
from opslint.read.hcl.checks import deeper_than, second_attributes
from opslint.read.hcl.expressions import read_expression, unfinished_comment
from opslint.read.hcl.nodes import (
    ATTR,
    BLOCK,
    ERR,
    LIT,
    NUM,
    REF,
    STR,
    TMPL,
    TOO_DEEP,
    Body,
    HclError,
    HclProblem,
    Node,
    Parsed,
)
from opslint.read.hcl.pace import reading_pace
from opslint.read.hcl.recovery import hoisted, next_item
from opslint.read.hcl.templates import read_quoted, read_template
from opslint.read.hcl.tokens import (
    CONSTANTS,
    HEADER_WORD,
    ITEM,
    LABEL,
    LINE_END,
    SKIP_L,
    SKIP_N,
    WORD_N,
    number,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

Labels: TypeAlias = tuple[tuple[str, int, int], ...]
# a block whose end is not read yet: start, type, labels, the end of its header, the body around it, its body
_Open: TypeAlias = tuple[int, str, Labels, int, Body, Body]

_END: Final = "\n\0"  # after every text, so that looking one character ahead is always safe
_LONG: Final = HCL_DEPTH  # characters; a level takes one at least, so a shorter value cannot be too high
_BOM: Final = "\ufeff"


def parse(text: str) -> Parsed:
    """Read a file of HCL. Never raises: what could not be read is in `errors`."""
    nul = text.find("\0")
    if nul >= 0:
        body = parse(text[:nul]).body
        return Parsed(body, [HclProblem(nul, "a NUL character: this is not a text file")])
    with reading_pace():
        reader = _Reader(text)
        reader.run()
        return reader.result()


def parse_expression(text: str) -> Node:
    """Read one expression and nothing else; raise HclError. Offsets count from the beginning of `text`."""
    with reading_pace():
        return read_value(text)


def read_value(text: str) -> Node:
    """Read one expression and nothing else, at the caller's pace; raise HclError."""
    return _within(text, _whole_expression)


def parse_template(text: str) -> Node:
    """Read a whole template file (of `templatefile`): a STR or TMPL over all of it; raise HclError."""
    with reading_pace():
        return read_template_value(text)


def read_template_value(text: str) -> Node:
    """Read a whole text as a template, at the caller's pace; raise HclError."""
    return _within(text, _whole_template)


def _within(text: str, read: Callable[[str], Node]) -> Node:
    """Read a text and check the tree's height; the offset of an HclError lies in the text."""
    if "\0" in text:
        raise HclError(text.index("\0"), "a NUL character")
    try:
        node = read(text)
    except HclError as error:
        raise HclError(min(error.offset, len(text)), error.message) from None
    except RecursionError:
        raise HclError(0, TOO_DEEP) from None
    if len(text) > _LONG:
        _check_height(node)
    return node


def _whole_expression(text: str) -> Node:
    padded = text + _END
    node = read_expression(padded, 0, True, 0)
    end = SKIP_N(padded, node[2]).end()
    if end < len(text):
        raise HclError(end, "expected the end of the expression")
    return node


def _whole_template(text: str) -> Node:
    parts = read_template(text + _END, read_expression)
    if all(isinstance(part, str) for part in parts):
        return (STR, 0, len(text), "".join(parts))
    return (TMPL, 0, len(text), parts, 0)


def _check_height(node: Node) -> None:
    """Raise HclError for a tree higher than the limit: a long chain of operators inside deep nesting."""
    if deeper_than(node, HCL_DEPTH):
        raise HclError(node[1], TOO_DEEP)


class _Reader:
    """One reading of one text: an explicit stack of blocks, so that their depth costs no recursion."""

    __slots__ = ("current", "end", "error_line_end", "errors", "root", "stack", "stopped", "text")

    def __init__(self, text: str) -> None:
        if text[:1] == _BOM:
            text = " " + text[1:]
        self.text = text + _END
        self.end = len(text)
        self.errors: list[HclProblem] = []
        self.error_line_end = -1
        self.root: Body = []
        self.current = self.root
        self.stack: list[_Open] = []
        self.stopped = False

    def result(self) -> Parsed:
        """Return what was read, the errors in order."""
        self.errors.sort()
        return Parsed(self.root, self.errors)

    def run(self) -> None:
        """Read the whole text."""
        text = self.text
        at = 0
        while not self.stopped:
            match = ITEM(text, at)
            try:
                if match is None:
                    at = self._slow_item(at)
                    continue
                kind = match.lastindex
                if kind == 5:
                    value = _word(match)
                    self.current.append((ATTR, match.start(1), value[2], match[1], value))
                    at = match.end()
                elif kind == 8:
                    at = self._begin(match.start(6), match[6], _labels(text, match), match.end())
                elif kind == 9:
                    at = self._finish(match.end())
                elif kind == 10:
                    break
                else:
                    at = self._attribute(match.start(1), match[1], text.index("=", match.end(1)) + 1)
            except HclError as error:
                at = self._recover(at, match, error)
            except RecursionError:
                at = self._recover(at, match, HclError(SKIP_N(text, at).end(), TOO_DEEP))
        self._close_all()

    def _error(self, offset: int, message: str) -> None:
        """Add an error, unless its line has one already; stop at the limit."""
        errors = self.errors
        if errors and errors[-1].offset <= offset <= self.error_line_end:
            return
        self.error_line_end = self.text.find("\n", offset)
        if len(errors) == ERRORS_PER_FILE - 1:
            self.stopped = True
            message += "; the rest of the file is not read"
        errors.append(HclProblem(offset, message))

    def _attribute(self, start: int, name: str, at: int) -> int:
        """Read the value of an attribute at `at`, and the end of its line."""
        text = self.text
        value = read_expression(text, at, False, 0)
        if value[2] - value[1] > _LONG:
            _check_height(value)
        end = LINE_END(text, value[2])
        if end is None:
            rest = SKIP_L(text, value[2]).end()
            if text.startswith("/*", rest):
                raise unfinished_comment(rest)
            if text[rest] != "}" or not self.stack:
                raise HclError(rest, "expected the end of the line after an attribute")
            self._error(rest, "expected a line break between an attribute and '}'")
        self.current.append((ATTR, start, value[2], name, value))
        return end.end() if end is not None else rest

    def _begin(self, start: int, kind: str, labels: Labels, at: int) -> int:
        """Begin the block whose brace ends at `at`; read it whole when it stands on one line."""
        text = self.text
        if len(self.stack) >= HCL_DEPTH:
            raise HclError(start, TOO_DEEP, swallows=True)
        body: Body = []
        self.stack.append((start, kind, labels, at, self.current, body))
        self.current = body
        if text[at] == "\n":
            return at
        rest = SKIP_L(text, at).end()
        if text[rest] == "}":
            return self._finish(rest + 1)
        if text[rest] in "\n#" or text.startswith("//", rest):
            return at
        return self._one_line(rest)

    def _one_line(self, at: int) -> int:
        """Read the one attribute of a block on one line. What else stands there is an error, and read as usual."""
        text = self.text
        word = WORD_N(text, at)
        equals = SKIP_L(text, word.end()).end() if word is not None else at
        if word is None or text[equals] != "=":
            self._error(at, "a block on one line holds one attribute and no block")
            return at
        value = read_expression(text, equals + 1, False, 0)
        if value[2] - value[1] > _LONG:
            _check_height(value)
        self.current.append((ATTR, word.start(1), value[2], word[1], value))
        rest = SKIP_L(text, value[2]).end()
        if text[rest] == "}":
            return self._finish(rest + 1)
        message = "a block on one line holds one attribute and ends on that line"
        if LINE_END(text, rest) is None:
            raise HclError(rest, message)
        self._error(rest, message)
        return rest

    def _finish(self, at: int) -> int:
        """End the innermost block, whose brace ends at `at`."""
        text = self.text
        if not self.stack:
            self._error(at - 1, "unexpected '}'")
            return at
        self._close(at)
        if text[at] != "\n" and LINE_END(text, at) is None:
            self._error(SKIP_L(text, at).end(), "expected a line break after a block")
        return at

    def _close(self, end: int) -> None:
        """Add the innermost block to the body around it."""
        end = min(end, self.end)
        start, kind, labels, header_end, around, body = self.stack.pop()
        around.append((BLOCK, start, end, kind, labels, header_end, body))
        self.current = around

    def _close_all(self) -> None:
        """End the blocks that are still open, and find the attributes that are set twice."""
        if self.stack:
            start, kind = self.stack[-1][:2]
            if not self.stopped:
                self._error(start, f"the block {kind} has no '}}'")
            while self.stack:
                self._close(self.end)
            self.root[-1:] = hoisted(self.text, self.root[-1])
        room = ERRORS_PER_FILE - len(self.errors)
        self.errors += second_attributes(self.root, room)

    def _slow_item(self, at: int) -> int:
        """Read a block header or attribute with comments or escapes in odd places."""
        text = self.text
        word = WORD_N(text, at)
        if word is None:
            raise _not_an_item(text, SKIP_N(text, at).end())
        labels: list[tuple[str, int, int]] = []
        at = word.end()
        while True:
            at = SKIP_L(text, at).end()
            match = HEADER_WORD(text, at)
            if match is None:
                raise HclError(at, "expected '=', a label or '{'")
            kind = match.lastindex
            if kind == 1:
                labels.append((match[1], at, match.end()))
            elif kind == 2:
                label = read_quoted(text, at, 0, read_expression)
                if label[0] != STR:
                    raise HclError(at, "a label has no interpolation")
                labels.append((label[3], at, match.end()))
            elif kind == 3:
                return self._begin(word.start(1), word[1], tuple(labels), match.end())
            elif labels:
                raise HclError(at, "an attribute has one name")
            else:
                return self._attribute(word.start(1), word[1], match.end())
            at = match.end()

    def _recover(self, at: int, match: re.Match[str] | None, error: HclError) -> int:
        """Note an error in the item at `at`, and return where the next item may begin."""
        text = self.text
        start = SKIP_N(text, at).end()
        name = match[1] if match is not None and match.lastindex == 1 else None
        offset = min(error.offset, self.end)
        self._error(offset, error.message)
        inside = match.end(1) if name is not None and match is not None else start
        going_on = next_item(text, inside, error.offset, swallows=error.swallows, inside=bool(self.stack))
        begin = max(start, self.current[-1][2]) if self.current else start
        if self.stack:  # in a block on one line the item began with the block
            begin = max(begin, self.stack[-1][3])
        self.current.append((ERR, begin, max(begin, min(offset, going_on.offset)), error.message, name))
        if self.stack and self.stack[-1][0] >= start:  # a block on one line, skipped with the rest of its line
            self._close(going_on.offset)
        if error.swallows and going_on.offset >= self.end:
            self.stopped = True
        if going_on.top_level:
            while self.stack:
                self._close(going_on.offset)
        return going_on.offset


def _not_an_item(text: str, at: int) -> HclError:
    """Return the error for text that begins neither an attribute nor a block."""
    if text.startswith("/*", at):
        return unfinished_comment(at)
    if text[at] == '"':
        return HclError(at, "the name of an attribute or block is not quoted")
    return HclError(at, "expected an attribute or a block")


def _word(match: re.Match[str]) -> Node:
    """Return the value of an attribute that is one word on its line."""
    start, end = match.span(3)
    if start >= 0:
        path = match[3]
        return (LIT, start, end, CONSTANTS[path]) if path in CONSTANTS else (REF, start, end, path.split("."))
    start, end = match.span(2)
    if start >= 0:
        return (STR, start - 1, end + 1, match[2])
    start, end = match.span(4)
    return (NUM, start, end, number(match[4], start))


def _labels(text: str, match: re.Match[str]) -> Labels:
    """Return the labels of a block's header."""
    start, end = match.span(7)
    if start == end:
        return ()
    labels: list[tuple[str, int, int]] = []
    for label in LABEL(text, start, end):
        labels.append((label[label.lastindex or 0], label.start(), label.end()))
    return tuple(labels)
