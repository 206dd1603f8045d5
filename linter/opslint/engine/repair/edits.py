"""What a rule proposes, as byte-exact edits of files; what cannot be done exactly is only shown."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from opslint.engine.repair.patch import Patch, appended, is_editable, offsets
from opslint.engine.repair.scalars import yaml_key, yaml_scalar
from opslint.model.finding import (
    Add,
    Append,
    AppendBlock,
    AppendDocument,
    Edit,
    PlannedFix,
    Remove,
    RemoveText,
    Rename,
    Replace,
    Safety,
    Set,
)
from opslint.model.node import Undecided
from opslint.model.source import Confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.finding import Change, Fix
    from opslint.model.node import Node


class _Language(Protocol):
    """What each language's module can do; None: not exactly."""

    def set_value(self, node: Node, value: str) -> list[Patch] | None: ...
    def rename_key(self, node: Node, key: str) -> list[Patch] | None: ...
    def add_entry(self, to: Node, key: str, value: str) -> list[Patch] | None: ...
    def remove_entry(self, node: Node) -> list[Patch] | None: ...


def plan(fix: Fix | None, confidence: Confidence, *, write_blocks: bool = False) -> PlannedFix | None:
    """Return a fix as edits.

    A fix is `shown`, without edits, when its place is not exact or one of its changes cannot be made exactly. One that
    changes a values key which feeds other places too is not `safe`. Blocks that it appends are written out only with
    `write_blocks`; without, such a fix keeps its safety and has no edits.
    """
    if fix is None:
        return None
    if fix.safety is Safety.SAFE and any(map(_feeds_others, fix.changes)):
        fix = fix._replace(safety=Safety.UNSAFE)
    shown = PlannedFix(fix.title, Safety.SHOWN)
    if fix.safety is Safety.SHOWN or not fix.changes or confidence is not Confidence.EXACT:
        return shown
    patches: list[Patch] = []
    later = False
    for change in _joined(fix.changes):
        if isinstance(change, AppendBlock) and not write_blocks:
            later = True
            continue
        try:
            made = _patches(change)
        except (Undecided, TypeError, LookupError, AttributeError):  # a value not known, or a change not well formed
            made = None
        if made is None:
            return shown
        patches += made
    if later:
        possible = all(_has_room(change) for change in fix.changes if isinstance(change, AppendBlock))
        return PlannedFix(fix.title, fix.safety) if possible else shown
    patches = [one for one in patches if one.source.text[one.start : one.end] != one.text]
    edits = _edits(patches)
    if _collide(edits):  # several changes of neighbouring lines: each would lay them out
        edits = _edits([one for one in patches if not one.text.isspace()])
    return shown if not edits or _collide(edits) else PlannedFix(fix.title, fix.safety, edits)


def _feeds_others(change: Change) -> bool:
    """Return whether a change is made at a values key that templates read in other places too."""
    if not isinstance(change, Set) or change.at.source.origin is None:
        return False
    asked = getattr(change.at.source.origin, "feeds_others", None)
    return asked is not None and asked(change.at.extent)


def _joined(changes: Sequence[Change]) -> list[Change]:
    """Make one change of those that add to one map that is not there yet."""
    result: list[Change] = []
    together: dict[tuple[object, ...], list[Add]] = {}
    for change in changes:
        if isinstance(change, Add) and not change.to.exists and change.to.source.kind != "hcl":
            group = together.setdefault((change.to.source.path, change.to.path), [])
            group.append(change)
            if len(group) > 1:
                continue
        result.append(change)
    for group in together.values():
        to = group[0].to
        if len(group) > 1 and to.parent is not None and isinstance(to.key, str):
            lines = [f"{yaml_key(one.key, [])}: {yaml_scalar(one.value)}" for one in group]
            result[result.index(group[0])] = Add(to.parent, to.key, "\n".join(lines))
    return result


def _is_made(node: Node) -> bool:
    """Return whether a value is not written as it is: in a text of another language, or as a manifest's variable."""
    return node.derived or (node.source.kind != "hcl" and bool(node.via))


def _edits(patches: Sequence[Patch]) -> tuple[Edit, ...]:
    return tuple(Edit(one.source.path, one.source.span(one.start, one.end), one.text) for one in patches)


def _patches(change: Change) -> list[Patch] | None:
    if isinstance(change, AppendBlock):
        return _append_block(change)
    if isinstance(change, RemoveText):
        source = change.at.source
        return [Patch(source, *offsets(source, change.at.span), "")] if is_editable(source) else None
    if isinstance(change, AppendDocument):
        if change.after.derived:
            return None
        from opslint.engine.repair import yaml_edits

        return yaml_edits.append_document(change.after, change.text)
    if isinstance(change, Replace):
        from opslint.engine.repair.replace import replace_value

        at = change.at
        return None if _is_made(at) or at.source.kind == "hcl" else replace_value(at, change.value)
    if isinstance(change, Append):
        return _append(change)
    node = change.to if isinstance(change, Add) else change.at
    if _is_made(node):
        return None
    language = _language(node)
    if isinstance(change, Set):
        return language.set_value(node, change.value)
    if isinstance(change, Rename):
        return language.rename_key(node, change.key)
    if isinstance(change, Remove):
        return language.remove_entry(node)
    return language.add_entry(node, change.key, change.value)


def _append(change: Append) -> list[Patch] | None:
    to = change.to
    if _is_made(to) or to.source.kind == "hcl" or to.source.origin is not None:
        return None
    from opslint.engine.repair import yaml_edits

    return yaml_edits.append_item(to, change.value)


def _language(node: Node) -> _Language:
    source = node.source
    if source.origin is not None:
        from opslint.engine.repair import template_edits

        return template_edits
    if source.kind == "hcl" or (source.kind == "json" and source.path.endswith((".tf.json", ".tofu.json"))):
        from opslint.engine.repair import hcl_edits

        return hcl_edits
    from opslint.engine.repair import yaml_edits

    return yaml_edits


def _has_room(change: AppendBlock) -> bool:
    """Return whether the blocks can be appended, and are not there yet."""
    from opslint.engine.repair.hcl_text import labels_of

    source = change.after.source
    if not is_editable(source) or source.kind != "hcl":
        return False
    try:
        found = labels_of(change.block)
    except (TypeError, AttributeError, StopIteration):  # not a block's structure
        return False
    for type_, *labels in found:
        header = r"\s+".join([re.escape(type_), *(f'"{re.escape(label)}"' for label in labels)])
        if labels and re.search(rf"^[ \t]*{header}\s*\{{", source.text, re.MULTILINE):
            return False
    return True


def _append_block(change: AppendBlock) -> list[Patch] | None:
    from opslint.engine.repair.hcl_text import block_text

    if not _has_room(change):
        return None
    source = change.after.source
    patch = appended(source, "\n" + block_text(change.block))
    return [patch]


def _collide(edits: Sequence[Edit]) -> bool:
    """Return whether two edits of one fix touch the same text."""
    ordered = sorted(edits, key=lambda one: (one.path, one.span))
    for before, after in pairwise(ordered):
        if before.path != after.path:
            continue
        start, end = (after.span.line, after.span.column), (before.span.end_line, before.span.end_column)
        if start < end:
            return True
        if before.span == after.span:
            from opslint.engine.repair.conflict import independent

            if not independent(before, after):
                return True
    return False
