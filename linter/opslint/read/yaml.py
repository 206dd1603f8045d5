"""Reads YAML and JSON into `Node`s with places: composed by libyaml, or kept from the last run."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from opslint.model.node import Node
from opslint.model.project import DuplicateKey
from opslint.model.records import NamedTuple, dataclass, field
from opslint.model.source import Location, Span
from opslint.read.kept_texts import kept_texts
from opslint.read.yaml_form import YamlForm
from opslint.read.yaml_tree import UNTAGGED, Tree, flattened, raised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opslint.model.source import Source

_LARGE: Final = 500_000  # characters


class YamlProblem(NamedTuple):
    """Why a document could not be read; `line` and `column` are 1-based."""

    line: int
    column: int
    message: str


@dataclass(slots=True, eq=False)
class YamlFile:
    """What was read of a text: the roots of its documents (empty ones are dropped) and what is wrong with it."""

    source: Source
    documents: list[Node] = field(default_factory=list)
    errors: list[YamlProblem] = field(default_factory=list)
    duplicates: list[DuplicateKey] = field(default_factory=list)


def read_yaml(source: Source, *, looks: Callable[[str], bool] | None = None) -> YamlFile:
    """Read all documents of a YAML or JSON text; never raises for what the text holds.

    A document that cannot be read is an error with its place, and the other documents are kept. `looks` may refuse
    the text as a whole: then nothing of it is read.
    """
    result = YamlFile(source)
    if looks is not None and not looks(source.text):
        return result
    texts = kept_texts()
    kept = None if texts is None else texts.find("yaml", source.text)
    if kept is not None:
        return restored(source, kept)
    from opslint.read.yaml_compose import compose  # which needs the parser

    with collector_paused(keep=len(source.text) > _LARGE):
        settled = compose(result)
    if texts is not None and settled:
        texts.keep("yaml", source.text, partial(kept_form, result))
    return result


def kept_form(file: YamlFile) -> tuple[Any, ...]:
    """Return what was read as plain tuples and lists, which `restored` understands."""
    forms = [cast("YamlForm", root.form) for root in file.documents]  # all that reading makes
    documents = [
        (tuple(flattened(root.raw, form.untagged)), *form.begins)
        for root, form in zip(file.documents, forms, strict=True)
    ]
    duplicates = [(one.key, tuple(one.lost.span), tuple(one.kept.span), one.equal) for one in file.duplicates]
    return documents, [tuple(error) for error in file.errors], duplicates


def restored(source: Source, kept: tuple[Any, ...]) -> YamlFile:
    """Return what was read of the same text before."""
    documents, errors, duplicates = kept
    return YamlFile(
        source,
        [
            Node(source, raised(Tree(*tree)), YamlForm(source, UNTAGGED, line, offset, by_offset=by_offset))
            for tree, line, offset, by_offset in documents
        ],
        [YamlProblem(*error) for error in errors],
        [
            DuplicateKey(key, Location(source, Span(*lost)), Location(source, Span(*winner)), equal=equal)
            for key, lost, winner, equal in duplicates
        ],
    )


@contextmanager
def collector_paused(*, keep: bool = False) -> Iterator[None]:
    """Keep the cycle collector from walking a million new nodes again and again: it doubles the time of composing.

    `keep` tells it to leave alone for good what lives at the end: a run needs what it has read to its own end.
    Nested uses do nothing.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if keep:
            gc.freeze()
        gc.enable()
