"""What a reader's own tree gives to a `Node`: scalars, what cannot be told from the files, and the form of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.source import Location, Source, Span

Scalar: TypeAlias = str | int | float | bool | None
UNREAD: Final = object()  # the value of what was not opened yet


class Undecided(Exception):  # noqa: N818 - control flow: "this cannot be told from the files"
    """Raised when a rule reads a value that only a cluster or an apply could tell."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.why)
        self.node = node


class Unknown:
    """A value that cannot be told from the files.

    `why` names the cause (`var.x`, `data.aws_vpc.this`), `parts` keeps the known pieces (str) of a template between
    unknown ones (Unknown), `either` the alternatives it must be one of.
    """

    __slots__ = ("either", "parts", "why")

    def __init__(self, why: str = "", parts: tuple[object, ...] = (), either: tuple[object, ...] = ()) -> None:
        self.why, self.parts, self.either = why, parts, either

    def __repr__(self) -> str:
        return f"Unknown({self.why!r})"


class Form(Protocol):
    """How a reader's own tree is seen through `Node`s: one instance serves a whole document.

    A form without unknown values may have two methods more, which only save time: `plain(raw)` returns a value as plain
    dicts, lists and scalars; `fill(node, raw)` gives a node all its children, and those that are scalars their values,
    and returns its value: `UNREAD`, and nothing done, where `open` is to be asked instead.
    """

    def open(self, raw: Any) -> object:
        """Return the value.

        dict[str, raw child] for a map, list[raw child] for a list, a Scalar, or an `Unknown`. Called once per node.
        """
        ...

    def extent(self, raw: Any) -> Span:
        """Return the full span of the value's own text."""
        ...

    def key_span(self, raw: Any, key: str) -> Span | None:
        """Return the span of a key of the map `raw`, None when the text has no such key (a merge, a function)."""
        ...

    def source(self, raw: Any) -> Source | None:
        """Return the source of this value when it differs from the document's; None: the same."""
        ...

    def via(self, raw: Any) -> tuple[tuple[str, Location], ...]:
        """Return the places the value passed through (variable, local, tfvars line), each with its label."""
        ...
