"""Makes the fixes of a run, run after run in memory, until nothing is left to make; writing comes last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.engine.repair.conflict import changed, choose
from opslint.engine.repair.files import BOM, WriteError, read_bytes, real_path, write_all
from opslint.engine.repair.verify import harm, new_failures
from opslint.model.finding import Safety
from opslint.model.records import dataclass, field
from opslint.read.overlay import overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opslint.model.finding import Finding
    from opslint.model.report import Failure, Report

PASSES: Final = 10
_RUNS: Final = 60  # of lint, in all: those that look for the fix that breaks a chart included


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fix that was not made, and why."""

    path: str
    line: int
    title: str
    why: str


@dataclass(slots=True)
class Repair:
    """What was mended: the reports of what remains and of what was there, old and new bytes by path, refusals."""

    report: Report
    before: Report
    problems: int = 0
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def write(self, root: Path) -> None:
        """Write the files. Raises WriteError."""
        write_all(root, self.files)


def repair(lint: Callable[[], Report], root: Path, *, unsafe: bool = False) -> Repair:
    """Make all safe fixes (with `unsafe` those too) in memory; nothing is written.

    `lint` is called for each pass and sees the files as fixed so far.

    Raises:
        WriteError: a file to fix cannot be read, or lies outside the root.
    """
    return _Repairing(lint, root, unsafe=unsafe).run()


class _Repairing:
    def __init__(self, lint: Callable[[], Report], root: Path, *, unsafe: bool) -> None:
        self._lint, self._root = lint, root
        self._wanted = {Safety.SAFE, Safety.UNSAFE} if unsafe else {Safety.SAFE}
        self._original: dict[str, bytes] = {}
        self._now: dict[str, bytes] = {}
        self._refused: set[tuple[str, str]] = set()
        self._runs = 0
        report = self._run({})
        self._result = Repair(report, report)

    def _run(self, contents: dict[str, bytes]) -> Report:
        self._runs += 1
        with overlay({real_path(self._root, path): content for path, content in contents.items()}):
            return self._lint()

    def run(self) -> Repair:
        """Pass after pass."""
        result = self._result
        for _ in range(PASSES):
            made = self._pass([finding for finding in result.report.findings if self._is_wanted(finding)])
            if not made:
                break
            result.problems += made
        result.files = {
            path: (self._original[path], content)
            for path, content in self._now.items()
            if content != self._original[path]
        }
        return result

    def _is_wanted(self, finding: Finding) -> bool:
        fix = finding.fix
        if fix is None or not fix.edits or fix.safety not in self._wanted:
            return False
        return not finding.vendored and finding.suppressed is None and _key(finding) not in self._refused

    def _pass(self, findings: Sequence[Finding]) -> int:
        """Make as many fixes as go together and break nothing; return their number."""
        candidates = list(findings)
        while candidates and self._runs < _RUNS:
            chosen = choose(candidates)
            contents = dict(self._now)
            guilty, why = self._make(chosen.findings, contents)
            if not guilty:
                report = self._run(contents)
                failures = new_failures(self._result.report.failures, report.failures)
                if not failures:
                    self._now, self._result.report = contents, report
                    return len(chosen.findings)
                guilty, why = _suspects(chosen.findings, failures, self._root), failures[0].message
            if len(guilty) == 1:
                self._refuse(guilty[0], why)
                candidates = [finding for finding in findings if _key(finding) not in self._refused]
            else:  # one of them is to blame: look in the first half, the others wait for another pass
                out = {id(finding) for finding in guilty[len(guilty) // 2 :]}
                candidates = [finding for finding in chosen.findings if id(finding) not in out]
        return 0

    def _make(self, findings: Sequence[Finding], contents: dict[str, bytes]) -> tuple[list[Finding], str]:
        """Put the changed texts into `contents`; return the fixes among which one breaks its file, and how."""
        for path, edits in choose(findings).edits.items():
            before = self._text(path, contents)
            after = changed(path, before, edits)
            why = harm(path, before, after)
            if why:
                return [one for one in findings if one.fix and any(edit.path == path for edit in one.fix.edits)], why
            mark = BOM if self._original[path].startswith(BOM) else b""
            contents[path] = mark + after.encode("utf-8")
        return [], ""

    def _text(self, path: str, contents: dict[str, bytes]) -> str:
        """Return the text as the readers see it: without a byte order mark."""
        if path not in self._original:
            self._original[path] = read_bytes(self._root, path)
        data = contents.get(path, self._original[path])
        try:
            return data.removeprefix(BOM).decode("utf-8")
        except UnicodeDecodeError as error:
            raise WriteError(f"{path}: is not UTF-8: not fixed") from error

    def _refuse(self, finding: Finding, why: str) -> None:
        self._refused.add(_key(finding))
        title = finding.fix.title if finding.fix else ""
        place = finding.location
        self._result.refusals.append(Refusal(place.source.path, place.span.line, title, why))


def _key(finding: Finding) -> tuple[str, str]:
    return finding.fingerprint, finding.fix.title if finding.fix else ""


def _suspects(findings: Sequence[Finding], failures: Sequence[Failure], root: Path) -> list[Finding]:
    """Return the fixes that edit a file of the chart or folder that fails now, else all.

    The file itself says little: a template fails for what stands in the values.
    """
    homes = {_home(root, failure.path) for failure in failures}
    near = [
        finding
        for finding in findings
        if finding.fix and not homes.isdisjoint(_home(root, edit.path) for edit in finding.fix.edits)
    ]
    return near or list(findings)


def _home(root: Path, path: str) -> str:
    """Return the chart a file belongs to, else its folder."""
    folder = Path(path).parent
    for above in (folder, *folder.parents):
        if (root / above / "Chart.yaml").is_file():
            return above.as_posix()
    return folder.as_posix()


__all__ = ["PASSES", "Refusal", "Repair", "WriteError", "repair"]
