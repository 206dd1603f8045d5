"""Which fixes can be made in one pass, and the texts they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opslint.model.finding import Edit, Finding


class Chosen:
    """The fixes of one pass: the findings they mend, and their edits by path, each edit once."""

    __slots__ = ("edits", "findings")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.edits: dict[str, list[Edit]] = {}


def choose(findings: Iterable[Finding]) -> Chosen:
    """Take the fixes that do not touch the same text, in the order of the findings; the others wait for another pass.

    A fix is taken with all its edits or not at all. Two fixes that make the same edit (one template line, two objects)
    agree.
    """
    chosen = Chosen()
    for finding in findings:
        edits = finding.fix.edits if finding.fix else ()
        new = [edit for edit in edits if edit not in chosen.edits.get(edit.path, ())]
        if not edits or any(_conflicts(edit, chosen.edits.get(edit.path, ())) for edit in new):
            continue
        chosen.findings.append(finding)
        for edit in new:
            chosen.edits.setdefault(edit.path, []).append(edit)
    return chosen


def _conflicts(edit: Edit, others: Sequence[Edit]) -> bool:
    return any(_touch(edit, other) for other in others)


def _touch(one: Edit, other: Edit) -> bool:
    starts, ends = (one.span.line, one.span.column), (one.span.end_line, one.span.end_column)
    other_starts, other_ends = (other.span.line, other.span.column), (other.span.end_line, other.span.end_column)
    if starts == ends == other_starts == other_ends:
        return not independent(one, other)
    # Texts that only meet are left apart too: a line that goes and one that comes there may depend on each other.
    return starts <= other_ends and other_starts <= ends


def independent(one: Edit, other: Edit) -> bool:
    """Return whether two insertions at one place can stand one behind the other: documents, blocks, other keys."""
    in_brackets = (one.text[:1], other.text[:1]) == (",", ",") or (one.text[-1:], other.text[-1:]) == (",", ",")
    whole_lines = one.text.endswith("\n") and other.text.endswith("\n")
    new_lines = one.text.startswith(("\n", "\r")) and other.text.startswith(("\n", "\r"))
    both = one.text.lstrip("\r\n"), other.text.lstrip("\r\n")
    if one.path.endswith((".tf", ".tofu", ".tfvars")):
        return (
            whole_lines and both[0].partition("{")[0] != both[1].partition("{")[0]
        )  # an argument may have to be aligned
    if whole_lines and both[0].startswith("---") and both[1].startswith("---"):
        return True
    return (whole_lines or new_lines or in_brackets) and both[0].partition(":")[0] != both[1].partition(":")[0]


def _depth(edit: Edit) -> int:
    """Return the indentation of the lines that are inserted behind one, 0 for every other edit."""
    lines = edit.text.lstrip("\r\n")
    return len(lines) - len(lines.lstrip(" ")) if lines != edit.text else 0


def changed(path: str, text: str, edits: Sequence[Edit]) -> str:
    """Return the text with the edits made, from its end to its start.

    Of lines that are inserted at one place the deepest come first: the block that they belong to ends there.
    """
    source = Source(path, text)
    spans = [
        (
            source.offset(edit.span.line, edit.span.column),
            source.offset(edit.span.end_line, edit.span.end_column),
            -_depth(edit),
            number,
            edit.text,
        )
        for number, edit in enumerate(edits)
    ]
    for start, end, _, _, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text
