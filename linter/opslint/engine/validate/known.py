"""Which objects of Kubernetes' own kinds fitted their schema in the last run: an unchanged text is not looked through.

Then the schemas are not opened either, which takes as long as the objects of a small repository.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from opslint.read.kept_texts import kept_texts
from opslint.read.yaml_form import YamlForm
from opslint_schemas import data_as_of

if TYPE_CHECKING:
    from opslint.model.node import Node


def is_known_to_fit(root: Node, minor: int) -> bool:
    """Return True for an object that fitted at a minor (1.34 is 34) before; False says nothing."""
    texts, form = kept_texts(), root.form
    if texts is None or not isinstance(form, YamlForm):
        return False
    return form.offset(root.raw) in (texts.find(_reader(minor), root.source.text) or ())


def note_fit(root: Node, minor: int) -> None:
    """Note that an object fits at a minor."""
    texts, form = kept_texts(), root.form
    if texts is not None and isinstance(form, YamlForm):
        texts.gather(_reader(minor), root.source.text, form.offset(root.raw))


@cache
def _reader(minor: int) -> str:
    return f"fits {minor} of {data_as_of()}"
