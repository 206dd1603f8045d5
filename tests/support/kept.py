"""What was read of a text, and what comes back when it was kept."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from opslint.read.helm import values
from opslint.read.yaml import kept_form, restored

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.read.yaml import YamlFile


def through_the_cache(file: YamlFile) -> YamlFile:
    """Return a reading as the next run has it."""
    return restored(file.source, marshal.loads(marshal.dumps(kept_form(file))))


def assert_same_reading(file: YamlFile, again: YamlFile) -> None:
    """Compare all that can be asked of two readings of a text."""
    assert again.errors == file.errors
    assert [(one.key, one.lost, one.kept, one.equal) for one in again.duplicates] == [
        (one.key, one.lost, one.kept, one.equal) for one in file.duplicates
    ]
    assert [repr(one.plain()) for one in again.documents] == [repr(one.plain()) for one in file.documents]
    assert [list(map(_seen, one.walk())) for one in again.documents] == [
        list(map(_seen, one.walk())) for one in file.documents
    ]


def _seen(node: Node) -> tuple[Any, ...]:
    value = "map" if node.is_map else "list" if node.is_list else repr(node.value)
    return node.path, value, node.exists, node.extent, node.key_span, node.span, len(node)


def places_through_the_cache(place: values.Place) -> values.Place:
    """Return places as the next run has them."""
    return values.restored(marshal.loads(marshal.dumps(values.kept_form(place))))
