"""The frozen result of a run: what every output format writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import NamedTuple, dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opslint.model.finding import Finding
    from opslint.model.project import Target
    from opslint.model.source import Location


class Failure(NamedTuple):
    """Something that could not be read or judged: makes the run incomplete.

    `kind` is yaml, chart, terraform, file, rule, input or limit. `line` is 1-based, 0 when there is none.
    """

    path: str
    line: int
    message: str
    kind: str


class Notice(NamedTuple):
    """Something worth knowing that does not make the run incomplete."""

    path: str
    line: int
    message: str


@dataclass(slots=True)
class Coverage:
    """What was seen and what was not; all numbers are counts."""

    charts_found: int = 0
    charts_rendered: int = 0
    branches_unrendered: int = 0
    manifests_found: int = 0
    manifests_read: int = 0
    kustomizations_found: int = 0
    kustomizations_built: int = 0
    terraform_files: int = 0
    modules: int = 0
    opaque_modules: int = 0
    unknown_arguments: int = 0
    rules_run: int = 0
    silent_for_unknown: dict[str, int] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


class Hidden(NamedTuple):
    """Counts of findings that are not shown, by reason."""

    nonprod: int = 0
    vendored: int = 0
    suppressed: int = 0
    baseline: int = 0
    unchanged: int = 0  # have nothing to do with the files that changed


class RuleInfo(NamedTuple):
    """What formats need to know of a rule."""

    id: str
    name: str  # a title
    area: str
    severity: str
    applies_to: str
    preset: str
    summary_of: Callable[[], str]
    page_of: Callable[[], str]  # makes the page: few formats need it
    fixable: str  # safe | unsafe | no
    tags: tuple[str, ...]
    url: str
    aliases: Mapping[str, Sequence[str]]
    related: Mapping[str, Sequence[str]]

    @property
    def summary(self) -> str:
        """What is bad, in one sentence."""
        return self.summary_of()

    @property
    def page(self) -> str:
        """The rule's page, Markdown."""
        return self.page_of()


class Report(NamedTuple):
    """The findings shown and hidden, in order of path, line and rule; failures; coverage; targets."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]  # comments, configuration, baseline; shown on demand
    failures: tuple[Failure, ...]
    coverage: Coverage
    targets: tuple[tuple[Target, tuple[str, ...]], ...]  # each with the ids of its units
    hidden: Hidden
    files: int
    resources: int
    rules: Mapping[str, RuleInfo]  # of every rule that ran
    fixed: tuple[int, int] = (0, 0)  # by this run: problems, files
    secrets: tuple[Location, ...] = ()  # texts that no output may show, whatever the finding beside them

    @property
    def incomplete(self) -> bool:
        """True when something could not be read or judged."""
        return bool(self.failures)
