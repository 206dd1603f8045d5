"""What is wrong with a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ConfigError(Exception):
    """A configuration that cannot be used.

    `path` is as people should see it ("" when no file is to blame), `line` and `column` are 1-based, 0 when unknown.
    `text` is the line itself. `more` holds the other errors of the same file, in order.
    """

    def __init__(
        self,
        message: str,
        path: str = "",
        line: int = 0,
        column: int = 0,
        *,
        text: str = "",
        more: Sequence[ConfigError] = (),
    ) -> None:
        super().__init__(message)
        self.message, self.path, self.line, self.column, self.text = message, path, line, column, text
        self.more = tuple(more)

    def __str__(self) -> str:
        place = ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])
        return f"{place}: {self.message}" if self.path else self.message
