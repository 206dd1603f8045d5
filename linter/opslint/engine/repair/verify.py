"""Whether a changed text still reads: asked before it is tried in a run, and long before it is written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from opslint.model.source import Source
from opslint.read import hcl
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.model.report import Failure

HCL: Final = (".tf", ".tofu", ".tfvars")
_NOT_READING: Final = "rule"  # a rule that fails is not a text that does not read


def harm(path: str, before: str, after: str) -> str:
    """Return what is worse in a changed text: an error more, a key twice, a document lost; "" when nothing is."""
    if path.endswith(HCL):
        old, new = len(hcl.parse(before).errors), hcl.parse(after).errors
        return new[0].message if len(new) > old else ""
    if "{{" in after:
        return ""  # a template: rendering it tells
    was, now = read_yaml(Source(path, before)), read_yaml(Source(path, after))
    if len(now.errors) > len(was.errors):
        return f"line {now.errors[0].line}: {now.errors[0].message}"
    if len(now.duplicates) > len(was.duplicates):
        return f"the key {now.duplicates[-1].key} would stand there twice"
    return "a document would be lost" if len(now.documents) < len(was.documents) else ""


def new_failures(before: Sequence[Failure], after: Sequence[Failure]) -> list[Failure]:
    """Return the failures of files that have more of them than before."""
    counts = Counter(failure.path for failure in before if failure.kind != _NOT_READING)
    now = Counter(failure.path for failure in after if failure.kind != _NOT_READING)
    worse = {path for path, count in now.items() if count > counts[path]}
    return [failure for failure in after if failure.path in worse and failure.kind != _NOT_READING]
