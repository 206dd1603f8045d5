"""The kinds of nodes, the errors, and the result of a reading. The shapes are described in the package's docstring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from opslint.model.limits import HCL_DEPTH
from opslint.model.records import NamedTuple, dataclass

Node: TypeAlias = tuple[Any, ...]
"""`(kind, start, end, ...)`: plain tuples, lists, strings and numbers, so that reading stays fast."""

Body: TypeAlias = list[Node]
"""ATTR, BLOCK and ERR nodes in the order of the text."""

ReadExpression: TypeAlias = Callable[[str, int, bool, int], Node]
"""(text, offset, whether line breaks are blank, depth) → node; raises HclError."""

TOO_DEEP: Final = f"nested deeper than {HCL_DEPTH} levels"

ATTR: Final = 1
BLOCK: Final = 2
ERR: Final = 3
NUM: Final = 10
STR: Final = 11
LIT: Final = 12
TMPL: Final = 13
REF: Final = 14
GET: Final = 15
IDX: Final = 16
SPLAT: Final = 17
CALL: Final = 18
TUP: Final = 19
OBJ: Final = 20
FOR: Final = 21
COND: Final = 22
BIN: Final = 23
UN: Final = 24
PAREN: Final = 25
TIF: Final = 26
TFOR: Final = 27


class HclError(Exception):
    """Text that is not HCL; `offset` is the code point where it stops being so.

    `swallows` is true for a comment or heredoc without an end: what follows it may all belong to it.
    """

    def __init__(self, offset: int, message: str, *, swallows: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.swallows = swallows


class HclProblem(NamedTuple):
    """One error of a text, at a code-point offset."""

    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What could be read of a text, and what could not. `errors` is in the order of the text."""

    body: Body
    errors: list[HclProblem]
