"""Go's regular expressions in Python's engine, kept from running away."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from opslint.read.evaluate.values import EvalError

SUBJECT_LIMIT: Final = 20_000
RISKY_LIMIT: Final = 24  # characters a pattern that may backtrack exponentially is still tried on
_CLASSES: Final = {
    "[:alnum:]": "0-9A-Za-z",
    "[:alpha:]": "A-Za-z",
    "[:digit:]": "0-9",
    "[:lower:]": "a-z",
    "[:upper:]": "A-Z",
    "[:space:]": r"\t\n\v\f\r ",
    "[:word:]": "0-9A-Za-z_",
    "[:xdigit:]": "0-9A-Fa-f",
    "[:punct:]": r"!-/:-@\[-`{-~",
}
_PYTHON_ONLY = re.compile(r"\(\?(?:[=!]|<[=!]|P=|\(|#|>)|(?<!\\)\\[1-9]")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|.", re.DOTALL)
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of Go's syntax. Raises EvalError for one that Go refuses or that cannot be carried over."""
    if _PYTHON_ONLY.search(pattern) or len(pattern) > 2000:
        raise EvalError("the pattern is not valid")
    text = pattern
    for name, members in _CLASSES.items():
        text = text.replace(name, members)
    text = re.sub(r"\(\?<(?![=!])", "(?P<", text)
    text = text.replace(r"\z", r"\Z")
    try:
        return re.compile(_dollars(text), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise EvalError("the pattern is not valid") from error


def _dollars(text: str) -> str:
    """`$` is the very end in Go, not before a last line break, unless the pattern asks for lines."""
    if re.match(r"\(\?[a-z]*m", text):
        return text
    return "".join(r"\Z" if piece == "$" else piece for piece in _TOKEN.findall(text))


@lru_cache(maxsize=512)
def is_risky(pattern: str) -> bool:
    """Return True when a repeated group itself repeats or chooses: such patterns may take exponential time."""
    stack: list[bool] = []
    repeated = 0
    last_group = False
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            return True
        piece, position = match[0], match.end()
        quantifier = _UNBOUNDED.match(pattern, match.start()) if piece in "*+{" else None
        if quantifier is not None:
            repeated += 1
            if last_group:
                return True
            stack = [True] * len(stack)
        if piece == "(":
            stack.append(False)
        elif piece == "|":
            stack = [True] * len(stack)
        last_group = piece == ")" and bool(stack) and stack.pop()
    return repeated > 4


def too_slow(pattern: str, subject: str) -> bool:
    """Return True when matching could take longer than it is worth."""
    return len(subject) > (RISKY_LIMIT if is_risky(pattern) else SUBJECT_LIMIT)
