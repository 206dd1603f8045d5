"""Go's regular expressions in Python's engine, kept from running away."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

from opslint.model.patterns import regex
from opslint.read.evaluate.functions.backtracking import steps
from opslint.read.evaluate.values import EvalError

EFFORT_LIMIT: Final = 10_000_000  # steps that one search may take, a fraction of a second
PATTERN_LIMIT: Final = 2000  # characters
SUBJECT_LIMIT: Final = 20_000  # characters
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
_PYTHON_ONLY = regex(r"\(\?(?:[=!]|<[=!]|P=|\(|#|>)|(?<!\\)\\[1-9]")
_TOKEN = regex(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|.", re.DOTALL)


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of Go's syntax. Raises EvalError for one that Go refuses or that cannot be carried over."""
    if _PYTHON_ONLY.search(pattern) or len(pattern) > PATTERN_LIMIT:
        raise EvalError("the pattern is not valid")
    text = re.sub(r"\(\?<(?![=!])", "(?P<", _with_classes(pattern))
    text = text.replace(r"\z", r"\Z")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[a]`: a set of two characters, now and in Go
            return re.compile(_dollars(text), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise EvalError("the pattern is not valid") from error


def _with_classes(pattern: str) -> str:
    for name, members in _CLASSES.items():
        pattern = pattern.replace(name, members)
    return pattern


def _dollars(text: str) -> str:
    """`$` is the very end in Go, not before a last line break, unless the pattern asks for lines."""
    if re.match(r"\(\?[a-z]*m", text):
        return text
    return "".join(r"\Z" if piece == "$" else piece for piece in _TOKEN.findall(text))


def effort(pattern: str, subject: str) -> int:
    """Return the steps that matching may take at most."""
    # Rounded up a little, so that texts of about the same length share an answer.
    grain = 1 << max(len(subject).bit_length() - 3, 0)
    return steps(_with_classes(pattern), -(-len(subject) // grain) * grain)


def too_slow(pattern: str, subject: str) -> bool:
    """Return True when matching could take longer than it is worth."""
    if len(subject) > SUBJECT_LIMIT:
        return True
    return len(pattern) <= PATTERN_LIMIT and effort(pattern, subject) > EFFORT_LIMIT
