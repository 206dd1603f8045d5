"""What rules say (Problem, Fix) and what the engine makes of it (Finding)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from opslint.model.records import NamedTuple, dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node
    from opslint.model.project import Target
    from opslint.model.source import Confidence, Location, Span


class Severity(StrEnum):
    """How much it hurts, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info."""
        return _RANK[self]


_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Safety(StrEnum):
    """Whether a fix may be applied unasked; `shown` ones are only ever described."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    SHOWN = "shown"


class Set(NamedTuple):
    """Write `value` (a YAML or HCL scalar as it shall read) in place of a scalar; in YAML `[…]` in place of `[…]`."""

    at: Node
    value: str


class Add(NamedTuple):
    """Add an entry to a map: `key: value` in the style of its siblings.

    In Terraform a value of several lines from `{` to `}` is a nested block.
    """

    to: Node
    key: str
    value: str


class Append(NamedTuple):
    """Append a scalar to a list of YAML, in the style of its items."""

    to: Node
    value: str


class Remove(NamedTuple):
    """Remove an entry, with its key and its line."""

    at: Node


class Rename(NamedTuple):
    """Rename a key."""

    at: Node
    key: str


class Replace(NamedTuple):
    """Write a map in place of the one at a node; `value` holds maps, scalars as they shall read, and nodes to keep."""

    at: Node
    value: dict[str, Any]


class AppendDocument(NamedTuple):
    """Append a YAML document to the file of `after`."""

    after: Node
    text: str


class AppendBlock(NamedTuple):
    """Append an HCL block to the file of `after`; `block` is its plain structure, written out only when needed."""

    after: Location
    block: dict[str, object]


class RemoveText(NamedTuple):
    """Remove a stretch of text."""

    at: Location


Change: TypeAlias = Set | Add | Append | Remove | Rename | Replace | AppendDocument | AppendBlock | RemoveText


class Fix(NamedTuple):
    """What would mend a problem."""

    title: str
    changes: tuple[Change, ...]
    safety: Safety


class Problem(NamedTuple):
    """What a rule says.

    `at` is the node (or the place) to edit, `also` what else belongs to it, each with its label. `severity` may only
    lower the rule's. `secret` masks the text in every frame, snippet and fix. With `by_key`, a value that a chart's
    helper makes is shown where it is used: for names, which one helper makes for all that bear them.
    """

    message: str
    at: Node | Location
    also: tuple[tuple[str, Node | Location], ...] = ()
    fix: Fix | None = None
    severity: Severity | None = None
    secret: bool = False
    target: Target | None = None  # the version it is said for; None: for all of the unit's
    by_key: bool = False


class Edit(NamedTuple):
    """A replacement of one stretch of a file."""

    path: str
    span: Span
    text: str


class PlannedFix(NamedTuple):
    """A fix as edits of files; no edits when it can only be shown (or is written only when asked for)."""

    title: str
    safety: Safety
    edits: tuple[Edit, ...] = ()


class Resource(NamedTuple):
    """What a finding is about: a Kubernetes object, or a Terraform address (then the others are "")."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    api_version: str = ""
    address: str = ""

    def __str__(self) -> str:
        return self.address or (f"{self.kind}/{self.name}" if self.kind else "")


class Suppressed(NamedTuple):
    """Why a finding is not shown: kind is comment, annotation, configuration, baseline or foreign."""

    kind: str
    justification: str = ""


@dataclass(slots=True, eq=False)
class Finding:
    """A problem at its final place in the repository."""

    rule_id: str
    area: str
    severity: Severity
    message: str
    location: Location
    confidence: Confidence
    rendered: Location | None = None
    resource: Resource = field(default_factory=Resource)
    field_path: str = ""
    related: tuple[tuple[str, Location], ...] = ()
    environments: tuple[tuple[str, Severity], ...] = ()
    targets: tuple[str, ...] = ()
    unit: str = ""
    fix: PlannedFix | None = None
    fingerprint: str = ""
    suppressed: Suppressed | None = None
    vendored: bool = False
    secret: bool = False
    after: bool = False  # only so at the version after the upgrade
    caller: tuple[str, Location] | None = None  # the call in a root module, of what is within a local module
    ordinal: int = 0  # among what the rule said of one item at one place: they stay apart when environments merge

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Path, line, column, rule, message."""
        span = self.location.span
        return (self.location.source.path, span.line, span.column, self.rule_id, self.message)


Problems: TypeAlias = "Iterator[Problem]"
